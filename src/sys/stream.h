/* Connected sockets: bytes in and out without ever waiting.
 *
 *     intptr_t socket;
 *     int error = berth_sys_connect(&address, &socket);
 *     ... when it can be written to (sys/poll.h): berth_sys_connect_result(socket) ...
 *     ptrdiff_t got = berth_sys_receive(socket, bytes, sizeof bytes);
 *
 * Shape:   TCP streams, non-blocking and close-on-exec. Nothing here raises SIGPIPE
 * Owns:    the caller, until berth_sys_socket_close (sys/listen.h)
 * Errors:  BERTH_E_REFUSED, BERTH_E_RESET, BERTH_E_TIMEOUT, BERTH_E_NO_ADDRESS, BERTH_E_CLOSED,
 *          BERTH_E_TOO_MANY_FILES, BERTH_E_MEMORY, BERTH_E_SYSTEM
 * Threads: any, one at a time for each socket
 * Proof:   the tests of net, over the transport `epoll`
 */
#ifndef BERTH_SYS_STREAM_H
#define BERTH_SYS_STREAM_H

#include "base/addr.h"
#include "base/view.h"

/* Begins to connect; the outcome shows when the socket can be written to. An error here is one that
 * was known at once; ret_socket is then none. */
int berth_sys_connect(const struct berth_addr *to, intptr_t *ret_socket);

/* The outcome of connecting: 0, or the error. */
int berth_sys_connect_result(intptr_t socket);

/* Small writes leave at once. On a listening socket: of all that it accepts from now on. */
void berth_sys_stream_no_delay(intptr_t socket);

/* On a socket that listens on loopback: what it accepts from now on sends as fast as the peer takes
 * it, as what berth_sys_connect connects to loopback does. A congestion control that paces (BBR)
 * would hold it back by timers, on a way that has no bottleneck: 1 MiB messages were had half as
 * fast, and cost twice the processor time. */
void berth_sys_stream_unpaced(intptr_t socket);

/* How many bytes came; 0 when nothing is there now. BERTH_E_CLOSED: the peer sends no more. */
ptrdiff_t berth_sys_receive(intptr_t socket, void *bytes, size_t size);

/* One gathered write of up to BERTH_SYS_SEND_PARTS_MAX parts: how many bytes went, maybe none. */
#define BERTH_SYS_SEND_PARTS_MAX 1024
ptrdiff_t berth_sys_send(intptr_t socket, const struct berth_view *parts, size_t count);

/* Says "no more from me" (FIN). */
void berth_sys_stream_shutdown(intptr_t socket);

/* Closes without a trace: a reset in place of FIN, and no time of waiting for the port. */
void berth_sys_stream_reset(intptr_t socket);

/* The two ends; family 0 when the system does not know (any more). */
struct berth_addr berth_sys_stream_local(intptr_t socket);
struct berth_addr berth_sys_stream_remote(intptr_t socket);

#endif
