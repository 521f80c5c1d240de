/* For tests: a machine made of rules, which answers as a real one can, but seldom does.
 *
 *     RULES({1018, 1019, 4, BERTH_E_IN_USE});
 *     assert_int_equal(allocate(usual(), &port), 0);
 *     release(&port);
 *
 * Shape:   a port without a rule is free
 * Threads: one
 */
#ifndef BERTH_PORT_FAKE_MACHINE_H
#define BERTH_PORT_FAKE_MACHINE_H

#include "base/alloc.h"
#include "berth/error.h"
#include "port/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct rule {
    uint16_t from;
    uint16_t to;
    uint8_t family; /* 0 for both */
    int error;
};

static struct {
    const struct rule *rules;
    size_t rule_count;
    const uint16_t *gives; /* what the system gives for port 0, in turn; the last one for ever */
    size_t gives_count;
    size_t given;
    uint32_t first_unprivileged;
    struct berth_sys_holder holder; /* on every port that is asked for; none when its uid is 0 */
    int open_sockets;
    int listens;
    int holder_questions;
    size_t passed_count;
    uint16_t passed_ports[4];
    int passed_error;
    bool passed_is_udp;
} machine;

/* Far above every descriptor that there is: releasing one closes nothing. */
#define FIRST_SOCKET 1000000

static inline int rule_for(const struct berth_addr *address) {
    for (size_t i = 0; i < machine.rule_count; i++) {
        const struct rule *rule = &machine.rules[i];
        if (address->port >= rule->from && address->port <= rule->to &&
            (rule->family == 0 || rule->family == address->family))
            return rule->error;
    }
    return 0;
}

static inline uint16_t next_gift(void) {
    uint16_t gift = machine.gives[machine.given];
    if (machine.given + 1 < machine.gives_count)
        machine.given++;
    return gift;
}

static inline int fake_listen(const struct berth_addr *address, int backlog, uint16_t *ret_port,
                              intptr_t *ret_socket) {
    assert_int_equal(backlog, 511);
    machine.listens++;
    int error = rule_for(address);
    if (error < 0)
        return error;
    *ret_port = address->port > 0 ? address->port : next_gift();
    machine.open_sockets++;
    *ret_socket = FIRST_SOCKET + *ret_port;
    return 0;
}

static inline void fake_close(intptr_t socket) {
    assert_true(socket >= FIRST_SOCKET);
    machine.open_sockets--;
}

static inline int fake_passed(intptr_t *sockets, size_t max, size_t *ret_count) {
    if (machine.passed_error < 0)
        return machine.passed_error;
    assert_true(machine.passed_count <= max);
    for (size_t i = 0; i < machine.passed_count; i++)
        sockets[i] = FIRST_SOCKET + machine.passed_ports[i];
    machine.open_sockets += (int)machine.passed_count;
    *ret_count = machine.passed_count;
    return 0;
}

static inline int fake_check_listening(intptr_t socket) {
    (void)socket;
    return machine.passed_is_udp ? BERTH_E_INVALID : 0;
}

static inline int fake_local(intptr_t socket, struct berth_addr *ret_local) {
    *ret_local = (struct berth_addr){.family = 4, .port = (uint16_t)(socket - FIRST_SOCKET)};
    return 0;
}

static inline int fake_holders(const uint16_t *ports, size_t port_count,
                               struct berth_sys_holder *holders, size_t max, size_t *ret_count) {
    machine.holder_questions++;
    *ret_count = 0;
    for (size_t i = 0; i < port_count && i < max && machine.holder.uid != 0; i++) {
        holders[i] = machine.holder;
        holders[i].address.port = ports[i];
        (*ret_count)++;
    }
    return 0;
}

static inline uint32_t fake_first_unprivileged(void) { return machine.first_unprivileged; }

static const struct berth_port_machine fake = {
    .listen = fake_listen,
    .close = fake_close,
    .passed = fake_passed,
    .check_listening = fake_check_listening,
    .local = fake_local,
    .holders = fake_holders,
    .first_unprivileged = fake_first_unprivileged,
};

static const uint16_t usual_gift[] = {40000};

#define RULES(...)                                                                                 \
    machine.rules = (const struct rule[]){__VA_ARGS__};                                            \
    machine.rule_count = sizeof((const struct rule[]){__VA_ARGS__}) / sizeof(struct rule)

static inline int reset(void **state) {
    (void)state;
    memset(&machine, 0, sizeof machine);
    machine.gives = usual_gift;
    machine.gives_count = 1;
    machine.first_unprivileged = 1024;
    return 0;
}

static inline struct berth_port_options usual(void) {
    return (struct berth_port_options){.port = 1018, .tries = 13};
}

/* Allocates, and checks that exactly the sockets that are handed out are open. */
static inline int allocate(struct berth_port_options options, struct berth_port *ret_port) {
    int error = berth_port_allocate_on(&fake, &options, ret_port);
    if (error == 0 || error == BERTH_E_NO_PORT)
        assert_int_equal(machine.open_sockets, ret_port->count);
    else
        assert_int_equal(machine.open_sockets, 0);
    if (error == BERTH_E_NO_PORT) {
        assert_int_equal(ret_port->count, 0);
        assert_int_equal(ret_port->port, 0);
    }
    return error;
}

static inline void release(struct berth_port *port) {
    machine.open_sockets -= (int)port->count;
    port->count = 0;
    berth_port_release(port);
}

static inline void got(struct berth_port_options options, uint16_t port,
                       enum berth_port_source source, size_t passed) {
    struct berth_port had;
    assert_int_equal(allocate(options, &had), 0);
    assert_int_equal(had.port, port);
    assert_int_equal(had.source, source);
    assert_int_equal(had.passed_count, passed);
    for (size_t i = 0; i < had.count; i++) {
        assert_int_equal(had.addresses[i].port, port);
        assert_int_equal(had.sockets[i], FIRST_SOCKET + port);
    }
    release(&had);
}

#define ON_A_MACHINE(test) cmocka_unit_test_setup(test, reset)

#endif
