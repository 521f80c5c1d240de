#include "server/internal.h"

#include "base/alloc.h"
#include "base/assert.h"

/* An answer's file leaves in pieces of this size: large enough that the calls cost little, small
 * enough to be read and sent from one place. */
#define FILE_PIECE BERTH_SCRATCH_SIZE

/* So much of a file leaves in one turn of the loop; then others have theirs, however fast the peer
 * reads. */
#define FILE_TURN ((size_t)16 * FILE_PIECE)

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
    berth_http_reader_init(&phase->reader, BERTH_HTTP_REQUESTS, phase->storage, storage,
                           &server->http_limits);
    return phase;
}

void berth_conn_http_release(struct berth_conn *conn) {
    struct berth_server *server = conn->server;
    struct berth_http_phase *phase = conn->http;
    conn->http = NULL;
    berth_sys_file_close(&phase->file);
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
    bool keep_alive = conn->http->keep_alive && conn->server->state != BERTH_STATE_DRAINING;
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
    size_t high = (size_t)conn->server->options->limits.send_queue_size / 4;
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

void berth_conn_http_send_file(struct berth_conn *conn, struct berth_view head) {
    struct berth_http_phase *phase = conn->http;
    char *piece = conn->server->scratch;
    size_t sent = 0;
    conn->state = BERTH_CONN_SENDING;
    do {
        uint64_t left = phase->file.size - phase->file_offset;
        size_t wanted = left < FILE_PIECE ? (size_t)left : FILE_PIECE;
        size_t got = 0;
        if (wanted > 0 &&
            (berth_sys_file_read_at(&phase->file, phase->file_offset, piece, wanted, &got) < 0 ||
             got == 0)) {
            berth_conn_abort(conn); /* shorter than promised: only a cut connection can say so */
            return;
        }
        phase->file_offset += got;
        struct berth_view parts[] = {head, {piece, got}};
        sent += got;
        if (sent < FILE_TURN || phase->file_offset == phase->file.size)
            berth_conn_send(conn, parts, 2);
        else
            berth_conn_send_later(conn, parts, 2);
        head.size = 0;
        if (conn->state != BERTH_CONN_SENDING)
            return;
        if (berth_net_stream_pending(conn->stream) > 0) {
            berth_conn_wait(conn);
            berth_conn_expect(conn, BERTH_DEADLINE_IDLE);
            return;
        }
    } while (phase->file_offset < phase->file.size);
    conn->state = BERTH_CONN_HTTP;
}

void berth_conn_http_drained(struct berth_conn *conn) {
    if (conn->http->file_offset < conn->http->file.size)
        berth_conn_http_send_file(conn, (struct berth_view){NULL, 0});
    else
        conn->state = BERTH_CONN_HTTP;
    if (conn->state == BERTH_CONN_HTTP)
        complete(conn);
}
