/* A URL that leads to a server of ours: a scheme, a host, a port, a path; taken apart, not
 * resolved.
 *
 *     struct berth_find_url url;
 *     if (berth_find_url_read(text, "http", &url) < 0) ...
 *     error = berth_addr_parse(url.host, url.port, &address);      (where a literal is asked for)
 *
 * Shape:   "http://127.0.0.1:1018", "http://[::1]:1018/health", "ws://localhost/client-ws"; without
 *          a port it is 80. No user name, no fragment, nothing but visible ASCII
 * Owns:    nothing; the views point into the text
 * Errors:  BERTH_E_INVALID
 * Threads: any
 * Source:  RFC 3986
 * Proof:   document_test.c
 */
#ifndef BERTH_FIND_URL_H
#define BERTH_FIND_URL_H

#include "base/addr.h"

struct berth_find_url {
    struct berth_view host; /* an IPv6 literal without its brackets */
    uint16_t port;
    struct berth_view path; /* with its query; empty when there is none */
};

int berth_find_url_read(struct berth_view text, const char *scheme, struct berth_find_url *ret_url);

#endif
