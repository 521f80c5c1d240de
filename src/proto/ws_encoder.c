#include "base/assert.h"
#include "proto/ws.h"

/* The close frame's code is 2 bytes, the rest is the reason (5.5.1). */
enum { CLOSE_REASON_MAX = BERTH_WS_CONTROL_MAX - 2 };

static void store_big_endian(uint64_t number, size_t size, uint8_t *out) {
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(number >> 8 * (size - 1 - i));
}

/* The 7 bits of the length, and what extends them, in the fewest bytes (5.2). */
static size_t length_write(uint8_t *out, uint64_t size) {
    if (size < 126) {
        out[0] = (uint8_t)size;
        return 1;
    }
    if (size <= UINT16_MAX) {
        out[0] = 126;
        store_big_endian(size, 2, out + 1);
        return 3;
    }
    out[0] = 127;
    store_big_endian(size, 8, out + 1);
    return 9;
}

size_t berth_ws_frame_head_any(uint8_t out[BERTH_WS_HEAD_MAX], enum berth_ws_opcode opcode,
                               bool fin, uint64_t size, const uint8_t *mask_or_null) {
    BERTH_ASSERT(opcode < BERTH_WS_OPCODE_CLOSE || (fin && size <= BERTH_WS_CONTROL_MAX));
    BERTH_ASSERT(size <= INT64_MAX);
    out[0] = (uint8_t)((fin ? 0x80 : 0) | (unsigned)opcode);
    size_t head_size = 1 + length_write(out + 1, size);
    if (mask_or_null == NULL)
        return head_size;
    out[1] |= 0x80;
    memcpy(out + head_size, mask_or_null, 4);
    return head_size + 4;
}

bool berth_ws_close_code_valid(uint16_t code) {
    if (code < 3000)
        return code >= BERTH_WS_CLOSE_NORMAL && code < BERTH_WS_CLOSE_TLS_HANDSHAKE &&
               code != 1004 && code != BERTH_WS_CLOSE_NO_STATUS && code != BERTH_WS_CLOSE_ABNORMAL;
    return code <= 4999;
}

/* Cut to what fits, between two characters. */
static size_t reason_size(struct berth_view reason) {
    if (reason.size <= CLOSE_REASON_MAX)
        return reason.size;
    size_t size = CLOSE_REASON_MAX;
    while (size > 0 && ((uint8_t)reason.data[size] & 0xC0) == 0x80)
        size--;
    return size;
}

size_t berth_ws_close_payload(uint8_t out[BERTH_WS_CONTROL_MAX], uint16_t code,
                              struct berth_view reason) {
    if (code == BERTH_WS_CLOSE_NO_STATUS)
        return 0;
    BERTH_ASSERT(berth_ws_close_code_valid(code));
    store_big_endian(code, 2, out);
    size_t size = reason_size(reason);
    if (size > 0)
        memcpy(out + 2, reason.data, size);
    return 2 + size;
}
