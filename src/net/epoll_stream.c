#include "base/alloc.h"
#include "base/assert.h"
#include "base/hot.h"
#include "net/epoll_transport.h"
#include "sys/listen.h"
#include "sys/stream.h"

/* Reads of one stream in a turn; then others are read. */
#define READS_MAX 8

/* Chunks of the queue handed to one system call. */
#define FLUSH_PARTS_MAX 64

static struct berth_net_epoll_stream *stream_of(struct berth_net_stream *stream) {
    return BERTH_NET_CONTAINER(stream, struct berth_net_epoll_stream, base);
}

static struct berth_net_epoll *net_of(struct berth_net_epoll_stream *stream) {
    return berth_net_epoll_of(stream->base.net);
}

/* Has the set tell what is wanted now. */
static int ask(struct berth_net_epoll_stream *stream) {
    struct berth_net_epoll *net = net_of(stream);
    unsigned wanted = (stream->reading ? (unsigned)BERTH_SYS_POLL_READ : 0) |
                      (stream->writing ? (unsigned)BERTH_SYS_POLL_WRITE : 0);
    int error =
        berth_sys_poll_set(net->poll, stream->socket, stream->asked, wanted, &stream->source);
    if (error < 0)
        return error;
    if (stream->asked == 0 && wanted != 0)
        net->asking++;
    if (stream->asked != 0 && wanted == 0)
        net->asking--;
    stream->asked = (uint8_t)wanted;
    return 0;
}

static void ask_or_fail(struct berth_net_epoll_stream *stream) {
    int error = ask(stream);
    if (error < 0)
        berth_net_stream_fail_later(&stream->base, error);
}

/* -- Reading ----------------------------------------------------------------------------------- */

void berth_net_epoll_read_start(struct berth_net_stream *base) {
    struct berth_net_epoll_stream *stream = stream_of(base);
    stream->reading = true;
    ask_or_fail(stream);
}

void berth_net_epoll_read_stop(struct berth_net_stream *base) {
    struct berth_net_epoll_stream *stream = stream_of(base);
    stream->reading = false;
    ask_or_fail(stream);
}

enum heard {
    HEARD_NOTHING,
    HEARD_ALL,  /* asking once more would cost a call for nothing */
    HEARD_PART, /* the read filled its place: there may be more */
};

/* There are no bytes: 0 for now, or an error. */
BERTH_APART static enum heard hear_no_bytes(struct berth_net_epoll_stream *stream, int error) {
    if (error == 0)
        return HEARD_NOTHING;
    if (error == BERTH_E_CLOSED) {
        berth_net_epoll_read_stop(&stream->base);
        berth_net_stream_ended(&stream->base);
    } else {
        berth_net_stream_failed(&stream->base, error);
    }
    return HEARD_ALL;
}

static inline enum heard read_once(struct berth_net_epoll_stream *stream) {
    uint8_t *memory = (uint8_t *)net_of(stream)->uv.read_buffer;
    struct berth_net_place place = berth_net_stream_place(
        &stream->base, (struct berth_net_place){memory, BERTH_NET_UV_READ_SIZE});
    ptrdiff_t got = berth_sys_receive(stream->socket, place.bytes, place.size);
    if (got <= 0)
        return hear_no_bytes(stream, (int)got);
    berth_net_stream_received(&stream->base, place.bytes, (size_t)got);
    return (size_t)got < place.size ? HEARD_ALL : HEARD_PART;
}

static inline void receive(struct berth_net_epoll_stream *stream) {
    for (int i = 0; i < READS_MAX && stream->reading; i++)
        if (read_once(stream) != HEARD_PART)
            return;
}

bool berth_net_epoll_stream_hear(struct berth_net_epoll_stream *stream) {
    return stream->base.state == BERTH_NET_STREAM_OPEN && stream->reading &&
           read_once(stream) != HEARD_NOTHING;
}

/* -- Writing ----------------------------------------------------------------------------------- */

BERTH_HOT ptrdiff_t berth_net_epoll_write(struct berth_net_stream *base,
                                          const struct berth_view *parts, size_t count) {
    BERTH_ASSERT(count <= BERTH_SYS_SEND_PARTS_MAX);
    return berth_sys_send(stream_of(base)->socket, parts, count);
}

int berth_net_epoll_flush(struct berth_net_stream *base) {
    struct berth_net_epoll_stream *stream = stream_of(base);
    stream->writing = true;
    return ask(stream);
}

static void stop_writing(struct berth_net_epoll_stream *stream) {
    stream->writing = false;
    ask_or_fail(stream);
}

BERTH_APART static void send_queue(struct berth_net_epoll_stream *stream) {
    struct berth_net_queue *queue = &stream->base.queue;
    if (queue->size == 0) { /* it was only to be told when there is room */
        stop_writing(stream);
        berth_net_stream_written(&stream->base, 0);
        return;
    }
    struct berth_view views[FLUSH_PARTS_MAX];
    size_t count = berth_net_queue_peek(queue, views, FLUSH_PARTS_MAX);
    ptrdiff_t written = berth_sys_send(stream->socket, views, count);
    if (written < 0 || (size_t)written == queue->size)
        stop_writing(stream);
    if (written < 0)
        berth_net_stream_fail_later(&stream->base, (int)written);
    else if (written > 0)
        berth_net_stream_written(&stream->base, (size_t)written);
}

int berth_net_epoll_shutdown(struct berth_net_stream *base) {
    berth_sys_stream_shutdown(stream_of(base)->socket);
    return 0;
}

/* -- What the set tells ------------------------------------------------------------------------ */

static void finish_connecting(struct berth_net_epoll_stream *stream) {
    stop_writing(stream);
    if (stream->base.state == BERTH_NET_STREAM_CONNECTING)
        berth_net_stream_connected(&stream->base, berth_sys_connect_result(stream->socket));
}

BERTH_APART static void on_ready_unless_open(struct berth_net_epoll_stream *stream) {
    switch ((enum berth_net_stream_state)stream->base.state) {
    case BERTH_NET_STREAM_CONNECTING:
        finish_connecting(stream);
        return;
    case BERTH_NET_STREAM_BROKEN:
    case BERTH_NET_STREAM_FAILED:
    case BERTH_NET_STREAM_UNREACHED:
        stream->reading = stream->reading && stream->base.state == BERTH_NET_STREAM_BROKEN;
        stop_writing(stream);
        if (stream->reading)
            receive(stream);
        return;
    case BERTH_NET_STREAM_OPEN:
    case BERTH_NET_STREAM_CLOSING:  /* in this very turn */
    case BERTH_NET_STREAM_ACCEPTED: /* not in the set yet */
        return;
    }
    berth_assert_failed("state is one of enum berth_net_stream_state", __FILE__, __LINE__);
}

BERTH_HOT static void on_ready(struct berth_net_epoll_source *source, unsigned what) {
    struct berth_net_epoll_stream *stream =
        BERTH_NET_CONTAINER(source, struct berth_net_epoll_stream, source);
    if (stream->base.state != BERTH_NET_STREAM_OPEN) {
        on_ready_unless_open(stream);
        return;
    }
    if (stream->base.hasty)
        net_of(stream)->partner = stream;
    if (stream->reading && (what & (BERTH_SYS_POLL_READ | BERTH_SYS_POLL_BROKEN)) != 0)
        receive(stream);
    if (stream->writing && stream->base.state == BERTH_NET_STREAM_OPEN &&
        (what & (BERTH_SYS_POLL_WRITE | BERTH_SYS_POLL_BROKEN)) != 0)
        send_queue(stream);
}

/* -- Opening and closing ----------------------------------------------------------------------- */

static void init(struct berth_net_epoll *net, struct berth_net_epoll_stream *stream,
                 enum berth_net_stream_state state, intptr_t socket) {
    *stream = (struct berth_net_epoll_stream){
        .source = {on_ready},
        .socket = (int32_t)socket,
    };
    berth_net_stream_init(&stream->base, &net->uv.base, state);
}

void berth_net_epoll_stream_adopt(struct berth_net_epoll *net,
                                  struct berth_net_epoll_stream *memory, intptr_t socket) {
    init(net, memory, BERTH_NET_STREAM_ACCEPTED, socket);
}

int berth_net_epoll_adopt(struct berth_net *net, berth_net_socket socket,
                          struct berth_net_stream **ret_stream) {
    struct berth_net_epoll_stream *stream = berth_alloc(sizeof *stream);
    if (stream == NULL) {
        berth_sys_socket_close(socket);
        return BERTH_E_MEMORY;
    }
    berth_net_epoll_stream_adopt(berth_net_epoll_of(net), stream, socket);
    *ret_stream = &stream->base;
    return 0;
}

int berth_net_epoll_connect(struct berth_net *net, const struct berth_addr *to,
                            struct berth_net_stream **ret_stream) {
    struct berth_net_epoll_stream *stream = berth_alloc(sizeof *stream);
    if (stream == NULL)
        return BERTH_E_MEMORY;
    intptr_t socket = -1;
    int error = berth_sys_connect(to, &socket);
    init(berth_net_epoll_of(net), stream, BERTH_NET_STREAM_CONNECTING, socket);
    if (error == 0)
        error = berth_net_epoll_flush(&stream->base);
    if (error < 0)
        berth_net_stream_fail_later(&stream->base, error);
    *ret_stream = &stream->base;
    return 0;
}

void berth_net_epoll_stream_close(struct berth_net_stream *base) {
    struct berth_net_epoll_stream *stream = stream_of(base);
    struct berth_net_epoll *net = net_of(stream);
    if (stream->asked != 0)
        net->asking--;
    stream->asked = 0;
    if (net->partner == stream)
        net->partner = NULL;
    if (base->itself)
        berth_sys_stream_reset(stream->socket);
    else
        berth_sys_socket_close(stream->socket);
    stream->reading = stream->writing = false;
    stream->socket = -1;
}

void berth_net_epoll_stream_end(struct berth_net_epoll_stream *stream) {
    berth_net_stream_closed(&stream->base);
    berth_free(stream);
}

/* -- Addresses --------------------------------------------------------------------------------- */

static intptr_t socket_of(const struct berth_net_stream *base) {
    return ((const struct berth_net_epoll_stream *)base)->socket; /* base is its first member */
}

struct berth_addr berth_net_epoll_local(const struct berth_net_stream *stream) {
    return berth_sys_stream_local(socket_of(stream));
}

struct berth_addr berth_net_epoll_remote(const struct berth_net_stream *stream) {
    return berth_sys_stream_remote(socket_of(stream));
}
