#include "base/assert.h"
#include "base/hot.h"
#include "berth/error.h"
#include "net/transport.h"

/* -- The loop ---------------------------------------------------------------------------------- */

void berth_net_init(struct berth_net *net, const struct berth_net_ops *ops) {
    net->ops = ops;
    berth_net_list_init(&net->listeners);
    berth_net_list_init(&net->streams);
    berth_net_list_init(&net->failing);
    berth_net_list_init(&net->closing);
    berth_net_list_init(&net->closing_listeners);
    berth_net_list_init(&net->timers);
    berth_net_list_init(&net->signals);
    berth_net_list_init(&net->watches);
    berth_net_list_init(&net->bells);
    net->spin_us = 0;
    net->kept_ms = 0;
    net->running = false;
    net->ending = false;
}

/* The net that this thread runs. */
static _Thread_local const struct berth_net *here;

bool berth_net_is_here(const struct berth_net *net) { return here == net; }

int berth_net_run(struct berth_net *net) {
    BERTH_ASSERT(!net->running);
    net->running = true;
    const struct berth_net *outer = here;
    here = net;
    int error = net->ops->run(net);
    here = outer;
    net->running = false;
    return error;
}

void berth_net_stop(struct berth_net *net) {
    /* While the net ends, it has to run until the last on_closed. */
    if (!net->ending)
        net->ops->stop(net);
}

void berth_net_spin(struct berth_net *net, uint32_t microseconds) { net->spin_us = microseconds; }

BERTH_HOT uint64_t berth_net_now_ms(const struct berth_net *net) {
    return net->kept_ms != 0 ? net->kept_ms : net->ops->now_ms(net);
}

static void stop_all_but_connections(struct berth_net *net) {
    for (struct berth_net_link *link = net->timers.next; link != &net->timers; link = link->next)
        net->ops->timer_stop(BERTH_NET_CONTAINER(link, struct berth_net_timer, link));
    for (struct berth_net_link *link = net->signals.next; link != &net->signals; link = link->next)
        net->ops->signal_stop(BERTH_NET_CONTAINER(link, struct berth_net_signal, link));
    for (struct berth_net_link *link = net->watches.next; link != &net->watches; link = link->next)
        net->ops->watch_stop(BERTH_NET_CONTAINER(link, struct berth_net_watch, link));
    for (struct berth_net_link *link = net->bells.next; link != &net->bells; link = link->next)
        net->ops->bell_stop(BERTH_NET_CONTAINER(link, struct berth_net_bell, link));
}

static void close_streams(struct berth_net_link *streams) {
    while (!berth_net_list_is_empty(streams))
        berth_net_stream_close(BERTH_NET_CONTAINER(streams->next, struct berth_net_stream, link));
}

static void close_listeners(struct berth_net_link *listeners) {
    while (!berth_net_list_is_empty(listeners))
        berth_net_listener_close(
            BERTH_NET_CONTAINER(listeners->next, struct berth_net_listener, link));
}

static void destroy_all_but_connections(struct berth_net *net) {
    while (!berth_net_list_is_empty(&net->timers))
        berth_net_timer_destroy(
            BERTH_NET_CONTAINER(net->timers.next, struct berth_net_timer, link));
    while (!berth_net_list_is_empty(&net->signals))
        berth_net_signal_destroy(
            BERTH_NET_CONTAINER(net->signals.next, struct berth_net_signal, link));
    while (!berth_net_list_is_empty(&net->watches))
        berth_net_watch_destroy(
            BERTH_NET_CONTAINER(net->watches.next, struct berth_net_watch, link));
    while (!berth_net_list_is_empty(&net->bells))
        berth_net_bell_destroy(BERTH_NET_CONTAINER(net->bells.next, struct berth_net_bell, link));
}

void berth_net_close(struct berth_net *net) {
    BERTH_ASSERT(!net->running);
    net->ending = true;
    stop_all_but_connections(net);
    close_listeners(&net->listeners);
    close_streams(&net->streams);
    close_streams(&net->failing);
    while (!berth_net_list_is_empty(&net->closing) ||
           !berth_net_list_is_empty(&net->closing_listeners))
        net->ops->run(net);
}

void berth_net_destroy(struct berth_net *net) {
    if (net == NULL)
        return;
    berth_net_close(net);
    /* Only now: an owner's on_closed may well destroy the timers that belong to it. */
    destroy_all_but_connections(net);
    net->ops->destroy(net);
}

/* -- Listeners --------------------------------------------------------------------------------- */

int berth_net_listen(struct berth_net *net, berth_net_socket socket,
                     const struct berth_net_listener_events *events, void *owner,
                     struct berth_net_listener **ret_listener) {
    BERTH_ASSERT((events->on_accept != NULL) != (events->on_socket != NULL));
    if (net->ending) {
        net->ops->socket_close(net, socket);
        return BERTH_E_CLOSED;
    }
    struct berth_net_listener *listener;
    int error = net->ops->listen(net, socket, &listener);
    if (error < 0)
        return error;
    listener->net = net;
    listener->events = events;
    listener->owner = owner;
    listener->closing = false;
    berth_net_list_insert(net->listeners.previous, &listener->link);
    *ret_listener = listener;
    return 0;
}

void berth_net_listener_close(struct berth_net_listener *listener) {
    if (listener->closing)
        return;
    listener->closing = true;
    berth_net_list_move(&listener->net->closing_listeners, &listener->link);
    listener->net->ops->listener_close(listener);
}

void berth_net_listener_accepted(struct berth_net_listener *listener,
                                 struct berth_net_stream *stream) {
    BERTH_ASSERT(!listener->closing);
    listener->events->on_accept(listener->owner, stream);
    BERTH_ASSERT(stream->state != BERTH_NET_STREAM_ACCEPTED);
}

void berth_net_listener_got_socket(struct berth_net_listener *listener, berth_net_socket socket) {
    BERTH_ASSERT(!listener->closing);
    listener->events->on_socket(listener->owner, socket);
}

void berth_net_listener_failed(struct berth_net_listener *listener, int error) {
    BERTH_ASSERT(!listener->closing);
    if (listener->events->on_error != NULL)
        listener->events->on_error(listener->owner, error);
}

void berth_net_listener_closed(struct berth_net_listener *listener) {
    BERTH_ASSERT(listener->closing);
    berth_net_list_remove(&listener->link);
    if (listener->events->on_closed != NULL)
        listener->events->on_closed(listener->owner);
}

void berth_net_socket_close(struct berth_net *net, berth_net_socket socket) {
    net->ops->socket_close(net, socket);
}

/* -- Timers ------------------------------------------------------------------------------------ */

int berth_net_timer_create(struct berth_net *net, berth_net_timer_event event, void *owner,
                           struct berth_net_timer **ret_timer) {
    if (net->ending)
        return BERTH_E_CLOSED;
    struct berth_net_timer *timer;
    int error = net->ops->timer_create(net, &timer);
    if (error < 0)
        return error;
    timer->net = net;
    timer->event = event;
    timer->owner = owner;
    berth_net_list_insert(net->timers.previous, &timer->link);
    *ret_timer = timer;
    return 0;
}

void berth_net_timer_start(struct berth_net_timer *timer, uint64_t delay_ms) {
    if (!timer->net->ending)
        timer->net->ops->timer_start(timer, delay_ms);
}

void berth_net_timer_stop(struct berth_net_timer *timer) { timer->net->ops->timer_stop(timer); }

void berth_net_timer_destroy(struct berth_net_timer *timer) {
    if (timer == NULL)
        return;
    berth_net_list_remove(&timer->link);
    timer->net->ops->timer_destroy(timer);
}

/* -- Signals ----------------------------------------------------------------------------------- */

int berth_net_signal_create(struct berth_net *net, int number, berth_net_signal_event event,
                            void *owner, struct berth_net_signal **ret_signal) {
    if (net->ending)
        return BERTH_E_CLOSED;
    struct berth_net_signal *signal;
    int error = net->ops->signal_create(net, number, &signal);
    if (error < 0)
        return error;
    signal->net = net;
    signal->event = event;
    signal->owner = owner;
    signal->number = number;
    berth_net_list_insert(net->signals.previous, &signal->link);
    *ret_signal = signal;
    return 0;
}

void berth_net_signal_destroy(struct berth_net_signal *signal) {
    if (signal == NULL)
        return;
    berth_net_list_remove(&signal->link);
    signal->net->ops->signal_destroy(signal);
}

/* -- Watches ----------------------------------------------------------------------------------- */

int berth_net_watch_create(struct berth_net *net, const char *path, berth_net_watch_event event,
                           void *owner, struct berth_net_watch **ret_watch) {
    if (net->ending)
        return BERTH_E_CLOSED;
    struct berth_net_watch *watch;
    int error = net->ops->watch_create(net, path, &watch);
    if (error < 0)
        return error;
    watch->net = net;
    watch->event = event;
    watch->owner = owner;
    berth_net_list_insert(net->watches.previous, &watch->link);
    *ret_watch = watch;
    return 0;
}

void berth_net_watch_destroy(struct berth_net_watch *watch) {
    if (watch == NULL)
        return;
    berth_net_list_remove(&watch->link);
    watch->net->ops->watch_destroy(watch);
}

/* -- Bells ------------------------------------------------------------------------------------- */

int berth_net_bell_create(struct berth_net *net, berth_net_bell_event event, void *owner,
                          struct berth_net_bell **ret_bell) {
    if (net->ending)
        return BERTH_E_CLOSED;
    struct berth_net_bell *bell;
    int error = net->ops->bell_create(net, &bell);
    if (error < 0)
        return error;
    bell->net = net;
    bell->event = event;
    bell->owner = owner;
    berth_net_list_insert(net->bells.previous, &bell->link);
    *ret_bell = bell;
    return 0;
}

void berth_net_bell_ring(struct berth_net_bell *bell) { bell->net->ops->bell_ring(bell); }

void berth_net_bell_destroy(struct berth_net_bell *bell) {
    if (bell == NULL)
        return;
    berth_net_list_remove(&bell->link);
    bell->net->ops->bell_destroy(bell);
}
