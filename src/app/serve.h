/* A server's run: made from a configuration and a port, then run until a signal ends it.
 *
 *     struct berth_serve serve;
 *     int error = berth_serve_begin(&serve, &parts);
 *     if (error == 0)
 *         error = berth_serve_run(&serve);
 *     berth_serve_end(&serve);
 *
 * Shape:   begin makes everything that can fail, listens, and publishes that it is starting; run
 *          publishes that it is ready, says so, serves, and takes back what it published. While it
 *          serves it looks every few seconds whether it is still the instance that it was, and ends
 *          when another has taken its place
 * Owns:    what it makes, until end (which takes a half-made one too). The parts are loans; the
 *          port's sockets are taken
 * Errors:  begin: berth/error.h, said in the log by then
 * Threads: all of it in one; THREADS says how many more it starts and ends by itself, which call
 * the routes' handlers and the log too
 */
#ifndef BERTH_APP_SERVE_H
#define BERTH_APP_SERVE_H

#include "app/claim.h"
#include "app/publication.h"
#include "backend/backend.h"
#include "net/inbox.h"
#include "port/port.h"
#include "server/server.h"
#include "sys/thread.h"

#define BERTH_SERVE_SIGNALS 3
#define BERTH_SERVE_ROUTES_MAX (2 * BERTH_CONFIG_ITEMS_MAX)

enum berth_serve_state {
    BERTH_SERVE_READY,    /* serving */
    BERTH_SERVE_DRAINING, /* a first signal came, or another took over: connections are ending */
    BERTH_SERVE_ENDED,    /* all connections are gone */
    BERTH_SERVE_CUT,      /* a second signal came: the rest is dropped */
};

struct berth_serve;

/* Any of them may be NULL. */
struct berth_serve_events {
    void (*on_ready)(void *owner, const struct berth_serve *serve);
    void (*on_draining)(void *owner);
};

struct berth_serve_parts {
    const struct berth_config *config;
    const struct berth_log *log;
    const struct berth_claim *claim;
    struct berth_publication *publication; /* begun */
    struct berth_port *port;
    const struct berth_server_route
        *routes; /* more than the configuration has; they go before its */
    size_t route_count;
    bool catch_signals;                      /* SIGINT, SIGTERM and SIGHUP end it */
    const struct berth_serve_events *events; /* NULL for none */
    void *owner;
};

/* A loop and what serves there. */
struct berth_serve_loop {
    struct berth_serve *serve;
    struct berth_net *net;
    struct berth_server *server;
    struct berth_net_inbox *inbox;   /* for what other threads want of this one */
    struct berth_sys_thread *thread; /* NULL where the caller runs it, and before it runs */
    struct berth_net_letter stop;
    struct berth_net_letter failed; /* to the first: this one cannot go on */
    int error;                      /* why it cannot */
};

struct berth_serve {
    struct berth_serve_parts parts;
    const struct berth_log *log;
    enum berth_serve_state state;
    bool is_lost; /* another instance has taken over */
    uint16_t requested_port;
    char why[512];    /* why it is not the port asked for; "" when it is */
    const char *host; /* what stands in URLs */
    char passed_in_host[BERTH_ADDR_TEXT_MAX];
    struct berth_server_passed *passed;
    struct berth_server_route routes[BERTH_SERVE_ROUTES_MAX];
    size_t route_count;
    struct berth_backend *backends[BERTH_CONFIG_ITEMS_MAX];
    const char *origins[BERTH_CONFIG_ITEMS_MAX];
    struct berth_server_options options;
    struct berth_serve_loop loops[BERTH_SERVER_LOOPS_MAX]; /* the first is the caller's thread's */
    size_t loop_count;
    struct berth_net_signal *signals[BERTH_SERVE_SIGNALS];
    struct berth_net_timer *fence;
};

int berth_serve_begin(struct berth_serve *serve, const struct berth_serve_parts *parts);

/* Until a signal or berth_serve_stop. Errors: BERTH_E_RUNNING when another instance has taken over,
 * BERTH_E_CLOSED when a second signal cut it short; those of berth_net_run. */
int berth_serve_run(struct berth_serve *serve);

/* Ends it as a first signal does. */
void berth_serve_stop(struct berth_serve *serve);

/* The route that frontends look for, else the first one; NULL without any. */
const char *berth_serve_main_route(const struct berth_serve *serve);

void berth_serve_end(struct berth_serve *serve);

#endif
