#include "proto/ws_handshake.h"

#include "base/assert.h"
#include "berth/error.h"
#include "find/client_internal.h"
#include "find/url.h"
#include "proto/http_writer.h"

#define PROTOCOL "berth.v1"

/* -- The request ------------------------------------------------------------------------------- */

/* The token travels as a subprotocol, beside the one that the server is to choose: a browser can
 * say it no other way, and there is one way for all clients. Without a token none is offered. */
static int make_offer(struct berth_client *client) {
    struct berth_client_conn *conn = &client->conn;
    struct berth_view token = berth_view_of(client->found.token);
    struct berth_writer offer = berth_writer_on(conn->offer, sizeof conn->offer);
    if (token.size == 0)
        return 0;
    if (!berth_http_is_token(token))
        return BERTH_E_INVALID;
    berth_writer_text(&offer, PROTOCOL ", berth.token.");
    berth_writer_view(&offer, token);
    conn->offer_size = offer.size;
    return offer.overflow ? BERTH_E_FULL : 0;
}

static int make_key(struct berth_client *client) {
    uint8_t bytes[16];
    int error = berth_client_random_take(&client->random, bytes, sizeof bytes);
    if (error == 0)
        berth_ws_key_make(bytes, client->conn.key);
    return error;
}

/* The owner's path, or that of the published route. */
static int find_target(const struct berth_client *client, struct berth_view *ret_target) {
    struct berth_find_url url;
    if (client->options->path != NULL) {
        *ret_target = berth_view_of(client->options->path);
        return 0;
    }
    if (berth_find_url_read(berth_view_of(client->found.ws_url), "ws", &url) < 0)
        return BERTH_E_NOT_FOUND;
    *ret_target = url.path.size > 0 ? url.path : BERTH_VIEW("/");
    return 0;
}

static void write_upgrade(const struct berth_client *client, struct berth_view target,
                          struct berth_writer *out) {
    const struct berth_client_conn *conn = &client->conn;
    char memory[BERTH_ADDR_TEXT_MAX];
    struct berth_writer host = berth_writer_on(memory, sizeof memory);
    berth_addr_write(&client->place.address, &host);
    berth_http_request_begin(out, "GET", target, berth_writer_result(&host));
    berth_http_field_text(out, "Upgrade", "websocket");
    berth_http_field_text(out, "Connection", "Upgrade");
    berth_http_field_view(out, "Sec-WebSocket-Key", berth_view_bytes(conn->key, sizeof conn->key));
    berth_http_field_number(out, "Sec-WebSocket-Version", BERTH_WS_VERSION);
    if (conn->offer_size > 0)
        berth_http_field_view(out, "Sec-WebSocket-Protocol",
                              berth_view_bytes(conn->offer, conn->offer_size));
    berth_http_head_end(out);
}

void berth_client_handshake_ask(struct berth_client *client) {
    struct berth_view target;
    if (find_target(client, &target) < 0) {
        berth_client_refuse(client, BERTH_FIND_STRANGER, "has no WebSocket route");
        return;
    }
    if (make_offer(client) < 0) {
        berth_client_refuse(client, BERTH_FIND_STRANGER, "has a token that no request can carry");
        return;
    }
    if (make_key(client) < 0) {
        berth_client_leave(client, BERTH_WS_CLOSE_ABNORMAL);
        return;
    }
    struct berth_writer request =
        berth_writer_on(client->batch.memory, sizeof client->batch.memory);
    write_upgrade(client, target, &request);
    client->state = BERTH_CLIENT_SHAKING;
    berth_client_request(client, &request);
}

/* -- The answer -------------------------------------------------------------------------------- */

static int check_answer(const struct berth_client *client, const struct berth_http_head *head,
                        struct berth_view *ret_reason) {
    const struct berth_client_conn *conn = &client->conn;
    struct berth_ws_response response = {.status = head->status};
    for (size_t i = 0; i < head->field_count; i++)
        berth_ws_response_field(&response, berth_http_head_field_name(head, i),
                                berth_http_head_field_value(head, i));
    int error =
        berth_ws_response_check(&response, berth_view_bytes(conn->key, sizeof conn->key),
                                berth_view_bytes(conn->offer, conn->offer_size), ret_reason);
    if (error < 0 || conn->offer_size == 0 ||
        berth_view_equal(response.protocol, BERTH_VIEW(PROTOCOL)))
        return error;
    *ret_reason = BERTH_VIEW("the server did not choose the subprotocol " PROTOCOL);
    return BERTH_E_INVALID;
}

static void open(struct berth_client *client) {
    struct berth_client_conn *conn = &client->conn;
    uint64_t now_ms = berth_net_now_ms(client->net);
    client->state = BERTH_CLIENT_OPEN;
    conn->opened = true;
    conn->opened_ms = now_ms;
    conn->close_code = BERTH_WS_CLOSE_ABNORMAL;
    conn->ask_at_ms = now_ms + client->heartbeat_ms;
    berth_ws_decoder_init(&conn->decoder, BERTH_WS_CLIENT, &client->limits, conn->room);
    berth_client_rest(client);
    berth_client_opened(client);
}

static void refuse_answer(struct berth_client *client, uint16_t status, struct berth_view reason) {
    char memory[192];
    struct berth_writer text = berth_writer_on(memory, sizeof memory);
    if (status == 101)
        berth_writer_format(&text, "opens no WebSocket: %.*s", BERTH_VIEW_ARG(reason));
    else
        berth_writer_format(&text, "opens no WebSocket: it answers %u (%s)", (unsigned)status,
                            berth_http_reason(status));
    berth_writer_char(&text, 0);
    BERTH_ASSERT(!text.overflow);
    berth_client_refuse(client, BERTH_FIND_STRANGER, memory);
}

void berth_client_handshake_take(struct berth_client *client,
                                 const struct berth_http_event *event) {
    struct berth_view reason;
    switch (event->type) {
    case BERTH_HTTP_HEAD:
        if (event->head->status < 200 && event->head->status != 101) /* the real one follows */
            return;
        if (check_answer(client, event->head, &reason) == 0)
            open(client);
        else
            refuse_answer(client, event->head->status, reason);
        return;
    case BERTH_HTTP_FAIL:
        berth_client_refuse(client, BERTH_FIND_STRANGER, "does not speak HTTP");
        return;
    case BERTH_HTTP_NONE:
    case BERTH_HTTP_BODY:
    case BERTH_HTTP_END:
        return;
    }
    berth_assert_failed("type is one of enum berth_http_event_type", __FILE__, __LINE__);
}
