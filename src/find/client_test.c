/* The client's one connection: opened, proved, and talked over, on the simulated network. */
#include "find/client_fake.h"

static const struct berth_net_sim_options calm = {.seed = 7};

static struct berth_net_sim_options rough(uint64_t seed) {
    return (struct berth_net_sim_options){
        .seed = seed, .short_reads = true, .short_writes = true, .window = 8192, .delay_max_ms = 3};
}

/* -- Opening ----------------------------------------------------------------------------------- */

static void opens_echoes_closes(void **state) {
    (void)state;
    struct fake_server server;
    fake_begin(&calm);
    fake_start(&server, world.net, 1018, "i1", 1);
    world.server = &server;
    world.options.find.on_event = fake_on_event;
    fake_open();
    fake_run(100);
    assert_string_equal(world.log, "CONNECTED open");
    assert_int_equal(fake_send(true, "hello", 5), 0);
    assert_int_equal(fake_send(false, "\0\1", 2), 0);
    assert_int_equal(fake_send(true, NULL, 0), 0);
    fake_run(100);
    assert_string_equal(world.log, "CONNECTED open message message message");
    assert_int_equal(world.received.size, 13);
    assert_memory_equal(world.received.data, "thello\nb\0\1\nt\n", 13);
    fake_finish();
    assert_string_equal(world.log, "CONNECTED open message message message closed");
    assert_int_equal(server.close_code, 1000);
    assert_int_equal(server.accepted, 1);
    fake_dispose(&server);
}

/* Every life below starts with this: the server is there, and the client is made. */
static void meet(struct fake_server *server, const struct berth_net_sim_options *sim) {
    fake_begin(sim);
    fake_start(server, world.net, 1018, "i1", 1);
    server->token = "s3cret";
    server->protocol = "berth.v1";
    world.server = server;
    world.options.find.on_event = fake_on_event;
}

static void part(struct fake_server *server) {
    fake_stop(server);
    fake_finish();
    fake_dispose(server);
}

static void token_travels_as_a_subprotocol(void **state) {
    (void)state;
    struct fake_server server;
    meet(&server, &calm);
    fake_open();
    fake_run(100);
    assert_string_equal(world.log, "CONNECTED open");
    assert_true(server.saw_token);
    part(&server);
}

static void impostor_is_told_nothing(void **state) {
    (void)state;
    struct fake_server server;
    meet(&server, &calm);
    uint8_t seed[BERTH_PROOF_SEED_SIZE] = {2};
    berth_identity_make(seed, &server.identity);
    fake_open();
    fake_run(1000);
    assert_int_equal(world.opened, 0);
    assert_true(server.asked > 1);
    assert_int_equal(server.upgrades, 0);
    assert_memory_equal(world.log, "STRANGER STRANGER", 17);
    part(&server);
}

static void nor_is_one_when_the_key_is_new(void **state) {
    (void)state;
    struct fake_server server;
    meet(&server, &calm);
    world.verdict = BERTH_VERDICT_NAMED;
    uint8_t seed[BERTH_PROOF_SEED_SIZE] = {2};
    berth_identity_make(seed, &server.identity);
    fake_open();
    fake_run(1000);
    assert_true(server.asked > 1);
    assert_int_equal(server.upgrades, 0);
    part(&server);
}

static void another_instance_is_not_the_one_found(void **state) {
    (void)state;
    struct fake_server server, other;
    meet(&server, &calm);
    fake_stop(&server);
    fake_run(1);
    fake_start(&other, world.net, 1018, "i2", 1);
    fake_open();
    fake_run(200);
    assert_int_equal(other.upgrades, 0);
    assert_memory_equal(world.log, "STRANGER", 8);
    fake_stop(&other);
    part(&server);
    fake_dispose(&other);
}

static void one_that_starts_or_drains_is_not_used(void **state) {
    (void)state;
    struct fake_server server;
    meet(&server, &calm);
    server.endpoint_state = BERTH_ENDPOINT_STARTING;
    fake_open();
    fake_run(200);
    assert_memory_equal(world.log, "STARTING", 8);
    server.endpoint_state = BERTH_ENDPOINT_DRAINING;
    fake_run(2000);
    assert_int_equal(server.upgrades, 0);
    server.endpoint_state = BERTH_ENDPOINT_READY;
    fake_run(10000);
    assert_int_equal(world.opened, 1);
    part(&server);
}

static void who_hangs_up_after_the_proof_is_told_nothing(void **state) {
    (void)state;
    struct fake_server server;
    meet(&server, &calm);
    server.hangs_up = true;
    fake_open();
    fake_run(60);
    assert_memory_equal(world.log, "STRANGER", 8);
    assert_int_equal(server.upgrades, 0);
    part(&server);
}

static void interim_answers_are_none(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 5; seed++) {
        struct fake_server server;
        struct berth_net_sim_options sim = rough(seed);
        meet(&server, &sim);
        server.interim = true;
        fake_open();
        fake_run(1400);
        assert_string_equal(world.log, "CONNECTED open");
        part(&server);
    }
}

static void bad_proofs_end_the_try(void **state) {
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\r\n\r\n\x16\x03\x01",
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct fake_server server;
        meet(&server, &calm);
        server.health_answer = answers[i];
        fake_open();
        fake_run(60);
        assert_memory_equal(world.log, "STRANGER", 8);
        assert_int_equal(server.upgrades, 0);
        part(&server);
    }
}

static void bad_handshakes_end_the_try(void **state) {
    (void)state;
    static const char *const answers[] = {
        ("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
        "HTTP/1.1 101 X\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 503 Busy\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        "\x81\x05hello\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct fake_server server;
        struct berth_net_sim_options sim = rough(i);
        meet(&server, &sim);
        server.upgrade_answer = answers[i];
        fake_open();
        fake_run(500);
        assert_memory_equal(world.log, "STRANGER", 8);
        assert_int_equal(world.opened, 0);
        part(&server);
    }
}

static void subprotocol_must_be_ours(void **state) {
    (void)state;
    static const char *const chosen[] = {NULL, "berth.token.s3cret", "chat"};
    for (size_t i = 0; i < sizeof chosen / sizeof *chosen; i++) {
        struct fake_server server;
        meet(&server, &calm);
        server.protocol = chosen[i];
        fake_open();
        fake_run(60);
        assert_memory_equal(world.log, "STRANGER", 8);
        part(&server);
    }
}

static void slow_openings_time_out(void **state) {
    (void)state;
    struct fake_server server;
    meet(&server, &calm);
    server.drips = true;
    fake_open();
    fake_run(1499);
    assert_string_equal(world.log, "");
    fake_run(10);
    assert_string_equal(world.log, "TIMEOUT");
    server.drips = false;
    server.upgrade_answer = "";
    fake_run(1700);
    assert_string_equal(world.log, "TIMEOUT TIMEOUT");
    server.upgrade_answer = NULL;
    server.health_answer = "";
    fake_run(1900);
    assert_string_equal(world.log, "TIMEOUT TIMEOUT TIMEOUT");
    part(&server);
}

static void nobody_there_is_refused(void **state) {
    (void)state;
    struct fake_server server;
    meet(&server, &calm);
    fake_stop(&server);
    fake_open();
    fake_run(60);
    assert_memory_equal(world.log, "REFUSED", 7);
    part(&server);
}

static void path_is_the_owners_choice(void **state) {
    (void)state;
    struct fake_server server;
    meet(&server, &calm);
    world.options.path = "/other?x=1";
    fake_open();
    fake_run(100);
    assert_int_equal(world.opened, 1);
    part(&server);
    meet(&server, &calm);
    world.options.path = "no path";
    fake_open();
    fake_run(60);
    assert_memory_equal(world.log, "STRANGER", 8);
    part(&server);
}

/* -- Messages ---------------------------------------------------------------------------------- */

static size_t size_at(size_t i) {
    static const size_t sizes[] = {0, 1, 125, 126, 5000, 65535, 65536, 100000, 200000};
    return sizes[i % (sizeof sizes / sizeof *sizes)];
}

static char *bytes_of(size_t i, size_t size) {
    char *bytes = malloc(size + 1);
    assert_non_null(bytes);
    for (size_t at = 0; at < size; at++)
        bytes[at] = (char)('a' + (at * 7 + i) % 26);
    return bytes;
}

/* Some while offline, some in one go, some later: whatever the cuts, all come back as they were. */
static void echoes_in_any_pieces(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct fake_server server;
        struct berth_net_sim_options sim = rough(seed);
        struct berth_buf sent = berth_buf_make(64u << 20);
        meet(&server, &sim);
        world.options.queue_size = 4u << 20;
        fake_open();
        for (size_t i = 0; i < 27; i++) {
            size_t size = size_at(i + seed);
            char *bytes = bytes_of(i, size);
            assert_int_equal(fake_send(i % 2 == 0, bytes, size), 0);
            berth_buf_append(&sent, i % 2 == 0 ? "t" : "b", 1);
            berth_buf_append(&sent, bytes, size);
            berth_buf_append(&sent, "\n", 1);
            free(bytes);
            fake_run(i % 5 == 0 ? 40 : 0);
        }
        fake_run(20000);
        assert_int_equal(world.messages, 27);
        assert_int_equal(world.received.size, sent.size);
        assert_memory_equal(world.received.data, sent.data, sent.size);
        berth_buf_free(&sent);
        part(&server);
    }
}

static void large_messages_leave_room_for_pongs(void **state) {
    (void)state;
    struct fake_server server;
    struct berth_net_sim_options sim = {.seed = 3, .window = 16384, .delay_max_ms = 2};
    meet(&server, &sim);
    world.options.queue_size = 8u << 20;
    world.options.heartbeat_ms = 100;
    fake_open();
    fake_run(50);
    char *bytes = bytes_of(1, 4u << 20);
    assert_int_equal(fake_send(true, bytes, 4u << 20), 0);
    fake_run(250);
    assert_int_equal(server.messages, 0);
    assert_true(server.pings > 0);
    fake_run(20000);
    assert_int_equal(world.messages, 1);
    assert_int_equal(world.received.size, (4u << 20) + 2);
    assert_memory_equal(world.received.data + 1, bytes, 4u << 20);
    free(bytes);
    part(&server);
}

static void answers_the_last_ping(void **state) {
    (void)state;
    static const char greeting[] = "\x89\x01"
                                   "a\x89\x01"
                                   "b\x81\x02hi\x8a\x00";
    struct fake_server server;
    meet(&server, &calm);
    server.greeting = greeting;
    server.greeting_size = sizeof greeting - 1;
    fake_open();
    fake_run(100);
    assert_string_equal(world.log, "CONNECTED open message");
    assert_string_equal(fake_text(&world.received), "thi\n");
    assert_int_equal(server.pongs, 1);
    assert_string_equal(server.pong, "b");
    part(&server);
}

static void answers_gather_behind_what_waits(void **state) {
    (void)state;
    struct fake_server server;
    meet(&server, &calm);
    world.send_at = "open";
    fake_open();
    assert_int_equal(fake_send(true, "first", 5), 0);
    fake_run(100);
    assert_string_equal(fake_text(&server.log), "tfirst\ntagain\n");
    world.send_at = "message";
    fake_frame(server.conns, BERTH_WS_OPCODE_TEXT, BERTH_VIEW("go"));
    fake_run(0);
    assert_int_equal(world.batched, 6 + 5);
    part(&server);
}

static void without_random_bytes_nothing_is_masked(void **state) {
    (void)state;
    struct fake_server server;
    meet(&server, &calm);
    fake_open();
    fake_run(1100);
    world.no_random = true;
    for (unsigned i = 0; i < 1100; i++)
        assert_int_equal(fake_send(true, "x", 1), 0);
    fake_run(100);
    assert_non_null(strstr(world.log, "lost"));
    assert_true(server.messages < 1100);
    world.no_random = false;
    fake_run(10000);
    assert_int_equal(server.messages, 1100);
    part(&server);
}

static void queue_has_an_end(void **state) {
    (void)state;
    struct fake_server server;
    meet(&server, &calm);
    world.server = NULL;
    world.options.queue_size = 1000;
    fake_open();
    char message[101] = {0};
    unsigned taken = 0;
    while (snprintf(message, sizeof message, "%0100u", taken), fake_send(true, message, 100) == 0)
        taken++;
    assert_int_equal(taken, 1000 / (100 + BERTH_CLIENT_OUTBOX_COST));
    assert_int_equal(fake_send(true, message, 100), BERTH_E_FULL);
    assert_int_equal(fake_send(true, message, 1001), BERTH_E_FULL);
    assert_int_equal(fake_send(true, message, SIZE_MAX), BERTH_E_FULL);
    fake_run(3000);
    world.server = &server;
    fake_run(10000);
    assert_int_equal(server.messages, taken);
    const char *at = fake_text(&server.log);
    for (unsigned i = 0; i < taken; i++, at += 102) {
        snprintf(message, sizeof message, "%0100u", i);
        assert_memory_equal(at + 1, message, 100);
    }
    assert_int_equal(fake_send(true, message, 100), 0);
    part(&server);
}

/* -- Ends -------------------------------------------------------------------------------------- */

static void peer_says_why_it_goes(void **state) {
    (void)state;
    struct fake_server server;
    meet(&server, &calm);
    world.options.message_size = 1000;
    fake_open();
    fake_run(100);
    world.server = NULL;
    fake_close(server.conns, 1001);
    berth_net_stream_shutdown(server.conns->stream);
    fake_run(50);
    assert_string_equal(world.log, "CONNECTED open LOST lost");
    assert_int_equal(world.lost_code, 1001);
    assert_int_equal(server.close_code, 1001);
    part(&server);
}

static void nobody_waits_long_for_the_last_word(void **state) {
    (void)state;
    struct fake_server server;
    meet(&server, &calm);
    server.quiet_close = true;
    fake_open();
    fake_run(1500);
    world.server = NULL;
    fake_close(server.conns, 4000);
    fake_run(990);
    assert_string_equal(world.log, "CONNECTED open");
    fake_run(20);
    assert_string_equal(world.log, "CONNECTED open LOST lost");
    assert_int_equal(world.lost_code, 4000);
    part(&server);
}

static void messages_outlive_the_peers_close(void **state) {
    (void)state;
    struct fake_server server;
    struct berth_net_sim_options sim = {.seed = 3, .window = 4096, .delay_max_ms = 4};
    meet(&server, &sim);
    fake_open();
    fake_run(50);
    char *bytes = bytes_of(1, 500000);
    assert_int_equal(fake_send(true, bytes, 500000), 0);
    assert_int_equal(fake_send(true, "next", 4), 0);
    free(bytes);
    fake_run(20);
    fake_close(server.conns, 1012);
    fake_run(150); /* a batch that had left already, and then the answer */
    assert_int_equal(server.close_code, 1012);
    assert_int_equal(server.behind_close, 0);
    assert_true(server.log.size < 400000);
    fake_run(5000);
    assert_int_equal(server.messages, 1);
    assert_string_equal(fake_text(&world.received), "tnext\n");
    part(&server);
}

static void nothing_follows_our_close(void **state) {
    (void)state;
    struct fake_server server;
    meet(&server, &calm);
    server.quiet_close = true;
    fake_open();
    fake_run(50);
    fake_end();
    fake_run(50);
    fake_frame(server.conns, BERTH_WS_OPCODE_PING, BERTH_VIEW("?"));
    fake_frame(server.conns, BERTH_WS_OPCODE_TEXT, BERTH_VIEW("late"));
    fake_run(50);
    assert_int_equal(server.close_code, 1000);
    assert_int_equal(server.behind_close, 0);
    assert_int_equal(world.messages, 0);
    part(&server);
}

static void faults_of_the_peer_end_it(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        uint16_t code;
    } faults[] = {
        {"\x81\x81xxxxa", 7, 1002},             /* masked */
        {"\xf1\x01z", 3, 1002},                 /* reserved bits */
        {"\x81\x01\xff", 3, 1007},              /* no UTF-8 */
        {"\x82\x7e\x03\xe9", 4, 1009},          /* over message_size */
        {"\x01\x7e\x02\x00", 4, 1006},          /* unfinished, and then the end */
        {"\x88\x00", 2, 1005},                  /* a close without a code */
        {"\x88\x02\x11\x38\x81\x01z", 7, 4408}, /* what follows a close is ignored */
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct fake_server server;
        meet(&server, &calm);
        world.options.message_size = 1000;
        server.greeting = faults[i].bytes;
        server.greeting_size = faults[i].size;
        world.options.once = true;
        fake_open();
        fake_run(20);
        if (server.conns != NULL)
            berth_net_stream_shutdown(server.conns->stream);
        fake_run(1000);
        assert_string_equal(world.log, "CONNECTED open LOST lost closed");
        assert_int_equal(world.lost_code, faults[i].code);
        part(&server);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_echoes_closes),
        cmocka_unit_test(token_travels_as_a_subprotocol),
        cmocka_unit_test(impostor_is_told_nothing),
        cmocka_unit_test(nor_is_one_when_the_key_is_new),
        cmocka_unit_test(another_instance_is_not_the_one_found),
        cmocka_unit_test(one_that_starts_or_drains_is_not_used),
        cmocka_unit_test(who_hangs_up_after_the_proof_is_told_nothing),
        cmocka_unit_test(interim_answers_are_none),
        cmocka_unit_test(bad_proofs_end_the_try),
        cmocka_unit_test(bad_handshakes_end_the_try),
        cmocka_unit_test(subprotocol_must_be_ours),
        cmocka_unit_test(slow_openings_time_out),
        cmocka_unit_test(nobody_there_is_refused),
        cmocka_unit_test(path_is_the_owners_choice),
        cmocka_unit_test(echoes_in_any_pieces),
        cmocka_unit_test(large_messages_leave_room_for_pongs),
        cmocka_unit_test(answers_the_last_ping),
        cmocka_unit_test(answers_gather_behind_what_waits),
        cmocka_unit_test(without_random_bytes_nothing_is_masked),
        cmocka_unit_test(queue_has_an_end),
        cmocka_unit_test(peer_says_why_it_goes),
        cmocka_unit_test(nobody_waits_long_for_the_last_word),
        cmocka_unit_test(messages_outlive_the_peers_close),
        cmocka_unit_test(nothing_follows_our_close),
        cmocka_unit_test(faults_of_the_peer_end_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
