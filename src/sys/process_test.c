#include "sys/process.h"

#include "berth/error.h"
#include "sys/clock.h"
#include "sys/entropy.h"
#include "sys/fixture.h"
#include "sys/limit.h"
#include "sys/ports.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

static void who_we_are(void **state) {
    (void)state;
    char name[64];
    assert_int_equal(berth_sys_pid(), getpid());
    assert_int_equal(berth_sys_uid(), geteuid());
    assert_int_equal(berth_sys_user_name(0, name, sizeof name), 0);
    assert_string_equal(name, "root");
    assert_int_equal(berth_sys_user_name(0, name, 5), 0);
    assert_int_equal(berth_sys_user_name(0, name, 4), BERTH_E_FULL);
    assert_int_equal(berth_sys_user_name(4000000000, name, sizeof name), BERTH_E_NOT_FOUND);
}

static int folders_follow_the_environment(void *argument) {
    (void)argument;
    char path[256];
    setenv("HOME", "/home/a", 1);
    unsetenv("XDG_STATE_HOME");
    FIXTURE_NEED(berth_sys_home_dir(path, sizeof path) == 0 && strcmp(path, "/home/a") == 0);
    FIXTURE_NEED(berth_sys_state_dir(path, sizeof path) == 0);
    FIXTURE_NEED(strcmp(path, "/home/a/.local/state/berth") == 0);
    setenv("XDG_STATE_HOME", "relative", 1);
    FIXTURE_NEED(berth_sys_state_dir(path, sizeof path) == 0);
    FIXTURE_NEED(strcmp(path, "/home/a/.local/state/berth") == 0);
    setenv("XDG_STATE_HOME", "/state", 1);
    FIXTURE_NEED(berth_sys_state_dir(path, sizeof path) == 0);
    FIXTURE_NEED(strcmp(path, "/state/berth") == 0);
    FIXTURE_NEED(berth_sys_state_dir(path, 12) == BERTH_E_FULL);

    /* Without HOME the user database knows. */
    unsetenv("HOME");
    FIXTURE_NEED(berth_sys_home_dir(path, sizeof path) == 0 && path[0] == '/');
    return 0;
}

static void folders(void **state) {
    (void)state;
    assert_int_equal(fixture_run(folders_follow_the_environment, NULL), 0);
}

static int the_runtime_folder_is_checked(void *argument) {
    const char *folder = argument;
    char path[256];
    char usual[64];
    snprintf(usual, sizeof usual, "/tmp/berth-%u", geteuid());
    setenv("XDG_RUNTIME_DIR", folder, 1);
    FIXTURE_NEED(berth_sys_runtime_dir(path, sizeof path) == 0);
    FIXTURE_NEED(strncmp(path, folder, strlen(folder)) == 0);
    FIXTURE_NEED(strcmp(path + strlen(folder), "/berth") == 0);
    FIXTURE_NEED(berth_sys_runtime_dir(path, strlen(folder)) == BERTH_E_FULL);

    FIXTURE_NEED(chmod(folder, 0755) == 0);
    FIXTURE_NEED(berth_sys_runtime_dir(path, sizeof path) == 0 && strcmp(path, usual) == 0);
    static const char *const wrong[] = {"relative", "", "/nowhere/at/all", "/etc/passwd", NULL};
    for (size_t i = 0; wrong[i] != NULL; i++) {
        setenv("XDG_RUNTIME_DIR", wrong[i], 1);
        FIXTURE_NEED(berth_sys_runtime_dir(path, sizeof path) == 0 && strcmp(path, usual) == 0);
    }
    unsetenv("XDG_RUNTIME_DIR");
    FIXTURE_NEED(berth_sys_runtime_dir(path, sizeof path) == 0 && strcmp(path, usual) == 0);
    FIXTURE_NEED(berth_sys_runtime_dir(path, 4) == BERTH_E_FULL);

    /* After su, the folder of the user before. */
    bool was_root = geteuid() == 0;
    FIXTURE_NEED(chmod(folder, 0700) == 0);
    fixture_become_ordinary();
    snprintf(usual, sizeof usual, "/tmp/berth-%u", geteuid());
    setenv("XDG_RUNTIME_DIR", was_root ? folder : "/", 1);
    FIXTURE_NEED(berth_sys_runtime_dir(path, sizeof path) == 0 && strcmp(path, usual) == 0);
    return 0;
}

static void the_runtime_folder(void **state) {
    (void)state;
    char folder[32];
    fixture_folder_make(folder);
    assert_int_equal(fixture_run(the_runtime_folder_is_checked, folder), 0);
    fixture_folder_remove(folder);
}

static void the_run_of_the_machine(void **state) {
    (void)state;
    char id[64];
    char again[64];
    assert_int_equal(berth_sys_boot_id(id, sizeof id), 0);
    assert_int_equal(berth_sys_boot_id(again, sizeof again), 0);
    assert_int_equal(strlen(id), 36);
    assert_int_equal(strspn(id, "0123456789abcdef-"), 36);
    assert_string_equal(id, again);
    assert_int_equal(berth_sys_boot_id(id, 36), BERTH_E_FULL);
    assert_int_equal(berth_sys_boot_id(id, 37), 0);
}

static void a_pipe_is_no_terminal(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_false(berth_sys_is_terminal(ends[0]));
    assert_false(berth_sys_is_terminal(-1));
    close(ends[0]);
    close(ends[1]);
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    assert_true(berth_sys_is_terminal(terminal));
    close(terminal);
}

static void time_goes_on(void **state) {
    (void)state;
    uint64_t start = berth_sys_clock_monotonic_ns();
    struct timespec pause = {.tv_nsec = 2000000};
    nanosleep(&pause, NULL);
    uint64_t passed = berth_sys_clock_monotonic_ns() - start;
    assert_true(passed >= 2000000);
    assert_true(berth_sys_clock_unix_s() > 1700000000);
    assert_true(berth_sys_clock_unix_ms() / 1000 - berth_sys_clock_unix_s() <= 1);
}

static void random_bytes_differ(void **state) {
    (void)state;
    unsigned char a[32] = {0};
    unsigned char b[32] = {0};
    assert_int_equal(berth_sys_random(a, sizeof a), 0);
    assert_int_equal(berth_sys_random(b, sizeof b), 0);
    assert_memory_not_equal(a, b, sizeof a);
    assert_int_equal(berth_sys_random(a, 0), 0);
}

static int raise_from_64(void *argument) {
    (void)argument;
    struct rlimit limit = {64, 512};
    uint64_t files = 0;
    FIXTURE_NEED(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    FIXTURE_NEED(berth_sys_limit_files_raise(&files) == 0 && files == 512);
    FIXTURE_NEED(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == 512);
    return 0;
}

static void more_open_files(void **state) {
    (void)state;
    assert_int_equal(fixture_run(raise_from_64, NULL), 0);
}

/* What the system gives for port 0 lies in the range that it says it gives from. */
static void port_numbers(void **state) {
    (void)state;
    struct berth_sys_port_range range = berth_sys_ports_ephemeral();
    assert_true(range.from < range.to);
    for (int i = 0; i < 8; i++) {
        int fd = fixture_listen("127.0.0.1", 0, 0);
        uint16_t port = fixture_name(fd, false).port;
        assert_true(port >= range.from && port <= range.to);
        close(fd);
    }
    assert_true(berth_sys_ports_first_unprivileged() <= 65536);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_we_are),
        cmocka_unit_test(folders),
        cmocka_unit_test(the_runtime_folder),
        cmocka_unit_test(the_run_of_the_machine),
        cmocka_unit_test(a_pipe_is_no_terminal),
        cmocka_unit_test(time_goes_on),
        cmocka_unit_test(random_bytes_differ),
        cmocka_unit_test(more_open_files),
        cmocka_unit_test(port_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
