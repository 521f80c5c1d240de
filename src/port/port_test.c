/* The allocator on this machine: real sockets, real decoys, real users. */
#include "port/port.h"

#include "base/alloc.h"
#include "berth/error.h"
#include "port/publish.h"
#include "sys/fixture.h"
#include "sys/listen.h"
#include "sys/ports.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

static struct berth_port_options from(uint16_t base) {
    return (struct berth_port_options){.port = base, .tries = 4};
}

static bool is_listening(const char *ip, uint16_t port) {
    struct berth_addr addr = fixture_addr(ip, port);
    intptr_t fd;
    uint16_t unused;
    if (berth_sys_listen(&addr, 1, &unused, &fd) < 0)
        return true;
    berth_sys_socket_close(fd);
    return false;
}

static void both_loopbacks_on_one_port(void **state) {
    (void)state;
    uint16_t base = fixture_quiet_ports(4);
    struct berth_port_options options = from(base);
    struct berth_port port;
    assert_int_equal(berth_port_allocate(&options, &port), 0);
    assert_int_equal(port.port, base);
    assert_int_equal(port.count, 2);
    assert_int_equal(port.passed_count, 0);
    struct berth_addr four = fixture_addr("127.0.0.1", base);
    struct berth_addr six = fixture_addr("::1", base);
    close(fixture_connect(&four));
    close(fixture_connect(&six));
    berth_port_release(&port);
    assert_false(is_listening("127.0.0.1", base));
    assert_false(is_listening("::1", base));
    berth_port_release(&port);
}

static void every_interface(void **state) {
    (void)state;
    struct berth_port_options options = from(fixture_quiet_ports(4));
    struct berth_port port;
    options.host = "0.0.0.0";
    assert_int_equal(berth_port_allocate(&options, &port), 0);
    assert_int_equal(port.count, 1);
    struct berth_addr four = fixture_addr("127.0.0.9", port.port);
    close(fixture_connect(&four));
    assert_false(is_listening("::1", port.port));
    berth_port_release(&port);

    options.host = "::";
    assert_int_equal(berth_port_allocate(&options, &port), 0);
    assert_int_equal(port.count, 2);
    struct berth_addr six = fixture_addr("::1", port.port);
    close(fixture_connect(&four));
    close(fixture_connect(&six));
    berth_port_release(&port);
}

/* Whoever holds any part of what "localhost" can mean, holds the port. */
static void decoys(void **state) {
    (void)state;
    static const struct {
        const char *ip;
        int option;
        bool conflicts;
    } cases[] = {
        {"127.0.0.1", 0, true},
        {"::1", 0, true},
        {"0.0.0.0", 0, true},
        {"::", 0, true},
        {"127.0.0.1", SO_REUSEPORT, true},
        {"::1", SO_REUSEPORT, true},
        {"0.0.0.0", SO_REUSEADDR, true},
        {"127.0.0.2", 0, false},
    };
    char words[80];
    snprintf(words, sizeof words, "(pid %d, ", getpid());
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint16_t base = fixture_quiet_ports(4);
        int decoy = fixture_listen(cases[i].ip, base, cases[i].option);
        struct berth_port_options options = from(base);
        struct berth_port port;
        assert_int_equal(berth_port_allocate(&options, &port), 0);
        assert_int_equal(port.port, base + (cases[i].conflicts ? 1 : 0));
        assert_int_equal(port.count, 2);
        assert_int_equal(port.passed_count, cases[i].conflicts ? 1 : 0);
        if (cases[i].conflicts) {
            assert_int_equal(port.passed[0].reason, BERTH_PORT_IN_USE);
            assert_int_equal(port.passed[0].address.family, strchr(cases[i].ip, ':') ? 6 : 4);
            assert_non_null(strstr(port.passed[0].text, "held by test_port_port_test"));
            assert_non_null(strstr(port.passed[0].text, words));
            /* Nothing is left of the half that was free. */
            close(decoy);
            assert_false(is_listening("127.0.0.1", base));
            assert_false(is_listening("::1", base));
        } else {
            close(decoy);
        }
        berth_port_release(&port);
    }
}

/* Bound, not listening: bind may well succeed for us, and listen decide. */
static void held_without_listening(void **state) {
    (void)state;
    uint16_t base = fixture_quiet_ports(4);
    struct berth_addr addr = fixture_addr("127.0.0.1", base);
    int shy = fixture_bind(&addr, SO_REUSEADDR);
    int bold = fixture_bind(&addr, SO_REUSEADDR);
    assert_int_equal(listen(bold, 1), 0);
    struct berth_port_options options = from(base);
    struct berth_port port;
    assert_int_equal(berth_port_allocate(&options, &port), 0);
    assert_int_equal(port.port, base + 1);
    berth_port_release(&port);
    close(bold);
    assert_int_equal(berth_port_allocate(&options, &port), 0);
    assert_int_equal(port.port, base);
    berth_port_release(&port);
    close(shy);

    shy = fixture_bind(&addr, 0); /* does not share */
    assert_int_equal(berth_port_allocate(&options, &port), 0);
    assert_int_equal(port.port, base + 1);
    assert_int_equal(port.passed[0].reason, BERTH_PORT_IN_USE);
    berth_port_release(&port);
    close(shy);
}

static void nothing_left(void **state) {
    (void)state;
    uint16_t base = fixture_quiet_ports(4);
    int fds[4];
    for (int i = 0; i < 4; i++)
        fds[i] = fixture_listen("127.0.0.1", (uint16_t)(base + i), 0);
    struct berth_port_options options = from(base);
    struct berth_port port;
    options.fallback = BERTH_PORT_FALLBACK_FAIL;
    assert_int_equal(berth_port_allocate(&options, &port), BERTH_E_NO_PORT);
    assert_int_equal(port.passed_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(port.passed[i].from, base + i);
        assert_non_null(strstr(port.passed[i].text, "held by test_port_port_test"));
    }
    berth_port_release(&port);

    options.fallback = BERTH_PORT_FALLBACK_EPHEMERAL;
    assert_int_equal(berth_port_allocate(&options, &port), 0);
    assert_int_equal(port.source, BERTH_PORT_FROM_SYSTEM);
    assert_int_equal(port.count, 2);
    assert_int_equal(port.addresses[0].port, port.addresses[1].port);
    assert_true(berth_port_in_ephemeral_range(port.port));
    berth_port_release(&port);

    options.strict = true;
    assert_int_equal(berth_port_allocate(&options, &port), BERTH_E_NO_PORT);
    assert_int_equal(port.passed_count, 1);
    berth_port_release(&port);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}

static void the_ephemeral_range(void **state) {
    (void)state;
    struct berth_sys_port_range range = berth_sys_ports_ephemeral();
    assert_true(berth_port_in_ephemeral_range(range.from));
    assert_true(berth_port_in_ephemeral_range(range.to));
    assert_false(berth_port_in_ephemeral_range((uint16_t)(range.from - 1)));
}

/* -- Users, descriptors, parents --------------------------------------------------------------- */

static int allocate_1018_as_ordinary_user(void *argument) {
    (void)argument;
    fixture_become_ordinary();
    struct berth_port_options options = {.port = 1018, .tries = 13};
    struct berth_port port;
    FIXTURE_NEED(berth_port_allocate(&options, &port) == 0);
    uint32_t first = berth_sys_ports_first_unprivileged();
    if (first > 1018) {
        FIXTURE_NEED(port.port >= first && port.passed_count >= 1);
        FIXTURE_NEED(port.passed[0].reason == BERTH_PORT_RESERVED);
        FIXTURE_NEED(port.passed[0].from == 1018);
        FIXTURE_NEED(port.passed[0].to == (first - 1 < 1030 ? first - 1 : 1030));
    }
    berth_port_release(&port);
    return 0;
}

static void an_ordinary_user_below_1024(void **state) {
    (void)state;
    assert_int_equal(fixture_run(allocate_1018_as_ordinary_user, NULL), 0);
}

static int allocate_without_descriptors(void *argument) {
    (void)argument;
    struct rlimit none = {0, 0};
    FIXTURE_NEED(setrlimit(RLIMIT_NOFILE, &none) == 0);
    struct berth_port_options options = from(20000);
    struct berth_port port;
    FIXTURE_NEED(berth_port_allocate(&options, &port) == BERTH_E_NO_PORT);
    FIXTURE_NEED(port.passed_count == 1 && port.passed[0].error == BERTH_E_TOO_MANY_FILES);
    berth_port_release(&port);
    return 0;
}

static void no_more_descriptors(void **state) {
    (void)state;
    assert_int_equal(fixture_run(allocate_without_descriptors, NULL), 0);
}

static int take_what_is_passed(void *argument) {
    uint16_t base = *(uint16_t *)argument;
    int fd = fcntl(fixture_listen("127.0.0.1", (uint16_t)(base + 1), 0), F_DUPFD, 100);
    FIXTURE_NEED(dup2(fd, 3) == 3);
    char pid[16];
    snprintf(pid, sizeof pid, "%d", getpid());
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_PID", pid, 1);
    struct berth_port_options options = from(base);
    options.accept_passed = true;
    struct berth_port port;
    FIXTURE_NEED(berth_port_allocate(&options, &port) == 0);
    FIXTURE_NEED(port.source == BERTH_PORT_FROM_PARENT && port.port == base + 1);
    FIXTURE_NEED(port.count == 1 && port.sockets[0] == 3 && port.addresses[0].family == 4);
    berth_port_release(&port);

    /* A socket of another kind is no reason to go elsewhere in silence. */
    FIXTURE_NEED(dup2(socket(AF_UNIX, SOCK_STREAM, 0), 3) == 3);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_PID", pid, 1);
    FIXTURE_NEED(berth_port_allocate(&options, &port) == BERTH_E_NO_PORT);
    FIXTURE_NEED(fcntl(3, F_GETFD) < 0);
    berth_port_release(&port);
    return 0;
}

static void a_socket_from_the_parent(void **state) {
    (void)state;
    uint16_t base = fixture_quiet_ports(4);
    assert_int_equal(fixture_run(take_what_is_passed, &base), 0);
}

/* -- Many at once ------------------------------------------------------------------------------ */

#define STARTERS 64

struct starters {
    uint16_t base;
    struct fixture_gate start;
    struct fixture_gate done;
    int results[2];
};

static int start_one(void *argument) {
    struct starters *all = argument;
    fixture_gate_wait(&all->start);
    struct timespec pause = {.tv_nsec = (long)fixture_random(20000000)};
    nanosleep(&pause, NULL);
    struct berth_port_options options = {.port = all->base, .tries = 13};
    struct berth_port port;
    FIXTURE_NEED(berth_port_allocate(&options, &port) == 0 && port.count == 2);
    FIXTURE_NEED(write(all->results[1], &port.port, sizeof port.port) == sizeof port.port);
    fixture_gate_wait(&all->done); /* holds the port until all have theirs */
    berth_port_release(&port);
    return 0;
}

/* Compares all pairs: 64 are few. */
static bool all_differ(const uint16_t *ports, size_t count) {
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (ports[i] == ports[j])
                return false;
        }
    }
    return true;
}

static void many_starters_get_as_many_ports(void **state) {
    (void)state;
    struct starters all = {.base = fixture_quiet_ports(13)};
    all.start = fixture_gate_make();
    all.done = fixture_gate_make();
    assert_int_equal(pipe(all.results), 0);
    pid_t pids[STARTERS];
    for (size_t i = 0; i < STARTERS; i++)
        pids[i] = fixture_fork(start_one, &all);
    close(all.results[1]);
    fixture_gate_open(&all.start);

    uint16_t ports[STARTERS];
    size_t in_range = 0;
    for (size_t i = 0; i < STARTERS; i++) {
        assert_int_equal(read(all.results[0], &ports[i], sizeof ports[i]), sizeof ports[i]);
        if (ports[i] >= all.base && ports[i] < all.base + 13)
            in_range++;
    }
    fixture_gate_open(&all.done);
    for (size_t i = 0; i < STARTERS; i++)
        assert_int_equal(fixture_wait(pids[i]), 0);
    close(all.results[0]);
    assert_true(all_differ(ports, STARTERS));
    assert_int_equal(in_range, 13); /* none of the range is left unused */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_loopbacks_on_one_port),
        cmocka_unit_test(every_interface),
        cmocka_unit_test(decoys),
        cmocka_unit_test(held_without_listening),
        cmocka_unit_test(nothing_left),
        cmocka_unit_test(the_ephemeral_range),
        cmocka_unit_test(an_ordinary_user_below_1024),
        cmocka_unit_test(no_more_descriptors),
        cmocka_unit_test(a_socket_from_the_parent),
        cmocka_unit_test(many_starters_get_as_many_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
