#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/utf8.h"

/* Writes a number as RFC 3629 section 3 says, in as many bytes as asked for, right or wrong. */
static size_t encode(uint32_t number, size_t size, uint8_t out[4]) {
    static const uint8_t leads[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    for (size_t i = size; i-- > 1; number >>= 6)
        out[i] = (uint8_t)(0x80 | (number & 0x3F));
    out[0] = (uint8_t)(leads[size] | number);
    return size;
}

static size_t size_of(uint32_t number) {
    if (number < 0x80)
        return 1;
    if (number < 0x800)
        return 2;
    return number < 0x10000 ? 3 : 4;
}

static bool is_surrogate(uint32_t number) { return number >= 0xD800 && number <= 0xDFFF; }

static void every_number_has_one_form(void **state) {
    (void)state;
    static const uint32_t ends[] = {0, 0x80, 0x800, 0x10000, 0x200000};
    for (size_t size = 1; size <= 4; size++) {
        for (uint32_t number = 0; number < ends[size]; number++) {
            uint8_t bytes[4];
            struct berth_view text = berth_view_bytes(bytes, encode(number, size, bytes));
            bool good = size == size_of(number) && number <= 0x10FFFF && !is_surrogate(number);
            if (berth_utf8_valid(text) != good || berth_utf8_length(text) != (good ? size : 0))
                fail_msg("U+%X in %zu bytes", (unsigned)number, size);
        }
    }
}

/* Every two bytes are good only as two letters or as one character of two. */
static void every_pair(void **state) {
    (void)state;
    for (unsigned pair = 0; pair < 0x10000; pair++) {
        uint8_t bytes[2] = {(uint8_t)(pair >> 8), (uint8_t)pair};
        bool letters = bytes[0] < 0x80 && bytes[1] < 0x80;
        bool character = bytes[0] >= 0xC2 && bytes[0] <= 0xDF && (bytes[1] & 0xC0) == 0x80;
        assert_int_equal(berth_utf8_valid(berth_view_bytes(bytes, 2)), letters || character);
    }
}

static void the_head_of_a_text(void **state) {
    (void)state;
    assert_int_equal(berth_utf8_length(BERTH_VIEW("")), 0);
    assert_int_equal(berth_utf8_length(BERTH_VIEW("ab")), 1);
    assert_int_equal(berth_utf8_length(BERTH_VIEW("\xC3\xA9xyz")), 2);
    assert_int_equal(berth_utf8_length(BERTH_VIEW("\xE2\x82")), 0);
    assert_int_equal(berth_utf8_length(BERTH_VIEW("\xE2\x82xyz")), 0);
    assert_true(berth_utf8_valid((struct berth_view){NULL, 0}));
}

static const uint8_t mixed[] = "plain text, then \xCE\xBA\xCF\x8C\xCF\x83, \xE2\x82\xAC and "
                               "\xF0\x9F\x98\x80 in one line, and a good deal of plain text";

/* One bad byte, at every place: found there, in one piece or two, and for good. */
static void a_bad_byte_is_found_where_it_is(void **state) {
    (void)state;
    size_t size = sizeof mixed - 1;
    for (size_t bad = 0; bad < size; bad++) {
        uint8_t bytes[sizeof mixed];
        memcpy(bytes, mixed, sizeof mixed);
        bytes[bad] = 0xFF;
        for (size_t cut = 0; cut <= size; cut++) {
            struct berth_utf8 utf8 = {0};
            size_t good = berth_utf8_feed(&utf8, bytes, cut);
            if (good == cut)
                good += berth_utf8_feed(&utf8, bytes + cut, size - cut);
            assert_int_equal(good, bad);
            assert_false(berth_utf8_complete(&utf8));
            assert_int_equal(berth_utf8_feed(&utf8, "good", 4), 0);
            assert_int_equal(berth_utf8_feed(&utf8, "good, and longer", 16), 0);
        }
    }
}

static void a_cut_leaves_the_stream_incomplete(void **state) {
    (void)state;
    for (size_t cut = 0; cut < sizeof mixed; cut++) {
        struct berth_utf8 utf8 = {0};
        assert_int_equal(berth_utf8_feed(&utf8, mixed, cut), cut);
        assert_int_equal(berth_utf8_complete(&utf8), (mixed[cut] & 0xC0) != 0x80);
        assert_int_equal(berth_utf8_feed(&utf8, mixed + cut, sizeof mixed - cut),
                         sizeof mixed - cut);
        assert_true(berth_utf8_complete(&utf8));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_has_one_form),
        cmocka_unit_test(every_pair),
        cmocka_unit_test(the_head_of_a_text),
        cmocka_unit_test(a_bad_byte_is_found_where_it_is),
        cmocka_unit_test(a_cut_leaves_the_stream_incomplete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
