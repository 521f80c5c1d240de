/* A WebSocket as the code behind a route sees it: whole messages in, messages out.
 *
 * A backend gives a const table of functions, struct berth_socket_handler, and hears of every
 * connection on its route.
 *
 * Shape:   open once, then messages, then closed once; no event is called from inside
 *          berth_socket_send or berth_socket_close
 * Owns:    a struct berth_socket lives from open to the return of closed; message bytes are a loan
 *          for the call
 * Errors:  berth_socket_send: BERTH_E_CLOSED after closing began; BERTH_E_FULL when the queue would
 *          pass its limit, and then the connection is being closed with 4408 (too slow);
 *          BERTH_E_MEMORY, and then it is being closed with 1011
 * Limits:  a message in: limits.message_size (1009). The send queue: limits.send_queue_size (4408);
 *          a queue that is empty takes one message of any size, and what counts is what is sent:
 *          of a compressed message, the compressed one.
 *          Reading pauses by itself while over 64 KiB, or a quarter of the queue's limit, wait for
 *          the peer that is read: one that sends faster than it reads is slowed down
 * Threads: all about a socket happens in the thread of its loop. A server with several loops calls
 *          a handler from each of their threads: what it keeps has to be kept for each loop
 * Source:  RFC 6455, RFC 7692
 */
#ifndef BERTH_SERVER_SOCKET_H
#define BERTH_SERVER_SOCKET_H

#include "base/view.h"
#include "proto/ws.h"

struct berth_socket;

struct berth_socket_handler {
    /* A peer connected. `query` is what stood behind the question mark. Non-zero refuses: the
     * request is answered with that HTTP status (403, 404, 503…), what `open` may have sent is
     * dropped, and nothing else is called. */
    int (*open)(void *owner, struct berth_socket *socket, struct berth_view query);

    /* A whole message: BERTH_WS_OPCODE_TEXT (UTF-8, checked) or _BINARY. */
    void (*message)(void *owner, struct berth_socket *socket, enum berth_ws_opcode opcode,
                    struct berth_view message);

    /* A message that berth_socket_relay sent from another loop, for the sockets of this one. NULL
     * for who never relays. */
    void (*relayed)(void *owner, size_t loop, struct berth_view tag, enum berth_ws_opcode opcode,
                    struct berth_view message);

    /* The connection ended: the code that the peer sent, 1005 for a close without one, or 1006 for
     * a connection that broke. */
    void (*closed)(void *owner, struct berth_socket *socket, uint16_t code);
};

/* Sends one whole message as one frame. */
int berth_socket_send(struct berth_socket *socket, enum berth_ws_opcode opcode, const void *data,
                      size_t size);

/* A frame built once for many sockets. */
struct berth_socket_frame {
    uint8_t head[14];
    size_t head_size;
    struct berth_view payload; /* a loan */
    const void *packed_by;     /* the server that has compressed it, for one window, last */
    uint64_t packed_serial;
    uint8_t packed_bits;
};

/* The head is made once, and so is the compressed form, for all who keep no window: the same frame
 * may go to any number of sockets. */
struct berth_socket_frame berth_socket_frame_make(enum berth_ws_opcode opcode, const void *data,
                                                  size_t size);
int berth_socket_send_frame(struct berth_socket *socket, struct berth_socket_frame *frame);

/* Starts the closing handshake. Twice is once. */
void berth_socket_close(struct berth_socket *socket, uint16_t code, const char *reason);

/* Which of the server's loops it lives in: 0 for the first. */
size_t berth_socket_loop(const struct berth_socket *socket);

/* Has `relayed` of the same route called in another loop; what one socket relays arrives in its
 * order. `tag` says what for. While much is on its way to another loop, the peer whose message is
 * being handled is read no further. Errors: BERTH_E_MEMORY. */
int berth_socket_relay(struct berth_socket *from, size_t loop, struct berth_view tag,
                       enum berth_ws_opcode opcode, struct berth_view message);

/* What the backend wants to remember of a connection. */
void berth_socket_set_data(struct berth_socket *socket, void *data);
void *berth_socket_data(const struct berth_socket *socket);

#endif
