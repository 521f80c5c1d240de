#include "app/app.h"

#include "base/alloc.h"
#include "base/assert.h"

struct berth_ws {
    const struct berth_serve_loop *loop;
    const struct berth_app_route *route;
    struct berth_socket *socket; /* its loop's thread alone looks at it; NULL when it is over */
    void *data;
    atomic_uint holds;
    atomic_bool is_over;
};

enum wish { SEND_TEXT, SEND_BINARY, CLOSE };

/* What another thread wants of a connection. */
struct wish_letter {
    struct berth_net_letter letter; /* first */
    struct berth_ws *ws;            /* held */
    uint8_t wish;                   /* enum wish */
    uint16_t code;
    size_t size;
    char bytes[]; /* of a CLOSE: a text with its NUL */
};

/* -- Lives ------------------------------------------------------------------------------------- */

void berth_ws_keep(struct berth_ws *ws) { atomic_fetch_add(&ws->holds, 1); }

void berth_ws_release(struct berth_ws *ws) {
    unsigned before = atomic_fetch_sub(&ws->holds, 1);
    BERTH_ASSERT(before > 0);
    if (before == 1)
        berth_free(ws);
}

static int on_open(void *owner, struct berth_socket *socket, struct berth_view query) {
    const struct berth_app_ws_route *route = owner;
    struct berth_ws *ws = berth_alloc(sizeof *ws);
    if (ws == NULL)
        return 503;
    ws->loop = &route->app->serve.loops[berth_socket_loop(socket)];
    ws->route = route->route;
    ws->socket = socket;
    atomic_init(&ws->holds, 1);
    atomic_init(&ws->is_over, false);
    berth_socket_set_data(socket, ws);
    int status = 0;
    if (ws->route->handler->on_open != NULL)
        status = ws->route->handler->on_open(ws->route->owner, ws,
                                             query.data != NULL ? query.data : "", query.size);
    if (status == 0)
        return 0;
    ws->socket = NULL;
    atomic_store(&ws->is_over, true);
    berth_ws_release(ws);
    return status;
}

static void on_message(void *owner, struct berth_socket *socket, enum berth_ws_opcode opcode,
                       struct berth_view message) {
    (void)owner;
    struct berth_ws *ws = berth_socket_data(socket);
    if (ws->route->handler->on_message != NULL)
        ws->route->handler->on_message(ws->route->owner, ws, opcode == BERTH_WS_OPCODE_TEXT,
                                       message.data, message.size);
}

static void on_closed(void *owner, struct berth_socket *socket, uint16_t code) {
    (void)owner;
    struct berth_ws *ws = berth_socket_data(socket);
    ws->socket = NULL;
    atomic_store(&ws->is_over, true);
    if (ws->route->handler->on_close != NULL)
        ws->route->handler->on_close(ws->route->owner, ws, code);
    berth_ws_release(ws);
}

const struct berth_socket_handler berth_app_ws_handler = {
    .open = on_open, .message = on_message, .closed = on_closed};

void berth_ws_set_data(struct berth_ws *ws, void *data) { ws->data = data; }

void *berth_ws_data(const struct berth_ws *ws) { return ws->data; }

/* -- From its own thread ----------------------------------------------------------------- */

static bool is_here(const struct berth_ws *ws) { return berth_net_is_here(ws->loop->net); }

static int send_here(struct berth_ws *ws, bool text, const void *data, size_t size) {
    if (ws->socket == NULL)
        return BERTH_E_CLOSED;
    return berth_socket_send(ws->socket, text ? BERTH_WS_OPCODE_TEXT : BERTH_WS_OPCODE_BINARY, data,
                             size);
}

static void close_here(struct berth_ws *ws, uint16_t code, const char *reason) {
    if (ws->socket != NULL)
        berth_socket_close(ws->socket, code, reason);
}

/* -- From another one -------------------------------------------------------------------------- */

static void drop(struct berth_net_letter *letter) {
    struct wish_letter *wish = (struct wish_letter *)(void *)letter;
    berth_ws_release(wish->ws);
    berth_free(wish);
}

static void fulfil(struct berth_net_letter *letter) {
    struct wish_letter *wish = (struct wish_letter *)(void *)letter;
    switch ((enum wish)wish->wish) {
    case SEND_TEXT:
    case SEND_BINARY: /* one that is too slow, or over, has its own end */
        (void)send_here(wish->ws, wish->wish == SEND_TEXT, wish->bytes, wish->size);
        break;
    case CLOSE:
        close_here(wish->ws, wish->code, wish->bytes);
        break;
    }
    drop(letter);
}

static int post(struct berth_ws *ws, enum wish wish, uint16_t code, const void *bytes,
                size_t size) {
    if (atomic_load(&ws->is_over))
        return BERTH_E_CLOSED;
    struct wish_letter *letter = berth_alloc(sizeof *letter + size);
    if (letter == NULL)
        return BERTH_E_MEMORY;
    letter->letter = (struct berth_net_letter){NULL, sizeof *letter + size, fulfil, drop};
    letter->ws = ws;
    letter->wish = (uint8_t)wish;
    letter->code = code;
    letter->size = size;
    if (size > 0)
        memcpy(letter->bytes, bytes, size);
    berth_ws_keep(ws);
    int error = berth_net_inbox_put(ws->loop->inbox, &letter->letter, BERTH_APP_INBOX_MAX);
    if (error < 0)
        drop(&letter->letter);
    return error;
}

/* -- Either ------------------------------------------------------------------------------------ */

int berth_ws_send(struct berth_ws *ws, bool text, const void *data, size_t size) {
    if (is_here(ws))
        return send_here(ws, text, data, size);
    return post(ws, text ? SEND_TEXT : SEND_BINARY, 0, data, size);
}

void berth_ws_close(struct berth_ws *ws, uint16_t code, const char *reason) {
    const char *text = reason != NULL ? reason : "";
    if (is_here(ws))
        close_here(ws, code, text);
    else
        (void)post(ws, CLOSE, code, text, strlen(text) + 1);
}
