#include "net/inbox.h"

#include "base/alloc.h"
#include "berth/error.h"

#include <stdatomic.h>

struct berth_net_inbox {
    struct berth_net_bell *bell;
    _Atomic(struct berth_net_letter *) pile; /* the newest on top */
    atomic_size_t size;
};

/* All that lies in it, the oldest first. */
static struct berth_net_letter *take(struct berth_net_inbox *inbox) {
    struct berth_net_letter *pile =
        atomic_exchange_explicit(&inbox->pile, NULL, memory_order_acquire);
    struct berth_net_letter *oldest = NULL;
    while (pile != NULL) {
        struct berth_net_letter *next = pile->next;
        pile->next = oldest;
        oldest = pile;
        pile = next;
    }
    return oldest;
}

/* A letter counts until it is read: what its reading leads to may take as much again. */
static void on_bell(void *owner) {
    struct berth_net_inbox *inbox = owner;
    struct berth_net_letter *letter = take(inbox);
    while (letter != NULL) {
        struct berth_net_letter *next = letter->next;
        size_t size = letter->size;
        letter->read(letter);
        atomic_fetch_sub(&inbox->size, size);
        letter = next;
    }
}

int berth_net_inbox_create(struct berth_net *net, struct berth_net_inbox **ret_inbox) {
    struct berth_net_inbox *inbox = berth_alloc(sizeof *inbox);
    if (inbox == NULL)
        return BERTH_E_MEMORY;
    int error = berth_net_bell_create(net, on_bell, inbox, &inbox->bell);
    if (error < 0) {
        berth_free(inbox);
        return error;
    }
    *ret_inbox = inbox;
    return 0;
}

int berth_net_inbox_put(struct berth_net_inbox *inbox, struct berth_net_letter *letter,
                        size_t max) {
    size_t before = atomic_fetch_add(&inbox->size, letter->size);
    if (max != SIZE_MAX && (before > max || letter->size > max - before)) {
        atomic_fetch_sub(&inbox->size, letter->size);
        return BERTH_E_FULL;
    }
    letter->next = atomic_load_explicit(&inbox->pile, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&inbox->pile, &letter->next, letter,
                                                  memory_order_release, memory_order_relaxed)) {
    }
    berth_net_bell_ring(inbox->bell);
    return 0;
}

void berth_net_inbox_destroy(struct berth_net_inbox *inbox) {
    if (inbox == NULL)
        return;
    berth_net_bell_destroy(inbox->bell);
    struct berth_net_letter *letter = take(inbox);
    while (letter != NULL) {
        struct berth_net_letter *next = letter->next;
        if (letter->drop != NULL)
            letter->drop(letter);
        letter = next;
    }
    berth_free(inbox);
}
