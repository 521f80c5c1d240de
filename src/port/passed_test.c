/* What people read about the ports that were passed over. */
#include "port/fake_machine.h"

#include <stdio.h>

static void words_for(const struct berth_sys_holder *holder, const char *expected) {
    machine.holder = *holder;
    RULES({1018, 1018, 4, BERTH_E_IN_USE});
    struct berth_port port;
    assert_int_equal(allocate(usual(), &port), 0);
    assert_string_equal(port.passed[0].text, expected);
    release(&port);
}

static void holders_in_words(void **state) {
    (void)state;
    struct berth_sys_holder holder = {
        .address = {.family = 4, .ip = {127, 0, 0, 1}},
        .pid = 4242,
        .uid = 1000,
        .program = "python3 server.py",
        .user = "alice",
    };
    words_for(&holder, "held by python3 server.py (pid 4242, user alice)");
    holder.address.ip[0] = holder.address.ip[3] = 0; /* every interface */
    words_for(&holder, "held by python3 server.py (pid 4242, user alice)");
    snprintf(holder.program, sizeof holder.program, "berth");
    words_for(&holder, "held by another Berth (pid 4242, user alice)");
    holder.pid = 0;
    snprintf(holder.user, sizeof holder.user, "bob");
    words_for(&holder, "held by a process of user bob");
    holder.address = (struct berth_addr){.family = 6}; /* IPv4 comes with it */
    words_for(&holder, "held by a process of user bob");
    holder.address = (struct berth_addr){.family = 4, .ip = {127, 0, 0, 2}};
    words_for(&holder, "in use (the system does not say by whom)");
    holder.address = (struct berth_addr){.family = 6, .ip = {[15] = 1}};
    words_for(&holder, "in use (the system does not say by whom)");
}

/* Whatever names there are, the sentence fits. */
static void the_longest_names(void **state) {
    (void)state;
    struct berth_sys_holder holder = {
        .address = {.family = 6, .ip = {[15] = 1}}, .pid = UINT32_MAX, .uid = 1000};
    memset(holder.program, 'p', sizeof holder.program - 1);
    memset(holder.user, 'u', sizeof holder.user - 1);
    machine.holder = holder;
    RULES({1018, 1018, 6, BERTH_E_IN_USE});
    struct berth_port port;
    assert_int_equal(allocate(usual(), &port), 0);
    assert_non_null(strstr(port.passed[0].text, "uuu) on ::1"));
    release(&port);
}

static void names_of_reasons(void **state) {
    (void)state;
    assert_string_equal(berth_port_reason_name(BERTH_PORT_IN_USE), "in_use");
    assert_string_equal(berth_port_reason_name(BERTH_PORT_RESERVED), "reserved");
    assert_string_equal(berth_port_reason_name(BERTH_PORT_BLOCKED), "blocked_by_browsers");
    assert_string_equal(berth_port_reason_name(BERTH_PORT_NO_ADDRESS), "no_address");
    assert_string_equal(berth_port_reason_name(BERTH_PORT_FAILED), "failed");
}

/* The Fetch standard's table has 83 ports; a slip in the list shows in its sum or its count. */
static void the_table_of_blocked_ports(void **state) {
    (void)state;
    static const uint16_t some[] = {0,    1,    22,   25,   87,   995,  1723, 4190, 5060,
                                    5061, 6000, 6566, 6665, 6669, 6679, 6697, 10080};
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++)
        assert_true(berth_port_is_blocked(some[i]));
    static const uint16_t fine[] = {2,    80,   443,  1018,  1030,  3000, 5059,
                                    6664, 6670, 8080, 10079, 10081, 65535};
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
        assert_false(berth_port_is_blocked(fine[i]));
    unsigned count = 0;
    for (unsigned port = 0; port <= UINT16_MAX; port++)
        count += berth_port_is_blocked((uint16_t)port);
    assert_int_equal(count, 83);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_A_MACHINE(holders_in_words),
        ON_A_MACHINE(the_longest_names),
        ON_A_MACHINE(names_of_reasons),
        ON_A_MACHINE(the_table_of_blocked_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
