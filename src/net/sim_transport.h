/* What the parts of the simulated transport share.
 *
 * Shape:   an event is part of the object that it happens to, and is scheduled at most once at a
 *          time: nothing is allocated to make something happen later
 * Threads: the net's
 */
#ifndef BERTH_NET_SIM_TRANSPORT_H
#define BERTH_NET_SIM_TRANSPORT_H

#include "net/sim.h"
#include "net/transport.h"

struct berth_net_sim_event {
    struct berth_net_link link; /* among the events to come, by time; alone when not scheduled */
    uint64_t at_ms;
    void (*run)(struct berth_net_sim_event *event);
};

struct berth_net_sim {
    struct berth_net base;
    struct berth_net_sim_options options;
    struct berth_net_link events;
    struct berth_net_link sockets;
    struct berth_net_sim_event report;
    uint64_t now_ms;
    uint64_t random;
    berth_net_socket last_socket;
    uint16_t last_port;
    bool stopping;
};

static inline struct berth_net_sim *berth_net_sim_of(struct berth_net *net) {
    return BERTH_NET_CONTAINER(net, struct berth_net_sim, base);
}

/* -- sim.c ------------------------------------------------------------------------------------- */

void berth_net_sim_event_init(struct berth_net_sim_event *event,
                              void (*run)(struct berth_net_sim_event *event));

/* Events of one time run in the order in which they were scheduled. One that is scheduled already
 * stays as it is. */
void berth_net_sim_schedule(struct berth_net_sim *net, struct berth_net_sim_event *event,
                            uint64_t delay_ms);
void berth_net_sim_cancel(struct berth_net_sim_event *event);

/* 1 to max, max itself unless `any`. */
size_t berth_net_sim_part(struct berth_net_sim *net, size_t max, bool any);

/* True that often. */
bool berth_net_sim_chance(struct berth_net_sim *net, uint32_t per_million);
/* A delay within the range of the options. */
uint64_t berth_net_sim_delay(struct berth_net_sim *net);

/* A port that no socket listens on. */
uint16_t berth_net_sim_port(struct berth_net_sim *net);

/* -- sim_listener.c ---------------------------------------------------------------------------- */

struct berth_net_sim_listener {
    struct berth_net_listener base;
    struct berth_net_link link; /* in the net's sockets */
    struct berth_net_link backlog;
    struct berth_net_sim_event accept;
    struct berth_net_sim_event closed;
    struct berth_net_sim *net;
    struct berth_addr addr;
    berth_net_socket number;
    bool taken; /* by berth_net_listen */
};

/* Who listens on the address; NULL for nobody. */
struct berth_net_sim_listener *berth_net_sim_listener_at(struct berth_net_sim *net,
                                                         const struct berth_addr *addr);
int berth_net_sim_listen(struct berth_net *net, berth_net_socket socket,
                         struct berth_net_listener **ret_listener);
void berth_net_sim_listener_close(struct berth_net_listener *listener);
void berth_net_sim_socket_close(struct berth_net *net, berth_net_socket socket);
void berth_net_sim_sockets_free(struct berth_net_sim *net);

/* -- sim_stream.c ------------------------------------------------------------------------------ */

struct berth_net_sim_stream {
    struct berth_net_stream base;
    struct berth_net_sim_stream *peer; /* NULL before connecting, and when it is closed */
    struct berth_net_link backlog;     /* in a listener's, until it is accepted */
    struct berth_net_queue inbox;      /* under way to this end, or unread */
    struct berth_net_sim_event connect;
    struct berth_net_sim_event deliver;
    struct berth_net_sim_event flush;
    struct berth_net_sim_event closed;
    struct berth_addr local;
    struct berth_addr remote;
    berth_net_socket number; /* until it is adopted; 0 for none */
    bool reading;
    bool fin;   /* stands behind the inbox */
    bool reset; /* by the peer, not yet noticed */
};

/* Of streams that on_socket told of: of this very net, for a simulated world has but one. */
int berth_net_sim_adopt(struct berth_net *net, berth_net_socket socket,
                        struct berth_net_stream **ret_stream);

/* The stream that waits to be adopted under that number; NULL for none. */
struct berth_net_sim_stream *berth_net_sim_stream_waiting(struct berth_net_sim *net,
                                                          berth_net_socket socket);

int berth_net_sim_connect(struct berth_net *net, const struct berth_addr *to,
                          struct berth_net_stream **ret_stream);
void berth_net_sim_read_start(struct berth_net_stream *stream);
void berth_net_sim_read_stop(struct berth_net_stream *stream);
ptrdiff_t berth_net_sim_write(struct berth_net_stream *stream, const struct berth_view *parts,
                              size_t count);
int berth_net_sim_flush(struct berth_net_stream *stream);
int berth_net_sim_shutdown(struct berth_net_stream *stream);
void berth_net_sim_stream_close(struct berth_net_stream *stream);
struct berth_addr berth_net_sim_local(const struct berth_net_stream *stream);
struct berth_addr berth_net_sim_remote(const struct berth_net_stream *stream);

/* Closes a stream of the backlog; the other end is reset. */
void berth_net_sim_stream_reject(struct berth_net_sim_stream *stream);

/* -- sim_timer.c ------------------------------------------------------------------------------- */

int berth_net_sim_timer_create(struct berth_net *net, struct berth_net_timer **ret_timer);
void berth_net_sim_timer_start(struct berth_net_timer *timer, uint64_t delay_ms);
void berth_net_sim_timer_stop(struct berth_net_timer *timer);
void berth_net_sim_timer_destroy(struct berth_net_timer *timer);

int berth_net_sim_signal_create(struct berth_net *net, int number,
                                struct berth_net_signal **ret_signal);
void berth_net_sim_signal_stop(struct berth_net_signal *signal);
void berth_net_sim_signal_destroy(struct berth_net_signal *signal);

/* -- sim_watch.c ------------------------------------------------------------------------------- */

int berth_net_sim_watch_create(struct berth_net *net, const char *path,
                               struct berth_net_watch **ret_watch);
void berth_net_sim_watch_stop(struct berth_net_watch *watch);
void berth_net_sim_watch_destroy(struct berth_net_watch *watch);

/* -- sim_bell.c -------------------------------------------------------------------------------- */

int berth_net_sim_bell_create(struct berth_net *net, struct berth_net_bell **ret_bell);
void berth_net_sim_bell_ring(struct berth_net_bell *bell);
void berth_net_sim_bell_stop(struct berth_net_bell *bell);
void berth_net_sim_bell_destroy(struct berth_net_bell *bell);

#endif
