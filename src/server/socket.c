#include "server/internal.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/hot.h"
#include "berth/error.h"
#include "proto/http_writer.h"

#include <string.h>

/* With more than this waiting for a peer, it is read no further: what it sends would only be copied
 * behind it (measured with four messages of 1 MiB on the way: a quarter less time than without). */
#define OWN_QUEUE_MAX ((size_t)64 * 1024)

/* -- Sending ----------------------------------------------------------------------------------- */

static bool is_batching(const struct berth_conn *conn) { return conn->server->batch_conn == conn; }

void berth_socket_batch_clear(struct berth_server *server) {
    server->batch.part_count = 0;
    server->batch.memory_size = 0;
    server->batch.size = 0;
}

BERTH_HOT void berth_socket_flush(struct berth_conn *conn) {
    struct berth_server *server = conn->server;
    size_t count = server->batch.part_count;
    if (!is_batching(conn) || count == 0)
        return;
    berth_socket_batch_clear(server);
    berth_conn_send(conn, server->batch.parts, count);
}

static inline void add_part(struct berth_batch *batch, struct berth_view part) {
    struct berth_view *last = batch->part_count > 0 ? &batch->parts[batch->part_count - 1] : NULL;
    batch->size += part.size;
    if (last != NULL && last->data + last->size == part.data)
        last->size += part.size;
    else if (part.size > 0)
        batch->parts[batch->part_count++] = part;
}

static void copy_part(struct berth_batch *batch, struct berth_view part) {
    char *to = batch->memory + batch->memory_size;
    if (part.size > 0)
        memcpy(to, part.data, part.size);
    batch->memory_size += part.size;
    add_part(batch, (struct berth_view){to, part.size});
}

static bool lies_in_input(const struct berth_batch *batch, struct berth_view payload) {
    uintptr_t input = (uintptr_t)batch->input.data, at = (uintptr_t)payload.data;
    return at >= input && at - input < batch->input.size;
}

/* Frames gather in the batch. A small payload is copied; a large one that lies in the input, as an
 * echo's does, stays there until the flush (measured: a third less time for 16 KiB messages); one
 * that lies elsewhere and is too large to be copied leaves at once. */
static void put_frame(struct berth_conn *conn, struct berth_view head, struct berth_view payload) {
    struct berth_batch *batch = &conn->server->batch;
    if (!is_batching(conn)) {
        struct berth_view parts[] = {head, payload};
        berth_conn_send(conn, parts, 2);
        return;
    }
    bool stays = payload.size >= BERTH_BATCH_LOAN_MIN && lies_in_input(batch, payload);
    size_t copied = head.size + (stays ? 0 : payload.size);
    if (copied > sizeof batch->memory - batch->memory_size ||
        batch->part_count + 2 > BERTH_BATCH_PARTS)
        berth_socket_flush(conn);
    copy_part(batch, head);
    if (stays || copied > sizeof batch->memory)
        add_part(batch, payload);
    else
        copy_part(batch, payload);
    if (!stays && copied > sizeof batch->memory)
        berth_socket_flush(conn);
}

static void put_control(struct berth_conn *conn, enum berth_ws_opcode opcode,
                        struct berth_view payload) {
    uint8_t head[BERTH_WS_HEAD_MAX];
    size_t size = berth_ws_frame_head(head, opcode, true, payload.size, NULL);
    put_frame(conn, berth_view_bytes(head, size), payload);
}

static void put_close(struct berth_conn *conn, uint16_t code, struct berth_view reason) {
    uint8_t payload[BERTH_WS_CONTROL_MAX];
    size_t size = berth_ws_close_payload(payload, code, reason);
    put_control(conn, BERTH_WS_OPCODE_CLOSE, berth_view_bytes(payload, size));
}

void berth_socket_ping(struct berth_socket *socket) {
    put_control(berth_socket_conn(socket), BERTH_WS_OPCODE_PING, (struct berth_view){NULL, 0});
}

struct berth_socket_frame berth_socket_frame_make(enum berth_ws_opcode opcode, const void *data,
                                                  size_t size) {
    struct berth_socket_frame frame = {.payload = berth_view_bytes(data, size)};
    frame.head_size = berth_ws_frame_head(frame.head, opcode, true, size, NULL);
    return frame;
}

int berth_socket_send_frame(struct berth_socket *socket, struct berth_socket_frame *frame) {
    struct berth_conn *conn = berth_socket_conn(socket);
    if (conn->state != BERTH_CONN_SOCKET)
        return BERTH_E_CLOSED;
    struct berth_socket_frame memory;
    const struct berth_socket_frame *sent = berth_compress_frame(socket, frame, &memory);
    int status = berth_slow_admit(socket, sent);
    if (status != 0)
        return status < 0 ? status : 0;
    berth_count_add(&conn->server->messages_out, 1);
    put_frame(conn, berth_view_bytes(sent->head, sent->head_size), sent->payload);
    return conn->state == BERTH_CONN_DEAD ? BERTH_E_MEMORY : 0;
}

/* A small message is copied behind what is in the batch. */
static inline bool put_copy(struct berth_batch *batch, enum berth_ws_opcode opcode,
                            struct berth_view payload) {
    if (BERTH_WS_HEAD_MAX + payload.size > sizeof batch->memory - batch->memory_size)
        return false;
    char *to = batch->memory + batch->memory_size;
    size_t head = berth_ws_frame_head((uint8_t *)to, opcode, true, payload.size, NULL);
    if (payload.size > 0)
        memcpy(to + head, payload.data, payload.size);
    batch->memory_size += head + payload.size;
    add_part(batch, (struct berth_view){to, head + payload.size});
    return true;
}

/* The echo of a large one stays where the message lies, and its head is written where the message's
 * was: as that one has a mask, and ours has none, there is room, once. A single part leaves by a
 * simpler call than two do, which is 2 % at 16 KiB. */
static inline bool put_over(struct berth_batch *batch, enum berth_ws_opcode opcode,
                            struct berth_view payload) {
    if (payload.data != batch->whole || payload.size > UINT16_MAX)
        return false;
    uint8_t head[BERTH_WS_HEAD_MAX];
    size_t size = berth_ws_frame_head(head, opcode, true, payload.size, NULL);
    char *to = (char *)(uintptr_t)payload.data - size;
    memcpy(to, head, size);
    batch->whole = NULL;
    add_part(batch, (struct berth_view){to, size + payload.size});
    return true;
}

/* What nearly all messages are: to the peer that is being read, with nothing in their way. Gives
 * false for all others. */
static inline bool put_plain(struct berth_socket *socket, enum berth_ws_opcode opcode,
                             struct berth_view payload) {
    struct berth_conn *conn = berth_socket_conn(socket);
    struct berth_server *server = conn->server;
    struct berth_batch *batch = &server->batch;
    if (!is_batching(conn) || conn->state != BERTH_CONN_SOCKET ||
        (conn->window != 0 && payload.size >= server->options->compression_min) ||
        batch->part_count == BERTH_BATCH_PARTS || socket->backlog != NULL ||
        batch->size + BERTH_WS_HEAD_MAX + payload.size > server->slow_mark ||
        berth_net_stream_pending(conn->stream) > 0)
        return false;
    bool put = payload.size < BERTH_BATCH_LOAN_MIN ? put_copy(batch, opcode, payload)
                                                   : put_over(batch, opcode, payload);
    if (put)
        berth_count_add(&server->messages_out, 1);
    return put;
}

BERTH_APART static int send_one(struct berth_socket *socket, enum berth_ws_opcode opcode,
                                const void *data, size_t size) {
    struct berth_socket_frame frame = berth_socket_frame_make(opcode, data, size);
    return berth_socket_send_frame(socket, &frame);
}

BERTH_HOT int berth_socket_send(struct berth_socket *socket, enum berth_ws_opcode opcode,
                                const void *data, size_t size) {
    return put_plain(socket, opcode, berth_view_bytes(data, size))
               ? 0
               : send_one(socket, opcode, data, size);
}

void berth_socket_close(struct berth_socket *socket, uint16_t code, const char *reason) {
    struct berth_conn *conn = berth_socket_conn(socket);
    if (conn->state != BERTH_CONN_SOCKET)
        return;
    put_close(conn, code, berth_view_of(reason));
    if (conn->state != BERTH_CONN_SOCKET) /* the write failed */
        return;
    conn->state = BERTH_CONN_CLOSING;
    berth_conn_expect(conn, BERTH_DEADLINE_CLOSE);
}

void berth_socket_set_data(struct berth_socket *socket, void *data) { socket->data = data; }

void *berth_socket_data(const struct berth_socket *socket) { return socket->data; }

/* -- Messages that come in parts --------------------------------------------------------------- */

static bool take_parts(struct berth_socket *socket) {
    struct berth_server *server = berth_socket_conn(socket)->server;
    struct berth_parts *parts = server->spare_parts;
    if (socket->parts != NULL)
        return true;
    if (parts != NULL) {
        server->spare_parts = parts->next_spare;
        server->spare_parts_count--;
    } else {
        parts = berth_alloc(sizeof *parts);
        if (parts == NULL)
            return false;
        uint64_t max = berth_ws_compressed_max(server->options->limits.message_size);
        parts->message = berth_buf_make((size_t)max);
    }
    socket->parts = parts;
    return true;
}

static void free_parts(struct berth_parts *parts) {
    berth_buf_free(&parts->message);
    berth_free(parts);
}

void berth_socket_free_spares(struct berth_server *server) {
    while (server->spare_parts != NULL) {
        struct berth_parts *parts = server->spare_parts;
        server->spare_parts = parts->next_spare;
        free_parts(parts);
    }
}

/* Where nothing is under way any more. */
static void give_parts(struct berth_socket *socket) {
    struct berth_server *server = berth_socket_conn(socket)->server;
    struct berth_parts *parts = socket->parts;
    if (parts == NULL || parts->message.size > 0 || !berth_ws_decoder_leave_room(&socket->decoder))
        return;
    socket->parts = NULL;
    if (parts->message.capacity > BERTH_SPARE_MESSAGE_SIZE ||
        server->spare_parts_count >= BERTH_SPARE_PARTS) {
        free_parts(parts);
        return;
    }
    parts->next_spare = server->spare_parts;
    server->spare_parts = parts;
    server->spare_parts_count++;
}

/* The rest of a large frame is received right where its message is put together. With less than
 * this to come, memory that all connections share, and that is still in the processor's cache, is
 * better. */
#define PLACE_MIN ((size_t)32 * 1024)

/* Behind a large message another one is likely: of the shared memory so much is used, which is
 * enough for its head, and for all of one that is small after all. */
#define BEFORE_LARGE ((size_t)4 * 1024)

/* From a large message on, to the next one that is not, berth_socket_place is asked. */
static inline void set_large(struct berth_conn *conn, bool sends_large) {
    if (conn->sends_large == sends_large)
        return;
    conn->sends_large = sends_large;
    berth_net_stream_choose(conn->stream, sends_large);
}

uint8_t *berth_socket_place(struct berth_conn *conn, size_t *ret_size) {
    struct berth_socket *socket = &conn->socket;
    uint64_t rest = berth_ws_decoder_rest(&socket->decoder);
    if (rest == 0 && *ret_size > BEFORE_LARGE)
        *ret_size = BEFORE_LARGE;
    if (rest < PLACE_MIN || socket->parts == NULL)
        return NULL;
    struct berth_buf *message = &socket->parts->message;
    size_t size = rest < *ret_size ? (size_t)rest : *ret_size;
    if (berth_buf_reserve(message, size) < 0) /* on_run says so, if it is still so then */
        return NULL;
    *ret_size = size;
    return (uint8_t *)message->data + message->start + message->size;
}

/* A run joins its message, where it may lie already. */
static int add_run(struct berth_conn *conn, struct berth_buf *message, struct berth_view run) {
    size_t used = message->start + message->size;
    if (message->data == NULL || run.data != message->data + used ||
        run.size > message->capacity - used)
        return berth_buf_append(message, run.data, run.size);
    /* What is sent of it is no loan from the input: the message's memory may go before the batch.
     */
    conn->server->batch.input.size = 0;
    message->size += run.size;
    return 0;
}

static inline void deliver(struct berth_socket *socket, enum berth_ws_opcode opcode,
                           struct berth_view message) {
    berth_count_add(&berth_socket_conn(socket)->server->messages_in, 1);
    socket->route->handler->message(socket->route->handler_owner, socket, opcode, message);
}

static void on_fail(struct berth_socket *socket, const struct berth_ws_event *event);

static void deliver_compressed(struct berth_socket *socket, enum berth_ws_opcode opcode,
                               struct berth_view payload) {
    struct berth_view message;
    struct berth_ws_event fault;
    if (!berth_compress_open(socket, opcode, payload, &message, &fault)) {
        on_fail(socket, &fault);
        return;
    }
    deliver(socket, opcode, message);
    berth_deflate_unpacked(berth_socket_conn(socket)->server->deflate);
}

/* The decoder keeps a message within its limit, so only memory can be missing here. */
static void on_run(struct berth_socket *socket, const struct berth_ws_event *event) {
    void (*pass_on)(struct berth_socket *, enum berth_ws_opcode, struct berth_view) =
        event->compressed ? deliver_compressed : deliver;
    if (event->first && event->last) {
        set_large(berth_socket_conn(socket), false);
        pass_on(socket, event->opcode, event->data);
        return;
    }
    if (!take_parts(socket) ||
        add_run(berth_socket_conn(socket), &socket->parts->message, event->data) < 0) {
        berth_socket_close(socket, BERTH_WS_CLOSE_INTERNAL_ERROR, "out of memory");
        return;
    }
    if (!event->last)
        return;
    struct berth_buf *message = &socket->parts->message;
    pass_on(socket, event->opcode, berth_buf_view(message));
    message->start = message->size = 0;
    give_parts(socket);
}

static void make_room(struct berth_socket *socket) {
    if (take_parts(socket))
        berth_ws_decoder_set_room(&socket->decoder, socket->parts->control);
    else
        berth_conn_abort(berth_socket_conn(socket));
}

/* -- Reading ----------------------------------------------------------------------------------- */

static void on_peer_close(struct berth_socket *socket, const struct berth_ws_event *event) {
    struct berth_conn *conn = berth_socket_conn(socket);
    if (conn->state == BERTH_CONN_SOCKET)
        put_close(conn, event->code, (struct berth_view){NULL, 0});
    berth_socket_flush(conn);
    berth_conn_finish(conn);
}

/* RFC 6455 7.1.7: say why, then end; the peer's stream cannot be read any further. */
static void on_fail(struct berth_socket *socket, const struct berth_ws_event *event) {
    struct berth_conn *conn = berth_socket_conn(socket);
    berth_log_write(conn->server->options->log, BERTH_LOG_INFO, "socket.failed",
                    "A client of %s broke the protocol and is closed (%u): %.*s.",
                    socket->route->path, event->code, BERTH_VIEW_ARG(event->data));
    if (conn->state == BERTH_CONN_SOCKET)
        put_close(conn, event->code, event->data);
    berth_socket_flush(conn);
    berth_conn_finish(conn);
}

static void on_event(struct berth_socket *socket, const struct berth_ws_event *event) {
    struct berth_conn *conn = berth_socket_conn(socket);
    switch (event->type) {
    case BERTH_WS_EVENT_NONE:
        return;
    case BERTH_WS_EVENT_PONG: /* any byte from the peer has moved the deadline already */
        give_parts(socket);
        return;
    case BERTH_WS_EVENT_DATA:
        if (conn->state == BERTH_CONN_SOCKET)
            on_run(socket, event);
        return;
    case BERTH_WS_EVENT_PING:
        if (conn->state == BERTH_CONN_SOCKET)
            put_control(conn, BERTH_WS_OPCODE_PONG, event->data);
        give_parts(socket);
        return;
    case BERTH_WS_EVENT_ROOM:
        make_room(socket);
        return;
    case BERTH_WS_EVENT_CLOSE:
        on_peer_close(socket, event);
        return;
    case BERTH_WS_EVENT_FAIL:
        on_fail(socket, event);
        return;
    }
    berth_assert_failed("type is one of enum berth_ws_event_type", __FILE__, __LINE__);
}

void berth_socket_late(struct berth_conn *conn) {
    const struct berth_ws_event event = {
        .code = BERTH_WS_CLOSE_POLICY_VIOLATION,
        .data = BERTH_VIEW("a message that takes too long"),
    };
    on_fail(&conn->socket, &event);
}

/* What is under way has MESSAGE_TIMEOUT from its begin on: its own bytes put nothing off, and those
 * of pings between its fragments do not either. `ended`: something that was under way has come to
 * its end. */
static void time_message(struct berth_conn *conn, bool ended) {
    if (conn->state != BERTH_CONN_SOCKET || conn->behind)
        return;
    if (ended && conn->deadline_kind == BERTH_DEADLINE_MESSAGE)
        berth_conn_expect(conn, BERTH_DEADLINE_PING);
    if (conn->deadline_kind != BERTH_DEADLINE_MESSAGE &&
        berth_ws_decoder_is_amid(&conn->socket.decoder))
        berth_conn_expect(conn, BERTH_DEADLINE_MESSAGE);
}

static bool is_end(const struct berth_socket *socket, const struct berth_ws_event *event) {
    return event->type != BERTH_WS_EVENT_NONE && event->type != BERTH_WS_EVENT_ROOM &&
           socket->decoder.message_opcode == BERTH_WS_OPCODE_CONTINUATION;
}

/* So much may wait for a peer that is read. */
static inline size_t high_of(const struct berth_conn *conn) {
    size_t mark = conn->server->slow_mark;
    return mark < OWN_QUEUE_MAX ? mark : OWN_QUEUE_MAX;
}

/* Does so much wait for the peer that it is to be read no further? Called when more than `high` was
 * sent to it. What was sent stays in the batch until the input is used up: few large writes cost
 * less than many (a sixth of the time at 16 KiB); but the batch is not to pass for a queue. */
static bool is_behind(struct berth_conn *conn, size_t high, bool used_up) {
    if (used_up || berth_socket_queued(conn) > conn->server->slow_mark)
        berth_socket_flush(conn);
    return conn->state == BERTH_CONN_SOCKET && berth_net_stream_pending(conn->stream) > high;
}

/* May the next message be read? If not, the connection is at its end, or waits. */
static bool may_go_on(struct berth_conn *conn, bool used_up) {
    size_t high = high_of(conn);
    if (conn->state == BERTH_CONN_LINGER || conn->state == BERTH_CONN_DEAD)
        return false;
    bool waits =
        conn->held_back || (berth_socket_queued(conn) > high && is_behind(conn, high, used_up));
    if (waits)
        berth_conn_wait(conn);
    return !waits;
}

/* Reads what comes, whatever it is; `used` is how much of it was read already. */
BERTH_APART static size_t feed_any(struct berth_conn *conn, uint8_t *bytes, size_t size,
                                   size_t used) {
    struct berth_socket *socket = &conn->socket;
    bool ended = false, used_up = false;
    struct berth_ws_event event;
    if (used > 0 && !may_go_on(conn, used == size))
        return conn->waiting ? used : size;
    while (!used_up) {
        used += berth_ws_decoder_feed(&socket->decoder, bytes + used, size - used, &event);
        on_event(socket, &event);
        ended = ended || is_end(socket, &event);
        used_up = event.type == BERTH_WS_EVENT_NONE ||
                  (used == size && berth_ws_decoder_is_quiet(&socket->decoder));
        if (!may_go_on(conn, used_up))
            return conn->waiting ? used : size;
    }
    time_message(conn, ended);
    if (socket->parts != NULL && berth_ws_decoder_rest(&socket->decoder) >= PLACE_MIN)
        set_large(conn, true);
    return used;
}

/* Nothing is in the way of its next message. */
static inline bool is_at_ease(const struct berth_conn *conn) {
    return conn->state == BERTH_CONN_SOCKET && !conn->held_back &&
           berth_socket_queued(conn) <= high_of(conn);
}

/* Whole messages come first, one after the other, as long as there is nothing else. */
BERTH_HOT size_t berth_socket_feed(struct berth_conn *conn, uint8_t *bytes, size_t size) {
    struct berth_socket *socket = &conn->socket;
    struct berth_batch *batch = &conn->server->batch;
    uint8_t *at = bytes, *end = bytes + size;
    while (conn->state == BERTH_CONN_SOCKET) {
        struct berth_view message =
            berth_ws_decoder_feed_whole(&socket->decoder, at, (size_t)(end - at));
        if (message.data == NULL)
            break;
        set_large(conn, false);
        batch->whole = message.data;
        deliver(socket, berth_ws_opcode_of(*at), message);
        batch->whole = NULL;
        at = (uint8_t *)(uintptr_t)message.data + message.size;
        if (!is_at_ease(conn))
            break;
        if (at == end)
            return size;
    }
    return feed_any(conn, bytes, size, (size_t)(at - bytes));
}

/* -- Begin and end ----------------------------------------------------------------------------- */

static int check_handshake(const struct berth_http_head *head, struct berth_ws_request *ret_request,
                           struct berth_view *ret_reason) {
    struct berth_ws_request request = {
        .method = head->method_name,
        .http_minor = head->version_minor,
    };
    for (size_t i = 0; i < head->field_count; i++)
        berth_ws_request_field(&request, berth_http_head_field_name(head, i),
                               berth_http_head_field_value(head, i));
    *ret_request = request;
    return berth_ws_request_check(&request, ret_reason);
}

/* The one subprotocol that we speak ourselves; a client that shows a token as a subprotocol offers
 * it too, for a browser wants one of those it offered to be chosen. */
static const struct berth_view our_protocol = {"berth.v1", 8};

static void put_extensions(struct berth_conn *conn, const struct berth_ws_request *request,
                           struct berth_writer *head) {
    char memory[BERTH_WS_DEFLATE_TEXT_MAX];
    struct berth_ws_deflate agreed;
    if (!berth_compress_begin(conn, request, &agreed))
        return;
    struct berth_writer value = berth_writer_on(memory, sizeof memory);
    berth_ws_deflate_write(&agreed, &value);
    berth_http_field_view(head, "Sec-WebSocket-Extensions", berth_writer_result(&value));
}

static void put_switching(struct berth_conn *conn, const struct berth_ws_request *request) {
    char accept[BERTH_WS_ACCEPT_SIZE];
    char memory[512];
    struct berth_writer head = berth_writer_on(memory, sizeof memory);
    berth_ws_accept_key(request->key, accept);
    berth_http_response_begin(&head, 101);
    berth_http_field_text(&head, "Upgrade", "websocket");
    berth_http_field_text(&head, "Connection", "Upgrade");
    berth_http_field_view(&head, "Sec-WebSocket-Accept",
                          (struct berth_view){accept, sizeof accept});
    if (berth_ws_request_offers(request, our_protocol))
        berth_http_field_view(&head, "Sec-WebSocket-Protocol", our_protocol);
    put_extensions(conn, request, &head);
    berth_http_head_end(&head);
    BERTH_ASSERT(!head.overflow);
    put_frame(conn, berth_writer_result(&head), (struct berth_view){NULL, 0});
}

static void init_socket(struct berth_conn *conn, const struct berth_server_route *route) {
    conn->socket = (struct berth_socket){.route = route};
    berth_ws_decoder_init(&conn->socket.decoder, BERTH_WS_SERVER, &conn->server->ws_limits, NULL);
}

/* The 101 goes into the batch before `open`, so that what `open` sends stands behind it. */
static void open_socket(struct berth_conn *conn, const struct berth_ws_request *request,
                        struct berth_view query) {
    struct berth_server *server = conn->server;
    struct berth_socket *socket = &conn->socket;
    BERTH_ASSERT(is_batching(conn) && server->batch.size == 0);
    put_switching(conn, request);
    conn->state = BERTH_CONN_SOCKET;
    int status = socket->route->handler->open(socket->route->handler_owner, socket, query);
    if (status != 0) {
        conn->state = BERTH_CONN_HTTP;
        berth_compress_end(conn);
        berth_socket_batch_clear(server);
        berth_answer_text(conn, status, "The server does not take this connection.");
        return;
    }
    conn->is_socket = true;
    berth_net_stream_hasten(conn->stream);
    berth_conn_forget_ends(conn);
    berth_count_add(&server->socket_count, 1);
    berth_conn_http_release(conn);
    if (conn->state == BERTH_CONN_SOCKET)
        berth_conn_expect(conn, BERTH_DEADLINE_PING);
}

void berth_socket_upgrade(struct berth_conn *conn, const struct berth_server_route *route,
                          struct berth_view query) {
    struct berth_ws_request request;
    struct berth_view reason;
    int status = check_handshake(conn->http->head, &request, &reason);
    if (status == 0 && berth_server_state(conn->server) == BERTH_STATE_DRAINING) {
        status = 503;
        reason = BERTH_VIEW("The server is stopping.");
    }
    if (status != 0) {
        char text[256];
        struct berth_writer out = berth_writer_on(text, sizeof text);
        berth_writer_view(&out, reason);
        berth_writer_char(&out, 0);
        berth_answer_text(conn, status, out.overflow ? "Bad WebSocket request." : text);
        return;
    }
    init_socket(conn, route);
    open_socket(conn, &request, query);
}

void berth_socket_gone(struct berth_conn *conn) {
    struct berth_socket *socket = &conn->socket;
    berth_slow_caught_up(conn);
    berth_slow_forget(socket);
    berth_compress_end(conn);
    conn->is_socket = false;
    berth_count_take(&conn->server->socket_count, 1);
    socket->route->handler->closed(socket->route->handler_owner, socket,
                                   socket->decoder.close_code);
    if (socket->parts != NULL)
        free_parts(socket->parts);
    socket->parts = NULL;
}
