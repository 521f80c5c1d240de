#include "base/alloc.h"
#include "base/assert.h"
#include "net/uv_transport.h"
#include "sys/accept.h"
#include "sys/listen.h"
#include "sys/stream.h"

/* The socket listens already and is polled for connections; uv_listen is not used, because it would
 * set another backlog, and because libuv's own accepting drops the waiting connections silently
 * when descriptors run out. */
struct uv_listener {
    struct berth_net_listener base;
    uv_poll_t poll;
    uv_timer_t pause;
    intptr_t socket;
    /* Memory for the next stream. It is there before a connection is taken off the backlog: when
     * there is none, the connection waits. */
    struct berth_net_uv_stream *spare;
    int open_handles;
};

/* Connections taken in one go; then others have their turn. */
static const int accepts_max = 64;

static struct berth_net_uv *net_of(struct uv_listener *listener) {
    return berth_net_uv_of(listener->base.net);
}

static void on_readable(uv_poll_t *handle, int status, int events);

static void on_pause_over(uv_timer_t *handle) {
    struct uv_listener *listener = handle->data;
    uv_poll_start(&listener->poll, UV_READABLE, on_readable);
}

/* The cause lasts (descriptors, memory), and the socket stays readable: without a pause the loop
 * would spin. */
static void pause_accepting(struct uv_listener *listener, int error) {
    uv_poll_stop(&listener->poll);
    uv_timer_start(&listener->pause, on_pause_over, BERTH_NET_ACCEPT_PAUSE_MS, 0);
    berth_net_listener_failed(&listener->base, error);
}

/* Gives 1 when a connection was accepted, 0 when none waits. */
static int accept_socket(struct uv_listener *listener) {
    intptr_t accepted;
    int got = berth_sys_accept(listener->socket, &accepted);
    if (got > 0)
        berth_net_listener_got_socket(&listener->base, accepted);
    return got;
}

static int accept_stream(struct uv_listener *listener) {
    if (listener->spare == NULL)
        listener->spare = berth_alloc(sizeof *listener->spare);
    if (listener->spare == NULL)
        return BERTH_E_MEMORY;
    intptr_t accepted;
    int got = berth_sys_accept(listener->socket, &accepted);
    if (got <= 0)
        return got;
    struct berth_net_uv_stream *stream = listener->spare;
    listener->spare = NULL;
    int error = berth_net_uv_stream_adopt(net_of(listener), stream, accepted);
    if (error < 0)
        return error;
    berth_net_listener_accepted(&listener->base, &stream->base);
    return 1;
}

static void on_readable(uv_poll_t *handle, int status, int events) {
    (void)events;
    struct uv_listener *listener = handle->data;
    if (status < 0) {
        pause_accepting(listener, berth_net_uv_error(status));
        return;
    }
    int (*accept_one)(struct uv_listener *) =
        berth_net_listener_wants_sockets(&listener->base) ? accept_socket : accept_stream;
    int got = 1;
    for (int i = 0; i < accepts_max && got > 0 && !listener->base.closing; i++)
        got = accept_one(listener);
    if (got < 0)
        pause_accepting(listener, got);
}

int berth_net_uv_listen(struct berth_net *base, berth_net_socket socket,
                        struct berth_net_listener **ret_listener) {
    struct berth_net_uv *net = berth_net_uv_of(base);
    struct uv_listener *listener = berth_alloc(sizeof *listener);
    int error = listener != NULL ? berth_sys_socket_check_listening(socket) : BERTH_E_MEMORY;
    if (error == 0) {
        int status = uv_poll_init_socket(&net->loop, &listener->poll, (uv_os_sock_t)socket);
        error = status < 0 ? berth_net_uv_error(status) : 0;
    }
    if (error < 0) {
        berth_sys_socket_close(socket);
        berth_free(listener);
        return error;
    }
    berth_sys_stream_unpaced(socket);
    uv_timer_init(&net->loop, &listener->pause);
    listener->poll.data = listener;
    listener->pause.data = listener;
    listener->socket = socket;
    listener->open_handles = 2;
    int status = uv_poll_start(&listener->poll, UV_READABLE, on_readable);
    BERTH_ASSERT(status == 0);
    *ret_listener = &listener->base;
    return 0;
}

static void on_handle_closed(uv_handle_t *handle) {
    struct uv_listener *listener = handle->data;
    if (--listener->open_handles > 0)
        return;
    berth_net_listener_closed(&listener->base);
    berth_free(listener->spare);
    berth_free(listener);
}

void berth_net_uv_listener_close(struct berth_net_listener *base) {
    struct uv_listener *listener = BERTH_NET_CONTAINER(base, struct uv_listener, base);
    uv_close((uv_handle_t *)&listener->poll, on_handle_closed);
    uv_close((uv_handle_t *)&listener->pause, on_handle_closed);
    /* Polling has ended with uv_close; whoever wants the port next can have it at once. */
    berth_sys_socket_close(listener->socket);
}

void berth_net_uv_socket_close(struct berth_net *net, berth_net_socket socket) {
    (void)net;
    berth_sys_socket_close(socket);
}
