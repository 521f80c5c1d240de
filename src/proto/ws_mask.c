#include "proto/ws.h"

#include "base/hot.h"

#include <string.h>

/* Sixteen bytes wherever they lie: the compiler makes one instruction of it on every processor that
 * has such. */
typedef uint64_t block __attribute__((vector_size(16), aligned(1), may_alias));

/* The mask as it is `phase` bytes later. */
static uint32_t turned(uint32_t key, size_t phase) {
    unsigned bits = 8 * (unsigned)(phase & 3);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return key >> bits | key << (-bits & 31);
#else
    return key << bits | key >> (-bits & 31);
#endif
}

/* Its first byte, as it lies in memory. */
static uint8_t first_of(uint32_t key) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return (uint8_t)key;
#else
    return (uint8_t)(key >> 24);
#endif
}

static uint64_t load8(const uint8_t *from) {
    uint64_t eight;
    memcpy(&eight, from, sizeof eight);
    return eight;
}

static uint32_t load4(const uint8_t *from) {
    uint32_t four;
    memcpy(&four, from, sizeof four);
    return four;
}

static uint64_t twice(uint32_t key) { return (uint64_t)key << 32 | key; }

/* Fewer than sixteen, in two steps that may overlap: both are read before either is written. */
static inline void mask_rest(uint8_t *bytes, size_t size, uint32_t key) {
    if (size >= 8) {
        uint32_t last_key = turned(key, size);
        uint64_t first = load8(bytes) ^ twice(key);
        uint64_t last = load8(bytes + size - 8) ^ twice(last_key);
        memcpy(bytes, &first, sizeof first);
        memcpy(bytes + size - 8, &last, sizeof last);
        return;
    }
    if (size >= 4) {
        uint32_t first = load4(bytes) ^ key;
        uint32_t last = load4(bytes + size - 4) ^ turned(key, size);
        memcpy(bytes, &first, sizeof first);
        memcpy(bytes + size - 4, &last, sizeof last);
        return;
    }
    for (size_t i = 0; i < size; i++)
        bytes[i] ^= first_of(turned(key, i));
}

/* Block by block; the last one may overlap the one before it, and is read before that is written.
 */
static inline void mask_narrow(uint8_t *bytes, size_t size, uint32_t key) {
    if (size < sizeof(block)) {
        mask_rest(bytes, size, key);
        return;
    }
    const uint64_t two = twice(key), two_at_last = twice(turned(key, size));
    block *last_at = (block *)(void *)(bytes + size - sizeof(block));
    block last = *last_at ^ (block) { two_at_last, two_at_last };
    for (block *at = (block *)(void *)bytes; at < last_at; at++)
        *at ^= (block){two, two};
    *last_at = last;
}

/* Of 1 KiB and more 3 times as fast as eight bytes at a time (35 GB/s against 11 at 64 KiB). */
static size_t mask_blocks(uint8_t *bytes, size_t size, uint64_t key) {
    const block keys = {key, key};
    size_t done = 0;
    for (; size - done >= 4 * sizeof keys; done += 4 * sizeof keys) {
        block *at = (block *)(void *)(bytes + done);
        at[0] ^= keys;
        at[1] ^= keys;
        at[2] ^= keys;
        at[3] ^= keys;
    }
    return done;
}

#if defined(__x86_64__)

typedef uint64_t wide_block __attribute__((vector_size(32), aligned(1), may_alias));

/* On aligned bytes it takes from a third to two thirds of the time that mask_blocks takes, in
 * every cache and beyond. Wider ones still (AVX-512) gain too little for a third way. */
__attribute__((target("avx2"))) static size_t mask_wide_blocks(uint8_t *bytes, size_t size,
                                                               uint64_t key) {
    const wide_block keys = {key, key, key, key};
    size_t done = 0;
    for (; size - done >= 4 * sizeof keys; done += 4 * sizeof keys) {
        wide_block *at = (wide_block *)(void *)(bytes + done);
        at[0] ^= keys;
        at[1] ^= keys;
        at[2] ^= keys;
        at[3] ^= keys;
    }
    return done;
}

#endif

/* In the widest blocks of this processor; gives how much went so. */
static size_t mask_wide(uint8_t *bytes, size_t size, uint64_t key) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        return mask_wide_blocks(bytes, size, key);
#endif
    return mask_blocks(bytes, size, key);
}

/* From here on it pays to begin the blocks at a multiple of their size: no block lies in two lines
 * of the cache then (a third less time at 16 KiB, whose frames put the payload 8 bytes off); and
 * to ask for wide ones. */
#define LARGE_MIN 256
#define LARGE_ALIGNMENT 32

/* All its pages are asked for at once, not each when its turn comes: after a system call the
 * processor often has to look up again where they are (a fifth of the time at 16 KiB). */
static inline void ask_for_pages(const uint8_t *bytes, size_t size) {
    enum { page = 4096, most = 16 * page };
    for (size_t at = page; at < size && at < most; at += page)
        __builtin_prefetch(bytes + at, 1);
}

BERTH_APART static void mask_large(uint8_t *bytes, size_t size, uint32_t key) {
    ask_for_pages(bytes, size);
    size_t lead = (0 - (uintptr_t)bytes) % LARGE_ALIGNMENT;
    mask_narrow(bytes, lead, key);
    key = turned(key, lead);
    lead += mask_wide(bytes + lead, size - lead, twice(key));
    mask_narrow(bytes + lead, size - lead, key);
}

BERTH_HOT void berth_ws_mask(uint8_t *bytes, size_t size, const uint8_t mask[4], size_t phase) {
    uint32_t key = turned(load4(mask), phase);
    if (size < LARGE_MIN)
        mask_narrow(bytes, size, key);
    else
        mask_large(bytes, size, key);
}
