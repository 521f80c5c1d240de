/* Counts that one thread makes and any other may read.
 *
 * Owns:    its owner, zeroed to begin with
 * Threads: add: one; read: any. What is read may be a moment old
 */
#ifndef BERTH_BASE_COUNT_H
#define BERTH_BASE_COUNT_H

#include <stdatomic.h>
#include <stdint.h>

struct berth_count {
    _Atomic uint64_t value;
};

/* Hot. As nobody else writes, it need not be one step: it costs what a plain number does. */
static inline void berth_count_add(struct berth_count *count, uint64_t more) {
    uint64_t now = atomic_load_explicit(&count->value, memory_order_relaxed);
    atomic_store_explicit(&count->value, now + more, memory_order_relaxed);
}

static inline void berth_count_take(struct berth_count *count, uint64_t fewer) {
    berth_count_add(count, 0 - fewer);
}

static inline uint64_t berth_count_read(const struct berth_count *count) {
    return atomic_load_explicit(&count->value, memory_order_relaxed);
}

#endif
