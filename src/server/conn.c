#include "server/internal.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hot.h"
#include "berth/error.h"

/* What may come while a connection waits: one piece that was under way, twice over. */
#define HELD_MAX (1u << 20)

/* -- Input ------------------------------------------------------------------------------------- */

static void forget_held(struct berth_conn *conn) {
    if (conn->held == NULL)
        return;
    berth_buf_free(conn->held);
    berth_free(conn->held);
    conn->held = NULL;
}

static void hold(struct berth_conn *conn, const uint8_t *bytes, size_t size) {
    if (conn->held == NULL) {
        conn->held = berth_alloc(sizeof *conn->held);
        if (conn->held != NULL)
            *conn->held = berth_buf_make(HELD_MAX);
    }
    if (conn->held == NULL || berth_buf_append(conn->held, bytes, size) < 0)
        berth_conn_abort(conn);
}

static size_t feed_unless_socket(struct berth_conn *conn, uint8_t *bytes, size_t size) {
    switch ((enum berth_conn_state)conn->state) {
    case BERTH_CONN_HTTP:
        return berth_conn_http_feed(conn, bytes, size);
    case BERTH_CONN_SOCKET:
    case BERTH_CONN_CLOSING:
        return berth_socket_feed(conn, bytes, size);
    case BERTH_CONN_SENDING:
        BERTH_ASSERT(conn->waiting);
        return 0;
    case BERTH_CONN_LINGER:
    case BERTH_CONN_DEAD:
        return size;
    }
    berth_assert_failed("state is one of enum berth_conn_state", __FILE__, __LINE__);
}

static inline size_t feed(struct berth_conn *conn, uint8_t *bytes, size_t size) {
    return conn->state == BERTH_CONN_SOCKET ? berth_socket_feed(conn, bytes, size)
                                            : feed_unless_socket(conn, bytes, size);
}

/* Everything that a peer sends comes through here. Answers gather in the server's batch and leave
 * in one write when the input is used up. */
BERTH_HOT static void read_input(struct berth_conn *conn, uint8_t *bytes, size_t size) {
    struct berth_server *server = conn->server;
    server->batch_conn = conn;
    server->batch.input = berth_view_bytes(bytes, size);
    do {
        size_t used = feed(conn, bytes, size);
        bytes += used;
        size -= used;
    } while (size > 0 && !conn->waiting);
    berth_socket_flush(conn);
    server->batch_conn = NULL;
    if (size > 0)
        hold(conn, bytes, size);
}

/* While we wait, what comes is held: it goes nowhere yet. */
static uint8_t *place(void *owner, size_t *ret_size) {
    struct berth_conn *conn = owner;
    return conn->state == BERTH_CONN_SOCKET && !conn->waiting ? berth_socket_place(conn, ret_size)
                                                              : NULL;
}

BERTH_HOT static void on_data(void *owner, uint8_t *data, size_t size) {
    struct berth_conn *conn = owner;
    /* Every byte is a sign of life; but a message that has begun keeps its time. */
    if (conn->state == BERTH_CONN_SOCKET && !conn->behind &&
        conn->deadline_kind != BERTH_DEADLINE_MESSAGE)
        berth_conn_expect(conn, BERTH_DEADLINE_PING);
    if (conn->waiting)
        hold(conn, data, size);
    else
        read_input(conn, data, size);
}

/* The peer has sent its FIN and all before it was read. */
static void end(struct berth_conn *conn) {
    switch ((enum berth_conn_state)conn->state) {
    case BERTH_CONN_HTTP:
        berth_conn_finish(conn);
        return;
    case BERTH_CONN_LINGER:
        if (berth_net_stream_pending(conn->stream) == 0)
            berth_conn_abort(conn);
        return;
    case BERTH_CONN_SOCKET: /* no close frame came before: the connection broke (1006) */
    case BERTH_CONN_CLOSING:
        berth_conn_abort(conn);
        return;
    case BERTH_CONN_SENDING:
    case BERTH_CONN_DEAD:
        return;
    }
}

static void on_end(void *owner) {
    struct berth_conn *conn = owner;
    conn->ended = true;
    if (!conn->waiting)
        end(conn);
}

/* -- Output ------------------------------------------------------------------------------------ */

BERTH_HOT void berth_conn_send(struct berth_conn *conn, const struct berth_view *parts,
                               size_t count) {
    if (conn->state == BERTH_CONN_DEAD)
        return;
    int error = berth_net_send(conn->stream, parts, count);
    if (error < 0 && error != BERTH_E_CLOSED) /* a stream that failed says so by itself */
        berth_conn_abort(conn);
}

void berth_conn_offer(struct berth_conn *conn, struct berth_view bytes, size_t *ret_taken) {
    if (conn->state != BERTH_CONN_DEAD && berth_net_offer(conn->stream, bytes, ret_taken) < 0)
        berth_conn_abort(conn);
}

void berth_conn_send_later(struct berth_conn *conn, const struct berth_view *parts, size_t count) {
    if (conn->state != BERTH_CONN_DEAD && berth_net_send_later(conn->stream, parts, count) < 0)
        berth_conn_abort(conn);
}

void berth_conn_wait(struct berth_conn *conn) {
    if (conn->waiting || conn->state == BERTH_CONN_DEAD)
        return;
    conn->waiting = true;
    if (conn->deadline_kind == BERTH_DEADLINE_MESSAGE) /* now it is we who do not read */
        berth_conn_expect(conn, BERTH_DEADLINE_PING);
    berth_net_stream_pause(conn->stream);
}

static void go_on(struct berth_conn *conn) {
    conn->waiting = false;
    struct berth_buf *held = conn->held;
    conn->held = NULL;
    if (held != NULL) {
        read_input(conn, (uint8_t *)held->data + held->start, held->size);
        berth_buf_free(held);
        berth_free(held);
    } else {
        /* A message's event may be due that needs no more bytes. But NULL is no place to count
         * from, not even by 0. */
        uint8_t nothing = 0;
        read_input(conn, &nothing, 0);
    }
    if (conn->waiting || conn->state == BERTH_CONN_DEAD)
        return;
    berth_net_stream_resume(conn->stream);
    if (conn->state == BERTH_CONN_SOCKET)
        berth_conn_expect(conn, BERTH_DEADLINE_PING);
    if (conn->ended)
        end(conn);
}

void berth_conn_release(struct berth_conn *conn) {
    conn->held_back = false;
    if (conn->waiting && berth_net_stream_pending(conn->stream) == 0)
        go_on(conn); /* else on_drained does */
}

static void on_drained(void *owner) {
    struct berth_conn *conn = owner;
    if (conn->state == BERTH_CONN_SENDING)
        berth_conn_http_drained(conn);
    if (conn->state == BERTH_CONN_LINGER) {
        if (conn->ended)
            berth_conn_abort(conn);
        else
            berth_conn_expect(conn, BERTH_DEADLINE_LINGER);
        return;
    }
    berth_slow_drained(conn);
    if (conn->waiting && !conn->held_back && conn->state != BERTH_CONN_SENDING)
        go_on(conn);
}

/* -- Both ends of it ------------------------------------------------------------------------------
 */

struct berth_ends *berth_conn_ends(struct berth_conn *conn) {
    if (conn->ends != NULL)
        return conn->ends;
    conn->ends = berth_alloc(sizeof *conn->ends);
    if (conn->ends != NULL)
        *conn->ends = (struct berth_ends){
            .local = berth_net_stream_local(conn->stream),
            .remote = berth_net_stream_remote(conn->stream),
            .peer = BERTH_ACCESS_PEER_UNKNOWN,
        };
    return conn->ends;
}

void berth_conn_forget_ends(struct berth_conn *conn) {
    berth_free(conn->ends);
    conn->ends = NULL;
}

/* -- Ends -------------------------------------------------------------------------------------- */

void berth_conn_finish(struct berth_conn *conn) {
    if (conn->state == BERTH_CONN_LINGER || conn->state == BERTH_CONN_DEAD)
        return;
    bool pending = berth_net_stream_pending(conn->stream) > 0;
    if (conn->ended && !pending) {
        berth_conn_abort(conn);
        return;
    }
    conn->state = BERTH_CONN_LINGER;
    forget_held(conn);
    if (conn->waiting) {
        conn->waiting = conn->held_back = false;
        berth_net_stream_resume(conn->stream);
    }
    berth_net_stream_shutdown(conn->stream);
    berth_conn_expect(conn, pending ? BERTH_DEADLINE_IDLE : BERTH_DEADLINE_LINGER);
}

void berth_conn_abort(struct berth_conn *conn) {
    if (conn->state == BERTH_CONN_DEAD)
        return;
    conn->state = BERTH_CONN_DEAD;
    berth_deadline_clear(&conn->deadline);
    berth_net_stream_close(conn->stream);
}

static uint32_t pending_of(const struct berth_conn *conn) {
    size_t pending = berth_net_stream_pending(conn->stream);
    return pending < UINT32_MAX ? (uint32_t)pending : UINT32_MAX;
}

/* While we do not read, no pong can be seen: what shows that the peer lives is that it takes what
 * is queued. One that others wait for has to show just that, whatever it sends. One that waits for
 * others cannot show anything, and is given time. */
static void check_progress(struct berth_conn *conn) {
    bool is_stuck = pending_of(conn) >= conn->pending_seen;
    if (conn->held_back && !conn->behind)
        berth_conn_expect(conn, BERTH_DEADLINE_PING);
    else if (conn->deadline_kind == BERTH_DEADLINE_PONG && is_stuck)
        berth_conn_abort(conn);
    else
        berth_conn_expect_progress(conn);
}

void berth_conn_expect_progress(struct berth_conn *conn) {
    conn->pending_seen = pending_of(conn);
    berth_conn_expect(conn, BERTH_DEADLINE_PONG);
}

void berth_conn_expired(struct berth_conn *conn) {
    switch ((enum berth_deadline_kind)conn->deadline_kind) {
    case BERTH_DEADLINE_REQUEST:
        berth_conn_http_fail(conn, 408, "The request did not arrive in time.");
        return;
    case BERTH_DEADLINE_IDLE:
        if (conn->state == BERTH_CONN_HTTP)
            berth_conn_finish(conn);
        else
            berth_conn_abort(conn);
        return;
    case BERTH_DEADLINE_PING:
        if (conn->waiting || conn->behind) {
            check_progress(conn);
        } else {
            berth_conn_expect(conn, BERTH_DEADLINE_PONG);
            berth_socket_ping(&conn->socket);
        }
        return;
    case BERTH_DEADLINE_PONG:
        if (conn->waiting || conn->behind)
            check_progress(conn);
        else
            berth_conn_abort(conn);
        return;
    case BERTH_DEADLINE_MESSAGE:
        berth_socket_late(conn);
        return;
    case BERTH_DEADLINE_CLOSE:
    case BERTH_DEADLINE_LINGER:
        berth_conn_abort(conn);
        return;
    case BERTH_DEADLINE_KINDS:
        break;
    }
    berth_assert_failed("deadline_kind is a kind", __FILE__, __LINE__);
}

void berth_conn_drain(struct berth_conn *conn) {
    if (conn->state == BERTH_CONN_SOCKET)
        berth_socket_close(&conn->socket, BERTH_WS_CLOSE_GOING_AWAY, "the server is stopping");
    else if (conn->state == BERTH_CONN_HTTP && conn->http == NULL)
        berth_conn_finish(conn);
    /* A request under way is answered, with Connection: close. */
    if (conn->held_back)
        berth_conn_release(conn);
}

static void on_error(void *owner, int error) {
    (void)error; /* a peer that goes away is no news */
    berth_conn_abort(owner);
}

static void on_closed(void *owner) {
    struct berth_conn *conn = owner;
    conn->state = BERTH_CONN_DEAD;
    berth_deadline_clear(&conn->deadline);
    if (conn->is_socket)
        berth_socket_gone(conn);
    if (conn->http != NULL)
        berth_conn_http_release(conn);
    forget_held(conn);
    berth_conn_forget_ends(conn);
    berth_server_conn_gone(conn->server, conn);
}

/* -- Begin ------------------------------------------------------------------------------------- */

void berth_conn_accept(struct berth_server *server, struct berth_net_stream *stream,
                       bool too_many) {
    static const struct berth_net_stream_events events = {
        .place = place,
        .on_data = on_data,
        .on_end = on_end,
        .on_drained = on_drained,
        .on_error = on_error,
        .on_closed = on_closed,
    };
    struct berth_conn *conn = berth_alloc(berth_compress_conn_size(server));
    if (conn == NULL) {
        berth_net_stream_close(stream);
        berth_server_conn_less(server);
        return;
    }
    conn->server = server;
    conn->stream = stream;
    conn->next = server->conns;
    if (conn->next != NULL)
        conn->next->previous = conn;
    server->conns = conn;
    berth_net_stream_start(stream, &events, conn);
    /* The policy on slow readers is ours (socket.c); this is the bound behind it: one whole message
     * on top of a queue that is nearly full, and the answers of one piece of input. */
    const struct berth_limits *limits = &server->options->limits;
    berth_net_stream_limit(stream,
                           limits->send_queue_size + limits->message_size + 4 * BERTH_BATCH_SIZE);
    berth_conn_expect(conn, BERTH_DEADLINE_IDLE);
    if (too_many)
        berth_conn_http_fail(conn, 503, "The server has as many connections as it may have.");
}
