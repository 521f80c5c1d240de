/* The event stream: what happens on the way, as a sentence that begins with where it happened.
 *
 *     berth_find_tell(&plan.options, elapsed_ms, &(struct berth_find_news){...});
 *
 * Shape:   nothing when nobody listens
 * Owns:    all that the event points to is a loan for the call
 * Threads: the caller's
 * Proof:   search_test.c
 */
#ifndef BERTH_FIND_TELL_H
#define BERTH_FIND_TELL_H

#include "find/places.h"

struct berth_find_news {
    enum berth_find_event_type type;
    const struct berth_find_place *place;
    enum berth_verdict verdict;
    const char *text; /* a constant, to stand behind the URL: "refuses the connection" */
};

void berth_find_tell(const struct berth_find_options *options, uint64_t elapsed_ms,
                     const struct berth_find_news *news);

/* The event that an answer is. */
enum berth_find_event_type berth_find_tell_type(enum berth_find_outcome outcome);

#endif
