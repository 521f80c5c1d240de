/* Servers for the client's tests, on the simulated network: each proves itself, opens WebSockets,
 * echoes, and misbehaves as the test says. For tests only. */
#ifndef BERTH_FIND_CLIENT_FAKE_SERVER_H
#define BERTH_FIND_CLIENT_FAKE_SERVER_H

#include "base/alloc.h"
#include "base/buf.h"
#include "berth/error.h"
#include "find/document.h"
#include "net/sim.h"
#include "proto/base64.h"
#include "proto/http.h"
#include "proto/ws.h"
#include "proto/ws_handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct fake_conn;

struct fake_server {
    struct berth_net *net;
    struct berth_net_listener *listener;
    struct berth_addr addr;
    char instance[65];
    struct berth_identity identity;
    const char *token; /* that it wants; NULL for none */

    /* How it misbehaves. */
    const char *health_answer;  /* these bytes in place of the health document */
    const char *upgrade_answer; /* these bytes in place of a 101 */
    const char *protocol;       /* the subprotocol that it chooses */
    enum berth_endpoint_state endpoint_state;
    bool interim;         /* 100 in front of every answer */
    bool hangs_up;        /* after its proof */
    bool drips;           /* the 101 byte by byte, one every 100 ms */
    bool mute;            /* says nothing on an open WebSocket */
    bool quiet_close;     /* does not answer a close frame */
    const char *greeting; /* raw bytes right behind the 101 */
    size_t greeting_size;

    /* What it has seen. */
    unsigned accepted, asked, upgrades, messages, pings, pongs;
    char pong[BERTH_WS_CONTROL_MAX + 1]; /* the last one */
    bool saw_token;
    uint16_t close_code;  /* of the last close frame; 0 for none */
    size_t behind_close;  /* bytes that came after one */
    struct berth_buf log; /* all messages: a letter for the kind, the bytes, a line end */
    struct fake_conn *conns;
};

struct fake_conn {
    struct fake_server *server;
    struct berth_net_stream *stream;
    struct fake_conn *next;
    struct berth_net_timer *timer;
    bool websocket, over, said_bye;
    size_t dripped;
    struct berth_writer answer;
    char answer_memory[1024];
    struct berth_http_reader reader;
    char head[8192];
    struct berth_ws_limits limits;
    struct berth_ws_decoder decoder;
    uint8_t room[BERTH_WS_CONTROL_MAX];
    struct berth_buf message;
};

static inline void fake_say(struct fake_conn *conn, const void *bytes, size_t size) {
    struct berth_view part = berth_view_bytes(bytes, size);
    if (size > 0 && !conn->over && berth_net_send(conn->stream, &part, 1) == BERTH_E_MEMORY)
        berth_net_stream_close(conn->stream);
}

static inline void fake_frame(struct fake_conn *conn, enum berth_ws_opcode opcode,
                              struct berth_view payload) {
    uint8_t head[BERTH_WS_HEAD_MAX];
    struct berth_view parts[] = {
        {(char *)head, berth_ws_frame_head(head, opcode, true, payload.size, NULL)}, payload};
    if (!conn->over && berth_net_send(conn->stream, parts, 2) == BERTH_E_MEMORY)
        berth_net_stream_close(conn->stream);
}

static inline void fake_close(struct fake_conn *conn, uint16_t code) {
    uint8_t payload[BERTH_WS_CONTROL_MAX];
    size_t size = berth_ws_close_payload(payload, code, BERTH_VIEW(""));
    fake_frame(conn, BERTH_WS_OPCODE_CLOSE, berth_view_bytes(payload, size));
}

static inline void fake_hear(struct fake_conn *conn, const struct berth_ws_event *event) {
    struct fake_server *server = conn->server;
    if (event->first)
        berth_buf_append(&server->log, event->opcode == BERTH_WS_OPCODE_TEXT ? "t" : "b", 1);
    berth_buf_append(&server->log, event->data.data, event->data.size);
    berth_buf_append(&conn->message, event->data.data, event->data.size);
    if (!event->last)
        return;
    berth_buf_append(&server->log, "\n", 1);
    server->messages++;
    if (!server->mute)
        fake_frame(conn, event->opcode, berth_buf_view(&conn->message));
    berth_buf_consume(&conn->message, conn->message.size);
}

static inline void fake_take_frame(struct fake_conn *conn, const struct berth_ws_event *event) {
    struct fake_server *server = conn->server;
    if (event->type == BERTH_WS_EVENT_DATA)
        fake_hear(conn, event);
    if (event->type == BERTH_WS_EVENT_PING) {
        server->pings++;
        if (!server->mute)
            fake_frame(conn, BERTH_WS_OPCODE_PONG, event->data);
    }
    if (event->type == BERTH_WS_EVENT_PONG) {
        server->pongs++;
        snprintf(server->pong, sizeof server->pong, "%.*s", BERTH_VIEW_ARG(event->data));
    }
    if (event->type == BERTH_WS_EVENT_FAIL)
        fail_msg("the client broke the protocol: %.*s", BERTH_VIEW_ARG(event->data));
    if (event->type == BERTH_WS_EVENT_CLOSE) {
        server->close_code = event->code;
        conn->said_bye = true;
        if (server->quiet_close)
            return;
        fake_close(conn, event->code);
        berth_net_stream_shutdown(conn->stream);
    }
}

static inline void fake_health(struct fake_conn *conn, const struct berth_http_head *head) {
    struct fake_server *server = conn->server;
    struct berth_view query;
    (void)berth_view_cut(head->target, '=', &query);
    uint8_t challenge[64], proof[BERTH_PROOF_SIZE];
    size_t size = 0;
    assert_int_equal(berth_base64url_decode(query, challenge, sizeof challenge, &size), 0);
    struct berth_proof_claim claim = {BERTH_VIEW("assistant"), berth_view_of(server->instance),
                                      server->addr.port, berth_view_bytes(challenge, size)};
    assert_int_equal(berth_proof_sign(&server->identity, &claim, proof), 0);
    char text[BERTH_BASE64URL_SIZE(BERTH_PROOF_SIZE)];
    berth_base64url_encode(proof, sizeof proof, text);
    struct berth_endpoint endpoint = {
        .app = "assistant",
        .instance = server->instance,
        .version = "1",
        .state = server->endpoint_state,
        .port = server->addr.port,
        .address = server->addr,
        .ws_path = "/client-ws",
        .public_key = server->identity.public_key,
        .proof = {text, sizeof text},
    };
    char body_memory[2048], answer_memory[4096];
    struct berth_writer body = berth_writer_on(body_memory, sizeof body_memory);
    struct berth_writer answer = berth_writer_on(answer_memory, sizeof answer_memory);
    berth_endpoint_write(&endpoint, BERTH_ENDPOINT_HEALTH, &body);
    berth_writer_format(&answer, "%sHTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s\r\n",
                        server->interim ? "HTTP/1.1 100 Continue\r\n\r\n" : "",
                        berth_endpoint_http_status(server->endpoint_state), body.size,
                        server->hangs_up ? "Connection: close\r\n" : "");
    berth_writer_view(&answer, berth_writer_result(&body));
    assert_false(answer.overflow || body.overflow);
    fake_say(conn, answer.data, answer.size);
}

static inline void fake_drip(void *owner) {
    struct fake_conn *conn = owner;
    fake_say(conn, conn->answer.data + conn->dripped++, 1);
    if (conn->dripped < conn->answer.size)
        berth_net_timer_start(conn->timer, 100);
}

static inline void fake_upgrade(struct fake_conn *conn, const struct berth_http_head *head) {
    struct fake_server *server = conn->server;
    struct berth_ws_request request = {.method = head->method_name, .http_minor = 1};
    struct berth_view reason, origin;
    for (size_t i = 0; i < head->field_count; i++)
        berth_ws_request_field(&request, berth_http_head_field_name(head, i),
                               berth_http_head_field_value(head, i));
    assert_int_equal(berth_ws_request_check(&request, &reason), 0);
    assert_int_equal(berth_http_head_find(head, "Origin", &origin), BERTH_E_NOT_FOUND);
    if (server->token != NULL) {
        char name[160];
        snprintf(name, sizeof name, "berth.token.%s", server->token);
        server->saw_token = berth_ws_request_offers(&request, berth_view_of(name)) &&
                            berth_ws_request_offers(&request, BERTH_VIEW("berth.v1"));
    }
    char accept[BERTH_WS_ACCEPT_SIZE];
    berth_ws_accept_key(request.key, accept);
    conn->answer = berth_writer_on(conn->answer_memory, sizeof conn->answer_memory);
    berth_writer_format(&conn->answer,
                        "%sHTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: %.*s\r\n%s%s%s\r\n",
                        server->interim ? "HTTP/1.1 100 Continue\r\n\r\n" : "", (int)sizeof accept,
                        accept, server->protocol != NULL ? "Sec-WebSocket-Protocol: " : "",
                        server->protocol != NULL ? server->protocol : "",
                        server->protocol != NULL ? "\r\n" : "");
    berth_writer_bytes(&conn->answer, server->greeting, server->greeting_size);
    conn->websocket = true;
    if (server->drips && berth_net_timer_create(server->net, fake_drip, conn, &conn->timer) == 0)
        berth_net_timer_start(conn->timer, 100);
    else
        fake_say(conn, conn->answer.data, conn->answer.size);
}

static inline void fake_take_head(struct fake_conn *conn, const struct berth_http_head *head) {
    struct fake_server *server = conn->server;
    struct berth_view host;
    char memory[BERTH_ADDR_TEXT_MAX];
    struct berth_writer literal = berth_writer_on(memory, sizeof memory);
    berth_addr_write(&server->addr, &literal);
    assert_int_equal(berth_http_head_find(head, "Host", &host), 0);
    assert_true(berth_view_equal(host, berth_writer_result(&literal)));
    bool health = berth_view_starts(head->target, BERTH_VIEW("/health?challenge="));
    const char *canned = health ? server->health_answer : server->upgrade_answer;
    server->asked += health;
    server->upgrades += !health;
    if (canned != NULL)
        fake_say(conn, canned, strlen(canned));
    else if (health)
        fake_health(conn, head);
    else
        fake_upgrade(conn, head);
}

static inline void fake_on_data(void *owner, uint8_t *data, size_t size) {
    struct fake_conn *conn = owner;
    struct berth_http_event event = {.type = BERTH_HTTP_HEAD};
    while (!conn->websocket && event.type != BERTH_HTTP_NONE) {
        size_t used = berth_http_reader_feed(&conn->reader, data, size, &event);
        data += used;
        size -= used;
        assert_int_not_equal(event.type, BERTH_HTTP_FAIL);
        if (event.type == BERTH_HTTP_HEAD)
            fake_take_head(conn, event.head);
    }
    struct berth_ws_event frame = {.type = BERTH_WS_EVENT_PONG};
    while (conn->websocket && frame.type != BERTH_WS_EVENT_NONE) {
        conn->server->behind_close += conn->said_bye ? size : 0;
        size_t used = berth_ws_decoder_feed(&conn->decoder, data, size, &frame);
        data += used;
        size -= used;
        fake_take_frame(conn, &frame);
    }
}

static inline void fake_on_end(void *owner) {
    struct fake_conn *conn = owner;
    berth_net_stream_close(conn->stream);
}

static inline void fake_on_error(void *owner, int error) {
    (void)error;
    fake_on_end(owner);
}

static inline void fake_on_drained(void *owner) { (void)owner; }

static inline void fake_on_closed(void *owner) {
    struct fake_conn *conn = owner;
    struct fake_conn **link = &conn->server->conns;
    while (*link != conn)
        link = &(*link)->next;
    *link = conn->next;
    berth_net_timer_destroy(conn->timer);
    berth_buf_free(&conn->message);
    berth_free(conn);
}

static inline void fake_on_accept(void *owner, struct berth_net_stream *stream) {
    static const struct berth_net_stream_events events = {
        .on_data = fake_on_data,
        .on_end = fake_on_end,
        .on_drained = fake_on_drained,
        .on_error = fake_on_error,
        .on_closed = fake_on_closed,
    };
    struct fake_server *server = owner;
    struct fake_conn *conn = berth_alloc(sizeof *conn);
    if (conn == NULL) {
        berth_net_stream_close(stream);
        return;
    }
    conn->server = server;
    conn->stream = stream;
    conn->next = server->conns;
    server->conns = conn;
    server->accepted++;
    conn->limits = berth_ws_limits_default();
    conn->message = berth_buf_make(64u << 20);
    berth_http_reader_init(&conn->reader, BERTH_HTTP_REQUESTS, conn->head, sizeof conn->head, NULL);
    berth_ws_decoder_init(&conn->decoder, BERTH_WS_SERVER, &conn->limits, conn->room);
    berth_net_stream_start(stream, &events, conn);
    berth_net_stream_limit(stream, 64u << 20);
}

/* Listens. Whoever has another key seed is another app's server. */
static inline void fake_start(struct fake_server *server, struct berth_net *net, uint16_t port,
                              const char *instance, uint8_t key_seed) {
    static const struct berth_net_listener_events events = {.on_accept = fake_on_accept};
    uint8_t seed[BERTH_PROOF_SEED_SIZE] = {key_seed};
    *server = (struct fake_server){
        .net = net,
        .addr = {4, port, {127, 0, 0, 1}},
        .endpoint_state = BERTH_ENDPOINT_READY,
        .log = berth_buf_make(64u << 20),
    };
    snprintf(server->instance, sizeof server->instance, "%s", instance);
    berth_identity_make(seed, &server->identity);
    berth_net_socket socket;
    assert_int_equal(berth_net_sim_socket(net, &server->addr, &port, &socket), 0);
    assert_int_equal(berth_net_listen(net, socket, &events, server, &server->listener), 0);
}

/* Gone, as if killed; the struct may go when the net has run. */
static inline void fake_stop(struct fake_server *server) {
    if (server->listener != NULL)
        berth_net_listener_close(server->listener);
    server->listener = NULL;
    for (struct fake_conn *conn = server->conns; conn != NULL; conn = conn->next) {
        conn->over = true;
        berth_net_stream_close(conn->stream);
    }
}

#endif
