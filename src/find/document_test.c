/* Documents and URLs, as tables: what is taken, and what is said of the rest. */
#include "find/document.h"

#include "berth/error.h"
#include "find/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define PROOF                                                                                      \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define TEXT_10 "abcdefghij"
#define TEXT_60 TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10

static const struct berth_addr asked = {4, 1018, {127, 0, 0, 1}};

/* -- URLs -------------------------------------------------------------------------------------- */

static void test_urls_that_are_taken(void **state) {
    static const struct {
        const char *text, *scheme, *host, *path;
        uint16_t port;
    } cases[] = {
        {"http://127.0.0.1:1018", "http", "127.0.0.1", "", 1018},
        {"http://127.0.0.1:1018/", "http", "127.0.0.1", "/", 1018},
        {"http://[::1]:65535/health?a=b", "http", "::1", "/health?a=b", 65535},
        {"http://localhost", "http", "localhost", "", 80},
        {"http://127.0.0.1?x", "http", "127.0.0.1", "?x", 80},
        {"ws://127.0.0.1:1/client-ws", "ws", "127.0.0.1", "/client-ws", 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct berth_find_url url;
        assert_int_equal(berth_find_url_read(berth_view_of(cases[i].text), cases[i].scheme, &url),
                         0);
        assert_true(berth_view_equal(url.host, berth_view_of(cases[i].host)));
        assert_true(berth_view_equal(url.path, berth_view_of(cases[i].path)));
        assert_int_equal(url.port, cases[i].port);
    }
}

static void test_urls_that_are_not(void **state) {
    static const char *const cases[] = {
        "",
        "http",
        "http:/127.0.0.1",
        "https://127.0.0.1:1018",
        "ws://127.0.0.1:1018",
        "http://",
        "http:///path",
        "http://:1018",
        "http://127.0.0.1:",
        "http://127.0.0.1:0",
        "http://127.0.0.1:65536",
        "http://127.0.0.1:+1",
        "http://127.0.0.1:1018 ",
        "http://127.0.0.1:1018\n",
        "http://127.0.0.1:1018/#here",
        "http://127.0.0.1:1018\\@elsewhere",
        "http://user@127.0.0.1:1018",
        "http://127.0.0.1@elsewhere:1018",
        "http://[::1:1018",
        "http://[127.0.0.1]:1018",
        "http://[::1]1018",
        "http://::1:1018",
        "http://127.0.0.1:1018/\x7f",
        "http://127.0.0.1:1018/\xc3\xa9",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct berth_find_url url;
        if (berth_find_url_read(berth_view_of(cases[i]), "http", &url) != BERTH_E_INVALID)
            fail_msg("%s was taken", cases[i]);
    }
}

/* -- Health ------------------------------------------------------------------------------------ */

#define HEALTH_WITH(extra)                                                                         \
    "{\"status\":\"ok\",\"app\":\"assistant\",\"instance\":\"i1\",\"state\":\"ready\","            \
    "\"port\":1018" extra "}"

static int read_health(const char *json, struct berth_find_document *document, const char **fault) {
    /* A copy of exactly its size: the sanitizer sees a read beyond it. */
    size_t size = strlen(json);
    char *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, json, size);
    int error = berth_find_health_read((struct berth_view){copy, size}, &asked, document, fault);
    free(copy);
    return error;
}

static void test_a_health_answer_is_read(void **state) {
    struct berth_find_document document;
    const char *fault;
    (void)state;
    assert_int_equal(read_health(HEALTH_WITH(",\"version\":\"1.2.3\",\"ws\":\"ws://127.0.0.1:1018/"
                                             "client-ws\",\"public_key\":\"" KEY
                                             "\",\"proof\":\"" PROOF "\",\"more\":[1,{}]"),
                                 &document, &fault),
                     0);
    assert_string_equal(document.app, "assistant");
    assert_string_equal(document.instance, "i1");
    assert_string_equal(document.version, "1.2.3");
    assert_string_equal(document.ws_path, "/client-ws");
    assert_string_equal(document.token, "");
    assert_int_equal(document.state, BERTH_ENDPOINT_READY);
    assert_int_equal(document.port, 1018);
    assert_int_equal(document.pid, 0);
    assert_true(document.has_public_key && document.has_proof);
    assert_int_equal(document.public_key[31], 31);
}

static void test_what_is_null_is_not_there(void **state) {
    struct berth_find_document document;
    const char *fault;
    (void)state;
    assert_int_equal(
        read_health(HEALTH_WITH(",\"version\":null,\"ws\":null,\"public_key\":null,\"proof\":null"),
                    &document, &fault),
        0);
    assert_string_equal(document.version, "");
    assert_string_equal(document.ws_path, "");
    assert_false(document.has_public_key || document.has_proof);
    assert_int_equal(read_health(HEALTH_WITH(""), &document, &fault), 0);
}

/* Private things have no place in a public answer: they are not even looked at. */
static void test_a_health_answer_has_no_token(void **state) {
    struct berth_find_document document;
    const char *fault;
    (void)state;
    assert_int_equal(
        read_health(HEALTH_WITH(",\"token\":\"secret\",\"pid\":1,\"urls\":{}"), &document, &fault),
        0);
    assert_string_equal(document.token, "");
    assert_int_equal(document.pid, 0);
}

#define HEALTH_OF(app, instance, state, port)                                                      \
    "{\"app\":" app ",\"instance\":" instance ",\"state\":" state ",\"port\":" port "}"

static void test_health_answers_that_are_not(void **state) {
    static const struct {
        const char *json, *fault;
    } cases[] = {
        {"", "JSON"},
        {"hello", "JSON"},
        {"[]", "JSON"},
        {"{", "JSON"},
        {"{}{}", "JSON"},
        {"{\"app\":\"a\",\"app\":\"b\"}", "JSON"},
        {"{\"app\":\"\xff\"}", "JSON"},
        {"{\"app\":\"a\\u0000b\"}", "JSON"},
        {"{\"port\":999999999999999999999999}", "JSON"},
        {"{}", "which app"},
        {HEALTH_OF("null", "\"i\"", "\"ready\"", "1018"), "which app"},
        {HEALTH_OF("\"\"", "\"i\"", "\"ready\"", "1018"), "which app"},
        {HEALTH_OF("7", "\"i\"", "\"ready\"", "1018"), "which app"},
        {HEALTH_OF("\"" TEXT_60 "12345\"", "\"i\"", "\"ready\"", "1018"), "which app"},
        {HEALTH_OF("\"a\\u001b[2J\"", "\"i\"", "\"ready\"", "1018"), "which app"},
        {HEALTH_OF("\"a\\u009b2J\"", "\"i\"", "\"ready\"", "1018"), "which app"},
        {HEALTH_OF("\"a\"", "null", "\"ready\"", "1018"), "which instance"},
        {HEALTH_OF("\"a\"", "[\"i\"]", "\"ready\"", "1018"), "which instance"},
        {HEALTH_OF("\"a\"", "\"i\"", "null", "1018"), "which state"},
        {HEALTH_OF("\"a\"", "\"i\"", "\"READY\"", "1018"), "which state"},
        {HEALTH_OF("\"a\"", "\"i\"", "1", "1018"), "which state"},
        {HEALTH_OF("\"a\"", "\"i\"", "\"ready\"", "null"), "which port"},
        {HEALTH_OF("\"a\"", "\"i\"", "\"ready\"", "0"), "which port"},
        {HEALTH_OF("\"a\"", "\"i\"", "\"ready\"", "-1"), "which port"},
        {HEALTH_OF("\"a\"", "\"i\"", "\"ready\"", "65536"), "which port"},
        {HEALTH_OF("\"a\"", "\"i\"", "\"ready\"", "1018.0"), "which port"},
        {HEALTH_OF("\"a\"", "\"i\"", "\"ready\"", "\"1018\""), "which port"},
        {HEALTH_WITH(",\"version\":3"), "version"},
        {HEALTH_WITH(",\"version\":\"" TEXT_60 "\""), "version"},
        {HEALTH_WITH(",\"public_key\":\"AAAA\""), "public key"},
        {HEALTH_WITH(",\"public_key\":\"" KEY "=\""), "public key"},
        {HEALTH_WITH(",\"public_key\":\"" KEY "A\""), "public key"},
        {HEALTH_WITH(",\"public_key\":{}"), "public key"},
        {HEALTH_WITH(",\"proof\":\"" KEY "\""), "proof"},
        {HEALTH_WITH(",\"proof\":true"), "proof"},
        {HEALTH_WITH(",\"ws\":\"http://127.0.0.1:1018/x\""), "WebSocket"},
        {HEALTH_WITH(",\"ws\":\"ws://127.0.0.1:1018\""), "WebSocket"},
        {HEALTH_WITH(",\"ws\":\"ws://127.0.0.1:1019/x\""), "WebSocket"},
        {HEALTH_WITH(",\"ws\":\"ws://192.168.1.9:1018/x\""), "WebSocket"},
        {HEALTH_WITH(",\"ws\":\"ws://localhost:1018/x\""), "WebSocket"},
        {HEALTH_WITH(",\"ws\":\"ws://127.0.0.1:1018/" TEXT_60 TEXT_60 TEXT_60 TEXT_60 TEXT_60 "\""),
         "WebSocket"},
        {HEALTH_WITH(",\"ws\":5"), "WebSocket"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct berth_find_document document = {.port = 7};
        const char *fault = "nothing";
        if (read_health(cases[i].json, &document, &fault) != BERTH_E_INVALID)
            fail_msg("%s was taken", cases[i].json);
        if (strstr(fault, cases[i].fault) == NULL)
            fail_msg("%s: \"%s\" says nothing of %s", cases[i].json, fault, cases[i].fault);
        assert_int_equal(document.port, 7);
    }
}

static void test_a_websocket_on_the_other_loopback_is_its_own(void **state) {
    struct berth_find_document document;
    const char *fault;
    (void)state;
    assert_int_equal(read_health(HEALTH_WITH(",\"ws\":\"ws://[::1]:1018/x\""), &document, &fault),
                     0);
    assert_string_equal(document.ws_path, "/x");
}

static void test_what_is_too_large_is_not_read(void **state) {
    struct berth_find_document document;
    const char *fault;
    (void)state;
    size_t size = BERTH_FIND_DOCUMENT_MAX + 1;
    char *json = malloc(size);
    assert_non_null(json);
    memset(json, ' ', size);
    memcpy(json, HEALTH_WITH(""), sizeof HEALTH_WITH("") - 1);
    assert_int_equal(
        berth_find_health_read((struct berth_view){json, size}, &asked, &document, &fault),
        BERTH_E_INVALID);
    assert_string_equal(fault, "says too much");
    assert_int_equal(
        berth_find_health_read((struct berth_view){json, size - 1}, &asked, &document, &fault), 0);
    free(json);
}

/* As deep as 64 KiB can be. */
static void test_a_deep_document_is_no_danger(void **state) {
    struct berth_find_document document;
    const char *fault;
    (void)state;
    char *json = malloc(BERTH_FIND_DOCUMENT_MAX);
    assert_non_null(json);
    memset(json, '[', BERTH_FIND_DOCUMENT_MAX);
    assert_int_equal(berth_find_health_read((struct berth_view){json, BERTH_FIND_DOCUMENT_MAX},
                                            &asked, &document, &fault),
                     BERTH_E_INVALID);
    free(json);
}

/* -- Records ----------------------------------------------------------------------------------- */

static const uint8_t key[BERTH_PROOF_PUBLIC_KEY_SIZE] = {1, 2, 3};

static struct berth_endpoint endpoint_of(void) {
    return (struct berth_endpoint){
        .app = "assistant",
        .instance = "i1",
        .version = "0.1.0",
        .host = "127.0.0.1",
        .state = BERTH_ENDPOINT_STARTING,
        .pid = 4711,
        .started_unix_ms = 1700000000000,
        .boot_id = "boot",
        .port = 1020,
        .requested_port = 1018,
        .address = {6, 1020, {[15] = 1}},
        .ws_path = "/client-ws",
        .state_dir = "/state",
        .public_key = key,
        .token = "a-token",
    };
}

static int read_record_of(const struct berth_endpoint *endpoint,
                          struct berth_find_document *document) {
    char memory[BERTH_ENDPOINT_MAX];
    const char *fault;
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    berth_endpoint_write(endpoint, BERTH_ENDPOINT_RECORD, &out);
    assert_false(out.overflow);
    return berth_find_record_read(berth_writer_result(&out), document, &fault);
}

/* What a server writes is what we read. */
static void test_a_record_is_read(void **state) {
    struct berth_endpoint endpoint = endpoint_of();
    struct berth_find_document document;
    (void)state;
    assert_int_equal(read_record_of(&endpoint, &document), 0);
    assert_string_equal(document.app, "assistant");
    assert_string_equal(document.instance, "i1");
    assert_string_equal(document.ws_path, "/client-ws");
    assert_string_equal(document.token, "a-token");
    assert_int_equal(document.state, BERTH_ENDPOINT_STARTING);
    assert_int_equal(document.pid, 4711);
    assert_int_equal(document.address.family, 6);
    assert_int_equal(document.address.port, 1020);
    assert_true(document.has_public_key);
    assert_memory_equal(document.public_key, key, sizeof key);
    assert_false(document.has_proof);
}

static void test_a_record_without_what_may_be_missing(void **state) {
    struct berth_endpoint endpoint = endpoint_of();
    struct berth_find_document document;
    (void)state;
    endpoint.token = NULL;
    endpoint.public_key = NULL;
    endpoint.ws_path = NULL;
    endpoint.version = NULL;
    assert_int_equal(read_record_of(&endpoint, &document), 0);
    assert_string_equal(document.token, "");
    assert_string_equal(document.ws_path, "");
    assert_false(document.has_public_key);
}

#define RECORD_WITH(schema, urls)                                                                  \
    "{\"schema\":" schema ",\"app\":\"a\",\"instance\":\"i\",\"state\":\"ready\",\"port\":1018,"   \
    "\"urls\":" urls "}"

static void test_records_that_are_not(void **state) {
    static const struct {
        const char *json, *fault;
    } cases[] = {
        {RECORD_WITH("2", "{\"http\":\"http://127.0.0.1:1018\"}"), "schema"},
        {RECORD_WITH("null", "{\"http\":\"http://127.0.0.1:1018\"}"), "schema"},
        {RECORD_WITH("1", "null"), "where it is"},
        {RECORD_WITH("1", "[]"), "where it is"},
        {RECORD_WITH("1", "{}"), "where it is"},
        {RECORD_WITH("1", "{\"http\":\"http://127.0.0.1:1019\"}"), "where it is"},
        {RECORD_WITH("1", "{\"http\":\"http://localhost:1018\"}"), "where it is"},
        {RECORD_WITH("1", "{\"http\":\"https://127.0.0.1:1018\"}"), "where it is"},
        {RECORD_WITH("1", "{\"http\":\"http://127.0.0.1:1018\",\"ws\":\"ws://8.8.8.8:1018/x\"}"),
         "WebSocket"},
        {RECORD_WITH("1", "{\"http\":\"http://127.0.0.1:1018\"},\"pid\":-1"), "pid"},
        {RECORD_WITH("1", "{\"http\":\"http://127.0.0.1:1018\"},\"pid\":\"1\""), "pid"},
        {RECORD_WITH("1", "{\"http\":\"http://127.0.0.1:1018\"},\"token\":1"), "token"},
        {RECORD_WITH("1", "{\"http\":\"http://127.0.0.1:1018\"},\"token\":\"" TEXT_60 TEXT_60
                          "12345678\""),
         "token"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct berth_find_document document;
        const char *fault = "nothing";
        if (berth_find_record_read(berth_view_of(cases[i].json), &document, &fault) !=
            BERTH_E_INVALID)
            fail_msg("%s was taken", cases[i].json);
        if (strstr(fault, cases[i].fault) == NULL)
            fail_msg("%s: \"%s\" says nothing of %s", cases[i].json, fault, cases[i].fault);
    }
}

/* A torn record is no record, wherever it is torn. */
static void test_every_part_of_a_record_is_refused(void **state) {
    struct berth_endpoint endpoint = endpoint_of();
    char memory[BERTH_ENDPOINT_MAX];
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    (void)state;
    berth_endpoint_write(&endpoint, BERTH_ENDPOINT_RECORD, &out);
    for (size_t size = 0; size < out.size; size++) {
        struct berth_find_document document;
        const char *fault;
        assert_int_equal(
            berth_find_record_read((struct berth_view){memory, size}, &document, &fault),
            BERTH_E_INVALID);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls_that_are_taken),
        cmocka_unit_test(test_urls_that_are_not),
        cmocka_unit_test(test_a_health_answer_is_read),
        cmocka_unit_test(test_what_is_null_is_not_there),
        cmocka_unit_test(test_a_health_answer_has_no_token),
        cmocka_unit_test(test_health_answers_that_are_not),
        cmocka_unit_test(test_a_websocket_on_the_other_loopback_is_its_own),
        cmocka_unit_test(test_what_is_too_large_is_not_read),
        cmocka_unit_test(test_a_deep_document_is_no_danger),
        cmocka_unit_test(test_a_record_is_read),
        cmocka_unit_test(test_a_record_without_what_may_be_missing),
        cmocka_unit_test(test_records_that_are_not),
        cmocka_unit_test(test_every_part_of_a_record_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
