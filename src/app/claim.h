/* Who may serve: the first of several starts of an app, or all of them (BERTH: INSTANCE).
 *
 *     struct berth_claim claim;
 *     int error = berth_claim_make(&config, log, &claim);
 *     if (error == 0 && claim.running == NULL)
 *         ... serve ...
 *     berth_claim_release(&claim);
 *
 * Shape:   many: everybody may. single, attach: whoever has the lock of the state folder; it is
 *          taken before any port, and kept until release. A start that comes second learns from the
 *          record of the first what to say
 * Owns:    the lock, until release; claim.running is a constant's place, until the next claim
 * Errors:  BERTH_E_RUNNING: another one runs (single), or will not get ready (attach);
 *          BERTH_E_SYSTEM: the state folder cannot be locked. Both were said in the log
 * Limits:  a record that is to come is waited for for 2 s, an instance that is starting or ending
 *          (attach) for 10 s
 * Threads: one
 * Proof:   claim_test.c, tests/e2e/rendezvous.test.js
 */
#ifndef BERTH_APP_CLAIM_H
#define BERTH_APP_CLAIM_H

#include "app/config.h"
#include "app/running.h"

enum berth_instance_mode {
    BERTH_INSTANCE_MANY,
    BERTH_INSTANCE_SINGLE,
    BERTH_INSTANCE_ATTACH,
};

struct berth_claim {
    const char *state_dir; /* NULL when nothing is locked */
    const char *app;
    intptr_t lock;
    const struct berth_running *running; /* the one to attach to; NULL to serve oneself */
};

int berth_claim_make(const struct berth_config *config, const struct berth_log *log,
                     struct berth_claim *ret_claim);

/* Could another instance serve beside us, since what we have locked is no longer in place? */
bool berth_claim_is_lost(const struct berth_claim *claim);

void berth_claim_release(struct berth_claim *claim);

#endif
