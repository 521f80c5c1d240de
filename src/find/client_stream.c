#include "base/assert.h"
#include "berth/error.h"
#include "find/client_internal.h"
#include "find/url.h"

/* -- Ends -------------------------------------------------------------------------------------- */

void berth_client_leave(struct berth_client *client, uint16_t code) {
    client->conn.close_code = code;
    client->state = BERTH_CLIENT_LEAVING;
    berth_net_timer_stop(client->timer);
    berth_net_stream_close(client->conn.stream);
}

void berth_client_refuse(struct berth_client *client, enum berth_find_event_type type,
                         const char *text) {
    berth_client_leave(client, BERTH_WS_CLOSE_ABNORMAL);
    berth_client_report(client, type, text);
}

/* The connection broke, in whatever state. */
static void broke(struct berth_client *client, const char *text) {
    switch (client->state) {
    case BERTH_CLIENT_CONNECTING:
    case BERTH_CLIENT_ASKING:
    case BERTH_CLIENT_SHAKING:
        berth_client_refuse(client, BERTH_FIND_TIMEOUT, text);
        return;
    case BERTH_CLIENT_OPEN:
    case BERTH_CLIENT_CLOSING:
        berth_client_leave(client, BERTH_WS_CLOSE_ABNORMAL);
        return;
    case BERTH_CLIENT_LINGERING: /* as it should be */
        berth_client_leave(client, client->conn.close_code);
        return;
    case BERTH_CLIENT_WAITING:
    case BERTH_CLIENT_SEARCHING:
    case BERTH_CLIENT_LEAVING:
    case BERTH_CLIENT_ENDING:
        break;
    }
    berth_assert_failed("a stream's events come only in states that have one", __FILE__, __LINE__);
}

/* -- Heartbeat --------------------------------------------------------------------------------- */

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

void berth_client_rest(struct berth_client *client) {
    uint64_t now_ms = berth_net_now_ms(client->net);
    uint64_t left = client->conn.ask_at_ms > now_ms ? client->conn.ask_at_ms - now_ms : 0;
    berth_client_compare_clocks(client);
    berth_client_expect(client, least(left, BERTH_CLIENT_WATCH_MS));
}

static void ask(struct berth_client *client, uint64_t answer_ms) {
    struct berth_client_conn *conn = &client->conn;
    conn->heard = false;
    conn->asked = true;
    conn->ping_owed = true;
    conn->ask_at_ms = berth_net_now_ms(client->net) + answer_ms;
    berth_client_rest(client);
}

void berth_client_hurry(struct berth_client *client) {
    struct berth_client_conn *conn = &client->conn;
    uint64_t soon_ms = berth_net_now_ms(client->net) + BERTH_CLIENT_AWAKE_MS;
    if (!conn->asked || conn->heard) {
        ask(client, least(client->heartbeat_ms, BERTH_CLIENT_AWAKE_MS));
    } else if (conn->ask_at_ms > soon_ms) { /* never later: whoever hurries often must not wait */
        conn->ask_at_ms = soon_ms;
        berth_client_rest(client);
    }
}

/* Every heartbeat a ping. Whatever came since the last one shows that the peer lives: a large
 * message may well stand in front of the pong. After a sleep the pong may be late for our own
 * reasons, so we ask anew; but we do not wait a whole heartbeat to learn that the peer is gone. */
void berth_client_beat(struct berth_client *client, bool slept) {
    struct berth_client_conn *conn = &client->conn;
    bool due = berth_net_now_ms(client->net) >= conn->ask_at_ms;
    if (slept)
        ask(client, least(client->heartbeat_ms, BERTH_CLIENT_AWAKE_MS));
    else if (due && conn->asked && !conn->heard)
        berth_client_leave(client, BERTH_WS_CLOSE_ABNORMAL);
    else if (due)
        ask(client, client->heartbeat_ms);
    else
        berth_client_rest(client);
    berth_client_pump(client); /* what found no memory is tried again */
}

/* -- Events ------------------------------------------------------------------------------------ */

static void on_connect(void *owner, int error) {
    struct berth_client *client = owner;
    if (error == 0)
        berth_client_proof_ask(client);
    else if (error == BERTH_E_REFUSED)
        berth_client_refuse(client, BERTH_FIND_REFUSED, "refuses the connection");
    else
        berth_client_refuse(client, BERTH_FIND_TIMEOUT, "cannot be reached");
}

void berth_client_request(struct berth_client *client, const struct berth_writer *request) {
    struct berth_view part = berth_writer_result(request);
    if (request->overflow) {
        berth_client_refuse(client, BERTH_FIND_STRANGER, "cannot be asked for such a path");
        return;
    }
    int error = berth_net_send(client->conn.stream, &part, 1);
    if (error < 0 && error != BERTH_E_CLOSED) /* a stream that failed says so by itself */
        berth_client_leave(client, BERTH_WS_CLOSE_ABNORMAL);
}

static bool is_opening(const struct berth_client *client) {
    return client->state == BERTH_CLIENT_ASKING || client->state == BERTH_CLIENT_SHAKING;
}

/* Reads answers until there are no more, or the WebSocket is open; returns the bytes used. */
static size_t read_answers(struct berth_client *client, const uint8_t *bytes, size_t size) {
    size_t used = 0;
    struct berth_http_event event;
    do {
        used += berth_http_reader_feed(&client->conn.reader, bytes + used, size - used, &event);
        if (client->state == BERTH_CLIENT_ASKING)
            berth_client_proof_take(client, &event);
        else
            berth_client_handshake_take(client, &event);
    } while (is_opening(client) && event.type != BERTH_HTTP_NONE);
    return used;
}

/* Hot: all that the server sends comes through here. What is sent meanwhile gathers, and leaves in
 * one write. */
static void on_data(void *owner, uint8_t *data, size_t size) {
    struct berth_client *client = owner;
    client->conn.heard = true;
    client->conn.reading = true;
    if (is_opening(client)) {
        size_t used = read_answers(client, data, size);
        data += used;
        size -= used;
    }
    if (size > 0 && (client->state == BERTH_CLIENT_OPEN || client->state == BERTH_CLIENT_CLOSING))
        berth_client_read(client, data, size);
    client->conn.reading = false;
    berth_client_pump(client);
}

static void on_end(void *owner) { broke(owner, "hangs up"); }

static void on_drained(void *owner) { berth_client_pump(owner); }

static void on_error(void *owner, int error) {
    (void)error; /* whatever it was, the next try finds out */
    broke(owner, "breaks the connection off");
}

static void on_closed(void *owner) {
    struct berth_client *client = owner;
    if (client->state != BERTH_CLIENT_LEAVING) /* the whole net ends, and the client with it */
        client->closing = true;
    berth_client_gone(client);
}

/* -- Begin ------------------------------------------------------------------------------------- */

/* Of the server itself, not of what its route says: it has to be the one that was proved. */
static int find_address(const struct berth_client *client, struct berth_addr *ret_addr) {
    struct berth_find_url url;
    int error = berth_find_url_read(berth_view_of(client->found.http_url), "http", &url);
    return error < 0 ? error : berth_addr_parse(url.host, url.port, ret_addr);
}

int berth_client_connect(struct berth_client *client) {
    static const struct berth_net_stream_events events = {
        .on_connect = on_connect,
        .on_data = on_data,
        .on_end = on_end,
        .on_drained = on_drained,
        .on_error = on_error,
        .on_closed = on_closed,
    };
    struct berth_find_place *place = &client->place;
    place->source = client->found.source;
    int error = find_address(client, &place->address);
    if (error == 0)
        error =
            berth_net_connect(client->net, &place->address, &events, client, &client->conn.stream);
    if (error < 0)
        return error;
    client->state = BERTH_CLIENT_CONNECTING;
    berth_client_expect(client, client->attempt_ms);
    return 0;
}
