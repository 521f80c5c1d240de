/* The health document: what a server tells everyone who asks, and a client reads to know it again.
 *
 *     struct berth_health health = {.app = "assistant", .state = BERTH_HEALTH_READY, ...};
 *     berth_health_write(&health, &writer);
 *
 * Shape:   one JSON object without line ends: status, app, instance, state, port, version, ws.
 * These are the fields that strangers may see; nothing private has a place here Owns:    nothing;
 * all texts are loans Limits:  the writer's Threads: any
 */
#ifndef BERTH_PROTO_HEALTH_H
#define BERTH_PROTO_HEALTH_H

#include "base/addr.h"
#include "base/writer.h"

enum berth_health_state {
    BERTH_HEALTH_STARTING,
    BERTH_HEALTH_READY,
    BERTH_HEALTH_DRAINING,
};

struct berth_health {
    const char *app;
    const char *instance;
    const char *version;
    enum berth_health_state state;
    struct berth_addr address; /* where the asker reached us: the literal that works for it */
    const char *ws_path;       /* the WebSocket route; NULL for none */
};

void berth_health_write(const struct berth_health *health, struct berth_writer *out);

/* "starting", "ready", "draining". */
const char *berth_health_state_name(enum berth_health_state state);

/* 200 when ready, else 503. */
int berth_health_http_status(enum berth_health_state state);

#endif
