#include "sys/peer.h"

#include "berth/error.h"
#include "sys/fixture.h"
#include "sys/linux/table.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Both ways to the kernel's table have to say the same. */
static struct berth_sys_peers by_netlink;
static struct berth_sys_peers by_text;

static int make_both(void **state) {
    (void)state;
    berth_sys_peers_init(&by_netlink);
    berth_sys_peers_init(&by_text);
    /* A descriptor that is no netlink socket: every question to it fails. */
    by_text.table = open("/dev/null", O_RDWR | O_CLOEXEC);
    return 0;
}

static int finish_both(void **state) {
    (void)state;
    /* The fast way was not given up for the slow one. */
    assert_true(by_netlink.table >= 0);
    assert_true(by_netlink.asked > 0);
    berth_sys_peers_finish(&by_netlink);
    berth_sys_peers_finish(&by_text);
    berth_sys_peers_finish(&by_text);
    berth_sys_peers_finish(NULL);
    return 0;
}

/* The uid of a connection's other end, asked for in both ways. */
static int ask(const struct berth_addr *local, const struct berth_addr *remote, uint32_t *ret_uid) {
    uint32_t fast = 1111111;
    uint32_t slow = 2222222;
    int fast_error = berth_sys_peers_uid(&by_netlink, local, remote, &fast);
    int slow_error = berth_sys_peers_uid(&by_text, local, remote, &slow);
    assert_int_equal(fast_error, slow_error);
    if (fast_error < 0)
        return fast_error;
    assert_int_equal(fast, slow);
    *ret_uid = fast;
    return 0;
}

static int ask_socket(int fd, uint32_t *ret_uid) {
    struct berth_addr local = fixture_name(fd, false);
    struct berth_addr remote = fixture_name(fd, true);
    return ask(&local, &remote, ret_uid);
}

static void check_own(const char *listen_ip, const char *connect_ip) {
    int listener = fixture_listen(listen_ip, 0, 0);
    struct berth_addr target = fixture_addr(connect_ip, fixture_name(listener, false).port);
    int client = fixture_connect(&target);
    int server = accept(listener, NULL, NULL);
    uint32_t uid = 1;
    assert_int_equal(ask_socket(server, &uid), 0);
    assert_int_equal(uid, geteuid());
    uid = 1;
    assert_int_equal(ask_socket(client, &uid), 0);
    assert_int_equal(uid, geteuid());
    close(client);
    close(server);
    close(listener);
}

/* The question by netlink has its answer from the kernel, and not from the text behind it. */
static void netlink_answers(void **state) {
    (void)state;
    int listener = fixture_listen("127.0.0.1", 0, 0);
    struct berth_addr target = fixture_name(listener, false);
    int client = fixture_connect(&target);
    struct berth_addr own = fixture_name(client, false);
    intptr_t table;
    struct berth_sys_table_row row;
    assert_int_equal(berth_sys_table_open(&table), 0);
    assert_int_equal(berth_sys_table_find(table, 1, &own, &target, &row), 0);
    assert_int_equal(row.uid, geteuid());
    assert_int_not_equal(row.inode, 0);
    close(client);
    assert_int_equal(berth_sys_table_find(table, 2, &own, &target, &row), BERTH_E_NOT_FOUND);
    close((int)table);
    close(listener);
}

static void our_own_socket(void **state) {
    (void)state;
    check_own("127.0.0.1", "127.0.0.1");
    check_own("::1", "::1");
    check_own("0.0.0.0", "127.0.0.5");
    check_own("127.0.0.1", "::ffff:127.0.0.1"); /* IPv4 through an IPv6 socket */
}

/* A server for both families sees IPv4 written as IPv6. */
static void a_server_for_both_families(void **state) {
    (void)state;
    int listener = socket(AF_INET6, SOCK_STREAM, 0);
    int off = 0;
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    assert_int_equal(setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(listen(listener, 1), 0);
    struct berth_addr target = fixture_addr("127.0.0.1", fixture_name(listener, false).port);
    int client = fixture_connect(&target);
    int server = accept(listener, NULL, NULL);
    assert_int_equal(fixture_name(server, true).family, 6);
    uint32_t uid = 1;
    assert_int_equal(ask_socket(server, &uid), 0);
    assert_int_equal(uid, geteuid());
    assert_int_equal(ask_socket(client, &uid), 0);
    close(client);
    close(server);
    close(listener);
}

static int connect_as_ordinary_user(void *target) {
    char byte;
    fixture_become_ordinary();
    int fd = fixture_connect(target);
    return (int)read(fd, &byte, 1); /* until the server closes */
}

static void another_user(void **state) {
    (void)state;
    int listener = fixture_listen("127.0.0.1", 0, 0);
    struct berth_addr target = fixture_name(listener, false);
    pid_t child = fixture_fork(connect_as_ordinary_user, &target);
    int server = accept(listener, NULL, NULL);
    uint32_t uid = 1;
    assert_int_equal(ask_socket(server, &uid), 0);
    assert_int_equal(uid, fixture_ordinary_uid());
    close(server);
    assert_int_equal(fixture_wait(child), 0);
    close(listener);
}

/* A closed socket is in the kernel's table for a while, under root's name. It must not count. */
static void a_closed_socket_is_nobodys(void **state) {
    (void)state;
    int listener = fixture_listen("127.0.0.1", 0, 0);
    struct berth_addr target = fixture_name(listener, false);
    int client = fixture_connect(&target);
    int server = accept(listener, NULL, NULL);
    struct berth_addr local = fixture_name(server, false);
    struct berth_addr remote = fixture_name(server, true);
    uint32_t uid = 1;
    close(client);
    assert_int_equal(ask(&local, &remote, &uid), BERTH_E_NOT_FOUND); /* FIN_WAIT2 */
    close(server);
    assert_int_equal(ask(&local, &remote, &uid), BERTH_E_NOT_FOUND); /* TIME_WAIT */
    assert_int_equal(uid, 1);
    close(listener);
}

static void a_connection_that_does_not_exist(void **state) {
    (void)state;
    int listener = fixture_listen("127.0.0.1", 0, 0);
    struct berth_addr listening = fixture_name(listener, false);
    struct berth_addr other = fixture_addr("127.0.0.1", 9);
    struct berth_addr six = fixture_addr("::1", 9);
    uint32_t uid = 1;
    /* The listener stands on the port that is asked for, and is not the peer. */
    assert_int_equal(ask(&other, &listening, &uid), BERTH_E_NOT_FOUND);
    assert_int_equal(ask(&listening, &other, &uid), BERTH_E_NOT_FOUND);
    assert_int_equal(ask(&other, &six, &uid), BERTH_E_INVALID);
    close(listener);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(netlink_answers),
        cmocka_unit_test(our_own_socket),
        cmocka_unit_test(a_server_for_both_families),
        cmocka_unit_test(another_user),
        cmocka_unit_test(a_closed_socket_is_nobodys),
        cmocka_unit_test(a_connection_that_does_not_exist),
    };
    return cmocka_run_group_tests(tests, make_both, finish_both);
}
