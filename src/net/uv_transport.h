/* What the parts of the libuv transport share.
 *
 * Shape:   every object is its head and the libuv handles that it needs, in one allocation; the
 *          handle's data points at the object
 * Owns:    an object is freed in its handle's close callback
 * Threads: the net's
 */
#ifndef BERTH_NET_UV_TRANSPORT_H
#define BERTH_NET_UV_TRANSPORT_H

#include "berth/error.h"
#include "net/transport.h"

#include <uv.h>

/* One read takes in as much, for all streams of a loop in turn: large messages come in few calls,
 * and an idle connection has no buffer at all. */
#define BERTH_NET_UV_READ_SIZE ((size_t)256 * 1024)

struct berth_net_uv {
    struct berth_net base;
    uv_loop_t loop;
    uv_check_t report; /* calls berth_net_report_failures when the turn's reading is done */
    uv_idle_t awake;   /* keeps the loop from sleeping while a failure is to be reported */
    char *read_buffer;
};

struct berth_net_uv_stream {
    struct berth_net_stream base;
    uv_tcp_t tcp;
    uv_write_t *write; /* there while the queue holds something */
};

/* -- uv.c -------------------------------------------------------------------------------------- */

/* Makes the loop in memory of the caller's, for a transport with those functions; and ends it. */
int berth_net_uv_init(struct berth_net_uv *net, const struct berth_net_ops *operations);
void berth_net_uv_finish(struct berth_net_uv *net);

/* libuv's error as ours. */
int berth_net_uv_error(int status);

/* An address as the system has it, and back; family 0 when it is neither IPv4 nor IPv6. */
struct sockaddr_storage berth_net_uv_sockaddr(const struct berth_addr *addr);
struct berth_addr berth_net_uv_addr(const struct sockaddr_storage *storage);

static inline struct berth_net_uv *berth_net_uv_of(struct berth_net *net) {
    return BERTH_NET_CONTAINER(net, struct berth_net_uv, base);
}

/* -- uv_stream.c ------------------------------------------------------------------------------- */

/* What struct berth_net_ops asks for. */
int berth_net_uv_connect(struct berth_net *net, const struct berth_addr *to,
                         struct berth_net_stream **ret_stream);
int berth_net_uv_adopt(struct berth_net *net, berth_net_socket socket,
                       struct berth_net_stream **ret_stream);

/* Makes a stream of a connected socket, in memory from berth_alloc, which it takes with the socket,
 * also on failure. */
int berth_net_uv_stream_adopt(struct berth_net_uv *net, struct berth_net_uv_stream *memory,
                              intptr_t socket);

void berth_net_uv_read_start(struct berth_net_stream *stream);
void berth_net_uv_read_stop(struct berth_net_stream *stream);
ptrdiff_t berth_net_uv_write(struct berth_net_stream *stream, const struct berth_view *parts,
                             size_t count);
int berth_net_uv_flush(struct berth_net_stream *stream);
int berth_net_uv_shutdown(struct berth_net_stream *stream);
void berth_net_uv_stream_close(struct berth_net_stream *stream);
struct berth_addr berth_net_uv_local(const struct berth_net_stream *stream);
struct berth_addr berth_net_uv_remote(const struct berth_net_stream *stream);

/* -- uv_listener.c ----------------------------------------------------------------------------- */

/* What struct berth_net_ops asks for. */
int berth_net_uv_listen(struct berth_net *net, berth_net_socket socket,
                        struct berth_net_listener **ret_listener);
void berth_net_uv_listener_close(struct berth_net_listener *listener);
void berth_net_uv_socket_close(struct berth_net *net, berth_net_socket socket);

/* -- uv_timer.c -------------------------------------------------------------------------------- */

int berth_net_uv_timer_create(struct berth_net *net, struct berth_net_timer **ret_timer);
void berth_net_uv_timer_start(struct berth_net_timer *timer, uint64_t delay_ms);
void berth_net_uv_timer_stop(struct berth_net_timer *timer);
void berth_net_uv_timer_destroy(struct berth_net_timer *timer);

int berth_net_uv_signal_create(struct berth_net *net, int number,
                               struct berth_net_signal **ret_signal);
void berth_net_uv_signal_stop(struct berth_net_signal *signal);
void berth_net_uv_signal_destroy(struct berth_net_signal *signal);

/* -- uv_watch.c -------------------------------------------------------------------------------- */

int berth_net_uv_watch_create(struct berth_net *net, const char *path,
                              struct berth_net_watch **ret_watch);
void berth_net_uv_watch_stop(struct berth_net_watch *watch);
void berth_net_uv_watch_destroy(struct berth_net_watch *watch);

/* -- uv_bell.c -------------------------------------------------------------------------------- */

int berth_net_uv_bell_create(struct berth_net *net, struct berth_net_bell **ret_bell);
void berth_net_uv_bell_ring(struct berth_net_bell *bell);
void berth_net_uv_bell_stop(struct berth_net_bell *bell);
void berth_net_uv_bell_destroy(struct berth_net_bell *bell);

#endif
