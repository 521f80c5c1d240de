/* A loop and its transport: streams, listeners, timers and signals behind one interface.
 *
 *     struct berth_net *net;
 *     int error = berth_net_create(&net);
 *     error = berth_net_listen(net, socket, &listener_events, owner, &listener);
 *     error = berth_net_run(net);          (until berth_net_stop)
 *     berth_net_destroy(net);
 *
 * Several transports stand behind it (`epoll`: Linux; `uv`: libuv, everywhere; `sim`: virtual time,
 * for tests). All pass the same conformance suite.
 *
 * Shape:   completion style: start an operation, hear of its end through an event. No function
 *          calls an event before it returns, with no exception
 * Units:   times in milliseconds of the loop's own monotonic clock, sizes in bytes
 * Owns:    streams, listeners, timers, signals, watches and bells belong to the net from their
 * creation to the return of their on_closed; closing is asynchronous, and on_closed is the last
 * event there is. The events tables have to live as long. Bytes that go to an event or a send are a
 * loan for that call Errors:  berth/error.h; after an error event the owner still has to close
 * Limits:  a stream's send queue holds at most what berth_net_stream_limit says
 * Threads: one per net; nothing here may be called from another, but for berth_net_bell_ring and
 *          berth_net_is_here
 * Proof:   net_test.c, adopt_test.c, flow_test.c, close_test.c, timer_test.c, watch_test.c,
 * bell_test.c (every transport); real_test.c (epoll, uv), sim_test.c
 */
#ifndef BERTH_NET_NET_H
#define BERTH_NET_NET_H

#include "base/addr.h"
#include "base/view.h"
#include "berth/net.h"

struct berth_net;
struct berth_net_listener;
struct berth_net_stream;
struct berth_net_timer;
struct berth_net_signal;
struct berth_net_watch;
struct berth_net_bell;

/* A listening or connected socket of the transport: a descriptor for `epoll` and `uv`, a number of
 * its own for `sim`. */
typedef intptr_t berth_net_socket;

/* -- The loop ---------------------------------------------------------------------------------- */

/* A certain one. Errors: BERTH_E_MEMORY, BERTH_E_TOO_MANY_FILES; of `epoll` BERTH_E_UNSUPPORTED
 * where the system has none. */
int berth_net_epoll_create(struct berth_net **ret_net);
int berth_net_uv_create(struct berth_net **ret_net);

/* Before it sleeps, the loop looks again and again for what is ready, for that many microseconds at
 * most: an answer that comes soon is had without the cost of falling asleep and waking up, and the
 * processor is busy meanwhile. It does so only while what it waited for last came within that time
 * and was of few connections. 0, the default, is never; `epoll` alone heeds it. */
void berth_net_spin(struct berth_net *net, uint32_t microseconds);

/* The loop's time, as of the event that runs now. */
uint64_t berth_net_now_ms(const struct berth_net *net);

/* Closes what is still open and calls every on_closed; nothing new can be made from now on. Timers,
 * signals and watches are stopped, and stay for their owners to destroy. Not from inside an event.
 * Twice is once. */
void berth_net_close(struct berth_net *net);

/* -- Listeners --------------------------------------------------------------------------------- */

struct berth_net_listener_events {
    /* A connection. Call berth_net_stream_start or berth_net_stream_close on it before returning.
     * NULL where on_socket is there. */
    void (*on_accept)(void *owner, struct berth_net_stream *stream);

    /* In its place: a connection that is nobody's yet, for berth_net_adopt on this net, or on
     * another one of the same transport in that one's thread; else for berth_net_socket_close. */
    void (*on_socket)(void *owner, berth_net_socket socket);

    /* Accepting failed (BERTH_E_TOO_MANY_FILES, BERTH_E_MEMORY…). The listener goes on by itself
     * after a pause of 100 ms; the connection waits in the backlog. May be NULL. */
    void (*on_error)(void *owner, int error);

    /* The last event. May be NULL. */
    void (*on_closed)(void *owner);
};

/* Accepts connections on a socket that listens already; the socket is taken, also on failure.
 * Errors: BERTH_E_INVALID: it does not listen. BERTH_E_MEMORY, BERTH_E_CLOSED. */
int berth_net_listen(struct berth_net *net, berth_net_socket socket,
                     const struct berth_net_listener_events *events, void *owner,
                     struct berth_net_listener **ret_listener);

/* Closes the socket. Streams that came from it live on. Twice is once. */
void berth_net_listener_close(struct berth_net_listener *listener);

/* -- Streams ----------------------------------------------------------------------------------- */

/* All but on_connect and place have to be there. */
struct berth_net_stream_events {
    /* The outcome of berth_net_connect: 0, or an error (then close). Never for accepted streams;
     * may be NULL for those. */
    void (*on_connect)(void *owner, int error);

    /* A question before each read, if berth_net_stream_choose was called: where are the bytes to go
     * that come next? NULL: into memory of the loop's. At most *ret_size are read, which the owner
     * may make less. No function of the net may be called from here, and the read may come to
     * nothing. */
    uint8_t *(*place)(void *owner, size_t *ret_size);

    /* Bytes. They may be changed in place; they are gone when the call returns, but for those that
     * lie where `place` said. */
    void (*on_data)(void *owner, uint8_t *data, size_t size);

    /* The peer will send no more. Sending still works. */
    void (*on_end)(void *owner);

    /* The send queue, which had something in it, is empty. */
    void (*on_drained)(void *owner);

    /* The stream failed (BERTH_E_RESET, BERTH_E_TIMEOUT…): no event but on_closed will follow. */
    void (*on_error)(void *owner, int error);

    /* The last event: the stream's memory goes when this returns. */
    void (*on_closed)(void *owner);
};

/* Connects to an address; on_connect tells the outcome. Reading starts by itself then, and what was
 * sent before waits in the queue until then. Errors: BERTH_E_MEMORY, BERTH_E_CLOSED. By on_connect:
 * BERTH_E_REFUSED (also for a socket that was connected to itself), BERTH_E_TIMEOUT,
 * BERTH_E_NO_ADDRESS, BERTH_E_TOO_MANY_FILES… */
int berth_net_connect(struct berth_net *net, const struct berth_addr *to,
                      const struct berth_net_stream_events *events, void *owner,
                      struct berth_net_stream **ret_stream);

/* Makes a stream of what on_socket gave; the socket is taken, also on failure. The stream is as
 * on_accept tells it: start or close it before the event that runs now returns. Errors:
 * BERTH_E_MEMORY, BERTH_E_CLOSED. */
int berth_net_adopt(struct berth_net *net, berth_net_socket socket,
                    struct berth_net_stream **ret_stream);

/* Closes a socket that nothing was made of. */
void berth_net_socket_close(struct berth_net *net, berth_net_socket socket);

/* Takes an accepted stream on and starts reading it. Called once. */
void berth_net_stream_start(struct berth_net_stream *stream,
                            const struct berth_net_stream_events *events, void *owner);

/* Sends the parts, in order, as one gathered write. What the kernel does not take at once is copied
 * to the send queue; then on_drained follows. After an error nothing of it was sent or queued.
 * Errors: BERTH_E_FULL (the queue would pass its limit if the kernel took nothing: the limit has to
 * be at least as large as the largest send), BERTH_E_MEMORY, BERTH_E_CLOSED (closing, failed, or
 * shut down). A failure of the connection itself comes by on_error, even when this call is what
 * finds it; the call then gives 0. */
int berth_net_send(struct berth_net_stream *stream, const struct berth_view *parts, size_t count);

/* Sends of the bytes what goes at once, and hardly more: for who has the rest again when it is
 * wanted. ret_taken is how many were taken; when not all were, on_drained follows. The queue has to
 * be empty. Errors: as berth_net_send. */
int berth_net_offer(struct berth_net_stream *stream, struct berth_view bytes, size_t *ret_taken);

/* Is the system alone to look at what is offered? Then it may be memory that can vanish, as that of
 * a mapped file that shrinks does: the connection fails, and nothing else. */
bool berth_net_offers_unseen(const struct berth_net *net);

/* on_drained follows in the loop's next turn, or when more would go: for who has much to offer, and
 * lets others have their turn. Only where berth_net_offers_unseen. */
void berth_net_want(struct berth_net_stream *stream);

/* As berth_net_send, but it leaves in the loop's next turn, not now: for who has much to send, and
 * lets others have their turn. on_drained follows. */
int berth_net_send_later(struct berth_net_stream *stream, const struct berth_view *parts,
                         size_t count);

/* Bytes in the send queue. */
size_t berth_net_stream_pending(const struct berth_net_stream *stream);

/* The send queue's maximum; 4 MiB until said otherwise. */
void berth_net_stream_limit(struct berth_net_stream *stream, size_t size);

/* Stops and goes on with reading. While paused the peer feels it through TCP's own window. One
 * on_data that is under way already may still come in full. */
void berth_net_stream_pause(struct berth_net_stream *stream);
void berth_net_stream_resume(struct berth_net_stream *stream);

/* What comes on this stream does not depend on what else happened before it: while no other speaks,
 * a loop that spins asks it first, a few times for each look at all others. So with messages; not
 * with a request for a file that a watch tells of. A hint; `epoll` alone heeds it. */
void berth_net_stream_hasten(struct berth_net_stream *stream);

/* From now on `place` is asked before each read, or is not asked any more. */
void berth_net_stream_choose(struct berth_net_stream *stream, bool choosing);

/* Says "no more from me" (FIN) once the queue is sent. Reading goes on. */
void berth_net_stream_shutdown(struct berth_net_stream *stream);

/* Closes now; what is queued is dropped. Only on_closed follows. Twice is once. */
void berth_net_stream_close(struct berth_net_stream *stream);

/* The two ends of the connection; family 0 when the system does not know (any more). */
struct berth_addr berth_net_stream_local(const struct berth_net_stream *stream);
struct berth_addr berth_net_stream_remote(const struct berth_net_stream *stream);

/* -- Timers ------------------------------------------------------------------------------------ */

typedef void (*berth_net_timer_event)(void *owner);

int berth_net_timer_create(struct berth_net *net, berth_net_timer_event event, void *owner,
                           struct berth_net_timer **ret_timer);

/* Once, after delay_ms; a running timer is set anew. */
void berth_net_timer_start(struct berth_net_timer *timer, uint64_t delay_ms);

void berth_net_timer_stop(struct berth_net_timer *timer);

/* Stops and frees; the event will not come any more. NULL is welcome. */
void berth_net_timer_destroy(struct berth_net_timer *timer);

/* -- Signals ----------------------------------------------------------------------------------- */

typedef void (*berth_net_signal_event)(void *owner, int number);

/* Hears of a signal (SIGINT, SIGTERM, SIGHUP) in place of its default action. */
int berth_net_signal_create(struct berth_net *net, int number, berth_net_signal_event event,
                            void *owner, struct berth_net_signal **ret_signal);

/* Stops and frees. NULL is welcome. */
void berth_net_signal_destroy(struct berth_net_signal *signal);

/* -- Watches ----------------------------------------------------------------------------------- */

typedef void (*berth_net_watch_event)(void *owner);

/* Hears that something in a folder was made, changed, renamed or removed. A hint only, to look
 * sooner: one event may stand for many changes, a folder that is removed and made again is watched
 * no longer, and some file systems tell nothing. Whoever has to know looks from time to time as
 * well. Errors: BERTH_E_MEMORY, BERTH_E_CLOSED; of a real one also BERTH_E_NOT_FOUND,
 * BERTH_E_DENIED, BERTH_E_NO_SPACE and BERTH_E_TOO_MANY_FILES (the system's limits on watches). */
int berth_net_watch_create(struct berth_net *net, const char *path, berth_net_watch_event event,
                           void *owner, struct berth_net_watch **ret_watch);

/* Stops and frees; the event will not come any more. NULL is welcome. */
void berth_net_watch_destroy(struct berth_net_watch *watch);

/* -- Bells: how another thread calls the loop's -------------------------------------------------
 */

typedef void (*berth_net_bell_event)(void *owner);

/* The event comes in the thread that runs the net, once for any number of rings before it. A bell
 * keeps berth_net_run running. Errors: BERTH_E_MEMORY, BERTH_E_CLOSED, BERTH_E_TOO_MANY_FILES. */
int berth_net_bell_create(struct berth_net *net, berth_net_bell_event event, void *owner,
                          struct berth_net_bell **ret_bell);

/* From any thread, until the bell is destroyed or the net closed. */
void berth_net_bell_ring(struct berth_net_bell *bell);

/* The event will not come any more. NULL is welcome. */
void berth_net_bell_destroy(struct berth_net_bell *bell);

/* Does this very thread run the net now? */
bool berth_net_is_here(const struct berth_net *net);

#endif
