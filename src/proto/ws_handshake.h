/* The WebSocket opening handshake, both sides, over fields that an HTTP parser has found.
 *
 *     struct berth_ws_request request = {.method = ..., .http_minor = 1};
 *     for each field of the head
 *         berth_ws_request_field(&request, name, value);
 *     int status = berth_ws_request_check(&request, &reason);
 *     if (status != 0) -> answer with status and reason, else
 *     berth_ws_accept_key(request.key, accept) and answer 101.
 *
 * Shape:   field names and values as HTTP hands them out, in any order; the values are trimmed here
 * Owns:    nothing; the views in the structs live as long as the head they point into
 * Errors:  the reason is a constant sentence, fit for the answer's body and for the log
 * Limits:  BERTH_WS_PROTOCOL_FIELDS_MAX fields named Sec-WebSocket-Protocol,
 *          BERTH_WS_EXTENSION_FIELDS_MAX named Sec-WebSocket-Extensions
 * Threads: any
 * Source:  RFC 6455 sections 4.1, 4.2, 4.4 and 11.3; RFC 9110 sections 7.8 and 15.5.22
 * Proof:   ws_handshake_test.c, tests/wire/ws/handshake.txt, tests/fuzz/fuzz_handshake.c
 */
#ifndef BERTH_PROTO_WS_HANDSHAKE_H
#define BERTH_PROTO_WS_HANDSHAKE_H

#include "proto/ws_extension.h"

#define BERTH_WS_KEY_SIZE 24    /* base64 of 16 bytes */
#define BERTH_WS_ACCEPT_SIZE 28 /* base64 of 20 bytes */
#define BERTH_WS_VERSION 13
#define BERTH_WS_PROTOCOL_FIELDS_MAX 4
#define BERTH_WS_EXTENSION_FIELDS_MAX 4

/* What the handshake needs of a request's head. The caller sets method and http_minor, zeroes the
 * rest, and passes every field to berth_ws_request_field. */
struct berth_ws_request {
    struct berth_view method;
    unsigned http_minor;     /* 1 for HTTP/1.1 */
    bool connection_upgrade; /* Connection has the token "upgrade" */
    bool upgrade_websocket;  /* Upgrade has the token "websocket" */
    bool has_body;           /* Transfer-Encoding, or a Content-Length other than 0 */
    unsigned key_count;
    unsigned version_count;
    unsigned protocol_count;
    unsigned extension_count;
    struct berth_view key;
    struct berth_view version;
    struct berth_view protocols[BERTH_WS_PROTOCOL_FIELDS_MAX];   /* each a list */
    struct berth_view extensions[BERTH_WS_EXTENSION_FIELDS_MAX]; /* each a list */
};

/* Takes what it knows from one field, and ignores all others. */
void berth_ws_request_field(struct berth_ws_request *request, struct berth_view name,
                            struct berth_view value);

/* 0 when the request may be answered with 101, else the HTTP status to answer with; *ret_reason is
 * set then. 405 needs `Allow: GET`; 426 needs `Upgrade: websocket`, `Connection: Upgrade` and
 * `Sec-WebSocket-Version: 13`; 400 needs nothing. */
int berth_ws_request_check(const struct berth_ws_request *request, struct berth_view *ret_reason);

/* Did the client offer this subprotocol? Names are compared with case (11.3.4). */
bool berth_ws_request_offers(const struct berth_ws_request *request, struct berth_view name);

/* Did the client offer compression in a way that can be taken? Of a request that was checked. */
bool berth_ws_request_deflate(const struct berth_ws_request *request,
                              const struct berth_ws_deflate_policy *policy,
                              struct berth_ws_deflate *ret_agreed);

/* berth_ws_request_offers for one list ("a, b"): the value of one Sec-WebSocket-Protocol field. */
bool berth_ws_protocol_offered(struct berth_view list, struct berth_view name);

/* The value of Sec-WebSocket-Accept for a key (4.2.2); no NUL byte is added. */
void berth_ws_accept_key(struct berth_view key, char out[BERTH_WS_ACCEPT_SIZE]);

/* The value of Sec-WebSocket-Key from 16 random bytes, new for each connection (4.1); no NUL. */
void berth_ws_key_make(const uint8_t random[16], char out[BERTH_WS_KEY_SIZE]);

/* What a client needs of the answer's head. The caller sets status, zeroes the rest, and passes
 * every field to berth_ws_response_field. */
struct berth_ws_response {
    unsigned status;
    bool connection_upgrade; /* Connection has the token "upgrade" */
    bool upgrade_websocket;  /* Upgrade is "websocket" */
    unsigned upgrade_count;
    unsigned accept_count;
    unsigned protocol_count;
    unsigned extensions_count;
    struct berth_view accept;
    struct berth_view protocol; /* the one that the server chose; size 0 for none */
};

/* Takes what it knows from one field, and ignores all others. */
void berth_ws_response_field(struct berth_ws_response *response, struct berth_view name,
                             struct berth_view value);

/* Does the answer fit the request that was sent with this key and this list of subprotocols (size 0
 * for none)? No extension is ever offered, so none may be chosen.
 * Errors: BERTH_E_INVALID, with *ret_reason set. */
int berth_ws_response_check(const struct berth_ws_response *response, struct berth_view key,
                            struct berth_view offered, struct berth_view *ret_reason);

#endif
