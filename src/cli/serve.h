/* A server's run: made from a configuration and a port, then run until a signal ends it.
 *
 *     struct berth_serve serve;
 *     int error = berth_serve_begin(&serve, &session, &port);
 *     if (error == 0)
 *         status = berth_serve_run(&serve, ready_fd, print_ready);
 *     berth_serve_end(&serve);
 *
 * Shape:   begin makes everything that can fail, and listens; run publishes, says so, serves, and
 *          takes back what it published
 * Owns:    what it makes, until end (which takes a half-made one too). The session is a loan; the
 *          port's sockets are taken
 * Errors:  begin: berth/error.h, said in the log by then
 * Threads: one
 */
#ifndef BERTH_CLI_SERVE_H
#define BERTH_CLI_SERVE_H

#include "backend/backend.h"
#include "cli/session.h"
#include "net/net.h"
#include "port/port.h"
#include "server/server.h"

#define BERTH_SERVE_SIGNALS 3
#define BERTH_SERVE_INSTANCE_BYTES 16

enum berth_serve_state {
    BERTH_SERVE_READY,    /* serving */
    BERTH_SERVE_DRAINING, /* a first signal came: connections are ending */
    BERTH_SERVE_ENDED,    /* all connections are gone */
    BERTH_SERVE_CUT,      /* a second signal came: the rest is dropped */
};

struct berth_serve {
    struct berth_session *session;
    struct berth_port *port;
    const struct berth_log *log;
    enum berth_serve_state state;
    uint64_t started_at_ms;
    uint16_t requested_port;
    bool file_published;
    char instance[2 * BERTH_SERVE_INSTANCE_BYTES + 1];
    char why[512];    /* why it is not the port asked for; "" when it is */
    const char *host; /* what stands in URLs */
    char passed_in_host[BERTH_ADDR_TEXT_MAX];
    struct berth_server_passed *passed;
    struct berth_server_route routes[BERTH_CONFIG_ITEMS_MAX];
    struct berth_backend *backends[BERTH_CONFIG_ITEMS_MAX];
    const char *origins[BERTH_CONFIG_ITEMS_MAX];
    struct berth_server_options options;
    struct berth_net *net;
    struct berth_server *server;
    struct berth_net_signal *signals[BERTH_SERVE_SIGNALS];
};

int berth_serve_begin(struct berth_serve *serve, struct berth_session *session,
                      struct berth_port *port);

/* ready_fd: where to say that we are ready; -1 for nowhere. */
enum berth_exit berth_serve_run(struct berth_serve *serve, int ready_fd, bool print_ready);

void berth_serve_end(struct berth_serve *serve);

#endif
