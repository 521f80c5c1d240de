#include "base/utf8.h"

#include "base/hot.h"

#include <assert.h>

/* What may come next. Each state is the place of its field in a row of the table below: a step is
 * one shift and one mask, and the row does not wait for the state before it. */
enum state {
    START = 0,     /* a character's first byte */
    BAD = 6,       /* nothing: absorbing */
    TAIL1 = 12,    /* one more continuation byte, 80..BF */
    TAIL2 = 18,    /* two more */
    TAIL3 = 24,    /* three more */
    AFTER_E0 = 30, /* A0..BF and one more: less would be overlong */
    AFTER_ED = 36, /* 80..9F and one more: more would be a surrogate */
    AFTER_F0 = 42, /* 90..BF and two more: less would be overlong */
    AFTER_F4 = 48, /* 80..8F and two more: more would be over U+10FFFF */
};

#define FIELD(state, next) ((uint64_t)(next) << (state))
#define ROW(start, tail1, tail2, tail3, e0, ed, f0, f4)                                            \
    (FIELD(START, start) | FIELD(BAD, BAD) | FIELD(TAIL1, tail1) | FIELD(TAIL2, tail2) |           \
     FIELD(TAIL3, tail3) | FIELD(AFTER_E0, e0) | FIELD(AFTER_ED, ed) | FIELD(AFTER_F0, f0) |       \
     FIELD(AFTER_F4, f4))
#define LEAD(next) ROW(next, BAD, BAD, BAD, BAD, BAD, BAD, BAD)

/* What a byte of each kind leads to from each state. */
static const uint64_t rows[] = {
    LEAD(START),                                           /* 0: 00..7F */
    ROW(BAD, START, TAIL1, TAIL2, BAD, TAIL1, BAD, TAIL2), /* 1: 80..8F */
    ROW(BAD, START, TAIL1, TAIL2, BAD, TAIL1, TAIL2, BAD), /* 2: 90..9F */
    ROW(BAD, START, TAIL1, TAIL2, TAIL1, BAD, TAIL2, BAD), /* 3: A0..BF */
    LEAD(BAD),                                             /* 4: C0, C1, F5..FF */
    LEAD(TAIL1),                                           /* 5: C2..DF */
    LEAD(AFTER_E0),                                        /* 6: E0 */
    LEAD(TAIL2),                                           /* 7: E1..EC, EE, EF */
    LEAD(AFTER_ED),                                        /* 8: ED */
    LEAD(AFTER_F0),                                        /* 9: F0 */
    LEAD(TAIL3),                                           /* 10: F1..F3 */
    LEAD(AFTER_F4),                                        /* 11: F4 */
};

/* clang-format off */
static const uint8_t kinds[256] = {
    [0x80] =
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5,
    5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5,
    6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 7,
    9, 10, 10, 10, 11, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
};
/* clang-format on */

static unsigned step(unsigned state, uint8_t byte) {
    return (unsigned)(rows[kinds[byte]] >> state) & 63;
}

/* Most text is ASCII, and then a block costs one test: 16 bytes at a time are twice as fast as 8,
 * measured with gcc 12. */
enum { BLOCK = 16 };

static uint64_t load8(const uint8_t *from) {
    uint64_t eight;
    memcpy(&eight, from, sizeof eight);
    return eight;
}

/* Of sixteen bytes, the last eight of which may be the first ones again. */
static bool both_are_ascii(const uint8_t *first, const uint8_t *last) {
    return ((load8(first) | load8(last)) & UINT64_C(0x8080808080808080)) == 0;
}

static bool block_is_ascii(const uint8_t *bytes) { return both_are_ascii(bytes, bytes + 8); }

static unsigned block_step(unsigned state, const uint8_t *bytes) {
    for (size_t i = 0; i < BLOCK; i++)
        state = step(state, bytes[i]);
    return state;
}

/* Are the last bytes of it ASCII, less than a block? Where it is large enough, those before them
 * are looked at once more, which costs less than to go byte by byte. */
static bool end_is_ascii(const uint8_t *bytes, size_t size) {
    if (size >= BLOCK)
        return block_is_ascii(bytes + size - BLOCK);
    return size >= 8 && both_are_ascii(bytes, bytes + size - 8);
}

BERTH_HOT size_t berth_utf8_feed(struct berth_utf8 *utf8, const void *bytes, size_t size) {
    const uint8_t *at = bytes;
    unsigned state = utf8->state;
    size_t good = 0;
    for (; size - good >= BLOCK; good += BLOCK) {
        if (state == START && block_is_ascii(at + good))
            continue;
        unsigned next = block_step(state, at + good);
        if (next == BAD)
            break; /* the loop below finds the byte */
        state = next;
    }
    if (state == START && size - good < BLOCK && end_is_ascii(at, size))
        good = size;
    while (good < size && (state = step(state, at[good])) != BAD)
        good++;
    utf8->state = (uint8_t)state;
    return good;
}

size_t berth_utf8_length(struct berth_view text) {
    unsigned state = START;
    for (size_t i = 0; i < text.size; i++) {
        state = step(state, (uint8_t)text.data[i]);
        if (state == START)
            return i + 1;
        if (state == BAD)
            return 0;
    }
    return 0;
}

bool berth_utf8_valid(struct berth_view text) {
    struct berth_utf8 utf8 = {0};
    return berth_utf8_feed(&utf8, text.data, text.size) == text.size && berth_utf8_complete(&utf8);
}
