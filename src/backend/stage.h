/* The whole server over the simulated network, and clients that misbehave. For tests and the
 * fuzzer.
 *
 *     struct stage stage;
 *     struct visitor client;
 *     stage_init(&stage);
 *     stage.options.limits.connections = 2;
 *     int error = stage_open(&stage, &sim);
 *     error = stage_dial(&stage, &client);
 *     error = visitor_say(&client, STAGE_GET("/health"));
 *     stage_run_for(&stage, 1000);
 *     ... berth_buf_view(&client.received) is what it got, client.closed says that it is over ...
 *     stage_drain(&stage);
 *     visitor_hang_up(&client);
 *     stage_close(&stage);
 *
 * Shape:   routes as `berth serve` makes them, a backend each: /client-ws is an echo; /hub, /drop
 *          and /pause are hubs, one for each way to treat slow readers
 * Units:   virtual milliseconds
 * Owns:    a stage and its clients are the caller's, and stay where they are
 * Errors:  BERTH_E_MEMORY, as a test may ask for it; all else that goes wrong is a failed assertion
 * Threads: one
 */
#ifndef BERTH_BACKEND_STAGE_H
#define BERTH_BACKEND_STAGE_H

#include "backend/backend.h"
#include "base/assert.h"
#include "net/sim.h"
#include "server/internal.h"
#include "server/visitor.h"

#include <string.h>

#define STAGE_HOST "Host: 127.0.0.1:1018\r\n"
#define STAGE_ORIGIN "Origin: http://127.0.0.1:1018\r\n"
#define STAGE_GET_TEXT(target) "GET " target " HTTP/1.1\r\n" STAGE_HOST STAGE_ORIGIN "\r\n"
#define STAGE_UPGRADE_TEXT(target)                                                                 \
    "GET " target " HTTP/1.1\r\n" STAGE_HOST STAGE_ORIGIN                                          \
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"                                                \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
#define STAGE_UPGRADE_DEFLATE_TEXT(target)                                                         \
    "GET " target " HTTP/1.1\r\n" STAGE_HOST STAGE_ORIGIN                                          \
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"                                                \
    "Sec-WebSocket-Extensions: permessage-deflate\r\n"                                             \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
#define STAGE_GET(target) BERTH_VIEW(STAGE_GET_TEXT(target))
#define STAGE_UPGRADE(target) BERTH_VIEW(STAGE_UPGRADE_TEXT(target))

#define STAGE_ROUTES 4
#define STAGE_LOOPS_MAX 4

static const struct berth_addr stage_address = {4, 1018, {127, 0, 0, 1}};

struct stage {
    struct berth_net *net;
    struct berth_net_timer *timer;
    struct berth_server *server;
    struct berth_server *beside[STAGE_LOOPS_MAX]; /* on the same net: its thread is theirs */
    size_t loops;                                 /* 0 is 1 */
    struct berth_backend *backends[STAGE_ROUTES];
    struct berth_server_route routes[STAGE_ROUTES];
    struct berth_server_options options;
    bool drained;
};

/* -- The server -------------------------------------------------------------------------------- */

static inline void stage_init(struct stage *stage) {
    *stage = (struct stage){.net = NULL};
    stage->options = (struct berth_server_options){
        .app = "assistant",
        .instance = "i1",
        .version = "9.9.9",
        .host = "127.0.0.1",
        .port = 1018,
        .requested_port = 1018,
        .addresses = &stage_address,
        .address_count = 1,
        .routes = stage->routes,
        .route_count = STAGE_ROUTES,
        .limits = BERTH_LIMITS_DEFAULT,
    };
}

static inline int stage_add_route(struct stage *stage, size_t index, const char *path,
                                  const char *backend, enum berth_slow slow) {
    size_t loops = stage->loops > 0 ? stage->loops : 1;
    int error = berth_backend_create(berth_view_of(backend), loops, &stage->backends[index]);
    if (error < 0)
        return error;
    stage->routes[index] = (struct berth_server_route){
        .path = path,
        .backend = backend,
        .handler = berth_backend_handler(stage->backends[index]),
        .handler_owner = berth_backend_owner(stage->backends[index]),
        .slow = slow,
    };
    return 0;
}

static inline void stage_stop_loop(void *owner) { berth_net_stop(owner); }

/* Whatever it returns, stage_close is to follow. */
static inline int stage_open(struct stage *stage, const struct berth_net_sim_options *sim) {
    berth_net_socket socket = 0;
    uint16_t port;
    int error = berth_net_sim_create(sim, &stage->net);
    if (error == 0)
        error = berth_net_timer_create(stage->net, stage_stop_loop, stage->net, &stage->timer);
    if (error == 0)
        error = stage_add_route(stage, 0, "/client-ws", "echo", BERTH_SLOW_CLOSE);
    if (error == 0)
        error = stage_add_route(stage, 1, "/hub", "hub", BERTH_SLOW_CLOSE);
    if (error == 0)
        error = stage_add_route(stage, 2, "/drop", "hub", BERTH_SLOW_DROP_OLDEST);
    if (error == 0)
        error = stage_add_route(stage, 3, "/pause", "hub", BERTH_SLOW_PAUSE_WRITER);
    if (error == 0)
        error = berth_net_sim_socket(stage->net, &stage_address, &port, &socket);
    if (error == 0)
        error = berth_server_create(stage->net, &stage->options, &stage->server);
    for (size_t i = 1; i < stage->loops && error == 0; i++)
        error = berth_server_create_beside(stage->server, stage->net, &stage->beside[i]);
    if (error == 0)
        error = berth_server_listen(stage->server, socket);
    if (error == 0)
        berth_server_set_state(stage->server, BERTH_STATE_READY);
    return error;
}

/* Lets that much virtual time pass. */
static inline void stage_run_for(struct stage *stage, uint64_t ms) {
    berth_net_timer_start(stage->timer, ms);
    berth_net_run(stage->net);
    berth_net_timer_stop(stage->timer);
}

static inline void stage_on_drained(void *owner) {
    struct stage *stage = owner;
    BERTH_ASSERT(!stage->drained);
    stage->drained = true;
    berth_net_stop(stage->net);
}

static inline void stage_check_drained(const struct berth_server *server) {
    BERTH_ASSERT(server->conn_count == 0 && server->conns == NULL && server->behind_count == 0);
    BERTH_ASSERT(berth_count_read(&server->socket_count) == 0);
    BERTH_ASSERT(server->open_listeners == 0 && server->batch_conn == NULL);
    for (int kind = 0; kind < BERTH_DEADLINE_KINDS; kind++)
        BERTH_ASSERT(berth_deadline_first(&server->deadlines[kind]) == NULL);
}

/* Drains, however long that takes: on_drained comes, and nothing is left of any connection. */
static inline void stage_drain(struct stage *stage) {
    berth_server_drain(stage->server, stage_on_drained, stage);
    if (!stage->drained)
        berth_net_run(stage->net);
    BERTH_ASSERT(stage->drained);
    for (size_t i = 0; i < stage->server->team->size; i++)
        stage_check_drained(stage->server->team->servers[i]);
}

/* Ends all at once, drained or not, opened in full or in part. */
static inline void stage_close(struct stage *stage) {
    if (stage->net != NULL) {
        berth_net_close(stage->net);
        berth_net_timer_destroy(stage->timer);
    }
    for (size_t i = STAGE_LOOPS_MAX; i-- > 1;)
        berth_server_destroy(stage->beside[i]);
    berth_server_destroy(stage->server);
    for (size_t i = 0; i < STAGE_ROUTES; i++)
        berth_backend_destroy(stage->backends[i]);
    berth_net_destroy(stage->net);
}

static inline int stage_dial(struct stage *stage, struct visitor *client) {
    return visitor_dial(client, stage->net, &stage_address);
}

#endif
