#include "cli/args.h"

#include "berth/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct berth_args args;
static char reason[512];

/* Parses words up to a NULL for a command, NULL for none. */
static int parse(const char *command, char *const *words) {
    struct berth_writer why = berth_writer_on(reason, sizeof reason - 1);
    int count = 0;
    while (words[count] != NULL)
        count++;
    int error =
        berth_args_parse(command != NULL ? berth_command_find(berth_view_of(command)) : NULL, count,
                         words, &why, &args);
    reason[why.size] = '\0';
    return error;
}

#define PARSE(command, ...) parse(command, (char *[]){__VA_ARGS__, NULL})

static void test_accepts(void **state) {
    (void)state;
    assert_int_equal(PARSE("serve", "--port", "1018"), 0);
    assert_string_equal(args.settings[BERTH_SETTING_SERVER_PORT], "1018");
    assert_null(args.operand);

    assert_int_equal(PARSE("serve", "--port=1018", "c.yaml", "--strict-port"), 0);
    assert_string_equal(args.settings[BERTH_SETTING_SERVER_PORT], "1018");
    assert_string_equal(args.operand, "c.yaml");
    assert_non_null(args.options[BERTH_OPTION_STRICT_PORT]);
    assert_null(args.options[BERTH_OPTION_JSON]);

    assert_int_equal(PARSE("serve", "--port", "1", "--port=2"), 0);
    assert_string_equal(args.settings[BERTH_SETTING_SERVER_PORT], "2");

    assert_int_equal(PARSE("serve", "--port-file=", "--app=--x", "--static", "a=b"), 0);
    assert_string_equal(args.settings[BERTH_SETTING_PORT_FILE], "");
    assert_string_equal(args.settings[BERTH_SETTING_APP], "--x");
    assert_string_equal(args.settings[BERTH_SETTING_STATIC], "a=b");

    assert_int_equal(PARSE("serve", "--port", "-1", "--", "--odd.yaml"), 0);
    assert_string_equal(args.settings[BERTH_SETTING_SERVER_PORT], "-1");
    assert_string_equal(args.operand, "--odd.yaml");

    assert_int_equal(PARSE("check", "-", "--json", "-h"), 0);
    assert_string_equal(args.operand, "-");
    assert_non_null(args.options[BERTH_OPTION_HELP]);

    assert_int_equal(PARSE(NULL, "--version"), 0);
    assert_non_null(args.options[BERTH_OPTION_VERSION]);
}

static void test_every_flag(void **state) {
    (void)state;
    for (size_t i = 0; i < BERTH_SETTINGS; i++) {
        if (berth_settings[i].flag == NULL)
            continue;
        char flag[64];
        snprintf(flag, sizeof flag, "%s", berth_settings[i].flag);
        assert_int_equal(PARSE("serve", flag, "x"), 0);
        assert_string_equal(args.settings[i], "x");
    }
}

static void refused(int error, const char *why) {
    assert_int_equal(error, BERTH_E_INVALID);
    assert_string_equal(reason, why);
}

static void test_refuses(void **state) {
    (void)state;
    refused(PARSE("serve", "--prot", "1"),
            "--prot is no flag of berth serve: did you mean --port?");
    refused(PARSE("serve", "--prot=1"), "--prot is no flag of berth serve: did you mean --port?");
    refused(PARSE("serve", "-p", "1"), "-p is no flag of berth serve: see berth help serve");
    refused(PARSE("serve", "--colour"), "--colour is no flag of berth serve: see berth help serve");
    refused(PARSE("check", "--strict-port"),
            "--strict-port is no flag of berth check: see berth help check");
    refused(PARSE("help", "--port", "1"), "--port is no flag of berth help: see berth help help");
    refused(PARSE(NULL, "--json"), "--json is no flag of berth: see berth help");
    refused(PARSE(NULL, "--verison"), "--verison is no flag of berth: did you mean --version?");
    refused(PARSE("serve", "--port"), "--port needs a value: write --port PORT");
    refused(PARSE("serve", "--port", "--json"), "--port needs a value: write --port PORT");
    refused(PARSE("serve", "--json=yes"), "--json takes no value: leave out what stands from = on");
    refused(PARSE("serve", "a.yaml", "b.yaml"),
            "b.yaml is one argument too many: see berth help serve");
    refused(PARSE(NULL, "--version", "x"), "x is one argument too many: see berth help");
}

/* A long word is cut in the message, and fits. */
static void test_long_words(void **state) {
    (void)state;
    char word[5000];
    memset(word, 'x', sizeof word);
    memcpy(word, "--", 2);
    word[sizeof word - 1] = '\0';
    assert_int_equal(PARSE("serve", word), BERTH_E_INVALID);
    assert_non_null(strstr(reason, "… is no flag of berth serve"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_every_flag),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_long_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
