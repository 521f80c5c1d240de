#include "app/inbox.h"

#include "berth/error.h"

int berth_inbox_put(struct berth_inbox *inbox, struct berth_letter *letter) {
    size_t before = atomic_fetch_add(&inbox->size, letter->size);
    if (before > inbox->max || letter->size > inbox->max - before) {
        atomic_fetch_sub(&inbox->size, letter->size);
        return BERTH_E_FULL;
    }
    letter->next = atomic_load_explicit(&inbox->pile, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&inbox->pile, &letter->next, letter,
                                                  memory_order_release, memory_order_relaxed)) {
    }
    return 0;
}

struct berth_letter *berth_inbox_take(struct berth_inbox *inbox) {
    struct berth_letter *pile = atomic_exchange_explicit(&inbox->pile, NULL, memory_order_acquire);
    struct berth_letter *oldest = NULL;
    while (pile != NULL) {
        struct berth_letter *next = pile->next;
        pile->next = oldest;
        oldest = pile;
        atomic_fetch_sub(&inbox->size, pile->size);
        pile = next;
    }
    return oldest;
}
