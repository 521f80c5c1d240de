/* The service manager's side of the protocol: a datagram socket, in both spaces of names. */
#include "sys/notify.h"

#include "berth/error.h"
#include "sys/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/un.h>

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

/* A manager that listens under this name. */
static int listen_as(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(name);
    FIXTURE_NEED(size < sizeof address.sun_path);
    memcpy(address.sun_path, name, size);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    FIXTURE_NEED(fd >= 0);
    FIXTURE_NEED(bind(fd, (struct sockaddr *)&address,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)) == 0);
    return fd;
}

static void is_heard(const char *name) {
    char text[64];
    int fd = listen_as(name);
    assert_int_equal(berth_sys_notify(name, BERTH_VIEW("READY=1\nSTATUS=Serving")), 0);
    assert_int_equal(berth_sys_notify(name, BERTH_VIEW("STOPPING=1")), 0);
    assert_int_equal(recv(fd, text, sizeof text, MSG_DONTWAIT), 22);
    assert_memory_equal(text, "READY=1\nSTATUS=Serving", 22);
    assert_int_equal(recv(fd, text, sizeof text, MSG_DONTWAIT), 10);
    assert_memory_equal(text, "STOPPING=1", 10);
    close(fd);
}

static void a_path(void **state) {
    (void)state;
    char name[64];
    snprintf(name, sizeof name, "%s/notify", folder);
    is_heard(name);
}

static void a_name_without_a_file(void **state) {
    (void)state;
    char name[64];
    snprintf(name, sizeof name, "@berth-test-%ld", (long)getpid());
    is_heard(name);
}

/* The longest name fits, one byte more does not. */
static void long_names(void **state) {
    (void)state;
    char name[sizeof((struct sockaddr_un *)NULL)->sun_path + 1];
    memset(name, 'x', sizeof name);
    name[0] = '@';
    snprintf(name + 1, 24, "berth-test-%ld", (long)getpid());
    name[strlen(name)] = 'x';
    name[sizeof name - 2] = '\0';
    is_heard(name);
    name[sizeof name - 2] = 'x';
    name[sizeof name - 1] = '\0';
    assert_int_equal(berth_sys_notify(name, BERTH_VIEW("READY=1")), BERTH_E_INVALID);
}

static void nobody_reads(void **state) {
    (void)state;
    char name[64];
    snprintf(name, sizeof name, "%s/nothing", folder);
    assert_int_equal(berth_sys_notify(name, BERTH_VIEW("READY=1")), BERTH_E_NOT_FOUND);
    snprintf(name, sizeof name, "%s/left", folder);
    close(listen_as(name));
    assert_int_equal(berth_sys_notify(name, BERTH_VIEW("READY=1")), BERTH_E_REFUSED);
    assert_int_equal(berth_sys_notify("@berth-test-nobody", BERTH_VIEW("A=1")), BERTH_E_REFUSED);
}

static void names_that_are_none(void **state) {
    (void)state;
    assert_int_equal(berth_sys_notify("", BERTH_VIEW("READY=1")), BERTH_E_INVALID);
    assert_int_equal(berth_sys_notify("@", BERTH_VIEW("READY=1")), BERTH_E_INVALID);
    assert_int_equal(berth_sys_notify("/", BERTH_VIEW("READY=1")), BERTH_E_INVALID);
    assert_int_equal(berth_sys_notify("relative", BERTH_VIEW("READY=1")), BERTH_E_INVALID);
    assert_int_equal(berth_sys_notify("vsock:2:1", BERTH_VIEW("READY=1")), BERTH_E_INVALID);
}

/* A manager that does not read is not waited for. */
static void a_full_queue(void **state) {
    (void)state;
    char name[64];
    snprintf(name, sizeof name, "%s/full", folder);
    int fd = listen_as(name);
    int error = 0;
    for (int i = 0; error == 0 && i < 100000; i++)
        error = berth_sys_notify(name, BERTH_VIEW("WATCHDOG=1"));
    assert_int_equal(error, BERTH_E_FULL);
    close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path),       cmocka_unit_test(a_name_without_a_file),
        cmocka_unit_test(long_names),   cmocka_unit_test(nobody_reads),
        cmocka_unit_test(a_full_queue), cmocka_unit_test(names_that_are_none),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
