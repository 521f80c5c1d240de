#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "berth/error.h"
#include "proto/http_target.h"

static void is(struct berth_view got, const char *wanted) {
    assert_true(berth_view_equal(got, berth_view_of(wanted)));
}

static void test_split(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum berth_http_target_form form;
        const char *scheme, *authority, *path, *query;
    } cases[] = {
        {"/", BERTH_HTTP_TARGET_ORIGIN, "", "", "/", ""},
        {"/a/b?c=d?e", BERTH_HTTP_TARGET_ORIGIN, "", "", "/a/b", "c=d?e"},
        {"/a?", BERTH_HTTP_TARGET_ORIGIN, "", "", "/a", ""},
        {"//a", BERTH_HTTP_TARGET_ORIGIN, "", "", "//a", ""},
        {"http://h:1/p?q", BERTH_HTTP_TARGET_ABSOLUTE, "http", "h:1", "/p", "q"},
        {"HTTPS://h", BERTH_HTTP_TARGET_ABSOLUTE, "HTTPS", "h", "/", ""},
        {"http://[::1]?q", BERTH_HTTP_TARGET_ABSOLUTE, "http", "[::1]", "/", "q"},
        {"h:80", BERTH_HTTP_TARGET_AUTHORITY, "", "h:80", "", ""},
        {"http:80", BERTH_HTTP_TARGET_AUTHORITY, "", "http:80", "", ""},
        {"*", BERTH_HTTP_TARGET_ASTERISK, "", "", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct berth_http_target target;
        assert_int_equal(berth_http_target_split(berth_view_of(cases[i].text), &target), 0);
        assert_int_equal(target.form, cases[i].form);
        is(target.scheme, cases[i].scheme);
        is(target.authority, cases[i].authority);
        is(target.path, cases[i].path);
        is(target.query, cases[i].query);
    }
}

static void test_split_refuses(void **state) {
    (void)state;
    static const char *cases[] = {"",        "a",           "**",         "/#",      "/\"",
                                  "/%",      "/%1",         "/%1g",       "/ ",      "/\x80",
                                  "h:",      ":80",         "http:",      "http://", "http:///",
                                  "ws://h/", "http://u@h/", "http://h:x", "[::1",    "[::1]",
                                  "[]:80",   "http://h#f",  "http:/h",    "/?a=%g0", "x://h"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct berth_http_target target;
        if (berth_http_target_split(berth_view_of(cases[i]), &target) != BERTH_E_INVALID)
            fail_msg("accepted: %s", cases[i]);
    }
}

static void test_authority(void **state) {
    (void)state;
    static const char *good[] = {"a", "a:1", "a:", "127.0.0.1:80", "[::1]", "[::1]:80", "a%20b"};
    static const char *bad[] = {"",   ":1",     "a b", "a:b", "a:1:2", "[::1", "[::g]",
                                "[]", "[::1]1", "a/",  "a@b", "a%2",   "a%gg"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(berth_http_authority_valid(berth_view_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (berth_http_authority_valid(berth_view_of(bad[i])))
            fail_msg("accepted: %s", bad[i]);
}

static void test_path(void **state) {
    (void)state;
    static const struct {
        const char *path, *decoded;
    } cases[] = {
        {"/", "/"},
        {"/static/desktop.html", "/static/desktop.html"},
        {"/a%20b+c", "/a b+c"},
        {"/%41%c3%a4", "/A\xc3\xa4"},
        {"/folder/", "/folder/"},
        {"/...", "/..."},
        {"/..a/b..", "/..a/b.."},
        {"/.well-known/x", "/.well-known/x"},
        {"/%2541", "/%41"}, /* decoded once */
        {"/a%3Fb%23c", "/a?b#c"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char buffer[64];
        struct berth_view decoded;
        assert_int_equal(
            berth_http_path_decode(berth_view_of(cases[i].path), buffer, sizeof buffer, &decoded),
            0);
        is(decoded, cases[i].decoded);
    }
}

static void test_path_refuses(void **state) {
    (void)state;
    static const char *cases[] = {
        "",
        "a",
        "*",
        "/%00",
        "/a%00.html",
        "/%",
        "/%4",
        "/%zz",
        "/a%2fb",
        "/a%2Fb",
        "/a%5cb",
        "/a\\b",
        "/..",
        "/../a",
        "/a/..",
        "/a/../b",
        "/.",
        "/a/./b",
        "/%2e%2e/a",
        "/%2E./a",
        "/.%2e",
        "/%2e",
        "/a/%2e/b",
        "//",
        "//a",
        "/a//b",
        "/a//",
        "/%0a",
        "/%0d%0aX: 1",
        "/%7f",
        "/%1f",
        "/%c0%af",
        "/%ff",
        "/%c3",
        "/%ed%a0%80",
        "/%f4%90%80%80",
        "/%c0%ae%c0%ae/",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char buffer[64];
        struct berth_view decoded;
        if (berth_http_path_decode(berth_view_of(cases[i]), buffer, sizeof buffer, &decoded) !=
            BERTH_E_INVALID)
            fail_msg("accepted: %s", cases[i]);
    }
}

static void test_path_needs_room(void **state) {
    (void)state;
    char buffer[4];
    struct berth_view decoded;
    assert_int_equal(berth_http_path_decode(BERTH_VIEW("/%61bc"), buffer, 4, &decoded), 0);
    is(decoded, "/abc");
    assert_int_equal(berth_http_path_decode(BERTH_VIEW("/abcd"), buffer, 4, &decoded),
                     BERTH_E_FULL);
    assert_int_equal(berth_http_path_decode(BERTH_VIEW("/"), buffer, 0, &decoded), BERTH_E_FULL);
}

static int get(const char *query, const char *name, struct berth_view *ret_value) {
    static char buffer[8];
    return berth_http_query_get(berth_view_of(query), name, buffer, sizeof buffer, ret_value);
}

static void test_query(void **state) {
    (void)state;
    static const struct {
        const char *query, *value;
    } cases[] = {
        {"room=a", "a"},
        {"x=1&room=b&room=c", "b"},
        {"room", ""},
        {"room=", ""},
        {"&&room=a=b", "a=b"},
        {"room=a+b%20c", "a b c"},
        {"ro%6fm=%c3%a4", "\xc3\xa4"},
        {"x=%zz&room=a", "a"},
        {"room=12345678", "12345678"},
        {"rooms=1&roo=2&Room=3&room=4", "4"},
        {"room=%2B%26%3d", "+&="},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct berth_view value;
        assert_int_equal(get(cases[i].query, "room", &value), 0);
        is(value, cases[i].value);
    }
}

static void test_query_refuses(void **state) {
    (void)state;
    struct berth_view value = BERTH_VIEW("untouched");
    assert_int_equal(get("", "room", &value), BERTH_E_NOT_FOUND);
    assert_int_equal(get("x=room", "room", &value), BERTH_E_NOT_FOUND);
    assert_int_equal(get("roo%6=1", "room", &value), BERTH_E_NOT_FOUND);
    assert_int_equal(get("room=%", "room", &value), BERTH_E_INVALID);
    assert_int_equal(get("room=%0", "room", &value), BERTH_E_INVALID);
    assert_int_equal(get("room=%00", "room", &value), BERTH_E_INVALID);
    assert_int_equal(get("room=%0a", "room", &value), BERTH_E_INVALID);
    assert_int_equal(get("room=%ff", "room", &value), BERTH_E_INVALID);
    assert_int_equal(get("room=123456789", "room", &value), BERTH_E_FULL);
    is(value, "untouched");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),        cmocka_unit_test(test_split_refuses),
        cmocka_unit_test(test_authority),    cmocka_unit_test(test_path),
        cmocka_unit_test(test_path_refuses), cmocka_unit_test(test_path_needs_room),
        cmocka_unit_test(test_query),        cmocka_unit_test(test_query_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
