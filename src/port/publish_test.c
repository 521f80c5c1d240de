#include "port/publish.h"

#include "base/alloc.h"
#include "berth/error.h"
#include "sys/clock.h"
#include "sys/files.h"
#include "sys/fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

static char folder[32];
static char file[64];

static int make_folder(void **state) {
    (void)state;
    fixture_folder_make(folder);
    snprintf(file, sizeof file, "%s/server_port.txt", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    fixture_folder_remove(folder);
    return 0;
}

/* What the file says; "" when there is none. */
static const char *content(const char *path) {
    static char text[64];
    struct berth_buf buf = berth_buf_make(sizeof text - 1);
    if (berth_sys_file_read(path, &buf) == 0 && buf.size > 0)
        memcpy(text, buf.data + buf.start, buf.size);
    text[buf.size] = 0;
    berth_buf_free(&buf);
    return text;
}

static size_t entries(void) {
    size_t count = 0;
    DIR *dir = opendir(folder);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2;
}

/* -- The port file ----------------------------------------------------------------------------- */

static void the_port_and_nothing_else(void **state) {
    (void)state;
    struct stat status;
    assert_int_equal(berth_port_file_publish(file, 1018), 0);
    assert_string_equal(content(file), "1018");
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0644);
    assert_int_equal(berth_port_file_publish(file, 65535), 0);
    assert_string_equal(content(file), "65535");
    assert_int_equal(entries(), 1);
}

static void withdrawn_when_it_is_ours(void **state) {
    (void)state;
    assert_int_equal(berth_port_file_publish(file, 1018), 0);
    assert_int_equal(berth_port_file_withdraw(file, 1019), 0);
    assert_string_equal(content(file), "1018");
    assert_int_equal(berth_port_file_withdraw(file, 101), 0);
    assert_string_equal(content(file), "1018");
    assert_int_equal(berth_port_file_withdraw(file, 1018), 0);
    assert_int_equal(entries(), 0);
    assert_int_equal(berth_port_file_withdraw(file, 1018), 0);
}

/* A file that people use for something else is not ours to remove. */
static void what_is_no_port_stays(void **state) {
    (void)state;
    static const char *const others[] = {"1018\n", " 1018", "", "a much longer text than any port"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(berth_sys_file_replace(file, berth_view_of(others[i]), 0644), 0);
        assert_int_equal(berth_port_file_withdraw(file, 1018), 0);
        assert_string_equal(content(file), others[i]);
    }
}

static int work_in_relative_path(void *argument) {
    (void)argument;
    FIXTURE_NEED(chdir(folder) == 0);
    FIXTURE_NEED(berth_port_file_publish("server_port.txt", 1018) == 0);
    FIXTURE_NEED(strcmp(content(file), "1018") == 0);
    FIXTURE_NEED(berth_port_file_withdraw("server_port.txt", 1018) == 0 && entries() == 0);
    return 0;
}

static void a_file_in_the_current_folder(void **state) {
    (void)state;
    assert_int_equal(fixture_run(work_in_relative_path, NULL), 0);
}

static int publish_where_it_is_forbidden(void *argument) {
    fixture_become_ordinary();
    return -berth_port_file_publish(argument, 1018);
}

static void folders_that_do_not_let_us(void **state) {
    (void)state;
    char forbidden[] = "/etc/server_port.txt";
    assert_int_equal(fixture_run(publish_where_it_is_forbidden, forbidden), -BERTH_E_DENIED);
    char missing[80];
    snprintf(missing, sizeof missing, "%s/none/server_port.txt", folder);
    assert_int_equal(berth_port_file_publish(missing, 1018), BERTH_E_NOT_FOUND);
    assert_int_equal(berth_port_file_withdraw(missing, 1018), 0);
}

/* Somebody sits on the folder's lock: the port is published all the same, after a second. */
static void a_lock_that_is_not_given_up(void **state) {
    (void)state;
    intptr_t lock;
    assert_int_equal(berth_sys_dir_lock(folder, 0, &lock), 0);
    uint64_t start = berth_sys_clock_monotonic_ns();
    assert_int_equal(berth_port_file_publish(file, 1018), 0);
    uint64_t waited_ms = (berth_sys_clock_monotonic_ns() - start) / 1000000;
    assert_true(waited_ms >= 1000 && waited_ms < 5000);
    assert_string_equal(content(file), "1018");
    assert_int_equal(berth_port_file_withdraw(file, 1018), 0);
    assert_int_equal(entries(), 0);
    berth_sys_dir_unlock(lock);
}

static void memory_runs_out(void **state) {
    (void)state;
    assert_int_equal(berth_port_file_publish(file, 1018), 0);
    berth_alloc_fail_at(1);
    assert_int_equal(berth_port_file_withdraw(file, 1018), BERTH_E_MEMORY);
    berth_alloc_fail_at(0);
    assert_string_equal(content(file), "1018");
}

/* -- Many at once ------------------------------------------------------------------------------ */

#define PUBLISHERS 8
#define ROUNDS 40

static int publish_and_withdraw(void *argument) {
    uint16_t port = *(uint16_t *)argument;
    for (int round = 0; round < ROUNDS; round++) {
        FIXTURE_NEED(berth_port_file_publish(file, port) == 0);
        FIXTURE_NEED(berth_port_file_withdraw(file, port) == 0);
    }
    return 0;
}

/* A number from 10000 on, that one of the publishers has; whole, or not there. */
static bool is_whole(const char *text) {
    return strlen(text) == 5 && strncmp(text, "1000", 4) == 0 && text[4] >= '0' &&
           text[4] < '0' + PUBLISHERS;
}

/* Reads until the gate's other end is closed. Says how often a port was there: 1 for at all. */
static int read_all_the_time(void *argument) {
    struct fixture_gate *stop = argument;
    close(stop->ends[1]);
    FIXTURE_NEED(fcntl(stop->ends[0], F_SETFL, O_NONBLOCK) == 0);
    char byte;
    bool seen = false;
    while (read(stop->ends[0], &byte, 1) < 0) {
        struct berth_buf buf = berth_buf_make(64);
        int error = berth_sys_file_read(file, &buf);
        FIXTURE_NEED(error == 0 || error == BERTH_E_NOT_FOUND);
        char text[65] = "";
        if (buf.size > 0)
            memcpy(text, buf.data + buf.start, buf.size);
        berth_buf_free(&buf);
        FIXTURE_NEED(error != 0 || is_whole(text));
        seen = seen || error == 0;
    }
    return seen ? 1 : 0;
}

static void a_reader_sees_a_whole_port_or_none(void **state) {
    (void)state;
    struct fixture_gate stop = fixture_gate_make();
    pid_t reader = fixture_fork(read_all_the_time, &stop);
    uint16_t ports[PUBLISHERS];
    pid_t pids[PUBLISHERS];
    for (uint16_t i = 0; i < PUBLISHERS; i++) {
        ports[i] = (uint16_t)(10000 + i);
        pids[i] = fixture_fork(publish_and_withdraw, &ports[i]);
    }
    for (size_t i = 0; i < PUBLISHERS; i++)
        assert_int_equal(fixture_wait(pids[i]), 0);
    fixture_gate_open(&stop);
    assert_int_equal(fixture_wait(reader), 1);
    assert_int_equal(entries(), 0); /* the last withdrawal was its publisher's own */
}

/* One server stops while the next one starts: whichever is first, the next one's port stands. */
struct handover {
    struct fixture_gate start;
    long delay_ns;
};

static int withdraw_old_port(void *argument) {
    struct handover *handover = argument;
    struct timespec pause = {.tv_nsec = handover->delay_ns};
    fixture_gate_wait(&handover->start);
    nanosleep(&pause, NULL);
    return -berth_port_file_withdraw(file, 1018);
}

static void the_next_servers_port_stands(void **state) {
    (void)state;
    for (int round = 0; round < 100; round++) {
        struct handover handover = {fixture_gate_make(), (long)fixture_random(400000)};
        assert_int_equal(berth_port_file_publish(file, 1018), 0);
        pid_t child = fixture_fork(withdraw_old_port, &handover);
        fixture_gate_open(&handover.start);
        assert_int_equal(berth_port_file_publish(file, 1019), 0);
        assert_int_equal(fixture_wait(child), 0);
        assert_string_equal(content(file), "1019");
    }
}

static void a_file_that_is_gone_comes_back(void **state) {
    (void)state;
    assert_int_equal(berth_port_file_publish(file, 1018), 0);
    assert_int_equal(berth_port_file_keep(file, 1018), 0);
    assert_int_equal(berth_sys_file_remove(file), 0);
    assert_int_equal(berth_port_file_keep(file, 1018), 1);
    assert_string_equal(content(file), "1018");
    /* Another server's is that server's to keep. */
    assert_int_equal(berth_port_file_publish(file, 1019), 0);
    assert_int_equal(berth_port_file_keep(file, 1018), 0);
    assert_string_equal(content(file), "1019");
}

/* -- The port of the last run ------------------------------------------------------------------ */

static void remembered_for_each_app(void **state) {
    (void)state;
    char state_dir[64];
    char path[96];
    snprintf(state_dir, sizeof state_dir, "%s/state/berth", folder);
    snprintf(path, sizeof path, "%s/assistant", state_dir);
    assert_int_equal(berth_port_sticky_load(state_dir, "assistant"), 0);
    assert_int_equal(berth_port_sticky_save(state_dir, "assistant", 1020), 0);
    assert_int_equal(berth_port_sticky_save(state_dir, "other", 65535), 0);
    assert_int_equal(berth_port_sticky_load(state_dir, "assistant"), 1020);
    assert_int_equal(berth_port_sticky_load(state_dir, "other"), 65535);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);

    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(berth_port_sticky_save(state_dir, "assistant", 1021), BERTH_E_DENIED);
    assert_int_equal(berth_port_sticky_load(state_dir, "assistant"), 1020);
}

static void what_is_no_port_is_not_remembered(void **state) {
    (void)state;
    static const char *const wrong[] = {"", "x", "70000", "-1", "1018 ", "10181018101810181018"};
    char path[80];
    assert_int_equal(berth_port_sticky_save(folder, "app", 1018), 0);
    snprintf(path, sizeof path, "%s/app/port", folder);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(berth_sys_file_replace(path, berth_view_of(wrong[i]), 0600), 0);
        assert_int_equal(berth_port_sticky_load(folder, "app"), 0);
    }
}

static void an_app_stays_in_its_folder(void **state) {
    (void)state;
    static const char *const wrong[] = {"", ".", "..", "../x", "a/b", "/etc"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(berth_port_sticky_save(folder, wrong[i], 1018), BERTH_E_INVALID);
        assert_int_equal(berth_port_sticky_load(folder, wrong[i]), 0);
    }
    assert_int_equal(entries(), 0);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(the_port_and_nothing_else),
        WITH_FOLDER(withdrawn_when_it_is_ours),
        WITH_FOLDER(what_is_no_port_stays),
        WITH_FOLDER(a_file_that_is_gone_comes_back),
        WITH_FOLDER(a_file_in_the_current_folder),
        WITH_FOLDER(folders_that_do_not_let_us),
        WITH_FOLDER(a_lock_that_is_not_given_up),
        WITH_FOLDER(memory_runs_out),
        WITH_FOLDER(a_reader_sees_a_whole_port_or_none),
        WITH_FOLDER(the_next_servers_port_stands),
        WITH_FOLDER(remembered_for_each_app),
        WITH_FOLDER(what_is_no_port_is_not_remembered),
        WITH_FOLDER(an_app_stays_in_its_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
