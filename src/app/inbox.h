/* What other threads have to say to the app's own: messages, in the order of each sender.
 *
 *     error = berth_inbox_put(&inbox, letter);          (any thread; then ring a bell)
 *     struct berth_letter *letters = berth_inbox_take(&inbox);
 *     ... letters->next ...
 *
 * Shape:   putting takes no lock: a letter is put on a pile, and taking turns the pile over
 * Units:   bytes
 * Owns:    the letters that lie in it
 * Errors:  BERTH_E_FULL when it would hold more than `max`; the letter is then the caller's still
 * Limits:  max
 * Threads: put: any; take: one
 * Proof:   app_test.c
 */
#ifndef BERTH_APP_INBOX_H
#define BERTH_APP_INBOX_H

#include <stdatomic.h>
#include <stddef.h>

struct berth_letter {
    struct berth_letter *next;
    size_t size; /* what it counts as */
};

struct berth_inbox {
    _Atomic(struct berth_letter *) pile;
    atomic_size_t size;
    size_t max;
};

int berth_inbox_put(struct berth_inbox *inbox, struct berth_letter *letter);

/* All that lies in it, the oldest first. */
struct berth_letter *berth_inbox_take(struct berth_inbox *inbox);

#endif
