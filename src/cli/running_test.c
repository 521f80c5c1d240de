/* Records, read: what is taken from them, what is refused, what is shown. */
#include "app/running.h"
#include "cli/cmd_list.h"

#include "berth/error.h"
#include "port/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct berth_running running;
static char memory[BERTH_ENDPOINT_MAX];

static struct berth_endpoint endpoint(void) {
    struct berth_endpoint made = {
        .app = "assistant",
        .instance = "0123456789abcdef",
        .version = "1.2.3",
        .host = "127.0.0.1",
        .state = BERTH_ENDPOINT_READY,
        .pid = 4242,
        .started_unix_ms = 1795452736123,
        .port = 1019,
        .requested_port = 1018,
        .ws_path = "/client-ws",
        .state_dir = "/state/berth",
        .token = "a-token-that-is-secret",
    };
    assert_int_equal(berth_addr_parse(BERTH_VIEW("127.0.0.1"), 1019, &made.address), 0);
    return made;
}

static struct berth_view record_of(const struct berth_endpoint *made) {
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    berth_endpoint_write(made, BERTH_ENDPOINT_RECORD, &out);
    assert_false(out.overflow);
    return berth_writer_result(&out);
}

static void test_reads(void **state) {
    (void)state;
    struct berth_endpoint made = endpoint();
    assert_int_equal(berth_running_read(record_of(&made), &running), 0);
    assert_string_equal(running.app, "assistant");
    assert_string_equal(running.instance, "0123456789abcdef");
    assert_int_equal(running.state, BERTH_ENDPOINT_READY);
    assert_int_equal(running.pid, 4242);
    assert_int_equal(running.port, 1019);
    assert_string_equal(running.started_at, "2026-11-23T16:52:16.123Z");
    assert_string_equal(running.http_url, "http://127.0.0.1:1019");
    assert_string_equal(running.ws_url, "ws://127.0.0.1:1019/client-ws");
    assert_string_equal(running.state_dir, "/state/berth");
}

/* Without a route, and without what a machine may lack. */
static void test_reads_nulls(void **state) {
    (void)state;
    struct berth_endpoint made = endpoint();
    made.ws_path = NULL;
    made.state_dir = NULL;
    made.token = NULL;
    assert_int_equal(berth_running_read(record_of(&made), &running), 0);
    assert_string_equal(running.ws_url, "");
    assert_string_equal(running.state_dir, "");
}

/* What another process prints of it is what it printed itself. */
static void test_ready_line(void **state) {
    (void)state;
    static char ready[BERTH_ENDPOINT_MAX], shown[BERTH_ENDPOINT_MAX + 64];
    struct berth_endpoint made = endpoint();
    struct berth_writer own = berth_writer_on(ready, sizeof ready);
    berth_endpoint_write(&made, BERTH_ENDPOINT_READY_LINE, &own);
    berth_writer_char(&own, '\n');
    struct berth_writer other = berth_writer_on(shown, sizeof shown);
    assert_int_equal(berth_running_read(record_of(&made), &running), 0);
    berth_running_write_ready(&running, &other);
    assert_true(berth_view_equal(berth_writer_result(&own), berth_writer_result(&other)));
    assert_null(strstr(running.public_line, "a-token-that-is-secret"));
}

/* Longer than any app's name. */
#define LONG_NAME "0123456789012345678901234567890123456789012345678901234567890123456789"

static void test_refuses(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "null",
        "{",
        "{}",
        "{\"app\":\"a\"}",
        "{\"pid\":-1,\"port\":1018,\"state\":\"ready\"}",
        "{\"pid\":1,\"port\":65536,\"state\":\"ready\"}",
        "{\"pid\":1,\"port\":\"1018\",\"state\":\"ready\"}",
        "{\"pid\":1,\"port\":1018,\"state\":\"dead\"}",
        "{\"pid\":1,\"port\":1018,\"state\":\"ready\",\"app\":7}",
        "{\"pid\":1,\"port\":1018,\"port\":1019,\"state\":\"ready\"}",
        "{\"pid\":1,\"port\":1018,\"state\":\"ready\",\"app\":\"" LONG_NAME "\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(berth_running_read(berth_view_of(bad[i]), &running), BERTH_E_INVALID);
    assert_int_equal(
        berth_running_read(BERTH_VIEW("{\"pid\":1,\"port\":1018,\"state\":\"ready\"}"), &running),
        0);
}

/* Any cut of a record is refused, and harms nothing. */
static void test_cuts(void **state) {
    (void)state;
    struct berth_endpoint made = endpoint();
    struct berth_view whole = record_of(&made);
    for (size_t size = 0; size < whole.size; size++)
        assert_int_equal(berth_running_read((struct berth_view){whole.data, size}, &running),
                         BERTH_E_INVALID);
}

static void test_place(void **state) {
    (void)state;
    char text[256];
    struct berth_endpoint made = endpoint();
    struct berth_writer out = berth_writer_on(text, sizeof text);
    assert_int_equal(berth_running_read(record_of(&made), &running), 0);
    berth_running_write_place(&running, &out);
    assert_true(berth_view_equal(
        berth_writer_result(&out),
        BERTH_VIEW("http://127.0.0.1:1019 (pid 4242, since 2026-11-23T16:52:16Z)")));
}

/* Columns stand under their names; a long name moves its row, and no other. */
static void test_rows(void **state) {
    (void)state;
    char text[1024];
    struct berth_endpoint made = endpoint();
    struct berth_writer out = berth_writer_on(text, sizeof text - 1);
    berth_list_write_head(&out);
    text[out.size] = '\0';
    assert_string_equal(text,
                        "APP                 PID       PORT   STATE     SINCE                 "
                        "URL\n");
    assert_int_equal(berth_running_read(record_of(&made), &running), 0);
    out = berth_writer_on(text, sizeof text - 1);
    berth_list_write_row(&running, &out);
    text[out.size] = '\0';
    assert_string_equal(text,
                        "assistant           4242      1019   ready     2026-11-23T16:52:16Z  "
                        "http://127.0.0.1:1019\n");
    made.app = "a-name-that-is-longer-than-its-column";
    assert_int_equal(berth_running_read(record_of(&made), &running), 0);
    out = berth_writer_on(text, sizeof text - 1);
    berth_list_write_row(&running, &out);
    text[out.size] = '\0';
    assert_non_null(strstr(text, "a-name-that-is-longer-than-its-column  4242  1019  ready"));
}

/* Of several that run, the one of our state folder, under any of its names. */
static void test_finds_its_own(void **state) {
    (void)state;
    char base[32] = "/tmp/berth-test-XXXXXX";
    char folder[40], here[64], alias[64];
    assert_non_null(mkdtemp(base));
    snprintf(folder, sizeof folder, "%s/run", base);
    snprintf(here, sizeof here, "%s/state", base);
    snprintf(alias, sizeof alias, "%s/alias", base);
    assert_int_equal(symlink(base, alias), 0);
    assert_int_equal(berth_running_find(folder, "assistant", NULL, &running), BERTH_E_NOT_FOUND);

    struct berth_record *ours, *other;
    struct berth_endpoint made = endpoint();
    made.state_dir = base;
    made.pid = 1;
    assert_int_equal(berth_record_open(folder, "assistant", "ours", &ours), 0);
    assert_int_equal(berth_record_publish(ours, record_of(&made)), 0);
    made.state_dir = here;
    made.pid = 2;
    assert_int_equal(berth_record_open(folder, "assistant", "other", &other), 0);
    assert_int_equal(berth_record_publish(other, record_of(&made)), 0);

    assert_int_equal(berth_running_find(folder, "assistant", base, &running), 0);
    assert_int_equal(running.pid, 1);
    assert_int_equal(berth_running_find(folder, "assistant", alias, &running), 0);
    assert_int_equal(running.pid, 1);
    assert_int_equal(berth_running_find(folder, "assistant", here, &running), 0);
    assert_int_equal(running.pid, 2);
    assert_int_equal(berth_running_find(folder, "assistant", "/elsewhere", &running), 0);
    assert_int_equal(berth_running_find(folder, "another", base, &running), BERTH_E_NOT_FOUND);

    berth_record_withdraw(ours);
    berth_record_withdraw(other);
    assert_int_equal(unlink(alias), 0);
    snprintf(here, sizeof here, "%s/assistant", folder);
    assert_int_equal(rmdir(here), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(rmdir(base), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),      cmocka_unit_test(test_reads_nulls),
        cmocka_unit_test(test_ready_line), cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_cuts),       cmocka_unit_test(test_place),
        cmocka_unit_test(test_rows),       cmocka_unit_test(test_finds_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
