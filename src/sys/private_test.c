#include "sys/private.h"

#include "berth/error.h"
#include "sys/fixture.h"
#include "sys/locks.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cmocka.h>

static char folder[32];
static intptr_t dir;

static int make_folder(void **state) {
    (void)state;
    fixture_folder_make(folder);
    FIXTURE_NEED(berth_sys_private_dir_open(-1, folder, &dir) == 0);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    berth_sys_dir_close(dir);
    fixture_folder_remove(folder);
    return 0;
}

/* A path within the test's folder; valid until the fourth call after this. */
static const char *in_folder(const char *name) {
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void put_file(const char *name, mode_t mode) {
    int fd = openat((int)dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FIXTURE_NEED(fd >= 0 && write(fd, "text", 4) == 4);
    FIXTURE_NEED(fchmod(fd, mode) == 0 && close(fd) == 0);
}

static bool exists(const char *name) {
    struct stat status;
    return fstatat((int)dir, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static int count_name(void *owner, const char *name) {
    (void)name;
    ++*(unsigned *)owner;
    return 0;
}

static unsigned count_files(void) {
    unsigned count = 0;
    FIXTURE_NEED(berth_sys_private_dir_walk(dir, count_name, &count) == 0);
    return count;
}

/* -- Folders ----------------------------------------------------------------------------------- */

static int open_folder(intptr_t in, const char *name) {
    intptr_t opened;
    int error = berth_sys_private_dir_open(in, name, &opened);
    if (error == 0)
        berth_sys_dir_close(opened);
    return error;
}

static void folders_of_this_user_alone(void **state) {
    (void)state;
    assert_int_equal(mkdir(in_folder("sub"), 0700), 0);
    assert_int_equal(symlink("sub", in_folder("link")), 0);
    assert_int_equal(symlink("none", in_folder("dangling")), 0);
    put_file("file", 0600);
    assert_int_equal(open_folder(dir, "sub"), 0);
    assert_int_equal(open_folder(-1, in_folder("sub")), 0);
    assert_int_equal(open_folder(-1, in_folder("link/.")), 0); /* only the last part counts */
    assert_int_equal(open_folder(dir, "link"), BERTH_E_DENIED);
    assert_int_equal(open_folder(dir, "dangling"), BERTH_E_DENIED);
    assert_int_equal(open_folder(dir, "file"), BERTH_E_INVALID);
    assert_int_equal(open_folder(dir, "none"), BERTH_E_NOT_FOUND);
    static const mode_t open_to_others[] = {0701, 0710, 0770, 0777, 01777};
    for (size_t i = 0; i < sizeof open_to_others / sizeof open_to_others[0]; i++) {
        assert_int_equal(chmod(in_folder("sub"), open_to_others[i]), 0);
        assert_int_equal(open_folder(dir, "sub"), BERTH_E_DENIED);
    }
}

static int open_roots(void *argument) {
    (void)argument;
    fixture_become_ordinary();
    FIXTURE_NEED(open_folder(-1, "/") == BERTH_E_DENIED);
    return -open_folder(-1, "/etc");
}

static void a_folder_of_another_user(void **state) {
    (void)state;
    assert_int_equal(fixture_run(open_roots, NULL), -BERTH_E_DENIED);
}

static int stop_at_second(void *owner, const char *name) {
    (void)name;
    return ++*(unsigned *)owner == 2 ? BERTH_E_FULL : 0;
}

static void a_walk(void **state) {
    (void)state;
    unsigned seen = 0;
    assert_int_equal(count_files(), 0);
    put_file("a", 0600);
    put_file("b", 0600);
    put_file("c", 0600);
    assert_int_equal(count_files(), 3);
    assert_int_equal(count_files(), 3); /* each walk begins at the start */
    assert_int_equal(berth_sys_private_dir_walk(dir, stop_at_second, &seen), BERTH_E_FULL);
    assert_int_equal(seen, 2);
}

/* -- Files ------------------------------------------------------------------------------------- */

static int open_as(const char *name, enum berth_sys_private_use use) {
    struct berth_sys_file file;
    int error = berth_sys_private_open(dir, name, use, &file);
    if (error == 0)
        berth_sys_file_close(&file);
    return error;
}

static void put_socket(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", folder, name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FIXTURE_NEED(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
    close(fd);
}

static void files_of_this_user_alone(void **state) {
    (void)state;
    put_file("file", 0600);
    put_file("open", 0640);
    put_file("hard", 0400);
    put_socket("socket");
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    assert_int_equal(mkdir(in_folder("folder"), 0700), 0);
    assert_int_equal(symlink("file", in_folder("link")), 0);
    static const struct {
        const char *name;
        int error;
    } cases[] = {
        {"file", 0},
        {"open", BERTH_E_DENIED},
        {"link", BERTH_E_DENIED},
        {"fifo", BERTH_E_INVALID},
        {"folder", BERTH_E_INVALID},
        {"socket", BERTH_E_INVALID},
        {"none", BERTH_E_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(open_as(cases[i].name, BERTH_SYS_PRIVATE_READ), cases[i].error);
        assert_int_equal(open_as(cases[i].name, BERTH_SYS_PRIVATE_LOCK), cases[i].error);
    }
    assert_int_equal(open_as("hard", BERTH_SYS_PRIVATE_READ), 0);

    struct berth_sys_file file;
    assert_int_equal(berth_sys_private_open(dir, "file", BERTH_SYS_PRIVATE_READ, &file), 0);
    assert_int_equal(file.size, 4);
    assert_false(file.is_folder);
    assert_int_equal(fcntl((int)file.handle, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    berth_sys_file_close(&file);
}

static void where_a_name_leads(void **state) {
    (void)state;
    struct berth_sys_file file;
    bool leads = false;
    put_file("file", 0600);
    assert_int_equal(berth_sys_private_open(dir, "file", BERTH_SYS_PRIVATE_READ, &file), 0);
    assert_int_equal(berth_sys_private_leads_to(dir, "file", file.handle, &leads), 0);
    assert_true(leads);
    assert_int_equal(rename(in_folder("file"), in_folder("moved")), 0);
    assert_int_equal(symlink("moved", in_folder("file")), 0);
    assert_int_equal(berth_sys_private_leads_to(dir, "file", file.handle, &leads), 0);
    assert_false(leads);
    assert_int_equal(berth_sys_private_remove(dir, "file"), 0);
    assert_int_equal(berth_sys_private_remove(dir, "file"), BERTH_E_NOT_FOUND);
    assert_int_equal(berth_sys_private_leads_to(dir, "file", file.handle, &leads),
                     BERTH_E_NOT_FOUND);
    berth_sys_file_close(&file);
}

static void only_the_dead_are_removed(void **state) {
    (void)state;
    struct berth_sys_file file;
    put_file("file", 0600);
    assert_int_equal(berth_sys_private_open(dir, "file", BERTH_SYS_PRIVATE_LOCK, &file), 0);
    assert_int_equal(berth_sys_lock_take(file.handle, BERTH_SYS_LOCK_LIFE, 0), 0);
    assert_int_equal(berth_sys_private_remove_dead(dir, "file"), 0);
    assert_true(exists("file"));

    berth_sys_lock_drop(file.handle, BERTH_SYS_LOCK_LIFE);
    assert_int_equal(berth_sys_lock_take(file.handle, BERTH_SYS_LOCK_NAME, 0), 0);
    assert_int_equal(berth_sys_private_remove_dead(dir, "file"), BERTH_E_BUSY);
    assert_true(exists("file"));
    berth_sys_file_close(&file);

    assert_int_equal(berth_sys_private_remove_dead(dir, "file"), 0);
    assert_false(exists("file"));
    assert_int_equal(berth_sys_private_remove_dead(dir, "file"), BERTH_E_NOT_FOUND);
}

/* Until a signal comes. */
static int remove_all_the_time(void *argument) {
    (void)argument;
    for (;;)
        (void)berth_sys_private_remove_dead(dir, "file");
    return 0;
}

/* Puts a living file where a dead one stands, by the rule: with the NAME lock of the dead one.
 * False when a sweeper was faster. */
static bool put_living_over_dead(struct berth_sys_draft *draft) {
    struct berth_sys_file dead;
    bool leads = false;
    if (berth_sys_private_open(dir, "file", BERTH_SYS_PRIVATE_LOCK, &dead) < 0)
        return false;
    FIXTURE_NEED(berth_sys_lock_take(dead.handle, BERTH_SYS_LOCK_NAME, 10000) == 0);
    if (berth_sys_private_leads_to(dir, "file", dead.handle, &leads) == 0 && leads)
        FIXTURE_NEED(berth_sys_draft_put_over(dir, draft, "file") == 0);
    berth_sys_file_close(&dead);
    return leads;
}

/* Sweepers that have opened the dead file find a living one under its name when they have its lock.
 */
static void a_living_successor_stays(void **state) {
    (void)state;
    pid_t sweepers[2];
    unsigned successors = 0;
    for (size_t i = 0; i < 2; i++)
        sweepers[i] = fixture_fork(remove_all_the_time, NULL);
    for (int round = 0; round < 400; round++) {
        struct berth_sys_draft living;
        bool leads = false;
        assert_int_equal(berth_sys_draft_make(dir, BERTH_VIEW("living"), &living), 0);
        put_file("dead", 0600);
        assert_int_equal(rename(in_folder("dead"), in_folder("file")), 0);
        if (!put_living_over_dead(&living)) {
            berth_sys_draft_drop(dir, &living);
            continue;
        }
        successors++;
        for (int i = 0; i < 20; i++) {
            assert_int_equal(berth_sys_private_leads_to(dir, "file", living.handle, &leads), 0);
            assert_true(leads);
        }
        assert_int_equal(berth_sys_private_remove(dir, "file"), 0);
        close((int)living.handle);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(kill(sweepers[i], SIGKILL), 0);
        assert_int_equal(fixture_wait(sweepers[i]), -1);
    }
    assert_true(successors > 0);
}

/* -- Drafts ------------------------------------------------------------------------------------ */

static bool is_held(const char *name) {
    struct berth_sys_file file;
    bool held = false;
    FIXTURE_NEED(berth_sys_private_open(dir, name, BERTH_SYS_PRIVATE_READ, &file) == 0);
    FIXTURE_NEED(berth_sys_lock_ask(file.handle, BERTH_SYS_LOCK_LIFE, &held) == 0);
    berth_sys_file_close(&file);
    return held;
}

static void held_before_it_has_its_name(void **state) {
    (void)state;
    struct berth_sys_draft first;
    struct berth_sys_draft second;
    assert_int_equal(berth_sys_draft_make(dir, BERTH_VIEW("first"), &first), 0);
    assert_true(is_held(first.name));
    assert_int_equal(fcntl((int)first.handle, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(berth_sys_draft_put(dir, &first, "name"), 0);
    assert_true(is_held("name"));
    assert_int_equal(count_files(), 1);

    assert_int_equal(berth_sys_draft_make(dir, BERTH_VIEW("second"), &second), 0);
    assert_int_equal(berth_sys_draft_put(dir, &second, "name"), BERTH_E_EXISTS);
    assert_int_equal(berth_sys_draft_put_over(dir, &second, "name"), 0);
    assert_true(is_held("name"));
    assert_int_equal(count_files(), 1);
    close((int)first.handle);
    assert_true(is_held("name"));
    close((int)second.handle);
    assert_false(is_held("name"));
}

static void dropped(void **state) {
    (void)state;
    struct berth_sys_draft draft;
    assert_int_equal(berth_sys_draft_make(dir, BERTH_VIEW("x"), &draft), 0);
    berth_sys_draft_drop(dir, &draft);
    berth_sys_draft_drop(dir, &draft);
    assert_int_equal(count_files(), 0);
}

/* What a starter sees that was swept between its open and its lock. */
static void a_draft_that_was_swept(void **state) {
    (void)state;
    struct berth_sys_draft draft;
    assert_int_equal(berth_sys_draft_make(dir, BERTH_VIEW("x"), &draft), 0);
    assert_int_equal(unlink(in_folder(draft.name)), 0);
    assert_int_equal(berth_sys_draft_put(dir, &draft, "name"), BERTH_E_NOT_FOUND);
    assert_int_equal(berth_sys_draft_put_over(dir, &draft, "name"), BERTH_E_NOT_FOUND);
    berth_sys_draft_drop(dir, &draft);
    assert_int_equal(count_files(), 0);
}

static int make_and_die(void *argument) {
    struct berth_sys_draft *draft = argument;
    return berth_sys_draft_make(dir, BERTH_VIEW("x"), draft) == 0 ? 0 : 1;
}

static void abandoned_drafts_go(void **state) {
    (void)state;
    struct berth_sys_draft mine;
    struct berth_sys_draft theirs;
    static const char *const others[] = {
        ".berth-0123456789abcdef.tmp", ".draft-0123456789abcde.tmp", ".draft-0123456789abcdef.tmpx",
        "notes", ".draft-0123456789abcdeg.tmp"};
    assert_int_equal(fixture_run(make_and_die, &theirs), 0);
    assert_int_equal(berth_sys_draft_make(dir, BERTH_VIEW("x"), &mine), 0);
    for (size_t i = 0; i < 5; i++)
        put_file(others[i], 0600);
    assert_int_equal(count_files(), 7);
    berth_sys_private_sweep(dir);
    assert_int_equal(count_files(), 6);
    assert_true(exists(mine.name));
    berth_sys_draft_drop(dir, &mine);
    assert_int_equal(count_files(), 5);
}

static void created_once(void **state) {
    (void)state;
    assert_int_equal(berth_sys_private_create(dir, "key", BERTH_VIEW("first")), 0);
    assert_int_equal(berth_sys_private_create(dir, "key", BERTH_VIEW("second")), BERTH_E_EXISTS);
    assert_false(is_held("key"));
    assert_int_equal(count_files(), 1);
    struct berth_buf text = berth_buf_make(16);
    assert_int_equal(berth_sys_file_read(in_folder("key"), &text), 0);
    assert_true(berth_view_equal(berth_buf_view(&text), BERTH_VIEW("first")));
    berth_buf_free(&text);

    assert_int_equal(symlink("elsewhere", in_folder("link")), 0);
    assert_int_equal(berth_sys_private_create(dir, "link", BERTH_VIEW("x")), BERTH_E_EXISTS);
    assert_false(exists("elsewhere"));
    assert_int_equal(count_files(), 2);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(folders_of_this_user_alone),
        WITH_FOLDER(a_folder_of_another_user),
        WITH_FOLDER(a_walk),
        WITH_FOLDER(files_of_this_user_alone),
        WITH_FOLDER(where_a_name_leads),
        WITH_FOLDER(only_the_dead_are_removed),
        WITH_FOLDER(a_living_successor_stays),
        WITH_FOLDER(held_before_it_has_its_name),
        WITH_FOLDER(dropped),
        WITH_FOLDER(a_draft_that_was_swept),
        WITH_FOLDER(abandoned_drafts_go),
        WITH_FOLDER(created_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
