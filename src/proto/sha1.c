#include "proto/sha1.h"

enum { BLOCK = 64, LENGTH_SIZE = 8, ROUNDS = 80 };

static uint32_t rotate_left(uint32_t word, unsigned bits) {
    return word << bits | word >> (32 - bits);
}

static uint32_t load_big_endian(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void store_big_endian(uint32_t word, uint8_t *out) {
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(word >> (24 - 8 * i));
}

/* The round's function and constant (4.1.1, 4.2.1). */
static uint32_t round_mix(size_t round, uint32_t b, uint32_t c, uint32_t d) {
    if (round < 20)
        return ((b & c) | (~b & d)) + 0x5A827999;
    if (round < 40)
        return (b ^ c ^ d) + 0x6ED9EBA1;
    if (round < 60)
        return ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC;
    return (b ^ c ^ d) + 0xCA62C1D6;
}

static void schedule_fill(uint32_t schedule[ROUNDS], const uint8_t block[BLOCK]) {
    for (size_t i = 0; i < 16; i++)
        schedule[i] = load_big_endian(block + 4 * i);
    for (size_t i = 16; i < ROUNDS; i++)
        schedule[i] =
            rotate_left(schedule[i - 3] ^ schedule[i - 8] ^ schedule[i - 14] ^ schedule[i - 16], 1);
}

/* Takes one block into the hash (6.1.2). */
static void compress(uint32_t hash[5], const uint8_t block[BLOCK]) {
    uint32_t schedule[ROUNDS];
    schedule_fill(schedule, block);

    uint32_t a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4];
    for (size_t i = 0; i < ROUNDS; i++) {
        uint32_t next = rotate_left(a, 5) + round_mix(i, b, c, d) + e + schedule[i];
        e = d;
        d = c;
        c = rotate_left(b, 30);
        b = a;
        a = next;
    }
    hash[0] += a;
    hash[1] += b;
    hash[2] += c;
    hash[3] += d;
    hash[4] += e;
}

/* The end of the input, padded to one block or two: a one bit, zeros, the length in bits (5.1.1).
 * Returns the size. */
static size_t pad(struct berth_view rest, uint64_t input_size, uint8_t out[2 * BLOCK]) {
    size_t size = rest.size + 1 + LENGTH_SIZE <= BLOCK ? BLOCK : 2 * BLOCK;
    memset(out, 0, size);
    if (rest.size > 0)
        memcpy(out, rest.data, rest.size);
    out[rest.size] = 0x80;
    uint64_t bits = input_size * 8;
    store_big_endian((uint32_t)(bits >> 32), out + size - 8);
    store_big_endian((uint32_t)bits, out + size - 4);
    return size;
}

void berth_sha1(struct berth_view input, uint8_t ret_digest[BERTH_SHA1_SIZE]) {
    uint32_t hash[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    struct berth_view rest = input;
    for (; rest.size >= BLOCK; rest.data += BLOCK, rest.size -= BLOCK)
        compress(hash, (const uint8_t *)rest.data);

    uint8_t end[2 * BLOCK];
    size_t end_size = pad(rest, input.size, end);
    for (size_t at = 0; at < end_size; at += BLOCK)
        compress(hash, end + at);
    for (size_t i = 0; i < 5; i++)
        store_big_endian(hash[i], ret_digest + 4 * i);
}
