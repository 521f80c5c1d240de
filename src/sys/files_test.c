#include "sys/files.h"

#include "berth/error.h"
#include "sys/clock.h"
#include "sys/fixture.h"
#include "sys/linux/beneath.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

static char folder[32];

static int make_folder(void **state) {
    (void)state;
    fixture_folder_make(folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    fixture_folder_remove(folder);
    return 0;
}

/* A path within the test's folder; valid until the fourth call after this. */
static const char *in_folder(const char *name) {
    static char paths[4][600];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text) {
    assert_int_equal(berth_sys_file_replace(in_folder(name), berth_view_of(text), 0644), 0);
}

static void holds(const char *name, const char *expected) {
    struct berth_buf buf = berth_buf_make(1000000);
    assert_int_equal(berth_sys_file_read(in_folder(name), &buf), 0);
    assert_true(berth_view_equal(berth_buf_view(&buf), berth_view_of(expected)));
    berth_buf_free(&buf);
}

static size_t entries(void) {
    size_t count = 0;
    DIR *dir = opendir(folder);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2; /* "." and ".." */
}

/* -- Reading and replacing --------------------------------------------------------------------- */

static void read_whole_or_not_at_all(void **state) {
    (void)state;
    put("text", "twelve bytes");
    struct berth_buf buf = berth_buf_make(16);
    assert_int_equal(berth_buf_append(&buf, "abcd", 4), 0);
    assert_int_equal(berth_sys_file_read(in_folder("text"), &buf), 0);
    assert_true(berth_view_equal(berth_buf_view(&buf), BERTH_VIEW("abcdtwelve bytes")));
    berth_buf_consume(&buf, 1);
    assert_int_equal(berth_sys_file_read(in_folder("text"), &buf), BERTH_E_FULL);
    assert_true(berth_view_equal(berth_buf_view(&buf), BERTH_VIEW("bcdtwelve bytes")));
    assert_int_equal(berth_sys_file_read(in_folder("none"), &buf), BERTH_E_NOT_FOUND);
    assert_int_equal(berth_sys_file_read(folder, &buf), BERTH_E_INVALID);
    berth_buf_free(&buf);
}

static void a_fifo_does_not_hold_us_up(void **state) {
    (void)state;
    struct berth_buf buf = berth_buf_make(16);
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    assert_int_equal(berth_sys_file_read(in_folder("fifo"), &buf), 0);
    assert_int_equal(buf.size, 0);
}

static void replaced_in_one_step(void **state) {
    (void)state;
    size_t before = entries();
    mode_t mask = umask(077);
    put("file", "old");
    put("file", "new");
    umask(mask);
    holds("file", "new");
    struct stat status;
    assert_int_equal(stat(in_folder("file"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0644);
    assert_int_equal(entries(), before + 1);

    put("file", "");
    holds("file", "");
    assert_int_equal(berth_sys_file_remove(in_folder("file")), 0);
    assert_int_equal(berth_sys_file_remove(in_folder("file")), BERTH_E_NOT_FOUND);
}

/* A link that somebody has put in our way leads nowhere. */
static void a_symlink_is_replaced_not_followed(void **state) {
    (void)state;
    put("victim", "precious");
    assert_int_equal(symlink("victim", in_folder("link")), 0);
    put("link", "ours");
    holds("victim", "precious");
    holds("link", "ours");
}

static int write_too_much(void *argument) {
    (void)argument;
    struct rlimit small = {100, 100};
    FIXTURE_NEED(setrlimit(RLIMIT_FSIZE, &small) == 0 && signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    char large[1000];
    memset(large, 'x', sizeof large);
    return berth_sys_file_replace(in_folder("kept"), berth_view_bytes(large, sizeof large), 0644) <
                   0
               ? 0
               : 1;
}

static void a_failure_leaves_the_old_file_and_no_other(void **state) {
    (void)state;
    put("kept", "old");
    size_t before = entries();
    assert_int_equal(fixture_run(write_too_much, NULL), 0);
    holds("kept", "old");
    assert_int_equal(mkdir(in_folder("busy"), 0700), 0);
    assert_true(berth_sys_file_replace(in_folder("busy"), BERTH_VIEW("x"), 0644) < 0);
    assert_int_equal(entries(), before + 1);
    assert_int_equal(berth_sys_file_replace(in_folder("no/file"), BERTH_VIEW("x"), 0644),
                     BERTH_E_NOT_FOUND);
    assert_int_equal(berth_sys_file_replace(in_folder(""), BERTH_VIEW("x"), 0644), BERTH_E_INVALID);
}

static int replace_in_forbidden_folder(void *argument) {
    fixture_become_ordinary();
    return -berth_sys_file_replace(argument, BERTH_VIEW("x"), 0644);
}

static void a_folder_that_is_not_ours(void **state) {
    (void)state;
    char path[] = "/etc/berth-test-file";
    assert_int_equal(fixture_run(replace_in_forbidden_folder, path), -BERTH_E_DENIED);
}

/* -- Folders ----------------------------------------------------------------------------------- */

static void a_private_folder(void **state) {
    (void)state;
    struct stat status;
    assert_int_equal(berth_sys_dir_make_private(in_folder("a/b/c")), 0);
    assert_int_equal(berth_sys_dir_make_private(in_folder("a/b/c")), 0);
    assert_int_equal(stat(in_folder("a/b/c"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);

    assert_int_equal(chmod(in_folder("a/b/c"), 0750), 0);
    assert_int_equal(berth_sys_dir_make_private(in_folder("a/b/c")), BERTH_E_DENIED);
    assert_int_equal(symlink("a/b", in_folder("a-link")), 0);
    assert_int_equal(berth_sys_dir_make_private(in_folder("a-link")), BERTH_E_DENIED);
    put("plain", "");
    assert_int_equal(berth_sys_dir_make_private(in_folder("plain")), BERTH_E_INVALID);
    assert_int_equal(berth_sys_dir_make_private(in_folder("plain/x")), BERTH_E_NOT_FOUND);
    assert_int_equal(berth_sys_dir_make_private(""), BERTH_E_INVALID);
}

static int make_folder_of_another(void *path) {
    fixture_become_ordinary();
    return -berth_sys_dir_make_private(path);
}

static void a_folder_of_another_user(void **state) {
    (void)state;
    char roots[] = "/root";
    assert_int_equal(fixture_run(make_folder_of_another, roots), -BERTH_E_DENIED);
}

static int lock_and_leave(void *argument) {
    (void)argument;
    intptr_t lock;
    FIXTURE_NEED(berth_sys_dir_lock(folder, 5000, &lock) == 0);
    return 0; /* the end of the process is the end of its lock */
}

static void one_at_a_time(void **state) {
    (void)state;
    size_t before = entries();
    intptr_t lock;
    intptr_t second;
    assert_int_equal(berth_sys_dir_lock(folder, 0, &lock), 0);
    uint64_t start = berth_sys_clock_monotonic_ns();
    assert_int_equal(berth_sys_dir_lock(folder, 50, &second), BERTH_E_BUSY);
    uint64_t waited_ms = (berth_sys_clock_monotonic_ns() - start) / 1000000;
    assert_true(waited_ms >= 50);

    pid_t child = fixture_fork(lock_and_leave, NULL);
    berth_sys_dir_unlock(lock);
    assert_int_equal(fixture_wait(child), 0);
    assert_int_equal(berth_sys_dir_lock(folder, 1000, &lock), 0);
    berth_sys_dir_unlock(lock);
    berth_sys_dir_unlock(-1);
    assert_int_equal(entries(), before);
    assert_int_equal(berth_sys_dir_lock(in_folder("none"), 0, &lock), BERTH_E_NOT_FOUND);
}

/* -- Beneath a root ---------------------------------------------------------------------------- */

static int make_site(void **state) {
    make_folder(state);
    FIXTURE_NEED(mkdir(in_folder("site"), 0755) == 0 && mkdir(in_folder("site/css"), 0755) == 0);
    put("secret", "secret");
    put("site/index.html", "<p>hello");
    put("site/css/a.css", "p {}");
    FIXTURE_NEED(symlink("../secret", in_folder("site/out")) == 0);
    FIXTURE_NEED(symlink("..", in_folder("site/up")) == 0);
    FIXTURE_NEED(symlink(in_folder("secret"), in_folder("site/absolute")) == 0);
    FIXTURE_NEED(symlink("index.html", in_folder("site/inside")) == 0);
    FIXTURE_NEED(mkfifo(in_folder("site/fifo"), 0600) == 0);
    return 0;
}

static void a_file_and_its_facts(void **state) {
    (void)state;
    intptr_t dir;
    struct berth_sys_file file;
    assert_int_equal(berth_sys_dir_open(in_folder("site"), &dir), 0);
    assert_int_equal(berth_sys_file_open_beneath(dir, "index.html", &file), 0);
    assert_int_equal(file.size, 8);
    assert_false(file.is_folder);
    assert_true((uint64_t)file.modified_s + 100 > berth_sys_clock_unix_s());

    char bytes[16];
    size_t size;
    assert_int_equal(berth_sys_file_read_at(&file, 3, bytes, sizeof bytes, &size), 0);
    assert_int_equal(size, 5);
    assert_memory_equal(bytes, "hello", 5);
    assert_int_equal(berth_sys_file_read_at(&file, 100, bytes, sizeof bytes, &size), 0);
    assert_int_equal(size, 0);
    berth_sys_file_close(&file);
    berth_sys_file_close(&file);

    assert_int_equal(berth_sys_file_open_beneath(dir, "", &file), 0);
    assert_true(file.is_folder);
    berth_sys_file_close(&file);
    assert_int_equal(berth_sys_file_open_beneath(dir, "css/", &file), 0);
    assert_true(file.is_folder);
    assert_int_equal(file.size, 0);
    berth_sys_file_close(&file);
    assert_int_equal(berth_sys_file_open_beneath(dir, "fifo", &file), BERTH_E_INVALID);
    assert_int_equal(berth_sys_file_open_beneath(dir, "out", &file), BERTH_E_DENIED);
    berth_sys_dir_close(dir);
    berth_sys_dir_close(-1);
}

/* Both ways have to answer alike, but for links and ".." that stay inside. */
static void nothing_leads_out(void **state) {
    (void)state;
    static const struct {
        const char *path;
        int by_kernel; /* 0 stands for a descriptor */
        int by_parts;
    } cases[] = {
        {"index.html", 0, 0},
        {"css/a.css", 0, 0},
        {"css//./a.css", 0, 0},
        {".", 0, 0},
        {"css/", 0, 0},
        {"out", BERTH_E_DENIED, BERTH_E_DENIED},
        {"up/secret", BERTH_E_DENIED, BERTH_E_DENIED},
        {"up", BERTH_E_DENIED, BERTH_E_DENIED},
        {"absolute", BERTH_E_DENIED, BERTH_E_DENIED},
        {"../secret", BERTH_E_DENIED, BERTH_E_DENIED},
        {"css/../../secret", BERTH_E_DENIED, BERTH_E_DENIED},
        {"..", BERTH_E_DENIED, BERTH_E_DENIED},
        {"/etc/passwd", BERTH_E_DENIED, BERTH_E_DENIED},
        {"none", BERTH_E_NOT_FOUND, BERTH_E_NOT_FOUND},
        {"index.html/x", BERTH_E_NOT_FOUND, BERTH_E_NOT_FOUND},
        {"index.html/", BERTH_E_NOT_FOUND, BERTH_E_NOT_FOUND},
        {"inside", 0, BERTH_E_DENIED},
        {"css/../index.html", 0, BERTH_E_DENIED},
    };
    intptr_t dir;
    bool aliased;
    assert_int_equal(berth_sys_dir_open(in_folder("site"), &dir), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int kernel = berth_sys_beneath_by_kernel((int)dir, cases[i].path, &aliased);
        int parts = berth_sys_beneath_by_parts((int)dir, cases[i].path);
        if ((kernel < 0 ? kernel : 0) != cases[i].by_kernel ||
            (parts < 0 ? parts : 0) != cases[i].by_parts)
            fail_msg("%s: %d and %d", cases[i].path, kernel, parts);
        assert_int_equal(kernel >= 0 && aliased, strcmp(cases[i].path, "inside") == 0);
        if (kernel >= 0)
            close(kernel);
        if (parts >= 0)
            close(parts);
    }
    char long_name[400];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    assert_int_equal(berth_sys_beneath_by_kernel((int)dir, long_name, &aliased), BERTH_E_INVALID);
    assert_int_equal(berth_sys_beneath_by_parts((int)dir, long_name), BERTH_E_INVALID);
    berth_sys_dir_close(dir);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
#define WITH_SITE(test) cmocka_unit_test_setup_teardown(test, make_site, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(read_whole_or_not_at_all),
        WITH_FOLDER(a_fifo_does_not_hold_us_up),
        WITH_FOLDER(replaced_in_one_step),
        WITH_FOLDER(a_symlink_is_replaced_not_followed),
        WITH_FOLDER(a_failure_leaves_the_old_file_and_no_other),
        cmocka_unit_test(a_folder_that_is_not_ours),
        WITH_FOLDER(a_private_folder),
        cmocka_unit_test(a_folder_of_another_user),
        WITH_FOLDER(one_at_a_time),
        WITH_SITE(a_file_and_its_facts),
        WITH_SITE(nothing_leads_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
