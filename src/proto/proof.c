#include "proto/proof.h"

#include "base/writer.h"
#include "berth/error.h"

#include <sodium.h>

/* The label, four sizes, two names of up to 255 bytes, a port, a challenge. */
#define MESSAGE_MAX 640
#define NAME_MAX 255

void berth_identity_make(const uint8_t seed[BERTH_PROOF_SEED_SIZE],
                         struct berth_identity *ret_identity) {
    crypto_sign_seed_keypair(ret_identity->public_key, ret_identity->secret_key, seed);
}

static void put(struct berth_writer *out, struct berth_view part) {
    berth_writer_char(out, (char)(part.size >> 8));
    berth_writer_char(out, (char)(part.size & 0xFF));
    berth_writer_view(out, part);
}

static int write_claim(const struct berth_proof_claim *claim, struct berth_writer *out) {
    if (claim->app.size > NAME_MAX || claim->instance.size > NAME_MAX ||
        claim->challenge.size < BERTH_PROOF_CHALLENGE_MIN ||
        claim->challenge.size > BERTH_PROOF_CHALLENGE_MAX)
        return BERTH_E_INVALID;
    char digits[8];
    struct berth_writer port = berth_writer_on(digits, sizeof digits);
    berth_writer_number(&port, claim->port);
    berth_writer_text(out, "berth-proof-v1");
    put(out, claim->app);
    put(out, claim->instance);
    put(out, berth_writer_result(&port));
    put(out, claim->challenge);
    return 0;
}

int berth_proof_sign(const struct berth_identity *identity, const struct berth_proof_claim *claim,
                     uint8_t signature[BERTH_PROOF_SIZE]) {
    char memory[MESSAGE_MAX];
    struct berth_writer message = berth_writer_on(memory, sizeof memory);
    int error = write_claim(claim, &message);
    if (error < 0)
        return error;
    crypto_sign_detached(signature, NULL, (const uint8_t *)memory, message.size,
                         identity->secret_key);
    return 0;
}

int berth_proof_verify(const uint8_t public_key[BERTH_PROOF_PUBLIC_KEY_SIZE],
                       const struct berth_proof_claim *claim, struct berth_view signature) {
    char memory[MESSAGE_MAX];
    struct berth_writer message = berth_writer_on(memory, sizeof memory);
    int error = write_claim(claim, &message);
    if (error < 0 || signature.size != BERTH_PROOF_SIZE)
        return BERTH_E_INVALID;
    if (crypto_sign_verify_detached((const uint8_t *)signature.data, (const uint8_t *)memory,
                                    message.size, public_key) != 0)
        return BERTH_E_INVALID;
    return 0;
}

bool berth_proof_same(struct berth_view a, struct berth_view b) {
    return a.size == b.size && (a.size == 0 || sodium_memcmp(a.data, b.data, a.size) == 0);
}
