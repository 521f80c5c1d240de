#include "proto/endpoint.h"

#include "berth/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint8_t key[32] = {0xFB};

static const struct berth_endpoint endpoint = {
    .app = "assistant",
    .instance = "i1",
    .version = "9.9.9",
    .host = "localhost",
    .state = BERTH_ENDPOINT_READY,
    .pid = 42,
    .started_unix_ms = 1767323045678,
    .boot_id = "b1",
    .port = 1019,
    .requested_port = 1018,
    .address = {6, 1019, {[15] = 1}},
    .ws_path = "/client-ws",
    .state_dir = "/state",
    .public_key = key,
    .token = "secret",
};

#define KEY_TEXT "-wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

#define RECORD_TEXT                                                                                \
    "\"schema\":1,\"app\":\"assistant\",\"instance\":\"i1\",\"state\":\"ready\",\"pid\":42,"       \
    "\"started_at\":\"2026-01-02T03:04:05.678Z\",\"boot_id\":\"b1\",\"version\":\"9.9.9\","        \
    "\"host\":\"localhost\",\"port\":1019,\"requested_port\":1018,\"urls\":{"                      \
    "\"http\":\"http://[::1]:1019\",\"ws\":\"ws://[::1]:1019/client-ws\","                         \
    "\"health\":\"http://[::1]:1019/health\"},\"state_dir\":\"/state\","                           \
    "\"public_key\":\"" KEY_TEXT "\""

static void assert_written(const struct berth_endpoint *written, enum berth_endpoint_form form,
                           const char *expected) {
    char memory[4096];
    struct berth_writer out = berth_writer_on(memory, sizeof memory - 1);
    berth_endpoint_write(written, form, &out);
    assert_false(out.overflow);
    memory[out.size] = 0;
    assert_string_equal(memory, expected);
}

static void test_forms(void **state) {
    (void)state;
    assert_written(&endpoint, BERTH_ENDPOINT_RECORD, "{" RECORD_TEXT ",\"token\":\"secret\"}");
    assert_written(&endpoint, BERTH_ENDPOINT_READY_LINE, "{\"event\":\"ready\"," RECORD_TEXT "}");
    assert_written(&endpoint, BERTH_ENDPOINT_HEALTH,
                   "{\"status\":\"ok\",\"app\":\"assistant\",\"instance\":\"i1\","
                   "\"state\":\"ready\",\"port\":1019,\"version\":\"9.9.9\","
                   "\"ws\":\"ws://[::1]:1019/client-ws\",\"public_key\":\"" KEY_TEXT "\"}");
}

static void test_what_is_not_there_is_null(void **state) {
    (void)state;
    struct berth_endpoint bare = endpoint;
    bare.state = BERTH_ENDPOINT_STARTING;
    bare.ws_path = NULL;
    bare.public_key = NULL;
    bare.proof = BERTH_VIEW("p");
    assert_written(&bare, BERTH_ENDPOINT_HEALTH,
                   "{\"status\":\"starting\",\"app\":\"assistant\",\"instance\":\"i1\","
                   "\"state\":\"starting\",\"port\":1019,\"version\":\"9.9.9\","
                   "\"ws\":null,\"public_key\":null,\"proof\":\"p\"}");
}

static void test_states(void **state) {
    (void)state;
    enum berth_endpoint_state found;
    for (int i = BERTH_ENDPOINT_STARTING; i <= BERTH_ENDPOINT_DRAINING; i++) {
        const char *name = berth_endpoint_state_name((enum berth_endpoint_state)i);
        assert_int_equal(berth_endpoint_state_of(berth_view_of(name), &found), 0);
        assert_int_equal(found, i);
    }
    assert_int_equal(berth_endpoint_state_of(BERTH_VIEW("Ready"), &found), BERTH_E_INVALID);
    assert_int_equal(berth_endpoint_http_status(BERTH_ENDPOINT_READY), 200);
    assert_int_equal(berth_endpoint_http_status(BERTH_ENDPOINT_STARTING), 503);
    assert_int_equal(berth_endpoint_http_status(BERTH_ENDPOINT_DRAINING), 503);
}

static void test_times(void **state) {
    static const struct {
        uint64_t unix_ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {951782399999, "2000-02-28T23:59:59.999Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {951868800000, "2000-03-01T00:00:00.000Z"},
        {1735689599000, "2024-12-31T23:59:59.000Z"},
        {4107542400000, "2100-03-01T00:00:00.000Z"}, /* no leap year */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char memory[32] = {0};
        struct berth_writer out = berth_writer_on(memory, sizeof memory);
        berth_endpoint_time_write(cases[i].unix_ms, &out);
        assert_string_equal(memory, cases[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_what_is_not_there_is_null),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_times),
    };
    return cmocka_run_group_tests_name("proto/endpoint", tests, NULL, NULL);
}
