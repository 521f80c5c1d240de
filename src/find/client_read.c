#include "base/assert.h"
#include "find/client_internal.h"

/* -- Messages ---------------------------------------------------------------------------------- */

static void deliver(struct berth_client *client, const struct berth_ws_event *event,
                    struct berth_view message) {
    const struct berth_client_events *events = client->options->events;
    if (events->on_message != NULL)
        events->on_message(client->owner, event->opcode == BERTH_WS_OPCODE_TEXT, message.data,
                           message.size);
}

static void keep_or_free(struct berth_buf *message) {
    if (message->capacity <= BERTH_CLIENT_SPARE_SIZE)
        berth_buf_consume(message, message->size);
    else
        berth_buf_free(message);
}

/* -- Ends -------------------------------------------------------------------------------------- */

/* The last close frame is said or about to be: the server closes the connection first (RFC 6455
 * 7.1.1). */
static void linger(struct berth_client *client, uint16_t code, uint16_t answer,
                   struct berth_view reason) {
    client->conn.close_code = code;
    client->state = BERTH_CLIENT_LINGERING;
    berth_client_expect(client, BERTH_CLIENT_LINGER_MS);
    berth_client_say_bye(client, answer, reason);
}

/* The decoder keeps a message within its limit, so only memory can be missing here. */
static void on_run(struct berth_client *client, const struct berth_ws_event *event) {
    if (event->first && event->last) {
        deliver(client, event, event->data);
        return;
    }
    if (berth_buf_append(&client->message, event->data.data, event->data.size) < 0) {
        linger(client, BERTH_WS_CLOSE_INTERNAL_ERROR, BERTH_WS_CLOSE_INTERNAL_ERROR,
               BERTH_VIEW("out of memory"));
        return;
    }
    if (!event->last)
        return;
    deliver(client, event, berth_buf_view(&client->message));
    keep_or_free(&client->message);
}

static void on_ping(struct berth_client *client, struct berth_view payload) {
    struct berth_client_control *pong = &client->conn.pong;
    BERTH_ASSERT(payload.size <= sizeof pong->payload);
    if (payload.size > 0)
        memcpy(pong->payload, payload.data, payload.size);
    pong->size = payload.size;
    client->conn.pong_owed = true;
}

/* -- Frames ------------------------------------------------------------------------------------ */

static void on_event(struct berth_client *client, const struct berth_ws_event *event) {
    switch (event->type) {
    case BERTH_WS_EVENT_NONE:
    case BERTH_WS_EVENT_ROOM: /* it has room */
    case BERTH_WS_EVENT_PONG: /* whatever comes shows that the peer lives */
        return;
    case BERTH_WS_EVENT_DATA:
        if (client->state == BERTH_CLIENT_OPEN)
            on_run(client, event);
        return;
    case BERTH_WS_EVENT_PING:
        on_ping(client, event->data);
        return;
    case BERTH_WS_EVENT_CLOSE:
        linger(client, event->code, event->code, BERTH_VIEW(""));
        return;
    case BERTH_WS_EVENT_FAIL:
        linger(client, event->code, event->code, event->data);
        return;
    }
    berth_assert_failed("type is one of enum berth_ws_event_type", __FILE__, __LINE__);
}

/* Hot. */
void berth_client_read(struct berth_client *client, uint8_t *bytes, size_t size) {
    struct berth_ws_event event;
    do {
        size_t used = berth_ws_decoder_feed(&client->conn.decoder, bytes, size, &event);
        bytes += used;
        size -= used;
        on_event(client, &event);
    } while (event.type != BERTH_WS_EVENT_NONE &&
             (client->state == BERTH_CLIENT_OPEN || client->state == BERTH_CLIENT_CLOSING));
}
