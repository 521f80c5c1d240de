/* The whole server over the simulated network, and clients that misbehave. For tests and the
 * fuzzer.
 *
 *     struct stage stage;
 *     struct stage_client client;
 *     stage_init(&stage);
 *     stage.options.limits.connections = 2;
 *     int error = stage_open(&stage, &sim);
 *     error = stage_dial(&stage, &client);
 *     error = stage_say(&client, STAGE_GET("/health"));
 *     stage_run_for(&stage, 1000);
 *     ... berth_buf_view(&client.received) is what it got, client.closed says that it is over ...
 *     stage_drain(&stage);
 *     stage_hang_up(&client);
 *     stage_close(&stage);
 *
 * Shape:   routes as `berth serve` makes them, a backend each: /client-ws is an echo; /hub, /drop
 *          and /pause are hubs, one for each way to treat slow readers
 * Units:   virtual milliseconds
 * Owns:    a stage and its clients are the caller's, and stay where they are
 * Errors:  BERTH_E_MEMORY, as a test may ask for it; all else that goes wrong is a failed assertion
 * Limits:  a client holds 64 MiB each way
 * Threads: one
 */
#ifndef BERTH_BACKEND_STAGE_H
#define BERTH_BACKEND_STAGE_H

#include "backend/backend.h"
#include "base/assert.h"
#include "base/buf.h"
#include "net/sim.h"
#include "server/internal.h"

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
#define STAGE_CLIENT_MAX (64u << 20)

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

/* -- A client ---------------------------------------------------------------------------------- */

struct stage_client {
    struct berth_net_stream *stream; /* NULL before it dials, and once it is closed */
    struct berth_buf to_send;
    struct berth_buf received;
    bool half_closing; /* FIN goes out behind what is still to be sent */
    bool stays;        /* it does not close because the server has sent its FIN */
    bool heard_end;    /* the server's FIN came */
    bool failed;       /* it was reset */
    bool closed;
};

static inline void stage_push(struct stage_client *client) {
    while (client->to_send.size > 0 && berth_net_stream_pending(client->stream) == 0) {
        struct berth_view piece = berth_buf_view(&client->to_send);
        if (piece.size > 65536)
            piece.size = 65536;
        if (berth_net_send(client->stream, &piece, 1) < 0)
            return;
        berth_buf_consume(&client->to_send, piece.size);
    }
    if (client->half_closing && client->to_send.size == 0)
        berth_net_stream_shutdown(client->stream);
}

static inline void stage_client_connected(void *owner, int error) {
    struct stage_client *client = owner;
    if (error < 0)
        berth_net_stream_close(client->stream);
    else
        stage_push(client);
}

static inline void stage_client_data(void *owner, uint8_t *data, size_t size) {
    struct stage_client *client = owner;
    if (berth_buf_append(&client->received, data, size) < 0)
        berth_net_stream_close(client->stream);
}

static inline void stage_client_ended(void *owner) {
    struct stage_client *client = owner;
    client->heard_end = true;
    if (!client->stays)
        berth_net_stream_close(client->stream);
}

static inline void stage_client_drained(void *owner) { stage_push(owner); }

static inline void stage_client_failed(void *owner, int error) {
    struct stage_client *client = owner;
    (void)error;
    client->failed = true;
    berth_net_stream_close(client->stream);
}

static inline void stage_client_closed(void *owner) {
    struct stage_client *client = owner;
    client->closed = true;
    client->stream = NULL;
}

static inline int stage_dial(struct stage *stage, struct stage_client *client) {
    static const struct berth_net_stream_events events = {
        .on_connect = stage_client_connected,
        .on_data = stage_client_data,
        .on_end = stage_client_ended,
        .on_drained = stage_client_drained,
        .on_error = stage_client_failed,
        .on_closed = stage_client_closed,
    };
    *client = (struct stage_client){
        .to_send = berth_buf_make(STAGE_CLIENT_MAX),
        .received = berth_buf_make(STAGE_CLIENT_MAX),
    };
    return berth_net_connect(stage->net, &stage_address, &events, client, &client->stream);
}

/* Says it as soon as the server takes it. To nobody when the connection is over. */
static inline int stage_say(struct stage_client *client, struct berth_view bytes) {
    if (client->stream == NULL)
        return 0;
    int error = berth_buf_append(&client->to_send, bytes.data, bytes.size);
    if (error == 0)
        stage_push(client);
    return error;
}

/* A frame as clients send it. */
static inline int stage_say_frame(struct stage_client *client, enum berth_ws_opcode opcode,
                                  bool fin, struct berth_view payload) {
    static const uint8_t mask[4] = {1, 2, 3, 4};
    uint8_t head[BERTH_WS_HEAD_MAX];
    if (client->stream == NULL)
        return 0;
    size_t size = berth_ws_frame_head(head, opcode, fin, payload.size, mask);
    int error = berth_buf_reserve(&client->to_send, size + payload.size);
    if (error < 0)
        return error;
    (void)berth_buf_append(&client->to_send, head, size);
    size_t at = client->to_send.size;
    (void)berth_buf_append(&client->to_send, payload.data, payload.size);
    berth_ws_mask((uint8_t *)client->to_send.data + client->to_send.start + at, payload.size, mask,
                  0);
    stage_push(client);
    return 0;
}

static inline void stage_half_close(struct stage_client *client) {
    client->half_closing = true;
    if (client->stream != NULL)
        stage_push(client);
}

static inline void stage_cut(struct stage_client *client) {
    if (client->stream != NULL)
        berth_net_stream_close(client->stream);
}

/* Gives back what it holds; its stream is closed, or closed by stage_close before. */
static inline void stage_hang_up(struct stage_client *client) {
    berth_buf_free(&client->to_send);
    berth_buf_free(&client->received);
}

/* What it received so far, as text. */
static inline const char *stage_text(struct stage_client *client) {
    if (berth_buf_append(&client->received, "", 1) < 0)
        return "";
    client->received.size--;
    return client->received.data + client->received.start;
}

#endif
