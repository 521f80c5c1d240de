#include "server/deadline.h"

void berth_deadline_queue_init(struct berth_deadline_queue *queue, uint64_t delay_ms) {
    queue->link.next = queue->link.previous = &queue->link;
    queue->delay_ms = delay_ms;
    queue->fresh_ms = delay_ms - delay_ms / 128;
}

void berth_deadline_clear(struct berth_deadline *deadline) {
    if (!berth_deadline_is_set(deadline))
        return;
    deadline->next->previous = deadline->previous;
    deadline->previous->next = deadline->next;
    deadline->next = deadline->previous = NULL;
}

void berth_deadline_set(struct berth_deadline *deadline, struct berth_deadline_queue *queue,
                        uint64_t now_ms) {
    berth_deadline_clear(deadline);
    deadline->at_ms = now_ms + queue->delay_ms;
    deadline->previous = queue->link.previous;
    deadline->next = &queue->link;
    queue->link.previous->next = deadline;
    queue->link.previous = deadline;
}

struct berth_deadline *berth_deadline_first(const struct berth_deadline_queue *queue) {
    return queue->link.next == &queue->link ? NULL : queue->link.next;
}
