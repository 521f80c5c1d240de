/* A search on a loop: what berth_find does, for those who have a loop already.
 *
 *     int error = berth_search_start(net, &options, on_done, owner, &search);
 *     ... on_done(owner, error, found) comes once, unless berth_search_cancel came before ...
 *
 * Shape:   every place of find.h is asked at once, each over a connection of its own; the first
 *          answer whose verdict is at least options.least ends it. A record that is alive and says
 *          "starting" extends the wait up to the deadline; when its lock gets free, that way ends
 *          at once.
 * Owns:    the options and all they point to are loans until the end; the search frees itself
 *          before on_done is called, or when it is cancelled. It has to be over before the net is
 *          destroyed
 * Errors:  as berth_find
 * Threads: the net's
 * Source:  proto/proof.h for what is asked and verified
 * Proof:   search_test.c, search_wait_test.c, search_fault_test.c
 */
#ifndef BERTH_FIND_SEARCH_H
#define BERTH_FIND_SEARCH_H

#include "berth/find.h"
#include "net/net.h"

struct berth_search;

typedef void (*berth_search_done)(void *owner, int error, const struct berth_found *found);

int berth_search_start(struct berth_net *net, const struct berth_find_options *options,
                       berth_search_done on_done, void *owner, struct berth_search **ret_search);

/* Nothing is called any more. NULL is welcome. Also from inside on_event; on_done has nothing left
 * to cancel. */
void berth_search_cancel(struct berth_search *search);

#endif
