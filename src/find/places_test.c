/* Where to look: options with their defaults, records, port file, memory and range, in order. */
#include "find/places.h"
#include "port/instance.h"

#include "berth/error.h"
#include "port/record.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const uint8_t key_a[BERTH_PROOF_PUBLIC_KEY_SIZE] = {1};
static const uint8_t key_b[BERTH_PROOF_PUBLIC_KEY_SIZE] = {2};

struct fixture {
    char folder[32];
    char runtime_dir[64];
    char state_dir[64];
    char port_file[64];
    struct berth_find_options options;
    struct berth_find_places places;
};

static int setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    memcpy(fixture->folder, "/tmp/berth-places-XXXXXX", sizeof "/tmp/berth-places-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->runtime_dir, sizeof fixture->runtime_dir, "%s/run", fixture->folder);
    snprintf(fixture->state_dir, sizeof fixture->state_dir, "%s/state", fixture->folder);
    snprintf(fixture->port_file, sizeof fixture->port_file, "%s/port.txt", fixture->folder);
    assert_int_equal(mkdir(fixture->runtime_dir, 0700), 0);
    assert_int_equal(mkdir(fixture->state_dir, 0700), 0);
    fixture->options = (struct berth_find_options){
        .app = "assistant",
        .runtime_dir = fixture->runtime_dir,
        .state_dir = fixture->state_dir,
        .range_count = UINT16_MAX,
    };
    assert_int_equal(unsetenv("BERTH_URL"), 0);
    *state = fixture;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk) {
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    int error = nftw(fixture->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return error;
}

static struct berth_find_places *gather(struct fixture *fixture) {
    static struct berth_find_plan plan;
    assert_int_equal(berth_find_plan_make(&fixture->options, &plan), 0);
    assert_int_equal(berth_find_places_gather(&plan, &fixture->places), 0);
    return &fixture->places;
}

/* "source address" of each place, with a space between them. */
static const char *list_of(const struct berth_find_places *places) {
    static const char letters[] = {'t', 'r', 'p', 'm', 's'};
    static char memory[8192];
    struct berth_writer out = berth_writer_on(memory, sizeof memory - 1);
    for (size_t i = 0; i < places->count; i++) {
        berth_writer_char(&out, letters[places->items[i].source]);
        berth_addr_write(&places->items[i].address, &out);
        berth_writer_text(&out, i + 1 < places->count ? " " : "");
    }
    memory[out.size] = 0;
    return memory;
}

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* -- The plan ---------------------------------------------------------------------------------- */

static void test_defaults(void **state) {
    struct fixture *fixture = *state;
    static struct berth_find_plan plan;
    fixture->options = (struct berth_find_options){.app = "assistant"};
    assert_int_equal(setenv("XDG_RUNTIME_DIR", fixture->runtime_dir, 1), 0);
    assert_int_equal(setenv("XDG_STATE_HOME", "/home/a/state", 1), 0);
    assert_int_equal(berth_find_plan_make(&fixture->options, &plan), 0);
    assert_int_equal(plan.options.range_first, 1018);
    assert_int_equal(plan.options.range_count, 13);
    assert_int_equal(plan.options.attempt_ms, 1500);
    assert_int_equal(plan.told_count, 0);
    assert_memory_equal(plan.runtime_dir, fixture->runtime_dir, strlen(fixture->runtime_dir));
    assert_string_equal(plan.runtime_dir + strlen(fixture->runtime_dir), "/berth");
    assert_string_equal(plan.state_dir, "/home/a/state/berth");
}

static void test_a_path_that_is_too_long(void **state) {
    struct fixture *fixture = *state;
    static struct berth_find_plan plan;
    static char path[PATH_MAX + 1];
    memset(path, 'a', PATH_MAX);
    fixture->options.runtime_dir = path;
    assert_int_equal(berth_find_plan_make(&fixture->options, &plan), BERTH_E_INVALID);
}

static void test_what_the_environment_tells_is_one_place_of_several(void **state) {
    struct fixture *fixture = *state;
    fixture->options.range_count = 1;
    assert_int_equal(setenv("BERTH_URL", "http://127.0.0.1:3000", 1), 0);
    assert_string_equal(list_of(gather(fixture)), "t127.0.0.1:3000 s127.0.0.1:1018 s[::1]:1018");
    assert_int_equal(setenv("BERTH_URL", "http://[::1]:1018", 1), 0);
    assert_string_equal(list_of(gather(fixture)), "t[::1]:1018 s127.0.0.1:1018");
    assert_int_equal(setenv("BERTH_URL", "http://example.org", 1), 0);
    assert_string_equal(list_of(gather(fixture)), "s127.0.0.1:1018 s[::1]:1018");
    /* What the caller says counts more, and alone. */
    fixture->options.url = "http://localhost:4000";
    assert_string_equal(list_of(gather(fixture)), "t127.0.0.1:4000 t[::1]:4000");
}

/* -- The range --------------------------------------------------------------------------------- */

static void test_the_range_ends_with_the_ports(void **state) {
    struct fixture *fixture = *state;
    fixture->options.range_first = 65534;
    fixture->options.range_count = 13;
    assert_string_equal(list_of(gather(fixture)),
                        "s127.0.0.1:65534 s[::1]:65534 s127.0.0.1:65535 s[::1]:65535");
}

static void test_there_are_no_more_than_64_places(void **state) {
    struct fixture *fixture = *state;
    fixture->options.range_count = 1000;
    assert_int_equal(gather(fixture)->count, BERTH_FIND_PLACES_MAX);
}

/* -- The port file ----------------------------------------------------------------------------- */

static void test_port_files(void **state) {
    static const struct {
        const char *content, *places;
    } cases[] = {
        {"1021", "p127.0.0.1:1021 p[::1]:1021"},
        {"1021\n", "p127.0.0.1:1021 p[::1]:1021"},
        {"1021\r\n", "p127.0.0.1:1021 p[::1]:1021"},
        {"65535", "p127.0.0.1:65535 p[::1]:65535"},
        {"", ""},
        {"\n", ""},
        {"0", ""},
        {"65536", ""},
        {"-1", ""},
        {"+1", ""},
        {" 1021", ""},
        {"1021x", ""},
        {"0x400", ""},
        {"1021\n1022", ""},
        {"00000000000001021", ""},
        {"http://127.0.0.1:1021", ""},
    };
    struct fixture *fixture = *state;
    fixture->options.port_file = fixture->port_file;
    assert_string_equal(list_of(gather(fixture)), "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_file(fixture->port_file, cases[i].content);
        assert_string_equal(list_of(gather(fixture)), cases[i].places);
    }
    fixture->options.port_file = fixture->folder;
    assert_string_equal(list_of(gather(fixture)), "");
}

/* -- Records ----------------------------------------------------------------------------------- */

static struct berth_record *publish(struct fixture *fixture, const char *instance, uint16_t port,
                                    enum berth_endpoint_state of, const uint8_t *key) {
    char memory[BERTH_ENDPOINT_MAX];
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    struct berth_record *record;
    const struct berth_endpoint endpoint = {
        .app = "assistant",
        .instance = instance,
        .state = of,
        .pid = 4711,
        .port = port,
        .address = {4, port, {127, 0, 0, 1}},
        .public_key = key,
        .token = "a-token",
    };
    berth_endpoint_write(&endpoint, BERTH_ENDPOINT_RECORD, &out);
    assert_int_equal(berth_record_open(fixture->runtime_dir, "assistant", instance, &record), 0);
    assert_int_equal(berth_record_publish(record, berth_writer_result(&out)), 0);
    usleep(2000); /* the next one is younger, also where the file system's clock is coarse */
    return record;
}

/* As a process that was killed leaves it. */
static void publish_dead(struct fixture *fixture, const char *instance, uint16_t port,
                         const uint8_t *key) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        publish(fixture, instance, port, BERTH_ENDPOINT_READY, key);
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_records_come_youngest_first(void **state) {
    struct fixture *fixture = *state;
    struct berth_record *old = publish(fixture, "a", 1020, BERTH_ENDPOINT_READY, key_a);
    usleep(20000);
    struct berth_record *young = publish(fixture, "b", 1019, BERTH_ENDPOINT_STARTING, key_a);
    const struct berth_find_places *places = gather(fixture);
    assert_string_equal(list_of(places), "r127.0.0.1:1019 r127.0.0.1:1020");
    assert_int_equal(places->alive_count, 2);
    assert_int_equal(places->starting_count, 1);
    assert_true(places->records_known && places->items[0].starting && !places->items[1].starting);
    assert_int_equal(places->keys.trusted_count, 1);
    assert_string_equal(berth_find_places_record(places, "a")->document.token, "a-token");
    assert_null(berth_find_places_record(places, "c"));
    berth_record_withdraw(old);
    berth_record_withdraw(young);
    assert_string_equal(list_of(gather(fixture)), "");
    assert_true(fixture->places.records_known);
}

static void test_a_dead_record_gives_its_key_only(void **state) {
    struct fixture *fixture = *state;
    publish_dead(fixture, "a", 1020, key_a);
    const struct berth_find_places *places = gather(fixture);
    assert_string_equal(list_of(places), "");
    assert_int_equal(places->record_count, 1);
    assert_false(places->records[0].alive);
    assert_int_equal(places->alive_count, 0);
    assert_int_equal(places->keys.trusted_count, 1);
    assert_memory_equal(places->keys.trusted[0], key_a, sizeof key_a);
}

static void test_a_draining_record_is_no_place(void **state) {
    struct fixture *fixture = *state;
    struct berth_record *record = publish(fixture, "a", 1020, BERTH_ENDPOINT_DRAINING, key_a);
    assert_string_equal(list_of(gather(fixture)), "");
    assert_int_equal(fixture->places.alive_count, 0);
    berth_record_withdraw(record);
}

static void test_records_of_other_instances_are_not_asked(void **state) {
    struct fixture *fixture = *state;
    struct berth_record *a = publish(fixture, "a", 1020, BERTH_ENDPOINT_READY, key_a);
    struct berth_record *b = publish(fixture, "b", 1021, BERTH_ENDPOINT_READY, key_a);
    fixture->options.instance = "a";
    assert_string_equal(list_of(gather(fixture)), "r127.0.0.1:1020");
    fixture->options.instance = NULL;
    fixture->options.url = "http://127.0.0.1:1021";
    assert_string_equal(list_of(gather(fixture)), "t127.0.0.1:1021");
    assert_int_equal(fixture->places.record_count, 1);
    berth_record_withdraw(a);
    berth_record_withdraw(b);
}

/* A record that says another app or instance than its name is a copy of something. */
static void test_a_record_under_another_name_is_not_believed(void **state) {
    struct fixture *fixture = *state;
    struct berth_record *record = publish(fixture, "a", 1020, BERTH_ENDPOINT_READY, key_a);
    struct berth_record *copy;
    char path[128];
    char text[4096];
    snprintf(path, sizeof path, "%s/assistant/a.json", fixture->runtime_dir);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    assert_int_equal(berth_record_open(fixture->runtime_dir, "assistant", "b", &copy), 0);
    assert_int_equal(berth_record_publish(copy, (struct berth_view){text, size}), 0);
    berth_record_withdraw(record);
    assert_string_equal(list_of(gather(fixture)), "");
    assert_int_equal(fixture->places.keys.trusted_count, 0);
    assert_false(fixture->places.keys.incomplete);
    /* One that cannot be read may be our server's. */
    assert_int_equal(berth_record_publish(copy, BERTH_VIEW("{\"torn")), 0);
    assert_string_equal(list_of(gather(fixture)), "");
    assert_true(fixture->places.keys.incomplete && !fixture->places.records_known);
    berth_record_withdraw(copy);
}

/* Keys gather over the looks of one search; the caller's own is the only one where there is one. */
static void test_keys(void **state) {
    struct fixture *fixture = *state;
    struct berth_record *record = publish(fixture, "a", 1020, BERTH_ENDPOINT_READY, key_a);
    gather(fixture);
    berth_record_withdraw(record);
    record = publish(fixture, "b", 1020, BERTH_ENDPOINT_READY, key_b);
    assert_int_equal(gather(fixture)->keys.trusted_count, 2);
    memset(&fixture->places, 0, sizeof fixture->places);
    fixture->options.public_key = key_b;
    assert_int_equal(gather(fixture)->keys.trusted_count, 1);
    assert_memory_equal(fixture->places.keys.trusted[0], key_b, sizeof key_b);
    berth_record_withdraw(record);
}

/* With no record and no memory, what the app's servers keep between their runs is believed. */
static void test_the_kept_identity_is_known(void **state) {
    struct fixture *fixture = *state;
    struct berth_identity identity;
    assert_int_equal(gather(fixture)->keys.trusted_count, 0);
    assert_int_equal(berth_find_keys_least(&fixture->places.keys), BERTH_VERDICT_NAMED);
    assert_int_equal(berth_instance_identity(fixture->state_dir, "assistant", &identity), 0);
    assert_int_equal(gather(fixture)->keys.trusted_count, 1);
    assert_memory_equal(fixture->places.keys.trusted[0], identity.public_key,
                        sizeof identity.public_key);
    assert_int_equal(berth_find_keys_least(&fixture->places.keys), BERTH_VERDICT_PROVED);
}

/* -- Memory ------------------------------------------------------------------------------------ */

static void test_what_was_found_is_remembered(void **state) {
    struct fixture *fixture = *state;
    struct berth_find_memory memory = {.address = {6, 1021, {[15] = 1}}, .has_public_key = true};
    struct berth_find_memory loaded;
    memcpy(memory.public_key, key_a, sizeof key_a);
    assert_int_equal(berth_find_remember_load(fixture->state_dir, "assistant", &loaded),
                     BERTH_E_NOT_FOUND);
    assert_int_equal(berth_find_remember_save(fixture->state_dir, "assistant", &memory), 0);
    assert_int_equal(berth_find_remember_load(fixture->state_dir, "assistant", &loaded), 0);
    assert_true(berth_find_remember_same(&memory, &loaded));
    assert_string_equal(list_of(gather(fixture)), "m[::1]:1021");
    assert_true(fixture->places.keys.has_pinned);
    assert_memory_equal(fixture->places.keys.pinned, key_a, sizeof key_a);
    memory.has_public_key = false;
    assert_int_equal(berth_find_remember_save(fixture->state_dir, "assistant", &memory), 0);
    assert_int_equal(berth_find_remember_load(fixture->state_dir, "assistant", &loaded), 0);
    assert_false(loaded.has_public_key);
    memory.address.port = 1022;
    assert_false(berth_find_remember_same(&memory, &loaded));
}

static void test_a_memory_that_others_could_write_is_none(void **state) {
    struct fixture *fixture = *state;
    struct berth_find_memory memory = {.address = {4, 1021, {127, 0, 0, 1}}};
    char path[96];
    assert_int_equal(berth_find_remember_save(fixture->state_dir, "assistant", &memory), 0);
    snprintf(path, sizeof path, "%s/assistant/last", fixture->state_dir);
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(berth_find_remember_load(fixture->state_dir, "assistant", &memory),
                     BERTH_E_DENIED);
    assert_string_equal(list_of(gather(fixture)), "");
}

static void test_a_memory_of_something_else_is_none(void **state) {
    static const char *const cases[] = {
        "",
        "1021",
        "http://example.org:1021\n",
        "http://localhost:1021\n",
        "http://127.0.0.1:1021\nAAAA\n",
        "http://127.0.0.1:1021\nnot a key\n",
    };
    struct fixture *fixture = *state;
    struct berth_find_memory memory = {.address = {4, 1021, {127, 0, 0, 1}}};
    char path[96];
    assert_int_equal(berth_find_remember_save(fixture->state_dir, "assistant", &memory), 0);
    snprintf(path, sizeof path, "%s/assistant/last", fixture->state_dir);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_file(path, cases[i]);
        assert_int_equal(berth_find_remember_load(fixture->state_dir, "assistant", &memory),
                         BERTH_E_INVALID);
    }
}

/* What could not be read may hold the key of our server. */
static void test_unreadable_folders_make_a_name_too_little(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(berth_find_keys_least(&gather(fixture)->keys), BERTH_VERDICT_NAMED);
    assert_int_equal(chmod(fixture->runtime_dir, 0777), 0);
    assert_false(gather(fixture)->records_known);
    assert_int_equal(berth_find_keys_least(&fixture->places.keys), BERTH_VERDICT_PROVED);
    assert_int_equal(chmod(fixture->runtime_dir, 0700), 0);
    assert_int_equal(berth_find_keys_least(&gather(fixture)->keys), BERTH_VERDICT_NAMED);
    struct berth_find_memory memory = {.address = {4, 1021, {127, 0, 0, 1}}};
    char path[96];
    assert_int_equal(berth_find_remember_save(fixture->state_dir, "assistant", &memory), 0);
    snprintf(path, sizeof path, "%s/assistant", fixture->state_dir);
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(berth_find_keys_least(&gather(fixture)->keys), BERTH_VERDICT_PROVED);
}

/* -- All of them ------------------------------------------------------------------------------- */

static void test_the_order_and_each_address_once(void **state) {
    struct fixture *fixture = *state;
    struct berth_find_memory memory = {.address = {4, 1019, {127, 0, 0, 1}}};
    assert_int_equal(setenv("BERTH_URL", "http://127.0.0.1:1018", 1), 0);
    struct berth_record *record = publish(fixture, "a", 1018, BERTH_ENDPOINT_STARTING, key_a);
    fixture->options.port_file = fixture->port_file;
    write_file(fixture->port_file, "1019");
    assert_int_equal(berth_find_remember_save(fixture->state_dir, "assistant", &memory), 0);
    fixture->options.range_count = 3;
    const struct berth_find_places *places = gather(fixture);
    assert_string_equal(list_of(places),
                        "t127.0.0.1:1018 p127.0.0.1:1019 p[::1]:1019 s[::1]:1018 s127.0.0.1:1020 "
                        "s[::1]:1020");
    assert_true(places->items[0].starting); /* what the record knows is not lost */
    berth_record_withdraw(record);
}

int main(void) {
#define PLACES_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        PLACES_TEST(test_defaults),
        PLACES_TEST(test_a_path_that_is_too_long),
        PLACES_TEST(test_what_the_environment_tells_is_one_place_of_several),
        PLACES_TEST(test_the_range_ends_with_the_ports),
        PLACES_TEST(test_there_are_no_more_than_64_places),
        PLACES_TEST(test_port_files),
        PLACES_TEST(test_records_come_youngest_first),
        PLACES_TEST(test_a_dead_record_gives_its_key_only),
        PLACES_TEST(test_a_draining_record_is_no_place),
        PLACES_TEST(test_records_of_other_instances_are_not_asked),
        PLACES_TEST(test_a_record_under_another_name_is_not_believed),
        PLACES_TEST(test_keys),
        PLACES_TEST(test_the_kept_identity_is_known),
        PLACES_TEST(test_what_was_found_is_remembered),
        PLACES_TEST(test_a_memory_that_others_could_write_is_none),
        PLACES_TEST(test_a_memory_of_something_else_is_none),
        PLACES_TEST(test_unreadable_folders_make_a_name_too_little),
        PLACES_TEST(test_the_order_and_each_address_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
