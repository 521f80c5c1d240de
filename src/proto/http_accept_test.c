#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "proto/http_accept.h"
#include "proto/http_request_fixture.h"

/* The order as letters: b, z, g, and i for identity. */
static void codings(void **state) {
    (void)state;
    static const struct {
        const char *fields, *order;
    } cases[] = {
        {"", "i"},
        {"Accept-Encoding:", "i"},
        {"Accept-Encoding: gzip", "gi"},
        {"Accept-Encoding: x-gzip", "gi"},
        {"Accept-Encoding: GZIP", "gi"},
        {"Accept-Encoding: gzip, deflate, br, zstd", "bzgi"}, /* a browser's */
        {"Accept-Encoding: gzip\nAccept-Encoding: br", "bgi"},
        {"Accept-Encoding: *", "bzgi"},
        {"Accept-Encoding: *;q=0", "i"},
        {"Accept-Encoding: gzip;q=1.0, br;q=0.5", "gbi"},
        {"Accept-Encoding: gzip;q=0.001, identity;q=0.5", "ig"},
        {"Accept-Encoding: identity, gzip", "gi"},
        {"Accept-Encoding: br;q=0, *", "zgi"},
        {"Accept-Encoding: *;q=0.5, br;q=0.1", "zgbi"},
        {"Accept-Encoding: identity;q=0, gzip", "gi"},
        {"Accept-Encoding: identity;q=0", "i"},
        {"Accept-Encoding: gzip ; q=0.3 , br", "bgi"},
        /* not well-formed: passed over */
        {"Accept-Encoding: gzip;q=2, br", "bi"},
        {"Accept-Encoding: gzip;q=0.1234, br", "bi"},
        {"Accept-Encoding: gzip;q=, br", "bi"},
        {"Accept-Encoding: gzip;level=1, br", "bi"},
        {"Accept-Encoding: gzip;q=1.001, br", "bi"},
        {"Accept-Encoding: ,,gzip", "gi"},
        {"Accept-Encoding: compress, snappy", "i"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_request_fixture fixture;
        const struct berth_http_head *head =
            http_request_fixture(&fixture, berth_view_of(cases[i].fields));
        assert_non_null(head);
        enum berth_http_coding order[BERTH_HTTP_CODINGS];
        char letters[BERTH_HTTP_CODINGS + 1] = "";
        size_t count = berth_http_accept_codings(head, order);
        assert_in_range(count, 1, BERTH_HTTP_CODINGS);
        for (size_t k = 0; k < count; k++)
            letters[k] = "igzb"[order[k]];
        if (strcmp(letters, cases[i].order) != 0)
            fail_msg("%s: %s", cases[i].fields, letters);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(codings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
