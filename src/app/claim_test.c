/* A start that comes second, beside one that is starting, ready, ending, or not to be seen. */
#include "app/claim.h"

#include "berth/error.h"
#include "port/instance.h"
#include "port/record.h"
#include "sys/clock.h"
#include "sys/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

static char base[32];
static char state_dir[64];
static char runtime[64];
static struct berth_config_context context;
static struct berth_config config;
static struct berth_log log_kept;
static struct berth_claim claim;
static char said[4096];

static void keep(void *owner, const struct berth_log_record *record) {
    (void)owner;
    snprintf(said, sizeof said, "%.*s", BERTH_VIEW_ARG(record->text));
}

static int begin(void **state) {
    (void)state;
    fixture_folder_make(base);
    snprintf(state_dir, sizeof state_dir, "%s/state", base);
    snprintf(runtime, sizeof runtime, "%s/run", base);
    FIXTURE_NEED(mkdir(runtime, 0700) == 0);
    FIXTURE_NEED(setenv("XDG_RUNTIME_DIR", runtime, 1) == 0);
    said[0] = '\0';
    return 0;
}

static int end(void **state) {
    (void)state;
    fixture_folder_remove(base);
    return 0;
}

/* A start with INSTANCE as given, and how long it took. */
static int start(const char *instance, uint64_t *ret_ms) {
    char mode[64], folder[128];
    snprintf(mode, sizeof mode, "BERTH_INSTANCE=%s", instance);
    snprintf(folder, sizeof folder, "BERTH_STATE_DIR=%s", state_dir);
    const char *const environment[] = {"BERTH_APP=second", mode, folder, NULL};
    static const char *const backends[] = {"echo", NULL};
    const char *const flags[BERTH_SETTINGS] = {NULL};
    context = (struct berth_config_context){environment, base, backends};
    log_kept = (struct berth_log){keep, NULL, BERTH_LOG_INFO};
    berth_config_init(&config, &context);
    assert_int_equal(berth_config_load(&config, NULL, flags), 0);
    assert_int_equal(config.error_count, 0);
    uint64_t since = berth_sys_clock_monotonic_ns();
    int status = berth_claim_make(&config, &log_kept, &claim);
    *ret_ms = (berth_sys_clock_monotonic_ns() - since) / 1000000;
    return status;
}

static void finish(void) {
    berth_claim_release(&claim);
    berth_config_finish(&config);
}

/* -- The first one ----------------------------------------------------------------------------- */

/* What the first one does: its states in order, each for so long; then it is gone. */
struct life {
    struct {
        enum berth_endpoint_state state;
        unsigned ms;
    } parts[3];
    size_t count;
    bool without_record;
    struct fixture_gate gate;
};

static void rest(unsigned ms) {
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    FIXTURE_NEED(nanosleep(&time, NULL) == 0);
}

static void publish(struct berth_record *record, enum berth_endpoint_state state) {
    static char memory[BERTH_ENDPOINT_MAX];
    struct berth_endpoint endpoint = {.app = "second",
                                      .instance = "first",
                                      .version = "1",
                                      .host = "127.0.0.1",
                                      .state = state,
                                      .pid = (uint32_t)getpid(),
                                      .started_unix_ms = 1795452736123,
                                      .port = 1018,
                                      .state_dir = state_dir,
                                      .address = fixture_addr("127.0.0.1", 1018)};
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    berth_endpoint_write(&endpoint, BERTH_ENDPOINT_RECORD, &out);
    FIXTURE_NEED(berth_record_publish(record, berth_writer_result(&out)) == 0);
}

static int live(void *argument) {
    struct life *life = argument;
    intptr_t lock;
    char folder[80];
    struct berth_record *record;
    snprintf(folder, sizeof folder, "%s/berth", runtime);
    FIXTURE_NEED(berth_instance_lock(state_dir, "second", &lock) == 0);
    FIXTURE_NEED(berth_record_open(folder, "second", "first", &record) == 0);
    for (size_t i = 0; i < life->count; i++) {
        if (!life->without_record)
            publish(record, life->parts[i].state);
        if (i == 0)
            fixture_gate_open(&life->gate);
        rest(life->parts[i].ms);
    }
    return 0; /* as after a SIGKILL: nothing is taken back */
}

/* Waits until the first one has its lock, and its record if it is to have one. */
static pid_t begin_life(struct life *life) {
    life->gate = fixture_gate_make();
    pid_t pid = fixture_fork(live, life);
    fixture_gate_wait(&life->gate);
    return pid;
}

static void stop(pid_t pid) {
    FIXTURE_NEED(kill(pid, SIGKILL) == 0);
    (void)fixture_wait(pid);
}

/* -- The second one ---------------------------------------------------------------------------- */

static void alone(void **state) {
    (void)state;
    static const char *const modes[] = {"many", "single", "attach"};
    uint64_t ms;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(start(modes[i], &ms), 0);
        assert_null(claim.running);
        assert_int_equal(claim.lock >= 0, i > 0);
        assert_false(berth_claim_is_lost(&claim));
        assert_string_equal(said, "");
        finish();
    }
}

static void many_beside_one(void **state) {
    (void)state;
    uint64_t ms;
    struct life life = {.parts = {{BERTH_ENDPOINT_READY, 30000}}, .count = 1};
    pid_t first = begin_life(&life);
    assert_int_equal(start("many", &ms), 0);
    assert_null(claim.running);
    finish();
    stop(first);
}

static void single_beside_one(void **state) {
    (void)state;
    uint64_t ms;
    char expected[512];
    static const struct {
        enum berth_endpoint_state state;
        const char *words;
    } cases[] = {{BERTH_ENDPOINT_STARTING, "is starting already"},
                 {BERTH_ENDPOINT_READY, "is running already"},
                 {BERTH_ENDPOINT_DRAINING, "is still ending"}};
    for (size_t i = 0; i < 3; i++) {
        struct life life = {.parts = {{cases[i].state, 30000}}, .count = 1};
        pid_t first = begin_life(&life);
        assert_int_equal(start("single", &ms), BERTH_E_RUNNING);
        snprintf(expected, sizeof expected,
                 "second %s: http://127.0.0.1:1018 (pid %ld, since 2026-11-23T16:52:16Z). Use that "
                 "one, stop it first, or let several run with INSTANCE: many",
                 cases[i].words, (long)first);
        assert_string_equal(said, expected);
        assert_in_range(ms, 0, 1500);
        finish();
        stop(first);
    }
}

/* The lock of one that was killed is free, whatever its record says. */
static void single_after_one(void **state) {
    (void)state;
    uint64_t ms;
    struct life life = {.parts = {{BERTH_ENDPOINT_READY, 30000}}, .count = 1};
    stop(begin_life(&life));
    assert_int_equal(start("single", &ms), 0);
    assert_null(claim.running);
    assert_in_range(ms, 0, 1500);
    finish();
}

static void single_beside_an_unseen_one(void **state) {
    (void)state;
    uint64_t ms;
    struct life life = {
        .parts = {{BERTH_ENDPOINT_READY, 30000}}, .count = 1, .without_record = true};
    pid_t first = begin_life(&life);
    assert_int_equal(start("single", &ms), BERTH_E_RUNNING);
    assert_in_range(ms, 1900, 4000);
    assert_non_null(strstr(said, "second is running already: it holds the lock "));
    assert_non_null(strstr(said, state_dir));
    assert_non_null(strstr(said, runtime));
    finish();
    stop(first);
}

static void attach_waits_for_ready(void **state) {
    (void)state;
    uint64_t ms;
    struct life life = {.parts = {{BERTH_ENDPOINT_STARTING, 1300}, {BERTH_ENDPOINT_READY, 30000}},
                        .count = 2};
    pid_t first = begin_life(&life);
    assert_int_equal(start("attach", &ms), 0);
    assert_non_null(claim.running);
    assert_int_equal(claim.running->state, BERTH_ENDPOINT_READY);
    assert_int_equal(claim.running->pid, first);
    assert_in_range(ms, 1000, 4000);
    assert_non_null(strstr(said, "Waiting for the instance that is starting"));
    assert_true(claim.lock < 0);
    finish();
    stop(first);
}

/* One that dies on its way leaves its place to whoever waits. */
static void attach_takes_over(void **state) {
    (void)state;
    static const enum berth_endpoint_state states[] = {BERTH_ENDPOINT_STARTING,
                                                       BERTH_ENDPOINT_DRAINING};
    for (size_t i = 0; i < 2; i++) {
        uint64_t ms;
        struct life life = {.parts = {{states[i], 300}}, .count = 1};
        pid_t first = begin_life(&life);
        assert_int_equal(start("attach", &ms), 0);
        assert_null(claim.running);
        assert_true(claim.lock >= 0);
        assert_in_range(ms, 100, 3000);
        assert_int_equal(fixture_wait(first), 0);
        finish();
    }
}

static void a_folder_that_cannot_be_locked(void **state) {
    (void)state;
    uint64_t ms;
    FIXTURE_NEED(mkdir(state_dir, 0700) == 0);
    char file[96];
    snprintf(file, sizeof file, "%s/second", state_dir);
    FILE *in_the_way = fopen(file, "w");
    FIXTURE_NEED(in_the_way != NULL && fclose(in_the_way) == 0);
    assert_int_equal(start("single", &ms), BERTH_E_SYSTEM);
    assert_non_null(strstr(said, "could not be locked"));
    assert_non_null(strstr(said, state_dir));
    finish();
}

static void the_lock_is_lost_with_its_folder(void **state) {
    (void)state;
    uint64_t ms;
    assert_int_equal(start("single", &ms), 0);
    char moved[64];
    snprintf(moved, sizeof moved, "%s/moved", base);
    FIXTURE_NEED(rename(state_dir, moved) == 0);
    assert_true(berth_claim_is_lost(&claim));
    FIXTURE_NEED(rename(moved, state_dir) == 0);
    assert_false(berth_claim_is_lost(&claim));
    finish();
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        ONE(alone),
        ONE(many_beside_one),
        ONE(single_beside_one),
        ONE(single_after_one),
        ONE(single_beside_an_unseen_one),
        ONE(attach_waits_for_ready),
        ONE(attach_takes_over),
        ONE(a_folder_that_cannot_be_locked),
        ONE(the_lock_is_lost_with_its_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
