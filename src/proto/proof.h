/* The proof of identity: an Ed25519 signature over what a client asked and where it asked.
 *
 *     the client:  16 to 64 random bytes C;  GET /health?challenge=base64url(C)
 *     the server:  berth_proof_sign(&identity, &claim, signature);  "proof": base64url(signature)
 *     the client:  berth_proof_verify(public_key, &claim, signature)
 *
 * What is signed: "berth-proof-v1", then app, instance, port (decimal) and C, each with its size in
 * front as two bytes, the high one first: no claim can be read as another one.
 *
 * Shape:   pure; keys and random bytes are arguments
 * Errors:  BERTH_E_INVALID
 * Limits:  a challenge has 16 to 64 bytes
 * Threads: any
 * Source:  RFC 8032 (Ed25519), RFC 4648 section 5 (base64url, without padding)
 * Proof:   proof_test.c and clients/js over tests/wire/proof
 */
#ifndef BERTH_PROTO_PROOF_H
#define BERTH_PROTO_PROOF_H

#include "base/view.h"

#define BERTH_PROOF_SEED_SIZE 32
#define BERTH_PROOF_PUBLIC_KEY_SIZE 32
#define BERTH_PROOF_SECRET_KEY_SIZE 64
#define BERTH_PROOF_SIZE 64
#define BERTH_PROOF_CHALLENGE_MIN 16
#define BERTH_PROOF_CHALLENGE_MAX 64

struct berth_identity {
    uint8_t public_key[BERTH_PROOF_PUBLIC_KEY_SIZE];
    uint8_t secret_key[BERTH_PROOF_SECRET_KEY_SIZE];
};

struct berth_proof_claim {
    struct berth_view app;
    struct berth_view instance;
    uint16_t port;
    struct berth_view challenge; /* raw bytes */
};

/* The key pair of a seed of random bytes. */
void berth_identity_make(const uint8_t seed[BERTH_PROOF_SEED_SIZE],
                         struct berth_identity *ret_identity);

/* Errors: BERTH_E_INVALID when the challenge has a bad size, or a name over 255 bytes. */
int berth_proof_sign(const struct berth_identity *identity, const struct berth_proof_claim *claim,
                     uint8_t signature[BERTH_PROOF_SIZE]);

/* 0 when the holder of the key's other half has signed exactly this claim. */
int berth_proof_verify(const uint8_t public_key[BERTH_PROOF_PUBLIC_KEY_SIZE],
                       const struct berth_proof_claim *claim, struct berth_view signature);

/* Equal, in a time that does not tell where the difference is. For tokens. */
bool berth_proof_same(struct berth_view a, struct berth_view b);

#endif
