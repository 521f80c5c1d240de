#include "find/client_batch.h"

#include "berth/error.h"

size_t berth_client_batch_room(const struct berth_client_batch *batch) {
    size_t left = sizeof batch->memory - batch->size;
    return left > BERTH_WS_HEAD_MAX ? left - BERTH_WS_HEAD_MAX : 0;
}

int berth_client_batch_begin(struct berth_client_batch *batch, struct berth_client_frame *frame,
                             uint8_t **ret_payload) {
    if (sizeof batch->memory - batch->size < BERTH_WS_HEAD_MAX + frame->size)
        return BERTH_E_FULL;
    int error = berth_client_random_take(batch->random, frame->mask, sizeof frame->mask);
    if (error < 0)
        return error;
    uint8_t *head = batch->memory + batch->size;
    batch->size += berth_ws_frame_head(head, frame->opcode, frame->fin, frame->size, frame->mask);
    *ret_payload = batch->memory + batch->size;
    return 0;
}

void berth_client_batch_end(struct berth_client_batch *batch,
                            const struct berth_client_frame *frame) {
    berth_ws_mask(batch->memory + batch->size, frame->size, frame->mask, 0);
    batch->size += frame->size;
}

int berth_client_batch_put(struct berth_client_batch *batch, enum berth_ws_opcode opcode,
                           struct berth_view payload) {
    struct berth_client_frame frame = {.opcode = opcode, .fin = true, .size = payload.size};
    uint8_t *bytes;
    int error = berth_client_batch_begin(batch, &frame, &bytes);
    if (error < 0)
        return error;
    if (payload.size > 0)
        memcpy(bytes, payload.data, payload.size);
    berth_client_batch_end(batch, &frame);
    return 0;
}
