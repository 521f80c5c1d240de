/* What a stream still has to send: a chain of chunks that exists only while it is needed.
 *
 *     error = berth_net_queue_append(&queue, parts, count, taken);
 *     size_t runs = berth_net_queue_peek(&queue, views, 4);
 *     ... write the views ...
 *     berth_net_queue_consume(&queue, written);
 *
 * Shape:   bytes in order. Small appends are packed into the last chunk; bytes never move, so that
 *          what was peeked at stays valid until it is consumed, whatever is appended meanwhile
 * Owns:    its chunks; an empty queue has none
 * Errors:  BERTH_E_MEMORY; the queue is then as it was
 * Limits:  none of its own: berth_net_send holds the stream's limit
 * Threads: the net's
 * Proof:   queue_test.c
 */
#ifndef BERTH_NET_QUEUE_H
#define BERTH_NET_QUEUE_H

#include "base/view.h"

struct berth_net_chunk;

/* Zeroed, it is empty. */
struct berth_net_queue {
    struct berth_net_chunk *last; /* the chunks are a ring: behind the last stands the first */
    size_t size;
};

/* Copies the parts, but for the first `skip` bytes of them all. */
int berth_net_queue_append(struct berth_net_queue *queue, const struct berth_view *parts,
                           size_t count, size_t skip);

/* The first bytes, as up to max views; gives how many views. */
size_t berth_net_queue_peek(const struct berth_net_queue *queue, struct berth_view *views,
                            size_t max);

/* Takes bytes off the front; size <= queue->size. */
void berth_net_queue_consume(struct berth_net_queue *queue, size_t size);

/* Moves up to max bytes off the front to `bytes`; gives how many. */
size_t berth_net_queue_take(struct berth_net_queue *queue, void *bytes, size_t max);

void berth_net_queue_free(struct berth_net_queue *queue);

#endif
