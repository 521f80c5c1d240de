#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "berth/error.h"
#include "proto/base64.h"

static const struct {
    const char *plain;
    const char *text;
} pairs[] = {
    /* RFC 4648 section 10 */
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xFB\xEF\xBE", "++++"},
    {"\xFF\xFF\xFF", "////"},
};

static void both_ways(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        size_t size = strlen(pairs[i].plain);
        char text[16] = {0};
        berth_base64_encode((const uint8_t *)pairs[i].plain, size, text);
        assert_string_equal(text, pairs[i].text);
        assert_int_equal(strlen(text), BERTH_BASE64_SIZE(size));

        uint8_t plain[8];
        size_t plain_size;
        struct berth_view view = berth_view_of(pairs[i].text);
        assert_int_equal(berth_base64_decode(view, plain, sizeof plain, &plain_size), 0);
        assert_int_equal(plain_size, size);
        assert_memory_equal(plain, pairs[i].plain, size);
    }
}

static void every_byte_comes_back(void **state) {
    (void)state;
    uint8_t bytes[256], back[256];
    char text[BERTH_BASE64_SIZE(sizeof bytes)];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    for (size_t size = 0; size <= sizeof bytes; size++) {
        size_t back_size;
        berth_base64_encode(bytes, size, text);
        struct berth_view view = {text, BERTH_BASE64_SIZE(size)};
        assert_int_equal(berth_base64_decode(view, back, size, &back_size), 0);
        assert_int_equal(back_size, size);
        assert_memory_equal(back, bytes, size);
    }
}

static void what_is_no_base64(void **state) {
    (void)state;
    static const char *const bad[] = {"Z",    "Zg",   "Zg=",  "=",    "====",  "Z===",  "Zg==Zg==",
                                      "Zg= ", "Z g=", "Zm9-", "Zm9_", "Zm\n=", "Zm9v=", "=m9v"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t out[16];
        size_t size = 99;
        int error = berth_base64_decode(berth_view_of(bad[i]), out, sizeof out, &size);
        assert_int_equal(error, BERTH_E_INVALID);
        assert_int_equal(size, 99);
    }
}

static void no_room(void **state) {
    (void)state;
    uint8_t out[2];
    size_t size;
    assert_int_equal(berth_base64_decode(BERTH_VIEW("Zm9v"), out, 2, &size), BERTH_E_FULL);
    assert_int_equal(berth_base64_decode(BERTH_VIEW("Zm8="), out, 2, &size), 0);
}

/* The last character's unused bits may be set: "Zh==" is "f" as "Zg==" is. */
static void unused_bits_are_free(void **state) {
    (void)state;
    uint8_t out[1];
    size_t size;
    assert_int_equal(berth_base64_decode(BERTH_VIEW("Zh=="), out, 1, &size), 0);
    assert_int_equal(out[0], 'f');
}

static void the_form_for_urls(void **state) {
    static const struct {
        const char *plain, *text;
    } cases[] = {
        {"", ""},
        {"f", "Zg"},
        {"fo", "Zm8"},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg"},
        {"\xFB\xEF\xBE", "----"},
        {"\xFF\xFF", "__8"},
    };
    static const char *const bad[] = {"Z", "Zg==", "Zh", "Zm9", "+/+/", "Zm9v Zg", "Zm9vY"};
    (void)state;
    uint8_t plain[16];
    size_t size;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[16] = {0};
        size_t plain_size = strlen(cases[i].plain);
        berth_base64url_encode((const uint8_t *)cases[i].plain, plain_size, text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(strlen(text), BERTH_BASE64URL_SIZE(plain_size));
        assert_int_equal(berth_base64url_decode(berth_view_of(text), plain, sizeof plain, &size),
                         0);
        assert_int_equal(size, plain_size);
        assert_memory_equal(plain, cases[i].plain, size);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(berth_base64url_decode(berth_view_of(bad[i]), plain, sizeof plain, &size),
                         BERTH_E_INVALID);
    assert_int_equal(berth_base64url_decode(BERTH_VIEW("Zm9v"), plain, 2, &size), BERTH_E_FULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways),
        cmocka_unit_test(the_form_for_urls),
        cmocka_unit_test(every_byte_comes_back),
        cmocka_unit_test(what_is_no_base64),
        cmocka_unit_test(no_room),
        cmocka_unit_test(unused_bits_are_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
