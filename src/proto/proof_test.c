/* Signatures are the same for everybody: tests/wire/proof/vectors.json is made from the table below
 * and compared with it, and the JavaScript client has to agree with the same file. After a change
 * of the table, BERTH_WRITE_VECTORS=1 writes it anew. */
#include "proto/proof.h"

#include "base/json.h"
#include "berth/error.h"
#include "proto/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define VECTORS_FILE BERTH_WIRE_DIR "/proof/vectors.json"

static const struct vector {
    uint8_t seed_byte; /* of all bytes of the seed */
    const char *app, *instance;
    uint16_t port;
    const char *challenge;
} vectors[] = {
    {0x00, "assistant", "0156196c22645a8d2b5a7265dbb1a9ab", 1018, "0123456789abcdef"},
    {0x01, "assistant", "0156196c22645a8d2b5a7265dbb1a9ab", 1019, "0123456789abcdef"},
    {0x01, "assistan", "t0156196c22645a8d2b5a7265dbb1a9ab", 1019, "0123456789abcdef"},
    {0xFF, "a", "i", 65535, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
    {0x7F, "app.with-every_kind0", "i-1_.", 1, "\x80\xFF\x01 not UTF-8 \xC0\xAF"},
};

static struct berth_identity identity_of(const struct vector *vector) {
    uint8_t seed[BERTH_PROOF_SEED_SIZE];
    struct berth_identity identity;
    memset(seed, vector->seed_byte, sizeof seed);
    berth_identity_make(seed, &identity);
    return identity;
}

static struct berth_proof_claim claim_of(const struct vector *vector) {
    return (struct berth_proof_claim){berth_view_of(vector->app), berth_view_of(vector->instance),
                                      vector->port, berth_view_of(vector->challenge)};
}

static void add_bytes(struct berth_json *json, const char *key, const void *bytes, size_t size) {
    char text[BERTH_BASE64URL_SIZE(BERTH_PROOF_SIZE) + 8];
    berth_json_key(json, key);
    berth_base64url_encode(bytes, size, text);
    berth_json_string(json, (struct berth_view){text, BERTH_BASE64URL_SIZE(size)});
}

static void write_vector(const struct vector *vector, struct berth_writer *out) {
    struct berth_identity identity = identity_of(vector);
    struct berth_proof_claim claim = claim_of(vector);
    uint8_t seed[BERTH_PROOF_SEED_SIZE], signature[BERTH_PROOF_SIZE];
    memset(seed, vector->seed_byte, sizeof seed);
    assert_int_equal(berth_proof_sign(&identity, &claim, signature), 0);
    struct berth_json json = berth_json_on(out);
    berth_json_open(&json, '{');
    add_bytes(&json, "seed", seed, sizeof seed);
    add_bytes(&json, "public_key", identity.public_key, sizeof identity.public_key);
    berth_json_key(&json, "app");
    berth_json_text(&json, vector->app);
    berth_json_key(&json, "instance");
    berth_json_text(&json, vector->instance);
    berth_json_key(&json, "port");
    berth_json_number(&json, vector->port);
    add_bytes(&json, "challenge", claim.challenge.data, claim.challenge.size);
    add_bytes(&json, "proof", signature, sizeof signature);
    berth_json_close(&json, '}');
}

static void test_the_vectors(void **state) {
    (void)state;
    static char made[8192], stored[8192];
    struct berth_writer out = berth_writer_on(made, sizeof made);
    berth_writer_text(&out, "[\n");
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        if (i > 0)
            berth_writer_text(&out, ",\n");
        write_vector(&vectors[i], &out);
    }
    berth_writer_text(&out, "\n]\n");
    assert_false(out.overflow);

    bool writing = getenv("BERTH_WRITE_VECTORS") != NULL;
    FILE *file = fopen(VECTORS_FILE, writing ? "w" : "r");
    assert_non_null(file);
    if (writing) {
        assert_int_equal(fwrite(made, 1, out.size, file), out.size);
    } else {
        assert_int_equal(fread(stored, 1, sizeof stored, file), out.size);
        assert_memory_equal(stored, made, out.size);
    }
    assert_int_equal(fclose(file), 0);
}

/* RFC 8032 7.1, test 1: that it is Ed25519 at all. */
static void test_it_is_ed25519(void **state) {
    static const uint8_t seed[32] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60,
                                     0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
                                     0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19,
                                     0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
    static const uint8_t public_key[32] = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7,
                                           0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
                                           0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25,
                                           0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};
    (void)state;
    struct berth_identity identity;
    berth_identity_make(seed, &identity);
    assert_memory_equal(identity.public_key, public_key, sizeof public_key);
}

/* Whatever is changed, the proof does not hold. */
static void test_a_proof_is_of_one_claim_only(void **state) {
    (void)state;
    const struct vector *vector = &vectors[0];
    struct berth_identity identity = identity_of(vector);
    struct berth_proof_claim claim = claim_of(vector);
    uint8_t signature[BERTH_PROOF_SIZE];
    assert_int_equal(berth_proof_sign(&identity, &claim, signature), 0);
    struct berth_view proof = berth_view_bytes(signature, sizeof signature);
    assert_int_equal(berth_proof_verify(identity.public_key, &claim, proof), 0);

    struct berth_proof_claim other = claim;
    other.app = BERTH_VIEW("assistanT");
    assert_int_equal(berth_proof_verify(identity.public_key, &other, proof), BERTH_E_INVALID);
    other = claim;
    other.instance.size--;
    assert_int_equal(berth_proof_verify(identity.public_key, &other, proof), BERTH_E_INVALID);
    other = claim;
    other.port++;
    assert_int_equal(berth_proof_verify(identity.public_key, &other, proof), BERTH_E_INVALID);
    other = claim;
    other.challenge = BERTH_VIEW("0123456789abcdeF");
    assert_int_equal(berth_proof_verify(identity.public_key, &other, proof), BERTH_E_INVALID);

    for (size_t i = 0; i < sizeof signature; i++) {
        signature[i] ^= 1;
        assert_int_equal(berth_proof_verify(identity.public_key, &claim, proof), BERTH_E_INVALID);
        signature[i] ^= 1;
    }
    proof.size--;
    assert_int_equal(berth_proof_verify(identity.public_key, &claim, proof), BERTH_E_INVALID);
    struct berth_identity stranger = identity_of(&vectors[1]);
    proof.size++;
    assert_int_equal(berth_proof_verify(stranger.public_key, &claim, proof), BERTH_E_INVALID);
}

static void test_limits_of_a_claim(void **state) {
    (void)state;
    static const char names[256], challenge[65];
    struct berth_identity identity = identity_of(&vectors[0]);
    struct berth_proof_claim claim = {{names, 255}, {names, 255}, 1, {challenge, 64}};
    uint8_t signature[BERTH_PROOF_SIZE];
    assert_int_equal(berth_proof_sign(&identity, &claim, signature), 0);
    claim.challenge.size = 65;
    assert_int_equal(berth_proof_sign(&identity, &claim, signature), BERTH_E_INVALID);
    claim.challenge.size = 15;
    assert_int_equal(berth_proof_sign(&identity, &claim, signature), BERTH_E_INVALID);
    claim.challenge.size = 16;
    claim.app.size = 256;
    assert_int_equal(berth_proof_sign(&identity, &claim, signature), BERTH_E_INVALID);
}

static void test_comparing_secrets(void **state) {
    (void)state;
    assert_true(berth_proof_same(BERTH_VIEW("token"), BERTH_VIEW("token")));
    assert_false(berth_proof_same(BERTH_VIEW("token"), BERTH_VIEW("tokem")));
    assert_false(berth_proof_same(BERTH_VIEW("token"), BERTH_VIEW("toke")));
    assert_true(berth_proof_same(BERTH_VIEW(""), (struct berth_view){NULL, 0}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_vectors),
        cmocka_unit_test(test_it_is_ed25519),
        cmocka_unit_test(test_a_proof_is_of_one_claim_only),
        cmocka_unit_test(test_limits_of_a_claim),
        cmocka_unit_test(test_comparing_secrets),
    };
    return cmocka_run_group_tests_name("proto/proof", tests, NULL, NULL);
}
