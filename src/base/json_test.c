#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_written(const struct berth_writer *out, const char *expected) {
    assert_false(out->overflow);
    assert_int_equal(out->size, strlen(expected));
    assert_memory_equal(out->data, expected, out->size);
}

static void test_objects_and_arrays(void **state) {
    (void)state;
    char memory[256];
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    struct berth_json json = berth_json_on(&out);
    berth_json_open(&json, '{');
    berth_json_key(&json, "a");
    berth_json_number(&json, UINT64_MAX);
    berth_json_key(&json, "b");
    berth_json_open(&json, '[');
    berth_json_open(&json, '{');
    berth_json_close(&json, '}');
    berth_json_open(&json, '[');
    berth_json_close(&json, ']');
    berth_json_bool(&json, true);
    berth_json_null(&json);
    berth_json_close(&json, ']');
    berth_json_key(&json, "c");
    berth_json_text(&json, NULL);
    berth_json_close(&json, '}');
    assert_written(&out, "{\"a\":18446744073709551615,\"b\":[{},[],true,null],\"c\":null}");
}

static void test_strings(void **state) {
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", "\"\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"\n\r\t\b\x01\x7F", "\"\\n\\r\\t\\u0008\\u0001\\u007f\""},
        {"a/b", "\"a/b\""},
        {"</script>", "\"<\\/script>\""},
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\""},
        /* No UTF-8: a bare continuation, a cut character, too long a form, a surrogate. */
        {"a\x80z", "\"a\xEF\xBF\xBDz\""},
        {"\xE2\x82", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xC0\xAF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char memory[64];
        struct berth_writer out = berth_writer_on(memory, sizeof memory);
        struct berth_json json = berth_json_on(&out);
        berth_json_text(&json, cases[i].text);
        assert_written(&out, cases[i].expected);
    }
}

static void test_overflow_is_said(void **state) {
    (void)state;
    for (size_t capacity = 0; capacity < 9; capacity++) {
        char memory[16];
        struct berth_writer out = berth_writer_on(memory, capacity);
        struct berth_json json = berth_json_on(&out);
        berth_json_open(&json, '{');
        berth_json_key(&json, "k");
        berth_json_text(&json, "vv");
        berth_json_close(&json, '}'); /* {"k":"vv"} has ten bytes */
        assert_true(out.overflow);
        assert_true(out.size <= capacity);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects_and_arrays),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_overflow_is_said),
    };
    return cmocka_run_group_tests_name("base/json", tests, NULL, NULL);
}
