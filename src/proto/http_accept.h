/* The field Accept-Encoding: in which codings a client takes a file, best first.
 *
 *     enum berth_http_coding order[BERTH_HTTP_CODINGS];
 *     size_t count = berth_http_accept_codings(head, order);
 *     ... send the first of them that there is; IDENTITY is always among them ...
 *
 * Shape:   pure. Codings of the same quality come in the order of how small they make things. A
 *          client that refuses even IDENTITY gets it last: better than nothing
 * Owns:    nothing
 * Errors:  none: an item that is not well-formed is passed over
 * Limits:  those of the head
 * Threads: any
 * Source:  RFC 9110 12.4.2 (quality), 12.5.3, 8.4.1 (x-gzip); RFC 8878 (zstd); RFC 7932 (br)
 * Proof:   http_accept_test.c, tests/fuzz/fuzz_conditional.c
 */
#ifndef BERTH_PROTO_HTTP_ACCEPT_H
#define BERTH_PROTO_HTTP_ACCEPT_H

#include "proto/http.h"

enum berth_http_coding {
    BERTH_HTTP_CODING_IDENTITY,
    BERTH_HTTP_CODING_GZIP,
    BERTH_HTTP_CODING_ZSTD,
    BERTH_HTTP_CODING_BR,
    BERTH_HTTP_CODINGS,
};

/* As it stands in Content-Encoding; NULL for IDENTITY. */
const char *berth_http_coding_name(enum berth_http_coding coding);

/* Gives how many there are, at least one. */
size_t berth_http_accept_codings(const struct berth_http_head *head,
                                 enum berth_http_coding ret_order[BERTH_HTTP_CODINGS]);

#endif
