/* Sec-WebSocket-Extensions as a server reads and answers it: permessage-deflate, and nothing else.
 *
 *     struct berth_ws_deflate agreed;
 *     for each field of that name
 *         int found = berth_ws_deflate_choose(value, &policy, &agreed);   (stop at the first 1)
 *     if (found == 1) -> berth_ws_deflate_write(&agreed, out) is the answer's field
 *
 * Shape:   offers stand in the client's order; the first that can be taken is. One with a parameter
 *          that is unknown, there twice, without its value, or with a wrong one, is declined
 * Units:   windows in bits: 15 is 32 KiB
 * Owns:    nothing
 * Errors:  BERTH_E_INVALID for what the grammar does not allow: the handshake fails
 * Limits:  those of the head. A window of 8 bits for what we send is declined, because zlib has 9
 *          at least; the client's may be 8
 * Threads: any
 * Source:  RFC 7692 sections 5, 7 and 7.1; RFC 6455 section 9.1; RFC 9110 sections 5.6.1 to 5.6.4
 * Proof:   ws_extension_test.c, tests/wire/ws/extensions.txt, tests/fuzz/fuzz_extension.c
 */
#ifndef BERTH_PROTO_WS_EXTENSION_H
#define BERTH_PROTO_WS_EXTENSION_H

#include "base/writer.h"

#define BERTH_WS_WINDOW_BITS_LEAST 9 /* of what we send */
#define BERTH_WS_WINDOW_BITS_MOST 15

/* Enough for the longest answer. */
#define BERTH_WS_DEFLATE_TEXT_MAX 160

/* The four parameters (7.1): of an offer, of an agreement, and of the answer. */
struct berth_ws_deflate {
    bool server_no_context_takeover; /* we begin every message with an empty window */
    bool client_no_context_takeover; /* and so does the client */
    bool server_bits_named;          /* its parameter stands in the answer */
    bool client_bits_named;
    uint8_t server_max_window_bits; /* 9 to 15 */
    uint8_t client_max_window_bits; /* 8 to 15 */
};

/* What the server wants, whatever is offered. */
struct berth_ws_deflate_policy {
    bool server_no_context_takeover;
    bool client_no_context_takeover;
};

/* The first offer of that field's value that can be taken: 1, with the agreement, or 0. */
int berth_ws_deflate_choose(struct berth_view value, const struct berth_ws_deflate_policy *policy,
                            struct berth_ws_deflate *ret_agreed);

/* The value of the answer's Sec-WebSocket-Extensions. */
void berth_ws_deflate_write(const struct berth_ws_deflate *agreed, struct berth_writer *out);

#endif
