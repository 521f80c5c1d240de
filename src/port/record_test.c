#include "port/record.h"

#include "base/alloc.h"
#include "sys/fixture.h"
#include "sys/locks.h"

#include "port/record_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static unsigned mode_of(const char *path) {
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    return status.st_mode & 07777;
}

static void published_for_this_user_alone(void **state) {
    (void)state;
    mode_t mask = umask(0);
    struct berth_record *record = fixture_publish("assistant", "a1", "{\"port\":1018}");
    umask(mask);
    struct fixture_seen seen = fixture_list("assistant");
    assert_string_equal(seen.names, "assistant/a1 ");
    assert_string_equal(seen.content, "{\"port\":1018}");
    assert_int_equal(mode_of(fixture_records), 0700);
    assert_int_equal(mode_of(fixture_in_records("assistant")), 0700);
    assert_int_equal(mode_of(fixture_in_records("assistant/a1.json")), 0600);
    assert_int_equal(fixture_count_files(fixture_in_records("assistant")), 1);
    berth_record_withdraw(record);
    assert_int_equal(fixture_count_files(fixture_in_records("assistant")), 0);
}

/* Whatever the umask takes away. */
static void a_strict_umask(void **state) {
    (void)state;
    struct berth_record *record;
    assert_int_equal(berth_record_open(fixture_records, "app", "a", &record), 0);
    mode_t mask = umask(0777);
    int error = berth_record_publish(record, BERTH_VIEW("{}"));
    umask(mask);
    assert_int_equal(error, 0);
    assert_int_equal(mode_of(fixture_in_records("app/a.json")), 0600);
    berth_record_withdraw(record);
}

static void published_again(void **state) {
    (void)state;
    struct berth_record *record;
    assert_int_equal(berth_record_open(fixture_records, "app", "a", &record), 0);
    assert_int_equal(berth_record_check(record), BERTH_RECORD_GONE);
    assert_int_equal(fixture_list("app").count, 0);
    assert_int_equal(berth_record_publish(record, BERTH_VIEW("starting")), 0);
    assert_int_equal(berth_record_check(record), BERTH_RECORD_OURS);
    assert_int_equal(berth_record_publish(record, BERTH_VIEW("ready")), 0);
    assert_string_equal(fixture_list("app").content, "ready");
    assert_int_equal(fixture_list("app").alive, 1);
    assert_int_equal(fixture_count_files(fixture_in_records("app")), 1);
    berth_record_withdraw(record);
    berth_record_withdraw(NULL);
}

static void nothing_to_withdraw(void **state) {
    (void)state;
    struct berth_record *record;
    assert_int_equal(berth_record_open(fixture_records, "app", "a", &record), 0);
    berth_record_withdraw(record);
    assert_int_equal(fixture_count_files(fixture_in_records("app")), 0);
}

static void what_others_do_to_it(void **state) {
    (void)state;
    struct berth_record *record = fixture_publish("app", "a", "{}");
    assert_int_equal(unlink(fixture_in_records("app/a.json")), 0);
    assert_int_equal(berth_record_check(record), BERTH_RECORD_GONE);
    assert_int_equal(berth_record_publish(record, BERTH_VIEW("{}")), 0);
    assert_int_equal(berth_record_check(record), BERTH_RECORD_OURS);

    /* An old copy, as an editor or a backup puts it there: it is dead, and gives way. */
    fixture_put_file(fixture_in_records("app/copy"), "old", 0600);
    assert_int_equal(rename(fixture_in_records("app/copy"), fixture_in_records("app/a.json")), 0);
    assert_int_equal(berth_record_check(record), BERTH_RECORD_REPLACED);
    assert_int_equal(fixture_list("app").alive, 0);
    assert_int_equal(berth_record_publish(record, BERTH_VIEW("new")), 0);
    assert_int_equal(berth_record_check(record), BERTH_RECORD_OURS);
    assert_string_equal(fixture_list("app").content, "new");

    /* The whole folder, as those who clean up /tmp do it. */
    fixture_folder_remove(fixture_records);
    assert_int_equal(berth_record_check(record), BERTH_RECORD_GONE);
    assert_int_equal(berth_record_publish(record, BERTH_VIEW("again")), 0);
    assert_string_equal(fixture_list("app").content, "again");
    berth_record_withdraw(record);
}

static void a_successors_record_stands(void **state) {
    (void)state;
    struct berth_record *first = fixture_publish("app", "a", "first");
    struct berth_record *second;
    assert_int_equal(berth_record_open(fixture_records, "app", "a", &second), 0);
    assert_int_equal(berth_record_publish(second, BERTH_VIEW("second")), BERTH_E_BUSY);
    assert_int_equal(unlink(fixture_in_records("app/a.json")), 0);
    assert_int_equal(berth_record_publish(second, BERTH_VIEW("second")), 0);

    assert_int_equal(berth_record_check(first), BERTH_RECORD_REPLACED);
    assert_int_equal(berth_record_publish(first, BERTH_VIEW("first")), BERTH_E_BUSY);
    berth_record_withdraw(first);
    assert_int_equal(berth_record_check(second), BERTH_RECORD_OURS);
    struct fixture_seen seen = fixture_list("app");
    assert_int_equal(seen.alive, 1);
    assert_string_equal(seen.content, "second");
    assert_int_equal(fixture_count_files(fixture_in_records("app")), 1);
    berth_record_withdraw(second);
}

static int name_lock_of(const char *path) {
    int fd = open(path, O_RDWR | O_CLOEXEC);
    FIXTURE_NEED(fd >= 0 && berth_sys_lock_take(fd, BERTH_SYS_LOCK_NAME, 0) == 0);
    return fd;
}

/* A sweeper is just about to remove what is dead in our place: to put our file there now would be
 * to lose it. One that never gets done is said to be in the way. */
static void a_sweeper_is_waited_for(void **state) {
    (void)state;
    struct berth_record *record;
    assert_int_equal(berth_record_open(fixture_records, "app", "a", &record), 0);
    fixture_put_file(fixture_in_records("app/a.json"), "old", 0600);
    int fd = name_lock_of(fixture_in_records("app/a.json"));
    assert_int_equal(berth_record_publish(record, BERTH_VIEW("new")), BERTH_E_BUSY);
    assert_string_equal(fixture_list("app").names, "app/a(dead) "); /* not its life, for readers */
    close(fd);
    assert_int_equal(berth_record_publish(record, BERTH_VIEW("new")), 0);
    assert_string_equal(fixture_list("app").content, "new");

    /* Nobody else can be about to remove what is alive: ours is replaced at once. */
    fd = name_lock_of(fixture_in_records("app/a.json"));
    assert_int_equal(berth_record_publish(record, BERTH_VIEW("newer")), 0);
    assert_int_equal(fixture_count_files(fixture_in_records("app")), 1);
    close(fd);
    berth_record_withdraw(record);
}

static void dead_with_its_process(void **state) {
    (void)state;
    for (int round = 0; round < 50; round++) {
        pid_t owner = fixture_start_owner("app", "a");
        assert_string_equal(fixture_list("app").names, "app/a ");
        fixture_kill(owner);
        assert_string_equal(fixture_list("app").names, "app/a(dead) ");
    }
    berth_record_sweep(fixture_records, "app");
    assert_int_equal(fixture_count_files(fixture_in_records("app")), 0);
}

/* The content names a process that lives: this one. It has no say. */
static void a_pid_says_nothing(void **state) {
    (void)state;
    char content[64];
    snprintf(content, sizeof content, "{\"pid\":%d}", getpid());
    berth_record_withdraw(fixture_publish("app", "other", "{}"));
    fixture_put_file(fixture_in_records("app/a.json"), content, 0600);
    assert_string_equal(fixture_list("app").names, "app/a(dead) ");
    assert_string_equal(fixture_list("app").content, content);
}

/* A child that the owner has started lives on: the record does not. */
static void children_do_not_keep_it_alive(void **state) {
    (void)state;
    int pids[2];
    assert_int_equal(pipe(pids), 0);
    pid_t owner = fork();
    assert_true(owner >= 0);
    if (owner == 0) {
        (void)fixture_publish("app", "a", "{}");
        pid_t sleeper = fork();
        if (sleeper == 0) {
            execlp("sleep", "sleep", "30", (char *)NULL);
            _exit(99);
        }
        FIXTURE_NEED(write(pids[1], &sleeper, sizeof sleeper) == sizeof sleeper);
        while (pause() < 0)
            continue;
    }
    pid_t sleeper;
    assert_int_equal(read(pids[0], &sleeper, sizeof sleeper), sizeof sleeper);
    fixture_kill(owner);
    /* Its exec can still be on the way. */
    unsigned alive = 1;
    for (int i = 0; i < 200 && alive == 1; i++) {
        usleep(10000);
        alive = fixture_list("app").alive;
    }
    assert_int_equal(alive, 0);
    assert_int_equal(kill(sleeper, 0), 0);
    assert_int_equal(kill(sleeper, SIGKILL), 0);
    close(pids[0]);
    close(pids[1]);
}

/* -- Listing ----------------------------------------------------------------------------------- */

static void set_age(const char *name, time_t modified_s) {
    struct timespec times[2] = {{.tv_sec = modified_s}, {.tv_sec = modified_s}};
    assert_int_equal(utimensat(AT_FDCWD, fixture_in_records(name), times, 0), 0);
}

static void the_youngest_first(void **state) {
    (void)state;
    struct berth_record *records[] = {
        fixture_publish("b", "old", "{}"), fixture_publish("b", "young", "{}"),
        fixture_publish("a", "twin-2", "{}"), fixture_publish("a", "twin-1", "{}")};
    set_age("b/old.json", 1000);
    set_age("b/young.json", 3000);
    set_age("a/twin-2.json", 2000);
    set_age("a/twin-1.json", 2000);
    assert_string_equal(fixture_list("b").names, "b/young b/old ");
    assert_string_equal(fixture_list(NULL).names, "b/young a/twin-1 a/twin-2 b/old ");

    struct fixture_seen seen = {.max = 2};
    assert_int_equal(berth_record_list(fixture_records, NULL, fixture_see, &seen), 0);
    assert_string_equal(seen.names, "b/young a/twin-1 ");
    for (size_t i = 0; i < 4; i++)
        berth_record_withdraw(records[i]);
    assert_int_equal(fixture_list(NULL).count, 0);
}

static void none_is_no_error(void **state) {
    (void)state;
    assert_int_equal(fixture_list(NULL).count, 0);
    assert_int_equal(fixture_list("app").count, 0);
    assert_int_equal(mkdir(fixture_records, 0700), 0);
    assert_int_equal(fixture_list(NULL).count, 0);
    assert_int_equal(fixture_list("app").count, 0);
    berth_record_sweep(fixture_records, "app");
    assert_int_equal(fixture_count_files(fixture_records), 0); /* to look makes nothing */
}

static void names_stay_in_their_folder(void **state) {
    (void)state;
    static const char *const bad[] = {"",   ".",  "..", "../x", "a/b", "/etc",     ".a",
                                      "-a", "_a", "A",  "a b",  "a\n", "\xc3\xa4", NULL};
    char long_name[66];
    memset(long_name, 'a', 65);
    long_name[65] = 0;
    struct berth_record *record;
    struct fixture_seen seen = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *name = bad[i] != NULL ? bad[i] : long_name;
        assert_int_equal(berth_record_open(fixture_records, name, "a", &record), BERTH_E_INVALID);
        assert_int_equal(berth_record_open(fixture_records, "a", name, &record), BERTH_E_INVALID);
        assert_int_equal(berth_record_list(fixture_records, name, fixture_see, &seen),
                         BERTH_E_INVALID);
        berth_record_sweep(fixture_records, name);
    }
    long_name[64] = 0;
    berth_record_withdraw(fixture_publish(long_name, long_name, "{}"));
    berth_record_withdraw(fixture_publish("0", "a.b-c_9", "{}"));
}

static void sizes(void **state) {
    (void)state;
    static char content[BERTH_RECORD_MAX + 1];
    memset(content, 'x', sizeof content);
    struct berth_record *record = fixture_publish("app", "a", "");
    assert_int_equal(fixture_list("app").alive, 1);
    assert_int_equal(berth_record_publish(record, berth_view_bytes(content, sizeof content)),
                     BERTH_E_FULL);
    assert_int_equal(berth_record_publish(record, berth_view_bytes(content, BERTH_RECORD_MAX)), 0);
    assert_int_equal(fixture_list("app").alive, 1);
    berth_record_withdraw(record);
}

static void the_folder_of_this_user(void **state) {
    (void)state;
    char path[64];
    assert_int_equal(berth_record_folder(path, sizeof path), 0);
    assert_int_equal(path[0], '/');
    assert_int_equal(berth_record_folder(path, 4), BERTH_E_FULL);
}

/* -- Memory ------------------------------------------------------------------------------------ */

static void memory_runs_out(void **state) {
    (void)state;
    struct berth_record *record;
    struct berth_record *keeper = fixture_publish("app", "keeper", "{}");
    struct fixture_seen seen = {0};
    int error = BERTH_E_MEMORY;
    for (size_t nth = 1; error == BERTH_E_MEMORY; nth++) {
        berth_alloc_fail_at(nth);
        error = berth_record_open(fixture_records, "app", "a", &record);
    }
    berth_alloc_fail_at(0);
    assert_int_equal(error, 0);
    berth_record_withdraw(record);

    error = BERTH_E_MEMORY;
    for (size_t nth = 1; error == BERTH_E_MEMORY; nth++) {
        berth_alloc_fail_at(nth);
        error = berth_record_list(fixture_records, NULL, fixture_see, &seen);
        assert_true(error == 0 || seen.count == 0);
    }
    berth_alloc_fail_at(0);
    assert_int_equal(error, 0);
    assert_int_equal(seen.count, 1);
    berth_record_withdraw(keeper);
}

#define WITH_FOLDER(test)                                                                          \
    cmocka_unit_test_setup_teardown(test, fixture_records_make, fixture_records_remove)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(published_for_this_user_alone),
        WITH_FOLDER(a_strict_umask),
        WITH_FOLDER(published_again),
        WITH_FOLDER(nothing_to_withdraw),
        WITH_FOLDER(what_others_do_to_it),
        WITH_FOLDER(a_successors_record_stands),
        WITH_FOLDER(a_sweeper_is_waited_for),
        WITH_FOLDER(dead_with_its_process),
        WITH_FOLDER(a_pid_says_nothing),
        WITH_FOLDER(children_do_not_keep_it_alive),
        WITH_FOLDER(the_youngest_first),
        WITH_FOLDER(none_is_no_error),
        WITH_FOLDER(names_stay_in_their_folder),
        WITH_FOLDER(sizes),
        WITH_FOLDER(the_folder_of_this_user),
        WITH_FOLDER(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
