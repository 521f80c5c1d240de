/* What a run tells the world of itself: its endpoint record, the port file, the port to come back
 * to; and the identity with which it proves to be the one.
 *
 *     int error = berth_publication_begin(&publication, &config, log);
 *     berth_publication_place(&publication, &place);          (the port is had)
 *     berth_publication_set_state(&publication, BERTH_ENDPOINT_STARTING);
 *     ... READY, later DRAINING ...
 *     const char *fault = berth_publication_fault(&publication);     (every few seconds)
 *     berth_publication_end(&publication);
 *
 * Shape:   the record follows every state; the port file and the sticky port come with READY, and
 *          the port file goes with DRAINING, while the port is still held. The record goes at the
 *          end: until then it says that this instance is ending
 * Owns:    what it published, until end (which takes a half-made one too); the configuration and
 * the log are loans Errors:  begin: BERTH_E_SYSTEM (no random bytes). All else is no reason not to
 * serve: a folder that cannot be used is a warning in the log, and what it would have held is
 * missing Threads: one Proof:   tests/e2e/rendezvous.test.js, stop.test.js
 */
#ifndef BERTH_APP_PUBLICATION_H
#define BERTH_APP_PUBLICATION_H

#include "app/config.h"
#include "proto/base64.h"
#include "proto/endpoint.h"
#include "proto/proof.h"

#include <limits.h>

#define BERTH_INSTANCE_BYTES 16
#define BERTH_TOKEN_BYTES 32
#define BERTH_BOOT_ID_MAX 64

struct berth_record;

struct berth_publication {
    const struct berth_config *config;
    const struct berth_log *log;
    struct berth_endpoint endpoint;
    struct berth_identity identity;
    bool has_identity;
    bool file_published;
    bool was_put_back; /* it was said already that the record had been removed */
    char instance[2 * BERTH_INSTANCE_BYTES + 1];
    char token[BERTH_BASE64URL_SIZE(BERTH_TOKEN_BYTES) + 1];
    char boot_id[BERTH_BOOT_ID_MAX];
    char folder[PATH_MAX];       /* of all records */
    struct berth_record *record; /* NULL when there can be none */
};

/* Where the server is. All are loans until the end. */
struct berth_publication_place {
    const char *host; /* as configured */
    const struct berth_addr *address;
    uint16_t port;
    uint16_t requested_port;
    const char *ws_path; /* NULL for none */
};

int berth_publication_begin(struct berth_publication *publication,
                            const struct berth_config *config, const struct berth_log *log);
void berth_publication_place(struct berth_publication *publication,
                             const struct berth_publication_place *place);

/* Forward only. */
void berth_publication_set_state(struct berth_publication *publication,
                                 enum berth_endpoint_state state);

/* Looks after the record and the port file, and puts back what is gone. Why this instance is no
 * longer the one that clients find under its name; NULL when it is. */
const char *berth_publication_fault(struct berth_publication *publication);

void berth_publication_end(struct berth_publication *publication);

#endif
