/* A search's options, read once: every default filled in, every text checked.
 *
 * Shape:   a told URL is http with an IP literal, or with "localhost", which is both families
 * Owns:    nothing of the options' texts: they are loans as long as the plan is used
 * Errors:  BERTH_E_INVALID: the app or the instance is no name (port/name.h), or the URL is none
 * Threads: any, while nobody changes the environment (BERTH_URL and those of sys/process.h)
 * Proof:   places_test.c
 */
#ifndef BERTH_FIND_PLAN_H
#define BERTH_FIND_PLAN_H

#include "base/addr.h"
#include "berth/find.h"

#include <limits.h>

#define BERTH_FIND_TOLD_MAX 2
#define BERTH_FIND_RANGE_FIRST 1018
#define BERTH_FIND_RANGE_COUNT 13
#define BERTH_FIND_ATTEMPT_MS 1500

struct berth_find_plan {
    struct berth_find_options options; /* range_count 0 is no range */
    struct berth_addr told[BERTH_FIND_TOLD_MAX];
    size_t told_count;
    bool told_only;             /* by the caller; what BERTH_URL says is one place of several */
    char runtime_dir[PATH_MAX]; /* empty when the system knows none */
    char state_dir[PATH_MAX];   /* likewise */
};

int berth_find_plan_make(const struct berth_find_options *options,
                         struct berth_find_plan *ret_plan);

#endif
