/* Messages made smaller, and back: the payload of compressed messages (RFC 7692).
 *
 *     int error = berth_deflate_create(message_max, &deflate);        (once for a server)
 *     struct berth_deflate_own own = berth_deflate_own_make(&agreed); (for each connection)
 *     if (berth_deflate_pack(deflate, &own, bits, message, &packed) == 1)
 *         ... packed is smaller: send it with RSV1 ...
 *     error = berth_deflate_unpack(deflate, &own, payload, &message);
 *     ... deliver the message ...
 *     berth_deflate_unpacked(deflate);
 *     berth_deflate_own_free(&own);
 *
 * Shape:   whole messages. Without a window that is kept, one compressor and one decompressor serve
 *          all connections (libdeflate; zlib for a window that is smaller than both the usual one
 *          and the message). With one, each connection has its own (zlib)
 * Owns:    what pack gives lives until the next pack, what unpack gives until
 * berth_deflate_unpacked Errors:  unpack: BERTH_E_INVALID for what is no deflate, BERTH_E_FULL at a
 * limit, BERTH_E_MEMORY. pack has none: what cannot be made smaller, for whatever reason, goes as
 * it is Limits:  message_max is looked at while inflating, so no more than that is ever held;
 *          BERTH_DEFLATE_FINALS_MAX. A connection that keeps no window costs nothing. One that does
 *          costs 268 KB (15 bits; about half for each bit less) from the first message that it is
 *          sent compressed, and 40 KB (15 bits; 7 KB and the window) from the first that it sends.
 *          What the server has once: 0.7 MB, of which an idle one has touched little
 * Threads: one
 * Source:  RFC 7692 sections 7.1 and 7.2; RFC 1951
 * Proof:   deflate_test.c, tests/wire/ws/inflate.txt, tests/fuzz/fuzz_deflate.c,
 *          tests/e2e/deflate.test.js
 */
#ifndef BERTH_SERVER_DEFLATE_H
#define BERTH_SERVER_DEFLATE_H

#include "proto/ws_extension.h"

/* Fast before small: what is left to gain costs more time than a loopback or a LAN gives back. */
#define BERTH_DEFLATE_LEVEL 3

/* Blocks with BFINAL in one message: each makes the decompressor begin anew. */
#define BERTH_DEFLATE_FINALS_MAX 4096

/* More memory than this is not kept from one message to the next. */
#define BERTH_DEFLATE_SPARE_SIZE (4u << 20)

struct berth_deflate;

/* What a connection keeps; both windows are made when they are first needed. */
struct berth_deflate_own {
    void *packer;   /* z_stream; NULL before the first message, or without a window */
    void *unpacker; /* the same */
    bool keeps_packing;
    bool keeps_unpacking;
    uint8_t unpack_bits;
};

int berth_deflate_create(size_t message_max, struct berth_deflate **ret_deflate);

/* NULL is welcome. */
void berth_deflate_destroy(struct berth_deflate *deflate);

static inline struct berth_deflate_own
berth_deflate_own_make(const struct berth_ws_deflate *agreed) {
    return (struct berth_deflate_own){
        .keeps_packing = !agreed->server_no_context_takeover,
        .keeps_unpacking = !agreed->client_no_context_takeover,
        .unpack_bits = agreed->client_max_window_bits,
    };
}

void berth_deflate_own_free(struct berth_deflate_own *own);

/* 1 when the message became smaller, 0 when it is to be sent as it is. `bits`: of the window, 9 to
 * 15. `own_or_null`: NULL is one that keeps nothing. */
int berth_deflate_pack(struct berth_deflate *deflate, struct berth_deflate_own *own_or_null,
                       unsigned bits, struct berth_view message, struct berth_view *ret_packed);

/* The payload of a whole message, back as it was before it was compressed. After an error the
 * connection has to end: its window is not what the peer's is. */
int berth_deflate_unpack(struct berth_deflate *deflate, struct berth_deflate_own *own_or_null,
                         struct berth_view payload, struct berth_view *ret_message);

/* What unpack gave is not looked at any more. */
void berth_deflate_unpacked(struct berth_deflate *deflate);

#endif
