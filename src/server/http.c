#include "server/internal.h"

#include "base/alloc.h"
#include "base/assert.h"

/* An answer's file leaves in pieces of this size: large enough that the calls cost little, small
 * enough to be read and sent from one place. */
#define FILE_PIECE BERTH_SCRATCH_SIZE

/* So much of a file leaves in one turn of the loop; then others have theirs, however fast the peer
 * reads. */
#define FILE_TURN ((size_t)16 * FILE_PIECE)
#define MAPPED_TURN ((size_t)4 * 1024 * 1024)

/* -- The phase --------------------------------------------------------------------------------- */

static struct berth_http_phase *take_phase(struct berth_server *server) {
    struct berth_http_phase *phase = server->spare_phases;
    size_t storage = server->options->limits.head_size;
    if (phase != NULL) {
        server->spare_phases = phase->next_spare;
        server->spare_phase_count--;
    } else {
        phase = berth_alloc(sizeof *phase + storage);
        if (phase == NULL)
            return NULL;
        phase->storage = (char *)(phase + 1);
    }
    phase->head = NULL;
    phase->keep_alive = false;
    phase->file.handle = -1;
    phase->mapped = NULL;
    berth_http_reader_init(&phase->reader, BERTH_HTTP_REQUESTS, phase->storage, storage,
                           &server->http_limits);
    return phase;
}

void berth_conn_http_release(struct berth_conn *conn) {
    struct berth_server *server = conn->server;
    struct berth_http_phase *phase = conn->http;
    conn->http = NULL;
    berth_sys_file_close(&phase->file);
    if (phase->mapped != NULL)
        berth_file_cache_release(phase->mapped);
    phase->mapped = NULL;
    if (server->spare_phase_count >= BERTH_SPARE_PHASES) {
        berth_free(phase);
        return;
    }
    phase->next_spare = server->spare_phases;
    server->spare_phases = phase;
    server->spare_phase_count++;
}

/* -- Requests ---------------------------------------------------------------------------------- */

/* The answer is out: the next request, or the end. */
static void complete(struct berth_conn *conn) {
    bool keep_alive =
        conn->http->keep_alive && berth_server_state(conn->server) != BERTH_STATE_DRAINING;
    berth_conn_http_release(conn);
    conn->state = BERTH_CONN_HTTP;
    if (keep_alive)
        berth_conn_expect(conn, BERTH_DEADLINE_IDLE);
    else
        berth_conn_finish(conn);
}

static void begin(struct berth_conn *conn, const struct berth_http_head *head) {
    conn->http->head = head;
    conn->http->keep_alive = head->keep_alive;
    berth_conn_expect(conn, BERTH_DEADLINE_REQUEST); /* the body has the same time again */
    if (head->expect_continue)
        berth_conn_send(conn, &BERTH_VIEW("HTTP/1.1 100 Continue\r\n\r\n"), 1);
}

static void answer(struct berth_conn *conn) {
    berth_routes_answer(conn);
    if (conn->state == BERTH_CONN_HTTP)
        complete(conn);
}

size_t berth_conn_http_feed(struct berth_conn *conn, uint8_t *bytes, size_t size) {
    size_t high = conn->server->slow_mark;
    size_t used = 0;
    while (conn->state == BERTH_CONN_HTTP && used < size) {
        if (conn->http == NULL) {
            conn->http = take_phase(conn->server);
            if (conn->http == NULL) {
                berth_conn_abort(conn);
                return size;
            }
            berth_conn_expect(conn, BERTH_DEADLINE_REQUEST);
        }
        /* One request: its END may come without any bytes of its own. */
        struct berth_http_event event;
        do {
            used += berth_http_reader_feed(&conn->http->reader, bytes + used, size - used, &event);
            if (event.type == BERTH_HTTP_HEAD)
                begin(conn, event.head);
        } while (event.type == BERTH_HTTP_HEAD || event.type == BERTH_HTTP_BODY);

        if (event.type == BERTH_HTTP_FAIL) {
            berth_conn_http_fail(conn, event.status, event.reason);
            return size;
        }
        if (event.type == BERTH_HTTP_END)
            answer(conn);
        if (conn->state == BERTH_CONN_HTTP && berth_net_stream_pending(conn->stream) > high) {
            berth_conn_wait(conn); /* requests without end, and answers that nobody reads */
            return used;
        }
    }
    return used;
}

void berth_conn_http_fail(struct berth_conn *conn, int status, const char *reason) {
    if (conn->http != NULL)
        conn->http->keep_alive = false;
    berth_answer_text(conn, status, reason);
    if (conn->http != NULL)
        berth_conn_http_release(conn);
    berth_conn_finish(conn);
}

/* -- Files ------------------------------------------------------------------------------------- */

/* Reads the next piece of the file into the scratch. */
static bool read_piece(struct berth_conn *conn, size_t wanted) {
    struct berth_http_phase *phase = conn->http;
    size_t got = 0;
    return berth_sys_file_read_at(&phase->file, phase->file_offset, conn->server->scratch, wanted,
                                  &got) == 0 &&
           got == wanted;
}

/* One piece: with the head in front, all of it is sent; else what the peer takes. In the last one
 * of a turn, the queue takes it, so that others have their turn first. */
static void send_piece(struct berth_conn *conn, struct berth_view head, size_t size, bool is_last) {
    struct berth_http_phase *phase = conn->http;
    struct berth_view piece = {conn->server->scratch, size};
    size_t taken = size;
    if (head.size > 0)
        berth_conn_send(conn, (struct berth_view[]){head, piece}, 2);
    else if (is_last)
        berth_conn_send_later(conn, &piece, 1);
    else
        berth_conn_offer(conn, piece, &taken);
    phase->file_offset += taken;
}

/* More is to be sent, when there is room or the others have had their turn. */
static void wait_for_room(struct berth_conn *conn) {
    berth_conn_wait(conn);
    berth_conn_expect(conn, BERTH_DEADLINE_IDLE);
}

static void send_read(struct berth_conn *conn, struct berth_view head) {
    struct berth_http_phase *phase = conn->http;
    size_t sent = 0;
    do {
        uint64_t left = phase->file_end - phase->file_offset;
        size_t wanted = left < FILE_PIECE ? (size_t)left : FILE_PIECE;
        if (wanted > 0 && !read_piece(conn, wanted)) {
            berth_conn_abort(conn); /* shorter than promised: only a cut connection can say so */
            return;
        }
        sent += wanted;
        send_piece(conn, head, wanted, sent >= FILE_TURN && wanted < left);
        head.size = 0;
        if (conn->state != BERTH_CONN_SENDING)
            return;
        if (berth_net_stream_pending(conn->stream) > 0) {
            wait_for_room(conn);
            return;
        }
    } while (phase->file_offset < phase->file_end);
    conn->state = BERTH_CONN_HTTP;
}

/* A turn of what is mapped. The system alone looks at the bytes: that the file has shrunk is a
 * failure of the connection. */
static void send_mapped(struct berth_conn *conn, struct berth_view head) {
    struct berth_http_phase *phase = conn->http;
    if (head.size > 0)
        berth_conn_send(conn, &head, 1);
    if (conn->state != BERTH_CONN_SENDING)
        return;
    uint64_t left = phase->file_end - phase->file_offset;
    struct berth_view piece = {phase->mapped->bytes + phase->file_offset,
                               left < MAPPED_TURN ? (size_t)left : MAPPED_TURN};
    size_t taken = 0;
    if (berth_net_stream_pending(conn->stream) == 0 && left > 0)
        berth_conn_offer(conn, piece, &taken);
    if (conn->state != BERTH_CONN_SENDING)
        return;
    phase->file_offset += taken;
    if (phase->file_offset == phase->file_end && berth_net_stream_pending(conn->stream) == 0) {
        conn->state = BERTH_CONN_HTTP;
        return;
    }
    if (taken == piece.size && berth_net_stream_pending(conn->stream) == 0)
        berth_net_want(conn->stream);
    wait_for_room(conn);
}

void berth_conn_http_send_file(struct berth_conn *conn, struct berth_view head) {
    conn->state = BERTH_CONN_SENDING;
    if (conn->http->mapped != NULL)
        send_mapped(conn, head);
    else
        send_read(conn, head);
}

void berth_conn_http_drained(struct berth_conn *conn) {
    if (conn->http->file_offset < conn->http->file_end)
        berth_conn_http_send_file(conn, (struct berth_view){NULL, 0});
    else
        conn->state = BERTH_CONN_HTTP;
    if (conn->state == BERTH_CONN_HTTP)
        complete(conn);
}
