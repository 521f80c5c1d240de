#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/http_class.h"

#define DIGITS "0123456789"
#define ALPHA "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define UNRESERVED ALPHA DIGITS "-._~"
#define SUB_DELIMS "!$&'()*+,;="
#define GEN_DELIMS_BUT_HASH ":/?[]@"

/* The table says of every byte what the grammar says: `set`, and all bytes from `from` on. */
static void same_set(enum berth_http_class class, const char *set, unsigned from) {
    for (unsigned byte = 0; byte < 256; byte++) {
        bool wanted = byte >= from || (byte != 0 && strchr(set, (int)byte) != NULL);
        if (berth_http_is((char)byte, class) != wanted)
            fail_msg("class %d, byte 0x%02x", (int)class, byte);
    }
}

static void test_classes(void **state) {
    (void)state;
    char visible[2 + 94 + 1] = " \t";
    for (char c = '!'; c <= '~'; c++)
        visible[2 + c - '!'] = c;
    same_set(BERTH_HTTP_TOKEN, "!#$%&'*+-.^_`|~" DIGITS ALPHA, 256);
    same_set(BERTH_HTTP_URI, UNRESERVED SUB_DELIMS GEN_DELIMS_BUT_HASH "%^`{|}", 256);
    same_set(BERTH_HTTP_VALUE, visible, 0x80);
    same_set(BERTH_HTTP_BLANK, " \t", 256);
    same_set(BERTH_HTTP_VERSION, "HTTP/." DIGITS, 256);
    same_set(BERTH_HTTP_HEX, DIGITS "abcdefABCDEF", 256);
    same_set(BERTH_HTTP_DIGIT, DIGITS, 256);
    same_set(BERTH_HTTP_HOST, UNRESERVED SUB_DELIMS "%", 256);
}

static void test_hex(void **state) {
    (void)state;
    const char *digits = "0123456789abcdef", *capitals = "0123456789ABCDEF";
    for (unsigned i = 0; i < 16; i++) {
        assert_int_equal(berth_http_hex(digits[i]), i);
        assert_int_equal(berth_http_hex(capitals[i]), i);
    }
}

static void test_run(void **state) {
    (void)state;
    assert_int_equal(berth_http_run(BERTH_VIEW("ab c"), BERTH_HTTP_TOKEN), 2);
    assert_int_equal(berth_http_run(BERTH_VIEW(""), BERTH_HTTP_TOKEN), 0);
    assert_true(berth_http_all(BERTH_VIEW("12"), BERTH_HTTP_DIGIT));
    assert_false(berth_http_all(BERTH_VIEW("1a"), BERTH_HTTP_DIGIT));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
