/* Request targets: split, decoded, looked into; without any memory but the caller's.
 *
 *     struct berth_http_target target;
 *     if (berth_http_target_split(head->target, &target) < 0)
 *         ... 400 ...
 *     char path[1024];
 *     struct berth_view decoded;
 *     if (berth_http_path_decode(target.path, path, sizeof path, &decoded) < 0)
 *         ... 400 ...
 *
 * Owns:    nothing; views point into the target or into the buffer given
 * Errors:  BERTH_E_INVALID, BERTH_E_FULL (the buffer is too small), BERTH_E_NOT_FOUND
 * Threads: any
 * Source:  RFC 9112 3.2 (forms), RFC 3986 (bytes, escapes), RFC 3629 (UTF-8),
 *          WHATWG URL 5.1 (query parameters)
 * Proof:   src/proto/http_target_test.c
 */
#ifndef BERTH_PROTO_HTTP_TARGET_H
#define BERTH_PROTO_HTTP_TARGET_H

#include "base/view.h"

enum berth_http_target_form {
    BERTH_HTTP_TARGET_ORIGIN,    /* "/path?query" */
    BERTH_HTTP_TARGET_ABSOLUTE,  /* "http://host:port/path?query" */
    BERTH_HTTP_TARGET_AUTHORITY, /* "host:port", of CONNECT */
    BERTH_HTTP_TARGET_ASTERISK,  /* "*", of OPTIONS */
};

struct berth_http_target {
    enum berth_http_target_form form;
    struct berth_view scheme;    /* "http" or "https" in any case; absolute form only */
    struct berth_view authority; /* "host:port" or "host"; absolute and authority form only */
    struct berth_view path;      /* starts with '/'; "/" for an absolute form without one */
    struct berth_view query;     /* without the '?'; empty when there is none */
};

/* Takes a target apart and checks its bytes: escapes whole, nothing that no URI has, no fragment,
 * no user name, a well-formed authority. Errors: BERTH_E_INVALID. */
int berth_http_target_split(struct berth_view target, struct berth_http_target *ret_target);

/* Whether this is a well-formed "host" or "host:port" (RFC 9110 7.2). Empty is not. */
bool berth_http_authority_valid(struct berth_view authority);

/* Decodes a path that starts with '/', for use as a name below a root folder. Nothing is mended:
 * bad or encoded NUL, '/', '\' and control bytes, text that is no UTF-8, empty segments before the
 * last and the segments "." and ".." (plain or encoded) are refused.
 * Errors: BERTH_E_INVALID, BERTH_E_FULL. */
int berth_http_path_decode(struct berth_view path, char *buffer, size_t size,
                           struct berth_view *ret_path);

/* The decoded value of the first parameter of that name in "a=1&b=2": '+' is a space, a name
 * without '=' has an empty value. The value may be any UTF-8 but NUL and control bytes.
 * Errors: BERTH_E_NOT_FOUND, BERTH_E_INVALID, BERTH_E_FULL. */
int berth_http_query_get(struct berth_view query, const char *name, char *buffer, size_t size,
                         struct berth_view *ret_value);

#endif
