#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <time.h>

#include "berth/error.h"
#include "proto/http.h"
#include "proto/http_writer.h"

static char memory[512];

static struct berth_writer writer(void) { return berth_writer_on(memory, sizeof memory); }

static void is(const struct berth_writer *out, const char *wanted) {
    assert_false(out->overflow);
    assert_true(berth_view_equal(berth_writer_result(out), berth_view_of(wanted)));
}

static void test_response(void **state) {
    (void)state;
    struct berth_writer out = writer();
    berth_http_response_begin(&out, 200);
    berth_http_field_date(&out, "Date", 784111777);
    berth_http_field_text(&out, "Content-Type", "text/plain");
    berth_http_field_text(&out, "X-Empty", "");
    assert_int_equal(berth_http_field_view(&out, "X-Echo", BERTH_VIEW("a\tb \xe4")), 0);
    berth_http_field_number(&out, "Content-Length", UINT64_MAX);
    berth_http_head_end(&out);
    is(&out, "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
             "Content-Type: text/plain\r\nX-Empty: \r\nX-Echo: a\tb \xe4\r\n"
             "Content-Length: 18446744073709551615\r\n\r\n");
}

static void test_request(void **state) {
    (void)state;
    struct berth_writer out = writer();
    assert_int_equal(
        berth_http_request_begin(&out, "GET", BERTH_VIEW("/health?x"), BERTH_VIEW("[::1]:1018")),
        0);
    berth_http_head_end(&out);
    is(&out, "GET /health?x HTTP/1.1\r\nHost: [::1]:1018\r\n\r\n");
}

static void refused(struct berth_writer *out, int error) {
    assert_int_equal(error, BERTH_E_INVALID);
    assert_true(out->overflow);
    assert_int_equal(out->size, 0);
    *out = writer();
}

/* A value from outside ends no line and starts none: response splitting. */
static void test_values_from_outside(void **state) {
    (void)state;
    static const struct berth_view values[] = {
        {"a\r\nSet-Cookie: x", 16},
        {"a\n", 2},
        {"\r", 1},
        {"a\0b", 3},
        {"\x7f", 1},
        {" a", 2},
        {"a\t", 2},
        {" ", 1},
    };
    struct berth_writer out = writer();
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        refused(&out, berth_http_field_view(&out, "X", values[i]));
    refused(&out, berth_http_request_begin(&out, "GET", BERTH_VIEW("/ HTTP/1.1\r\nX: "),
                                           BERTH_VIEW("a")));
    refused(&out, berth_http_request_begin(&out, "GET", BERTH_VIEW(""), BERTH_VIEW("a")));
    refused(&out, berth_http_request_begin(&out, "GET", BERTH_VIEW("/"), BERTH_VIEW("a\r\nX: b")));
    refused(&out, berth_http_request_begin(&out, "GET", BERTH_VIEW("/"), BERTH_VIEW("")));
}

static void test_overflow(void **state) {
    (void)state;
    const size_t needed = sizeof "HTTP/1.1 404 Not Found\r\nX: 1\r\n\r\n" - 1;
    for (size_t room = 0; room <= needed; room++) {
        struct berth_writer out = berth_writer_on(memory, room);
        berth_http_response_begin(&out, 404);
        int error = berth_http_field_view(&out, "X", BERTH_VIEW("1"));
        assert_int_equal(error, room < needed - 2 ? BERTH_E_FULL : 0);
        berth_http_head_end(&out);
        assert_int_equal(out.overflow, room < needed);
    }
}

static void test_chunks(void **state) {
    (void)state;
    struct berth_writer out = writer();
    berth_http_chunk_begin(&out, 1);
    berth_http_chunk_end(&out);
    berth_http_chunk_begin(&out, 0x1f0);
    berth_http_chunk_begin(&out, UINT64_MAX);
    berth_http_chunk_last(&out);
    is(&out, "1\r\n\r\n1f0\r\nffffffffffffffff\r\n0\r\n\r\n");
}

static void test_reasons(void **state) {
    (void)state;
    assert_string_equal(berth_http_reason(101), "Switching Protocols");
    assert_string_equal(berth_http_reason(421), "Misdirected Request");
    assert_string_equal(berth_http_reason(511), "Network Authentication Required");
    assert_string_equal(berth_http_reason(299), "Unknown");
}

/* Against the C library, over four centuries and at the edges. */
static void test_dates(void **state) {
    (void)state;
    static const int64_t edges[] = {0,           68169599,    68169600,     951782400,
                                    951868799,   951868800,   4107542399,   4107542400,
                                    13574563200, 13574649600, 253402300799, 1709164800};
    size_t count = sizeof edges / sizeof edges[0];
    for (size_t i = 0; i < count + 5000; i++) {
        int64_t unix_s = i < count ? edges[i] : (int64_t)i * 2629743 + (int64_t)i;
        time_t seconds = (time_t)unix_s;
        struct tm parts;
        char wanted[64];
        assert_non_null(gmtime_r(&seconds, &parts));
        assert_int_equal(strftime(wanted, sizeof wanted, "%a, %d %b %Y %H:%M:%S GMT", &parts),
                         BERTH_HTTP_DATE_SIZE);
        struct berth_writer out = writer();
        berth_http_date_write(&out, unix_s);
        is(&out, wanted);
    }
}

static void test_dates_out_of_range(void **state) {
    (void)state;
    struct berth_writer out = writer();
    berth_http_date_write(&out, -1);
    is(&out, "Thu, 01 Jan 1970 00:00:00 GMT");
    out = writer();
    berth_http_date_write(&out, INT64_MAX);
    is(&out, "Fri, 31 Dec 9999 23:59:59 GMT");
}

/* What we write, we read. */
static void test_round_trip(void **state) {
    (void)state;
    char storage[256];
    struct berth_http_reader reader;
    struct berth_http_event event;
    struct berth_writer out = writer();
    berth_http_response_begin(&out, 426);
    berth_http_field_text(&out, "Upgrade", "websocket");
    berth_http_field_text(&out, "Transfer-Encoding", "chunked");
    berth_http_head_end(&out);
    berth_http_chunk_begin(&out, 2);
    berth_writer_text(&out, "hi");
    berth_http_chunk_end(&out);
    berth_http_chunk_last(&out);
    berth_http_reader_init(&reader, BERTH_HTTP_RESPONSES, storage, sizeof storage, NULL);
    size_t used = berth_http_reader_feed(&reader, out.data, out.size, &event);
    assert_int_equal(event.type, BERTH_HTTP_HEAD);
    assert_int_equal(event.head->status, 426);
    used += berth_http_reader_feed(&reader, out.data + used, out.size - used, &event);
    assert_int_equal(event.type, BERTH_HTTP_BODY);
    assert_true(berth_view_equal(event.body, BERTH_VIEW("hi")));
    used += berth_http_reader_feed(&reader, out.data + used, out.size - used, &event);
    assert_int_equal(event.type, BERTH_HTTP_END);
    assert_int_equal(used, out.size);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_response),   cmocka_unit_test(test_request),
        cmocka_unit_test(test_overflow),   cmocka_unit_test(test_values_from_outside),
        cmocka_unit_test(test_chunks),     cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_dates),      cmocka_unit_test(test_dates_out_of_range),
        cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
