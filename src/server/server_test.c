/* The whole server over the simulated network: cuts in any place, full windows, virtual time. */
#include "server/server.h"

#include "berth/error.h"
#include "net/sim.h"
#include "proto/base64.h"
#include "proto/proof.h"
#include "proto/ws.h"
#include "server/visitor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ORIGIN "Origin: http://127.0.0.1:1018\r\n"
#define HOST "Host: 127.0.0.1:1018\r\n"
#define UPGRADE                                                                                    \
    "GET /client-ws HTTP/1.1\r\n" HOST ORIGIN "Upgrade: websocket\r\nConnection: Upgrade\r\n"      \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

static const struct berth_addr address = {4, 1018, {127, 0, 0, 1}};

/* -- The server under test --------------------------------------------------------------------- */

struct fixture {
    struct berth_net *net;
    struct berth_server *server;
    struct berth_server_options options;
    struct berth_server_route route;
    unsigned opened, messages, closed;
    uint16_t closed_code;
    int refuse_with;
    bool repeats; /* a message, and pieces of it */
    bool drained;
};

static int on_open(void *owner, struct berth_socket *socket, struct berth_view query) {
    struct fixture *fixture = owner;
    (void)socket, (void)query;
    fixture->opened += fixture->refuse_with == 0;
    return fixture->refuse_with;
}

#define PIECE ((size_t)4999)

static void on_message(void *owner, struct berth_socket *socket, enum berth_ws_opcode opcode,
                       struct berth_view message) {
    struct fixture *fixture = owner;
    fixture->messages++;
    if (fixture->repeats)
        (void)berth_socket_send(socket, opcode, message.data, PIECE);
    (void)berth_socket_send(socket, opcode, message.data, message.size);
    if (fixture->repeats) {
        (void)berth_socket_send(socket, opcode, message.data, message.size);
        (void)berth_socket_send(socket, opcode, message.data + message.size - PIECE, PIECE);
    }
}

static void on_socket_closed(void *owner, struct berth_socket *socket, uint16_t code) {
    struct fixture *fixture = owner;
    (void)socket;
    fixture->closed++;
    fixture->closed_code = code;
}

static const struct berth_socket_handler echo = {
    .open = on_open, .message = on_message, .closed = on_socket_closed};

static int start_server(struct fixture *fixture, const struct berth_net_sim_options *sim) {
    *fixture = (struct fixture){0};
    fixture->route =
        (struct berth_server_route){"/client-ws", "echo", &echo, fixture, BERTH_SLOW_CLOSE};
    fixture->options = (struct berth_server_options){
        .app = "assistant",
        .instance = "i1",
        .version = "9.9.9",
        .host = "127.0.0.1",
        .port = 1018,
        .requested_port = 1018,
        .addresses = &address,
        .address_count = 1,
        .routes = &fixture->route,
        .route_count = 1,
        .limits = BERTH_LIMITS_DEFAULT,
    };
    int error = berth_net_sim_create(sim, &fixture->net);
    if (error < 0)
        return error;
    berth_net_socket socket;
    uint16_t port;
    error = berth_net_sim_socket(fixture->net, &address, &port, &socket);
    if (error == 0)
        error = berth_server_create(fixture->net, &fixture->options, &fixture->server);
    if (error == 0)
        error = berth_server_listen(fixture->server, socket);
    if (error == 0)
        berth_server_set_state(fixture->server, BERTH_STATE_READY);
    return error;
}

static void stop_server(struct fixture *fixture) {
    if (fixture->net != NULL)
        berth_net_close(fixture->net);
    berth_server_destroy(fixture->server);
    berth_net_destroy(fixture->net);
}

static void start(struct fixture *fixture, uint64_t seed) {
    struct berth_net_sim_options sim = {
        .seed = seed, .short_reads = true, .short_writes = true, .window = 8192, .delay_max_ms = 3};
    assert_int_equal(start_server(fixture, &sim), 0);
}

/* -- A client ---------------------------------------------------------------------------------- */

static void dial(struct fixture *fixture, struct visitor *client, struct berth_view bytes) {
    assert_int_equal(visitor_dial(client, fixture->net, &address), 0);
    assert_int_equal(visitor_say(client, bytes), 0);
}

static void say_frame(struct visitor *client, enum berth_ws_opcode opcode, bool fin,
                      struct berth_view payload) {
    assert_int_equal(visitor_say_frame(client, opcode, fin, payload), 0);
}

static void stop_loop(void *owner) { berth_net_stop(owner); }

/* Lets that much virtual time pass. */
static void run_for(struct fixture *fixture, uint64_t ms) {
    struct berth_net_timer *timer;
    assert_int_equal(berth_net_timer_create(fixture->net, stop_loop, fixture->net, &timer), 0);
    berth_net_timer_start(timer, ms);
    berth_net_run(fixture->net);
    berth_net_timer_destroy(timer);
}

static void assert_has(struct visitor *client, const char *part) {
    if (strstr(visitor_text(client), part) == NULL)
        fail_msg("\"%s\" is not in: %s", part, visitor_text(client));
}

static unsigned count_of(struct visitor *client, const char *part) {
    unsigned count = 0;
    for (const char *at = visitor_text(client); (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

/* One request on a connection of its own, closed by the server. */
static void ask(struct fixture *fixture, struct visitor *client, const char *request) {
    dial(fixture, client, berth_view_of(request));
    run_for(fixture, 1000);
}

/* -- HTTP -------------------------------------------------------------------------------------- */

static void test_health_follows_the_state(void **state) {
    struct fixture fixture;
    struct visitor client;
    (void)state;
    start(&fixture, 1);
    ask(&fixture, &client, "GET /health HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    assert_has(&client, "HTTP/1.1 200 OK\r\n");
    assert_has(&client, "Access-Control-Allow-Origin: *\r\n");
    assert_has(&client, "Cache-Control: no-store\r\n");
    assert_has(&client,
               "{\"status\":\"ok\",\"app\":\"assistant\",\"instance\":\"i1\",\"state\":\"ready\","
               "\"port\":1018,\"version\":\"9.9.9\",\"ws\":\"ws://127.0.0.1:1018/client-ws\","
               "\"public_key\":null}");
    assert_true(client.closed);
    visitor_hang_up(&client);
    stop_server(&fixture);
}

static void test_health_is_503_before_ready(void **state) {
    struct fixture fixture;
    struct visitor client;
    (void)state;
    struct berth_net_sim_options sim = {.seed = 1};
    assert_int_equal(start_server(&fixture, &sim), 0);
    stop_server(&fixture);
    assert_int_equal(berth_net_sim_create(&sim, &fixture.net), 0);
    berth_net_socket socket;
    uint16_t port;
    assert_int_equal(berth_net_sim_socket(fixture.net, &address, &port, &socket), 0);
    assert_int_equal(berth_server_create(fixture.net, &fixture.options, &fixture.server), 0);
    assert_int_equal(berth_server_listen(fixture.server, socket), 0);
    ask(&fixture, &client, "GET /health HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    assert_has(&client, "HTTP/1.1 503 ");
    assert_has(&client, "\"status\":\"starting\"");
    visitor_hang_up(&client);
    stop_server(&fixture);
}

static void test_requests_are_answered_in_order(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct fixture fixture;
        struct visitor client;
        start(&fixture, seed);
        ask(&fixture, &client,
            "GET /server_port.txt HTTP/1.1\r\n" HOST "\r\n"
            "POST /health HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
            "HEAD /health HTTP/1.1\r\n" HOST "\r\n"
            "GET /nothing HTTP/1.1\r\n" HOST ORIGIN "Connection: close\r\n\r\n"
            "GET /health HTTP/1.1\r\n" HOST "\r\n");
        const char *first = strstr(visitor_text(&client), "HTTP/1.1 200 OK\r\n");
        const char *second = strstr(visitor_text(&client), "HTTP/1.1 405 ");
        const char *third = strstr(second, "HTTP/1.1 200 OK\r\n");
        const char *fourth = strstr(third, "HTTP/1.1 404 ");
        assert_non_null(first);
        assert_non_null(fourth);
        assert_has(&client, "\r\n\r\n1018HTTP/1.1 405");
        assert_null(strstr(third, "{\"status\"")); /* HEAD has no body */
        assert_int_equal(count_of(&client, "HTTP/1.1 "), 4);
        visitor_hang_up(&client);
        stop_server(&fixture);
    }
}

static void test_bad_requests_are_answered_and_closed(void **state) {
    static const struct {
        const char *request, *status;
    } cases[] = {
        {"\x16\x03\x01\x02", "HTTP/1.1 400 "},
        {"GET /health HTTP/1.1\r\nHost : 127.0.0.1:1018\r\n\r\n", "HTTP/1.1 400 "},
        {"GET /health HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
        {"GET /health HTTP/2.0\r\n" HOST "\r\n", "HTTP/1.1 505 "},
        {"GET /health HTTP/1.1\r\n" HOST "Content-Length: 9999999\r\n\r\n", "HTTP/1.1 413 "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture fixture;
        struct visitor client;
        start(&fixture, i);
        ask(&fixture, &client, cases[i].request);
        assert_has(&client, cases[i].status);
        assert_has(&client, "Connection: close\r\n");
        assert_true(client.closed);
        visitor_hang_up(&client);
        stop_server(&fixture);
    }
}

static void test_a_head_without_end_is_431(void **state) {
    struct fixture fixture;
    struct visitor client;
    (void)state;
    start(&fixture, 3);
    dial(&fixture, &client, BERTH_VIEW("GET /health HTTP/1.1\r\n" HOST "X: "));
    char letters[1024];
    memset(letters, 'x', sizeof letters);
    for (int i = 0; i < 4096; i++)
        assert_int_equal(visitor_say(&client, berth_view_bytes(letters, sizeof letters)), 0);
    run_for(&fixture, 60000);
    assert_has(&client, "HTTP/1.1 431 ");
    assert_true(client.closed);
    visitor_hang_up(&client);
    stop_server(&fixture);
}

static void test_half_a_request_is_408(void **state) {
    struct fixture fixture;
    struct visitor client;
    (void)state;
    start(&fixture, 4);
    dial(&fixture, &client, BERTH_VIEW("GET /health HTTP/1.1\r\nHo"));
    run_for(&fixture, 9000);
    assert_int_equal(client.received.size, 0);
    run_for(&fixture, 3000);
    assert_has(&client, "HTTP/1.1 408 ");
    run_for(&fixture, 3000);
    assert_true(client.closed);
    visitor_hang_up(&client);
    stop_server(&fixture);
}

static void test_connections_over_the_limit_are_503(void **state) {
    struct fixture fixture;
    struct visitor first, second;
    (void)state;
    start(&fixture, 5);
    fixture.options.limits.connections = 1;
    dial(&fixture, &first, BERTH_VIEW("GET /server_port.txt HTTP/1.1\r\n" HOST "\r\n"));
    run_for(&fixture, 100);
    ask(&fixture, &second, "GET /server_port.txt HTTP/1.1\r\n" HOST "\r\n");
    assert_has(&first, "HTTP/1.1 200 ");
    assert_has(&second, "HTTP/1.1 503 ");
    assert_true(second.closed);
    assert_false(first.closed);
    stop_server(&fixture);
    visitor_hang_up(&first);
    visitor_hang_up(&second);
}

/* -- Proof and token --------------------------------------------------------------------------- */

static void test_a_challenge_is_signed(void **state) {
    static const uint8_t seed[BERTH_PROOF_SEED_SIZE] = {1};
    static const char challenge[] = "0123456789abcdef";
    (void)state;
    struct berth_identity identity;
    berth_identity_make(seed, &identity);
    struct fixture fixture;
    struct visitor client;
    start(&fixture, 14);
    fixture.options.identity = &identity;
    ask(&fixture, &client,
        "GET /health?challenge=MDEyMzQ1Njc4OWFiY2RlZg HTTP/1.1\r\n" HOST
        "Connection: close\r\n\r\n");
    const char *at = strstr(visitor_text(&client), "\"proof\":\"");
    assert_non_null(at);
    uint8_t signature[BERTH_PROOF_SIZE];
    size_t size;
    struct berth_view text = {at + 9, BERTH_BASE64URL_SIZE(sizeof signature)};
    assert_int_equal(berth_base64url_decode(text, signature, sizeof signature, &size), 0);
    struct berth_proof_claim claim = {
        BERTH_VIEW("assistant"), BERTH_VIEW("i1"), 1018, {challenge, sizeof challenge - 1}};
    assert_int_equal(berth_proof_verify(identity.public_key, &claim,
                                        berth_view_bytes(signature, sizeof signature)),
                     0);
    visitor_hang_up(&client);

    ask(&fixture, &client,
        "GET /health?challenge=short HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    assert_has(&client, "HTTP/1.1 400 ");
    visitor_hang_up(&client);
    stop_server(&fixture);
}

static void test_a_ticket_becomes_a_cookie_once(void **state) {
    (void)state;
    struct fixture fixture;
    struct visitor client;
    char request[512], ticket[44] = "", cookie[128] = "";
    start(&fixture, 15);
    fixture.options.token = "the-token";

    ask(&fixture, &client,
        "POST /berth/ticket HTTP/1.1\r\n" HOST ORIGIN
        "Authorization: Bearer the-tokem\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert_has(&client, "HTTP/1.1 401 ");
    assert_has(&client, "WWW-Authenticate: Bearer\r\n");
    visitor_hang_up(&client);
    ask(&fixture, &client,
        "POST /berth/ticket HTTP/1.1\r\n" HOST ORIGIN
        "Content-Length: 0\r\nConnection: close\r\n\r\n");
    assert_has(&client, "HTTP/1.1 401 ");
    visitor_hang_up(&client);
    ask(&fixture, &client,
        "POST /berth/ticket HTTP/1.1\r\n" HOST ORIGIN
        "Authorization: Bearer the-token\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert_has(&client, "HTTP/1.1 200 ");
    assert_int_equal(sscanf(strstr(visitor_text(&client), "enter?ticket="),
                            "enter?ticket=%43[A-Za-z0-9_-]", ticket),
                     1);
    visitor_hang_up(&client);

    snprintf(request, sizeof request,
             "GET /berth/enter?ticket=%s HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", ticket);
    ask(&fixture, &client, request);
    assert_has(&client, "HTTP/1.1 303 ");
    assert_has(&client, "HttpOnly; SameSite=Strict");
    assert_int_equal(
        sscanf(strstr(visitor_text(&client), "Set-Cookie: "), "Set-Cookie: %127[^;]", cookie), 1);
    assert_null(strstr(visitor_text(&client), "the-token"));
    visitor_hang_up(&client);
    ask(&fixture, &client, request);
    assert_has(&client, "HTTP/1.1 401 ");
    visitor_hang_up(&client);

    /* Over the simulated network the peer is unknown: only the cookie lets this through. */
    snprintf(request, sizeof request,
             "GET /berth/status.json HTTP/1.1\r\n" HOST
             "Cookie: a=b; %s\r\nConnection: close\r\n\r\n",
             cookie);
    ask(&fixture, &client, request);
    assert_has(&client, "HTTP/1.1 200 ");
    visitor_hang_up(&client);
    stop_server(&fixture);
}

static void test_a_token_travels_as_a_subprotocol(void **state) {
    (void)state;
    struct fixture fixture;
    struct visitor client;
    start(&fixture, 16);
    fixture.options.token = "the-token";
    dial(&fixture, &client,
         BERTH_VIEW("GET /client-ws HTTP/1.1\r\n" HOST
                    "Origin: null\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Protocol: berth.v1, berth.token.the-token\r\n\r\n"));
    run_for(&fixture, 1000);
    assert_has(&client, "HTTP/1.1 101 ");
    assert_has(&client, "Sec-WebSocket-Protocol: berth.v1\r\n");
    assert_null(strstr(visitor_text(&client), "the-token"));
    stop_server(&fixture);
    visitor_hang_up(&client);
}

/* -- WebSocket --------------------------------------------------------------------------------- */

/* What a client got after the 101, as a line of text: "t5 b3 pong2 close1000". */
static void read_frames(struct visitor *client, char *line, size_t capacity) {
    static const struct berth_ws_limits limits = {64u << 20, 100000};
    const char *behind = strstr(visitor_text(client), "\r\n\r\n");
    assert_non_null(behind);
    uint8_t *bytes = (uint8_t *)client->received.data + client->received.start;
    size_t at = (size_t)(behind + 4 - (const char *)bytes);
    struct berth_ws_decoder decoder;
    uint8_t room[BERTH_WS_CONTROL_MAX];
    struct berth_ws_event event;
    struct berth_writer out = berth_writer_on(line, capacity - 1);
    size_t size = 0;
    berth_ws_decoder_init(&decoder, BERTH_WS_CLIENT, &limits, room);
    do {
        at += berth_ws_decoder_feed(&decoder, bytes + at, client->received.size - at, &event);
        if (event.type == BERTH_WS_EVENT_DATA) {
            size += event.data.size;
            if (event.last) {
                berth_writer_format(&out, "%c%zu ",
                                    event.opcode == BERTH_WS_OPCODE_TEXT ? 't' : 'b', size);
                size = 0;
            }
        } else if (event.type == BERTH_WS_EVENT_PING) {
            berth_writer_format(&out, "ping%zu ", event.data.size);
        } else if (event.type == BERTH_WS_EVENT_PONG) {
            berth_writer_format(&out, "pong%zu ", event.data.size);
        } else if (event.type == BERTH_WS_EVENT_CLOSE) {
            berth_writer_format(&out, "close%u ", event.code);
        }
        assert_int_not_equal(event.type, BERTH_WS_EVENT_FAIL);
    } while (event.type != BERTH_WS_EVENT_NONE && event.type != BERTH_WS_EVENT_CLOSE);
    line[out.size] = 0;
}

static void assert_frames(struct visitor *client, const char *expected) {
    char line[4096];
    read_frames(client, line, sizeof line);
    assert_string_equal(line, expected);
}

static void test_echo_whatever_the_cuts(void **state) {
    static char large[300000];
    (void)state;
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct fixture fixture;
        struct visitor client;
        start(&fixture, seed);
        dial(&fixture, &client, BERTH_VIEW(UPGRADE));
        say_frame(&client, BERTH_WS_OPCODE_TEXT, true, BERTH_VIEW("hello"));
        say_frame(&client, BERTH_WS_OPCODE_TEXT, false, BERTH_VIEW("one "));
        say_frame(&client, BERTH_WS_OPCODE_PING, true, BERTH_VIEW("p!"));
        say_frame(&client, BERTH_WS_OPCODE_CONTINUATION, true, BERTH_VIEW("two"));
        say_frame(&client, BERTH_WS_OPCODE_BINARY, true, (struct berth_view){large, sizeof large});
        say_frame(&client, BERTH_WS_OPCODE_TEXT, true, BERTH_VIEW(""));
        say_frame(&client, BERTH_WS_OPCODE_CLOSE, true, BERTH_VIEW("\x03\xE8"));
        run_for(&fixture, 100000);
        assert_has(&client, "HTTP/1.1 101 Switching Protocols\r\n");
        assert_has(&client, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
        assert_frames(&client, "t5 pong2 t7 b300000 t0 close1000 ");
        assert_true(client.closed);
        assert_int_equal(fixture.closed, 1);
        assert_int_equal(fixture.closed_code, 1000);
        visitor_hang_up(&client);
        stop_server(&fixture);
    }
}

/* The next message that a client received is that one. */
static void assert_next(struct berth_ws_decoder *decoder, struct berth_view *received,
                        const char *expected, size_t size) {
    struct berth_ws_event event;
    size_t used = berth_ws_decoder_feed(decoder, (uint8_t *)(uintptr_t)received->data,
                                        received->size, &event);
    assert_true(event.type == BERTH_WS_EVENT_DATA && event.first && event.last);
    assert_int_equal(event.data.size, size);
    assert_memory_equal(event.data.data, expected, size);
    received->data += used;
    received->size -= used;
}

/* The first echo lies where the message lies, with its head over the message's own. */
static void test_a_message_may_be_sent_more_than_once(void **state) {
    enum { messages = 3, size = 10000 };
    static const struct berth_net_sim_options sim = {.seed = 8, .window = 1 << 20};
    static const struct berth_ws_limits limits = {64u << 20, 100000};
    static char text[messages][size];
    struct fixture fixture;
    struct visitor client;
    (void)state;
    assert_int_equal(start_server(&fixture, &sim), 0);
    fixture.repeats = true;
    dial(&fixture, &client, BERTH_VIEW(UPGRADE));
    for (size_t i = 0; i < messages; i++) {
        for (size_t k = 0; k < size; k++)
            text[i][k] = (char)('a' + (i + k * 7) % 23);
        say_frame(&client, BERTH_WS_OPCODE_TEXT, true, (struct berth_view){text[i], size});
    }
    run_for(&fixture, 1000);
    const char *all = visitor_text(&client), *behind = strstr(all, "\r\n\r\n");
    assert_non_null(behind);
    struct berth_view received = {behind + 4, client.received.size - (size_t)(behind + 4 - all)};
    struct berth_ws_decoder decoder;
    berth_ws_decoder_init(&decoder, BERTH_WS_CLIENT, &limits, NULL);
    for (size_t i = 0; i < messages; i++) {
        assert_next(&decoder, &received, text[i], PIECE);
        assert_next(&decoder, &received, text[i], size);
        assert_next(&decoder, &received, text[i], size);
        assert_next(&decoder, &received, text[i] + size - PIECE, PIECE);
    }
    assert_int_equal(received.size, 0);
    stop_server(&fixture);
    visitor_hang_up(&client);
}

static void test_a_peer_that_does_not_read_is_not_read_from(void **state) {
    static char piece[65536];
    struct fixture fixture;
    struct visitor client;
    (void)state;
    start(&fixture, 6);
    dial(&fixture, &client, BERTH_VIEW(UPGRADE));
    for (int i = 0; i < 300; i++)
        say_frame(&client, BERTH_WS_OPCODE_BINARY, true, (struct berth_view){piece, sizeof piece});
    run_for(&fixture, 20);
    berth_net_stream_pause(client.stream);
    run_for(&fixture, 5000);
    /* A quarter of the queue's limit, and what one piece of input may add to it. */
    assert_in_range(fixture.messages, 1, (1 << 20) / sizeof piece + 8);
    berth_net_stream_resume(client.stream);
    run_for(&fixture, 20000);
    assert_int_equal(fixture.messages, 300);
    assert_int_equal(fixture.closed, 0);
    stop_server(&fixture);
    visitor_hang_up(&client);
}

static void test_a_peer_that_never_reads_again_is_closed(void **state) {
    static char piece[65536];
    struct fixture fixture;
    struct visitor client;
    (void)state;
    start(&fixture, 6);
    dial(&fixture, &client, BERTH_VIEW(UPGRADE));
    for (int i = 0; i < 100; i++)
        say_frame(&client, BERTH_WS_OPCODE_BINARY, true, (struct berth_view){piece, sizeof piece});
    run_for(&fixture, 20);
    berth_net_stream_pause(client.stream);
    run_for(&fixture, 40000);
    assert_int_equal(fixture.closed, 0); /* it may be slow */
    run_for(&fixture, 30000);
    assert_int_equal(fixture.closed, 1);
    assert_int_equal(fixture.closed_code, 1006);
    stop_server(&fixture);
    visitor_hang_up(&client);
}

static void test_protocol_errors_close(void **state) {
    struct fixture fixture;
    struct visitor client;
    (void)state;
    start(&fixture, 7);
    dial(&fixture, &client, BERTH_VIEW(UPGRADE));
    say_frame(&client, BERTH_WS_OPCODE_TEXT, true, BERTH_VIEW("\xFF"));
    run_for(&fixture, 1000);
    assert_frames(&client, "close1007 ");
    assert_true(client.closed);
    visitor_hang_up(&client);

    /* The head alone of a frame of 4 GiB. */
    dial(&fixture, &client, BERTH_VIEW(UPGRADE "\x82\xFF\0\0\0\1\0\0\0\0\1\2\3\4"));
    run_for(&fixture, 1000);
    assert_frames(&client, "close1009 ");
    visitor_hang_up(&client);
    stop_server(&fixture);
}

static void test_a_silent_peer_is_pinged_and_then_closed(void **state) {
    struct fixture fixture;
    struct visitor client;
    (void)state;
    start(&fixture, 8);
    dial(&fixture, &client, BERTH_VIEW(UPGRADE));
    run_for(&fixture, 24000);
    assert_frames(&client, "");
    run_for(&fixture, 2000);
    assert_frames(&client, "ping0 ");
    assert_false(client.closed);
    run_for(&fixture, 25000);
    assert_true(client.closed);
    assert_int_equal(fixture.closed_code, 1006);
    visitor_hang_up(&client);
    stop_server(&fixture);
}

static void test_the_backend_may_refuse(void **state) {
    struct fixture fixture;
    struct visitor client;
    (void)state;
    start(&fixture, 9);
    fixture.refuse_with = 403;
    ask(&fixture, &client, UPGRADE);
    assert_has(&client, "HTTP/1.1 403 ");
    assert_int_equal(fixture.opened + fixture.closed, 0);
    stop_server(&fixture);
    visitor_hang_up(&client);
}

static void test_bad_handshakes(void **state) {
    static const struct {
        const char *request, *status;
    } cases[] = {
        {"GET /client-ws HTTP/1.1\r\n" HOST ORIGIN "\r\n", "HTTP/1.1 426 "},
        {"GET /client-ws HTTP/1.1\r\n" HOST ORIGIN
         "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n",
         "HTTP/1.1 400 "},
        {"GET /client-ws HTTP/1.1\r\n" HOST ORIGIN "Upgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n",
         "HTTP/1.1 426 "},
        {"GET /client-ws HTTP/1.1\r\n" HOST "Origin: https://evil.example\r\n"
         "Upgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
         "HTTP/1.1 403 "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture fixture;
        struct visitor client;
        start(&fixture, i);
        ask(&fixture, &client, cases[i].request);
        assert_has(&client, cases[i].status);
        assert_int_equal(fixture.opened, 0);
        stop_server(&fixture);
        visitor_hang_up(&client);
    }
}

/* -- Stopping ---------------------------------------------------------------------------------- */

static void on_drained(void *owner) {
    struct fixture *fixture = owner;
    fixture->drained = true;
    berth_net_stop(fixture->net);
}

static void test_draining_says_goodbye(void **state) {
    struct fixture fixture;
    struct visitor socket, idle;
    (void)state;
    start(&fixture, 10);
    dial(&fixture, &socket, BERTH_VIEW(UPGRADE));
    dial(&fixture, &idle, BERTH_VIEW("GET /server_port.txt HTTP/1.1\r\n" HOST "\r\n"));
    run_for(&fixture, 1000);
    assert_false(idle.closed);
    berth_server_set_state(fixture.server, BERTH_STATE_DRAINING);
    berth_server_drain(fixture.server, on_drained, &fixture);
    berth_net_run(fixture.net); /* the client never answers the close frame: time ends it */
    assert_true(fixture.drained);
    assert_frames(&socket, "close1001 ");
    run_for(&fixture, 1000);
    assert_true(socket.closed);
    assert_true(idle.closed);
    visitor_hang_up(&socket);
    visitor_hang_up(&idle);
    stop_server(&fixture);
}

static void test_draining_with_nothing_open(void **state) {
    struct fixture fixture;
    (void)state;
    start(&fixture, 11);
    berth_server_drain(fixture.server, on_drained, &fixture);
    berth_net_run(fixture.net);
    assert_true(fixture.drained);
    stop_server(&fixture);
}

/* -- Faults ------------------------------------------------------------------------------------ */

static void test_noise_is_survived(void **state) {
    (void)state;
    srand(1);
    struct fixture fixture;
    start(&fixture, 13);
    for (int round = 0; round < 200; round++) {
        struct visitor client;
        char noise[512];
        for (size_t i = 0; i < sizeof noise; i++)
            noise[i] = (char)rand();
        dial(&fixture, &client, round % 2 == 0 ? BERTH_VIEW(UPGRADE) : BERTH_VIEW(""));
        assert_int_equal(visitor_say(&client, berth_view_bytes(noise, sizeof noise)), 0);
        run_for(&fixture, 60000);
        assert_true(client.closed);
        visitor_hang_up(&client);
    }
    struct visitor client;
    ask(&fixture, &client, "GET /health HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    assert_has(&client, "HTTP/1.1 200 OK\r\n");
    visitor_hang_up(&client);
    stop_server(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_health_follows_the_state),
        cmocka_unit_test(test_health_is_503_before_ready),
        cmocka_unit_test(test_requests_are_answered_in_order),
        cmocka_unit_test(test_bad_requests_are_answered_and_closed),
        cmocka_unit_test(test_a_head_without_end_is_431),
        cmocka_unit_test(test_half_a_request_is_408),
        cmocka_unit_test(test_connections_over_the_limit_are_503),
        cmocka_unit_test(test_a_challenge_is_signed),
        cmocka_unit_test(test_a_ticket_becomes_a_cookie_once),
        cmocka_unit_test(test_a_token_travels_as_a_subprotocol),
        cmocka_unit_test(test_echo_whatever_the_cuts),
        cmocka_unit_test(test_a_message_may_be_sent_more_than_once),
        cmocka_unit_test(test_a_peer_that_does_not_read_is_not_read_from),
        cmocka_unit_test(test_a_peer_that_never_reads_again_is_closed),
        cmocka_unit_test(test_protocol_errors_close),
        cmocka_unit_test(test_a_silent_peer_is_pinged_and_then_closed),
        cmocka_unit_test(test_the_backend_may_refuse),
        cmocka_unit_test(test_bad_handshakes),
        cmocka_unit_test(test_draining_says_goodbye),
        cmocka_unit_test(test_draining_with_nothing_open),
        cmocka_unit_test(test_noise_is_survived),
    };
    return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
