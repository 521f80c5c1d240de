/* Messages that wait to be sent: accepted in order, and made into frames only when a connection
 * takes them.
 *
 *     error = berth_client_outbox_add(&outbox, opcode, data, size);
 *     error = berth_client_outbox_fill(&outbox, &batch);   (send the batch, and again)
 *     berth_client_outbox_lost(&outbox);                   (the connection is gone)
 *
 * Shape:   a message that does not fit the batch leaves in fragments, so that pings, pongs and a
 *          close can go in between. One whose first fragment has left is not begun anew on the next
 *          connection: `lost` drops the rest of it, and keeps all behind it
 * Units:   BERTH_CLIENT_OUTBOX_COST is what a message takes in the queue beyond its own size
 * Owns:    copies of the messages
 * Errors:  BERTH_E_MEMORY, those of the batch; nothing is lost by either
 * Limits:  none of its own: berth_client_send holds queue_size
 * Threads: the net's
 * Source:  RFC 6455 section 5.4
 * Proof:   client_outbox_test.c
 */
#ifndef BERTH_FIND_CLIENT_OUTBOX_H
#define BERTH_FIND_CLIENT_OUTBOX_H

#include "find/client_batch.h"
#include "net/queue.h"

/* What stands before each message in the queue. */
struct berth_client_record {
    size_t size;
    enum berth_ws_opcode opcode;
};

#define BERTH_CLIENT_OUTBOX_COST sizeof(struct berth_client_record)

/* Zeroed, it is empty. */
struct berth_client_outbox {
    struct berth_net_queue queue;
    struct berth_client_record current; /* the message under way: its size is what is left of it */
    bool under_way;
};

int berth_client_outbox_add(struct berth_client_outbox *outbox, enum berth_ws_opcode opcode,
                            const void *data, size_t size);

/* Nothing waits, and no message is half sent. */
bool berth_client_outbox_is_empty(const struct berth_client_outbox *outbox);

/* Bytes that wait, records included. */
size_t berth_client_outbox_size(const struct berth_client_outbox *outbox);

/* Moves to the batch what fits there. 0 also when nothing fits. */
int berth_client_outbox_fill(struct berth_client_outbox *outbox, struct berth_client_batch *batch);

void berth_client_outbox_lost(struct berth_client_outbox *outbox);
void berth_client_outbox_free(struct berth_client_outbox *outbox);

#endif
