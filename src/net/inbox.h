/* What is to be done in the thread that runs a net, from any thread: letters, in the order of each
 * sender.
 *
 *     error = berth_net_inbox_create(net, &inbox);
 *     error = berth_net_inbox_put(inbox, &task->letter, SIZE_MAX);     (any thread)
 *     ... task->letter.read(&task->letter) runs in the net's thread ...
 *
 * Shape:   a letter is part of what it is about. Putting takes no lock: it is laid on a pile, which
 *          is turned over when it is read
 * Units:   bytes
 * Owns:    the letters that lie in it; reading or dropping one gives it back to who made it
 * Errors:  of put: BERTH_E_FULL, and the letter is the caller's still
 * Limits:  what the caller of put says
 * Threads: put and size: any, until the inbox is destroyed; everything else: the net's
 * Proof:   inbox_test.c
 */
#ifndef BERTH_NET_INBOX_H
#define BERTH_NET_INBOX_H

#include "net/net.h"

struct berth_net_inbox;

struct berth_net_letter {
    struct berth_net_letter *next;
    size_t size; /* what it counts as */
    void (*read)(struct berth_net_letter *letter);
    void (*drop)(struct berth_net_letter *letter); /* in place of read, when the inbox is destroyed;
                                                      NULL: there is nothing to free */
};

/* Errors: those of berth_net_bell_create. It keeps berth_net_run running. */
int berth_net_inbox_create(struct berth_net *net, struct berth_net_inbox **ret_inbox);

/* BERTH_E_FULL when more than `max` would lie in it, with this one; never with SIZE_MAX. */
int berth_net_inbox_put(struct berth_net_inbox *inbox, struct berth_net_letter *letter, size_t max);

/* NULL is welcome. Before the net is destroyed. */
void berth_net_inbox_destroy(struct berth_net_inbox *inbox);

#endif
