/* Near misses: which known name somebody may have meant.
 *
 * Shape:   two measures. `slip` is careful, for names that may well be somebody else's: it takes
 *          SEVER_PORT for SERVER_PORT, but leaves SERVER_HOST, POST and BIRTH alone. `better`
 *          is generous, for names that are wrong whatever was meant
 * Owns:    nothing
 * Limits:  a name over BERTH_NEAR_MAX bytes is near nothing
 * Threads: any
 * Proof:   near_test.c: a hundred keys of real applications, none of them taken for ours
 */
#ifndef BERTH_APP_NEAR_H
#define BERTH_APP_NEAR_H

#include "base/view.h"

#define BERTH_NEAR_MAX 48

/* Insertions, deletions, substitutions and swaps of neighbours that make one of the other; case
 * does not count. More than BERTH_NEAR_MAX for names that are too long. */
size_t berth_near_distance(struct berth_view a, struct berth_view b);

/* Is `name` a slip of the keyboard away from `known`, an upper-case name with underscores? Equal
 * names are not. */
bool berth_near_slip(struct berth_view name, struct berth_view known);

/* The better suggestion for `name`: `candidate` when it is near and nearer than `best`, else
 * `best`. Start with an empty view; it stays empty when nothing is near. */
struct berth_view berth_near_better(struct berth_view name, struct berth_view best,
                                    struct berth_view candidate);

#endif
