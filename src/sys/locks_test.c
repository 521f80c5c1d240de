#include "sys/locks.h"

#include "berth/error.h"
#include "sys/clock.h"
#include "sys/fixture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static char folder[32];
static char path[64];

static int make_file(void **state) {
    (void)state;
    fixture_folder_make(folder);
    snprintf(path, sizeof path, "%s/file", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FIXTURE_NEED(fd >= 0 && close(fd) == 0);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    fixture_folder_remove(folder);
    return 0;
}

static int open_file(int access) {
    int fd = open(path, access | O_CLOEXEC);
    FIXTURE_NEED(fd >= 0);
    return fd;
}

static int take(int fd) { return berth_sys_lock_take(fd, BERTH_SYS_LOCK_LIFE, 0); }

/* As a stranger sees it: through an open of its own, for reading. */
static bool is_held(enum berth_sys_lock lock) {
    int fd = open_file(O_RDONLY);
    bool held = false;
    FIXTURE_NEED(berth_sys_lock_ask(fd, lock, &held) == 0);
    close(fd);
    return held;
}

static void one_holder(void **state) {
    (void)state;
    int first = open_file(O_RDWR);
    int second = open_file(O_RDWR);
    assert_false(is_held(BERTH_SYS_LOCK_LIFE));
    assert_int_equal(take(first), 0);
    assert_int_equal(take(first), 0);
    assert_int_equal(take(second), BERTH_E_BUSY);
    assert_true(is_held(BERTH_SYS_LOCK_LIFE));
    berth_sys_lock_drop(second, BERTH_SYS_LOCK_LIFE); /* not its own: nothing happens */
    assert_true(is_held(BERTH_SYS_LOCK_LIFE));
    berth_sys_lock_drop(first, BERTH_SYS_LOCK_LIFE);
    assert_false(is_held(BERTH_SYS_LOCK_LIFE));
    assert_int_equal(take(second), 0);
    close(first);
    assert_true(is_held(BERTH_SYS_LOCK_LIFE)); /* the classic record lock would be gone */
    close(second);
    assert_false(is_held(BERTH_SYS_LOCK_LIFE));
}

static void two_locks_of_one_file(void **state) {
    (void)state;
    int first = open_file(O_RDWR);
    int second = open_file(O_RDWR);
    assert_int_equal(berth_sys_lock_take(first, BERTH_SYS_LOCK_LIFE, 0), 0);
    assert_false(is_held(BERTH_SYS_LOCK_NAME));
    assert_int_equal(berth_sys_lock_take(second, BERTH_SYS_LOCK_NAME, 0), 0);
    assert_true(is_held(BERTH_SYS_LOCK_NAME));
    berth_sys_lock_drop(first, BERTH_SYS_LOCK_LIFE);
    assert_false(is_held(BERTH_SYS_LOCK_LIFE));
    assert_true(is_held(BERTH_SYS_LOCK_NAME));
    close(first);
    close(second);
}

static void what_a_lock_needs(void **state) {
    (void)state;
    int fd = open_file(O_RDONLY);
    bool held = true;
    assert_int_equal(take(fd), BERTH_E_INVALID);
    assert_int_equal(berth_sys_lock_ask(fd, BERTH_SYS_LOCK_LIFE, &held), 0);
    assert_false(held);
    close(fd);
    assert_int_equal(take(-1), BERTH_E_INVALID);
    assert_int_equal(berth_sys_lock_ask(-1, BERTH_SYS_LOCK_LIFE, &held), BERTH_E_INVALID);
}

struct holding {
    struct fixture_gate taken;
    struct fixture_gate seen;
};

static int hold_for_a_while(void *argument) {
    struct holding *holding = argument;
    int fd = open_file(O_RDWR);
    FIXTURE_NEED(take(fd) == 0);
    fixture_gate_open(&holding->taken);
    fixture_gate_wait(&holding->seen);
    usleep(50000);
    return 0;
}

static void waited_for(void **state) {
    (void)state;
    struct holding holding = {fixture_gate_make(), fixture_gate_make()};
    pid_t child = fixture_fork(hold_for_a_while, &holding);
    fixture_gate_wait(&holding.taken);
    int fd = open_file(O_RDWR);
    assert_int_equal(take(fd), BERTH_E_BUSY);
    fixture_gate_open(&holding.seen);
    assert_int_equal(berth_sys_lock_take(fd, BERTH_SYS_LOCK_LIFE, 10000), 0);
    assert_int_equal(fixture_wait(child), 0);

    int second = open_file(O_RDWR);
    uint64_t start = berth_sys_clock_monotonic_ns();
    assert_int_equal(berth_sys_lock_take(second, BERTH_SYS_LOCK_LIFE, 30), BERTH_E_BUSY);
    assert_true(berth_sys_clock_monotonic_ns() - start >= 30000000);
    close(fd);
    close(second);
}

static int hold_until_killed(void *gate) {
    int fd = open_file(O_RDWR);
    FIXTURE_NEED(take(fd) == 0);
    fixture_gate_open(gate);
    while (pause() < 0)
        continue;
    return 0;
}

/* No moment between the end of a killed process and the end of its lock. */
static void ended_by_a_kill(void **state) {
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct fixture_gate gate = fixture_gate_make();
        pid_t child = fixture_fork(hold_until_killed, &gate);
        fixture_gate_wait(&gate);
        assert_true(is_held(BERTH_SYS_LOCK_LIFE));
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(fixture_wait(child), -1);
        assert_false(is_held(BERTH_SYS_LOCK_LIFE));
    }
}

/* A stopped process lives. */
static void kept_by_the_stopped(void **state) {
    (void)state;
    struct fixture_gate gate = fixture_gate_make();
    pid_t child = fixture_fork(hold_until_killed, &gate);
    int status;
    fixture_gate_wait(&gate);
    assert_int_equal(kill(child, SIGSTOP), 0);
    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    assert_true(WIFSTOPPED(status) && is_held(BERTH_SYS_LOCK_LIFE));
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(fixture_wait(child), -1);
    assert_false(is_held(BERTH_SYS_LOCK_LIFE));
}

static int wait_at_gate(void *gate) {
    fixture_gate_wait(gate);
    return 0;
}

/* A forked child has the open file too; so who is done with a lock drops it. */
static void dropped_though_a_child_has_it(void **state) {
    (void)state;
    struct fixture_gate gate = fixture_gate_make();
    int fd = open_file(O_RDWR);
    assert_int_equal(take(fd), 0);
    pid_t child = fixture_fork(wait_at_gate, &gate);
    berth_sys_lock_drop(fd, BERTH_SYS_LOCK_LIFE);
    assert_false(is_held(BERTH_SYS_LOCK_LIFE));
    fixture_gate_open(&gate);
    assert_int_equal(fixture_wait(child), 0);
    close(fd);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, make_file, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FILE(one_holder),
        WITH_FILE(two_locks_of_one_file),
        WITH_FILE(what_a_lock_needs),
        WITH_FILE(waited_for),
        WITH_FILE(ended_by_a_kill),
        WITH_FILE(kept_by_the_stopped),
        WITH_FILE(dropped_though_a_child_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
