#include "base/alloc.h"
#include "base/assert.h"
#include "berth/error.h"
#include "net/sim_transport.h"

static struct berth_net_sim_listener *listener_of(struct berth_net_link *link) {
    return BERTH_NET_CONTAINER(link, struct berth_net_sim_listener, link);
}

/* -- Sockets ----------------------------------------------------------------------------------- */

static bool is_held(struct berth_net_sim *net, const struct berth_addr *addr) {
    for (struct berth_net_link *link = net->sockets.next; link != &net->sockets;
         link = link->next) {
        const struct berth_addr *held = &listener_of(link)->addr;
        if (held->port == addr->port && held->family == addr->family &&
            (berth_addr_same_ip(held, addr) || berth_addr_is_any(held) || berth_addr_is_any(addr)))
            return true;
    }
    return false;
}

struct berth_net_sim_listener *berth_net_sim_listener_at(struct berth_net_sim *net,
                                                         const struct berth_addr *addr) {
    for (struct berth_net_link *link = net->sockets.next; link != &net->sockets;
         link = link->next) {
        struct berth_net_sim_listener *listener = listener_of(link);
        if (listener->addr.port == addr->port && listener->addr.family == addr->family &&
            (berth_addr_same_ip(&listener->addr, addr) || berth_addr_is_any(&listener->addr)))
            return listener;
    }
    return NULL;
}

static struct berth_net_sim_listener *find_untaken(struct berth_net_sim *net,
                                                   berth_net_socket socket) {
    for (struct berth_net_link *link = net->sockets.next; link != &net->sockets;
         link = link->next) {
        if (listener_of(link)->number == socket && !listener_of(link)->taken)
            return listener_of(link);
    }
    return NULL;
}

static void on_accept(struct berth_net_sim_event *event) {
    struct berth_net_sim_listener *listener =
        BERTH_NET_CONTAINER(event, struct berth_net_sim_listener, accept);
    if (berth_net_list_is_empty(&listener->backlog))
        return;
    struct berth_net_sim_stream *stream =
        BERTH_NET_CONTAINER(listener->backlog.next, struct berth_net_sim_stream, backlog);
    berth_net_list_remove(&stream->backlog);
    if (!berth_net_list_is_empty(&listener->backlog))
        berth_net_sim_schedule(listener->net, &listener->accept, 0);
    if (!berth_net_listener_wants_sockets(&listener->base)) {
        berth_net_listener_accepted(&listener->base, &stream->base);
        return;
    }
    stream->number = ++listener->net->last_socket;
    berth_net_listener_got_socket(&listener->base, stream->number);
}

static void on_closed(struct berth_net_sim_event *event) {
    struct berth_net_sim_listener *listener =
        BERTH_NET_CONTAINER(event, struct berth_net_sim_listener, closed);
    berth_net_listener_closed(&listener->base);
    berth_free(listener);
}

int berth_net_sim_socket(struct berth_net *base, const struct berth_addr *addr, uint16_t *ret_port,
                         berth_net_socket *ret_socket) {
    struct berth_net_sim *net = berth_net_sim_of(base);
    if (addr->port != 0 && is_held(net, addr))
        return BERTH_E_IN_USE;
    struct berth_net_sim_listener *listener = berth_alloc(sizeof *listener);
    if (listener == NULL)
        return BERTH_E_MEMORY;
    berth_net_list_init(&listener->backlog);
    berth_net_sim_event_init(&listener->accept, on_accept);
    berth_net_sim_event_init(&listener->closed, on_closed);
    listener->net = net;
    listener->number = ++net->last_socket;
    listener->addr = *addr;
    if (addr->port == 0)
        listener->addr.port = berth_net_sim_port(net);
    berth_net_list_insert(net->sockets.previous, &listener->link);
    *ret_port = listener->addr.port;
    *ret_socket = listener->number;
    return 0;
}

/* -- Listening --------------------------------------------------------------------------------- */

int berth_net_sim_listen(struct berth_net *base, berth_net_socket socket,
                         struct berth_net_listener **ret_listener) {
    struct berth_net_sim *net = berth_net_sim_of(base);
    struct berth_net_sim_listener *listener = find_untaken(net, socket);
    if (listener == NULL)
        return BERTH_E_INVALID;
    listener->taken = true;
    if (!berth_net_list_is_empty(&listener->backlog))
        berth_net_sim_schedule(net, &listener->accept, 0);
    *ret_listener = &listener->base;
    return 0;
}

static void give_up(struct berth_net_sim_listener *listener) {
    berth_net_list_remove(&listener->link);
    berth_net_sim_cancel(&listener->accept);
    while (!berth_net_list_is_empty(&listener->backlog))
        berth_net_sim_stream_reject(
            BERTH_NET_CONTAINER(listener->backlog.next, struct berth_net_sim_stream, backlog));
}

void berth_net_sim_listener_close(struct berth_net_listener *base) {
    struct berth_net_sim_listener *listener =
        BERTH_NET_CONTAINER(base, struct berth_net_sim_listener, base);
    give_up(listener);
    berth_net_sim_schedule(listener->net, &listener->closed, 0);
}

void berth_net_sim_socket_close(struct berth_net *base, berth_net_socket socket) {
    struct berth_net_sim_stream *stream =
        berth_net_sim_stream_waiting(berth_net_sim_of(base), socket);
    struct berth_net_sim_listener *listener = find_untaken(berth_net_sim_of(base), socket);
    if (stream != NULL)
        berth_net_stream_close(&stream->base);
    if (listener == NULL)
        return;
    give_up(listener);
    berth_free(listener);
}

void berth_net_sim_sockets_free(struct berth_net_sim *net) {
    while (!berth_net_list_is_empty(&net->sockets)) {
        struct berth_net_sim_listener *listener = listener_of(net->sockets.next);
        /* The streams of its backlog were closed with all others. */
        BERTH_ASSERT(!listener->taken && berth_net_list_is_empty(&listener->backlog));
        berth_net_list_remove(&listener->link);
        berth_free(listener);
    }
}
