/* What a transport is: a table of functions, and the heads of the objects that it makes.
 *
 * The common part (net.c, stream.c) holds every rule that callers can see: states, the send queue
 * and its limit, what may follow what. A transport moves bytes and knows when something happened.
 *
 * Shape:   calls go down through struct berth_net_ops; what happened goes up through the functions
 *          at the end. Nothing goes up from inside a call that went down: a transport that fails in
 *          such a call says so by its return value, or later
 * Owns:    the transport allocates every object with its head as the first member, and frees it
 *          when the function that reports its closing returns
 * Threads: one per net
 * Proof:   conformance.c, which every transport passes
 */
#ifndef BERTH_NET_TRANSPORT_H
#define BERTH_NET_TRANSPORT_H

#include "net/list.h"
#include "net/net.h"
#include "net/queue.h"

#define BERTH_NET_STREAM_LIMIT_DEFAULT ((size_t)4 * 1024 * 1024)
#define BERTH_NET_ACCEPT_PAUSE_MS 100

struct berth_net_ops {
    /* Runs until `stop`, or until nothing is left. */
    int (*run)(struct berth_net *net);
    void (*stop)(struct berth_net *net);
    uint64_t (*now_ms)(const struct berth_net *net);

    /* Have berth_net_report_failures called at the end of this turn of the loop. */
    void (*wake)(struct berth_net *net);

    /* Frees the net; every object of it is closed or destroyed. */
    void (*destroy)(struct berth_net *net);

    /* Closes a socket that nothing was made of. */
    void (*socket_close)(struct berth_net *net, berth_net_socket socket);

    /* Makes a stream in state ACCEPTED; takes the socket, also on failure. */
    int (*adopt)(struct berth_net *net, berth_net_socket socket,
                 struct berth_net_stream **ret_stream);

    /* Takes the socket, also on failure. */
    int (*listen)(struct berth_net *net, berth_net_socket socket,
                  struct berth_net_listener **ret_listener);
    void (*listener_close)(struct berth_net_listener *listener);

    /* What fails later than this ends in berth_net_stream_connected. */
    int (*connect)(struct berth_net *net, const struct berth_addr *to,
                   struct berth_net_stream **ret_stream);

    void (*read_start)(struct berth_net_stream *stream);
    void (*read_stop)(struct berth_net_stream *stream);

    /* Writes what goes at once: gives how many bytes, maybe none. An error is the connection's end.
     */
    ptrdiff_t (*write)(struct berth_net_stream *stream, const struct berth_view *parts,
                       size_t count);

    /* Begins to write what the queue holds; ends in berth_net_stream_written. */
    int (*flush)(struct berth_net_stream *stream);

    /* Has berth_net_stream_written called, with 0, as soon as more would go, in a turn to come; the
     * queue is empty. NULL where the transport cannot. */
    int (*want)(struct berth_net_stream *stream);

    /* Sends FIN; the queue is empty. */
    int (*shutdown)(struct berth_net_stream *stream);

    /* Ends in berth_net_stream_closed. */
    void (*stream_close)(struct berth_net_stream *stream);

    struct berth_addr (*local)(const struct berth_net_stream *stream);
    struct berth_addr (*remote)(const struct berth_net_stream *stream);

    int (*timer_create)(struct berth_net *net, struct berth_net_timer **ret_timer);
    void (*timer_start)(struct berth_net_timer *timer, uint64_t delay_ms);
    void (*timer_stop)(struct berth_net_timer *timer);
    void (*timer_destroy)(struct berth_net_timer *timer);

    int (*signal_create)(struct berth_net *net, int number, struct berth_net_signal **ret_signal);
    void (*signal_stop)(struct berth_net_signal *signal);
    void (*signal_destroy)(struct berth_net_signal *signal);

    /* The event comes in the loop's own thread, once for any number of rings before it. */
    int (*bell_create)(struct berth_net *net, struct berth_net_bell **ret_bell);
    void (*bell_ring)(struct berth_net_bell *bell); /* any thread */
    void (*bell_stop)(struct berth_net_bell *bell);
    void (*bell_destroy)(struct berth_net_bell *bell);

    int (*watch_create)(struct berth_net *net, const char *path,
                        struct berth_net_watch **ret_watch);
    void (*watch_stop)(struct berth_net_watch *watch);
    void (*watch_destroy)(struct berth_net_watch *watch);
};

/* -- Heads: the first member of what a transport allocates ------------------------------------- */

struct berth_net {
    const struct berth_net_ops *ops;
    struct berth_net_link listeners;
    struct berth_net_link streams; /* but for those in the two lists that follow */
    struct berth_net_link failing; /* streams whose failure is to be reported by an event */
    struct berth_net_link closing; /* streams whose on_closed is to come */
    struct berth_net_link closing_listeners;
    struct berth_net_link timers;
    struct berth_net_link signals;
    struct berth_net_link watches;
    struct berth_net_link bells;
    uint64_t kept_ms; /* what now_ms would give, while it is sure not to change; else 0 */
    uint32_t spin_us;
    bool running;
    bool ending; /* berth_net_destroy runs: only on_closed is called, nothing new is made */
};

struct berth_net_listener {
    struct berth_net_link link;
    struct berth_net *net;
    const struct berth_net_listener_events *events;
    void *owner;
    bool closing;
};

enum berth_net_stream_state {
    BERTH_NET_STREAM_CONNECTING, /* on_connect is to come; what is sent waits in the queue */
    BERTH_NET_STREAM_ACCEPTED,   /* on_accept runs: to be started or closed */
    BERTH_NET_STREAM_OPEN,       /* bytes go both ways, as far as `ended` and `shut` allow */
    BERTH_NET_STREAM_UNREACHED,  /* connecting failed at once; on_connect is to say so */
    BERTH_NET_STREAM_BROKEN,     /* sending failed; reads on until on_error says so */
    BERTH_NET_STREAM_FAILED,     /* the owner knows of the failure and has to close */
    BERTH_NET_STREAM_CLOSING,    /* on_closed is to come, and nothing else */
};

struct berth_net_stream {
    struct berth_net_link link;
    struct berth_net *net;
    const struct berth_net_stream_events *events;
    void *owner;
    struct berth_net_queue queue;
    size_t limit;
    int failure;       /* what UNREACHED and BROKEN have to report */
    uint8_t state;     /* enum berth_net_stream_state */
    bool paused : 1;   /* by the owner */
    bool ended : 1;    /* the peer sent FIN */
    bool shut : 1;     /* we sent FIN, or will when the queue is empty */
    bool hasty : 1;    /* it may be asked before what else there is */
    bool choosing : 1; /* `place` is asked */
    bool itself : 1; /* connected to itself: closed without a trace (a reset), else the system would
                        keep the port from its server for a minute */
};

struct berth_net_timer {
    struct berth_net_link link;
    struct berth_net *net;
    berth_net_timer_event event;
    void *owner;
};

struct berth_net_signal {
    struct berth_net_link link;
    struct berth_net *net;
    berth_net_signal_event event;
    void *owner;
    int number;
};

struct berth_net_watch {
    struct berth_net_link link;
    struct berth_net *net;
    berth_net_watch_event event;
    void *owner;
};

struct berth_net_bell {
    struct berth_net_link link;
    struct berth_net *net;
    berth_net_bell_event event;
    void *owner;
};

/* -- From a transport, while it makes an object ------------------------------------------------ */

void berth_net_init(struct berth_net *net, const struct berth_net_ops *ops);

/* `state` is CONNECTING or ACCEPTED. */
void berth_net_stream_init(struct berth_net_stream *stream, struct berth_net *net,
                           enum berth_net_stream_state state);

/* The connection failed inside a call: the event comes at the end of this turn of the loop. */
void berth_net_stream_fail_later(struct berth_net_stream *stream, int error);

/* -- From a transport, when something happened ------------------------------------------------- */

/* Calls on_error or on_connect of all streams that wait for it. */
void berth_net_report_failures(struct berth_net *net);

/* A listener's events. `stream` is in state ACCEPTED; of one that wants sockets, none is made. */
static inline bool berth_net_listener_wants_sockets(const struct berth_net_listener *listener) {
    return listener->events->on_socket != NULL;
}
void berth_net_listener_accepted(struct berth_net_listener *listener,
                                 struct berth_net_stream *stream);
void berth_net_listener_got_socket(struct berth_net_listener *listener, berth_net_socket socket);
void berth_net_listener_failed(struct berth_net_listener *listener, int error);
void berth_net_listener_closed(struct berth_net_listener *listener);

/* Where a read puts how much at most. */
struct berth_net_place {
    uint8_t *bytes;
    size_t size;
};

/* The memory of the loop's, unless the owner has a place of its own, or wants less. */
struct berth_net_place berth_net_stream_ask_place(const struct berth_net_stream *stream,
                                                  struct berth_net_place memory);
static inline struct berth_net_place berth_net_stream_place(const struct berth_net_stream *stream,
                                                            struct berth_net_place memory) {
    return stream->choosing ? berth_net_stream_ask_place(stream, memory) : memory;
}

/* A stream's events. All but `connected` and `failed` need a stream that reads. */
void berth_net_stream_connected(struct berth_net_stream *stream, int error);
static inline void berth_net_stream_received(struct berth_net_stream *stream, uint8_t *data,
                                             size_t size) {
    stream->events->on_data(stream->owner, data, size);
}
void berth_net_stream_ended(struct berth_net_stream *stream);
void berth_net_stream_failed(struct berth_net_stream *stream, int error);

/* The first `size` bytes of the queue were written. */
void berth_net_stream_written(struct berth_net_stream *stream, size_t size);

/* The last one: the transport frees the stream next. */
void berth_net_stream_closed(struct berth_net_stream *stream);

#endif
