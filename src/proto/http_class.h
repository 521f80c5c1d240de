/* Which bytes may stand where in HTTP: one table, a bit for each class.
 *
 *     while (at < end && berth_http_is(*at, BERTH_HTTP_TOKEN)) at++;
 *
 * Source:  RFC 9110 5.5 (values), 5.6.2 (tokens), 5.6.3 (blanks); RFC 3986 2 (URI), 3.2.2 (host);
 *          WHATWG URL 1.3 (the query percent-encode set)
 * Proof:   src/proto/http_class_test.c compares all 256 bytes with the grammar's own sets
 */
#ifndef BERTH_PROTO_HTTP_CLASS_H
#define BERTH_PROTO_HTTP_CLASS_H

#include "base/view.h"

enum berth_http_class {
    BERTH_HTTP_TOKEN = 1 << 0,   /* tchar: names of methods, fields, options */
    BERTH_HTTP_URI = 1 << 1,     /* what a target is made of: all of RFC 3986 but '#', and what
                                    browsers leave as it is: ^ ` { | } */
    BERTH_HTTP_VALUE = 1 << 2,   /* VCHAR, obs-text, space and tab */
    BERTH_HTTP_BLANK = 1 << 3,   /* space and tab */
    BERTH_HTTP_VERSION = 1 << 4, /* the bytes of "HTTP/", digits and '.' */
    BERTH_HTTP_HEX = 1 << 5,
    BERTH_HTTP_DIGIT = 1 << 6,
    BERTH_HTTP_HOST = 1 << 7, /* reg-name: unreserved, sub-delims and '%' */
};

extern const uint8_t berth_http_classes[256];

static inline bool berth_http_is(char byte, enum berth_http_class class) {
    return (berth_http_classes[(uint8_t)byte] & class) != 0;
}

/* How many bytes at the head of the view are of the class. */
static inline size_t berth_http_run(struct berth_view view, enum berth_http_class class) {
    size_t size = 0;
    while (size < view.size && berth_http_is(view.data[size], class))
        size++;
    return size;
}

static inline bool berth_http_all(struct berth_view view, enum berth_http_class class) {
    return berth_http_run(view, class) == view.size;
}

/* The number that a digit of BERTH_HTTP_HEX stands for. */
static inline unsigned berth_http_hex(char digit) {
    return digit <= '9' ? (unsigned)(digit - '0') : (unsigned)((digit | 0x20) - 'a') + 10;
}

#endif
