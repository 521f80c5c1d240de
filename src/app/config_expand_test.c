#include "app/config_expand.h"

#include "berth/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *const environment[] = {"A=x", "AB=y", "EMPTY=", "_u9=z", "LOOP=${LOOP}", NULL};
static const struct berth_config_context context = {environment, "/", NULL};

/* The result, or NULL with the reason in `reason`. */
static const char *expand(const char *text) {
    static char result[BERTH_CONFIG_VALUE_MAX + 1];
    char reason[512];
    struct berth_writer out = berth_writer_on(result, BERTH_CONFIG_VALUE_MAX);
    struct berth_writer why = berth_writer_on(reason, sizeof reason);
    int error = berth_config_expand(&context, berth_view_of(text), &why, &out);
    assert_true(error == 0 || why.size > 0);
    result[out.size] = '\0';
    return error == 0 ? result : NULL;
}

static void test_expands(void **state) {
    (void)state;
    static const char *const examples[][2] = {
        {"", ""},
        {"plain", "plain"},
        {"${A}", "x"},
        {"${AB}", "y"},
        {"${_u9}", "z"},
        {"a${A}b${AB}c", "axbyc"},
        {"${A:-d}", "x"},
        {"${NONE:-d}", "d"},
        {"${EMPTY:-d}", "d"},
        {"${NONE:-}", ""},
        {"${NONE:-a:-b}", "a:-b"},
        {"${NONE:-${A}", "${A"}, /* a default goes to the next brace, as it stands */
        {"${NONE:-${A}}", "${A}"},
        {"$$", "$"},
        {"$${A}", "${A}"},
        {"$$$$", "$$"},
        {"$", "$"},
        {"a$", "a$"},
        {"$A", "$A"},
        {"$(A)", "$(A)"},
        {"${LOOP}", "${LOOP}"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        assert_string_equal(expand(examples[i][0]), examples[i][1]);
}

static void test_refuses(void **state) {
    (void)state;
    static const char *const examples[] = {"${",     "${A",       "${}",     "${NONE}", "${EMPTY}",
                                           "${9}",   "${A B}",    "${A-B}",  "${A:}",   "${A:+x}",
                                           "${:-d}", "x${NONE}y", "${${A}}", "${A.B}"};
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        assert_null(expand(examples[i]));
}

static void test_result_is_bounded(void **state) {
    (void)state;
    static char text[BERTH_CONFIG_VALUE_MAX + 2];
    memset(text, 'a', BERTH_CONFIG_VALUE_MAX);
    assert_string_equal(expand(text), text);
    text[BERTH_CONFIG_VALUE_MAX] = 'a';
    assert_null(expand(text));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expands),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_result_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
