#include "find/client_outbox.h"

#include "base/assert.h"
#include "berth/error.h"

/* A smaller piece than this is not cut off a message: it would cost more than waiting does. */
static const size_t fragment_min = 4096;

int berth_client_outbox_add(struct berth_client_outbox *outbox, enum berth_ws_opcode opcode,
                            const void *data, size_t size) {
    struct berth_client_record record = {.size = size, .opcode = opcode};
    struct berth_view parts[] = {
        berth_view_bytes(&record, sizeof record),
        berth_view_bytes(data, size),
    };
    return berth_net_queue_append(&outbox->queue, parts, 2, 0);
}

bool berth_client_outbox_is_empty(const struct berth_client_outbox *outbox) {
    return outbox->queue.size == 0 && !outbox->under_way;
}

size_t berth_client_outbox_size(const struct berth_client_outbox *outbox) {
    return outbox->queue.size;
}

/* The next message's record, without taking it: it may lie across two chunks. */
static struct berth_client_record peek_record(const struct berth_client_outbox *outbox) {
    struct berth_client_record record;
    struct berth_view views[2];
    size_t count = berth_net_queue_peek(&outbox->queue, views, 2);
    size_t first = views[0].size < sizeof record ? views[0].size : sizeof record;
    memcpy(&record, views[0].data, first);
    if (first < sizeof record) {
        BERTH_ASSERT(count == 2 && views[1].size >= sizeof record - first);
        memcpy((char *)&record + first, views[1].data, sizeof record - first);
    }
    return record;
}

/* One frame of `size` bytes, whose message has more than that when `fin` is false. */
static int put_frame(struct berth_client_outbox *outbox, struct berth_client_batch *batch,
                     const struct berth_client_record *record, size_t size) {
    struct berth_client_frame frame = {
        .opcode = outbox->under_way ? BERTH_WS_OPCODE_CONTINUATION : record->opcode,
        .fin = size == record->size,
        .size = size,
    };
    uint8_t *payload;
    int error = berth_client_batch_begin(batch, &frame, &payload);
    if (error < 0)
        return error;
    if (!outbox->under_way)
        berth_net_queue_consume(&outbox->queue, sizeof *record);
    size_t taken = berth_net_queue_take(&outbox->queue, payload, size);
    BERTH_ASSERT(taken == size);
    berth_client_batch_end(batch, &frame);
    outbox->under_way = !frame.fin;
    outbox->current = (struct berth_client_record){record->size - size, record->opcode};
    return 0;
}

int berth_client_outbox_fill(struct berth_client_outbox *outbox, struct berth_client_batch *batch) {
    while (!berth_client_outbox_is_empty(outbox)) {
        struct berth_client_record record =
            outbox->under_way ? outbox->current : peek_record(outbox);
        size_t room = berth_client_batch_room(batch);
        size_t size = record.size < room ? record.size : room;
        if (room == 0 || (size < record.size && size < fragment_min))
            return 0;
        int error = put_frame(outbox, batch, &record, size);
        if (error < 0)
            return error;
    }
    return 0;
}

void berth_client_outbox_lost(struct berth_client_outbox *outbox) {
    if (outbox->under_way)
        berth_net_queue_consume(&outbox->queue, outbox->current.size);
    outbox->under_way = false;
}

void berth_client_outbox_free(struct berth_client_outbox *outbox) {
    berth_net_queue_free(&outbox->queue);
    outbox->under_way = false;
}
