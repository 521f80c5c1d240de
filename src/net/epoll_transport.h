/* What the parts of the epoll transport share.
 *
 * Streams and listeners are in a set of our own (sys/poll.h); timers, signals and watches are
 * libuv's, as in the transport `uv`, whose backend descriptor is in that set as one more source.
 *
 * Shape:   whatever is in the set has a source, which is the owner of its events
 * Owns:    what is closed stays in memory to the end of the turn, for events of it may still wait
 * Threads: the net's
 */
#ifndef BERTH_NET_EPOLL_TRANSPORT_H
#define BERTH_NET_EPOLL_TRANSPORT_H

#include "net/uv_transport.h"
#include "sys/poll.h"

#include <assert.h>

/* With more connections than these ready at once there is enough to do, and no time to spin away.
 */
#define BERTH_NET_EPOLL_SPIN_CONNECTIONS 4

/* How often the only one that speaks is asked for each look at the set: what all others wait while
 * it has something to say each time. */
#define BERTH_NET_EPOLL_HASTE_MAX 8

struct berth_net_epoll_source {
    void (*on_ready)(struct berth_net_epoll_source *source, unsigned what);
};

struct berth_net_epoll {
    struct berth_net_uv uv; /* first: its functions for timers, signals and watches are ours too */
    struct berth_net_epoll_source uv_source;
    intptr_t poll;
    size_t asking; /* streams and listeners in the set */
    struct berth_net_epoll_listener *closed_listeners;
    uint64_t waited_ns;                     /* the last time, until something was ready */
    int told;                               /* how much was ready then */
    struct berth_net_epoll_stream *partner; /* a hasty stream that spoke then, or NULL */
    unsigned hastened;                      /* how often it was asked since the set was */
    bool stopped;
    bool failures_due;
};

struct berth_net_epoll_stream {
    struct berth_net_stream base;
    struct berth_net_epoll_source source;
    int32_t socket;
    uint8_t asked; /* what the set tells of it: enum berth_sys_poll_what */
    bool reading;
    bool writing;
};

static_assert(sizeof(struct berth_net_epoll_stream) <= 88, "every idle connection has one");

struct berth_net_epoll_listener {
    struct berth_net_epoll_source source;
    struct berth_net_listener base;
    struct berth_net_epoll_listener *next_closed;
    struct berth_net_timer *pause;
    /* Memory for the next stream. It is there before a connection is taken off the backlog: when
     * there is none, the connection waits. */
    struct berth_net_epoll_stream *spare;
    intptr_t socket;
    unsigned asked;
};

static inline struct berth_net_epoll *berth_net_epoll_of(struct berth_net *net) {
    return (struct berth_net_epoll *)(void *)berth_net_uv_of(net);
}

/* -- epoll_stream.c ---------------------------------------------------------------------------- */

/* What struct berth_net_ops asks for. */
int berth_net_epoll_connect(struct berth_net *net, const struct berth_addr *to,
                            struct berth_net_stream **ret_stream);
int berth_net_epoll_adopt(struct berth_net *net, berth_net_socket socket,
                          struct berth_net_stream **ret_stream);

/* Makes an accepted stream of a connected socket, in memory from berth_alloc. */
void berth_net_epoll_stream_adopt(struct berth_net_epoll *net,
                                  struct berth_net_epoll_stream *memory, intptr_t socket);

void berth_net_epoll_read_start(struct berth_net_stream *stream);
void berth_net_epoll_read_stop(struct berth_net_stream *stream);
ptrdiff_t berth_net_epoll_write(struct berth_net_stream *stream, const struct berth_view *parts,
                                size_t count);
int berth_net_epoll_flush(struct berth_net_stream *stream);
int berth_net_epoll_shutdown(struct berth_net_stream *stream);
void berth_net_epoll_stream_close(struct berth_net_stream *stream);
struct berth_addr berth_net_epoll_local(const struct berth_net_stream *stream);
struct berth_addr berth_net_epoll_remote(const struct berth_net_stream *stream);

/* Reads once from an open stream, without having asked the set. Did anything come? */
bool berth_net_epoll_stream_hear(struct berth_net_epoll_stream *stream);

/* Tells that it is closed, and frees it. */
void berth_net_epoll_stream_end(struct berth_net_epoll_stream *stream);

/* -- epoll_listener.c -------------------------------------------------------------------------- */

/* What struct berth_net_ops asks for. */
int berth_net_epoll_listen(struct berth_net *net, berth_net_socket socket,
                           struct berth_net_listener **ret_listener);
void berth_net_epoll_listener_close(struct berth_net_listener *listener);

/* Tells that it is closed, and frees it. */
void berth_net_epoll_listener_end(struct berth_net_epoll_listener *listener);

#endif
