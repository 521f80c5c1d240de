/* Every limit of server/limits.h: one under it, at it, and one over it. In virtual time, so that a
 * limit of a day is as quickly tested as one of a second. */
#include "backend/stage.h"

#include "base/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define POST "POST /health HTTP/1.1\r\n" STAGE_HOST
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define WINDOW 1000 /* of the network: what a peer that does not read takes all the same */

struct trial {
    struct stage stage;
    struct visitor client; /* whose fate is told */
    struct visitor others[8];
    char heard[256];
};

/* -- What was heard ---------------------------------------------------------------------------- */

static void write_frames(struct berth_writer *out, uint8_t *bytes, size_t size) {
    static const struct berth_ws_limits limits = {64u << 20, 100};
    struct berth_ws_decoder decoder;
    uint8_t room[BERTH_WS_CONTROL_MAX];
    struct berth_ws_event event;
    size_t message = 0;
    berth_ws_decoder_init(&decoder, BERTH_WS_CLIENT, &limits, room);
    do {
        size_t used = berth_ws_decoder_feed(&decoder, bytes, size, &event);
        bytes += used;
        size -= used;
        if (event.type == BERTH_WS_EVENT_DATA)
            message += event.data.size;
        if (event.type == BERTH_WS_EVENT_DATA && event.last) {
            berth_writer_format(out, " m%zu", message);
            message = 0;
        }
        if (event.type == BERTH_WS_EVENT_PING)
            berth_writer_text(out, " ping");
        if (event.type == BERTH_WS_EVENT_PONG)
            berth_writer_text(out, " pong");
        if (event.type == BERTH_WS_EVENT_CLOSE)
            berth_writer_format(out, " close%u", event.code);
        assert_int_not_equal(event.type, BERTH_WS_EVENT_FAIL);
    } while (event.type != BERTH_WS_EVENT_NONE && event.type != BERTH_WS_EVENT_CLOSE);
}

/* All that the client got, in one line: "200 431 closed", "101 m5 ping", "101 close1009 closed". */
static const char *heard(struct trial *trial) {
    struct visitor *client = &trial->client;
    struct berth_writer out = berth_writer_on(trial->heard, sizeof trial->heard - 1);
    const char *at = visitor_text(client);
    while ((at = strstr(at, "HTTP/1.1 ")) != NULL) {
        at += 9;
        berth_writer_format(&out, "%s%.3s", out.size > 0 ? " " : "", at);
        if (strncmp(at, "101", 3) == 0) {
            const char *frames = strstr(at, "\r\n\r\n") + 4;
            size_t before = (size_t)(frames - (client->received.data + client->received.start));
            write_frames(&out, (uint8_t *)client->received.data + client->received.start + before,
                         client->received.size - before);
            break;
        }
    }
    if (client->closed)
        berth_writer_text(&out, out.size > 0 ? " closed" : "closed");
    if (trial->stage.drained)
        berth_writer_text(&out, out.size > 0 ? " drained" : "drained");
    assert_false(out.overflow);
    trial->heard[out.size] = '\0';
    return trial->heard;
}

static void begin(struct trial *trial, size_t member, uint64_t value) {
    static const struct berth_net_sim_options sim = {.window = WINDOW};
    *trial = (struct trial){.heard = ""};
    stage_init(&trial->stage);
    memcpy((char *)&trial->stage.options.limits + member, &value, sizeof value);
    assert_int_equal(stage_open(&trial->stage, &sim), 0);
    assert_int_equal(stage_dial(&trial->stage, &trial->client), 0);
    for (int i = 0; i < 4; i++) /* the network takes no time, but some turns, to connect */
        stage_run_for(&trial->stage, 0);
}

static void end(struct trial *trial) {
    stage_close(&trial->stage);
    visitor_hang_up(&trial->client);
    for (size_t i = 0; i < sizeof trial->others / sizeof *trial->others; i++)
        visitor_hang_up(&trial->others[i]);
}

static void say(struct visitor *client, const char *text) {
    assert_int_equal(visitor_say(client, berth_view_of(text)), 0);
}

static void say_times(struct visitor *client, const char *text, uint64_t times) {
    for (; times > 0; times--)
        say(client, text);
}

/* -- Sizes and counts -------------------------------------------------------------------------- */

static char zeroes[1 << 17];

static void say_frame(struct visitor *client, enum berth_ws_opcode opcode, bool fin,
                      uint64_t size) {
    struct berth_view payload = {zeroes, (size_t)size};
    assert_int_equal(visitor_say_frame(client, opcode, fin, payload), 0);
}

/* The blank line is not counted, as http.h has it. */
static void put_head(struct trial *trial, uint64_t amount) {
    static const char before[] = "GET /health HTTP/1.1\r\n" STAGE_HOST "X: ";
    say(&trial->client, before);
    say_times(&trial->client, "x", amount - (sizeof before - 1) - 2);
    say(&trial->client, "\r\n\r\n");
}

static void put_trailers(struct trial *trial, uint64_t amount) {
    static const char head[] = CHUNKED;
    say(&trial->client, CHUNKED "2\r\nhi\r\n0\r\nX: ");
    say_times(&trial->client, "x", amount - (sizeof head - 1 - 2) - 5);
    say(&trial->client, "\r\n\r\n");
}

static void put_fields(struct trial *trial, uint64_t amount) {
    say(&trial->client, "GET /health HTTP/1.1\r\n" STAGE_HOST);
    say_times(&trial->client, "X: y\r\n", amount - 1);
    say(&trial->client, "\r\n");
}

static void put_body(struct trial *trial, uint64_t amount) {
    char head[128];
    snprintf(head, sizeof head, POST "Content-Length: %llu\r\n\r\n", (unsigned long long)amount);
    say(&trial->client, head);
    say_times(&trial->client, "b", amount);
}

static void put_chunks(struct trial *trial, uint64_t amount) {
    say(&trial->client, CHUNKED);
    say_times(&trial->client, "1\r\nb\r\n", amount);
    say(&trial->client, "0\r\n\r\n");
}

static void put_message(struct trial *trial, uint64_t amount) {
    say(&trial->client, STAGE_UPGRADE_TEXT("/client-ws"));
    say_frame(&trial->client, BERTH_WS_OPCODE_BINARY, true, amount);
}

static void put_message_in_parts(struct trial *trial, uint64_t amount) {
    say(&trial->client, STAGE_UPGRADE_TEXT("/client-ws"));
    say_frame(&trial->client, BERTH_WS_OPCODE_TEXT, false, amount - 1);
    say_frame(&trial->client, BERTH_WS_OPCODE_PING, true, BERTH_WS_CONTROL_MAX); /* counts not */
    say_frame(&trial->client, BERTH_WS_OPCODE_CONTINUATION, true, 1);
}

static void put_fragments(struct trial *trial, uint64_t amount) {
    say(&trial->client, STAGE_UPGRADE_TEXT("/client-ws"));
    for (uint64_t i = 1; i <= amount; i++)
        say_frame(&trial->client, i == 1 ? BERTH_WS_OPCODE_BINARY : BERTH_WS_OPCODE_CONTINUATION,
                  i == amount, 10);
}

/* Others in its room send while it does not read. The network takes the first WINDOW bytes; then
 * two frames wait, which are `amount` bytes together, their heads included. */
static void put_queue(struct trial *trial, uint64_t amount) {
    struct visitor *sender = &trial->others[0];
    assert_int_equal(stage_dial(&trial->stage, sender), 0);
    say(&trial->client, STAGE_UPGRADE_TEXT("/hub"));
    say(sender, STAGE_UPGRADE_TEXT("/hub"));
    stage_run_for(&trial->stage, 10);
    berth_net_stream_pause(trial->client.stream);
    say_frame(sender, BERTH_WS_OPCODE_BINARY, true, WINDOW - 4);
    say_frame(sender, BERTH_WS_OPCODE_BINARY, true, 60000 - 4);
    say_frame(sender, BERTH_WS_OPCODE_BINARY, true, amount - 60000 - 4);
    stage_run_for(&trial->stage, 100);
    berth_net_stream_resume(trial->client.stream);
}

static void put_connections(struct trial *trial, uint64_t amount) {
    for (uint64_t i = 0; i + 1 < amount; i++)
        assert_int_equal(stage_dial(&trial->stage, &trial->others[i]), 0);
    visitor_cut(&trial->client);
    stage_run_for(&trial->stage, 1);
    assert_int_equal(stage_dial(&trial->stage, &trial->client), 0);
    say(&trial->client, STAGE_GET_TEXT("/health"));
}

#define LIMIT(name) #name, offsetof(struct berth_limits, name)

static const struct size_row {
    const char *limit;
    size_t member;
    uint64_t value;
    void (*put)(struct trial *trial, uint64_t amount);
    const char *under, *at, *over;
} sizes[] = {
    {LIMIT(head_size), 1024, put_head, "200", "200", "431 closed"},
    {LIMIT(head_size), 1024, put_trailers, "405", "405", "431 closed"},
    {LIMIT(head_fields), 8, put_fields, "200", "200", "431 closed"},
    {LIMIT(body_size), 0, put_body, NULL, "405", "413 closed"},
    {LIMIT(body_size), 10, put_body, "405", "405", "413 closed"},
    {LIMIT(body_size), 10, put_chunks, "405", "405", "413 closed"},
    {LIMIT(message_size), 125, put_message, "101 m124", "101 m125", "101 close1009 closed"},
    {LIMIT(message_size), 65536, put_message, "101 m65535", "101 m65536", "101 close1009 closed"},
    {LIMIT(message_size), 1000, put_message_in_parts, "101 pong m999", "101 pong m1000",
     "101 pong close1009 closed"},
    {LIMIT(message_fragments), 1, put_fragments, NULL, "101 m10", "101 close1008 closed"},
    {LIMIT(message_fragments), 3, put_fragments, "101 m20", "101 m30", "101 close1008 closed"},
    {LIMIT(send_queue_size), 65536, put_queue, "101 m996 m59996 m5531", "101 m996 m59996 m5532",
     "101 m996 m59996 close4408"},
    {LIMIT(connections), 3, put_connections, "200", "200", "503 closed"},
};

static void try_size(const struct size_row *row, uint64_t amount, const char *expected) {
    struct trial trial;
    if (expected == NULL)
        return;
    begin(&trial, row->member, row->value);
    row->put(&trial, amount);
    stage_run_for(&trial.stage, 1000);
    if (strcmp(heard(&trial), expected) != 0)
        fail_msg("%s = %llu, tried with %llu: \"%s\", not \"%s\"", row->limit,
                 (unsigned long long)row->value, (unsigned long long)amount, trial.heard, expected);
    end(&trial);
}

static void test_sizes_and_counts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        try_size(&sizes[i], sizes[i].value - 1, sizes[i].under);
        try_size(&sizes[i], sizes[i].value, sizes[i].at);
        try_size(&sizes[i], sizes[i].value + 1, sizes[i].over);
    }
}

/* -- Times ------------------------------------------------------------------------------------- */

static void open_socket(struct trial *trial) {
    say(&trial->client, STAGE_UPGRADE_TEXT("/client-ws"));
    stage_run_for(&trial->stage, 0);
}

/* A frame's head, and a part of its payload, or of its head alone. */
static void begin_frame(struct trial *trial) {
    open_socket(trial);
    assert_int_equal(
        visitor_say(&trial->client, (struct berth_view){"\x82\xfe\x10\x00\x01\x02\x03\x04x", 9}),
        0);
    stage_run_for(&trial->stage, 0);
}

static void begin_head(struct trial *trial) {
    open_socket(trial);
    say(&trial->client, "\x82");
    stage_run_for(&trial->stage, 0);
}

static void begin_fragments(struct trial *trial) {
    open_socket(trial);
    say_frame(&trial->client, BERTH_WS_OPCODE_BINARY, false, 10);
    stage_run_for(&trial->stage, 0);
}

static void wait_for_ping(struct trial *trial) {
    open_socket(trial);
    stage_run_for(&trial->stage, trial->stage.options.limits.ping_interval_ms);
}

static void wait_to_drain(struct trial *trial) {
    say(&trial->client, "GET /health HTTP/1.1\r\n");
    stage_run_for(&trial->stage, 0);
    berth_server_drain(trial->stage.server, stage_on_drained, &trial->stage);
}

static void drain_a_socket(struct trial *trial) {
    open_socket(trial);
    berth_server_drain(trial->stage.server, stage_on_drained, &trial->stage);
}

#define PING_OF_ONE "\x89\x81\1\1\1\1x"

/* The client says `first`; after that, while the time runs, a piece of `drip` now and then: bytes
 * that come put no deadline off. */
static const struct time_row {
    const char *limit;
    size_t member;
    uint64_t value_ms;
    void (*begin)(struct trial *trial);
    const char *first, *drip;
    const char *before, *after;
} times[] = {
    {LIMIT(head_timeout_ms), 10000, NULL, "G", NULL, "", "408 closed"},
    {LIMIT(head_timeout_ms), 10000, NULL, "G", "ET /aaaaaaaaaaaaaaaaaaaa", "", "408 closed"},
    {LIMIT(head_timeout_ms), 10000, NULL, "GET / HTTP/1.1\r\n", "X: yyyyyyyyyyyyyyyyyyyyyyyy", "",
     "408 closed"},
    {LIMIT(head_timeout_ms), 100, NULL, POST "Content-Length: 99\r\n\r\n", "bbbbbbbbbbbbbbbbbbbb",
     "", "408 closed"},
    {LIMIT(head_timeout_ms), 3600000, NULL, CHUNKED, "00000000000001\r\nb\r\n1", "", "408 closed"},
    {LIMIT(head_timeout_ms), 10000, NULL, CHUNKED "1", ";aaaaaaaaaaaaaaaaaaaa", "", "408 closed"},
    {LIMIT(head_timeout_ms), 10000, NULL, CHUNKED "0\r\n", "Trailer: xxxxxxxxxxxxx", "",
     "408 closed"},
    {LIMIT(head_timeout_ms), 10000, NULL, STAGE_GET_TEXT("/health") "GET /", "aaaaaaaaaaaaaaaaaaa",
     "200", "200 408 closed"},
    {LIMIT(idle_timeout_ms), 60000, NULL, "", NULL, "", "closed"},
    {LIMIT(idle_timeout_ms), 100, NULL, STAGE_GET_TEXT("/health"), NULL, "200", "200 closed"},
    {LIMIT(idle_timeout_ms), 86400000, NULL, STAGE_GET_TEXT("/health"), NULL, "200", "200 closed"},
    {LIMIT(ping_interval_ms), 25000, open_socket, "", NULL, "101", "101 ping"},
    {LIMIT(ping_interval_ms), 100, open_socket, "", NULL, "101", "101 ping"},
    {LIMIT(pong_timeout_ms), 20000, wait_for_ping, "", NULL, "101 ping", "101 ping closed"},
    {LIMIT(pong_timeout_ms), 100, wait_for_ping, "", NULL, "101 ping", "101 ping closed"},
    {LIMIT(message_timeout_ms), 120000, begin_frame, "", NULL, "101", "101 close1008 closed"},
    {LIMIT(message_timeout_ms), 120000, begin_frame, "", "xxxxxxxxxxxxxxxxxxxx", "101",
     "101 close1008 closed"},
    {LIMIT(message_timeout_ms), 100, begin_head, "", NULL, "101", "101 close1008 closed"},
    {LIMIT(message_timeout_ms), 1000, begin_head, "", "\xfe\x10", "101", "101 close1008 closed"},
    {LIMIT(message_timeout_ms), 1000, begin_fragments, "", NULL, "101", "101 close1008 closed"},
    {LIMIT(message_timeout_ms), 9000, begin_fragments, "", PING_OF_ONE PING_OF_ONE, "101 pong pong",
     "101 pong pong close1008 closed"},
    {LIMIT(drain_timeout_ms), 9000, wait_to_drain, "", "X: yyyyyyyyyyyyyyyyyyyyyyyyyyy", "",
     "drained"},
    {LIMIT(drain_timeout_ms), 1000, drain_a_socket, "", NULL, "101 close1001",
     "101 close1001 drained"},
};

static void drip_for(struct trial *trial, const char *drip, uint64_t ms) {
    size_t drops = drip != NULL ? strlen(drip) : 0;
    for (size_t i = 0; i < drops; i++) {
        stage_run_for(&trial->stage, ms / drops);
        assert_int_equal(visitor_say(&trial->client, (struct berth_view){drip + i, 1}), 0);
    }
    stage_run_for(&trial->stage, drops > 0 ? ms % drops : ms);
}

static void try_time(const struct time_row *row) {
    struct trial trial;
    begin(&trial, row->member, row->value_ms);
    say(&trial.client, row->first);
    stage_run_for(&trial.stage, 0);
    if (row->begin != NULL)
        row->begin(&trial);
    drip_for(&trial, row->drip, row->value_ms - 1);
    if (strcmp(heard(&trial), row->before) != 0)
        fail_msg("%s = %llu, a millisecond before \"%s\": \"%s\", not \"%s\"", row->limit,
                 (unsigned long long)row->value_ms, row->first, trial.heard, row->before);
    stage_run_for(&trial.stage, 2);
    if (strcmp(heard(&trial), row->after) != 0)
        fail_msg("%s = %llu, a millisecond behind \"%s\": \"%s\", not \"%s\"", row->limit,
                 (unsigned long long)row->value_ms, row->first, trial.heard, row->after);
    end(&trial);
}

static void test_times(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        try_time(&times[i]);
}

/* A message's time is its own: who sends one after the other is never too late, though each piece
 * that comes ends amid one. */
static void test_messages_without_a_pause(void **state) {
    (void)state;
    static const char head[] = "\x82\xfe\x01\x00\x01\x02\x03\x04";
    static char half[128];
    struct trial trial;
    begin(&trial, offsetof(struct berth_limits, message_timeout_ms), 1000);
    open_socket(&trial);
    for (int i = 0; i < 10; i++) {
        if (i > 0)
            assert_int_equal(visitor_say(&trial.client, (struct berth_view){half, sizeof half}), 0);
        assert_int_equal(visitor_say(&trial.client, (struct berth_view){head, 8}), 0);
        assert_int_equal(visitor_say(&trial.client, (struct berth_view){half, sizeof half}), 0);
        stage_run_for(&trial.stage, 400);
        assert_null(strstr(heard(&trial), "close"));
    }
    stage_run_for(&trial.stage, 1000);
    assert_non_null(strstr(heard(&trial), "m256 close1008 closed"));
    end(&trial);
}

/* Who asks for a large answer and does not read it is let go, too. */
static void test_an_answer_that_nobody_reads(void **state) {
    (void)state;
    struct trial trial;
    begin(&trial, offsetof(struct berth_limits, idle_timeout_ms), 60000);
    berth_net_stream_pause(trial.client.stream);
    for (int i = 0; i < 100; i++)
        say(&trial.client, STAGE_GET_TEXT("/"));
    stage_run_for(&trial.stage, 59999);
    assert_int_equal(trial.stage.server->conn_count, 1);
    stage_run_for(&trial.stage, 2 * 60000);
    assert_int_equal(trial.stage.server->conn_count, 0);
    end(&trial);
}

/* -- The list ---------------------------------------------------------------------------------- */

static bool is_tested(const char *limit) {
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (strcmp(sizes[i].limit, limit) == 0)
            return true;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (strcmp(times[i].limit, limit) == 0)
            return true;
    return false;
}

static void test_every_limit_is_in_a_table(void **state) {
    (void)state;
#define ASSERT_TESTED(name, key, value, least, most, unit, answer) assert_true(is_tested(#name));
    BERTH_LIMITS(ASSERT_TESTED)
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_and_counts),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_messages_without_a_pause),
        cmocka_unit_test(test_an_answer_that_nobody_reads),
        cmocka_unit_test(test_every_limit_is_in_a_table),
    };
    return cmocka_run_group_tests_name("server_limits", tests, NULL, NULL);
}
