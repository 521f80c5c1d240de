/* The vectors of tests/wire/ws/inflate.txt, which says how it is written; then both ways at once,
 * against zlib's own inflate, and what happens at each limit. */
#define ZLIB_CONST
#include "server/deflate.h"

#include "base/alloc.h"
#include "berth/error.h"
#include "proto/ws_script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <zlib.h>

#include <cmocka.h>

#define MESSAGE_MAX (1u << 20)

static struct berth_ws_deflate agreement(bool server_keeps, bool client_keeps, uint8_t bits) {
    return (struct berth_ws_deflate){!server_keeps, !client_keeps, false, false, bits, bits};
}

static struct berth_deflate *make(size_t message_max) {
    struct berth_deflate *deflate;
    assert_int_equal(berth_deflate_create(message_max, &deflate), 0);
    return deflate;
}

/* -- The vectors ------------------------------------------------------------------------------- */

struct vector {
    char name[128];
    bool keeps;
    size_t message_max;
    struct berth_deflate *deflate;
    struct berth_deflate_own own;
    int error;
    struct berth_view message;
};

static void end_case(struct vector *vector) {
    if (vector->deflate == NULL)
        return;
    berth_deflate_unpacked(vector->deflate);
    berth_deflate_own_free(&vector->own);
    berth_deflate_destroy(vector->deflate);
    vector->deflate = NULL;
}

static void begin_case(struct vector *vector, struct berth_view name) {
    end_case(vector);
    *vector = (struct vector){.keeps = vector->keeps, .message_max = MESSAGE_MAX};
    snprintf(vector->name, sizeof vector->name, "%.*s", BERTH_VIEW_ARG(name));
}

/* From memory of exactly its size. */
static void unpack(struct vector *vector, const struct ws_script_bytes *bytes) {
    struct berth_ws_deflate agreed = agreement(vector->keeps, vector->keeps, 15);
    if (vector->deflate == NULL) {
        vector->deflate = make(vector->message_max);
        vector->own = berth_deflate_own_make(&agreed);
    }
    berth_deflate_unpacked(vector->deflate);
    uint8_t *exact = malloc(bytes->size > 0 ? bytes->size : 1);
    assert_non_null(exact);
    memcpy(exact, bytes->data, bytes->size);
    vector->error = berth_deflate_unpack(vector->deflate, &vector->own,
                                         berth_view_bytes(exact, bytes->size), &vector->message);
    free(exact);
}

static void check_message(const struct vector *vector, const struct ws_script_bytes *want) {
    if (vector->error != 0)
        fail_msg("%s (%s): %s", vector->name, vector->keeps ? "kept" : "not kept",
                 berth_error_text(vector->error));
    if (!berth_view_equal(vector->message, berth_view_bytes(want->data, want->size)))
        fail_msg("%s (%s): %zu bytes instead of %zu", vector->name,
                 vector->keeps ? "kept" : "not kept", vector->message.size, want->size);
}

static void check_error(const struct vector *vector, struct berth_view want) {
    int error = berth_view_equal(want, BERTH_VIEW("full")) ? BERTH_E_FULL : BERTH_E_INVALID;
    if (vector->error != error)
        fail_msg("%s (%s): %d instead of %d", vector->name, vector->keeps ? "kept" : "not kept",
                 vector->error, error);
}

/* A case that says "window" needs one. */
static size_t run_vectors(bool keeps) {
    static struct ws_script_bytes bytes;
    struct vector vector = {.keeps = keeps};
    struct ws_script script = ws_script_open("inflate.txt");
    struct berth_view word, rest;
    size_t checks = 0;
    bool skipped = false;
    while (ws_script_next(&script, &word, &rest)) {
        if (berth_view_equal(word, BERTH_VIEW("case"))) {
            begin_case(&vector, rest);
            skipped = false;
        } else if (berth_view_equal(word, BERTH_VIEW("window"))) {
            skipped = !keeps;
        } else if (berth_view_equal(word, BERTH_VIEW("limit"))) {
            uint64_t limit;
            assert_int_equal(berth_view_number(rest, MESSAGE_MAX, &limit), 0);
            vector.message_max = (size_t)limit;
        } else if (!berth_view_equal(word, BERTH_VIEW("section")) && !skipped) {
            bytes.size = 0;
            if (!berth_view_equal(word, BERTH_VIEW("error")))
                ws_script_bytes_read(&script, rest, &bytes);
            if (berth_view_equal(word, BERTH_VIEW("in")))
                unpack(&vector, &bytes);
            else if (berth_view_equal(word, BERTH_VIEW("message")))
                check_message(&vector, &bytes);
            else if (berth_view_equal(word, BERTH_VIEW("error")))
                check_error(&vector, rest);
            else
                ws_script_die(&script, "an unknown word");
            checks++;
        }
    }
    end_case(&vector);
    return checks;
}

static void vectors(void **state) {
    (void)state;
    assert_true(run_vectors(false) > 0);
    assert_true(run_vectors(true) > run_vectors(false));
}

/* -- Both ways --------------------------------------------------------------------------------- */

enum { BYTES = 300000 };
static char text[BYTES]; /* words, so that it can be made smaller */
static char noise[BYTES];

static int set_up(void **state) {
    (void)state;
    uint32_t seed = 1;
    for (size_t i = 0; i < BYTES; i++) {
        seed = seed * 1664525 + 1013904223;
        noise[i] = (char)(seed >> 24);
        text[i] = "the quick brown fox jumps over it"[(i / 7 + (seed >> 30)) % 33];
    }
    return 0;
}

static const size_t sizes[] = {0,   1,    2,     3,     10,    100,   512,   513,  1024,
                               600, 8192, 20000, 32768, 32769, 65536, 65537, BYTES};

/* A peer with zlib and a window of so many bits; it finds what looks back further. */
struct peer {
    z_stream stream;
    bool keeps;
    uint8_t out[BYTES + 1];
};

static size_t peer_inflate(struct peer *peer, struct berth_view packed) {
    static const uint8_t tail[] = {0, 0, 0xFF, 0xFF};
    peer->stream.next_out = peer->out;
    peer->stream.avail_out = sizeof peer->out;
    struct berth_view parts[] = {packed, berth_view_bytes(tail, sizeof tail)};
    for (size_t i = 0; i < 2; i++) {
        peer->stream.next_in = (const uint8_t *)parts[i].data;
        peer->stream.avail_in = (unsigned)parts[i].size;
        while (peer->stream.avail_in > 0) {
            int status = inflate(&peer->stream, Z_SYNC_FLUSH);
            if (status == Z_STREAM_END)
                status = inflateReset(&peer->stream);
            assert_int_equal(status, Z_OK);
        }
    }
    size_t size = sizeof peer->out - peer->stream.avail_out;
    if (!peer->keeps)
        inflateReset(&peer->stream);
    return size;
}

static unsigned pack_all(struct berth_deflate *deflate, struct berth_deflate_own *own, uint8_t bits,
                         struct peer *peer, const char *bytes) {
    unsigned packed_count = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct berth_view packed, message = {bytes, sizes[i]};
        if (berth_deflate_pack(deflate, own, bits, message, &packed) == 0)
            continue;
        packed_count++;
        assert_true(packed.size < message.size);
        assert_int_equal(peer_inflate(peer, packed), message.size);
        assert_memory_equal(peer->out, bytes, message.size);
    }
    return packed_count;
}

/* Every window, kept and not. Noise in between goes as it is, and spoils no window. */
static void what_is_packed_is_read_by_zlib(void **state) {
    (void)state;
    static struct peer peer;
    for (uint8_t bits = 9; bits <= 15; bits++) {
        for (int keeps = 0; keeps < 2; keeps++) {
            struct berth_deflate *deflate = make(MESSAGE_MAX);
            struct berth_ws_deflate agreed = agreement(keeps, keeps, bits);
            struct berth_deflate_own own = berth_deflate_own_make(&agreed);
            peer = (struct peer){.keeps = keeps};
            assert_int_equal(inflateInit2(&peer.stream, -bits), Z_OK);
            assert_true(pack_all(deflate, &own, bits, &peer, text) > 10);
            assert_int_equal(pack_all(deflate, &own, bits, &peer, noise), 0);
            assert_true(pack_all(deflate, &own, bits, &peer, text) > 10);
            assert_true((own.packer != NULL) == keeps);
            inflateEnd(&peer.stream);
            berth_deflate_own_free(&own);
            berth_deflate_destroy(deflate);
        }
    }
}

static size_t packed_size(struct berth_deflate *deflate, struct berth_deflate_own *own) {
    struct berth_view packed;
    assert_int_equal(berth_deflate_pack(deflate, own, 15, (struct berth_view){text, 2000}, &packed),
                     1);
    return packed.size;
}

static void a_window_that_is_kept_pays(void **state) {
    (void)state;
    struct berth_deflate *deflate = make(MESSAGE_MAX);
    struct berth_ws_deflate agreed = agreement(true, true, 15);
    struct berth_deflate_own own = berth_deflate_own_make(&agreed);
    size_t first = packed_size(deflate, &own);
    assert_true(packed_size(deflate, &own) < first / 4);
    first = packed_size(deflate, NULL);
    assert_int_equal(packed_size(deflate, NULL), first);
    berth_deflate_own_free(&own);
    berth_deflate_destroy(deflate);
}

/* What we pack, we unpack; with and without windows of any size. */
static void our_two_ways_agree(void **state) {
    (void)state;
    for (uint8_t bits = 9; bits <= 15; bits++) {
        for (int keeps = 0; keeps < 2; keeps++) {
            struct berth_deflate *deflate = make(MESSAGE_MAX);
            struct berth_ws_deflate agreed = agreement(keeps, keeps, bits);
            struct berth_deflate_own own = berth_deflate_own_make(&agreed);
            for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
                size_t size = sizes[i % (sizeof sizes / sizeof *sizes)];
                struct berth_view packed, message, sent = {text, size};
                if (berth_deflate_pack(deflate, &own, bits, sent, &packed) == 0)
                    continue;
                assert_int_equal(berth_deflate_unpack(deflate, &own, packed, &message), 0);
                assert_true(berth_view_equal(message, sent));
                berth_deflate_unpacked(deflate);
            }
            berth_deflate_own_free(&own);
            berth_deflate_destroy(deflate);
        }
    }
}

/* -- Limits ------------------------------------------------------------------------------------ */

/* A thousandth of its size on the wire. */
static struct berth_view make_bomb(size_t size, uint8_t *out, size_t room) {
    static const uint8_t zeros[1 << 16];
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_out = out;
    stream.avail_out = (unsigned)room;
    for (size_t left = size; left > 0; left -= stream.avail_in > 0 ? 0 : sizeof zeros) {
        stream.next_in = zeros;
        stream.avail_in = sizeof zeros;
        assert_int_equal(deflate(&stream, left > sizeof zeros ? Z_NO_FLUSH : Z_SYNC_FLUSH), Z_OK);
    }
    size_t used = room - stream.avail_out - 4;
    deflateEnd(&stream);
    return berth_view_bytes(out, used);
}

static void a_bomb_is_full(void **state) {
    (void)state;
    static uint8_t memory[1 << 20];
    struct berth_view bomb = make_bomb(64u << 20, memory, sizeof memory);
    assert_true(bomb.size < 80000);
    for (int keeps = 0; keeps < 2; keeps++) {
        struct berth_deflate *deflate = make(MESSAGE_MAX);
        struct berth_ws_deflate agreed = agreement(keeps, keeps, 15);
        struct berth_deflate_own own = berth_deflate_own_make(&agreed);
        struct berth_view message;
        assert_int_equal(berth_deflate_unpack(deflate, &own, bomb, &message), BERTH_E_FULL);
        berth_deflate_own_free(&own);
        berth_deflate_destroy(deflate);
    }
}

static void at_the_limit_is_not_over_it(void **state) {
    (void)state;
    static uint8_t memory[1 << 20];
    struct berth_view exact = make_bomb(1 << 18, memory, sizeof memory);
    for (int keeps = 0; keeps < 2; keeps++) {
        for (size_t under = 0; under < 2; under++) {
            struct berth_deflate *deflate = make((1 << 18) - under);
            struct berth_ws_deflate agreed = agreement(keeps, keeps, 15);
            struct berth_deflate_own own = berth_deflate_own_make(&agreed);
            struct berth_view message;
            int error = berth_deflate_unpack(deflate, &own, exact, &message);
            assert_int_equal(error, under ? BERTH_E_FULL : 0);
            berth_deflate_own_free(&own);
            berth_deflate_destroy(deflate);
        }
    }
}

/* "03 00" is an empty block with BFINAL; a last one that is not begins with 00. */
static void final_blocks_have_a_limit(void **state) {
    (void)state;
    static uint8_t blocks[2 * BERTH_DEFLATE_FINALS_MAX + 3];
    for (size_t over = 0; over < 2; over++) {
        size_t count = BERTH_DEFLATE_FINALS_MAX + over;
        for (size_t i = 0; i < count; i++) {
            blocks[2 * i] = 0x03;
            blocks[2 * i + 1] = 0x00;
        }
        blocks[2 * count] = 0x00;
        for (int keeps = 0; keeps < 2; keeps++) {
            struct berth_deflate *deflate = make(MESSAGE_MAX);
            struct berth_ws_deflate agreed = agreement(keeps, keeps, 15);
            struct berth_deflate_own own = berth_deflate_own_make(&agreed);
            struct berth_view message;
            int error = berth_deflate_unpack(deflate, &own, berth_view_bytes(blocks, 2 * count + 1),
                                             &message);
            assert_int_equal(error, over ? BERTH_E_FULL : 0);
            berth_deflate_own_free(&own);
            berth_deflate_destroy(deflate);
        }
    }
}

/* Each allocation fails once: an error or a plain message, and no leak. */
static void memory_may_be_missing(void **state) {
    (void)state;
    for (int keeps = 0; keeps < 2; keeps++) {
        bool failed = true;
        for (size_t nth = 1; failed; nth++) {
            struct berth_deflate *deflate = NULL;
            struct berth_ws_deflate agreed = agreement(keeps, keeps, 10);
            struct berth_deflate_own own = berth_deflate_own_make(&agreed);
            struct berth_view packed, message, sent = {text, 20000};
            static const uint8_t hello[] = {0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00};
            berth_alloc_fail_at(nth);
            int error = berth_deflate_create(MESSAGE_MAX, &deflate);
            int smaller = error == 0 ? berth_deflate_pack(deflate, &own, 10, sent, &packed) : 0;
            if (error == 0)
                error = berth_deflate_unpack(deflate, &own, berth_view_bytes(hello, sizeof hello),
                                             &message);
            failed = berth_alloc_count() >= nth;
            berth_alloc_fail_at(0);
            assert_true(error == 0 || error == BERTH_E_MEMORY);
            assert_true(failed || (error == 0 && smaller == 1));
            berth_deflate_own_free(&own);
            berth_deflate_destroy(deflate);
        }
    }
}

static void a_window_is_made_when_it_is_used(void **state) {
    (void)state;
    struct berth_deflate *deflate = make(MESSAGE_MAX);
    struct berth_ws_deflate agreed = agreement(true, true, 15);
    struct berth_deflate_own own = berth_deflate_own_make(&agreed);
    assert_null(own.packer);
    assert_null(own.unpacker);
    struct berth_view packed, message, sent = {text, 40000};
    assert_int_equal(berth_deflate_pack(deflate, NULL, 15, sent, &packed), 1);
    assert_null(own.packer);
    assert_int_equal(berth_deflate_unpack(deflate, NULL, packed, &message), 0);
    assert_null(own.unpacker);
    berth_deflate_unpacked(deflate);
    assert_int_equal(berth_deflate_pack(deflate, &own, 15, sent, &packed), 1);
    assert_non_null(own.packer);
    assert_null(own.unpacker);
    assert_int_equal(berth_deflate_unpack(deflate, &own, packed, &message), 0);
    assert_non_null(own.unpacker);
    berth_deflate_unpacked(deflate);
    berth_deflate_own_free(&own);
    berth_deflate_destroy(deflate);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(what_is_packed_is_read_by_zlib),
        cmocka_unit_test(a_window_that_is_kept_pays),
        cmocka_unit_test(our_two_ways_agree),
        cmocka_unit_test(a_bomb_is_full),
        cmocka_unit_test(at_the_limit_is_not_over_it),
        cmocka_unit_test(final_blocks_have_a_limit),
        cmocka_unit_test(memory_may_be_missing),
        cmocka_unit_test(a_window_is_made_when_it_is_used),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
