/* A server that was found, as JSON: all of it, and its token never. */
#include "cli/found.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static char text[4096];

static const char *json_of(const struct berth_found *found) {
    struct berth_writer out = berth_writer_on(text, sizeof text - 1);
    berth_found_write_json(found, &out);
    assert_false(out.overflow);
    text[out.size] = '\0';
    return text;
}

static void test_whole(void **state) {
    (void)state;
    struct berth_found found = {
        .app = "assistant",
        .instance = "0123",
        .version = "1.2.3",
        .http_url = "http://127.0.0.1:1018",
        .ws_url = "ws://127.0.0.1:1018/client-ws",
        .token = "a-token-that-is-secret",
        .port = 1018,
        .pid = 42,
        .verdict = BERTH_VERDICT_PROVED,
        .source = BERTH_FIND_PORT_FILE,
        .has_public_key = true,
    };
    assert_string_equal(
        json_of(&found),
        "{\"app\":\"assistant\",\"instance\":\"0123\",\"pid\":42,\"version\":\"1.2.3\",\"port\":"
        "1018,"
        "\"urls\":{\"http\":\"http://127.0.0.1:1018\",\"ws\":\"ws://127.0.0.1:1018/client-ws\","
        "\"health\":\"http://127.0.0.1:1018/health\"},\"verdict\":\"proved\","
        "\"source\":\"port_file\",\"public_key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}");
}

static void test_what_is_not_known(void **state) {
    (void)state;
    struct berth_found found = {.app = "a",
                                .http_url = "http://[::1]:7",
                                .port = 7,
                                .verdict = BERTH_VERDICT_NAMED,
                                .source = BERTH_FIND_RANGE};
    assert_string_equal(json_of(&found),
                        "{\"app\":\"a\",\"instance\":null,\"pid\":null,\"version\":null,\"port\":7,"
                        "\"urls\":{\"http\":\"http://[::1]:7\",\"ws\":null,"
                        "\"health\":\"http://[::1]:7/health\"},\"verdict\":\"named\","
                        "\"source\":\"range\",\"public_key\":null}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_what_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
