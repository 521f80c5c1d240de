/* A client on the simulated network that says what it is told and keeps what it hears. For tests
 * and the fuzzer.
 *
 *     struct visitor visitor;
 *     int error = visitor_dial(&visitor, net, &address);
 *     error = visitor_say(&visitor, BERTH_VIEW("GET /health HTTP/1.1\r\n..."));
 *     ... the net runs; berth_buf_view(&visitor.received) is what it got ...
 *     visitor_hang_up(&visitor);
 *
 * Owns:    a visitor is the caller's, and stays where it is until its stream is closed
 * Errors:  BERTH_E_MEMORY, as a test may ask for it
 * Limits:  VISITOR_BYTES_MAX each way
 * Threads: the net's
 */
#ifndef BERTH_SERVER_VISITOR_H
#define BERTH_SERVER_VISITOR_H

#include "base/buf.h"
#include "net/net.h"
#include "proto/ws.h"

#define VISITOR_BYTES_MAX (64u << 20)

struct visitor {
    struct berth_net_stream *stream; /* NULL before it dials, and once it is closed */
    struct berth_buf to_send;
    struct berth_buf received;
    bool half_closing; /* FIN goes out behind what is still to be sent */
    bool stays;        /* it does not close because the server has sent its FIN */
    bool heard_end;    /* the server's FIN came */
    bool failed;       /* it was reset */
    bool closed;       /* it is over */
};

static inline void visitor_push(struct visitor *visitor) {
    while (visitor->to_send.size > 0 && berth_net_stream_pending(visitor->stream) == 0) {
        struct berth_view piece = berth_buf_view(&visitor->to_send);
        if (piece.size > 65536)
            piece.size = 65536;
        if (berth_net_send(visitor->stream, &piece, 1) < 0)
            return;
        berth_buf_consume(&visitor->to_send, piece.size);
    }
    if (visitor->half_closing && visitor->to_send.size == 0)
        berth_net_stream_shutdown(visitor->stream);
}

static inline void visitor_on_connect(void *owner, int error) {
    struct visitor *visitor = owner;
    if (error < 0)
        berth_net_stream_close(visitor->stream);
    else
        visitor_push(visitor);
}

static inline void visitor_on_data(void *owner, uint8_t *data, size_t size) {
    struct visitor *visitor = owner;
    if (berth_buf_append(&visitor->received, data, size) < 0)
        berth_net_stream_close(visitor->stream);
}

static inline void visitor_on_end(void *owner) {
    struct visitor *visitor = owner;
    visitor->heard_end = true;
    if (!visitor->stays)
        berth_net_stream_close(visitor->stream);
}

static inline void visitor_on_drained(void *owner) { visitor_push(owner); }

static inline void visitor_on_error(void *owner, int error) {
    struct visitor *visitor = owner;
    (void)error;
    visitor->failed = true;
    berth_net_stream_close(visitor->stream);
}

static inline void visitor_on_closed(void *owner) {
    struct visitor *visitor = owner;
    visitor->closed = true;
    visitor->stream = NULL;
}

/* Connects; what it says leaves once it is connected. */
static inline int visitor_dial(struct visitor *visitor, struct berth_net *net,
                               const struct berth_addr *address) {
    static const struct berth_net_stream_events events = {
        .on_connect = visitor_on_connect,
        .on_data = visitor_on_data,
        .on_end = visitor_on_end,
        .on_drained = visitor_on_drained,
        .on_error = visitor_on_error,
        .on_closed = visitor_on_closed,
    };
    *visitor = (struct visitor){
        .to_send = berth_buf_make(VISITOR_BYTES_MAX),
        .received = berth_buf_make(VISITOR_BYTES_MAX),
    };
    return berth_net_connect(net, address, &events, visitor, &visitor->stream);
}

/* Says it as soon as the server takes it. To nobody when the connection is over. */
static inline int visitor_say(struct visitor *visitor, struct berth_view bytes) {
    if (visitor->stream == NULL)
        return 0;
    int error = berth_buf_append(&visitor->to_send, bytes.data, bytes.size);
    if (error == 0)
        visitor_push(visitor);
    return error;
}

/* A frame as clients send it. */
static inline int visitor_say_frame(struct visitor *visitor, enum berth_ws_opcode opcode, bool fin,
                                    struct berth_view payload) {
    static const uint8_t mask[4] = {1, 2, 3, 4};
    uint8_t head[BERTH_WS_HEAD_MAX];
    if (visitor->stream == NULL)
        return 0;
    size_t size = berth_ws_frame_head(head, opcode, fin, payload.size, mask);
    int error = berth_buf_reserve(&visitor->to_send, size + payload.size);
    if (error < 0)
        return error;
    (void)berth_buf_append(&visitor->to_send, head, size);
    size_t at = visitor->to_send.size;
    (void)berth_buf_append(&visitor->to_send, payload.data, payload.size);
    berth_ws_mask((uint8_t *)visitor->to_send.data + visitor->to_send.start + at, payload.size,
                  mask, 0);
    visitor_push(visitor);
    return 0;
}

static inline void visitor_half_close(struct visitor *visitor) {
    visitor->half_closing = true;
    if (visitor->stream != NULL)
        visitor_push(visitor);
}

static inline void visitor_cut(struct visitor *visitor) {
    if (visitor->stream != NULL)
        berth_net_stream_close(visitor->stream);
}

/* Gives back what it holds; its stream is closed, or its net. */
static inline void visitor_hang_up(struct visitor *visitor) {
    berth_buf_free(&visitor->to_send);
    berth_buf_free(&visitor->received);
}

/* What it received so far, as text. */
static inline const char *visitor_text(struct visitor *visitor) {
    if (berth_buf_append(&visitor->received, "", 1) < 0)
        return "";
    visitor->received.size--;
    return visitor->received.data + visitor->received.start;
}

#endif
