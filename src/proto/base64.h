/* Base64 both ways: with padding for the WebSocket handshake, and the form that is safe in URLs.
 *
 * Shape:   no line breaks, no blanks; the alphabet with '+' and '/', or with '-' and '_'
 * Limits:  sizes are the caller's to give
 * Threads: any
 * Source:  RFC 4648 sections 4 and 5
 * Proof:   base64_test.c
 */
#ifndef BERTH_PROTO_BASE64_H
#define BERTH_PROTO_BASE64_H

#include "base/view.h"

/* How many characters size bytes become. */
#define BERTH_BASE64_SIZE(size) (((size) + 2) / 3 * 4)

/* Writes BERTH_BASE64_SIZE(size) characters; no NUL byte is added. */
void berth_base64_encode(const uint8_t *bytes, size_t size, char *out);

/* Padding must be there. Bits that fill up the last character may have any value, as some clients
 * make their keys of random characters (RFC 4648 section 3.5 leaves it open).
 * Errors: BERTH_E_INVALID when the text is not base64, BERTH_E_FULL when it is of more than
 * capacity bytes; out may be written to in part then. */
int berth_base64_decode(struct berth_view text, uint8_t *out, size_t capacity, size_t *ret_size);

/* How many characters size bytes become in the form for URLs. */
#define BERTH_BASE64URL_SIZE(size) (((size)*4 + 2) / 3)

/* Writes BERTH_BASE64URL_SIZE(size) characters, without padding; no NUL byte is added. */
void berth_base64url_encode(const uint8_t *bytes, size_t size, char *out);

/* Strict: no padding, and no bits to spare that are set, so that bytes have one text only.
 * Errors: as berth_base64_decode. */
int berth_base64url_decode(struct berth_view text, uint8_t *out, size_t capacity, size_t *ret_size);

#endif
