#include "base/alloc.h"
#include "base/assert.h"
#include "berth/error.h"
#include "net/sim_transport.h"

/* What one read gives at most, as in the real transports. */
static const size_t read_max = 256 * 1024;

static struct berth_net_sim_stream *stream_of(struct berth_net_stream *stream) {
    return BERTH_NET_CONTAINER(stream, struct berth_net_sim_stream, base);
}

static struct berth_net_sim *net_of(struct berth_net_sim_stream *stream) {
    return berth_net_sim_of(stream->base.net);
}

/* -- What happens to a stream ------------------------------------------------------------------ */

static void deliver_soon(struct berth_net_sim_stream *stream) {
    bool something = stream->inbox.size > 0 || stream->fin || stream->reset;
    if (stream->reading && something)
        berth_net_sim_schedule(net_of(stream), &stream->deliver,
                               berth_net_sim_delay(net_of(stream)));
}

static void flush_soon(struct berth_net_sim_stream *stream) {
    if (stream->base.state == BERTH_NET_STREAM_OPEN && stream->base.queue.size > 0)
        berth_net_sim_schedule(net_of(stream), &stream->flush, berth_net_sim_delay(net_of(stream)));
}

/* The peer is told that the connection is broken; what was under way to it is lost. */
static void reset_peer(struct berth_net_sim_stream *stream) {
    struct berth_net_sim_stream *peer = stream->peer;
    if (peer == NULL)
        return;
    berth_net_queue_free(&peer->inbox);
    peer->reset = true;
    peer->peer = NULL;
    stream->peer = NULL;
    deliver_soon(peer);
    flush_soon(peer);
}

static void fail(struct berth_net_sim_stream *stream, int error) {
    stream->reset = true;
    berth_net_queue_free(&stream->inbox);
    berth_net_stream_failed(&stream->base, error);
}

static void deliver_bytes(struct berth_net_sim_stream *stream) {
    struct berth_net_sim *net = net_of(stream);
    struct berth_net_place place =
        berth_net_stream_place(&stream->base, (struct berth_net_place){NULL, read_max});
    size_t max = place.size < stream->inbox.size ? place.size : stream->inbox.size;
    size_t size = berth_net_sim_part(net, max, net->options.short_reads);
    uint8_t *memory = place.bytes == NULL ? berth_alloc(size) : NULL;
    uint8_t *bytes = place.bytes != NULL ? place.bytes : memory;
    if (bytes == NULL) {
        reset_peer(stream);
        fail(stream, BERTH_E_MEMORY);
        return;
    }
    berth_net_queue_take(&stream->inbox, bytes, size);
    if (stream->peer != NULL)
        flush_soon(stream->peer);
    berth_net_stream_received(&stream->base, bytes, size);
    berth_free(memory);
    deliver_soon(stream);
}

static void on_deliver(struct berth_net_sim_event *event) {
    struct berth_net_sim_stream *stream =
        BERTH_NET_CONTAINER(event, struct berth_net_sim_stream, deliver);
    struct berth_net_sim *net = net_of(stream);
    if (!stream->reset && berth_net_sim_chance(net, net->options.resets_per_million)) {
        reset_peer(stream);
        stream->reset = true;
    }
    if (stream->reset) {
        fail(stream, BERTH_E_RESET);
    } else if (stream->inbox.size > 0) {
        deliver_bytes(stream);
    } else {
        BERTH_ASSERT(stream->fin);
        stream->reading = false;
        berth_net_stream_ended(&stream->base);
    }
}

static void on_closed(struct berth_net_sim_event *event) {
    struct berth_net_sim_stream *stream =
        BERTH_NET_CONTAINER(event, struct berth_net_sim_stream, closed);
    berth_net_stream_closed(&stream->base);
    berth_free(stream);
}

/* -- Connecting -------------------------------------------------------------------------------- */

static void on_connect(struct berth_net_sim_event *event);
static void on_flush(struct berth_net_sim_event *event);

static struct berth_net_sim_stream *stream_create(struct berth_net_sim *net,
                                                  enum berth_net_stream_state state) {
    struct berth_net_sim_stream *stream = berth_alloc(sizeof *stream);
    if (stream == NULL)
        return NULL;
    berth_net_stream_init(&stream->base, &net->base, state);
    berth_net_list_init(&stream->backlog);
    berth_net_sim_event_init(&stream->connect, on_connect);
    berth_net_sim_event_init(&stream->deliver, on_deliver);
    berth_net_sim_event_init(&stream->flush, on_flush);
    berth_net_sim_event_init(&stream->closed, on_closed);
    return stream;
}

/* The listener's end of the connection, in its backlog. */
static int join_backlog(struct berth_net_sim_stream *client,
                        struct berth_net_sim_listener *listener) {
    struct berth_net_sim_stream *stream = stream_create(listener->net, BERTH_NET_STREAM_ACCEPTED);
    if (stream == NULL)
        return BERTH_E_MEMORY;
    stream->local = client->remote;
    stream->remote = client->local;
    stream->peer = client;
    client->peer = stream;
    berth_net_list_insert(listener->backlog.previous, &stream->backlog);
    if (listener->taken)
        berth_net_sim_schedule(listener->net, &listener->accept,
                               berth_net_sim_delay(listener->net));
    return 0;
}

struct berth_net_sim_stream *berth_net_sim_stream_waiting(struct berth_net_sim *net,
                                                          berth_net_socket socket) {
    const struct berth_net_link *streams = &net->base.streams;
    for (struct berth_net_link *link = streams->next; link != streams; link = link->next) {
        struct berth_net_sim_stream *stream =
            BERTH_NET_CONTAINER(link, struct berth_net_sim_stream, base.link);
        if (stream->number != 0 && stream->number == socket)
            return stream;
    }
    return NULL;
}

int berth_net_sim_adopt(struct berth_net *net, berth_net_socket socket,
                        struct berth_net_stream **ret_stream) {
    struct berth_net_sim_stream *stream =
        berth_net_sim_stream_waiting(berth_net_sim_of(net), socket);
    BERTH_ASSERT(stream != NULL);
    stream->number = 0;
    *ret_stream = &stream->base;
    return 0;
}

static void on_connect(struct berth_net_sim_event *event) {
    struct berth_net_sim_stream *stream =
        BERTH_NET_CONTAINER(event, struct berth_net_sim_stream, connect);
    struct berth_net_sim_listener *listener =
        berth_net_sim_listener_at(net_of(stream), &stream->remote);
    /* TCP's oddity is there too: with nobody listening, a socket whose own port happens to be the
     * one that it wants to reach is connected to itself. */
    bool itself = stream->local.port == stream->remote.port;
    int error = itself ? 0 : BERTH_E_REFUSED;
    if (listener != NULL)
        error = join_backlog(stream, listener);
    berth_net_stream_connected(&stream->base, error);
}

int berth_net_sim_connect(struct berth_net *base, const struct berth_addr *to,
                          struct berth_net_stream **ret_stream) {
    struct berth_net_sim *net = berth_net_sim_of(base);
    struct berth_net_sim_stream *stream = stream_create(net, BERTH_NET_STREAM_CONNECTING);
    if (stream == NULL)
        return BERTH_E_MEMORY;
    stream->remote = *to;
    stream->local = *to;
    stream->local.port = berth_net_sim_port(net);
    berth_net_sim_schedule(net, &stream->connect, berth_net_sim_delay(net));
    *ret_stream = &stream->base;
    return 0;
}

/* -- Reading and writing ----------------------------------------------------------------------- */

void berth_net_sim_read_start(struct berth_net_stream *base) {
    struct berth_net_sim_stream *stream = stream_of(base);
    stream->reading = true;
    deliver_soon(stream);
}

void berth_net_sim_read_stop(struct berth_net_stream *base) {
    struct berth_net_sim_stream *stream = stream_of(base);
    stream->reading = false;
    berth_net_sim_cancel(&stream->deliver);
}

/* Puts what fits into the peer's window. A peer that is gone takes everything, and answers with a
 * reset. */
static int put(struct berth_net_sim_stream *stream, const struct berth_view *parts, size_t count,
               size_t *ret_written) {
    struct berth_net_sim *net = net_of(stream);
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += parts[i].size;
    if (stream->reset)
        return BERTH_E_RESET;
    if (stream->peer == NULL) {
        stream->reset = true;
        deliver_soon(stream);
        *ret_written = size;
        return 0;
    }
    size_t room = net->options.window - stream->peer->inbox.size;
    if (size > room)
        size = room;
    if (size > 0)
        size = berth_net_sim_part(net, size, net->options.short_writes);
    *ret_written = 0;
    for (size_t i = 0; i < count && *ret_written < size; i++) {
        struct berth_view part = parts[i];
        if (part.size > size - *ret_written)
            part.size = size - *ret_written;
        int error = berth_net_queue_append(&stream->peer->inbox, &part, 1, 0);
        if (error < 0)
            return error;
        *ret_written += part.size;
    }
    deliver_soon(stream->peer);
    return 0;
}

ptrdiff_t berth_net_sim_write(struct berth_net_stream *stream, const struct berth_view *parts,
                              size_t count) {
    size_t written = 0;
    int error = put(stream_of(stream), parts, count, &written);
    return error < 0 ? error : (ptrdiff_t)written;
}

static void on_flush(struct berth_net_sim_event *event) {
    struct berth_net_sim_stream *stream =
        BERTH_NET_CONTAINER(event, struct berth_net_sim_stream, flush);
    if (stream->base.state != BERTH_NET_STREAM_OPEN)
        return;
    struct berth_view views[16];
    size_t count = berth_net_queue_peek(&stream->base.queue, views, 16);
    size_t written;
    int error = put(stream, views, count, &written);
    if (error < 0)
        fail(stream, error);
    else if (written > 0)
        berth_net_stream_written(&stream->base, written);
    /* A full window: the peer's next delivery makes room and calls again. */
}

int berth_net_sim_flush(struct berth_net_stream *stream) {
    flush_soon(stream_of(stream));
    return 0;
}

static void send_fin(struct berth_net_sim_stream *stream) {
    if (stream->peer == NULL)
        return;
    stream->peer->fin = true;
    deliver_soon(stream->peer);
}

int berth_net_sim_shutdown(struct berth_net_stream *stream) {
    send_fin(stream_of(stream));
    return 0;
}

/* -- Closing ----------------------------------------------------------------------------------- */

static void leave(struct berth_net_sim_stream *stream) {
    send_fin(stream);
    if (stream->peer == NULL)
        return;
    stream->peer->peer = NULL;
    flush_soon(stream->peer);
    stream->peer = NULL;
}

void berth_net_sim_stream_close(struct berth_net_stream *base) {
    struct berth_net_sim_stream *stream = stream_of(base);
    if (stream->inbox.size > 0)
        reset_peer(stream);
    else
        leave(stream);
    berth_net_queue_free(&stream->inbox);
    berth_net_list_remove(&stream->backlog);
    berth_net_sim_cancel(&stream->connect);
    berth_net_sim_cancel(&stream->deliver);
    berth_net_sim_cancel(&stream->flush);
    berth_net_sim_schedule(net_of(stream), &stream->closed, 0);
}

void berth_net_sim_stream_reject(struct berth_net_sim_stream *stream) {
    reset_peer(stream);
    berth_net_stream_close(&stream->base);
}

/* -- Addresses --------------------------------------------------------------------------------- */

struct berth_addr berth_net_sim_local(const struct berth_net_stream *stream) {
    return ((const struct berth_net_sim_stream *)stream)->local;
}

struct berth_addr berth_net_sim_remote(const struct berth_net_stream *stream) {
    return ((const struct berth_net_sim_stream *)stream)->remote;
}
