/* The checks, on worlds that are made up: each code comes up where it should, and in a world where
 * all is well none does. */
#include "cli/doctor.h"

#include "backend/backend.h"
#include "berth/error.h"
#include "port/port.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define UID 1000
#define NOW 1800000000000

static struct berth_doctor_world world;
static struct berth_doctor_report report;

/* -- Making worlds ----------------------------------------------------------------------------- */

static struct berth_doctor_port *port_at(uint16_t number) {
    for (size_t i = 0; i < world.port_count; i++)
        if (world.ports[i].port == number)
            return &world.ports[i];
    fail_msg("the world has no port %u", (unsigned)number);
    return NULL;
}

static void answers_as(struct berth_doctor_port *port, enum berth_doctor_family family,
                       const char *app, const char *instance) {
    struct berth_doctor_health *health = &port->health[family];
    port->answers[family].outcome = BERTH_DOCTOR_ANSWERED;
    port->answers[family].status = 200;
    *health = (struct berth_doctor_health){
        .is_berth = true, .has_proof = true, .known_key = true, .port = port->port};
    snprintf(health->app, sizeof health->app, "%s", app);
    snprintf(health->instance, sizeof health->instance, "%s", instance);
    snprintf(health->version, sizeof health->version, "1.2.3");
    snprintf(health->ws_path, sizeof health->ws_path, "/client-ws");
}

static struct berth_addr address_of(enum berth_doctor_family family, uint16_t port) {
    struct berth_addr address;
    assert_int_equal(
        berth_addr_parse(berth_view_of(family == BERTH_DOCTOR_IPV4 ? "127.0.0.1" : "::1"), port,
                         &address),
        0);
    return address;
}

static void held_by(struct berth_doctor_port *port, const char *program, uint32_t pid) {
    port->holder_count = BERTH_DOCTOR_FAMILIES_MAX;
    for (size_t i = 0; i < BERTH_DOCTOR_FAMILIES_MAX; i++) {
        struct berth_sys_holder *holder = &port->holders[i];
        *holder = (struct berth_sys_holder){.address =
                                                address_of((enum berth_doctor_family)i, port->port),
                                            .listening = true,
                                            .pid = pid,
                                            .uid = UID};
        snprintf(holder->program, sizeof holder->program, "%s", program);
        snprintf(holder->user, sizeof holder->user, "alice");
    }
}

static void stranger_on(uint16_t number, enum berth_doctor_outcome outcome) {
    struct berth_doctor_port *port = port_at(number);
    held_by(port, "python3 server.py", 4242);
    for (size_t i = 0; i < BERTH_DOCTOR_FAMILIES_MAX; i++) {
        port->answers[i].outcome = outcome;
        port->health[i] = (struct berth_doctor_health){0};
    }
}

/* A machine on which nothing runs. */
static int make_quiet(void **state) {
    (void)state;
    static const char *const nothing[] = {"HOME=/home/alice", NULL};
    world = (struct berth_doctor_world){
        .app = "assistant",
        .version = "1.2.3",
        .config_path = "conf.yaml",
        .server_port = 1018,
        .port_tries = 13,
        .falls_back = true,
        .uid = UID,
        .now_ms = NOW,
        .environment = nothing,
        .port_file = {.path = "/app/server_port.txt", .state = BERTH_DOCTOR_FILE_MISSING},
        .record_folder = "/run/user/1000/berth/assistant",
        .has_key = true,
        .ephemeral = {32768, 60999},
        .first_unprivileged = 1024,
        .has_ipv6 = true,
        .localhost = {.count = 2,
                      .addresses = {address_of(BERTH_DOCTOR_IPV6, 0),
                                    address_of(BERTH_DOCTOR_IPV4, 0)}},
        .loopback = {.outcome = BERTH_DOCTOR_SILENT},
        .port_count = 13,
    };
    for (size_t i = 0; i < world.port_count; i++) {
        world.ports[i].port = (uint16_t)(1018 + i);
        world.ports[i].in_range = true;
        for (size_t k = 0; k < BERTH_DOCTOR_FAMILIES_MAX; k++)
            world.ports[i].answers[k].outcome = BERTH_DOCTOR_REFUSED;
    }
    return 0;
}

/* A server of ours on 1018, and all as it should be. */
static int make_well(void **state) {
    make_quiet(state);
    struct berth_doctor_port *port = port_at(1018);
    for (size_t i = 0; i < BERTH_DOCTOR_FAMILIES_MAX; i++)
        answers_as(port, (enum berth_doctor_family)i, "assistant", "one");
    held_by(port, "berth", 77);
    world.server = port;
    world.port_file.state = BERTH_DOCTOR_FILE_READ;
    world.port_file.port = 1018;
    world.record_count = 1;
    world.records[0] = (struct berth_doctor_record){
        .alive = true, .pid = 77, .port = 1018, .started_ms = NOW - 1000};
    snprintf(world.records[0].instance, sizeof world.records[0].instance, "one");
    snprintf(world.records[0].path, sizeof world.records[0].path, "/run/one.json");
    world.upgrade = (struct berth_doctor_answer){
        .outcome = BERTH_DOCTOR_ANSWERED, .status = 101, .upgraded = true};
    return 0;
}

/* -- Asking for findings ----------------------------------------------------------------------- */

static const struct berth_doctor_finding *found(enum berth_doctor_code_id code) {
    for (size_t i = 0; i < report.count; i++)
        if (report.findings[i].code == &berth_doctor_codes[code])
            return &report.findings[i];
    return NULL;
}

/* What is found that is worse than a note is this, and nothing else. */
static const char *only(enum berth_doctor_code_id code) {
    berth_doctor_judge(&world, &report);
    for (size_t i = 0; i < report.count; i++) {
        const struct berth_doctor_code *other = report.findings[i].code;
        if (other->severity > BERTH_DOCTOR_NOTE && other != &berth_doctor_codes[code])
            fail_msg("%s was found too: %s", other->name, report.findings[i].seen);
    }
    if (found(code) == NULL)
        fail_msg("%s was not found", berth_doctor_codes[code].name);
    return found(code)->seen;
}

/* This is found; others may be. */
static const char *also(enum berth_doctor_code_id code) {
    berth_doctor_judge(&world, &report);
    if (found(code) == NULL)
        fail_msg("%s was not found", berth_doctor_codes[code].name);
    return found(code)->seen;
}

static void never(enum berth_doctor_code_id code) {
    berth_doctor_judge(&world, &report);
    if (found(code) != NULL)
        fail_msg("%s was found: %s", berth_doctor_codes[code].name, found(code)->seen);
}

/* -- The two worlds as they are ---------------------------------------------------------------- */

static void test_all_is_well(void **state) {
    (void)state;
    berth_doctor_judge(&world, &report);
    for (size_t i = 0; i < report.count; i++)
        if (report.findings[i].code->severity != BERTH_DOCTOR_OK)
            fail_msg("%s: %s", report.findings[i].code->name, report.findings[i].seen);
    assert_int_equal(report.worst, BERTH_DOCTOR_OK);
    assert_int_equal(report.counts[BERTH_DOCTOR_OK], 10); /* all but the page, which nobody asked */
    assert_string_equal(found(BERTH_DOCTOR_SERVER)->check, "Server");
}

static void test_nothing_runs(void **state) {
    (void)state;
    assert_non_null(strstr(only(BERTH_DOCTOR_SERVER_ABSENT), "assistant"));
    assert_non_null(found(BERTH_DOCTOR_PORT_FILE));
    assert_non_null(found(BERTH_DOCTOR_RECORDS));
    assert_null(found(BERTH_DOCTOR_WEBSOCKET_NO_ROUTE));
}

/* -- Configuration ----------------------------------------------------------------------------- */

/* What the program itself says of such a file, so that the words here and there stay together. */
static void load(struct berth_config *config, const char *yaml) {
    static const char *const nothing[] = {NULL};
    static struct berth_config_context context;
    static char folder[] = "/app";
    context = (struct berth_config_context){nothing, "/app", berth_backend_names()};
    berth_config_init(config, &context);
    config->path = "conf.yaml";
    config->folder = folder;
    assert_int_equal(berth_config_read_yaml(config, berth_view_of(yaml)), 0);
    assert_int_equal(berth_config_settle(config), 0);
    config->folder = NULL;
    world.messages = config->messages;
    world.message_count = config->message_count;
}

static void test_configuration(void **state) {
    (void)state;
    static const struct {
        const char *yaml;
        enum berth_doctor_code_id code;
    } cases[] = {
        {"SERVER_PORT: many\n", BERTH_DOCTOR_CONFIG_INVALID},
        {"BERTH:\n  STATTIC: x\n", BERTH_DOCTOR_CONFIG_INVALID},
        {"SERVER_PORT: 1018\nWEBSOCKET_PORT: 1025\n", BERTH_DOCTOR_CONFIG_PORTS_DIFFER},
        {"SEVER_PORT: 1018\n", BERTH_DOCTOR_CONFIG_NEAR_MISS},
        {"BERTH:\n  ALLOWED_ORIGINS: [\"*\"]\n", BERTH_DOCTOR_CONFIG_WARNING},
    };
    static struct berth_config config;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        load(&config, cases[i].yaml);
        assert_non_null(strstr(only(cases[i].code), "conf.yaml:"));
        berth_config_finish(&config);
    }
    world.message_count = 0;
    world.config_path = NULL;
    assert_non_null(strstr(also(BERTH_DOCTOR_CONFIG_MISSING), "assistant"));
    assert_int_equal(report.worst, BERTH_DOCTOR_NOTE);
}

static void test_ephemeral_is_said_once(void **state) {
    (void)state;
    static struct berth_config config;
    load(&config, "SERVER_PORT: 40000\n");
    world.server_port = 40000;
    world.ports[0].port = 40000;
    world.ports[0].health[0].port = world.ports[0].health[1].port = 40000;
    world.port_file.port = world.records[0].port = 40000;
    assert_non_null(strstr(only(BERTH_DOCTOR_PORT_EPHEMERAL), "32768 to 60999"));
    assert_int_equal(report.counts[BERTH_DOCTOR_WARNING], 1);
    assert_non_null(found(BERTH_DOCTOR_RANGE_UNSEARCHED));
    berth_config_finish(&config);
}

/* -- Server ------------------------------------------------------------------------------------ */

static struct berth_doctor_health *health_of(size_t family) {
    return &world.ports[0].health[family];
}

static void test_server_states(void **state) {
    (void)state;
    health_of(0)->starting = health_of(1)->starting = true;
    only(BERTH_DOCTOR_SERVER_STARTING);
    health_of(0)->starting = health_of(1)->starting = false;
    health_of(0)->draining = health_of(1)->draining = true;
    only(BERTH_DOCTOR_SERVER_DRAINING);
}

static void set_version(const char *version) {
    for (size_t i = 0; i < BERTH_DOCTOR_FAMILIES_MAX; i++)
        snprintf(health_of(i)->version, sizeof health_of(i)->version, "%s", version);
}

static void test_server_versions(void **state) {
    (void)state;
    set_version("1.2.2");
    assert_non_null(strstr(only(BERTH_DOCTOR_SERVER_OLDER), "1.2.2"));
    set_version("1.10.0");
    also(BERTH_DOCTOR_SERVER_NEWER);
    set_version("");
    never(BERTH_DOCTOR_SERVER_OLDER);
    assert_true(berth_doctor_version_compare("1.9.0", "1.10.0") < 0);
    assert_true(berth_doctor_version_compare("2.0", "1.10.0") > 0);
    assert_int_equal(berth_doctor_version_compare("1.2.3", "1.2.3-rc"), 0);
    assert_int_equal(berth_doctor_version_compare("x", "1.2.3"), 0);
}

static void test_server_without_proof(void **state) {
    (void)state;
    for (size_t i = 0; i < BERTH_DOCTOR_FAMILIES_MAX; i++)
        health_of(i)->has_proof = health_of(i)->known_key = false;
    assert_non_null(strstr(also(BERTH_DOCTOR_SERVER_UNPROVED), "pid 77"));
    assert_non_null(found(BERTH_DOCTOR_SERVER_ABSENT));
    assert_non_null(found(BERTH_DOCTOR_PORT_FILE_STRANGER));
    world.has_key = false;
    only(BERTH_DOCTOR_SERVER_WITHOUT_KEY);
}

static void test_identity_that_cannot_be_used(void **state) {
    (void)state;
    world.has_key = false;
    world.identity_path = "/state/assistant/identity.key";
    world.identity_fault = "holds no key";
    assert_non_null(strstr(only(BERTH_DOCTOR_IDENTITY_UNUSABLE), "identity.key holds no key."));
    for (size_t i = 0; i < BERTH_DOCTOR_FAMILIES_MAX; i++)
        health_of(i)->has_proof = health_of(i)->known_key = false;
    only(BERTH_DOCTOR_IDENTITY_UNUSABLE); /* which is why there is no proof: said once */
}

static void test_server_behind_a_forwarder(void **state) {
    (void)state;
    for (size_t i = 0; i < BERTH_DOCTOR_FAMILIES_MAX; i++) {
        health_of(i)->port = 5000;
        health_of(i)->known_key = health_of(i)->has_proof = false;
    }
    assert_non_null(strstr(only(BERTH_DOCTOR_SERVER_FORWARDED), "5000"));
}

static void test_several_servers(void **state) {
    (void)state;
    answers_as(port_at(1019), BERTH_DOCTOR_IPV4, "assistant", "two");
    answers_as(port_at(1019), BERTH_DOCTOR_IPV6, "assistant", "two");
    also(BERTH_DOCTOR_SERVER_SEVERAL);
    assert_int_equal(report.worst, BERTH_DOCTOR_NOTE);
}

/* -- Port file --------------------------------------------------------------------------------- */

static void test_port_file(void **state) {
    (void)state;
    world.port_file.state = BERTH_DOCTOR_FILE_MISSING;
    only(BERTH_DOCTOR_PORT_FILE_MISSING);
    world.port_file.state = BERTH_DOCTOR_FILE_OFF;
    also(BERTH_DOCTOR_PORT_FILE);
    world.port_file.state = BERTH_DOCTOR_FILE_GARBAGE;
    snprintf(world.port_file.text, sizeof world.port_file.text, "10");
    only(BERTH_DOCTOR_PORT_FILE_GARBAGE);
    world.port_file.state = BERTH_DOCTOR_FILE_UNREADABLE;
    world.port_file.error = BERTH_E_DENIED;
    assert_non_null(strstr(only(BERTH_DOCTOR_PORT_FILE_UNREADABLE), "denied"));
    world.port_file.state = BERTH_DOCTOR_FILE_READ;
    world.port_file.unwritable = true;
    only(BERTH_DOCTOR_PORT_FILE_UNWRITABLE);
}

static void test_port_file_of_another(void **state) {
    (void)state;
    world.port_file.port = 1020;
    only(BERTH_DOCTOR_PORT_FILE_STALE);
    stranger_on(1020, BERTH_DOCTOR_ANSWERED);
    assert_non_null(strstr(only(BERTH_DOCTOR_PORT_FILE_STRANGER),
                           "held by python3 server.py (pid 4242, user alice)"));
    stranger_on(1020, BERTH_DOCTOR_SILENT);
    only(BERTH_DOCTOR_PORT_FILE_SILENT);
    answers_as(port_at(1020), BERTH_DOCTOR_IPV4, "kitchen", "three");
    answers_as(port_at(1020), BERTH_DOCTOR_IPV6, "kitchen", "three");
    assert_non_null(strstr(only(BERTH_DOCTOR_PORT_FILE_OTHER_APP), "kitchen"));
}

/* -- Records ----------------------------------------------------------------------------------- */

static void test_records(void **state) {
    (void)state;
    world.record_count = 0;
    only(BERTH_DOCTOR_RECORD_MISSING);
    world.record_folder_fault = "lets others in";
    only(BERTH_DOCTOR_RECORD_FOLDER);
    world.record_folder_fault = NULL;
    world.record_count = 2;
    world.records[1] = (struct berth_doctor_record){.port = 1025, .pid = 5};
    also(BERTH_DOCTOR_RECORD_DEAD);
    assert_int_equal(report.worst, BERTH_DOCTOR_NOTE);
    world.records[1].fault = BERTH_DOCTOR_RECORD_OF_OTHERS;
    only(BERTH_DOCTOR_RECORD_FOREIGN);
    world.records[1].fault = BERTH_DOCTOR_RECORD_OPEN;
    world.records[1].mode = 0644;
    assert_non_null(strstr(only(BERTH_DOCTOR_RECORD_MODE), "0644"));
    world.records[1].fault = BERTH_DOCTOR_RECORD_UNCLEAR;
    only(BERTH_DOCTOR_RECORD_GARBAGE);
}

static void test_record_of_one_that_hangs(void **state) {
    (void)state;
    stranger_on(1018, BERTH_DOCTOR_SILENT);
    world.server = NULL;
    assert_non_null(strstr(also(BERTH_DOCTOR_RECORD_UNREACHABLE),
                           "77 lives and should be on port 1018: 127.0.0.1, it accepts"));
}

/* -- Ports ------------------------------------------------------------------------------------- */

static void test_ports(void **state) {
    (void)state;
    stranger_on(1019, BERTH_DOCTOR_ANSWERED);
    assert_string_equal(also(BERTH_DOCTOR_PORT_STRANGER),
                        "Port 1019 is held by python3 server.py (pid 4242, user alice).");
    answers_as(port_at(1020), BERTH_DOCTOR_IPV4, "kitchen", "x");
    assert_string_equal(also(BERTH_DOCTOR_PORT_OTHER_APP), "Port 1020: the app kitchen.");
    for (uint16_t port = 1021; port < 1024; port++)
        port_at(port)->denied = true;
    assert_string_equal(also(BERTH_DOCTOR_PORT_RESERVED),
                        "Port 1021 to 1023: this user may not listen.");
    port_at(1030)->blocked = true;
    assert_string_equal(also(BERTH_DOCTOR_PORT_BLOCKED), "Port 1030.");
    assert_int_equal(report.worst, BERTH_DOCTOR_NOTE);
    assert_string_equal(found(BERTH_DOCTOR_PORTS)->seen, "1018 to 1030: 6 free, 1 ours.");
}

static void test_all_ports_taken(void **state) {
    (void)state;
    for (uint16_t port = 1018; port <= 1030; port++)
        stranger_on(port, BERTH_DOCTOR_RESET);
    also(BERTH_DOCTOR_PORTS_ALL_TAKEN);
    assert_null(found(BERTH_DOCTOR_PORTS));
    world.server_port = 0;
    never(BERTH_DOCTOR_PORTS_ALL_TAKEN);
}

static void test_a_filter_on_a_port(void **state) {
    (void)state;
    held_by(port_at(1022), "uvicorn", 5);
    port_at(1022)->answers[BERTH_DOCTOR_IPV4].outcome = BERTH_DOCTOR_UNREACHED;
    port_at(1022)->answers[BERTH_DOCTOR_IPV6].outcome = BERTH_DOCTOR_ANSWERED;
    assert_non_null(strstr(only(BERTH_DOCTOR_PORT_FILTERED), "127.0.0.1: uvicorn listens"));
    assert_int_equal(report.counts[BERTH_DOCTOR_ERROR], 1);
    port_at(1022)->answers[BERTH_DOCTOR_IPV4].outcome = BERTH_DOCTOR_REFUSED;
    assert_non_null(strstr(only(BERTH_DOCTOR_PORT_FILTERED), "refused"));
    port_at(1022)->holders[0].listening = port_at(1022)->holders[1].listening = false;
    never(BERTH_DOCTOR_PORT_FILTERED); /* bound, and not listening: that is refused rightly */
}

/* -- WebSocket --------------------------------------------------------------------------------- */

static void upgrade_is(enum berth_doctor_outcome outcome, int status, const char *body) {
    world.upgrade = (struct berth_doctor_answer){
        .outcome = outcome, .status = status, .upgrade_fault = "the key does not fit"};
    snprintf(world.upgrade.body, sizeof world.upgrade.body, "%s", body);
}

static void test_websocket(void **state) {
    (void)state;
    upgrade_is(BERTH_DOCTOR_ANSWERED, 403, "Another user.\nmore");
    assert_string_equal(only(BERTH_DOCTOR_WEBSOCKET_REFUSED),
                        "/client-ws answers 403: \"Another user.\"");
    upgrade_is(BERTH_DOCTOR_ANSWERED, 426, "This address speaks WebSocket only.");
    only(BERTH_DOCTOR_WEBSOCKET_STRIPPED);
    upgrade_is(BERTH_DOCTOR_ANSWERED, 200, "OK");
    only(BERTH_DOCTOR_WEBSOCKET_STRIPPED);
    upgrade_is(BERTH_DOCTOR_ANSWERED, 101, "");
    assert_non_null(strstr(only(BERTH_DOCTOR_WEBSOCKET_MANGLED), "the key does not fit"));
    upgrade_is(BERTH_DOCTOR_RESET, 0, "");
    only(BERTH_DOCTOR_WEBSOCKET_CUT);
    upgrade_is(BERTH_DOCTOR_SILENT, 0, "");
    only(BERTH_DOCTOR_WEBSOCKET_SILENT);
    upgrade_is(BERTH_DOCTOR_NOT_ASKED, 0, "");
    also(BERTH_DOCTOR_WEBSOCKET_NO_ROUTE);
    assert_int_equal(report.worst, BERTH_DOCTOR_NOTE);
}

/* -- Page -------------------------------------------------------------------------------------- */

static void page_is(const char *origin, const char *allowed_health, int data_status,
                    const char *allowed_data) {
    world.origin = origin;
    world.page_health =
        (struct berth_doctor_answer){.outcome = BERTH_DOCTOR_ANSWERED, .status = 200};
    snprintf(world.page_health.allow_origin, 256, "%s", allowed_health);
    world.page_data =
        (struct berth_doctor_answer){.outcome = BERTH_DOCTOR_ANSWERED, .status = data_status};
    snprintf(world.page_data.allow_origin, 256, "%s", allowed_data);
    world.page_upgrade = (struct berth_doctor_answer){.outcome = BERTH_DOCTOR_ANSWERED,
                                                      .status = data_status == 200 ? 101 : 403,
                                                      .upgraded = data_status == 200};
}

static void test_page(void **state) {
    (void)state;
    page_is("http://localhost:5173", "*", 200, "http://localhost:5173");
    assert_non_null(strstr(also(BERTH_DOCTOR_PAGE), "open the WebSocket"));
    assert_int_equal(report.worst, BERTH_DOCTOR_OK);
    page_is("null", "*", 403, "");
    only(BERTH_DOCTOR_PAGE_NULL_ORIGIN);
    page_is("http://localhost:5173", "*", 200, "");
    only(BERTH_DOCTOR_PAGE_CORS_MISSING);
    page_is("http://localhost:5173", "", 200, "http://localhost:5173");
    only(BERTH_DOCTOR_PAGE_CORS_MISSING);
    page_is("http://app.example", "*", 403, "");
    also(BERTH_DOCTOR_PAGE_ORIGIN_REFUSED);
    assert_non_null(found(BERTH_DOCTOR_PAGE_LOCAL_NETWORK));
    assert_null(found(BERTH_DOCTOR_PAGE_MIXED_CONTENT));
    page_is("https://app.example", "*", 200, "https://app.example");
    also(BERTH_DOCTOR_PAGE_MIXED_CONTENT);
    page_is("http://localhost.evil.example", "*", 200, "*");
    also(BERTH_DOCTOR_PAGE_LOCAL_NETWORK);
}

/* -- Families ---------------------------------------------------------------------------------- */

static void test_families(void **state) {
    (void)state;
    struct berth_doctor_port *port = port_at(1018);
    answers_as(port, BERTH_DOCTOR_IPV6, "kitchen", "x");
    assert_string_equal(only(BERTH_DOCTOR_FAMILIES_DIFFER),
                        "Port 1018: on 127.0.0.1 is assistant, on ::1 is kitchen.");
    answers_as(port, BERTH_DOCTOR_IPV6, "assistant", "another");
    only(BERTH_DOCTOR_FAMILIES_DIFFER);
    port->health[BERTH_DOCTOR_IPV6] = (struct berth_doctor_health){0};
    assert_non_null(strstr(only(BERTH_DOCTOR_FAMILIES_DIFFER), "another program"));
    port->answers[BERTH_DOCTOR_IPV6].outcome = BERTH_DOCTOR_REFUSED;
    port->holder_count = 1;
    assert_non_null(strstr(only(BERTH_DOCTOR_LOCALHOST_OTHER_FAMILY), "::1 first"));
    world.localhost.addresses[0] = address_of(BERTH_DOCTOR_IPV4, 0);
    world.localhost.count = 1;
    never(BERTH_DOCTOR_LOCALHOST_OTHER_FAMILY);
    world.has_ipv6 = false;
    also(BERTH_DOCTOR_IPV6_MISSING);
    assert_int_equal(report.worst, BERTH_DOCTOR_NOTE);
}

static void test_localhost(void **state) {
    (void)state;
    world.localhost.count = 0;
    world.localhost.error = BERTH_E_NOT_FOUND;
    only(BERTH_DOCTOR_LOCALHOST_UNKNOWN);
    world.localhost.error = 0;
    world.localhost.count = 1;
    world.localhost.addresses[0] = (struct berth_addr){.family = 4, .ip = {10, 0, 0, 7}};
    assert_string_equal(only(BERTH_DOCTOR_LOCALHOST_ELSEWHERE), "localhost is 10.0.0.7.");
}

/* -- Loopback, proxy, clock -------------------------------------------------------------------- */

static void test_loopback(void **state) {
    (void)state;
    world.loopback.outcome = BERTH_DOCTOR_REFUSED;
    only(BERTH_DOCTOR_LOOPBACK_REFUSED);
    world.loopback.outcome = BERTH_DOCTOR_NO_ADDRESS;
    only(BERTH_DOCTOR_LOOPBACK_DOWN);
    world.loopback.outcome = BERTH_DOCTOR_UNREACHED;
    only(BERTH_DOCTOR_LOOPBACK_TIMEOUT);
    world.loopback.outcome = BERTH_DOCTOR_RESET;
    only(BERTH_DOCTOR_LOOPBACK_RESET);
    world.loopback.outcome = BERTH_DOCTOR_ANSWERED; /* by somebody in between */
    only(BERTH_DOCTOR_LOOPBACK_RESET);
}

#define ENVIRONMENT(...) (world.environment = (const char *const[]){__VA_ARGS__, NULL})

static void test_proxy(void **state) {
    (void)state;
    ENVIRONMENT("http_proxy=http://alice:secret@proxy:3128");
    const char *seen = only(BERTH_DOCTOR_PROXY_CATCHES_LOOPBACK);
    assert_string_equal(seen, "http_proxy is http://proxy:3128, and no_proxy does not leave out "
                              "127.0.0.1, localhost, ::1.");
    ENVIRONMENT("ALL_PROXY=socks5://p:1", "no_proxy=localhost, 127.0.0.1");
    assert_non_null(strstr(only(BERTH_DOCTOR_PROXY_CATCHES_LOOPBACK), "leave out ::1."));
    ENVIRONMENT("HTTP_PROXY=http://p:1", "no_proxy=localhost,127.0.0.0/8,::1");
    never(BERTH_DOCTOR_PROXY_CATCHES_LOOPBACK);
    ENVIRONMENT("http_proxy=http://p:1", "no_proxy=*", "NO_PROXY=example.com");
    also(BERTH_DOCTOR_PROXY_CATCHES_LOOPBACK); /* some programs look at the other spelling */
    ENVIRONMENT("http_proxy=");
    never(BERTH_DOCTOR_PROXY_CATCHES_LOOPBACK);
    ENVIRONMENT("http_proxying=http://p:1");
    never(BERTH_DOCTOR_PROXY_CATCHES_LOOPBACK);
}

static void test_clock(void **state) {
    (void)state;
    world.records[0].started_ms = NOW + 3600000;
    assert_non_null(strstr(only(BERTH_DOCTOR_CLOCK_RECORD_FUTURE), "3600 s"));
    world.records[0].started_ms = 0;
    world.now_ms = 86400000;
    only(BERTH_DOCTOR_CLOCK_UNSET);
}

/* -- The report -------------------------------------------------------------------------------- */

static void test_a_report_counts_what_it_cannot_hold(void **state) {
    (void)state;
    report = (struct berth_doctor_report){0};
    for (size_t i = 0; i < BERTH_DOCTOR_FINDINGS_MAX; i++)
        berth_doctor_add(&report, BERTH_DOCTOR_PORT_STRANGER, "%zu", i);
    berth_doctor_add(&report, BERTH_DOCTOR_PORT_FILE_STALE, "one too many");
    assert_int_equal(report.count, BERTH_DOCTOR_FINDINGS_MAX);
    assert_int_equal(report.counts[BERTH_DOCTOR_ERROR], 1);
    assert_int_equal(report.worst, BERTH_DOCTOR_ERROR);
}

#define IN_A_WELL_WORLD(test) cmocka_unit_test_setup(test, make_well)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_A_WELL_WORLD(test_all_is_well),
        cmocka_unit_test_setup(test_nothing_runs, make_quiet),
        IN_A_WELL_WORLD(test_configuration),
        IN_A_WELL_WORLD(test_ephemeral_is_said_once),
        IN_A_WELL_WORLD(test_server_states),
        IN_A_WELL_WORLD(test_server_versions),
        IN_A_WELL_WORLD(test_server_without_proof),
        IN_A_WELL_WORLD(test_identity_that_cannot_be_used),
        IN_A_WELL_WORLD(test_server_behind_a_forwarder),
        IN_A_WELL_WORLD(test_several_servers),
        IN_A_WELL_WORLD(test_port_file),
        IN_A_WELL_WORLD(test_port_file_of_another),
        IN_A_WELL_WORLD(test_records),
        IN_A_WELL_WORLD(test_record_of_one_that_hangs),
        IN_A_WELL_WORLD(test_ports),
        IN_A_WELL_WORLD(test_all_ports_taken),
        IN_A_WELL_WORLD(test_a_filter_on_a_port),
        IN_A_WELL_WORLD(test_websocket),
        IN_A_WELL_WORLD(test_page),
        IN_A_WELL_WORLD(test_families),
        IN_A_WELL_WORLD(test_localhost),
        IN_A_WELL_WORLD(test_loopback),
        IN_A_WELL_WORLD(test_proxy),
        IN_A_WELL_WORLD(test_clock),
        cmocka_unit_test(test_a_report_counts_what_it_cannot_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
