/* Questions to every kind of listener there is: one that answers, and those that do not. */
#include "cli/doctor_probe.h"

#include "proto/ws_handshake.h"
#include "sys/clock.h"
#include "sys/fixture.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* What a listener does with its connections. */
struct listener {
    int fd;
    const char *answer; /* NULL for silence */
    bool reset;         /* cut the connection instead */
    bool upgrades;      /* answer 101 with the right key */
    const char *wants;  /* has to stand in the request, else 400 */
};

static void upgrade(int fd, const char *request) {
    char accept_key[BERTH_WS_ACCEPT_SIZE];
    char answer[256];
    const char *key = strstr(request, "Sec-WebSocket-Key: ");
    FIXTURE_NEED(key != NULL);
    berth_ws_accept_key((struct berth_view){key + 19, BERTH_WS_KEY_SIZE}, accept_key);
    int size = snprintf(answer, sizeof answer,
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Accept: %.*s\r\n\r\n",
                        BERTH_WS_ACCEPT_SIZE, accept_key);
    FIXTURE_NEED(write(fd, answer, (size_t)size) == size);
}

static void answer_one(const struct listener *listener, int fd) {
    char request[2048] = "";
    const char *answer = listener->answer;
    struct linger at_once = {1, 0};
    if (read(fd, request, sizeof request - 1) <= 0 || listener->reset) {
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(fd);
        return;
    }
    if (listener->upgrades)
        upgrade(fd, request);
    if (listener->wants != NULL && strstr(request, listener->wants) == NULL)
        answer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    if (answer != NULL)
        FIXTURE_NEED(write(fd, answer, strlen(answer)) == (ssize_t)strlen(answer));
    if (answer == NULL && !listener->upgrades)
        pause();
    close(fd);
}

static int serve(void *argument) {
    const struct listener *listener = argument;
    int fd = accept(listener->fd, NULL, NULL);
    FIXTURE_NEED(fd >= 0);
    answer_one(listener, fd);
    return 0;
}

static pid_t start(struct listener *listener, uint16_t *ret_port) {
    *ret_port = fixture_quiet_ports(1);
    listener->fd = fixture_listen("127.0.0.1", *ret_port, 0);
    pid_t pid = fixture_fork(serve, listener);
    close(listener->fd);
    return pid;
}

static void stop(pid_t pid) {
    kill(pid, SIGKILL);
    fixture_wait(pid);
}

static struct berth_doctor_answer answer;

static void ask(struct listener listener, struct berth_doctor_probe probe,
                enum berth_doctor_outcome expected) {
    uint16_t port;
    pid_t pid = start(&listener, &port);
    probe.to = fixture_addr("127.0.0.1", port);
    probe.target = "/health";
    probe.answer = &answer;
    assert_int_equal(berth_doctor_probe_all(&probe, 1, 400), 0);
    stop(pid);
    if (answer.outcome != expected)
        fail_msg("%s, and expected was: %s", berth_doctor_outcome_text(answer.outcome),
                 berth_doctor_outcome_text(expected));
}

#define GET                                                                                        \
    (struct berth_doctor_probe) { .upgrade = false }
#define UPGRADE                                                                                    \
    (struct berth_doctor_probe) { .upgrade = true }

static void test_answers(void **state) {
    (void)state;
    ask((struct listener){.answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
                                    "Access-Control-Allow-Origin: *\r\n\r\nhello"},
        GET, BERTH_DOCTOR_ANSWERED);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "hello");
    assert_string_equal(answer.allow_origin, "*");
    ask((struct listener){.answer = "HTTP/1.1 503 Starting\r\n\r\nto the end"}, GET,
        BERTH_DOCTOR_ANSWERED);
    assert_int_equal(answer.status, 503);
    assert_string_equal(answer.body, "to the end");
    ask((struct listener){.answer = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No\r\n\r\n"}, GET,
        BERTH_DOCTOR_ANSWERED);
    assert_int_equal(answer.status, 204);
}

static void test_origin_is_sent(void **state) {
    (void)state;
    struct listener listener = {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                                .wants = "\r\nOrigin: http://localhost:5173\r\n"};
    ask(listener, (struct berth_doctor_probe){.origin = "http://localhost:5173"},
        BERTH_DOCTOR_ANSWERED);
    assert_int_equal(answer.status, 200);
    ask(listener, GET, BERTH_DOCTOR_ANSWERED);
    assert_int_equal(answer.status, 400);
}

static void test_no_answers(void **state) {
    (void)state;
    ask((struct listener){.answer = NULL}, GET, BERTH_DOCTOR_SILENT);
    assert_true(answer.elapsed_ms >= 390 && answer.elapsed_ms < 2000);
    ask((struct listener){.reset = true}, GET, BERTH_DOCTOR_RESET);
    ask((struct listener){.answer = ""}, GET, BERTH_DOCTOR_RESET);
    ask((struct listener){.answer = "SSH-2.0-OpenSSH_9.2\r\n"}, GET, BERTH_DOCTOR_NOT_HTTP);
    ask((struct listener){.answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhal"}, GET,
        BERTH_DOCTOR_ANSWERED); /* cut in the body: who it is was said */
}

static void test_upgrades(void **state) {
    (void)state;
    ask((struct listener){.upgrades = true}, UPGRADE, BERTH_DOCTOR_ANSWERED);
    assert_int_equal(answer.status, 101);
    assert_true(answer.upgraded);
    ask((struct listener){.answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                    "Connection: Upgrade\r\n"
                                    "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n"},
        UPGRADE, BERTH_DOCTOR_ANSWERED);
    assert_false(answer.upgraded);
    assert_non_null(answer.upgrade_fault);
    ask((struct listener){.answer = "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n"},
        UPGRADE, BERTH_DOCTOR_ANSWERED);
    assert_int_equal(answer.status, 426);
    ask((struct listener){.reset = true}, UPGRADE, BERTH_DOCTOR_RESET);
}

static void test_nobody(void **state) {
    (void)state;
    struct berth_doctor_probe probe = {
        .to = fixture_addr("127.0.0.1", fixture_quiet_ports(1)), .target = "/", .answer = &answer};
    assert_int_equal(berth_doctor_probe_all(&probe, 1, 400), 0);
    assert_int_equal(answer.outcome, BERTH_DOCTOR_REFUSED);
    assert_true(answer.elapsed_ms < 300);
    assert_int_equal(berth_doctor_probe_all(NULL, 0, 400), 0);
}

/* A listener whose queue is full swallows the connection: that is no silence, it is no connection.
 */
static void test_a_full_queue(void **state) {
    (void)state;
    uint16_t port = fixture_quiet_ports(1);
    struct berth_addr address = fixture_addr("127.0.0.1", port);
    int fd = fixture_bind(&address, 0);
    FIXTURE_NEED(listen(fd, 0) == 0);
    int first = fixture_connect(&address);
    struct berth_doctor_probe probe = {.to = address, .target = "/", .answer = &answer};
    assert_int_equal(berth_doctor_probe_all(&probe, 1, 300), 0);
    assert_int_equal(answer.outcome, BERTH_DOCTOR_UNREACHED);
    close(first);
    close(fd);
}

static void test_one_that_is_to_be_silent_holds_nobody_up(void **state) {
    (void)state;
    uint16_t ports = fixture_quiet_ports(2);
    int fd = fixture_listen("127.0.0.1", ports, 0);
    struct berth_doctor_answer answers[2];
    struct berth_doctor_probe probes[2] = {
        {.to = fixture_addr("127.0.0.1", ports),
         .target = "/",
         .expects_silence = true,
         .answer = &answers[0]},
        {.to = fixture_addr("127.0.0.1", (uint16_t)(ports + 1)),
         .target = "/",
         .answer = &answers[1]},
    };
    uint64_t began = berth_sys_clock_monotonic_ns();
    assert_int_equal(berth_doctor_probe_all(probes, 2, 5000), 0);
    assert_true(berth_sys_clock_monotonic_ns() - began < 2000000000ULL);
    assert_int_equal(answers[0].outcome, BERTH_DOCTOR_SILENT);
    assert_int_equal(answers[1].outcome, BERTH_DOCTOR_REFUSED);
    close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_origin_is_sent),
        cmocka_unit_test(test_no_answers),
        cmocka_unit_test(test_upgrades),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_a_full_queue),
        cmocka_unit_test(test_one_that_is_to_be_silent_holds_nobody_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
