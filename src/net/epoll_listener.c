#include "base/alloc.h"
#include "base/assert.h"
#include "net/epoll_transport.h"
#include "sys/accept.h"
#include "sys/listen.h"
#include "sys/stream.h"

/* Connections taken in one go; then others have their turn. */
#define ACCEPTS_MAX 64

static struct berth_net_epoll *net_of(struct berth_net_epoll_listener *listener) {
    return berth_net_epoll_of(listener->base.net);
}

static int ask(struct berth_net_epoll *net, struct berth_net_epoll_listener *listener,
               unsigned wanted) {
    int error =
        berth_sys_poll_set(net->poll, listener->socket, listener->asked, wanted, &listener->source);
    if (error < 0)
        return error;
    net->asking += (wanted != 0) - (size_t)(listener->asked != 0);
    listener->asked = wanted;
    return 0;
}

static void pause_accepting(struct berth_net_epoll_listener *listener, int error);

static void on_pause_over(void *owner) {
    struct berth_net_epoll_listener *listener = owner;
    int error = ask(net_of(listener), listener, BERTH_SYS_POLL_READ);
    if (error < 0)
        pause_accepting(listener, error);
}

/* The cause lasts (descriptors, memory), and the socket stays readable: without a pause the loop
 * would spin. */
static void pause_accepting(struct berth_net_epoll_listener *listener, int error) {
    (void)ask(net_of(listener), listener, 0);
    berth_net_timer_start(listener->pause, BERTH_NET_ACCEPT_PAUSE_MS);
    berth_net_listener_failed(&listener->base, error);
}

/* Gives 1 when a connection was accepted, 0 when none waits. */
static int accept_socket(struct berth_net_epoll_listener *listener) {
    intptr_t accepted;
    int got = berth_sys_accept(listener->socket, &accepted);
    if (got > 0)
        berth_net_listener_got_socket(&listener->base, accepted);
    return got;
}

static int accept_stream(struct berth_net_epoll_listener *listener) {
    if (listener->spare == NULL)
        listener->spare = berth_alloc(sizeof *listener->spare);
    if (listener->spare == NULL)
        return BERTH_E_MEMORY;
    intptr_t accepted;
    int got = berth_sys_accept(listener->socket, &accepted);
    if (got <= 0)
        return got;
    struct berth_net_epoll_stream *stream = listener->spare;
    listener->spare = NULL;
    berth_net_epoll_stream_adopt(net_of(listener), stream, accepted);
    berth_net_listener_accepted(&listener->base, &stream->base);
    return 1;
}

static void on_ready(struct berth_net_epoll_source *source, unsigned what) {
    (void)what;
    struct berth_net_epoll_listener *listener =
        BERTH_NET_CONTAINER(source, struct berth_net_epoll_listener, source);
    int (*accept_one)(struct berth_net_epoll_listener *) =
        berth_net_listener_wants_sockets(&listener->base) ? accept_socket : accept_stream;
    int got = 1;
    for (int i = 0; i < ACCEPTS_MAX && got > 0 && !listener->base.closing; i++)
        got = accept_one(listener);
    if (got < 0)
        pause_accepting(listener, got);
}

static void discard(struct berth_net_epoll_listener *listener, intptr_t socket) {
    berth_sys_socket_close(socket);
    if (listener != NULL)
        berth_net_timer_destroy(listener->pause);
    berth_free(listener);
}

int berth_net_epoll_listen(struct berth_net *base, berth_net_socket socket,
                           struct berth_net_listener **ret_listener) {
    struct berth_net_epoll_listener *listener = berth_alloc(sizeof *listener);
    int error = listener != NULL ? berth_sys_socket_check_listening(socket) : BERTH_E_MEMORY;
    if (error == 0)
        error = berth_net_timer_create(base, on_pause_over, listener, &listener->pause);
    if (error == 0) {
        listener->source.on_ready = on_ready;
        listener->socket = socket;
        error = ask(berth_net_epoll_of(base), listener, BERTH_SYS_POLL_READ);
    }
    if (error < 0) {
        discard(listener, socket);
        return error;
    }
    berth_sys_stream_no_delay(socket); /* once, in place of once a connection */
    berth_sys_stream_unpaced(socket);
    *ret_listener = &listener->base;
    return 0;
}

void berth_net_epoll_listener_close(struct berth_net_listener *base) {
    struct berth_net_epoll_listener *listener =
        BERTH_NET_CONTAINER(base, struct berth_net_epoll_listener, base);
    struct berth_net_epoll *net = net_of(listener);
    (void)ask(net, listener, 0);
    berth_sys_socket_close(listener->socket);
    berth_net_timer_destroy(listener->pause);
    listener->next_closed = net->closed_listeners;
    net->closed_listeners = listener;
}

void berth_net_epoll_listener_end(struct berth_net_epoll_listener *listener) {
    berth_net_listener_closed(&listener->base);
    berth_free(listener->spare);
    berth_free(listener);
}
