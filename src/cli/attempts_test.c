/* The table of what was tried. */
#include "cli/attempts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct berth_attempts attempts;
static char text[BERTH_ATTEMPTS_PAGE_MAX];

static void note(enum berth_find_event_type type, enum berth_find_source source, const char *url,
                 const char *words) {
    struct berth_find_event event = {.type = type, .source = source, .url = url, .text = words};
    berth_attempts_note(&attempts, &event);
}

static const char *table(void) {
    struct berth_writer out = berth_writer_on(text, sizeof text - 1);
    berth_attempts_write(&attempts, &out);
    assert_false(out.overflow);
    text[out.size] = '\0';
    return text;
}

static void test_table(void **state) {
    (void)state;
    attempts = (struct berth_attempts){0};
    assert_string_equal(table(), "  nothing: there was no place to ask at\n");
    note(BERTH_FIND_CANDIDATE, BERTH_FIND_RECORD, "http://127.0.0.1:1018", "");
    note(BERTH_FIND_CANDIDATE, BERTH_FIND_RANGE, "http://127.0.0.1:1019", "");
    note(BERTH_FIND_CANDIDATE, BERTH_FIND_RANGE, "http://[::1]:1019", "");
    note(BERTH_FIND_REFUSED, BERTH_FIND_RANGE, "http://127.0.0.1:1019", "nobody listens");
    note(BERTH_FIND_REFUSED, BERTH_FIND_RANGE, "http://[::1]:1019", "nobody listens");
    note(BERTH_FIND_STRANGER, BERTH_FIND_RECORD, "http://127.0.0.1:1018",
         "http://127.0.0.1:1018 is \033[31mnot ours");
    note(BERTH_FIND_TIMEOUT, BERTH_FIND_PORT_FILE, "http://[::1]:7", NULL);
    note(BERTH_FIND_STARTING, BERTH_FIND_REMEMBERED, NULL, "it is starting");
    assert_string_equal(table(), "  a record       stranger   http://127.0.0.1:1018 is "
                                 "\\x1b[31mnot ours\n"
                                 "  the port file  timeout    http://[::1]:7\n"
                                 "  last time      starting   it is starting\n"
                                 "  2 of the usual addresses: nobody listens there\n");
}

/* More than there is room for is counted. */
static void test_limit(void **state) {
    (void)state;
    attempts = (struct berth_attempts){0};
    for (unsigned i = 0; i < BERTH_ATTEMPTS_MAX + 5; i++) {
        char url[64];
        snprintf(url, sizeof url, "http://127.0.0.1:%u", 1000 + i);
        note(BERTH_FIND_STRANGER, BERTH_FIND_RECORD, url, "x");
    }
    assert_int_equal(attempts.count, BERTH_ATTEMPTS_MAX);
    assert_non_null(strstr(table(), "  and 5 more\n"));
}

static void test_long_texts(void **state) {
    (void)state;
    static char words[4096];
    memset(words, '\033', sizeof words - 1);
    attempts = (struct berth_attempts){0};
    for (unsigned i = 0; i < BERTH_ATTEMPTS_MAX; i++) {
        words[0] = (char)('A' + i % 26);
        words[1] = (char)('A' + i / 26);
        note(BERTH_FIND_STRANGER, BERTH_FIND_RECORD, words, words);
    }
    assert_int_equal(attempts.count, BERTH_ATTEMPTS_MAX);
    struct berth_writer out = berth_writer_on(text, sizeof text);
    berth_attempts_write(&attempts, &out);
}

static void test_event(void **state) {
    (void)state;
    struct berth_find_event event = {.type = BERTH_FIND_PROVED,
                                     .source = BERTH_FIND_RECORD,
                                     .verdict = BERTH_VERDICT_PROVED,
                                     .url = "http://127.0.0.1:1018",
                                     .text = "http://127.0.0.1:1018 is our server",
                                     .elapsed_ms = 12};
    struct berth_writer out = berth_writer_on(text, sizeof text - 1);
    berth_attempts_write_event(&event, &out);
    text[out.size] = '\0';
    assert_string_equal(text, "    12 ms  proved     a record       http://127.0.0.1:1018 is our "
                              "server\n");
    out = berth_writer_on(text, sizeof text - 1);
    berth_attempts_write_event_json(&event, &out);
    text[out.size] = '\0';
    assert_string_equal(text, "{\"event\":\"proved\",\"source\":\"record\",\"url\":"
                              "\"http://127.0.0.1:1018\",\"verdict\":\"proved\",\"elapsed_ms\":12,"
                              "\"text\":\"http://127.0.0.1:1018 is our server\"}\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
