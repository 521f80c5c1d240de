/* The server: HTTP and WebSocket connections on sockets that listen already.
 *
 *     struct berth_server_options options = {.app = "assistant", .port = 1018, ...};
 *     int error = berth_server_create(net, &options, &server);
 *     error = berth_server_listen(server, socket);           (for each socket)
 *     berth_server_set_state(server, BERTH_STATE_READY);
 *     berth_net_run(net);
 *     ... on a signal: berth_server_drain(server, on_drained, owner), which ends in on_drained ...
 *     berth_server_destroy(server);
 *
 * Shape:   it answers /health, /server_port.txt, /static/, the status page at / with
 *          /berth/status.json, and the WebSocket routes given
 * Owns:    the options and all they point to are a loan for the server's whole life
 * Errors:  berth/error.h; what peers do wrong is answered to them, and logged
 * Limits:  server/limits.h
 * Threads: the net's. Several servers may be one to their clients, each on a net and in a thread of
 *          its own (berth_server_create_beside)
 * Proof:   server_test.c; src/backend/server_*_test.c over tests/wire; tests/fuzz/fuzz_server.c
 */
#ifndef BERTH_SERVER_SERVER_H
#define BERTH_SERVER_SERVER_H

#include "base/addr.h"
#include "base/log.h"
#include "net/net.h"
#include "proto/proof.h"
#include "server/limits.h"
#include "server/socket.h"

struct berth_server;

/* The most servers that can be one. */
#define BERTH_SERVER_LOOPS_MAX 64

enum berth_state {
    BERTH_STATE_STARTING, /* listening; /health answers 503 */
    BERTH_STATE_READY,    /* /health answers 200 */
    BERTH_STATE_DRAINING, /* no new work; open connections are ending */
};

/* A port that was passed over on the way to ours, for the status page. */
struct berth_server_passed {
    uint16_t from;
    uint16_t to;
    const char *reason; /* "in_use", "reserved", … */
    const char *text;   /* "held by python3 (pid 4242, user alice)" */
};

/* What is done when a peer reads more slowly than others send to it. (A peer that reads more slowly
 * than it sends is itself read no further, on every route.) */
enum berth_slow {
    BERTH_SLOW_CLOSE,        /* it is closed with 4408 when its queue is full */
    BERTH_SLOW_DROP_OLDEST,  /* it misses the oldest messages that wait for it */
    BERTH_SLOW_PAUSE_WRITER, /* who sends to it is read no further until it has caught up; closed
                                with 4408 when its queue fills all the same, or it takes nothing */
};

/* Are messages compressed, where the peer offers it (RFC 7692)? */
enum berth_compression {
    BERTH_COMPRESSION_OFF,
    BERTH_COMPRESSION_SHARED, /* each message for itself; no connection keeps a window */
    BERTH_COMPRESSION_OWN,    /* each connection keeps its windows, as far as the peer likes it */
};

/* Under this a message costs more to compress than to send. */
#define BERTH_COMPRESSION_MIN_DEFAULT 1024

/* A path that speaks WebSocket, and what stands behind it. */
struct berth_server_route {
    const char *path;    /* "/client-ws"; begins with a slash */
    const char *backend; /* its name, as configured: "echo" */
    const struct berth_socket_handler *handler;
    void *handler_owner;
    enum berth_slow slow;
};

struct berth_server_options {
    const char *app;
    const char *instance; /* unique to this run */
    const char *version;
    const char *host; /* as configured, for people */
    uint16_t port;
    uint16_t requested_port;
    const struct berth_addr *addresses; /* what we listen on; at least one */
    size_t address_count;
    const char *static_dir; /* what /static/ serves; NULL for nothing */
    const char *port_file;  /* for people; NULL for none */
    const struct berth_server_passed *passed;
    size_t passed_count;
    const struct berth_server_route *routes;
    size_t route_count;
    const char *const *allowed_origins; /* "https://host[:port]", "null", or "*" for any */
    size_t allowed_origin_count;
    bool auth_none;    /* peers off loopback need no token */
    const char *token; /* this run's secret, for those who may read the record; NULL for none */
    const struct berth_identity *identity; /* signs challenges; NULL for no proofs */
    enum berth_compression compression;
    size_t compression_min; /* smaller messages go as they are */
    struct berth_limits limits;
    const struct berth_log *log; /* NULL for none */
};

int berth_server_create(struct berth_net *net, const struct berth_server_options *options,
                        struct berth_server **ret_server);

/* Makes a server that is one with `first`, on another net: what `first` accepts is handed out to
 * the one that has the fewest connections, and each connection stays in the thread that runs its
 * server's net. All of them are made before `first` listens and before any net runs; from then on
 * they are run, drained and asked for through `first` alone. Errors: those of berth_server_create.
 */
int berth_server_create_beside(struct berth_server *first, struct berth_net *net,
                               struct berth_server **ret_server);

/* Accepts on a listening socket; the socket is taken, also on failure. */
int berth_server_listen(struct berth_server *server, berth_net_socket socket);

/* Forward only. DRAINING is what /health says from now on; connections are ended by
 * berth_server_drain. */
void berth_server_set_state(struct berth_server *server, enum berth_state state);

/* Stops accepting, closes every WebSocket with 1001, lets requests under way end, and calls
 * on_drained when the last connection is gone or the drain time is over. Twice is once. */
void berth_server_drain(struct berth_server *server, void (*on_drained)(void *owner), void *owner);

/* Only when it is drained, or after berth_net_close, and before berth_net_destroy; of several that
 * are one, when no net runs any more, and `first` last. NULL is welcome. */
void berth_server_destroy(struct berth_server *server);

#endif
