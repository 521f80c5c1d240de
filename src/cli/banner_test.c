/* What a start says: the banner, the reason for another port, the ready line. */
#include "app/serve_port.h"
#include "cli/banner.h"
#include "cli/ready.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static char memory[BERTH_BANNER_MAX];

static const char *banner_of(const struct berth_banner *banner) {
    struct berth_writer out = berth_writer_on(memory, sizeof memory - 1);
    berth_banner_write(banner, &out);
    assert_false(out.overflow);
    memory[out.size] = '\0';
    return memory;
}

static void test_banner(void **state) {
    (void)state;
    struct berth_banner banner = {"0.0.0.0", 1018, 1018, "/client-ws", true, NULL};
    assert_string_equal(banner_of(&banner),
                        "============================================================\n"
                        "Server is running: http://0.0.0.0:1018\n"
                        "WS endpoint:       ws://0.0.0.0:1018/client-ws\n"
                        "Health check:      http://0.0.0.0:1018/health\n"
                        "Static files:      http://0.0.0.0:1018/static/\n"
                        "WEBSOCKET PORT FIX: Frontend should connect to port 1018\n"
                        "============================================================\n");
}

static void test_banner_of_another_port(void **state) {
    (void)state;
    struct berth_banner banner = {
        "::1", 1019, 1018, NULL, false, "1018 is held by python3 server.py (pid 4242, user alice)"};
    assert_string_equal(banner_of(&banner),
                        "============================================================\n"
                        "Server is running: http://[::1]:1019\n"
                        "Health check:      http://[::1]:1019/health\n"
                        "WEBSOCKET PORT FIX: Frontend should connect to port 1019\n"
                        "============================================================\n"
                        "Port 1018 was asked for; 1019 is used: 1018 is held by python3 server.py "
                        "(pid 4242, user alice)\n");
}

static void test_banner_in_json(void **state) {
    (void)state;
    char written[2048] = "";
    FILE *out = fmemopen(written, sizeof written, "w");
    assert_non_null(out);
    struct berth_cli_log log;
    struct berth_banner banner = {"127.0.0.1", 1019, 1018, "/client-ws", false, "1018 is held"};
    berth_cli_log_init(&log, out, BERTH_CLI_LOG_JSON, BERTH_LOG_INFO);
    berth_banner_log(&banner, &log);
    fclose(out);
    assert_non_null(
        strstr(written, "\"level\":\"info\",\"event\":\"banner\",\"text\":\"Server is running: "
                        "http://127.0.0.1:1019\",\"http\":\"http://127.0.0.1:1019\","
                        "\"ws\":\"ws://127.0.0.1:1019/client-ws\","
                        "\"health\":\"http://127.0.0.1:1019/health\",\"static\":null,\"port\":1019,"
                        "\"requested_port\":1018,\"why\":\"1018 is held\"}\n"));
    assert_ptr_equal(strchr(written, '\n'), written + strlen(written) - 1);
}

static const char *why_of(const struct berth_port *port, uint16_t requested) {
    struct berth_writer out = berth_writer_on(memory, sizeof memory - 1);
    berth_serve_port_why(port, requested, &out);
    memory[out.size] = '\0';
    return memory;
}

static void test_why(void **state) {
    (void)state;
    struct berth_port_passed passed[] = {
        {.from = 1018, .to = 1023, .text = "reserved by the system: ask for 1024 or more"},
        {.from = 1024, .to = 1024, .text = "held by nginx (pid 7, user www)"}};
    struct berth_port port = {
        .port = 1025, .source = BERTH_PORT_FROM_RANGE, .passed = passed, .passed_count = 2};
    assert_string_equal(why_of(&port, 1025), "");
    assert_string_equal(why_of(&port, 0), "");
    assert_string_equal(why_of(&port, 1020),
                        "1020 is reserved by the system: ask for 1024 or more");
    assert_string_equal(why_of(&port, 1024), "1024 is held by nginx (pid 7, user www)");
    assert_string_equal(why_of(&port, 9), "9 could not be had");
    port.source = BERTH_PORT_FROM_STICKY;
    assert_string_equal(why_of(&port, 1024), "it is the port of the last run");
    port.source = BERTH_PORT_FROM_PARENT;
    assert_string_equal(why_of(&port, 1024),
                        "it was passed in by the program that started this one");
}

static void test_ready_descriptor(void **state) {
    (void)state;
    int ends[2];
    char byte[2];
    assert_int_equal(pipe(ends), 0);
    berth_ready_signal(ends[1], NULL);
    assert_int_equal(read(ends[0], byte, sizeof byte), 1);
    assert_int_equal(byte[0], '\n');
    assert_int_equal(read(ends[0], byte, sizeof byte), 0); /* closed */
    close(ends[0]);
}

static void test_ready_line(void **state) {
    (void)state;
    int ends[2];
    char text[32];
    assert_int_equal(pipe(ends), 0);
    int saved = dup(1);
    assert_int_equal(fflush(stdout), 0);
    assert_int_equal(dup2(ends[1], 1), 1);
    berth_ready_print(BERTH_VIEW("{\"event\":\"ready\"}\n"), NULL);
    assert_int_equal(dup2(saved, 1), 1);
    assert_int_equal(read(ends[0], text, sizeof text), 18);
    assert_memory_equal(text, "{\"event\":\"ready\"}\n", 18);
    close(saved);
    close(ends[0]);
    close(ends[1]);
}

static void test_ready_to_a_manager(void **state) {
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[64], text[64];
    snprintf(name, sizeof name, "@berth-cli-test-%ld", (long)getpid());
    memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
    int manager = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(manager, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
                     0);
    setenv("NOTIFY_SOCKET", name, 1);
    berth_ready_notify(BERTH_VIEW("READY=1\nSTATUS=Serving"), NULL);
    unsetenv("NOTIFY_SOCKET");
    assert_int_equal(recv(manager, text, sizeof text, MSG_DONTWAIT), 22);
    assert_memory_equal(text, "READY=1\nSTATUS=Serving", 22);
    close(manager);
}

/* What the log said last. */
static char said[256];
static void keep(void *owner, const struct berth_log_record *record) {
    (void)owner;
    snprintf(said, sizeof said, "%s: %.*s", record->event, BERTH_VIEW_ARG(record->text));
}

static void test_ready_to_a_manager_that_is_gone(void **state) {
    (void)state;
    struct berth_log log = {keep, NULL, BERTH_LOG_WARNING};
    unsetenv("NOTIFY_SOCKET");
    berth_ready_notify(BERTH_VIEW("READY=1"), &log);
    setenv("NOTIFY_SOCKET", "", 1);
    berth_ready_notify(BERTH_VIEW("READY=1"), &log);
    assert_string_equal(said, "");
    setenv("NOTIFY_SOCKET", "/nowhere/notify", 1);
    berth_ready_notify(BERTH_VIEW("READY=1"), &log);
    assert_string_equal(said, "ready.unwritten: The service manager could not be told through "
                              "NOTIFY_SOCKET, /nowhere/notify (not found); serving goes on");
    unsetenv("NOTIFY_SOCKET");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_banner),
        cmocka_unit_test(test_banner_of_another_port),
        cmocka_unit_test(test_banner_in_json),
        cmocka_unit_test(test_why),
        cmocka_unit_test(test_ready_line),
        cmocka_unit_test(test_ready_descriptor),
        cmocka_unit_test(test_ready_to_a_manager),
        cmocka_unit_test(test_ready_to_a_manager_that_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
