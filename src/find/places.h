/* Where our server may be: gathered from everything that this machine knows, in order, each address
 * once.
 *
 *     struct berth_find_places places = {0};
 *     int error = berth_find_places_gather(&plan, &places);
 *     for (size_t i = 0; i < places.count; i++)
 *         ... ask places.items[i].address ...
 *
 * The order is find.h's: told, records (the youngest first), port file, remembered, range. Files
 * are rumours: what is missing, torn or stale is no error, and no place.
 *
 * A record or a folder that cannot be read may hide the key of our server: then the keys are said
 * to be incomplete, and whoever is content with a name has to say so.
 *
 * Shape:   a dead record names no place, but its key is still the app's: whoever took the port of a
 *          killed server is asked for it
 * Owns:    a value; gathering again replaces all but the keys, which gather
 * Errors:  BERTH_E_MEMORY, BERTH_E_TOO_MANY_FILES
 * Limits:  BERTH_FIND_PLACES_MAX places, BERTH_FIND_RECORDS_MAX records; what is beyond is left out
 * Threads: any
 * Proof:   places_test.c
 */
#ifndef BERTH_FIND_PLACES_H
#define BERTH_FIND_PLACES_H

#include "find/document.h"
#include "find/judge.h"
#include "find/plan.h"
#include "find/remember.h"

#define BERTH_FIND_PLACES_MAX 64
#define BERTH_FIND_RECORDS_MAX 32

struct berth_find_place {
    enum berth_find_source source;
    struct berth_addr address;
    bool starting; /* a living record says so */
};

struct berth_find_record {
    bool alive;
    struct berth_find_document document;
};

struct berth_find_places {
    struct berth_find_place items[BERTH_FIND_PLACES_MAX];
    size_t count;
    struct berth_find_record records[BERTH_FIND_RECORDS_MAX]; /* of the instances asked for */
    size_t record_count;
    size_t alive_count;    /* records whose server lives and does not drain */
    size_t starting_count; /* those of them that are not ready yet */
    bool records_known;    /* all records were seen: one that is not here is not there */
    bool has_memory;
    struct berth_find_memory memory;
    struct berth_find_keys keys;
};

/* The same host and the same port. */
bool berth_find_address_same(const struct berth_addr *a, const struct berth_addr *b);

int berth_find_places_gather(const struct berth_find_plan *plan, struct berth_find_places *places);

/* The place of that address; NULL when it is none. */
const struct berth_find_place *berth_find_places_at(const struct berth_find_places *places,
                                                    const struct berth_addr *address);

/* The record of that instance; NULL when there is none. */
const struct berth_find_record *berth_find_places_record(const struct berth_find_places *places,
                                                         const char *instance);

#endif
