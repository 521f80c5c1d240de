#include "port/instance.h"

#include "berth/error.h"
#include "sys/fixture.h"
#include "sys/private.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

#define STARTERS 20

static char folder[32];
static char state_dir[64];

static int make_folder(void **state) {
    (void)state;
    fixture_folder_make(folder);
    snprintf(state_dir, sizeof state_dir, "%s/state", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    fixture_folder_remove(folder);
    return 0;
}

/* A path within the app's folder; valid until the fourth call after this. */
static const char *in_app(const char *name) {
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/app/%s", state_dir, name);
    return path;
}

static int take(intptr_t *ret_lock) { return berth_instance_lock(state_dir, "app", ret_lock); }

static bool is_ours(intptr_t lock) { return berth_instance_lock_is_ours(state_dir, "app", lock); }

static int try_lock(void *argument) {
    (void)argument;
    intptr_t lock;
    return -take(&lock);
}

/* What a second start would be told. */
static int second_start(void) { return -fixture_run(try_lock, NULL); }

static unsigned mode_of(const char *path) {
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    return status.st_mode & 07777;
}

static void put_file(const char *path, const void *content, size_t size, mode_t mode) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FIXTURE_NEED(fd >= 0 && write(fd, content, size) == (ssize_t)size);
    FIXTURE_NEED(fchmod(fd, mode) == 0 && close(fd) == 0);
}

static unsigned count_files(void) {
    unsigned count = 0;
    DIR *dir = opendir(in_app(""));
    FIXTURE_NEED(dir != NULL);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2; /* "." and ".." */
}

/* -- The lock ---------------------------------------------------------------------------------- */

static void one_at_a_time(void **state) {
    (void)state;
    intptr_t lock;
    intptr_t other;
    mode_t mask = umask(0);
    assert_int_equal(take(&lock), 0);
    umask(mask);
    assert_int_equal(mode_of(in_app("")), 0700);
    assert_int_equal(mode_of(in_app("lock")), 0600);
    assert_int_equal(count_files(), 1);
    assert_true(is_ours(lock));
    assert_int_equal(take(&other), BERTH_E_BUSY);
    assert_int_equal(second_start(), BERTH_E_BUSY);
    assert_true(is_ours(lock));

    /* Another app in the same state folder is another matter. */
    assert_int_equal(berth_instance_lock(state_dir, "other", &other), 0);
    berth_instance_unlock(other);

    berth_instance_unlock(lock);
    assert_int_equal(count_files(), 1);
    assert_int_equal(second_start(), 0);
    assert_int_equal(take(&lock), 0);
    berth_instance_unlock(lock);
    berth_instance_unlock(-1);
}

static int lock_until_killed(void *gate) {
    intptr_t lock;
    FIXTURE_NEED(take(&lock) == 0);
    fixture_gate_open(gate);
    while (pause() < 0)
        continue;
    return 0;
}

static void free_at_once_after_a_kill(void **state) {
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct fixture_gate gate = fixture_gate_make();
        intptr_t lock;
        pid_t owner = fixture_fork(lock_until_killed, &gate);
        fixture_gate_wait(&gate);
        assert_int_equal(take(&lock), BERTH_E_BUSY);
        assert_int_equal(kill(owner, SIGKILL), 0);
        assert_int_equal(fixture_wait(owner), -1);
        assert_int_equal(take(&lock), 0);
        berth_instance_unlock(lock);
    }
}

static void the_same_folder_by_another_name(void **state) {
    (void)state;
    char alias[64];
    char roundabout[96];
    intptr_t lock;
    intptr_t other;
    snprintf(alias, sizeof alias, "%s/alias", folder);
    snprintf(roundabout, sizeof roundabout, "%s/../state/.//", state_dir);
    assert_int_equal(symlink("state", alias), 0);
    assert_int_equal(take(&lock), 0);
    assert_int_equal(berth_instance_lock(alias, "app", &other), BERTH_E_BUSY);
    assert_int_equal(berth_instance_lock(roundabout, "app", &other), BERTH_E_BUSY);
    assert_true(berth_instance_lock_is_ours(alias, "app", lock));
    berth_instance_unlock(lock);
    assert_int_equal(berth_instance_lock(alias, "app", &lock), 0);
    assert_int_equal(second_start(), BERTH_E_BUSY);
    berth_instance_unlock(lock);
}

struct parenthood {
    int pids[2];
    int running[2];
};

static int start_a_child_with_the_lock(void *argument) {
    const struct parenthood *parenthood = argument;
    intptr_t lock;
    FIXTURE_NEED(take(&lock) == 0);
    pid_t child = fork();
    FIXTURE_NEED(child >= 0);
    if (child == 0) {
        FIXTURE_NEED(dup2(parenthood->running[1], STDOUT_FILENO) >= 0);
        execlp("sh", "sh", "-c", "echo; exec sleep 20", (char *)NULL);
        _exit(99);
    }
    FIXTURE_NEED(write(parenthood->pids[1], &child, sizeof child) == sizeof child);
    return 0;
}

static void a_child_that_was_started_does_not_hold_it(void **state) {
    (void)state;
    struct parenthood parenthood;
    pid_t child = -1;
    char byte;
    intptr_t lock;
    assert_int_equal(pipe(parenthood.pids), 0);
    assert_int_equal(pipe(parenthood.running), 0);
    assert_int_equal(fixture_run(start_a_child_with_the_lock, &parenthood), 0);
    assert_int_equal(read(parenthood.pids[0], &child, sizeof child), sizeof child);
    assert_int_equal(read(parenthood.running[0], &byte, 1), 1);
    assert_int_equal(take(&lock), 0);
    assert_int_equal(kill(child, 0), 0);
    assert_int_equal(kill(child, SIGKILL), 0);
    berth_instance_unlock(lock);
    for (size_t i = 0; i < 2; i++) {
        close(parenthood.pids[i]);
        close(parenthood.running[i]);
    }
}

static void the_folder_was_replaced(void **state) {
    (void)state;
    char aside[80];
    intptr_t old;
    intptr_t new;
    snprintf(aside, sizeof aside, "%s-old", state_dir);
    assert_int_equal(take(&old), 0);
    assert_int_equal(rename(state_dir, aside), 0);
    assert_false(is_ours(old));
    assert_int_equal(take(&new), 0);
    assert_false(is_ours(old));
    assert_true(is_ours(new));
    assert_int_equal(unlink(in_app("lock")), 0);
    assert_false(is_ours(new));
    berth_instance_unlock(old);
    berth_instance_unlock(new);
    assert_false(is_ours(-1));
}

/* Until a signal comes: takes the lock, looks whether it counts, gives it up. */
static int take_all_the_time(void *argument) {
    (void)argument;
    for (;;) {
        intptr_t lock;
        int error = take(&lock);
        if (error == 0 && !is_ours(lock))
            return 1;
        if (error == 0)
            berth_instance_unlock(lock);
        else if (error != BERTH_E_BUSY && error != BERTH_E_NOT_FOUND)
            return 2;
    }
}

/* The owner removes the file and lets go. Who had that file open by then gets its lock, which keeps
 * nobody out, and has to notice. */
static void a_lock_on_a_removed_file_does_not_count(void **state) {
    (void)state;
    pid_t takers[3];
    for (size_t i = 0; i < 3; i++)
        takers[i] = fixture_fork(take_all_the_time, NULL);
    for (int removed = 0; removed < 150;) {
        intptr_t lock;
        int error = take(&lock);
        assert_true(error == 0 || error == BERTH_E_BUSY || error == BERTH_E_NOT_FOUND);
        if (error < 0)
            continue;
        assert_int_equal(unlink(in_app("lock")), 0);
        berth_instance_unlock(lock);
        removed++;
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(kill(takers[i], SIGKILL), 0);
        assert_int_equal(fixture_wait(takers[i]), -1);
    }
}

struct starting {
    struct fixture_gate gate;
    struct fixture_gate done;
    int answers[2];
};

static int start_with_lock(void *argument) {
    struct starting *starting = argument;
    intptr_t lock = -1;
    fixture_gate_wait(&starting->gate);
    int error = take(&lock);
    FIXTURE_NEED(write(starting->answers[1], &error, sizeof error) == sizeof error);
    fixture_gate_wait(&starting->done);
    return 0;
}

static void twenty_starters_one_lock(void **state) {
    (void)state;
    for (int round = 0; round < 10; round++) {
        struct starting starting = {.gate = fixture_gate_make(), .done = fixture_gate_make()};
        pid_t pids[STARTERS];
        int winners = 0;
        assert_int_equal(pipe(starting.answers), 0);
        for (size_t i = 0; i < STARTERS; i++)
            pids[i] = fixture_fork(start_with_lock, &starting);
        fixture_gate_open(&starting.gate);
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
        assert_int_equal(count_files(), 1);
        close(starting.answers[0]);
        close(starting.answers[1]);
        fixture_folder_remove(state_dir);
    }
}

/* -- What may stand in the lock's place -------------------------------------------------------- */

static void make_app_folder(void) {
    intptr_t lock;
    assert_int_equal(take(&lock), 0);
    berth_instance_unlock(lock);
    assert_int_equal(unlink(in_app("lock")), 0);
}

static void no_lock_is_taken_on_it(void **state) {
    (void)state;
    intptr_t lock;
    make_app_folder();
    put_file(in_app("public"), "", 0, 0666);
    assert_int_equal(symlink("public", in_app("lock")), 0);
    assert_int_equal(take(&lock), BERTH_E_DENIED);
    assert_int_equal(rename(in_app("public"), in_app("lock")), 0);
    assert_int_equal(take(&lock), BERTH_E_DENIED);
    assert_int_equal(unlink(in_app("lock")), 0);
    assert_int_equal(mkfifo(in_app("lock"), 0600), 0);
    assert_int_equal(take(&lock), BERTH_E_INVALID);
    assert_int_equal(unlink(in_app("lock")), 0);
    assert_int_equal(mkdir(in_app("lock"), 0700), 0);
    assert_int_equal(take(&lock), BERTH_E_INVALID);
}

static void folders_that_are_not_ours_alone(void **state) {
    (void)state;
    struct berth_identity identity;
    intptr_t lock;
    make_app_folder();
    assert_int_equal(chmod(in_app(""), 0777), 0);
    assert_int_equal(take(&lock), BERTH_E_DENIED);
    assert_int_equal(berth_instance_identity(state_dir, "app", &identity), BERTH_E_DENIED);
    assert_int_equal(count_files(), 0);
    assert_int_equal(chmod(in_app(""), 0700), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(in_app(""), FIXTURE_NOBODY, FIXTURE_NOBODY), 0);
        assert_int_equal(take(&lock), BERTH_E_DENIED);
        assert_int_equal(berth_instance_identity(state_dir, "app", &identity), BERTH_E_DENIED);
        assert_int_equal(count_files(), 0);
    }
    char link[80];
    snprintf(link, sizeof link, "%s/link", state_dir);
    assert_int_equal(symlink("app", link), 0);
    assert_int_equal(berth_instance_lock(state_dir, "link", &lock), BERTH_E_DENIED);
    assert_int_equal(berth_instance_identity(state_dir, "link", &identity), BERTH_E_DENIED);
}

static void names_stay_in_their_folder(void **state) {
    (void)state;
    static const char *const bad[] = {"", ".", "..", "../x", "a/b", "/etc", ".a", "A"};
    struct berth_identity identity;
    intptr_t lock;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(berth_instance_lock(state_dir, bad[i], &lock), BERTH_E_INVALID);
        assert_int_equal(berth_instance_identity(state_dir, bad[i], &identity), BERTH_E_INVALID);
        assert_false(berth_instance_lock_is_ours(state_dir, bad[i], 0));
    }
    assert_int_equal(access(state_dir, F_OK), -1);
}

/* -- The identity ------------------------------------------------------------------------------ */

static int read_identity(struct berth_identity *ret_identity) {
    return berth_instance_identity(state_dir, "app", ret_identity);
}

static void made_once_and_kept(void **state) {
    (void)state;
    struct berth_identity first;
    struct berth_identity second;
    struct berth_identity other;
    mode_t mask = umask(0);
    assert_int_equal(read_identity(&first), 0);
    umask(mask);
    assert_int_equal(mode_of(in_app("identity.key")), 0600);
    assert_int_equal(count_files(), 1);
    assert_int_equal(read_identity(&second), 0);
    assert_memory_equal(&first, &second, sizeof first);
    assert_int_equal(berth_instance_identity(state_dir, "other", &other), 0);
    assert_memory_not_equal(first.public_key, other.public_key, sizeof first.public_key);

    /* The file is the seed, and nothing else. */
    struct berth_buf seed = berth_buf_make(64);
    assert_int_equal(berth_sys_file_read(in_app("identity.key"), &seed), 0);
    assert_int_equal(seed.size, BERTH_PROOF_SEED_SIZE);
    berth_identity_make((const uint8_t *)seed.data, &second);
    assert_memory_equal(&first, &second, sizeof first);

    uint8_t public_key[BERTH_PROOF_PUBLIC_KEY_SIZE];
    assert_int_equal(berth_instance_public_key(state_dir, "app", public_key), 0);
    assert_memory_equal(public_key, first.public_key, sizeof public_key);
    assert_int_equal(berth_instance_public_key(state_dir, "none", public_key), BERTH_E_NOT_FOUND);
    berth_buf_free(&seed);
}

static int start_with_identity(void *argument) {
    struct starting *starting = argument;
    struct berth_identity identity;
    fixture_gate_wait(&starting->gate);
    FIXTURE_NEED(read_identity(&identity) == 0);
    FIXTURE_NEED(write(starting->answers[1], &identity, sizeof identity) == sizeof identity);
    return 0;
}

static void twenty_starters_one_key(void **state) {
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct starting starting = {.gate = fixture_gate_make()};
        struct berth_identity first;
        struct berth_identity next;
        pid_t pids[STARTERS];
        assert_int_equal(pipe(starting.answers), 0);
        for (size_t i = 0; i < STARTERS; i++)
            pids[i] = fixture_fork(start_with_identity, &starting);
        fixture_gate_open(&starting.gate);
        for (size_t i = 0; i < STARTERS; i++)
            assert_int_equal(fixture_wait(pids[i]), 0);
        for (size_t i = 0; i < STARTERS; i++) {
            struct berth_identity *into = i == 0 ? &first : &next;
            assert_int_equal(read(starting.answers[0], into, sizeof *into), sizeof *into);
            assert_true(i == 0 || memcmp(&first, &next, sizeof first) == 0);
        }
        assert_int_equal(count_files(), 1);
        close(starting.answers[0]);
        close(starting.answers[1]);
        fixture_folder_remove(state_dir);
    }
}

/* A start that was killed on the way has left its draft; the seed in it is nobody's. */
static int leave_a_draft(void *argument) {
    intptr_t dir;
    struct berth_sys_draft draft;
    FIXTURE_NEED(berth_sys_private_dir_open(-1, argument, &dir) == 0);
    FIXTURE_NEED(berth_sys_draft_make(dir, BERTH_VIEW("half"), &draft) == 0);
    return 0;
}

static void what_a_killed_start_left(void **state) {
    (void)state;
    struct berth_identity identity;
    char app[80];
    make_app_folder();
    snprintf(app, sizeof app, "%s/app", state_dir);
    assert_int_equal(fixture_run(leave_a_draft, app), 0);
    assert_int_equal(count_files(), 1);
    assert_int_equal(read_identity(&identity), 0);
    assert_int_equal(count_files(), 1);
    assert_int_equal(access(in_app("identity.key"), F_OK), 0);
}

/* -- What is no key ---------------------------------------------------------------------------- */

static const char bytes_of_key[BERTH_PROOF_SEED_SIZE + 1] = "0123456789abcdef0123456789abcdef";

static void is_refused_and_left_alone(int expected) {
    struct stat before;
    struct stat after;
    struct berth_identity identity;
    assert_int_equal(lstat(in_app("identity.key"), &before), 0);
    assert_int_equal(read_identity(&identity), expected);
    assert_int_equal(lstat(in_app("identity.key"), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(before.st_size, after.st_size);
    assert_int_equal(before.st_mode, after.st_mode);
    assert_int_equal(remove(in_app("identity.key")), 0);
}

static void a_key_of_a_wrong_size(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, BERTH_PROOF_SEED_SIZE - 1, BERTH_PROOF_SEED_SIZE + 1};
    make_app_folder();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        put_file(in_app("identity.key"), bytes_of_key, sizes[i], 0600);
        is_refused_and_left_alone(BERTH_E_INVALID);
    }
}

static void a_key_that_others_can_read_or_write(void **state) {
    (void)state;
    static const mode_t modes[] = {0640, 0604, 0644, 0620, 0602, 0666, 0610};
    make_app_folder();
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        put_file(in_app("identity.key"), bytes_of_key, BERTH_PROOF_SEED_SIZE, modes[i]);
        is_refused_and_left_alone(BERTH_E_DENIED);
    }
    if (geteuid() == 0) {
        put_file(in_app("identity.key"), bytes_of_key, BERTH_PROOF_SEED_SIZE, 0600);
        assert_int_equal(chown(in_app("identity.key"), FIXTURE_NOBODY, 0), 0);
        is_refused_and_left_alone(BERTH_E_DENIED);
    }
    /* To forbid oneself to write it is one's own business. */
    struct berth_identity identity;
    put_file(in_app("identity.key"), bytes_of_key, BERTH_PROOF_SEED_SIZE, 0400);
    assert_int_equal(read_identity(&identity), 0);
}

static void something_else_in_the_keys_place(void **state) {
    (void)state;
    make_app_folder();
    put_file(in_app("real.key"), bytes_of_key, BERTH_PROOF_SEED_SIZE, 0600);
    assert_int_equal(symlink("real.key", in_app("identity.key")), 0);
    is_refused_and_left_alone(BERTH_E_DENIED);
    assert_int_equal(symlink("missing.key", in_app("identity.key")), 0);
    is_refused_and_left_alone(BERTH_E_DENIED);
    assert_int_equal(access(in_app("missing.key"), F_OK), -1);
    assert_int_equal(mkfifo(in_app("identity.key"), 0600), 0);
    is_refused_and_left_alone(BERTH_E_INVALID);
    assert_int_equal(mkdir(in_app("identity.key"), 0700), 0);
    is_refused_and_left_alone(BERTH_E_INVALID);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(one_at_a_time),
        WITH_FOLDER(free_at_once_after_a_kill),
        WITH_FOLDER(the_same_folder_by_another_name),
        WITH_FOLDER(a_child_that_was_started_does_not_hold_it),
        WITH_FOLDER(the_folder_was_replaced),
        WITH_FOLDER(a_lock_on_a_removed_file_does_not_count),
        WITH_FOLDER(twenty_starters_one_lock),
        WITH_FOLDER(no_lock_is_taken_on_it),
        WITH_FOLDER(folders_that_are_not_ours_alone),
        WITH_FOLDER(names_stay_in_their_folder),
        WITH_FOLDER(made_once_and_kept),
        WITH_FOLDER(twenty_starters_one_key),
        WITH_FOLDER(what_a_killed_start_left),
        WITH_FOLDER(a_key_of_a_wrong_size),
        WITH_FOLDER(a_key_that_others_can_read_or_write),
        WITH_FOLDER(something_else_in_the_keys_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
