/* The allocator on machines that answer as a real one can, but seldom does. */
#include "port/fake_machine.h"

/* -- The order --------------------------------------------------------------------------------- */

static void the_first_port_when_it_is_free(void **state) {
    (void)state;
    struct berth_port port;
    assert_int_equal(allocate(usual(), &port), 0);
    assert_int_equal(port.port, 1018);
    assert_int_equal(port.count, 2);
    assert_int_equal(port.addresses[0].family, 4);
    assert_int_equal(port.addresses[1].family, 6);
    assert_false(port.without_ipv6);
    /* The usual start: two sockets, and nothing else is asked. */
    assert_int_equal(machine.listens, 2);
    assert_int_equal(machine.holder_questions, 0);
    release(&port);
}

static void upward_then_the_system(void **state) {
    (void)state;
    RULES({1018, 1019, 0, BERTH_E_IN_USE});
    got(usual(), 1020, BERTH_PORT_FROM_RANGE, 2);
    assert_int_equal(machine.holder_questions, 1);
    RULES({1018, 1030, 0, BERTH_E_IN_USE});
    got(usual(), 40000, BERTH_PORT_FROM_SYSTEM, 13);
    assert_int_equal(machine.holder_questions, 2);
}

static void nothing_can_be_had(void **state) {
    (void)state;
    RULES({1018, 1030, 0, BERTH_E_IN_USE});
    struct berth_port_options options = usual();
    options.fallback = BERTH_PORT_FALLBACK_FAIL;
    struct berth_port port;
    assert_int_equal(allocate(options, &port), BERTH_E_NO_PORT);
    assert_int_equal(port.passed_count, 13);
    for (size_t i = 0; i < 13; i++) {
        assert_int_equal(port.passed[i].from, 1018 + i);
        assert_int_equal(port.passed[i].to, 1018 + i);
        assert_int_equal(port.passed[i].reason, BERTH_PORT_IN_USE);
        assert_int_equal(port.passed[i].address.port, 1018 + i);
        assert_string_equal(port.passed[i].text, "in use (the system does not say by whom)");
    }
    release(&port);
}

static void strict_never_moves(void **state) {
    (void)state;
    RULES({1018, 1018, 0, BERTH_E_IN_USE});
    struct berth_port_options options = usual();
    options.strict = true;
    options.sticky = 1020;
    struct berth_port port;
    assert_int_equal(allocate(options, &port), BERTH_E_NO_PORT);
    assert_int_equal(port.passed_count, 1);
    assert_int_equal(machine.listens, 1);
    release(&port);
    options.port = 1019;
    got(options, 1019, BERTH_PORT_FROM_RANGE, 0);
}

static void the_sticky_port_comes_first(void **state) {
    (void)state;
    struct berth_port_options options = usual();
    options.sticky = 1025;
    got(options, 1025, BERTH_PORT_FROM_STICKY, 0);
    options.sticky = 1018;
    got(options, 1018, BERTH_PORT_FROM_STICKY, 0);
    options.sticky = 1031; /* one past the range */
    got(options, 1018, BERTH_PORT_FROM_RANGE, 0);
    options.sticky = 1017;
    got(options, 1018, BERTH_PORT_FROM_RANGE, 0);
}

/* Tried once, said once, wherever the range ends. */
static void a_sticky_port_that_is_taken(void **state) {
    (void)state;
    struct berth_port_options options = usual();
    options.sticky = 1019;
    RULES({1019, 1019, 0, BERTH_E_IN_USE});
    got(options, 1018, BERTH_PORT_FROM_RANGE, 1);
    RULES({1018, 1020, 0, BERTH_E_IN_USE});
    machine.listens = 0;
    got(options, 1021, BERTH_PORT_FROM_RANGE, 3);
    assert_int_equal(machine.listens, 5); /* 1019, 1018, 1020, and 1021 twice */
}

static void the_end_of_all_ports(void **state) {
    (void)state;
    RULES({65530, 65535, 0, BERTH_E_IN_USE});
    struct berth_port_options options = {.port = 65530, .tries = 1000000};
    got(options, 40000, BERTH_PORT_FROM_SYSTEM, 6);
    options = (struct berth_port_options){.port = 5000, .tries = 0};
    got(options, 40000, BERTH_PORT_FROM_SYSTEM, 0);
}

/* -- Hosts ------------------------------------------------------------------------------------- */

static void hosts(void **state) {
    (void)state;
    static const struct {
        const char *host;
        size_t count;
        const char *text;
    } cases[] = {
        {NULL, 2, "127.0.0.1 ::1 "},
        {"", 2, "127.0.0.1 ::1 "},
        {"LocalHost", 2, "127.0.0.1 ::1 "},
        {"127.0.0.1", 2, "127.0.0.1 ::1 "},
        {"::", 2, "0.0.0.0 :: "},
        {"0.0.0.0", 1, "0.0.0.0 "},
        {"::1", 1, "::1 "},
        {"192.168.1.2", 1, "192.168.1.2 "},
        {"127.0.0.2", 1, "127.0.0.2 "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct berth_port_options options = usual();
        options.host = cases[i].host;
        struct berth_port port;
        assert_int_equal(allocate(options, &port), 0);
        assert_int_equal(port.count, cases[i].count);
        char text[64];
        struct berth_writer out = berth_writer_on(text, sizeof text);
        for (size_t n = 0; n < port.count; n++) {
            berth_addr_write_ip(&port.addresses[n], &out);
            berth_writer_char(&out, ' ');
        }
        assert_true(berth_view_equal(berth_writer_result(&out), berth_view_of(cases[i].text)));
        release(&port);
    }
    static const char *const wrong[] = {"example.org", "127.1", "[::1]", "1.2.3.4:80", " ::1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct berth_port_options options = usual();
        options.host = wrong[i];
        struct berth_port port;
        assert_int_equal(allocate(options, &port), BERTH_E_INVALID);
    }
}

static void taken_in_one_family_is_taken(void **state) {
    (void)state;
    machine.holder = (struct berth_sys_holder){
        .address = {.family = 6, .ip = {[15] = 1}},
        .pid = 4242,
        .uid = 1000,
        .program = "python3 server.py",
        .user = "alice",
    };
    RULES({1018, 1018, 6, BERTH_E_IN_USE});
    struct berth_port port;
    assert_int_equal(allocate(usual(), &port), 0);
    assert_int_equal(port.port, 1019);
    assert_int_equal(port.passed_count, 1);
    assert_int_equal(port.passed[0].address.family, 6);
    assert_string_equal(port.passed[0].text,
                        "held by python3 server.py (pid 4242, user alice) on ::1");
    release(&port);
}

static void a_machine_without_ipv6(void **state) {
    (void)state;
    RULES({1, 65535, 6, BERTH_E_NO_ADDRESS}, {1018, 1018, 4, BERTH_E_IN_USE});
    struct berth_port port;
    assert_int_equal(allocate(usual(), &port), 0);
    assert_int_equal(port.port, 1019);
    assert_int_equal(port.count, 1);
    assert_true(port.without_ipv6);
    release(&port);

    struct berth_port_options options = usual();
    options.host = "::1"; /* here it is a failure, and the same for every port */
    assert_int_equal(allocate(options, &port), BERTH_E_NO_PORT);
    assert_int_equal(port.passed_count, 1);
    assert_int_equal(port.passed[0].reason, BERTH_PORT_NO_ADDRESS);
    assert_string_equal(port.passed[0].text, "this machine has no address ::1");
    release(&port);
}

/* -- Reserved, blocked, failed ----------------------------------------------------------------- */

static void privileged_ports_are_stepped_over_in_one_go(void **state) {
    (void)state;
    RULES({1, 1023, 0, BERTH_E_DENIED});
    struct berth_port port;
    assert_int_equal(allocate(usual(), &port), 0);
    assert_int_equal(port.port, 1024);
    assert_int_equal(port.passed_count, 1);
    assert_int_equal(port.passed[0].from, 1018);
    assert_int_equal(port.passed[0].to, 1023);
    assert_int_equal(port.passed[0].reason, BERTH_PORT_RESERVED);
    assert_string_equal(port.passed[0].text,
                        "reserved by the system: ports below 1024 need root (or "
                        "net.ipv4.ip_unprivileged_port_start)");
    assert_int_equal(machine.listens, 3);
    assert_int_equal(machine.holder_questions, 0);
    release(&port);

    /* A range that lies below as a whole is said as far as it goes. */
    struct berth_port_options options = {.port = 80, .tries = 5};
    assert_int_equal(allocate(options, &port), 0);
    assert_int_equal(port.port, 40000);
    assert_int_equal(port.passed_count, 1);
    assert_int_equal(port.passed[0].from, 80);
    assert_int_equal(port.passed[0].to, 84);
    release(&port);

    /* The sticky port of a run as root: the range says it for both. */
    options = usual();
    options.sticky = 1020;
    got(options, 1024, BERTH_PORT_FROM_RANGE, 1);
}

static void a_denied_port_above_is_stepped_over_alone(void **state) {
    (void)state;
    RULES({5000, 5000, 0, BERTH_E_DENIED});
    struct berth_port port;
    struct berth_port_options options = {.port = 5000, .tries = 3};
    assert_int_equal(allocate(options, &port), 0);
    assert_int_equal(port.port, 5001);
    assert_int_equal(port.passed[0].to, 5000);
    assert_string_equal(port.passed[0].text,
                        "reserved by the system: it denies this program the port");
    release(&port);
}

/* Windows reserves ranges anywhere, and says so port by port. */
static void a_denied_range_above_is_said_once(void **state) {
    (void)state;
    RULES({5000, 5003, 0, BERTH_E_DENIED}, {5004, 5004, 0, BERTH_E_IN_USE},
          {5005, 5005, 0, BERTH_E_DENIED});
    struct berth_port port;
    struct berth_port_options options = {.port = 5000, .tries = 13};
    assert_int_equal(allocate(options, &port), 0);
    assert_int_equal(port.port, 5006);
    assert_int_equal(machine.listens, 8);
    assert_int_equal(port.passed_count, 3);
    assert_int_equal(port.passed[0].from, 5000);
    assert_int_equal(port.passed[0].to, 5003);
    assert_int_equal(port.passed[1].from, 5004);
    assert_int_equal(port.passed[2].from, 5005);
    assert_int_equal(port.passed[2].to, 5005);
    release(&port);
}

/* A sandbox that lets nothing listen: once is enough to know. */
static void the_system_denies_its_own_choice(void **state) {
    (void)state;
    RULES({0, 65535, 0, BERTH_E_DENIED});
    struct berth_port port;
    struct berth_port_options options = {.port = 0};
    assert_int_equal(allocate(options, &port), BERTH_E_NO_PORT);
    assert_int_equal(machine.listens, 1);
    assert_int_equal(port.passed_count, 1);
    assert_int_equal(port.passed[0].from, 0);
    assert_int_equal(port.passed[0].to, 0);
    assert_int_equal(port.passed[0].reason, BERTH_PORT_RESERVED);
    release(&port);
}

static void ports_that_browsers_refuse(void **state) {
    (void)state;
    struct berth_port port;
    struct berth_port_options options = {.port = 6665, .tries = 13};
    assert_int_equal(allocate(options, &port), 0);
    assert_int_equal(port.port, 6670);
    assert_int_equal(port.passed_count, 1);
    assert_int_equal(port.passed[0].from, 6665);
    assert_int_equal(port.passed[0].to, 6669);
    assert_int_equal(port.passed[0].reason, BERTH_PORT_BLOCKED);
    assert_int_equal(machine.listens, 2);
    release(&port);

    options = (struct berth_port_options){.port = 10080, .strict = true};
    assert_int_equal(allocate(options, &port), BERTH_E_NO_PORT);
    assert_int_equal(port.passed[0].reason, BERTH_PORT_BLOCKED);
    release(&port);

    options = (struct berth_port_options){.port = 6664, .tries = 13, .sticky = 6666};
    got(options, 6664, BERTH_PORT_FROM_RANGE, 0);
}

static void what_ends_the_search(void **state) {
    (void)state;
    RULES({0, 65535, 6, BERTH_E_TOO_MANY_FILES});
    struct berth_port port;
    assert_int_equal(allocate(usual(), &port), BERTH_E_NO_PORT);
    assert_int_equal(port.passed_count, 1);
    assert_int_equal(port.passed[0].reason, BERTH_PORT_FAILED);
    assert_int_equal(port.passed[0].error, BERTH_E_TOO_MANY_FILES);
    assert_string_equal(port.passed[0].text, "too many open files");
    release(&port);

    RULES({1018, 1018, 0, BERTH_E_SYSTEM}); /* this one may be the port's own */
    got(usual(), 1019, BERTH_PORT_FROM_RANGE, 1);
}

/* -- The system's choice ----------------------------------------------------------------------- */

static void the_system_is_asked_again(void **state) {
    (void)state;
    static const uint16_t gifts[] = {6667, 40001, 40002, 40003};
    machine.gives = gifts;
    machine.gives_count = 4;
    RULES({40001, 40002, 6, BERTH_E_IN_USE});
    struct berth_port port;
    struct berth_port_options options = {.port = 0};
    assert_int_equal(allocate(options, &port), 0);
    assert_int_equal(port.port, 40003);
    assert_int_equal(port.source, BERTH_PORT_FROM_SYSTEM);
    assert_int_equal(port.passed_count, 3);
    assert_int_equal(port.passed[0].reason, BERTH_PORT_BLOCKED);
    assert_int_equal(port.passed[0].from, 6667);
    assert_int_equal(port.passed[1].from, 40001);
    assert_int_equal(port.passed[2].from, 40002);
    release(&port);
}

static void but_not_for_ever(void **state) {
    (void)state;
    RULES({40000, 40000, 6, BERTH_E_IN_USE});
    struct berth_port port;
    struct berth_port_options options = {.port = 0};
    assert_int_equal(allocate(options, &port), BERTH_E_NO_PORT);
    assert_int_equal(machine.listens, 128);
    release(&port);

    RULES({0, 0, 4, BERTH_E_IN_USE});
    assert_int_equal(allocate(options, &port), BERTH_E_NO_PORT);
    assert_int_equal(port.passed_count, 1);
    assert_string_equal(port.passed[0].text, "the system has no free port to give");
    release(&port);
}

/* -- Sockets passed in ------------------------------------------------------------------------- */

static void sockets_passed_in_win(void **state) {
    (void)state;
    struct berth_port_options options = usual();
    options.accept_passed = true;
    options.sticky = 1020;
    got(options, 1020, BERTH_PORT_FROM_STICKY, 0); /* there are none */
    machine.passed_count = 2;
    machine.passed_ports[0] = machine.passed_ports[1] = 8080;
    options.strict = true;
    got(options, 8080, BERTH_PORT_FROM_PARENT, 0);
    options.accept_passed = false;
    got(options, 1018, BERTH_PORT_FROM_RANGE, 0);
}

static void refused(const char *why) {
    struct berth_port_options options = usual();
    options.accept_passed = true;
    struct berth_port port;
    assert_int_equal(allocate(options, &port), BERTH_E_NO_PORT);
    assert_int_equal(port.passed_count, 1);
    assert_int_equal(port.passed[0].reason, BERTH_PORT_FAILED);
    assert_non_null(strstr(port.passed[0].text, why));
    assert_int_equal(machine.listens, 0);
    release(&port);
}

static void sockets_passed_in_that_will_not_do(void **state) {
    (void)state;
    machine.passed_count = 2;
    machine.passed_ports[0] = 8080;
    machine.passed_ports[1] = 8081;
    refused("different ports");
    machine.passed_is_udp = true;
    refused("no TCP socket");
    machine.passed_error = BERTH_E_INVALID;
    refused("does not name open descriptors");
}

/* -- Memory ------------------------------------------------------------------------------------ */

static void every_allocation_can_fail(void **state) {
    (void)state;
    RULES({1018, 1022, 0, BERTH_E_IN_USE}, {1023, 1023, 6, BERTH_E_IN_USE});
    int error = BERTH_E_MEMORY;
    size_t nth = 1;
    for (; error == BERTH_E_MEMORY && nth < 100; nth++) {
        struct berth_port port;
        berth_alloc_fail_at(nth);
        error = allocate(usual(), &port);
        berth_alloc_fail_at(0);
        if (error == 0)
            release(&port);
    }
    assert_int_equal(error, 0);
    assert_true(nth > 3);
    berth_port_release(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_A_MACHINE(the_first_port_when_it_is_free),
        ON_A_MACHINE(upward_then_the_system),
        ON_A_MACHINE(nothing_can_be_had),
        ON_A_MACHINE(strict_never_moves),
        ON_A_MACHINE(the_sticky_port_comes_first),
        ON_A_MACHINE(a_sticky_port_that_is_taken),
        ON_A_MACHINE(the_end_of_all_ports),
        ON_A_MACHINE(hosts),
        ON_A_MACHINE(taken_in_one_family_is_taken),
        ON_A_MACHINE(a_machine_without_ipv6),
        ON_A_MACHINE(privileged_ports_are_stepped_over_in_one_go),
        ON_A_MACHINE(a_denied_port_above_is_stepped_over_alone),
        ON_A_MACHINE(a_denied_range_above_is_said_once),
        ON_A_MACHINE(the_system_denies_its_own_choice),
        ON_A_MACHINE(ports_that_browsers_refuse),
        ON_A_MACHINE(what_ends_the_search),
        ON_A_MACHINE(the_system_is_asked_again),
        ON_A_MACHINE(but_not_for_ever),
        ON_A_MACHINE(sockets_passed_in_win),
        ON_A_MACHINE(sockets_passed_in_that_will_not_do),
        ON_A_MACHINE(every_allocation_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
