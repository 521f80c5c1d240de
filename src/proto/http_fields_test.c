#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "berth/error.h"
#include "proto/http.h"

static char storage[1024];
static struct berth_http_reader reader;

static const struct berth_http_head *head_of(const char *text) {
    struct berth_http_event event;
    berth_http_reader_init(&reader, BERTH_HTTP_REQUESTS, storage, sizeof storage, NULL);
    berth_http_reader_feed(&reader, text, strlen(text), &event);
    assert_int_equal(event.type, BERTH_HTTP_HEAD);
    return event.head;
}

static void is(struct berth_view got, const char *wanted) {
    assert_true(berth_view_equal(got, berth_view_of(wanted)));
}

static void test_find(void **state) {
    (void)state;
    const struct berth_http_head *head =
        head_of("GET / HTTP/1.1\r\nHost: a\r\nX-One:  1 \r\nx-ONE: 2\r\nX-On: 3\r\n\r\n");
    struct berth_view value = BERTH_VIEW("untouched");
    assert_int_equal(berth_http_head_find(head, "X-Two", &value), BERTH_E_NOT_FOUND);
    is(value, "untouched");
    assert_int_equal(berth_http_head_find(head, "x-one", &value), 0);
    is(value, "1");
    size_t index = 0;
    assert_true(berth_http_head_next(head, "X-One", &index, &value));
    is(value, "1");
    assert_true(berth_http_head_next(head, "X-One", &index, &value));
    is(value, "2");
    assert_false(berth_http_head_next(head, "X-One", &index, &value));
    assert_int_equal(berth_http_head_count(head, "X-One"), 2);
    assert_int_equal(berth_http_head_count(head, "X-O"), 0);
    is(berth_http_head_field_name(head, 3), "X-On");
    is(berth_http_head_field_value(head, 3), "3");
}

static void test_list_has(void **state) {
    (void)state;
    assert_true(berth_http_list_has(BERTH_VIEW("a, b ,\tc"), "B"));
    assert_true(berth_http_list_has(BERTH_VIEW(",,c"), "c"));
    assert_true(berth_http_list_has(BERTH_VIEW("c"), "c"));
    assert_false(berth_http_list_has(BERTH_VIEW(""), "c"));
    assert_false(berth_http_list_has(BERTH_VIEW("cc, c c, c;q=1"), "c"));
}

static void test_lists_over_fields(void **state) {
    (void)state;
    const struct berth_http_head *head =
        head_of("GET / HTTP/1.1\r\nHost: a\r\nAccept: x\r\nAccept: y, z\r\n\r\n");
    assert_true(berth_http_head_list_has(head, "accept", "z"));
    assert_true(berth_http_head_list_has(head, "accept", "x"));
    assert_false(berth_http_head_list_has(head, "accept", "a"));
    assert_false(berth_http_head_list_has(head, "x", "z"));
}

/* RFC 9112 3.2.2: an absolute target's host stands above the field, or two programs in a row could
 * take one request for two hosts. */
static void test_host(void **state) {
    (void)state;
    is(berth_http_head_host(head_of("GET / HTTP/1.1\r\nHost: a:80\r\n\r\n")), "a:80");
    is(berth_http_head_host(head_of("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n")), "b");
    is(berth_http_head_host(head_of("GET / HTTP/1.1\r\nHost:\r\n\r\n")), "");
    is(berth_http_head_host(head_of("GET / HTTP/1.0\r\n\r\n")), "");
    is(berth_http_head_host(head_of("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")), "a");
    is(berth_http_head_host(head_of("CONNECT c:1 HTTP/1.1\r\nHost: a\r\n\r\n")), "c:1");
}

static void test_methods(void **state) {
    (void)state;
    static const struct {
        const char *head;
        enum berth_http_method method;
    } cases[] = {
        {"GET / HTTP/1.0\r\n\r\n", BERTH_HTTP_METHOD_GET},
        {"HEAD / HTTP/1.0\r\n\r\n", BERTH_HTTP_METHOD_HEAD},
        {"POST / HTTP/1.0\r\n\r\n", BERTH_HTTP_METHOD_POST},
        {"PUT / HTTP/1.0\r\n\r\n", BERTH_HTTP_METHOD_PUT},
        {"PATCH / HTTP/1.0\r\n\r\n", BERTH_HTTP_METHOD_PATCH},
        {"DELETE / HTTP/1.0\r\n\r\n", BERTH_HTTP_METHOD_DELETE},
        {"OPTIONS / HTTP/1.0\r\n\r\n", BERTH_HTTP_METHOD_OPTIONS},
        {"CONNECT a:1 HTTP/1.0\r\n\r\n", BERTH_HTTP_METHOD_CONNECT},
        {"TRACE / HTTP/1.0\r\n\r\n", BERTH_HTTP_METHOD_TRACE},
        {"Get / HTTP/1.0\r\n\r\n", BERTH_HTTP_METHOD_OTHER},
        {"GETS / HTTP/1.0\r\n\r\n", BERTH_HTTP_METHOD_OTHER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(head_of(cases[i].head)->method, cases[i].method);
}

static void test_is_token(void **state) {
    (void)state;
    assert_true(berth_http_is_token(BERTH_VIEW("chat.v1")));
    assert_false(berth_http_is_token(BERTH_VIEW("")));
    assert_false(berth_http_is_token(BERTH_VIEW("a b")));
    assert_false(berth_http_is_token(BERTH_VIEW("a\"")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),    cmocka_unit_test(test_list_has),
        cmocka_unit_test(test_host),    cmocka_unit_test(test_lists_over_fields),
        cmocka_unit_test(test_methods), cmocka_unit_test(test_is_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
