#include "base/assert.h"
#include "berth/error.h"
#include "find/client_internal.h"

static bool is_talking(const struct berth_client *client) {
    return client->state == BERTH_CLIENT_OPEN || client->state == BERTH_CLIENT_CLOSING ||
           client->state == BERTH_CLIENT_LINGERING;
}

/* A stream that still has something takes nothing more: what waits in the outbox survives a loss,
 * what waits in the stream does not. */
static bool takes_more(const struct berth_client *client) {
    return berth_net_stream_pending(client->conn.stream) == 0;
}

/* -- From what is owed to frames --------------------------------------------------------------- */

static int put_control(struct berth_client *client, enum berth_ws_opcode opcode,
                       const struct berth_client_control *control) {
    return berth_client_batch_put(&client->batch, opcode,
                                  berth_view_bytes(control->payload, control->size));
}

static int put_pong_and_ping(struct berth_client *client) {
    struct berth_client_conn *conn = &client->conn;
    static const struct berth_client_control empty = {.size = 0};
    int error = 0;
    if (conn->pong_owed)
        error = put_control(client, BERTH_WS_OPCODE_PONG, &conn->pong);
    if (error < 0)
        return error;
    conn->pong_owed = false;
    if (conn->ping_owed)
        error = put_control(client, BERTH_WS_OPCODE_PING, &empty);
    if (error == 0)
        conn->ping_owed = false;
    return error;
}

/* Behind all messages when the owner closes; at once when the peer has closed: the messages then
 * wait for the next connection. */
static int put_bye(struct berth_client *client) {
    struct berth_client_conn *conn = &client->conn;
    bool due =
        client->state == BERTH_CLIENT_LINGERING || berth_client_outbox_is_empty(&client->outbox);
    if (conn->bye != BERTH_CLIENT_BYE_OWED || !due)
        return 0;
    int error = put_control(client, BERTH_WS_OPCODE_CLOSE, &conn->close);
    if (error == 0)
        conn->bye = BERTH_CLIENT_BYE_SAID;
    return error;
}

/* BERTH_E_FULL is no error: what does not fit is still owed. */
static int fill_batch(struct berth_client *client) {
    int error = 0;
    if (client->conn.bye != BERTH_CLIENT_BYE_SAID)
        error = put_pong_and_ping(client);
    if (error == 0 && client->state != BERTH_CLIENT_LINGERING)
        error = berth_client_outbox_fill(&client->outbox, &client->batch);
    if (error == 0)
        error = put_bye(client);
    return error == BERTH_E_FULL ? 0 : error;
}

/* -- From frames to the stream ----------------------------------------------------------------- */

/* What cannot be queued for lack of memory stays, for the next time: the pump also runs at every
 * look at the clock. A stream that has failed says so by itself. */
static bool flush(struct berth_client *client) {
    struct berth_client_batch *batch = &client->batch;
    struct berth_view part = berth_view_bytes(batch->memory, batch->size);
    if (!takes_more(client) || berth_net_send(client->conn.stream, &part, 1) < 0)
        return false;
    batch->size = 0;
    return true;
}

void berth_client_pump(struct berth_client *client) {
    bool more = true;
    while (more && is_talking(client) && takes_more(client)) {
        if (fill_batch(client) < 0) { /* no random bytes: nothing can be masked */
            berth_client_leave(client, BERTH_WS_CLOSE_ABNORMAL);
            return;
        }
        more = client->batch.size > 0 && flush(client);
    }
}

void berth_client_say_bye(struct berth_client *client, uint16_t code, struct berth_view reason) {
    struct berth_client_conn *conn = &client->conn;
    if (conn->bye == BERTH_CLIENT_BYE_NONE || client->state == BERTH_CLIENT_LINGERING)
        conn->close.size = berth_ws_close_payload(conn->close.payload, code, reason);
    if (conn->bye == BERTH_CLIENT_BYE_NONE)
        conn->bye = BERTH_CLIENT_BYE_OWED;
    if (!conn->reading)
        berth_client_pump(client);
}

/* -- Messages ---------------------------------------------------------------------------------- */

static bool fits_queue(const struct berth_client *client, size_t size) {
    size_t queued = berth_client_outbox_size(&client->outbox);
    if (client->conn.stream != NULL)
        queued += berth_net_stream_pending(client->conn.stream);
    return queued <= client->queue_size &&
           BERTH_CLIENT_OUTBOX_COST <= client->queue_size - queued &&
           size <= client->queue_size - queued - BERTH_CLIENT_OUTBOX_COST;
}

/* Hot: with nothing in the way, a message goes straight into the batch. */
static bool put_at_once(struct berth_client *client, enum berth_ws_opcode opcode,
                        struct berth_view message) {
    if (client->state != BERTH_CLIENT_OPEN || !takes_more(client) ||
        !berth_client_outbox_is_empty(&client->outbox))
        return false;
    if (message.size > berth_client_batch_room(&client->batch) && client->batch.size > 0 &&
        !(flush(client) && takes_more(client)))
        return false;
    return berth_client_batch_put(&client->batch, opcode, message) == 0;
}

int berth_client_send(struct berth_client *client, bool text, const void *data, size_t size) {
    enum berth_ws_opcode opcode = text ? BERTH_WS_OPCODE_TEXT : BERTH_WS_OPCODE_BINARY;
    if (client->closing || client->state == BERTH_CLIENT_ENDING)
        return BERTH_E_CLOSED;
    if (!fits_queue(client, size))
        return BERTH_E_FULL;
    if (put_at_once(client, opcode, berth_view_bytes(data, size))) {
        if (!client->conn.reading)
            berth_client_pump(client);
        return 0;
    }
    int error = berth_client_outbox_add(&client->outbox, opcode, data, size);
    if (error == 0)
        berth_client_pump(client);
    return error;
}
