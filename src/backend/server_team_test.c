/* Several servers that are one to their clients, on one simulated net: who gets which connection,
 * hubs across loops, slow readers and their writers, and the end. (Their threads: tests/e2e.) */
#include "backend/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define LOOPS 3
#define CLIENTS 6 /* two in each loop */
#define LARGE 10000

struct crowd {
    struct stage stage;
    struct visitor clients[CLIENTS + 1];
};

static void crowd_open(struct crowd *crowd, uint64_t window) {
    const struct berth_net_sim_options sim = {.seed = 7, .window = window};
    stage_init(&crowd->stage);
    memset(crowd->clients, 0, sizeof crowd->clients);
    crowd->stage.loops = LOOPS;
    crowd->stage.options.limits.send_queue_size = 65536;
    assert_int_equal(stage_open(&crowd->stage, &sim), 0);
}

static void say(struct visitor *client, const char *text) {
    assert_int_equal(visitor_say(client, berth_view_of(text)), 0);
}

static void say_message(struct visitor *client, const char *text) {
    assert_int_equal(visitor_say_frame(client, BERTH_WS_OPCODE_TEXT, true, berth_view_of(text)), 0);
}

static void arrive(struct crowd *crowd, size_t count, const char *greeting) {
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(stage_dial(&crowd->stage, &crowd->clients[i]), 0);
        say(&crowd->clients[i], greeting);
        stage_run_for(&crowd->stage, 1);
    }
}

static void crowd_close(struct crowd *crowd) {
    stage_drain(&crowd->stage);
    stage_close(&crowd->stage);
    for (size_t i = 0; i <= CLIENTS; i++)
        visitor_hang_up(&crowd->clients[i]);
}

static const struct berth_server *server_in(const struct crowd *crowd, size_t loop) {
    return crowd->stage.server->team->servers[loop];
}

/* How often a text was received. */
static size_t times(struct visitor *client, const char *text) {
    struct berth_view rest = berth_buf_view(&client->received);
    size_t count = 0, size = strlen(text);
    const char *at;
    while (rest.size > 0 && (at = memmem(rest.data, rest.size, text, size)) != NULL) {
        count++;
        rest.size -= (size_t)(at - rest.data) + size;
        rest.data = at + size;
    }
    return count;
}

/* -- Handing out ------------------------------------------------------------------------------- */

static void test_connections_are_spread(void **state) {
    (void)state;
    struct crowd crowd;
    crowd_open(&crowd, 0);
    arrive(&crowd, CLIENTS, STAGE_GET_TEXT("/health"));
    for (size_t i = 0; i < CLIENTS; i++)
        assert_int_equal(times(&crowd.clients[i], "HTTP/1.1 200 OK\r\n"), 1);
    for (size_t loop = 0; loop < LOOPS; loop++)
        assert_int_equal(server_in(&crowd, loop)->conn_count, CLIENTS / LOOPS);
    /* Where some have left, the next ones go. */
    for (size_t i = 0; i < CLIENTS; i++)
        if (i % LOOPS == 1)
            visitor_cut(&crowd.clients[i]);
    stage_run_for(&crowd.stage, 10);
    size_t empty = 0;
    while (server_in(&crowd, empty)->conn_count > 0)
        empty++;
    assert_int_equal(stage_dial(&crowd.stage, &crowd.clients[CLIENTS]), 0);
    stage_run_for(&crowd.stage, 1);
    assert_int_equal(server_in(&crowd, empty)->conn_count, 1);
    crowd_close(&crowd);
}

static void test_counts_are_of_all(void **state) {
    (void)state;
    struct crowd crowd;
    crowd_open(&crowd, 0);
    arrive(&crowd, CLIENTS, STAGE_UPGRADE_TEXT("/client-ws"));
    for (size_t i = 0; i < CLIENTS; i++)
        say_message(&crowd.clients[i], "hello");
    assert_int_equal(stage_dial(&crowd.stage, &crowd.clients[CLIENTS]), 0);
    stage_run_for(&crowd.stage, 1);
    say(&crowd.clients[CLIENTS], STAGE_GET_TEXT("/berth/status.json"));
    stage_run_for(&crowd.stage, 1);
    const char *text = visitor_text(&crowd.clients[CLIENTS]);
    assert_non_null(strstr(text, "\"threads\":3,\"connections\":{\"open\":7,\"websocket\":6,"
                                 "\"accepted\":7,"));
    assert_non_null(strstr(text, "\"messages\":{\"in\":6,\"out\":6,\"dropped\":0}"));
    crowd_close(&crowd);
}

static void test_a_limit_is_for_all(void **state) {
    (void)state;
    struct crowd crowd;
    const struct berth_net_sim_options sim = {.seed = 7};
    stage_init(&crowd.stage);
    memset(crowd.clients, 0, sizeof crowd.clients);
    crowd.stage.loops = LOOPS;
    crowd.stage.options.limits.connections = CLIENTS - 1;
    assert_int_equal(stage_open(&crowd.stage, &sim), 0);
    arrive(&crowd, CLIENTS, STAGE_GET_TEXT("/health"));
    for (size_t i = 0; i < CLIENTS; i++)
        assert_int_equal(times(&crowd.clients[i], i < CLIENTS - 1 ? " 200 OK" : " 503 "), 1);
    crowd_close(&crowd);
}

/* -- Hubs -------------------------------------------------------------------------------------- */

static void test_a_hub_reaches_all(void **state) {
    (void)state;
    struct crowd crowd;
    crowd_open(&crowd, 0);
    arrive(&crowd, CLIENTS, STAGE_UPGRADE_TEXT("/hub?room=r"));
    assert_int_equal(stage_dial(&crowd.stage, &crowd.clients[CLIENTS]), 0);
    say(&crowd.clients[CLIENTS], STAGE_UPGRADE_TEXT("/hub?room=other"));
    stage_run_for(&crowd.stage, 1);
    char text[32];
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "message %02d.", i);
        say_message(&crowd.clients[0], text);
    }
    say_message(&crowd.clients[CLIENTS], "message to nobody");
    stage_run_for(&crowd.stage, 100);
    for (size_t i = 1; i < CLIENTS; i++) {
        const char *at = visitor_text(&crowd.clients[i]);
        for (int k = 0; k < 100; k++) {
            snprintf(text, sizeof text, "message %02d.", k);
            at = strstr(at, text);
            assert_non_null(at);
        }
        assert_int_equal(times(&crowd.clients[i], "message"), 100);
    }
    assert_int_equal(times(&crowd.clients[0], "message"), 0);
    assert_int_equal(times(&crowd.clients[CLIENTS], "message"), 0);
    crowd_close(&crowd);
}

static void say_large(struct visitor *client, size_t count) {
    static char large[LARGE];
    memset(large, 'x', sizeof large);
    memcpy(large, "[large]", 7);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(visitor_say_frame(client, BERTH_WS_OPCODE_BINARY, true,
                                           (struct berth_view){large, sizeof large}),
                         0);
}

/* The first one in another loop than clients[0]. */
static struct visitor *stranger(struct crowd *crowd) { return &crowd->clients[1]; }

static void test_a_slow_reader_in_another_loop_is_closed(void **state) {
    (void)state;
    struct crowd crowd;
    crowd_open(&crowd, 20000);
    arrive(&crowd, CLIENTS, STAGE_UPGRADE_TEXT("/hub"));
    berth_net_stream_pause(stranger(&crowd)->stream);
    say_large(&crowd.clients[0], 50);
    stage_run_for(&crowd.stage, 1000);
    berth_net_stream_resume(stranger(&crowd)->stream);
    stage_run_for(&crowd.stage, 1000);
    assert_int_equal(times(stranger(&crowd), "reading too slowly"), 1);
    assert_true(times(stranger(&crowd), "[large]") < 50);
    for (size_t i = 2; i < CLIENTS; i++)
        assert_int_equal(times(&crowd.clients[i], "[large]"), 50);
    crowd_close(&crowd);
}

static void test_a_slow_reader_in_another_loop_misses_the_oldest(void **state) {
    (void)state;
    struct crowd crowd;
    crowd_open(&crowd, 20000);
    arrive(&crowd, CLIENTS, STAGE_UPGRADE_TEXT("/drop"));
    berth_net_stream_pause(stranger(&crowd)->stream);
    say_large(&crowd.clients[0], 50);
    say_message(&crowd.clients[0], "the newest");
    stage_run_for(&crowd.stage, 1000);
    berth_net_stream_resume(stranger(&crowd)->stream);
    stage_run_for(&crowd.stage, 1000);
    assert_true(times(stranger(&crowd), "[large]") < 50);
    assert_int_equal(times(stranger(&crowd), "the newest"), 1);
    crowd_close(&crowd);
}

/* What lies between the writer and the reader stays within bounds, and all of it arrives. */
static void test_a_writer_waits_for_a_reader_in_another_loop(void **state) {
    (void)state;
    struct crowd crowd;
    crowd_open(&crowd, 20000);
    arrive(&crowd, CLIENTS, STAGE_UPGRADE_TEXT("/pause"));
    berth_net_stream_pause(stranger(&crowd)->stream);
    say_large(&crowd.clients[0], 200);
    for (int i = 0; i < 10; i++) {
        stage_run_for(&crowd.stage, 1000);
        assert_true(crowd.clients[0].to_send.size > 150 * LARGE);
        assert_int_equal(times(stranger(&crowd), "[large]"), 0);
    }
    /* The reader and its loop hold no more than the queue's limit each, with one message. */
    size_t taken = 200 - crowd.clients[0].to_send.size / LARGE;
    assert_true(taken * LARGE < 2 * (65536 + LARGE) + 3 * 20000);
    berth_net_stream_resume(stranger(&crowd)->stream);
    stage_run_for(&crowd.stage, 5000);
    for (size_t i = 1; i < CLIENTS; i++)
        assert_int_equal(times(&crowd.clients[i], "[large]"), 200);
    assert_int_equal(crowd.clients[0].to_send.size, 0);
    crowd_close(&crowd);
}

/* A reader that takes nothing at all is given up on, and its writers go on. */
static void test_writers_do_not_wait_for_ever(void **state) {
    (void)state;
    struct crowd crowd;
    crowd_open(&crowd, 20000);
    arrive(&crowd, CLIENTS, STAGE_UPGRADE_TEXT("/pause"));
    berth_net_stream_pause(stranger(&crowd)->stream);
    say_large(&crowd.clients[0], 50);
    stage_run_for(&crowd.stage, 120000);
    for (size_t i = 2; i < CLIENTS; i++)
        assert_int_equal(times(&crowd.clients[i], "[large]"), 50);
    assert_int_equal(crowd.stage.server->team->servers[0]->behind_count, 0);
    crowd_close(&crowd);
}

/* -- Ends -------------------------------------------------------------------------------------- */

static void test_all_are_told_that_it_ends(void **state) {
    (void)state;
    struct crowd crowd;
    crowd_open(&crowd, 0);
    arrive(&crowd, CLIENTS, STAGE_UPGRADE_TEXT("/client-ws"));
    /* One that is handed out only while the end begins. */
    assert_int_equal(stage_dial(&crowd.stage, &crowd.clients[CLIENTS]), 0);
    stage_drain(&crowd.stage);
    for (size_t i = 0; i < CLIENTS; i++)
        assert_int_equal(times(&crowd.clients[i], "the server is stopping"), 1);
    crowd_close(&crowd);
}

static void test_without_connections(void **state) {
    (void)state;
    struct crowd crowd;
    crowd_open(&crowd, 0);
    crowd_close(&crowd);
}

/* What is on its way to another loop goes with it. */
static void test_the_end_at_any_moment(void **state) {
    (void)state;
    for (uint64_t ms = 0; ms < 8; ms++) {
        struct crowd crowd;
        const struct berth_net_sim_options sim = {.seed = ms, .delay_max_ms = 3};
        stage_init(&crowd.stage);
        memset(crowd.clients, 0, sizeof crowd.clients);
        crowd.stage.loops = LOOPS;
        assert_int_equal(stage_open(&crowd.stage, &sim), 0);
        arrive(&crowd, CLIENTS, STAGE_UPGRADE_TEXT("/hub"));
        stage_run_for(&crowd.stage, 2);
        say_large(&crowd.clients[0], 3);
        assert_int_equal(stage_dial(&crowd.stage, &crowd.clients[CLIENTS]), 0);
        stage_run_for(&crowd.stage, ms);
        stage_close(&crowd.stage);
        for (size_t i = 0; i <= CLIENTS; i++)
            visitor_hang_up(&crowd.clients[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connections_are_spread),
        cmocka_unit_test(test_counts_are_of_all),
        cmocka_unit_test(test_a_limit_is_for_all),
        cmocka_unit_test(test_a_hub_reaches_all),
        cmocka_unit_test(test_a_slow_reader_in_another_loop_is_closed),
        cmocka_unit_test(test_a_slow_reader_in_another_loop_misses_the_oldest),
        cmocka_unit_test(test_a_writer_waits_for_a_reader_in_another_loop),
        cmocka_unit_test(test_writers_do_not_wait_for_ever),
        cmocka_unit_test(test_all_are_told_that_it_ends),
        cmocka_unit_test(test_without_connections),
        cmocka_unit_test(test_the_end_at_any_moment),
    };
    return cmocka_run_group_tests_name("server_team", tests, NULL, NULL);
}
