/* The field Range: one piece of a file.
 *
 *     uint64_t first, last;
 *     switch (berth_http_range(value, size, &first, &last)) {
 *     case BERTH_HTTP_RANGE_PART: ... 206, Content-Range: bytes first-last/size ...
 *
 * Shape:   pure. Several ranges, another unit, and what is not well-formed are answered with the
 *          whole, as RFC 9110 14.2 lets a server do
 * Units:   bytes; `last` is the last one, not the one behind it
 * Owns:    nothing
 * Errors:  none
 * Limits:  a number past 2^64 is the largest one
 * Threads: any
 * Source:  RFC 9110 14.1.1, 14.1.2, 14.2, 15.5.17
 * Proof:   http_range_test.c, tests/fuzz/fuzz_conditional.c
 */
#ifndef BERTH_PROTO_HTTP_RANGE_H
#define BERTH_PROTO_HTTP_RANGE_H

#include "base/view.h"

enum berth_http_range {
    BERTH_HTTP_RANGE_WHOLE,   /* 200: nothing that we honour was asked for */
    BERTH_HTTP_RANGE_PART,    /* 206 */
    BERTH_HTTP_RANGE_NOWHERE, /* 416: none of it is there */
};

/* ret_first and ret_last are set with PART only: first <= last < size. */
enum berth_http_range berth_http_range(struct berth_view value, uint64_t size, uint64_t *ret_first,
                                       uint64_t *ret_last);

#endif
