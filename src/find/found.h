/* A good answer as the caller gets it, and what is remembered of it.
 *
 * Shape:   the token comes from this user's own record, and only when the server has just proved,
 * by that record's key, that it is the very instance of that record Owns:    values Threads: any
 * Proof:   search_test.c
 */
#ifndef BERTH_FIND_FOUND_H
#define BERTH_FIND_FOUND_H

#include "find/places.h"

/* The answer is READY; what it says was checked. */
void berth_find_found_make(const struct berth_find_places *places,
                           const struct berth_find_place *place,
                           const struct berth_find_answer *answer, struct berth_found *ret_found);

/* Is `a` more surely ours, or as surely and from a better source? */
bool berth_find_found_beats(const struct berth_found *a, const struct berth_found *b);

/* Writes down where it was, and its key, when that is news. What cannot be written is not known
 * next time, and no more. */
void berth_find_found_remember(const struct berth_find_plan *plan,
                               const struct berth_find_places *places,
                               const struct berth_addr *address, const struct berth_found *found);

#endif
