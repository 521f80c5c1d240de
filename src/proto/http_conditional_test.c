#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "berth/error.h"
#include "proto/http_conditional.h"
#include "proto/http_request_fixture.h"

/* What the resource is: modified on Sun, 06 Nov 1994 08:49:37 GMT. */
#define MODIFIED_S 784111777

static const struct berth_http_validators strong = {{"\"x\"", 3}, false, MODIFIED_S};
static const struct berth_http_validators weak = {{"\"x\"", 3}, true, MODIFIED_S};

static void dates(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t unix_s;
    } good[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777}, /* RFC 9110 5.6.7, all three forms */
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
        {"Sun Nov  6 08:49:37 1994", 784111777},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Thu, 29 Feb 2024 23:59:59 GMT", 1709251199},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
        {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800},
        {"Wed, 31 Dec 1969 23:59:59 GMT", -1},
        {"Friday, 01-Jan-27 00:00:00 GMT", 1798761600},
    };
    static const char *const bad[] = {
        "",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 2024 00:00:00 GMT",
        "Sun, 29 Feb 2023 00:00:00 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sunday",
        "Sun Nov 06 08:49:37 94",
        "1994-11-06T08:49:37Z",
    };
    int64_t got;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (berth_http_date_parse(berth_view_of(good[i].text), &got) != 0)
            fail_msg("refused: %s", good[i].text);
        assert_int_equal(got, good[i].unix_s);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (berth_http_date_parse(berth_view_of(bad[i]), &got) != BERTH_E_INVALID)
            fail_msg("accepted: %s", bad[i]);
}

#define OLDER "Sun, 06 Nov 1994 08:49:36 GMT"
#define SAME "Sun, 06 Nov 1994 08:49:37 GMT"
#define NEWER "Sun, 06 Nov 1994 08:49:38 GMT"

static void conditions(void **state) {
    (void)state;
    enum { MET, NOT_MODIFIED, FAILED };
    static const struct {
        const char *fields;
        int for_strong, for_weak;
    } cases[] = {
        {"", MET, MET},
        /* 13.1.2: weak comparison, lists, several fields, "*" */
        {"If-None-Match: \"x\"", NOT_MODIFIED, NOT_MODIFIED},
        {"If-None-Match: W/\"x\"", NOT_MODIFIED, NOT_MODIFIED},
        {"If-None-Match: \"y\"", MET, MET},
        {"If-None-Match: \"y\", \"x\"", NOT_MODIFIED, NOT_MODIFIED},
        {"If-None-Match: \"a,b\" ,, W/\"x\"", NOT_MODIFIED, NOT_MODIFIED},
        {"If-None-Match: \"y\"\nIf-None-Match: \"x\"", NOT_MODIFIED, NOT_MODIFIED},
        {"If-None-Match: *", NOT_MODIFIED, NOT_MODIFIED},
        {"If-None-Match: x", MET, MET},
        {"If-None-Match: \"x", MET, MET},
        {"If-None-Match: w/\"x\"", MET, MET},
        {"If-None-Match: \"X\"", MET, MET},
        /* 13.1.3: only without If-None-Match, whatever that says */
        {"If-Modified-Since: " SAME, NOT_MODIFIED, NOT_MODIFIED},
        {"If-Modified-Since: " NEWER, NOT_MODIFIED, NOT_MODIFIED},
        {"If-Modified-Since: " OLDER, MET, MET},
        {"If-Modified-Since: yesterday", MET, MET},
        {"If-Modified-Since: " SAME "\nIf-None-Match: \"y\"", MET, MET},
        {"If-Modified-Since: " OLDER "\nIf-None-Match: \"x\"", NOT_MODIFIED, NOT_MODIFIED},
        {"If-Modified-Since: " SAME "\nIf-Modified-Since: " OLDER, MET, MET},
        /* 13.1.1: strong comparison */
        {"If-Match: \"x\"", MET, FAILED},
        {"If-Match: W/\"x\"", FAILED, FAILED},
        {"If-Match: *", MET, MET},
        {"If-Match: \"y\"", FAILED, FAILED},
        {"If-Match: \"y\", \"x\"", MET, FAILED},
        {"If-Match: nonsense", FAILED, FAILED},
        /* 13.1.4: only without If-Match */
        {"If-Unmodified-Since: " SAME, MET, MET},
        {"If-Unmodified-Since: " OLDER, FAILED, FAILED},
        {"If-Unmodified-Since: tomorrow", MET, MET},
        {"If-Unmodified-Since: " OLDER "\nIf-Match: \"x\"", MET, FAILED},
        /* 13.2.2: what can fail is asked first */
        {"If-Match: \"x\"\nIf-None-Match: \"x\"", NOT_MODIFIED, FAILED},
        {"If-Match: \"y\"\nIf-None-Match: \"x\"", FAILED, FAILED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_request_fixture fixture;
        const struct berth_http_head *head =
            http_request_fixture(&fixture, berth_view_of(cases[i].fields));
        assert_non_null(head);
        if ((int)berth_http_condition(head, &strong) != cases[i].for_strong)
            fail_msg("strong: %s", cases[i].fields);
        if ((int)berth_http_condition(head, &weak) != cases[i].for_weak)
            fail_msg("weak: %s", cases[i].fields);
    }
}

/* 13.1.5 */
static void if_range(void **state) {
    (void)state;
    static const struct {
        const char *fields;
        bool for_strong, for_weak;
    } cases[] = {
        {"", true, true},
        {"If-Range: \"x\"", true, false},
        {"If-Range: W/\"x\"", false, false},
        {"If-Range: \"y\"", false, false},
        {"If-Range: \"y\", \"x\"", false, false},
        {"If-Range: \"x\", \"x\"", false, false},
        {"If-Range: " SAME, true, false},
        {"If-Range: " OLDER, false, false},
        {"If-Range: " NEWER, false, false},
        {"If-Range: whatever", false, false},
        {"If-Range: \"x\"\nIf-Range: \"x\"", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_request_fixture fixture;
        const struct berth_http_head *head =
            http_request_fixture(&fixture, berth_view_of(cases[i].fields));
        assert_non_null(head);
        if (berth_http_condition_range(head, &strong) != cases[i].for_strong)
            fail_msg("strong: %s", cases[i].fields);
        if (berth_http_condition_range(head, &weak) != cases[i].for_weak)
            fail_msg("weak: %s", cases[i].fields);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates),
        cmocka_unit_test(conditions),
        cmocka_unit_test(if_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
