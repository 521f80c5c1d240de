/* Many processes at once: what readers, publishers and sweepers do to each other. */
#include "port/record.h"

#include "sys/fixture.h"

#include "port/record_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* -- One publishes, others read ---------------------------------------------------------------- */

#define ROUNDS 1000
#define READERS 2
#define LONGEST 6000

/* The round's number at both ends, and a length that changes all the time. */
static struct berth_view make_content(char memory[LONGEST], unsigned round) {
    size_t size = 10 + (round * 997) % (LONGEST - 20);
    char number[8];
    snprintf(number, sizeof number, "%05u", round);
    memset(memory, 'x', size);
    memcpy(memory, number, 5);
    memcpy(memory + size - 5, number, 5);
    return berth_view_bytes(memory, size);
}

struct reading {
    unsigned count;
    unsigned last_round;
};

static bool check_entry(void *owner, const struct berth_record_entry *entry) {
    struct reading *reading = owner;
    char expected[LONGEST];
    char number[6] = "";
    FIXTURE_NEED(entry->alive && entry->content.size >= 10);
    memcpy(number, entry->content.data, 5);
    unsigned round = (unsigned)strtoul(number, NULL, 10);
    FIXTURE_NEED(berth_view_equal(entry->content, make_content(expected, round)));
    FIXTURE_NEED(round >= reading->last_round); /* never back to what was before */
    reading->last_round = round;
    reading->count++;
    return true;
}

/* Reads until the gate is opened. The record is there at every single look. */
static int read_all_the_time(void *argument) {
    struct fixture_gate *stop = argument;
    struct reading reading = {0};
    unsigned looks = 0;
    char byte;
    close(stop->ends[1]);
    FIXTURE_NEED(fcntl(stop->ends[0], F_SETFL, O_NONBLOCK) == 0);
    while (read(stop->ends[0], &byte, 1) < 0) {
        FIXTURE_NEED(berth_record_list(fixture_records, "app", check_entry, &reading) == 0);
        FIXTURE_NEED(reading.count == ++looks);
    }
    return looks > 100 && reading.last_round > 0 ? 0 : 1;
}

static void alive_and_whole_at_every_moment(void **state) {
    (void)state;
    char memory[LONGEST];
    pid_t readers[READERS];
    struct fixture_gate stop = fixture_gate_make();
    struct berth_record *record;
    assert_int_equal(berth_record_open(fixture_records, "app", "a", &record), 0);
    assert_int_equal(berth_record_publish(record, make_content(memory, 0)), 0);
    for (size_t i = 0; i < READERS; i++)
        readers[i] = fixture_fork(read_all_the_time, &stop);
    for (unsigned round = 1; round <= ROUNDS; round++) {
        assert_int_equal(berth_record_publish(record, make_content(memory, round)), 0);
        if (round % 10 == 0)
            berth_record_sweep(fixture_records, "app");
    }
    fixture_gate_open(&stop);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(fixture_wait(readers[i]), 0);
    berth_record_withdraw(record);
}

/* -- Writers are killed ------------------------------------------------------------------------ */

static int publish_all_the_time(void *argument) {
    char memory[LONGEST];
    struct berth_record *record;
    (void)argument;
    FIXTURE_NEED(berth_record_open(fixture_records, "app", "a", &record) == 0);
    for (unsigned round = 0;; round = (round + 1) % 100000)
        FIXTURE_NEED(berth_record_publish(record, make_content(memory, round)) == 0);
    return 0;
}

static bool check_dead(void *owner, const struct berth_record_entry *entry) {
    char expected[LONGEST];
    char number[6] = "";
    unsigned *count = owner;
    FIXTURE_NEED(!entry->alive && entry->content.size >= 10);
    memcpy(number, entry->content.data, 5);
    unsigned round = (unsigned)strtoul(number, NULL, 10);
    FIXTURE_NEED(berth_view_equal(entry->content, make_content(expected, round)));
    ++*count;
    return true;
}

/* Wherever a writer ends: what it leaves is whole and dead, and a sweep takes all of it. */
static void killed_at_any_moment(void **state) {
    (void)state;
    unsigned left = 0;
    for (int round = 0; round < 100; round++) {
        unsigned count = 0;
        pid_t writer = fixture_fork(publish_all_the_time, NULL);
        usleep(fixture_random(4000));
        fixture_kill(writer);
        assert_int_equal(berth_record_list(fixture_records, "app", check_dead, &count), 0);
        assert_true(count <= 1);
        left += count;
        if (access(fixture_in_records("app"), F_OK) < 0)
            continue;
        berth_record_sweep(fixture_records, "app");
        assert_int_equal(fixture_count_files(fixture_in_records("app")), 0);
    }
    assert_true(left > 0);
}

/* -- Everybody sweeps -------------------------------------------------------------------------- */

#define PROCESSES 8
#define LIVES 25

static bool find_own(void *owner, const struct berth_record_entry *entry) {
    char *wanted = owner;
    if (strcmp(wanted, entry->instance) != 0)
        return true;
    FIXTURE_NEED(entry->alive);
    *wanted = 0;
    return false;
}

static void is_found(const char *instance) {
    char wanted[32];
    snprintf(wanted, sizeof wanted, "%s", instance);
    FIXTURE_NEED(berth_record_list(fixture_records, "app", find_own, wanted) == 0);
    FIXTURE_NEED(wanted[0] == 0);
}

/* One life: start, sweep as starters do, say ready, and end well; or leave a dead record. */
static void live(const char *instance, bool ends_well) {
    struct berth_record *record = fixture_publish("app", instance, "starting");
    berth_record_sweep(fixture_records, "app");
    FIXTURE_NEED(berth_record_check(record) == BERTH_RECORD_OURS);
    FIXTURE_NEED(berth_record_publish(record, BERTH_VIEW("ready")) == 0);
    is_found(instance);
    FIXTURE_NEED(berth_record_check(record) == BERTH_RECORD_OURS);
    if (ends_well)
        berth_record_withdraw(record);
    else
        _exit(0);
}

struct life {
    char instance[32];
    bool ends_well;
};

static int live_once(void *argument) {
    const struct life *life = argument;
    live(life->instance, life->ends_well);
    return 0;
}

static int live_many_times(void *argument) {
    const unsigned *number = argument;
    for (unsigned i = 0; i < LIVES; i++) {
        struct life life = {.ends_well = i % 3 != 0};
        snprintf(life.instance, sizeof life.instance, "p%u-%u", *number, i);
        if (fixture_run(live_once, &life) != 0)
            return 1;
    }
    return 0;
}

static void run_processes(int (*body)(void *argument)) {
    unsigned numbers[PROCESSES];
    pid_t pids[PROCESSES];
    for (unsigned i = 0; i < PROCESSES; i++) {
        numbers[i] = i;
        pids[i] = fixture_fork(body, &numbers[i]);
    }
    for (unsigned i = 0; i < PROCESSES; i++)
        assert_int_equal(fixture_wait(pids[i]), 0);
    berth_record_sweep(fixture_records, "app");
    assert_int_equal(fixture_count_files(fixture_in_records("app")), 0);
}

static void no_living_record_is_swept(void **state) {
    (void)state;
    run_processes(live_many_times);
}

/* -- Everybody wants one name ------------------------------------------------------------------ */

/* Does nothing while another has the name. Who has it keeps it to the end. */
static int live_under_one_name(void *argument) {
    const bool *ends_well = argument;
    struct berth_record *record;
    FIXTURE_NEED(berth_record_open(fixture_records, "app", "one", &record) == 0);
    int error = berth_record_publish(record, BERTH_VIEW("starting"));
    FIXTURE_NEED(error == 0 || error == BERTH_E_BUSY);
    if (error == 0) {
        for (int i = 0; i < 5; i++) {
            FIXTURE_NEED(berth_record_check(record) == BERTH_RECORD_OURS);
            berth_record_sweep(fixture_records, "app");
        }
        FIXTURE_NEED(berth_record_publish(record, BERTH_VIEW("ready")) == 0);
        FIXTURE_NEED(berth_record_check(record) == BERTH_RECORD_OURS);
        is_found("one");
    }
    if (*ends_well)
        berth_record_withdraw(record);
    return 0; /* else the end of the process is the end of its lock */
}

static int want_one_name(void *argument) {
    const unsigned *number = argument;
    for (unsigned i = 0; i < LIVES; i++) {
        bool ends_well = (i + *number) % 2 == 0;
        if (fixture_run(live_under_one_name, &ends_well) != 0)
            return 1;
    }
    return 0;
}

static void a_name_is_taken_from_the_dead_alone(void **state) {
    (void)state;
    run_processes(want_one_name);
}

#define STARTERS 20

struct starting {
    struct fixture_gate start;
    struct fixture_gate done;
    int answers[2];
};

static int publish_first(void *argument) {
    struct starting *starting = argument;
    struct berth_record *record;
    FIXTURE_NEED(berth_record_open(fixture_records, "app", "one", &record) == 0);
    fixture_gate_wait(&starting->start);
    int error = berth_record_publish(record, BERTH_VIEW("{}"));
    FIXTURE_NEED(write(starting->answers[1], &error, sizeof error) == sizeof error);
    fixture_gate_wait(&starting->done);
    FIXTURE_NEED((error == 0) == (berth_record_check(record) == BERTH_RECORD_OURS));
    return 0;
}

/* There is nothing yet whose lock could be asked for. */
static void twenty_starters_one_record(void **state) {
    (void)state;
    for (int round = 0; round < 10; round++) {
        struct starting starting = {fixture_gate_make(), fixture_gate_make(), {-1, -1}};
        pid_t pids[STARTERS];
        int winners = 0;
        assert_int_equal(pipe(starting.answers), 0);
        for (size_t i = 0; i < STARTERS; i++)
            pids[i] = fixture_fork(publish_first, &starting);
        fixture_gate_open(&starting.start);
        for (size_t i = 0; i < STARTERS; i++) {
            int error;
            assert_int_equal(read(starting.answers[0], &error, sizeof error), sizeof error);
            assert_true(error == 0 || error == BERTH_E_BUSY);
            winners += error == 0 ? 1 : 0;
        }
        fixture_gate_open(&starting.done);
        for (size_t i = 0; i < STARTERS; i++)
            assert_int_equal(fixture_wait(pids[i]), 0);
        assert_int_equal(winners, 1);
        berth_record_sweep(fixture_records, "app");
        close(starting.answers[0]);
        close(starting.answers[1]);
    }
}

#define WITH_FOLDER(test)                                                                          \
    cmocka_unit_test_setup_teardown(test, fixture_records_make, fixture_records_remove)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(alive_and_whole_at_every_moment),
        WITH_FOLDER(killed_at_any_moment),
        WITH_FOLDER(no_living_record_is_swept),
        WITH_FOLDER(a_name_is_taken_from_the_dead_alone),
        WITH_FOLDER(twenty_starters_one_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
