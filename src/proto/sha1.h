/* SHA-1, for the WebSocket handshake only: there it proves that the server has read the key, no
 * more. It is broken as a cryptographic hash and must not be used as one.
 *
 * Limits:  the whole input at once
 * Threads: any
 * Source:  FIPS 180-4 sections 5.1.1 and 6.1
 * Proof:   sha1_test.c
 */
#ifndef BERTH_PROTO_SHA1_H
#define BERTH_PROTO_SHA1_H

#include "base/view.h"

#define BERTH_SHA1_SIZE 20

void berth_sha1(struct berth_view input, uint8_t ret_digest[BERTH_SHA1_SIZE]);

#endif
