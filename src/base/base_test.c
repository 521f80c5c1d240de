/* The small things that everything stands on: views, writers, buffers, addresses, errors, logs. */
#include "base/addr.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/writer.h"
#include "berth/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_view(struct berth_view view, const char *expected) {
    assert_int_equal(view.size, strlen(expected));
    assert_memory_equal(view.data != NULL ? view.data : "", expected, view.size);
}

/* -- Views ------------------------------------------------------------------------------------- */

static void test_cut_and_trim(void **state) {
    (void)state;
    struct berth_view rest = BERTH_VIEW("a,,b");
    assert_view(berth_view_cut(rest, ',', &rest), "a");
    assert_view(berth_view_cut(rest, ',', &rest), "");
    assert_non_null(rest.data);
    assert_view(berth_view_cut(rest, ',', &rest), "b");
    assert_null(rest.data); /* there was no separator: nothing stands behind it */
    assert_view(berth_view_trim(BERTH_VIEW(" \t a b\t ")), "a b");
    assert_view(berth_view_trim(BERTH_VIEW(" \t ")), "");
}

static void test_comparing(void **state) {
    (void)state;
    assert_true(berth_view_equal((struct berth_view){NULL, 0}, BERTH_VIEW("")));
    assert_false(berth_view_equal(BERTH_VIEW("a"), BERTH_VIEW("A")));
    assert_true(berth_view_equal_nocase(BERTH_VIEW("a-Z["), BERTH_VIEW("A-z[")));
    assert_false(berth_view_equal_nocase(BERTH_VIEW("["), BERTH_VIEW("{"))); /* 0x20 apart */
    assert_true(berth_view_starts(BERTH_VIEW("abc"), BERTH_VIEW("ab")));
    assert_false(berth_view_starts(BERTH_VIEW("a"), BERTH_VIEW("ab")));
}

static void test_numbers(void **state) {
    static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "0x1", "1a", "65536", "99999"};
    (void)state;
    uint64_t number = 7;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(berth_view_number(berth_view_of(bad[i]), 65535, &number), BERTH_E_INVALID);
    assert_int_equal(number, 7); /* set only on success */
    assert_int_equal(berth_view_number(BERTH_VIEW("65535"), 65535, &number), 0);
    assert_int_equal(number, 65535);
    assert_int_equal(berth_view_number(BERTH_VIEW("5"), 4, &number), BERTH_E_INVALID);
    assert_int_equal(berth_view_number(BERTH_VIEW("18446744073709551615"), UINT64_MAX, &number), 0);
    assert_true(number == UINT64_MAX);
    assert_int_equal(berth_view_number(BERTH_VIEW("18446744073709551616"), UINT64_MAX, &number),
                     BERTH_E_INVALID);
}

/* -- Writers and buffers ----------------------------------------------------------------------- */

static void test_a_writer_never_passes_its_end(void **state) {
    (void)state;
    char memory[8] = "########";
    struct berth_writer out = berth_writer_on(memory, 4);
    berth_writer_text(&out, "ab");
    berth_writer_number(&out, 12);
    assert_false(out.overflow);
    berth_writer_char(&out, 'x');
    assert_true(out.overflow);
    berth_writer_text(&out, "");
    assert_true(out.overflow); /* sticky */
    assert_view(berth_writer_result(&out), "ab12");
    assert_int_equal(memory[4], '#');

    out = berth_writer_on(memory, 4);
    berth_writer_format(&out, "%s", "abcd"); /* fits, but for its NUL byte */
    assert_true(out.overflow);
    assert_int_equal(memory[4], '#');
}

static void test_a_buffer_keeps_its_order_and_its_maximum(void **state) {
    (void)state;
    struct berth_buf buf = berth_buf_make(1000);
    unsigned next_in = 0, next_out = 0;
    for (int round = 0; round < 1000; round++) {
        while (buf.size + 7 <= buf.max - (size_t)(round % 300))
            for (int i = 0; i < 7; i++) {
                unsigned char byte = (unsigned char)next_in++;
                assert_int_equal(berth_buf_append(&buf, &byte, 1), 0);
            }
        char more[1001] = {0};
        assert_int_equal(berth_buf_append(&buf, more, buf.max - buf.size + 1), BERTH_E_FULL);
        for (size_t i = 0; i < buf.size / 2; i++)
            assert_int_equal((unsigned char)berth_buf_view(&buf).data[i],
                             (unsigned char)(next_out + i));
        next_out += (unsigned)(buf.size / 2);
        berth_buf_consume(&buf, buf.size / 2);
        assert_true(buf.capacity <= buf.max);
    }
    berth_buf_free(&buf);
    berth_alloc_fail_at(1);
    assert_int_equal(berth_buf_append(&buf, "x", 1), BERTH_E_MEMORY);
    berth_alloc_fail_at(0);
    assert_int_equal(berth_buf_append(&buf, "x", 1), 0);
    berth_buf_free(&buf);
}

/* -- Addresses --------------------------------------------------------------------------------- */

static void test_addresses(void **state) {
    static const struct {
        const char *text, *in_url;
        bool loopback, any;
    } good[] = {
        {"127.0.0.1", "127.0.0.1:1018", true, false},
        {"127.255.0.9", "127.255.0.9:1018", true, false},
        {"::1", "[::1]:1018", true, false},
        {"0:0:0:0:0:0:0:1", "[::1]:1018", true, false},
        {"::ffff:127.0.0.1", "[::ffff:127.0.0.1]:1018", true, false},
        {"0.0.0.0", "0.0.0.0:1018", false, true},
        {"::", "[::]:1018", false, true},
        {"128.0.0.1", "128.0.0.1:1018", false, false},
        {"2001:DB8::1", "[2001:db8::1]:1018", false, false},
        {"::ffff:128.0.0.1", "[::ffff:128.0.0.1]:1018", false, false},
    };
    static const char *const bad[] = {
        "",      "localhost", "127.1",        "127.0.0.01", "1.2.3.4 ", "1.2.3.4:80",
        "[::1]", "::g",       "fe80::1%eth0", "2130706433", "1.2.3.256"};
    (void)state;
    struct berth_addr addr;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char memory[BERTH_ADDR_TEXT_MAX];
        struct berth_writer out = berth_writer_on(memory, sizeof memory);
        assert_int_equal(berth_addr_parse(berth_view_of(good[i].text), 1018, &addr), 0);
        berth_addr_write(&addr, &out);
        assert_view(berth_writer_result(&out), good[i].in_url);
        assert_int_equal(berth_addr_is_loopback(&addr), good[i].loopback);
        assert_int_equal(berth_addr_is_any(&addr), good[i].any);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(berth_addr_parse(berth_view_of(bad[i]), 1, &addr), BERTH_E_INVALID);
    assert_int_equal(berth_addr_parse(BERTH_VIEW("1.2.3.4\0"), 1, &addr), BERTH_E_INVALID);
}

/* -- Errors and logs --------------------------------------------------------------------------- */

static void test_every_error_has_its_text(void **state) {
    (void)state;
    assert_string_equal(berth_error_text(BERTH_E_IN_USE), "the address is in use");
    assert_string_equal(berth_error_name(BERTH_E_IN_USE), "BERTH_E_IN_USE");
    assert_string_equal(berth_error_text(12345), "unknown error");
}

static void keep(void *owner, const struct berth_log_record *record) {
    struct berth_buf *buf = owner;
    berth_buf_append(buf, record->text.data, record->text.size);
}

static void test_logs_are_levelled_and_bounded(void **state) {
    (void)state;
    struct berth_buf buf = berth_buf_make(4096);
    struct berth_log log = {keep, &buf, BERTH_LOG_WARNING};
    berth_log_write(NULL, BERTH_LOG_ERROR, "x.y", "nobody listens");
    berth_log_write(&log, BERTH_LOG_INFO, "x.y", "too small");
    assert_int_equal(buf.size, 0);
    berth_log_write(&log, BERTH_LOG_WARNING, "x.y", "port %d", 1018);
    assert_view(berth_buf_view(&buf), "port 1018");
    berth_buf_consume(&buf, buf.size);
    berth_log_write(&log, BERTH_LOG_ERROR, "x.y", "%2000d", 1);
    assert_int_equal(buf.size, BERTH_LOG_TEXT_MAX - 1);
    berth_buf_free(&buf);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_and_trim),
        cmocka_unit_test(test_comparing),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_a_writer_never_passes_its_end),
        cmocka_unit_test(test_a_buffer_keeps_its_order_and_its_maximum),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_every_error_has_its_text),
        cmocka_unit_test(test_logs_are_levelled_and_bounded),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
