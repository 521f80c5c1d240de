/* Compression in the whole server: one frame for many, cuts in any place, windows that are freed.
 */
#include "backend/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define OFFER(target, parameters)                                                                  \
    BERTH_VIEW("GET " target " HTTP/1.1\r\n" STAGE_HOST STAGE_ORIGIN                               \
               "Upgrade: websocket\r\nConnection: Upgrade\r\n"                                     \
               "Sec-WebSocket-Extensions: permessage-deflate" parameters "\r\n"                    \
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")

#define MESSAGE_SIZE 3000
#define RECEIVERS 4

static const uint8_t hello[] = {0xC1, 0x87, 0, 0, 0, 0, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00};

static void open_stage(struct stage *stage, enum berth_compression compression, uint64_t seed) {
    struct berth_net_sim_options sim = {
        .seed = seed, .short_reads = seed > 0, .short_writes = seed > 0, .window = 1 << 20};
    stage_init(stage);
    stage->options.compression = compression;
    stage->options.compression_min = 1024;
    assert_int_equal(stage_open(stage, &sim), 0);
}

static void join(struct stage *stage, struct visitor *client, struct berth_view request) {
    assert_int_equal(stage_dial(stage, client), 0);
    assert_int_equal(visitor_say(client, request), 0);
    stage_run_for(stage, 100);
    assert_non_null(strstr(visitor_text(client), "\r\n\r\n"));
    berth_buf_consume(&client->received, client->received.size);
}

static void leave(struct stage *stage, struct visitor *clients, size_t count) {
    for (size_t i = 0; i < count; i++)
        visitor_cut(&clients[i]);
    stage_run_for(stage, 100);
    stage_drain(stage);
    stage_close(stage);
    for (size_t i = 0; i < count; i++)
        visitor_hang_up(&clients[i]);
}

/* What came: one message, inflated by somebody else's decompressor; its size on the wire. */
static size_t heard(const struct visitor *client, struct berth_view want, bool compressed) {
    struct berth_ws_limits limits = berth_ws_limits_default();
    struct berth_ws_decoder decoder;
    struct berth_ws_event event;
    struct berth_deflate *deflate;
    berth_ws_decoder_init(&decoder, BERTH_WS_CLIENT, &limits, NULL);
    berth_ws_decoder_allow_compressed(&decoder);
    struct berth_view received = berth_buf_view(&client->received);
    size_t size = received.size;
    assert_true(size > 0);
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    memcpy(bytes, received.data, size);
    assert_int_equal(berth_ws_decoder_feed(&decoder, bytes, size, &event), size);
    assert_int_equal(event.type, BERTH_WS_EVENT_DATA);
    assert_true(event.first && event.last);
    assert_int_equal(event.compressed, compressed);
    struct berth_view message = event.data;
    assert_int_equal(berth_deflate_create(1 << 20, &deflate), 0);
    if (compressed)
        assert_int_equal(berth_deflate_unpack(deflate, NULL, event.data, &message), 0);
    assert_true(berth_view_equal(message, want));
    if (compressed)
        berth_deflate_unpacked(deflate);
    berth_deflate_destroy(deflate);
    free(bytes);
    return size;
}

static struct berth_view words(void) {
    static char text[MESSAGE_SIZE];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "all that is said is said again "[i % 31];
    return (struct berth_view){text, sizeof text};
}

static void a_hub_compresses_once(void **state) {
    (void)state;
    struct stage stage;
    struct visitor clients[RECEIVERS + 2];
    open_stage(&stage, BERTH_COMPRESSION_SHARED, 0);
    join(&stage, &clients[0], STAGE_UPGRADE("/hub"));
    for (size_t i = 1; i <= RECEIVERS; i++)
        join(&stage, &clients[i], OFFER("/hub", ""));
    join(&stage, &clients[RECEIVERS + 1], STAGE_UPGRADE("/hub"));
    assert_int_equal(visitor_say_frame(&clients[0], BERTH_WS_OPCODE_TEXT, true, words()), 0);
    stage_run_for(&stage, 100);
    assert_int_equal(stage.server->packed_serial, 1);
    for (size_t i = 1; i <= RECEIVERS; i++)
        assert_true(heard(&clients[i], words(), true) < MESSAGE_SIZE / 10);
    heard(&clients[RECEIVERS + 1], words(), false);
    leave(&stage, clients, RECEIVERS + 2);
}

/* A small window is as good as a large one for a message that fits in it. */
static void windows_share_what_fits(void **state) {
    (void)state;
    struct stage stage;
    struct visitor clients[4];
    open_stage(&stage, BERTH_COMPRESSION_SHARED, 0);
    join(&stage, &clients[0], STAGE_UPGRADE("/hub"));
    join(&stage, &clients[1], OFFER("/hub", "; server_max_window_bits=9"));
    join(&stage, &clients[2], OFFER("/hub", "; server_max_window_bits=12"));
    join(&stage, &clients[3], OFFER("/hub", ""));
    assert_int_equal(visitor_say_frame(&clients[0], BERTH_WS_OPCODE_TEXT, true, words()), 0);
    stage_run_for(&stage, 100);
    assert_int_equal(stage.server->packed_serial, 2); /* one for 15 and 12, one for 9 */
    for (size_t i = 1; i < 4; i++)
        heard(&clients[i], words(), true);
    leave(&stage, clients, 4);
}

/* Not smaller is found out once, too. */
static void what_does_not_shrink_goes_plain(void **state) {
    (void)state;
    struct stage stage;
    struct visitor clients[3];
    char noise[MESSAGE_SIZE];
    uint32_t seed = 7;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)((seed = seed * 1664525 + 1013904223) >> 24);
    open_stage(&stage, BERTH_COMPRESSION_SHARED, 0);
    join(&stage, &clients[0], STAGE_UPGRADE("/hub"));
    join(&stage, &clients[1], OFFER("/hub", ""));
    join(&stage, &clients[2], OFFER("/hub", ""));
    struct berth_view message = {noise, sizeof noise};
    assert_int_equal(visitor_say_frame(&clients[0], BERTH_WS_OPCODE_BINARY, true, message), 0);
    stage_run_for(&stage, 100);
    assert_int_equal(stage.server->packed_serial, 1);
    heard(&clients[1], message, false);
    heard(&clients[2], message, false);
    leave(&stage, clients, 3);
}

static void small_ones_go_plain(void **state) {
    (void)state;
    struct stage stage;
    struct visitor clients[2];
    struct berth_view under = words(), at = words();
    under.size = 1023;
    at.size = 1024;
    open_stage(&stage, BERTH_COMPRESSION_SHARED, 0);
    join(&stage, &clients[0], STAGE_UPGRADE("/hub"));
    join(&stage, &clients[1], OFFER("/hub", ""));
    assert_int_equal(visitor_say_frame(&clients[0], BERTH_WS_OPCODE_TEXT, true, under), 0);
    stage_run_for(&stage, 100);
    heard(&clients[1], under, false);
    berth_buf_consume(&clients[1].received, clients[1].received.size);
    assert_int_equal(visitor_say_frame(&clients[0], BERTH_WS_OPCODE_TEXT, true, at), 0);
    stage_run_for(&stage, 100);
    heard(&clients[1], at, true);
    leave(&stage, clients, 2);
}

static void a_window_makes_the_second_smaller(void **state) {
    (void)state;
    struct stage stage;
    struct visitor client;
    char text[MESSAGE_SIZE]; /* at random: only a window finds it again */
    struct berth_view letters = {text, sizeof text};
    uint32_t seed = 7;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + ((seed = seed * 1664525 + 1013904223) >> 28));
    open_stage(&stage, BERTH_COMPRESSION_OWN, 0);
    join(&stage, &client, OFFER("/client-ws", ""));
    assert_int_equal(visitor_say_frame(&client, BERTH_WS_OPCODE_TEXT, true, letters), 0);
    stage_run_for(&stage, 100);
    size_t first = heard(&client, letters, true);
    berth_buf_consume(&client.received, client.received.size);
    assert_int_equal(visitor_say_frame(&client, BERTH_WS_OPCODE_TEXT, true, letters), 0);
    stage_run_for(&stage, 100);
    assert_true(client.received.size > 0 && client.received.size < first / 10);
    leave(&stage, &client, 1);
}

/* The same answers however the input was cut, compressed fragments with pings between them. */
static void any_cut_gives_the_same(void **state) {
    (void)state;
    for (int own = 0; own < 2; own++) {
        struct berth_buf whole = berth_buf_make(1 << 20);
        for (uint64_t seed = 0; seed < 30; seed++) {
            struct stage stage;
            struct visitor client;
            open_stage(&stage, own ? BERTH_COMPRESSION_OWN : BERTH_COMPRESSION_SHARED, seed);
            join(&stage, &client, OFFER("/client-ws", ""));
            for (int i = 0; i < 3; i++) {
                static const uint8_t parts[] = {0x41, 0x82, 0, 0,    0,    0,    0xF2, 0x48, 0x89,
                                                0x81, 0,    0, 0,    0,    'p',  0x80, 0x85, 0,
                                                0,    0,    0, 0xCD, 0xC9, 0xC9, 0x07, 0x00};
                assert_int_equal(visitor_say(&client, berth_view_bytes(parts, sizeof parts)), 0);
                assert_int_equal(visitor_say(&client, berth_view_bytes(hello, sizeof hello)), 0);
                assert_int_equal(visitor_say_frame(&client, BERTH_WS_OPCODE_TEXT, true, words()),
                                 0);
            }
            stage_run_for(&stage, 1000);
            if (seed == 0)
                berth_buf_append(&whole, client.received.data + client.received.start,
                                 client.received.size);
            assert_true(berth_view_equal(berth_buf_view(&whole), berth_buf_view(&client.received)));
            leave(&stage, &client, 1);
        }
        assert_true(whole.size > 30);
        berth_buf_free(&whole);
    }
}

/* The setting that costs nothing for an idle connection costs nothing. */
static void without_windows_a_connection_is_as_small(void **state) {
    (void)state;
    struct stage stage;
    open_stage(&stage, BERTH_COMPRESSION_SHARED, 0);
    assert_int_equal(berth_compress_conn_size(stage.server), sizeof(struct berth_conn));
    stage_drain(&stage);
    stage_close(&stage);
    open_stage(&stage, BERTH_COMPRESSION_OWN, 0);
    assert_true(berth_compress_conn_size(stage.server) <= sizeof(struct berth_conn) + 24);
    stage_drain(&stage);
    stage_close(&stage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hub_compresses_once),
        cmocka_unit_test(windows_share_what_fits),
        cmocka_unit_test(what_does_not_shrink_goes_plain),
        cmocka_unit_test(small_ones_go_plain),
        cmocka_unit_test(a_window_makes_the_second_smaller),
        cmocka_unit_test(any_cut_gives_the_same),
        cmocka_unit_test(without_windows_a_connection_is_as_small),
    };
    return cmocka_run_group_tests_name("server_compress", tests, NULL, NULL);
}
