/* Compressed messages: any bytes are inflated to a message within the limit, or to an error; and
 * what is deflated at one side inflates to itself at the other.
 *
 * Input: a byte of flags, one of the window's bits, then payloads, each behind two bytes of size.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "berth/error.h"
#include "server/deflate.h"

enum { FLAG_KEEP = 1, FLAG_PACK = 2, FLAG_SMALL_LIMIT = 4, INPUT_HEAD = 2, MESSAGES_MAX = 16 };

/* One end of a connection. */
struct side {
    struct berth_deflate *deflate;
    struct berth_deflate_own own;
};

static struct side make(size_t message_max, bool keeps, uint8_t bits) {
    struct berth_ws_deflate agreed = {!keeps, !keeps, false, false, bits, bits};
    struct side side = {.own = berth_deflate_own_make(&agreed)};
    BERTH_ASSERT(berth_deflate_create(message_max, &side.deflate) == 0);
    return side;
}

static void finish(struct side *side) {
    berth_deflate_own_free(&side->own);
    berth_deflate_destroy(side->deflate);
}

static struct berth_view next_part(struct berth_view *input) {
    if (input->size < 2) {
        struct berth_view rest = *input;
        input->size = 0;
        return rest;
    }
    size_t size = (size_t)(uint8_t)input->data[0] << 8 | (uint8_t)input->data[1];
    input->data += 2;
    input->size -= 2;
    if (size > input->size)
        size = input->size;
    struct berth_view part = {input->data, size};
    input->data += size;
    input->size -= size;
    return part;
}

/* From memory of exactly its size. False when the connection is over. */
static bool unpack(struct side *side, struct berth_view part, size_t message_max) {
    char *exact = malloc(part.size > 0 ? part.size : 1);
    BERTH_ASSERT(exact != NULL);
    if (part.size > 0)
        memcpy(exact, part.data, part.size);
    struct berth_view message;
    int error = berth_deflate_unpack(side->deflate, &side->own,
                                     (struct berth_view){exact, part.size}, &message);
    free(exact);
    BERTH_ASSERT(error == 0 || error == BERTH_E_INVALID || error == BERTH_E_FULL);
    if (error < 0)
        return false;
    BERTH_ASSERT(message.size <= message_max);
    berth_deflate_unpacked(side->deflate);
    return true;
}

static void round_trip(struct side *here, struct side *there, uint8_t bits,
                       struct berth_view part) {
    struct berth_view packed, message;
    if (berth_deflate_pack(here->deflate, &here->own, bits, part, &packed) == 0)
        return;
    BERTH_ASSERT(packed.size < part.size);
    BERTH_ASSERT(berth_deflate_unpack(there->deflate, &there->own, packed, &message) == 0);
    BERTH_ASSERT(berth_view_equal(message, part));
    berth_deflate_unpacked(there->deflate);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < INPUT_HEAD)
        return 0;
    bool keeps = (data[0] & FLAG_KEEP) != 0, packs = (data[0] & FLAG_PACK) != 0;
    size_t message_max = data[0] & FLAG_SMALL_LIMIT && !packs ? 64 : 1 << 18;
    uint8_t bits = (uint8_t)(BERTH_WS_WINDOW_BITS_LEAST + data[1] % 7);
    struct side here = make(message_max, keeps, bits), there = make(message_max, keeps, bits);
    struct berth_view input = berth_view_bytes(data + INPUT_HEAD, size - INPUT_HEAD);
    for (int count = 0; input.size > 0 && count < MESSAGES_MAX; count++) {
        struct berth_view part = next_part(&input);
        if (packs)
            round_trip(&here, &there, bits, part);
        else if (!unpack(&there, part, message_max))
            break;
    }
    finish(&here);
    finish(&there);
    return 0;
}
