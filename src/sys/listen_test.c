#include "sys/listen.h"

#include "berth/error.h"
#include "sys/fixture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>

#include <cmocka.h>

/* Listens; returns the error, and closes what it got. */
static int try_listen(const char *ip, uint16_t port) {
    struct berth_addr addr = fixture_addr(ip, port);
    intptr_t fd = -1;
    uint16_t got = 0;
    int error = berth_sys_listen(&addr, 8, &got, &fd);
    berth_sys_socket_close(fd);
    return error;
}

static void the_port_asked_for_or_one_that_the_system_gives(void **state) {
    (void)state;
    uint16_t base = fixture_quiet_ports(1);
    struct berth_addr addr = fixture_addr("127.0.0.1", base);
    intptr_t fd;
    uint16_t port;
    assert_int_equal(berth_sys_listen(&addr, 8, &port, &fd), 0);
    assert_int_equal(port, base);
    assert_int_equal(berth_sys_socket_check_listening(fd), 0);
    struct berth_addr local;
    assert_int_equal(berth_sys_socket_local(fd, &local), 0);
    assert_true(berth_addr_same_ip(&local, &addr));
    assert_int_equal(local.port, base);
    berth_sys_socket_close(fd);

    addr = fixture_addr("::1", 0);
    assert_int_equal(berth_sys_listen(&addr, 8, &port, &fd), 0);
    assert_int_not_equal(port, 0);
    berth_sys_socket_close(fd);
    berth_sys_socket_close(-1);
}

/* What would let somebody else in, or hand the socket to a child, is not to be found on it. */
static void options_are_what_they_should_be(void **state) {
    (void)state;
    for (size_t i = 0; i < berth_sys_socket_options_count; i++)
        assert_false(berth_sys_socket_options[i].level == SOL_SOCKET &&
                     berth_sys_socket_options[i].name == SO_REUSEPORT);

    struct berth_addr addr = fixture_addr("::1", 0);
    intptr_t socket;
    uint16_t port;
    assert_int_equal(berth_sys_listen(&addr, 8, &port, &socket), 0);
    int fd = (int)socket;
    int value = -1;
    socklen_t size = sizeof value;
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &value, &size), 0);
    assert_int_equal(value, 0);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, &size), 0);
    assert_int_equal(value, 1);
    assert_int_equal(getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, &size), 0);
    assert_int_equal(value, 1);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    berth_sys_socket_close(socket);
}

static void taken_in_every_way(void **state) {
    (void)state;
    uint16_t port = fixture_quiet_ports(1);
    static const struct {
        const char *ip;
        bool listens;
        int option;
        int expected;
    } decoys[] = {
        {"127.0.0.1", true, 0, BERTH_E_IN_USE},
        {"0.0.0.0", true, 0, BERTH_E_IN_USE},
        {"0.0.0.0", true, SO_REUSEADDR, BERTH_E_IN_USE},
        {"127.0.0.1", true, SO_REUSEPORT, BERTH_E_IN_USE},
        {"127.0.0.1", false, 0, BERTH_E_IN_USE},
        {"127.0.0.2", true, 0, 0}, /* another address is another owner's business */
        {"::1", true, 0, 0},
        {"::", true, 0, 0},
    };
    for (size_t i = 0; i < sizeof decoys / sizeof decoys[0]; i++) {
        struct berth_addr addr = fixture_addr(decoys[i].ip, port);
        int fd = fixture_bind(&addr, decoys[i].option);
        if (decoys[i].listens)
            assert_int_equal(listen(fd, 1), 0);
        assert_int_equal(try_listen("127.0.0.1", port), decoys[i].expected);
        close(fd);
        assert_int_equal(try_listen("127.0.0.1", port), 0);
    }
}

/* Two sockets with SO_REUSEADDR can be bound to one port; the second to listen fails. */
static void bind_succeeds_and_listen_fails(void **state) {
    (void)state;
    uint16_t port = fixture_quiet_ports(1);
    struct berth_addr addr = fixture_addr("127.0.0.1", port);
    int first = fixture_bind(&addr, SO_REUSEADDR);
    int second = fixture_bind(&addr, SO_REUSEADDR);
    assert_int_equal(listen(first, 1), 0);
    assert_int_equal(listen(second, 1), -1);
    assert_int_equal(errno, EADDRINUSE);
    close(second);
    assert_int_equal(try_listen("127.0.0.1", port), BERTH_E_IN_USE);
    close(first);

    /* Bound by a stranger who does not listen yet: whoever listens first has it. */
    first = fixture_bind(&addr, SO_REUSEADDR);
    intptr_t ours;
    uint16_t got;
    assert_int_equal(berth_sys_listen(&addr, 8, &got, &ours), 0);
    assert_int_equal(listen(first, 1), -1);
    close(first);
    berth_sys_socket_close(ours);
}

static void no_such_address(void **state) {
    (void)state;
    struct berth_addr here = fixture_addr("127.0.0.1", 80);
    struct berth_addr elsewhere = fixture_addr("192.0.2.1", 80);
    assert_int_equal(try_listen("192.0.2.1", 0), BERTH_E_NO_ADDRESS);
    assert_int_equal(try_listen("2001:db8::1", 0), BERTH_E_NO_ADDRESS);
    assert_true(berth_sys_has_address(&here));
    assert_false(berth_sys_has_address(&elsewhere));
}

static int listen_as_ordinary_user(void *port) {
    fixture_become_ordinary();
    return -try_listen("127.0.0.1", *(uint16_t *)port);
}

static void a_privileged_port_is_denied(void **state) {
    (void)state;
    uint16_t port = 1;
    assert_int_equal(fixture_run(listen_as_ordinary_user, &port), -BERTH_E_DENIED);
}

static int listen_without_descriptors(void *argument) {
    (void)argument;
    struct rlimit none = {0, 0};
    FIXTURE_NEED(setrlimit(RLIMIT_NOFILE, &none) == 0);
    return -try_listen("127.0.0.1", 0);
}

static void no_more_descriptors(void **state) {
    (void)state;
    assert_int_equal(fixture_run(listen_without_descriptors, NULL), -BERTH_E_TOO_MANY_FILES);
}

static void only_a_listening_tcp_socket_will_do(void **state) {
    (void)state;
    struct berth_addr addr = fixture_addr("127.0.0.1", 0);
    int bound = fixture_bind(&addr, 0);
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    int local = socket(AF_UNIX, SOCK_STREAM, 0);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(berth_sys_socket_check_listening(bound), BERTH_E_INVALID);
    assert_int_equal(berth_sys_socket_check_listening(udp), BERTH_E_INVALID);
    assert_int_equal(berth_sys_socket_check_listening(local), BERTH_E_INVALID);
    assert_int_equal(berth_sys_socket_check_listening(ends[0]), BERTH_E_INVALID);
    assert_int_equal(berth_sys_socket_check_listening(-1), BERTH_E_INVALID);
    assert_int_equal(listen(bound, 1), 0);
    assert_int_equal(berth_sys_socket_check_listening(bound), 0);
    close(bound);
    close(udp);
    close(local);
    close(ends[0]);
    close(ends[1]);
}

/* The program that exec starts sees only what was meant for it. */
static int count_descriptors_after_exec(void *argument) {
    (void)argument;
    struct berth_addr addr = fixture_addr("127.0.0.1", 0);
    intptr_t socket;
    uint16_t port;
    for (int i = 0; i < 4; i++)
        FIXTURE_NEED(berth_sys_listen(&addr, 8, &port, &socket) == 0);
    execl("/bin/sh", "sh", "-c",
          "for fd in /proc/self/fd/*; do case $(readlink $fd) in socket:*) exit 1;; esac; done",
          (char *)NULL);
    return 2;
}

static void no_child_inherits_a_listener(void **state) {
    (void)state;
    assert_int_equal(fixture_run(count_descriptors_after_exec, NULL), 0);
}

/* -- Sockets passed in ------------------------------------------------------------------------- */

static void set_variables(const char *fds, long pid) {
    char text[24];
    snprintf(text, sizeof text, "%ld", pid);
    setenv("LISTEN_FDS", fds, 1);
    setenv("LISTEN_PID", text, 1);
    setenv("LISTEN_FDNAMES", "web", 1);
}

static bool variables_are_gone(void) {
    return getenv("LISTEN_FDS") == NULL && getenv("LISTEN_PID") == NULL &&
           getenv("LISTEN_FDNAMES") == NULL;
}

/* Puts `count` listening sockets where a starter puts them: at 3 and up. */
static void pass_sockets(int count) {
    int fd = fixture_listen("127.0.0.1", 0, 0);
    int high = fcntl(fd, F_DUPFD, 100);
    for (int i = 0; i < count; i++)
        FIXTURE_NEED(dup2(high, 3 + i) == 3 + i);
}

static int take_two(void *argument) {
    (void)argument;
    intptr_t sockets[8];
    size_t count = 0;
    pass_sockets(2);
    set_variables("2", getpid());
    FIXTURE_NEED(berth_sys_passed_sockets(sockets, 8, &count) == 0);
    FIXTURE_NEED(count == 2 && sockets[0] == 3 && sockets[1] == 4);
    FIXTURE_NEED(fcntl(3, F_GETFD) == FD_CLOEXEC && fcntl(4, F_GETFD) == FD_CLOEXEC);
    FIXTURE_NEED((fcntl(3, F_GETFL) & O_NONBLOCK) != 0);
    FIXTURE_NEED(variables_are_gone());
    FIXTURE_NEED(berth_sys_passed_sockets(sockets, 8, &count) == 0 && count == 0);
    return 0;
}

static int take_one_of_three(void *argument) {
    (void)argument;
    intptr_t sockets[1];
    size_t count = 0;
    pass_sockets(3);
    set_variables("3", getpid());
    FIXTURE_NEED(berth_sys_passed_sockets(sockets, 1, &count) == 0 && count == 1);
    FIXTURE_NEED(fcntl(4, F_GETFD) < 0 && fcntl(5, F_GETFD) < 0);
    return 0;
}

static int meant_for_another(void *argument) {
    (void)argument;
    intptr_t sockets[8];
    size_t count = 9;
    pass_sockets(1);
    set_variables("1", getpid() + 1L);
    FIXTURE_NEED(berth_sys_passed_sockets(sockets, 8, &count) == 0 && count == 0);
    FIXTURE_NEED(variables_are_gone());
    FIXTURE_NEED(fcntl(3, F_GETFD) == 0);
    return 0;
}

static int wrong_variables(void *argument) {
    static const char *const wrong[] = {"", "x", "-1", "1x", "99999999999999999999", "200"};
    (void)argument;
    intptr_t sockets[8];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        size_t count = 9;
        close(3);
        set_variables(wrong[i], getpid());
        FIXTURE_NEED(berth_sys_passed_sockets(sockets, 8, &count) == BERTH_E_INVALID);
        FIXTURE_NEED(count == 9 && variables_are_gone());
    }
    return 0;
}

static void passed_sockets_are_taken_over(void **state) {
    (void)state;
    assert_int_equal(fixture_run(take_two, NULL), 0);
    assert_int_equal(fixture_run(take_one_of_three, NULL), 0);
    assert_int_equal(fixture_run(meant_for_another, NULL), 0);
    assert_int_equal(fixture_run(wrong_variables, NULL), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_port_asked_for_or_one_that_the_system_gives),
        cmocka_unit_test(options_are_what_they_should_be),
        cmocka_unit_test(taken_in_every_way),
        cmocka_unit_test(bind_succeeds_and_listen_fails),
        cmocka_unit_test(no_such_address),
        cmocka_unit_test(a_privileged_port_is_denied),
        cmocka_unit_test(no_more_descriptors),
        cmocka_unit_test(only_a_listening_tcp_socket_will_do),
        cmocka_unit_test(no_child_inherits_a_listener),
        cmocka_unit_test(passed_sockets_are_taken_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
