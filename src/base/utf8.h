/* UTF-8, checked: a stream in any pieces, or one character at the head of a text.
 *
 *     struct berth_utf8 utf8 = {0};
 *     if (berth_utf8_feed(&utf8, bytes, size) < size)  ... bad from that byte on
 *     if (!berth_utf8_complete(&utf8))                 ... the end cut a character in two
 *
 * Shape:   well-formed means: no overlong form, no surrogate, nothing over U+10FFFF. The first byte
 *          that cannot continue what stands before it is the bad one
 * Limits:  none; 1 byte of state
 * Threads: one for each stream
 * Source:  RFC 3629 section 4; the Unicode Standard, table 3-7
 * Proof:   utf8_test.c, tests/wire/ws/utf8.txt, tests/fuzz/fuzz_ws.c
 */
#ifndef BERTH_BASE_UTF8_H
#define BERTH_BASE_UTF8_H

#include "base/view.h"

/* Zeroed, it stands at the start of a text. */
struct berth_utf8 {
    uint8_t state;
};

/* How many of the bytes are good: size, or the index of the first bad one. A stream that met a bad
 * byte stays bad: nothing that is fed to it after that is good. */
size_t berth_utf8_feed(struct berth_utf8 *utf8, const void *bytes, size_t size);

/* Does the stream stand between two characters? */
static inline bool berth_utf8_complete(const struct berth_utf8 *utf8) { return utf8->state == 0; }

/* How many bytes the character at the head of text takes, 1 to 4; 0 when none stands there whole.
 */
size_t berth_utf8_length(struct berth_view text);

/* Is the whole text UTF-8? */
bool berth_utf8_valid(struct berth_view text);

#endif
