#include "cli/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static const uint64_t moment = 1795452736123; /* 2026-11-23T16:52:16.123Z */
static char memory[BERTH_CLI_LOG_LINE_MAX];

static const char *format(enum berth_cli_log_style style, enum berth_log_level level,
                          struct berth_view text) {
    struct berth_writer out = berth_writer_on(memory, sizeof memory - 1);
    berth_cli_log_format(style, moment, &(struct berth_log_record){level, "a.b", text}, &out);
    assert_false(out.overflow);
    memory[out.size] = '\0';
    return memory;
}

static const char *escape(struct berth_view text) {
    struct berth_writer out = berth_writer_on(memory, sizeof memory - 1);
    berth_cli_text_escape(text, &out);
    memory[out.size] = '\0';
    return memory;
}

static void test_plain(void **state) {
    (void)state;
    struct berth_view text = BERTH_VIEW("it is so");
    assert_string_equal(format(BERTH_CLI_LOG_PLAIN, BERTH_LOG_INFO, text), "it is so");
    assert_string_equal(format(BERTH_CLI_LOG_PLAIN, BERTH_LOG_DEBUG, text), "debug: it is so");
    assert_string_equal(format(BERTH_CLI_LOG_PLAIN, BERTH_LOG_WARNING, text), "warning: it is so");
    assert_string_equal(format(BERTH_CLI_LOG_PLAIN, BERTH_LOG_ERROR, text), "error: it is so");
}

static void test_terminal(void **state) {
    (void)state;
    struct berth_view text = BERTH_VIEW("x");
    assert_string_equal(format(BERTH_CLI_LOG_TIMED, BERTH_LOG_INFO, text), "16:52:16.123 x");
    assert_string_equal(format(BERTH_CLI_LOG_TIMED, BERTH_LOG_ERROR, text),
                        "16:52:16.123 error: x");
    assert_string_equal(format(BERTH_CLI_LOG_COLOUR, BERTH_LOG_WARNING, text),
                        "\033[2m16:52:16.123\033[0m \033[33mwarning:\033[0m x");
}

static void test_json(void **state) {
    (void)state;
    assert_string_equal(format(BERTH_CLI_LOG_JSON, BERTH_LOG_WARNING, BERTH_VIEW("a \"b\"\n\xff")),
                        "{\"time\":\"2026-11-23T16:52:16.123Z\",\"level\":\"warning\","
                        "\"event\":\"a.b\",\"text\":\"a \\\"b\\\"\\n\xEF\xBF\xBD\"}");
}

static void test_escapes(void **state) {
    (void)state;
    static const struct {
        struct berth_view text;
        const char *shown;
    } examples[] = {
        {{"", 0}, ""},
        {{"plain text, äöü €𝄞", 26}, "plain text, äöü €𝄞"},
        {{"a\nb\tc\rd", 7}, "a\\nb\\tc\\x0dd"},
        {{"\033[31mred\033[0m", 12}, "\\x1b[31mred\\x1b[0m"},
        {{"\0\x07\x7f", 3}, "\\x00\\x07\\x7f"},
        {{"\xc2\x9b"
          "31m",
          5},
         "\\u009b31m"}, /* CSI in one character */
        {{"a\xe2\x80\xae"
          "b",
          5},
         "a\\u202eb"},                     /* right to left */
        {{"\xe2\x80\xa8", 3}, "\\u2028"},  /* line separator */
        {{"\xe2\x81\xa6", 3}, "\\u2066"},  /* isolate */
        {{"a\xff\xc3", 3}, "a\\xff\\xc3"}, /* no UTF-8, and half a character */
        {{"\xc0\x8a", 2}, "\\xc0\\x8a"},   /* a line end in disguise */
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        assert_string_equal(escape(examples[i].text), examples[i].shown);
}

/* The longest text there is, with every byte escaped, still fits a line. */
static void test_longest_line(void **state) {
    (void)state;
    char text[BERTH_LOG_TEXT_MAX];
    memset(text, 1, sizeof text);
    struct berth_view view = {text, sizeof text};
    assert_int_equal(strlen(format(BERTH_CLI_LOG_PLAIN, BERTH_LOG_INFO, view)), 4 * sizeof text);
    assert_true(strlen(format(BERTH_CLI_LOG_JSON, BERTH_LOG_INFO, view)) > 6 * sizeof text);
}

/* What reaches the file: one line each, nothing under the level. */
static void test_writes_lines(void **state) {
    (void)state;
    char written[512] = "";
    FILE *out = fmemopen(written, sizeof written, "w");
    assert_non_null(out);
    struct berth_cli_log log;
    berth_cli_log_init(&log, out, BERTH_CLI_LOG_PLAIN, BERTH_LOG_INFO);
    berth_log_write(&log.log, BERTH_LOG_DEBUG, "a", "not this");
    berth_log_write(&log.log, BERTH_LOG_INFO, "a", "port %d", 7);
    berth_cli_log_plain(&log, BERTH_VIEW("===="));
    fclose(out);
    assert_string_equal(written, "port 7\n====\n");
}

static void test_plain_lines_only_for_people(void **state) {
    (void)state;
    char written[512] = "";
    FILE *out = fmemopen(written, sizeof written, "w");
    assert_non_null(out);
    struct berth_cli_log log;
    berth_cli_log_init(&log, out, BERTH_CLI_LOG_JSON, BERTH_LOG_INFO);
    berth_cli_log_plain(&log, BERTH_VIEW("===="));
    berth_cli_log_init(&log, out, BERTH_CLI_LOG_PLAIN, BERTH_LOG_WARNING);
    berth_cli_log_plain(&log, BERTH_VIEW("===="));
    fclose(out);
    assert_string_equal(written, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_terminal),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_longest_line),
        cmocka_unit_test(test_writes_lines),
        cmocka_unit_test(test_plain_lines_only_for_people),
    };
    setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
