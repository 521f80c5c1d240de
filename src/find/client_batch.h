/* A client's frames on their way to one write: built, masked, and laid side by side.
 *
 *     struct berth_client_frame frame = {BERTH_WS_OPCODE_TEXT, true, size};
 *     error = berth_client_batch_begin(&batch, &frame, &payload);
 *     memcpy(payload, data, size);
 *     berth_client_batch_end(&batch, &frame);
 *     ... send memory[0 .. size), then size = 0 ...
 *
 * A client must mask, so every payload is copied once in any case; here the copy is what leaves.
 *
 * Shape:   each frame has a mask of its own
 * Errors:  BERTH_E_FULL when the frame does not fit behind those that are there; those of the
 *          source of random bytes. The batch is unchanged by both
 * Limits:  BERTH_CLIENT_BATCH_SIZE
 * Threads: the net's
 * Source:  RFC 6455 section 5.3
 * Proof:   client_outbox_test.c
 */
#ifndef BERTH_FIND_CLIENT_BATCH_H
#define BERTH_FIND_CLIENT_BATCH_H

#include "find/client_random.h"
#include "proto/ws.h"

#define BERTH_CLIENT_BATCH_SIZE 65536

struct berth_client_batch {
    struct berth_client_random *random;
    size_t size;
    uint8_t memory[BERTH_CLIENT_BATCH_SIZE];
};

struct berth_client_frame {
    enum berth_ws_opcode opcode;
    bool fin;
    size_t size;
    uint8_t mask[4]; /* set by begin */
};

/* The largest payload that a frame may have now; 0 also when not even a head fits. */
size_t berth_client_batch_room(const struct berth_client_batch *batch);

/* Writes the head; the payload's frame->size bytes are then the caller's to fill in. */
int berth_client_batch_begin(struct berth_client_batch *batch, struct berth_client_frame *frame,
                             uint8_t **ret_payload);

/* Masks the payload: the frame is complete. */
void berth_client_batch_end(struct berth_client_batch *batch,
                            const struct berth_client_frame *frame);

/* A whole frame at once. */
int berth_client_batch_put(struct berth_client_batch *batch, enum berth_ws_opcode opcode,
                           struct berth_view payload);

#endif
