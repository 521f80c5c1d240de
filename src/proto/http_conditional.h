/* Conditional requests: is what the client has still good?
 *
 *     struct berth_http_validators validators = {.etag = BERTH_VIEW("\"5f-1\""), .modified_s =
 * 1e9}; switch (berth_http_condition(head, &validators)) { case BERTH_HTTP_CONDITION_NOT_MODIFIED:
 * ... 304, without a body ...
 *
 * Shape:   pure; a field that is not well-formed counts as one that matches nothing
 * Units:   seconds since 1970-01-01 UTC
 * Owns:    nothing
 * Errors:  none
 * Limits:  those of the head
 * Threads: any
 * Source:  RFC 9110 13.1 (fields), 13.2.2 (precedence), 8.8.3.2 (comparison), 5.6.7 (dates)
 * Proof:   http_conditional_test.c, tests/fuzz/fuzz_conditional.c
 */
#ifndef BERTH_PROTO_HTTP_CONDITIONAL_H
#define BERTH_PROTO_HTTP_CONDITIONAL_H

#include "proto/http.h"

/* What tells one state of a resource from another. */
struct berth_http_validators {
    struct berth_view etag; /* in its quotes, without W/ */
    bool weak;              /* the same tag may stand for states that differ a little */
    int64_t modified_s;
};

enum berth_http_condition {
    BERTH_HTTP_CONDITION_MET,          /* answer as if nothing had been asked */
    BERTH_HTTP_CONDITION_NOT_MODIFIED, /* 304 */
    BERTH_HTTP_CONDITION_FAILED,       /* 412 */
};

/* What If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since come to, for a GET or a
 * HEAD. */
enum berth_http_condition berth_http_condition(const struct berth_http_head *head,
                                               const struct berth_http_validators *validators);

/* May the field Range be honoured? Without If-Range always; with it only when what the client has a
 * part of is exactly this. */
bool berth_http_condition_range(const struct berth_http_head *head,
                                const struct berth_http_validators *validators);

/* Reads a date in any of the three forms. A year of two digits is 1970 to 2069.
 * Errors: BERTH_E_INVALID. */
int berth_http_date_parse(struct berth_view text, int64_t *ret_unix_s);

#endif
