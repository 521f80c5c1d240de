#include "server/internal.h"

#include "berth/error.h"

#define RSV1 0x40 /* of a frame's first byte (RFC 7692 6) */

/* -- Agreeing ---------------------------------------------------------------------------------- */

/* On a route that drops what waits, no message may need the one before it. */
static struct berth_ws_deflate_policy policy_of(const struct berth_server *server,
                                                const struct berth_server_route *route) {
    bool shared = server->options->compression == BERTH_COMPRESSION_SHARED;
    return (struct berth_ws_deflate_policy){
        .server_no_context_takeover = shared || route->slow == BERTH_SLOW_DROP_OLDEST,
        .client_no_context_takeover = shared,
    };
}

/* Behind the connection, where connections may have windows of their own; else NULL. */
static struct berth_deflate_own *own_of(struct berth_conn *conn) {
    bool own = conn->server->options->compression == BERTH_COMPRESSION_OWN;
    return own ? (struct berth_deflate_own *)(void *)(conn + 1) : NULL;
}

size_t berth_compress_conn_size(const struct berth_server *server) {
    bool own = server->options->compression == BERTH_COMPRESSION_OWN;
    return sizeof(struct berth_conn) + (own ? sizeof(struct berth_deflate_own) : 0);
}

bool berth_compress_begin(struct berth_conn *conn, const struct berth_ws_request *request,
                          struct berth_ws_deflate *ret_agreed) {
    struct berth_server *server = conn->server;
    if (server->deflate == NULL)
        return false;
    struct berth_ws_deflate_policy policy = policy_of(server, conn->socket.route);
    if (!berth_ws_request_deflate(request, &policy, ret_agreed))
        return false;
    if (own_of(conn) != NULL)
        *own_of(conn) = berth_deflate_own_make(ret_agreed);
    conn->window = (unsigned)(ret_agreed->server_max_window_bits - BERTH_COMPRESS_WINDOW_BASE) & 7u;
    berth_ws_decoder_allow_compressed(&conn->socket.decoder);
    return true;
}

void berth_compress_end(struct berth_conn *conn) {
    if (conn->window != 0 && own_of(conn) != NULL)
        berth_deflate_own_free(own_of(conn));
    conn->window = 0;
}

/* -- Sending ----------------------------------------------------------------------------------- */

/* Is what was packed last this frame, for a peer with that window? */
static bool is_packed(const struct berth_server *server, const struct berth_socket_frame *frame,
                      unsigned bits) {
    return frame->packed_by == server && frame->packed_serial == server->packed_serial &&
           frame->packed_bits == bits;
}

static void pack(struct berth_server *server, struct berth_socket_frame *frame,
                 struct berth_deflate_own *own, unsigned bits) {
    if (berth_deflate_pack(server->deflate, own, bits, frame->payload, &server->packed) == 0)
        server->packed = (struct berth_view){NULL, 0};
    frame->packed_by = server;
    frame->packed_serial = ++server->packed_serial;
    frame->packed_bits = (uint8_t)bits;
}

/* All receivers whose window is at least as large as the message get the same bytes. */
const struct berth_socket_frame *berth_compress_frame(struct berth_socket *socket,
                                                      struct berth_socket_frame *frame,
                                                      struct berth_socket_frame *memory) {
    struct berth_conn *conn = berth_socket_conn(socket);
    struct berth_server *server = conn->server;
    if (conn->window == 0 || frame->payload.size < server->options->compression_min)
        return frame;
    struct berth_deflate_own *own = own_of(conn);
    bool keeps = own != NULL && own->keeps_packing;
    unsigned bits = conn->window + BERTH_COMPRESS_WINDOW_BASE;
    if (!keeps && frame->payload.size <= (size_t)1 << bits)
        bits = BERTH_WS_WINDOW_BITS_MOST;
    if (keeps || !is_packed(server, frame, bits))
        pack(server, frame, own, bits);
    if (keeps)
        frame->packed_by = NULL; /* nobody else can read it */
    if (server->packed.size == 0)
        return frame;
    *memory = berth_socket_frame_make((enum berth_ws_opcode)(frame->head[0] & 0x0F),
                                      server->packed.data, server->packed.size);
    memory->head[0] |= RSV1;
    return memory;
}

/* -- Receiving --------------------------------------------------------------------------------- */

/* RFC 7692 names no code for what is no deflate; 1007 is for data that are not what the message
 * says they are (RFC 6455 7.4.1). */
static struct berth_ws_event fault_of(int error) {
    struct berth_ws_event fault = {.type = BERTH_WS_EVENT_FAIL,
                                   .code = BERTH_WS_CLOSE_INVALID_DATA,
                                   .data = BERTH_VIEW("a compressed message that is no deflate")};
    if (error == BERTH_E_FULL) {
        fault.code = BERTH_WS_CLOSE_TOO_BIG;
        fault.data = BERTH_VIEW("a message over the size limit");
    } else if (error == BERTH_E_MEMORY) {
        fault.code = BERTH_WS_CLOSE_INTERNAL_ERROR;
        fault.data = BERTH_VIEW("out of memory");
    }
    return fault;
}

bool berth_compress_open(struct berth_socket *socket, enum berth_ws_opcode opcode,
                         struct berth_view payload, struct berth_view *ret_message,
                         struct berth_ws_event *ret_fault) {
    struct berth_conn *conn = berth_socket_conn(socket);
    struct berth_deflate *deflate = conn->server->deflate;
    int error = berth_deflate_unpack(deflate, own_of(conn), payload, ret_message);
    if (error < 0) {
        *ret_fault = fault_of(error);
        return false;
    }
    if (opcode == BERTH_WS_OPCODE_BINARY || berth_utf8_valid(*ret_message))
        return true;
    berth_deflate_unpacked(deflate);
    *ret_fault = fault_of(BERTH_E_INVALID);
    ret_fault->data = BERTH_VIEW("a text message that is not UTF-8");
    return false;
}
