/* Base64 with padding, both ways.
 *
 * Shape:   no line breaks, no blanks; the alphabet with '+' and '/'
 * Limits:  sizes are the caller's to give
 * Threads: any
 * Source:  RFC 4648 section 4
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

#endif
