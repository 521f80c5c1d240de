/* The endpoint: all that a running server says of itself, in its three forms.
 *
 *     berth_endpoint_write(&endpoint, BERTH_ENDPOINT_RECORD, &writer);
 *
 *     RECORD   the file in the runtime folder, for this user alone: everything, the token too
 *     READY    the ready line on stdout: {"event":"ready", …} everything but the token
 *     HEALTH   GET /health, for everybody: status, app, instance, state, port, version, ws,
 *              public_key, and proof where a challenge was given
 *
 * Shape:   one JSON object in one line, as docs/endpoint.schema.json says: schema, app, instance,
 *          state, pid, started_at, boot_id, version, host, port, requested_port,
 *          urls {http, ws, health}, state_dir, public_key, token
 * Owns:    nothing; all texts are loans; NULL or empty is written null
 * Limits:  BERTH_ENDPOINT_MAX bytes hold every endpoint that can be configured
 * Threads: any
 */
#ifndef BERTH_PROTO_ENDPOINT_H
#define BERTH_PROTO_ENDPOINT_H

#include "base/addr.h"
#include "base/writer.h"

#define BERTH_ENDPOINT_SCHEMA 1
#define BERTH_ENDPOINT_MAX 16384

enum berth_endpoint_state {
    BERTH_ENDPOINT_STARTING, /* listening; not ready to work */
    BERTH_ENDPOINT_READY,
    BERTH_ENDPOINT_DRAINING, /* no new work */
};

enum berth_endpoint_form {
    BERTH_ENDPOINT_RECORD,
    BERTH_ENDPOINT_READY_LINE,
    BERTH_ENDPOINT_HEALTH,
};

struct berth_endpoint {
    const char *app;
    const char *instance; /* unique to this run */
    const char *version;
    const char *host; /* as configured */
    enum berth_endpoint_state state;
    uint32_t pid;
    uint64_t started_unix_ms;
    const char *boot_id; /* of the machine's present run; NULL where the system has none */
    uint16_t port;
    uint16_t requested_port;
    struct berth_addr address; /* a literal to connect to: where the asker reached us, or the first
                                  one that we listen on */
    const char *ws_path;       /* the WebSocket route that is published; NULL for none */
    const char *state_dir;
    const uint8_t *public_key; /* BERTH_PROOF_PUBLIC_KEY_SIZE bytes; NULL for none */
    const char *token;
    struct berth_view proof; /* base64url; HEALTH only */
};

void berth_endpoint_write(const struct berth_endpoint *endpoint, enum berth_endpoint_form form,
                          struct berth_writer *out);

/* "2026-01-02T03:04:05.678Z". */
void berth_endpoint_time_write(uint64_t unix_ms, struct berth_writer *out);

/* "starting", "ready", "draining"; and back (BERTH_E_INVALID). */
const char *berth_endpoint_state_name(enum berth_endpoint_state state);
int berth_endpoint_state_of(struct berth_view name, enum berth_endpoint_state *ret_state);

/* GET /health: 200 when ready, else 503. */
int berth_endpoint_http_status(enum berth_endpoint_state state);

#endif
