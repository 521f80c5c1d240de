#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/http_range.h"

static void ranges(void **state) {
    (void)state;
    enum { WHOLE, PART, NOWHERE };
    static const struct {
        const char *value;
        uint64_t size;
        int range;
        uint64_t first, last;
    } cases[] = {
        /* RFC 9110 14.1.2, its examples for 10,000 bytes */
        {"bytes=0-499", 10000, PART, 0, 499},
        {"bytes=500-999", 10000, PART, 500, 999},
        {"bytes=-500", 10000, PART, 9500, 9999},
        {"bytes=9500-", 10000, PART, 9500, 9999},
        {"bytes=0-0", 10000, PART, 0, 0},
        {"bytes=0-0,-1", 10000, WHOLE, 0, 0},
        {"bytes=500-600,601-999", 10000, WHOLE, 0, 0},
        /* beyond the end */
        {"bytes=9999-20000", 10000, PART, 9999, 9999},
        {"bytes=-20000", 10000, PART, 0, 9999},
        {"bytes=10000-", 10000, NOWHERE, 0, 0},
        {"bytes=10000-10001", 10000, NOWHERE, 0, 0},
        {"bytes=-0", 10000, NOWHERE, 0, 0},
        {"bytes=0-", 0, NOWHERE, 0, 0},
        {"bytes=-1", 0, NOWHERE, 0, 0},
        {"bytes=0-99999999999999999999999", 10, PART, 0, 9},
        {"bytes=99999999999999999999999-", 10, NOWHERE, 0, 0},
        {"bytes=-99999999999999999999999", 10, PART, 0, 9},
        {"BYTES=1-2", 10, PART, 1, 2},
        {"bytes= 1-2", 10, PART, 1, 2},
        /* what is no range of bytes is passed over (14.2) */
        {"bytes=2-1", 10, WHOLE, 0, 0},
        {"bytes=-", 10, WHOLE, 0, 0},
        {"bytes=", 10, WHOLE, 0, 0},
        {"bytes", 10, WHOLE, 0, 0},
        {"", 10, WHOLE, 0, 0},
        {"lines=0-1", 10, WHOLE, 0, 0},
        {"bytes=a-1", 10, WHOLE, 0, 0},
        {"bytes=0-1a", 10, WHOLE, 0, 0},
        {"bytes=--1", 10, WHOLE, 0, 0},
        {"bytes=1 - 2", 10, WHOLE, 0, 0},
        {"bytes=+1-2", 10, WHOLE, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t first = 0, last = 0;
        int range =
            (int)berth_http_range(berth_view_of(cases[i].value), cases[i].size, &first, &last);
        if (range != cases[i].range || first != cases[i].first || last != cases[i].last)
            fail_msg("%s of %u: %d, %u-%u", cases[i].value, (unsigned)cases[i].size, range,
                     (unsigned)first, (unsigned)last);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(ranges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
