#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "proto/sha1.h"

static void assert_digest(struct berth_view input, const char *want) {
    uint8_t digest[BERTH_SHA1_SIZE];
    char have[2 * sizeof digest + 1];
    berth_sha1(input, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(have + 2 * i, 3, "%02x", (unsigned)digest[i]);
    assert_string_equal(have, want);
}

static void known_answers(void **state) {
    (void)state;
    assert_digest(BERTH_VIEW(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    assert_digest(BERTH_VIEW("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_digest(BERTH_VIEW("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                  "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

/* Sizes around the end of a block, where the padding takes one block more: as sha1sum(1) has it. */
static void sizes_around_a_block(void **state) {
    (void)state;
    static const struct {
        size_t size;
        const char *digest;
    } cases[] = {
        {1, "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"},
        {54, "b05d71c64979cb95fa74a33cdb31a40d258ae02e"},
        {55, "c1c8bbdc22796e28c0e15163d20899b65621d65a"},
        {56, "c2db330f6083854c99d4b5bfb6e8f29f201be699"},
        {57, "f08f24908d682555111be7ff6f004e78283d989a"},
        {60, "13d956033d9af449bfe2c4ef78c17c20469c4bf1"},
        {63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5"},
        {64, "0098ba824b5c16427bd7a1122a5a442a25ec644d"},
        {65, "11655326c708d70319be2610e8a57d9a5b959d3b"},
        {119, "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56"},
        {120, "f34c1488385346a55709ba056ddd08280dd4c6d6"},
        {128, "ad5b3fdbcb526778c2839d2f151ea753995e26a0"},
        {1000, "291e9a6c66994949b57ba5e650361e98fc36b1ba"},
    };
    static char letters[1000];
    memset(letters, 'a', sizeof letters);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_digest((struct berth_view){letters, cases[i].size}, cases[i].digest);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(sizes_around_a_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
