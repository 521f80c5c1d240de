/* Peers that read more slowly than others send to them: what their route says is done. */
#include "server/internal.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "berth/error.h"

#include <string.h>

#define CLOSE_TOO_SLOW 4408

/* Frames that wait in front of the send queue, the oldest first, each behind its size. What is in
 * the send queue has been begun and cannot be taken back; what is here can be dropped. */
struct berth_backlog {
    struct berth_buf frames;
    bool dropping; /* it was said once */
};

static size_t limit_of(const struct berth_socket *socket) {
    return (size_t)berth_socket_conn(socket)->server->options->limits.send_queue_size;
}

static size_t mark_of(const struct berth_socket *socket) {
    return berth_socket_conn(socket)->server->slow_mark;
}

/* -- Close ------------------------------------------------------------------------------------- */

static int close_it(struct berth_socket *socket, size_t waiting) {
    berth_log_write(berth_socket_conn(socket)->server->options->log, BERTH_LOG_WARNING,
                    "socket.too_slow",
                    "A client of %s reads too slowly: %zu bytes wait for it. Its connection is "
                    "closed (4408).",
                    socket->route->path, waiting);
    berth_socket_close(socket, CLOSE_TOO_SLOW, "reading too slowly");
    return BERTH_E_FULL;
}

/* -- Drop the oldest --------------------------------------------------------------------------- */

static size_t first_size(const struct berth_buf *frames) {
    size_t size;
    BERTH_ASSERT(frames->size >= sizeof size);
    memcpy(&size, frames->data + frames->start, sizeof size);
    return size;
}

static void drop_oldest(struct berth_socket *socket) {
    struct berth_backlog *backlog = socket->backlog;
    struct berth_server *server = berth_socket_conn(socket)->server;
    berth_buf_consume(&backlog->frames, sizeof(size_t) + first_size(&backlog->frames));
    berth_count_add(&server->messages_dropped, 1);
    if (!backlog->dropping)
        berth_log_write(server->options->log, BERTH_LOG_WARNING, "socket.dropping",
                        "A client of %s reads too slowly: it misses the oldest of the messages "
                        "that wait for it.",
                        socket->route->path);
    backlog->dropping = true;
}

void berth_slow_forget(struct berth_socket *socket) {
    if (socket->backlog == NULL)
        return;
    berth_buf_free(&socket->backlog->frames);
    berth_free(socket->backlog);
    socket->backlog = NULL;
}

static bool make_backlog(struct berth_socket *socket) {
    if (socket->backlog == NULL)
        socket->backlog = berth_alloc(sizeof *socket->backlog);
    if (socket->backlog == NULL)
        return false;
    if (socket->backlog->frames.max == 0) /* the bound is in keep(): the limit, or one message */
        socket->backlog->frames = berth_buf_make(SIZE_MAX / 2);
    return true;
}

/* Puts a frame behind those that wait, and drops as many of the oldest as it takes. */
static int keep(struct berth_socket *socket, const struct berth_socket_frame *frame) {
    size_t size = frame->head_size + frame->payload.size;
    if (!make_backlog(socket))
        return BERTH_E_MEMORY;
    struct berth_buf *frames = &socket->backlog->frames;
    while (frames->size > 0 && frames->size + sizeof size + size > limit_of(socket))
        drop_oldest(socket);
    int error = berth_buf_reserve(frames, sizeof size + size);
    if (error == 0)
        error = berth_buf_append(frames, &size, sizeof size);
    if (error == 0)
        error = berth_buf_append(frames, frame->head, frame->head_size);
    if (error == 0)
        error = berth_buf_append(frames, frame->payload.data, frame->payload.size);
    return error;
}

static void refill(struct berth_socket *socket) {
    struct berth_conn *conn = berth_socket_conn(socket);
    struct berth_buf *frames = &socket->backlog->frames;
    while (frames->size > 0 && conn->state == BERTH_CONN_SOCKET &&
           berth_net_stream_pending(conn->stream) <= mark_of(socket)) {
        size_t size = first_size(frames);
        struct berth_view frame = {frames->data + frames->start + sizeof size, size};
        berth_conn_send(conn, &frame, 1);
        berth_count_add(&conn->server->messages_out, 1);
        berth_buf_consume(frames, sizeof size + size);
    }
    if (frames->size == 0 || conn->state != BERTH_CONN_SOCKET)
        berth_slow_forget(socket);
}

/* -- Pause the writer -------------------------------------------------------------------------- */

/* The writer is who is being read now. Nobody is when a backend sends by itself. */
static void hold_writer(struct berth_conn *reader) {
    struct berth_server *server = reader->server;
    struct berth_conn *writer = server->batch_conn;
    /* A peer that is in its own way waits by itself (berth_socket_feed). One in another loop waits
     * because what it sends is not told any more (relay.c). */
    bool is_here = writer != NULL && writer != reader && writer->is_socket;
    if (!is_here && !server->relaying)
        return;
    if (!reader->behind) {
        berth_conn_expect_progress(reader);
        reader->behind = true;
        server->behind_count++;
    }
    if (is_here)
        writer->held_back = true;
}

bool berth_slow_is_somebody_behind(const struct berth_server *server,
                                   const struct berth_server_route *route) {
    if (server->behind_count == 0)
        return false;
    for (const struct berth_conn *conn = server->conns; conn != NULL; conn = conn->next)
        if (conn->behind && conn->is_socket && conn->socket.route == route)
            return true;
    return false;
}

/* A walk over all connections, but only when one that others waited for has caught up. */
void berth_slow_release(struct berth_server *server, const struct berth_server_route *route) {
    if (berth_slow_is_somebody_behind(server, route) || berth_relay_is_crowded(server, route))
        return;
    for (struct berth_conn *conn = server->conns; conn != NULL; conn = conn->next)
        if (conn->held_back && conn->is_socket && conn->socket.route == route)
            berth_conn_release(conn);
}

void berth_slow_caught_up(struct berth_conn *reader) {
    struct berth_server *server = reader->server;
    if (!reader->behind)
        return;
    reader->behind = false;
    server->behind_count--;
    if (reader->state == BERTH_CONN_SOCKET)
        berth_conn_expect(reader, BERTH_DEADLINE_PING);
    berth_relay_run(server, reader->socket.route);
    berth_slow_release(server, reader->socket.route);
}

/* -- Both ways --------------------------------------------------------------------------------- */

/* Hot. */
int berth_slow_admit(struct berth_socket *socket, const struct berth_socket_frame *frame) {
    size_t waiting = berth_socket_queued(berth_socket_conn(socket));
    size_t size = waiting + frame->head_size + frame->payload.size;
    switch (socket->route->slow) {
    case BERTH_SLOW_CLOSE:
        break;
    case BERTH_SLOW_DROP_OLDEST:
        if (socket->backlog == NULL && (waiting == 0 || size <= mark_of(socket)))
            return 0;
        int error = keep(socket, frame);
        if (error < 0)
            berth_socket_close(socket, BERTH_WS_CLOSE_INTERNAL_ERROR, "out of memory");
        return error < 0 ? error : 1;
    case BERTH_SLOW_PAUSE_WRITER:
        if (waiting > 0 && size > mark_of(socket))
            hold_writer(berth_socket_conn(socket));
        break;
    }
    return waiting > 0 && size > limit_of(socket) ? close_it(socket, waiting) : 0;
}

void berth_slow_drained(struct berth_conn *conn) {
    if (!conn->is_socket)
        return;
    if (conn->socket.backlog != NULL)
        refill(&conn->socket);
    if (berth_net_stream_pending(conn->stream) == 0)
        berth_slow_caught_up(conn);
}
