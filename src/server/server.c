#include "server/internal.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hot.h"
#include "berth/error.h"
#include "sys/clock.h"
#include "sys/process.h"

#include <stddef.h>

#define LISTENERS_MAX (sizeof((struct berth_server *)0)->listeners / sizeof(void *))

/* Over the limit of connections we still accept a few, to be able to say 503. */
#define REFUSED_MAX 64

/* -- Deadlines --------------------------------------------------------------------------------- */

static struct berth_conn *conn_of(struct berth_deadline *deadline) {
    return (struct berth_conn *)(void *)((char *)deadline - offsetof(struct berth_conn, deadline));
}

static void set_timer(struct berth_server *server, uint64_t at_ms) {
    if (server->timer_at_ms != 0 && server->timer_at_ms <= at_ms)
        return;
    uint64_t now_ms = berth_net_now_ms(server->net);
    server->timer_at_ms = at_ms;
    berth_net_timer_start(server->timer, at_ms > now_ms ? at_ms - now_ms : 0);
}

BERTH_HOT void berth_conn_expect(struct berth_conn *conn, enum berth_deadline_kind kind) {
    struct berth_server *server = conn->server;
    uint64_t now_ms = berth_net_now_ms(server->net);
    if (conn->deadline_kind == kind &&
        berth_deadline_is_fresh(&conn->deadline, &server->deadlines[kind], now_ms))
        return;
    conn->deadline_kind = (uint8_t)kind;
    berth_deadline_set(&conn->deadline, &server->deadlines[kind], now_ms);
    set_timer(server, conn->deadline.at_ms);
}

static void on_timer(void *owner) {
    struct berth_server *server = owner;
    uint64_t now_ms = berth_net_now_ms(server->net);
    server->timer_at_ms = 0;
    for (int kind = 0; kind < BERTH_DEADLINE_KINDS; kind++) {
        struct berth_deadline *first;
        while ((first = berth_deadline_first(&server->deadlines[kind])) != NULL &&
               first->at_ms <= now_ms) {
            berth_deadline_clear(first);
            berth_conn_expired(conn_of(first));
        }
        if (first != NULL)
            set_timer(server, first->at_ms);
    }
}

static void init_deadlines(struct berth_server *server) {
    const struct berth_limits *limits = &server->options->limits;
    const uint64_t delays[BERTH_DEADLINE_KINDS] = {
        [BERTH_DEADLINE_REQUEST] = limits->head_timeout_ms,
        [BERTH_DEADLINE_IDLE] = limits->idle_timeout_ms,
        [BERTH_DEADLINE_PING] = limits->ping_interval_ms,
        [BERTH_DEADLINE_PONG] = limits->pong_timeout_ms,
        [BERTH_DEADLINE_MESSAGE] = limits->message_timeout_ms,
        [BERTH_DEADLINE_CLOSE] = BERTH_CLOSE_MS,
        [BERTH_DEADLINE_LINGER] = BERTH_LINGER_MS,
    };
    for (int kind = 0; kind < BERTH_DEADLINE_KINDS; kind++)
        berth_deadline_queue_init(&server->deadlines[kind], delays[kind]);
}

/* -- Life -------------------------------------------------------------------------------------- */

int berth_server_create_in(struct berth_team *team, struct berth_net *net,
                           const struct berth_server_options *options,
                           struct berth_server **ret_server) {
    struct berth_server *server = berth_alloc(sizeof *server);
    if (server == NULL) {
        if (team->size == 0)
            berth_team_destroy(team);
        return BERTH_E_MEMORY;
    }
    server->net = net;
    server->team = team;
    server->loop = team->size;
    team->servers[team->size++] = server;
    server->options = options;
    server->policy = (struct berth_access_policy){
        .port = options->port,
        .addresses = options->addresses,
        .address_count = options->address_count,
        .origins = options->allowed_origins,
        .origin_count = options->allowed_origin_count,
        .auth_none = options->auth_none,
    };
    server->slow_mark = (size_t)options->limits.send_queue_size / 4;
    server->ws_limits = (struct berth_ws_limits){
        .message_max = options->limits.message_size,
        .fragments_max = (uint32_t)options->limits.message_fragments,
    };
    server->http_limits = BERTH_HTTP_LIMITS_DEFAULT;
    server->http_limits.body_size = options->limits.body_size;
    server->http_limits.field_count = (uint16_t)options->limits.head_fields;
    server->uid = berth_sys_uid();
    server->static_dir = -1;
    berth_sys_peers_init(&server->peers);
    init_deadlines(server);

    int error = 0;
    if (options->compression != BERTH_COMPRESSION_OFF)
        error = berth_deflate_create((size_t)options->limits.message_size, &server->deflate);
    if (error == 0)
        error = berth_net_timer_create(net, on_timer, server, &server->timer);
    if (error == 0 && options->static_dir != NULL)
        error = berth_sys_dir_open(options->static_dir, &server->static_dir);
    if (error == 0 && server->static_dir >= 0)
        error = berth_file_cache_create(net, server->static_dir, berth_net_offers_unseen(net),
                                        &server->files);
    if (error < 0) {
        berth_server_destroy(server);
        return error;
    }
    *ret_server = server;
    return 0;
}

int berth_server_create(struct berth_net *net, const struct berth_server_options *options,
                        struct berth_server **ret_server) {
    BERTH_ASSERT(options->address_count > 0);
    struct berth_team *team;
    int error = berth_team_create(net, options, &team);
    if (error < 0)
        return error;
    return berth_server_create_in(team, net, options, ret_server);
}

/* Its watches would keep the loop going. */
static void forget_files(struct berth_server *server) {
    berth_file_cache_destroy(server->files);
    server->files = NULL;
}

void berth_server_destroy(struct berth_server *server) {
    if (server == NULL)
        return;
    struct berth_team *team = server->team;
    BERTH_ASSERT(team->servers[team->size - 1] == server);
    berth_team_end_letters(team);
    berth_relay_end(server);
    BERTH_ASSERT(server->conn_count == 0);
    berth_net_timer_destroy(server->timer);
    berth_net_timer_destroy(server->drain_timer);
    forget_files(server);
    berth_sys_dir_close(server->static_dir);
    berth_sys_peers_finish(&server->peers);
    while (server->spare_phases != NULL) {
        struct berth_http_phase *phase = server->spare_phases;
        server->spare_phases = phase->next_spare;
        berth_free(phase);
    }
    berth_socket_free_spares(server);
    berth_deflate_destroy(server->deflate);
    berth_free(server);
    if (--team->size == 0)
        berth_team_destroy(team);
}

/* -- Accepting --------------------------------------------------------------------------------- */

bool berth_server_conn_more(struct berth_server *server, bool *ret_too_many) {
    uint64_t limit = server->options->limits.connections;
    size_t open = berth_team_conn_count(server->team);
    berth_count_add(&server->team->servers[0]->accepted, 1);
    *ret_too_many = open >= limit;
    if (open >= limit + REFUSED_MAX)
        return false;
    atomic_fetch_add(&server->conn_count, 1);
    return true;
}

static void on_accept(void *owner, struct berth_net_stream *stream) {
    struct berth_server *server = owner;
    bool too_many;
    if (berth_server_conn_more(server, &too_many))
        berth_conn_accept(server, stream, too_many);
    else
        berth_net_stream_close(stream);
}

static void on_socket(void *owner, berth_net_socket socket) {
    const struct berth_server *server = owner;
    berth_team_give(server->team, socket);
}

static void on_accept_error(void *owner, int error) {
    struct berth_server *server = owner;
    berth_log_write(server->options->log, BERTH_LOG_WARNING, "server.accept_failed",
                    "A connection waits, because it could not be accepted: %s. It is tried again "
                    "in 0.1 s.",
                    berth_error_text(error));
}

void berth_server_log_lost(struct berth_server *server, int error) {
    berth_log_write(server->options->log, BERTH_LOG_WARNING, "server.accept_failed",
                    "A connection had to be closed as soon as it came: %s.",
                    berth_error_text(error));
}

static void finish_drain(struct berth_server *server) {
    if (!server->drain_begun || server->drained || server->conn_count > 0 ||
        server->open_listeners > 0)
        return;
    server->drained = true;
    berth_net_timer_stop(server->timer);
    if (server->drain_timer != NULL)
        berth_net_timer_stop(server->drain_timer);
    forget_files(server);
    berth_team_server_ended(server);
}

static void on_listener_closed(void *owner) {
    struct berth_server *server = owner;
    server->open_listeners--;
    finish_drain(server);
}

int berth_server_listen(struct berth_server *server, berth_net_socket socket) {
    static const struct berth_net_listener_events alone = {
        .on_accept = on_accept,
        .on_error = on_accept_error,
        .on_closed = on_listener_closed,
    };
    static const struct berth_net_listener_events in_team = {
        .on_socket = on_socket,
        .on_error = on_accept_error,
        .on_closed = on_listener_closed,
    };
    BERTH_ASSERT(server->loop == 0 && server->listener_count < LISTENERS_MAX);
    int error = berth_net_listen(server->net, socket, server->team->size == 1 ? &alone : &in_team,
                                 server, &server->listeners[server->listener_count]);
    if (error < 0)
        return error;
    server->listener_count++;
    server->open_listeners++;
    return 0;
}

void berth_server_conn_less(struct berth_server *server) {
    atomic_fetch_sub(&server->conn_count, 1);
    finish_drain(server);
}

void berth_server_conn_gone(struct berth_server *server, struct berth_conn *conn) {
    if (conn->previous != NULL)
        conn->previous->next = conn->next;
    else
        server->conns = conn->next;
    if (conn->next != NULL)
        conn->next->previous = conn->previous;
    berth_free(conn);
    berth_server_conn_less(server);
}

/* -- State ------------------------------------------------------------------------------------- */

void berth_server_set_state(struct berth_server *server, enum berth_state state) {
    BERTH_ASSERT(state >= berth_server_state(server));
    atomic_store(&server->team->state, (int)state);
}

static void on_drain_timer(void *owner) {
    struct berth_server *server = owner;
    if (server->conn_count > 0)
        berth_log_write(server->options->log, BERTH_LOG_WARNING, "server.drain_timeout",
                        "%zu connections did not end within the drain time and are closed.",
                        atomic_load(&server->conn_count));
    for (struct berth_conn *conn = server->conns; conn != NULL; conn = conn->next)
        berth_conn_abort(conn);
    finish_drain(server);
}

void berth_server_drain_own(struct berth_server *server) {
    server->drain_begun = true;
    for (size_t i = 0; i < server->listener_count; i++)
        berth_net_listener_close(server->listeners[i]);
    server->listener_count = 0;
    for (struct berth_conn *conn = server->conns; conn != NULL; conn = conn->next)
        berth_conn_drain(conn);
    bool nothing_open = server->conn_count == 0 && server->open_listeners == 0;
    int error = berth_net_timer_create(server->net, on_drain_timer, server, &server->drain_timer);
    if (error < 0)
        on_drain_timer(server); /* no time can be measured, so none is given */
    else
        berth_net_timer_start(server->drain_timer,
                              nothing_open ? 0 : server->options->limits.drain_timeout_ms);
}

/* -- Log --------------------------------------------------------------------------------------- */

void berth_server_log_refusal(struct berth_server *server, const char *event, const char *what,
                              struct berth_view subject, const char *reason) {
    enum { most = 10, window_ms = 10000 };
    uint64_t now_ms = berth_net_now_ms(server->net);
    if (now_ms - server->refusals_since_ms >= window_ms || server->refusals == 0) {
        if (server->refusals > most)
            berth_log_write(server->options->log, BERTH_LOG_WARNING, "server.refused_more",
                            "%u more requests were refused in the last seconds.",
                            server->refusals - most);
        server->refusals = 0;
        server->refusals_since_ms = now_ms;
    }
    if (server->refusals++ < most)
        berth_log_write(server->options->log, BERTH_LOG_WARNING, event, "Refused (%s \"%.*s\"): %s",
                        what, subject.size > 200 ? 200 : (int)subject.size,
                        subject.size > 0 ? subject.data : "", reason);
}
