#include "sys/holder.h"

#include "sys/fixture.h"
#include "sys/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static size_t ask(uint16_t port, struct berth_sys_holder *holders, size_t max) {
    size_t count = 99;
    assert_int_equal(berth_sys_port_holders(&port, 1, holders, max, &count), 0);
    return count;
}

static void this_process(void **state) {
    (void)state;
    uint16_t port = fixture_quiet_ports(1);
    struct berth_sys_holder holder;
    assert_int_equal(ask(port, &holder, 1), 0);

    int fd = fixture_listen("127.0.0.1", port, 0);
    assert_int_equal(ask(port, &holder, 1), 1);
    assert_int_equal(holder.pid, getpid());
    assert_int_equal(holder.uid, geteuid());
    assert_true(holder.listening);
    assert_string_equal(holder.program, "test_sys_holder_test");
    char user[BERTH_SYS_USER_MAX];
    assert_int_equal(berth_sys_user_name(geteuid(), user, sizeof user), 0);
    assert_string_equal(holder.user, user);
    struct berth_addr addr = fixture_addr("127.0.0.1", port);
    assert_true(berth_addr_same_ip(&holder.address, &addr));
    assert_int_equal(holder.address.port, port);
    close(fd);
    assert_int_equal(ask(port, &holder, 1), 0);
}

static void both_families_and_every_address(void **state) {
    (void)state;
    uint16_t port = fixture_quiet_ports(1);
    struct berth_sys_holder holders[4];
    static const char *const ips[] = {"::1", "0.0.0.0", "::", "127.0.0.9"};
    for (size_t i = 0; i < 4; i++) {
        int fd = fixture_listen(ips[i], port, 0);
        assert_int_equal(ask(port, holders, 4), 1);
        struct berth_addr addr = fixture_addr(ips[i], port);
        assert_true(berth_addr_same_ip(&holders[0].address, &addr));
        close(fd);
    }
}

struct child {
    uint16_t port;
    bool ordinary;
    bool opaque;
    struct fixture_gate ready;
    struct fixture_gate done;
};

static int hold_port(void *argument) {
    struct child *child = argument;
    if (child->ordinary)
        fixture_become_ordinary();
    if (child->opaque)
        FIXTURE_NEED(prctl(PR_SET_DUMPABLE, 0) == 0);
    fixture_listen("127.0.0.1", child->port, 0);
    fixture_gate_open(&child->ready);
    fixture_gate_wait(&child->done);
    return 0;
}

static pid_t start_child(struct child *child) {
    child->port = fixture_quiet_ports(1);
    child->ready = fixture_gate_make();
    child->done = fixture_gate_make();
    pid_t pid = fixture_fork(hold_port, child);
    fixture_gate_wait(&child->ready);
    return pid;
}

static void stop_child(struct child *child, pid_t pid) {
    fixture_gate_open(&child->done);
    assert_int_equal(fixture_wait(pid), 0);
}

static void another_process(void **state) {
    (void)state;
    struct child child = {.ordinary = true};
    uint32_t uid = fixture_ordinary_uid();
    pid_t pid = start_child(&child);
    struct berth_sys_holder holder;
    assert_int_equal(ask(child.port, &holder, 1), 1);
    assert_int_equal(holder.pid, pid);
    assert_int_equal(holder.uid, uid);
    char user[BERTH_SYS_USER_MAX];
    assert_int_equal(berth_sys_user_name(uid, user, sizeof user), 0);
    assert_string_equal(holder.user, user);
    stop_child(&child, pid);
}

/* Returns 0 when the process is hidden, and its user is known. */
static int ask_as_ordinary_user(void *argument) {
    struct child *child = argument;
    uint32_t holder_uid = geteuid();
    struct berth_sys_holder holder;
    size_t count = 0;
    fixture_become_ordinary();
    FIXTURE_NEED(berth_sys_port_holders(&child->port, 1, &holder, 1, &count) == 0 && count == 1);
    FIXTURE_NEED(holder.pid == 0 && holder.program[0] == 0);
    FIXTURE_NEED(holder.uid == holder_uid && holder.user[0] != 0);
    return 0;
}

static void a_hidden_process(void **state) {
    (void)state;
    struct child child = {.opaque = true};
    pid_t pid = start_child(&child);
    assert_int_equal(fixture_run(ask_as_ordinary_user, &child), 0);
    stop_child(&child, pid);
}

/* A listener speaks for its connections; several ports are answered at once, in order. */
static void several_ports(void **state) {
    (void)state;
    uint16_t base = fixture_quiet_ports(4);
    uint16_t ports[] = {(uint16_t)(base + 3), base, (uint16_t)(base + 2), (uint16_t)(base + 1)};
    int a = fixture_listen("127.0.0.1", base, 0);
    int b = fixture_listen("0.0.0.0", (uint16_t)(base + 1), 0);
    struct berth_addr target = fixture_addr("127.0.0.1", (uint16_t)(base + 1));
    int client = fixture_connect(&target);
    int server = accept(b, NULL, NULL);
    struct berth_addr own = fixture_addr("127.0.0.1", (uint16_t)(base + 3));
    int bound_client = fixture_bind(&own, 0);
    struct sockaddr_storage storage;
    socklen_t size = berth_sys_sockaddr_from(&target, &storage);
    assert_int_equal(connect(bound_client, (struct sockaddr *)&storage, size), 0);

    struct berth_sys_holder holders[8];
    size_t count;
    assert_int_equal(berth_sys_port_holders(ports, 4, holders, 8, &count), 0);
    assert_int_equal(count, 3);
    assert_int_equal(holders[0].address.port, base);
    assert_int_equal(holders[1].address.port, base + 1);
    assert_true(holders[1].listening);
    assert_int_equal(holders[2].address.port, base + 3);
    assert_false(holders[2].listening);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(holders[i].pid, getpid());

    assert_int_equal(berth_sys_port_holders(ports, 4, holders, 1, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(berth_sys_port_holders(ports, 0, holders, 8, &count), 0);
    assert_int_equal(count, 0);
    close(a);
    close(b);
    close(client);
    close(server);
    close(bound_client);
}

/* More sockets on the ports asked for than are kept: the first in order stay. */
static void more_than_fit(void **state) {
    (void)state;
    uint16_t port = fixture_quiet_ports(1);
    int fds[80];
    for (int i = 0; i < 80; i++) {
        char ip[16];
        snprintf(ip, sizeof ip, "127.0.1.%d", i + 1);
        fds[i] = fixture_listen(ip, port, 0);
    }
    struct berth_sys_holder holders[80];
    assert_int_equal(ask(port, holders, 80), 64);
    for (int i = 0; i < 80; i++)
        close(fds[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_process),    cmocka_unit_test(both_families_and_every_address),
        cmocka_unit_test(another_process), cmocka_unit_test(a_hidden_process),
        cmocka_unit_test(several_ports),   cmocka_unit_test(more_than_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
