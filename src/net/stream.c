#include "base/assert.h"
#include "base/hot.h"
#include "berth/error.h"
#include "net/transport.h"

/* -- States ------------------------------------------------------------------------------------ */

void berth_net_stream_init(struct berth_net_stream *stream, struct berth_net *net,
                           enum berth_net_stream_state state) {
    *stream = (struct berth_net_stream){
        .net = net,
        .limit = BERTH_NET_STREAM_LIMIT_DEFAULT,
        .state = (uint8_t)state,
    };
    berth_net_list_insert(net->streams.previous, &stream->link);
}

static bool is_reading(const struct berth_net_stream *stream) {
    return (stream->state == BERTH_NET_STREAM_OPEN || stream->state == BERTH_NET_STREAM_BROKEN) &&
           !stream->paused && !stream->ended;
}

/* May more be sent, now or as soon as the connection stands? */
static bool is_sending(const struct berth_net_stream *stream) {
    return (stream->state == BERTH_NET_STREAM_OPEN ||
            stream->state == BERTH_NET_STREAM_CONNECTING) &&
           !stream->shut;
}

static void set_events(struct berth_net_stream *stream,
                       const struct berth_net_stream_events *events, void *owner) {
    BERTH_ASSERT(events->on_data != NULL && events->on_end != NULL && events->on_drained != NULL);
    BERTH_ASSERT(events->on_error != NULL && events->on_closed != NULL);
    stream->events = events;
    stream->owner = owner;
}

/* -- Opening ----------------------------------------------------------------------------------- */

int berth_net_connect(struct berth_net *net, const struct berth_addr *to,
                      const struct berth_net_stream_events *events, void *owner,
                      struct berth_net_stream **ret_stream) {
    BERTH_ASSERT(events->on_connect != NULL);
    if (net->ending)
        return BERTH_E_CLOSED;
    struct berth_net_stream *stream;
    int error = net->ops->connect(net, to, &stream);
    if (error < 0)
        return error;
    set_events(stream, events, owner);
    *ret_stream = stream;
    return 0;
}

int berth_net_adopt(struct berth_net *net, berth_net_socket socket,
                    struct berth_net_stream **ret_stream) {
    if (net->ending) {
        net->ops->socket_close(net, socket);
        return BERTH_E_CLOSED;
    }
    return net->ops->adopt(net, socket, ret_stream);
}

void berth_net_stream_start(struct berth_net_stream *stream,
                            const struct berth_net_stream_events *events, void *owner) {
    BERTH_ASSERT(stream->state == BERTH_NET_STREAM_ACCEPTED);
    set_events(stream, events, owner);
    stream->state = BERTH_NET_STREAM_OPEN;
    stream->net->ops->read_start(stream);
}

/* -- Sending ----------------------------------------------------------------------------------- */

static void flush(struct berth_net_stream *stream) {
    int error = stream->net->ops->flush(stream);
    if (error < 0)
        berth_net_stream_fail_later(stream, error);
}

static void send_fin(struct berth_net_stream *stream) {
    int error = stream->net->ops->shutdown(stream);
    if (error < 0)
        berth_net_stream_fail_later(stream, error);
}

/* Queues all but the first `written` bytes. */
static int enqueue(struct berth_net_stream *stream, const struct berth_view *parts, size_t count,
                   size_t written) {
    bool idle = stream->queue.size == 0;
    int error = berth_net_queue_append(&stream->queue, parts, count, written);
    if (error < 0 && written == 0)
        return error;
    if (error < 0)
        /* The peer has half of it. There is no way back, and no way on. */
        berth_net_stream_fail_later(stream, error);
    else if (idle && stream->state == BERTH_NET_STREAM_OPEN)
        flush(stream);
    return 0;
}

static inline size_t size_of(const struct berth_view *parts, size_t count) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += parts[i].size;
    return size;
}

/* How much there is to send; 0 with an error when it may not be sent. */
static size_t size_to_send(const struct berth_net_stream *stream, const struct berth_view *parts,
                           size_t count, int *ret_error) {
    BERTH_ASSERT(stream->state != BERTH_NET_STREAM_ACCEPTED);
    *ret_error = is_sending(stream) ? 0 : BERTH_E_CLOSED;
    size_t size = size_of(parts, count), pending = stream->queue.size;
    if (*ret_error == 0 && size > 0 && (pending > stream->limit || size > stream->limit - pending))
        *ret_error = BERTH_E_FULL;
    return *ret_error == 0 ? size : 0;
}

/* What was not written at once is queued. */
BERTH_APART static int send_rest(struct berth_net_stream *stream, const struct berth_view *parts,
                                 size_t count, ptrdiff_t written) {
    if (written >= 0)
        return enqueue(stream, parts, count, (size_t)written);
    berth_net_stream_fail_later(stream, (int)written);
    return 0;
}

/* What cannot be written at once is refused, or queued. */
BERTH_APART int berth_net_send_later(struct berth_net_stream *stream,
                                     const struct berth_view *parts, size_t count) {
    int error;
    size_t size = size_to_send(stream, parts, count, &error);
    return size == 0 ? error : enqueue(stream, parts, count, 0);
}

/* Where the kernel takes all, this is one system call, no copy and no allocation. */
BERTH_HOT int berth_net_send(struct berth_net_stream *stream, const struct berth_view *parts,
                             size_t count) {
    size_t size = size_of(parts, count);
    if (stream->state != BERTH_NET_STREAM_OPEN || stream->shut || stream->queue.size > 0 ||
        size == 0 || size > stream->limit)
        return berth_net_send_later(stream, parts, count);
    ptrdiff_t written = stream->net->ops->write(stream, parts, count);
    return written == (ptrdiff_t)size ? 0 : send_rest(stream, parts, count, written);
}

/* Where the transport cannot tell by itself when there is room, so much of what did not go is
 * queued, to hear when it has left. */
#define OFFER_TAIL ((size_t)4096)

bool berth_net_offers_unseen(const struct berth_net *net) { return net->ops->want != NULL; }

void berth_net_want(struct berth_net_stream *stream) {
    BERTH_ASSERT(stream->net->ops->want != NULL && stream->queue.size == 0);
    if (stream->state != BERTH_NET_STREAM_OPEN)
        return;
    int error = stream->net->ops->want(stream);
    if (error < 0)
        berth_net_stream_fail_later(stream, error);
}

/* Sees to it that on_drained follows, when `bytes` is what did not go. Gives how many of them were
 * taken. */
static size_t wait_for_room(struct berth_net_stream *stream, struct berth_view bytes) {
    if (berth_net_offers_unseen(stream->net)) {
        berth_net_want(stream);
        return 0;
    }
    if (bytes.size > OFFER_TAIL)
        bytes.size = OFFER_TAIL;
    int error = enqueue(stream, &bytes, 1, 0);
    if (error < 0) /* nothing would be heard of this stream any more */
        berth_net_stream_fail_later(stream, error);
    return bytes.size;
}

int berth_net_offer(struct berth_net_stream *stream, struct berth_view bytes, size_t *ret_taken) {
    int error;
    size_t size = size_to_send(stream, &bytes, 1, &error);
    BERTH_ASSERT(stream->queue.size == 0 && stream->state != BERTH_NET_STREAM_CONNECTING);
    *ret_taken = 0;
    if (size == 0)
        return error;
    ptrdiff_t written = stream->net->ops->write(stream, &bytes, 1);
    if (written < 0) {
        berth_net_stream_fail_later(stream, (int)written);
        return 0;
    }
    size_t taken = (size_t)written;
    if (taken < size)
        taken += wait_for_room(stream, (struct berth_view){bytes.data + taken, size - taken});
    *ret_taken = taken;
    return 0;
}

BERTH_HOT size_t berth_net_stream_pending(const struct berth_net_stream *stream) {
    return stream->queue.size;
}

void berth_net_stream_limit(struct berth_net_stream *stream, size_t size) { stream->limit = size; }

void berth_net_stream_shutdown(struct berth_net_stream *stream) {
    BERTH_ASSERT(stream->state != BERTH_NET_STREAM_ACCEPTED);
    if (!is_sending(stream))
        return;
    stream->shut = true;
    if (stream->queue.size == 0 && stream->state == BERTH_NET_STREAM_OPEN)
        send_fin(stream);
}

void berth_net_stream_written(struct berth_net_stream *stream, size_t size) {
    berth_net_queue_consume(&stream->queue, size);
    if (stream->state != BERTH_NET_STREAM_OPEN)
        return;
    if (stream->queue.size > 0) {
        flush(stream);
        return;
    }
    if (stream->shut)
        send_fin(stream);
    stream->events->on_drained(stream->owner);
}

/* -- Reading ----------------------------------------------------------------------------------- */

void berth_net_stream_pause(struct berth_net_stream *stream) {
    bool reading = is_reading(stream);
    stream->paused = true;
    if (reading)
        stream->net->ops->read_stop(stream);
}

void berth_net_stream_resume(struct berth_net_stream *stream) {
    bool paused = stream->paused;
    stream->paused = false;
    if (paused && is_reading(stream))
        stream->net->ops->read_start(stream);
}

void berth_net_stream_hasten(struct berth_net_stream *stream) { stream->hasty = true; }

void berth_net_stream_choose(struct berth_net_stream *stream, bool choosing) {
    BERTH_ASSERT(!choosing || stream->events->place != NULL);
    stream->choosing = choosing;
}

struct berth_net_place berth_net_stream_ask_place(const struct berth_net_stream *stream,
                                                  struct berth_net_place memory) {
    size_t size = memory.size;
    uint8_t *place = stream->events->place(stream->owner, &size);
    BERTH_ASSERT(size > 0 && size <= memory.size);
    return (struct berth_net_place){place != NULL ? place : memory.bytes, size};
}

void berth_net_stream_ended(struct berth_net_stream *stream) {
    BERTH_ASSERT(is_reading(stream));
    stream->ended = true;
    stream->events->on_end(stream->owner);
}

/* -- Ends -------------------------------------------------------------------------------------- */

/* TCP lets a socket connect to itself, when the system picks for our end the very port that we want
 * to reach and nobody listens there. That is nobody's server. */
static bool is_connected_to_itself(const struct berth_net_stream *stream) {
    struct berth_addr local = stream->net->ops->local(stream);
    struct berth_addr remote = stream->net->ops->remote(stream);
    return local.port == remote.port && berth_addr_same_ip(&local, &remote);
}

void berth_net_stream_connected(struct berth_net_stream *stream, int error) {
    BERTH_ASSERT(stream->state == BERTH_NET_STREAM_CONNECTING);
    stream->itself = error == 0 && is_connected_to_itself(stream);
    if (stream->itself)
        error = BERTH_E_REFUSED;
    if (error < 0) {
        stream->state = BERTH_NET_STREAM_FAILED;
        stream->events->on_connect(stream->owner, error);
        return;
    }
    stream->state = BERTH_NET_STREAM_OPEN;
    if (!stream->paused)
        stream->net->ops->read_start(stream);
    if (stream->queue.size > 0)
        flush(stream);
    else if (stream->shut)
        send_fin(stream);
    stream->events->on_connect(stream->owner, 0);
}

void berth_net_stream_fail_later(struct berth_net_stream *stream, int error) {
    bool connecting = stream->state == BERTH_NET_STREAM_CONNECTING;
    if (!connecting && stream->state != BERTH_NET_STREAM_OPEN)
        return;
    stream->state = connecting ? BERTH_NET_STREAM_UNREACHED : BERTH_NET_STREAM_BROKEN;
    stream->failure = error;
    berth_net_list_move(&stream->net->failing, &stream->link);
    stream->net->ops->wake(stream->net);
}

void berth_net_stream_failed(struct berth_net_stream *stream, int error) {
    BERTH_ASSERT(stream->state == BERTH_NET_STREAM_OPEN ||
                 stream->state == BERTH_NET_STREAM_BROKEN ||
                 stream->state == BERTH_NET_STREAM_UNREACHED);
    if (is_reading(stream))
        stream->net->ops->read_stop(stream);
    bool unreached = stream->state == BERTH_NET_STREAM_UNREACHED;
    stream->state = BERTH_NET_STREAM_FAILED;
    berth_net_list_move(&stream->net->streams, &stream->link);
    if (unreached)
        stream->events->on_connect(stream->owner, error);
    else
        stream->events->on_error(stream->owner, error);
}

void berth_net_report_failures(struct berth_net *net) {
    /* Those that fail while this runs have their turn next time: a broken loop of the owner's
     * (connect, fail, connect…) must not stop everything else. */
    struct berth_net_link now;
    berth_net_list_init(&now);
    while (!berth_net_list_is_empty(&net->failing))
        berth_net_list_move(&now, net->failing.next);
    while (!berth_net_list_is_empty(&now)) {
        struct berth_net_stream *stream =
            BERTH_NET_CONTAINER(now.next, struct berth_net_stream, link);
        berth_net_stream_failed(stream, stream->failure);
    }
}

void berth_net_stream_close(struct berth_net_stream *stream) {
    if (stream->state == BERTH_NET_STREAM_CLOSING)
        return;
    if (is_reading(stream))
        stream->net->ops->read_stop(stream);
    stream->state = BERTH_NET_STREAM_CLOSING;
    berth_net_list_move(&stream->net->closing, &stream->link);
    stream->net->ops->stream_close(stream);
}

void berth_net_stream_closed(struct berth_net_stream *stream) {
    BERTH_ASSERT(stream->state == BERTH_NET_STREAM_CLOSING);
    berth_net_list_remove(&stream->link);
    berth_net_queue_free(&stream->queue);
    if (stream->events != NULL)
        stream->events->on_closed(stream->owner);
}

struct berth_addr berth_net_stream_local(const struct berth_net_stream *stream) {
    return stream->net->ops->local(stream);
}

struct berth_addr berth_net_stream_remote(const struct berth_net_stream *stream) {
    return stream->net->ops->remote(stream);
}
