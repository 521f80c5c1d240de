#include "backend/kinds.h"

#include "base/hot.h"

static int on_open(void *owner, struct berth_socket *socket, struct berth_view query) {
    (void)owner, (void)socket, (void)query;
    return 0;
}

BERTH_HOT static void on_message(void *owner, struct berth_socket *socket,
                                 enum berth_ws_opcode opcode, struct berth_view message) {
    (void)owner;
    /* A peer that does not read is slowed down by the server; there is nothing to do about it here.
     */
    (void)berth_socket_send(socket, opcode, message.data, message.size);
}

static void on_closed(void *owner, struct berth_socket *socket, uint16_t code) {
    (void)owner, (void)socket, (void)code;
}

const struct berth_backend_kind berth_backend_echo = {
    .handler = {.open = on_open, .message = on_message, .closed = on_closed},
};
