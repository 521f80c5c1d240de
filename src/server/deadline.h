/* Deadlines of many connections, kept in one queue for each kind.
 *
 * All deadlines of a kind are the same time away when they are set, so a queue is sorted by itself:
 * setting, moving and clearing take constant time, whatever the number of connections, and one
 * timer serves them all. To move one touches its neighbours, which nobody else has in the cache:
 * one that would move by less than a 128th of the queue's delay may be left where it is.
 *
 * Shape:   a deadline is in one queue or in none; it is embedded in what it belongs to
 * Units:   milliseconds of the loop's clock
 * Owns:    nothing
 * Threads: one
 */
#ifndef BERTH_SERVER_DEADLINE_H
#define BERTH_SERVER_DEADLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct berth_deadline {
    struct berth_deadline *next, *previous;
    uint64_t at_ms;
};

/* The queue's own link is its sentinel. */
struct berth_deadline_queue {
    struct berth_deadline link;
    uint64_t delay_ms;
    uint64_t fresh_ms; /* a deadline so far away need not be set again */
};

void berth_deadline_queue_init(struct berth_deadline_queue *queue, uint64_t delay_ms);

/* A zeroed deadline is in no queue. */
static inline bool berth_deadline_is_set(const struct berth_deadline *deadline) {
    return deadline->next != NULL;
}

/* Of one in this queue, if in any: was it set just now? */
static inline bool berth_deadline_is_fresh(const struct berth_deadline *deadline,
                                           const struct berth_deadline_queue *queue,
                                           uint64_t now_ms) {
    return berth_deadline_is_set(deadline) && deadline->at_ms >= now_ms + queue->fresh_ms;
}

/* Now plus the queue's delay, out of whatever queue it was in. */
void berth_deadline_set(struct berth_deadline *deadline, struct berth_deadline_queue *queue,
                        uint64_t now_ms);

void berth_deadline_clear(struct berth_deadline *deadline);

/* The earliest one; NULL when the queue is empty. */
struct berth_deadline *berth_deadline_first(const struct berth_deadline_queue *queue);

#endif
