/* Many places asked at once, each at most once at a time.
 *
 *     struct berth_find_race race;
 *     berth_find_race_init(&race, net, &plan, &keys, on_answer, owner);
 *     int error = berth_find_race_ask(&race, &place);
 *     ... on_answer(owner, &place, &answer) for every place that was asked ...
 *     berth_find_race_cancel(&race);
 *
 * Owns:    the memory is the caller's; plan and keys are loans until cancel
 * Errors:  those of attempt.h
 * Limits:  BERTH_FIND_PLACES_MAX places at a time
 * Threads: the net's
 * Proof:   search_test.c
 */
#ifndef BERTH_FIND_RACE_H
#define BERTH_FIND_RACE_H

#include "find/attempt.h"
#include "find/places.h"

/* Both are loans for the call. */
typedef void (*berth_find_race_answer)(void *owner, const struct berth_find_place *place,
                                       const struct berth_find_answer *answer);

struct berth_find_race;

struct berth_find_runner {
    struct berth_find_race *race;
    struct berth_find_attempt *attempt; /* NULL when this one is free */
    struct berth_find_place place;
};

struct berth_find_race {
    struct berth_net *net;
    const struct berth_find_plan *plan;
    const struct berth_find_keys *keys;
    berth_find_race_answer on_answer;
    void *owner;
    size_t count; /* of places that are being asked */
    struct berth_find_runner runners[BERTH_FIND_PLACES_MAX];
};

void berth_find_race_init(struct berth_find_race *race, struct berth_net *net,
                          const struct berth_find_plan *plan, const struct berth_find_keys *keys,
                          berth_find_race_answer on_answer, void *owner);

/* False when the place is being asked already, or there is no room: to be tried again later. */
bool berth_find_race_has_room(const struct berth_find_race *race,
                              const struct berth_find_place *place);

/* There is room. */
int berth_find_race_ask(struct berth_find_race *race, const struct berth_find_place *place);

/* Nothing is called any more. */
void berth_find_race_cancel(struct berth_find_race *race);

#endif
