/* The client's life over many connections: loss, search, moves, waits, sleeps and ends, in virtual
 * time. */
#include "find/client_fake.h"

static const struct berth_net_sim_options calm = {.seed = 7};

static void begin(struct fake_server *server, uint64_t seed) {
    struct berth_net_sim_options sim = {.seed = seed};
    fake_begin(&sim);
    fake_start(server, world.net, 1018, "i1", 1);
    world.server = server;
}

static void part(struct fake_server *server) {
    fake_stop(server);
    fake_finish();
    fake_dispose(server);
}

/* -- Loss and moves ---------------------------------------------------------------------------- */

static void lost_and_found_elsewhere(void **state) {
    (void)state;
    struct fake_server first, second;
    begin(&first, 1);
    world.options.find.on_event = fake_on_event;
    fake_open();
    fake_run(2000);
    fake_start(&second, world.net, 1019, "i2", 1);
    world.server = &second;
    fake_stop(&first);
    fake_run(200);
    assert_string_equal(world.log, "CONNECTED open LOST lost MOVED moved CONNECTED open");
    assert_int_equal(world.lost_code, 1006);
    assert_string_equal(world.from, "i1");
    assert_string_equal(world.to, "i2");
    part(&second);
    fake_dispose(&first);
}

static void back_at_the_same_place_is_no_move(void **state) {
    (void)state;
    struct fake_server server;
    begin(&server, 1);
    fake_open();
    fake_run(2000);
    berth_net_stream_close(server.conns->stream);
    fake_run(200);
    assert_string_equal(world.log, "open lost open");
    part(&server);
}

static void either_port_or_instance_makes_a_move(void **state) {
    (void)state;
    static const struct {
        uint16_t port;
        const char *instance;
    } to[] = {{1019, "i1"}, {1018, "i2"}};
    for (size_t i = 0; i < 2; i++) {
        struct fake_server first, second;
        begin(&first, i);
        fake_open();
        fake_run(2000);
        fake_stop(&first);
        world.server = NULL;
        fake_run(10);
        fake_start(&second, world.net, to[i].port, to[i].instance, 1);
        world.server = &second;
        fake_run(1000);
        assert_string_equal(world.log, "open lost moved open");
        part(&second);
        fake_dispose(&first);
    }
}

static void hundred_moves_in_a_row(void **state) {
    (void)state;
    struct fake_server servers[2];
    begin(&servers[0], 5);
    fake_open();
    fake_run(200);
    for (unsigned i = 1; i <= 100; i++) {
        struct fake_server *old = &servers[(i + 1) % 2], *new = &servers[i % 2];
        char instance[16], text[16];
        snprintf(instance, sizeof instance, "i%u", i + 1);
        fake_stop(old);
        fake_run(0);
        snprintf(text, sizeof text, "%u", i);
        assert_int_equal(fake_send(true, text, strlen(text)), 0);
        fake_start(new, world.net, (uint16_t)(1018 + i), instance, 1);
        world.server = new;
        fake_run(200);
        assert_int_equal(world.opened, i + 1);
        assert_string_equal(world.to, instance);
        assert_int_equal(new->messages, 1);
        fake_dispose(old);
    }
    assert_int_equal(world.messages, 100);
    assert_int_equal(world.starts, 101);
    part(&servers[100 % 2]);
}

/* The first letter of every whole message. */
static void letters(const char *log, char out[9]) {
    for (const char *end; (end = strchr(log, '\n')) != NULL; log = end + 1) {
        assert_true(strlen(out) < 8);
        out[strlen(out)] = log[1];
    }
}

/* What was accepted while nobody was there arrives once, in order; a message that was cut in two by
 * the loss is not begun again. */
static void nothing_is_sent_twice(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct fake_server first, second;
        struct berth_net_sim_options sim = {.seed = seed, .window = 4096, .delay_max_ms = 2};
        fake_begin(&sim);
        fake_start(&first, world.net, 1018, "i1", 1);
        world.server = &first;
        world.options.queue_size = 8u << 20;
        fake_open();
        fake_run(20);
        char *bytes = calloc(1, 300000);
        assert_non_null(bytes);
        for (unsigned i = 0; i < 8; i++) {
            size_t size = i % 2 == 0 ? 300000 : 10;
            memset(bytes, (int)('a' + i), size);
            assert_int_equal(fake_send(true, bytes, size), 0);
        }
        free(bytes);
        fake_run(seed * 20);
        fake_start(&second, world.net, 1019, "i2", 1);
        world.server = &second;
        fake_stop(&first);
        fake_run(5000);
        /* First come those that the first server has, then perhaps some that were on their way,
         * then those that the second one has: in order, and to the end. */
        char had[9] = "", has[9] = "";
        letters(fake_text(&first.log), had);
        letters(fake_text(&second.log), has);
        size_t missing = 8 - strlen(had) - strlen(has);
        assert_in_range(missing, 0, 3);
        assert_memory_equal(had, "abcdefgh", strlen(had));
        assert_string_equal(has, &"abcdefgh"[strlen(had) + missing]);
        part(&second);
        fake_dispose(&first);
    }
}

static void half_open_is_noticed(void **state) {
    (void)state;
    for (uint64_t late = 0; late < 1000; late += 130) {
        struct fake_server server;
        begin(&server, late);
        world.options.heartbeat_ms = 1000;
        fake_open();
        fake_run(3000 + late);
        assert_string_equal(world.log, "open");
        server.mute = true;
        world.server = NULL;
        fake_run(2 * 1000);
        assert_string_equal(world.log, "open lost");
        assert_int_equal(world.lost_code, 1006);
        assert_true(server.pings >= 3);
        part(&server);
    }
}

static void heartbeat_keeps_a_quiet_connection(void **state) {
    (void)state;
    struct fake_server server;
    begin(&server, 1);
    fake_open();
    fake_run(3600 * 1000);
    assert_string_equal(world.log, "open");
    assert_in_range(server.pings, 235, 241);
    part(&server);
}

/* -- Waits ------------------------------------------------------------------------------------- */

static void backoff_grows_to_its_limit(void **state) {
    (void)state;
    static const uint32_t limits[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};
    for (unsigned i = 0; i < sizeof limits / sizeof *limits; i++)
        assert_int_equal(berth_client_backoff_ms(i), limits[i]);
    assert_int_equal(berth_client_backoff_ms(UINT32_MAX), 5000);
}

/* The waits of 60 tries, seen from outside. */
static void waits_of(uint64_t seed, uint64_t waits[60]) {
    struct berth_net_sim_options sim = {.seed = seed};
    fake_begin(&sim);
    fake_open();
    fake_run(60 * 5001);
    assert_true(world.starts > 60);
    for (unsigned i = 0; i < 60; i++)
        waits[i] = world.started_ms[i + 1] - world.started_ms[i] - world.search_ms;
    fake_finish();
}

static void waits_are_jittered_and_repeat_by_seed(void **state) {
    (void)state;
    uint64_t waits[60], again[60], other[60], sum = 0;
    waits_of(1, waits);
    waits_of(1, again);
    waits_of(2, other);
    assert_memory_equal(waits, again, sizeof waits);
    assert_memory_not_equal(waits, other, sizeof waits);
    for (unsigned i = 0; i < 60; i++) {
        assert_in_range(waits[i], 0, berth_client_backoff_ms(i));
        sum += i >= 6 ? waits[i] : 0;
    }
    assert_in_range(sum / 54, 1800, 3200); /* full jitter: half of the limit on average */
}

static void no_random_bytes_is_no_end(void **state) {
    (void)state;
    struct fake_server server;
    begin(&server, 1);
    fake_open();
    world.no_random = true;
    fake_run(1000);
    assert_int_equal(world.opened, 0);
    assert_int_equal(server.asked, 0);
    world.no_random = false;
    fake_run(6000);
    assert_int_equal(world.opened, 1);
    part(&server);
}

static void who_drops_us_at_once_is_not_hammered(void **state) {
    (void)state;
    static const char bye[] = "\x88\x02\x03\xf0";
    struct fake_server server;
    begin(&server, 3);
    server.greeting = bye;
    server.greeting_size = sizeof bye - 1;
    fake_open();
    fake_run(60 * 1000);
    assert_in_range(world.opened, 8, 40);
    part(&server);
}

static void wake_tries_at_once(void **state) {
    (void)state;
    struct fake_server server;
    begin(&server, 9);
    world.server = NULL;
    fake_open();
    fake_run(30000);
    world.server = &server;
    berth_client_wake(world.client);
    fake_run(5);
    assert_int_equal(world.opened, 1);
    part(&server);
}

static void hurrying_often_does_not_delay_the_loss(void **state) {
    (void)state;
    struct fake_server server;
    begin(&server, 9);
    fake_open();
    fake_run(100);
    server.mute = true;
    world.server = NULL;
    for (unsigned i = 0; i < 8; i++) {
        berth_client_wake(world.client);
        fake_run(300);
    }
    assert_string_equal(world.log, "open lost");
    part(&server);
}

/* -- Sleep ------------------------------------------------------------------------------------- */

static void sleep_ends_the_wait(void **state) {
    (void)state;
    struct fake_server server;
    begin(&server, 4);
    world.server = NULL;
    fake_open();
    fake_run(60000);
    unsigned longest = 0;
    for (unsigned i = 0; i < 40 && longest <= 2100; i++) {
        /* Find a long wait, and sleep in it. */
        unsigned starts = world.starts;
        fake_run(1);
        while (world.starts == starts)
            fake_run(1);
        struct berth_client *client = world.client;
        fake_run(2);
        longest = (unsigned)(client->retry_at_ms - berth_net_now_ms(world.net));
    }
    assert_true(longest > 2100);
    world.server = &server;
    world.skew_ms += 3600 * 1000;
    fake_run(2005);
    assert_int_equal(world.opened, 1);
    part(&server);
}

static void sleep_hastens_the_heartbeat(void **state) {
    (void)state;
    struct fake_server server;
    begin(&server, 4);
    fake_open();
    fake_run(100);
    unsigned pings = server.pings;
    world.skew_ms += 10000;
    fake_run(2100);
    assert_int_equal(server.pings, pings + 1);
    assert_string_equal(world.log, "open");
    server.mute = true;
    world.server = NULL;
    world.skew_ms -= 10000; /* somebody sets the clock back: the same */
    fake_run(4100);
    assert_string_equal(world.log, "open lost");
    part(&server);
}

/* -- Ends -------------------------------------------------------------------------------------- */

/* Closed after any number of milliseconds from the very start, on a slow link. */
static void closes_in_every_state(void **state) {
    (void)state;
    bool seen[BERTH_CLIENT_ENDING + 1] = {false};
    for (unsigned ms = 0; ms < 160; ms++) {
        struct fake_server server;
        struct berth_net_sim_options sim = {
            .seed = ms, .delay_min_ms = 5, .delay_max_ms = 9, .short_reads = ms % 2 == 0};
        fake_begin(&sim);
        fake_start(&server, world.net, 1018, "i1", 1);
        world.server = ms % 7 == 0 ? NULL : &server;
        world.search_ms = 10;
        fake_open();
        assert_int_equal(fake_send(true, "a", 1), 0);
        fake_run(ms);
        if (ms > 100 && server.conns != NULL && server.conns->websocket) {
            fake_close(server.conns, 1001);
            fake_run(ms % 12);
        }
        assert_non_null(world.client);
        seen[world.client->state] = true;
        fake_end();
        seen[world.client->state] = true;
        fake_end();
        assert_int_equal(fake_send(true, "b", 1), BERTH_E_CLOSED);
        berth_client_wake(world.client);
        fake_run(7000);
        assert_int_equal(world.closed, 1);
        fake_stop(&server);
        berth_net_destroy(world.net);
        berth_buf_free(&world.received);
        fake_dispose(&server);
    }
    for (unsigned i = 0; i <= BERTH_CLIENT_ENDING; i++)
        if (!seen[i])
            fail_msg("no life was closed in state %u", i);
}

static void closes_inside_every_event(void **state) {
    (void)state;
    static const char *const words[] = {"CONNECTED", "open",  "message", "LOST",
                                        "lost",      "MOVED", "moved"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct fake_server first, second;
        begin(&first, i);
        world.options.find.on_event = fake_on_event;
        world.close_at = words[i];
        world.send_at = words[i];
        fake_open();
        assert_int_equal(fake_send(true, "hello", 5), 0);
        fake_run(50);
        fake_start(&second, world.net, 1019, "i2", 1);
        world.server = &second;
        fake_stop(&first);
        fake_run(20000);
        assert_int_equal(world.closed, 1);
        const char *at = strstr(world.log, words[i]);
        assert_non_null(at);
        assert_string_equal(at + strlen(words[i]), " closed");
        fake_stop(&second);
        fake_finish();
        fake_dispose(&first);
        fake_dispose(&second);
    }
}

static void what_was_sent_leaves_before_the_close(void **state) {
    (void)state;
    struct fake_server server;
    struct berth_net_sim_options sim = {.seed = 1, .window = 4096, .delay_max_ms = 2};
    fake_begin(&sim);
    fake_start(&server, world.net, 1018, "i1", 1);
    world.server = &server;
    fake_open();
    fake_run(50);
    char *bytes = calloc(1, 500000);
    assert_non_null(bytes);
    assert_int_equal(fake_send(false, bytes, 500000), 0);
    assert_int_equal(fake_send(true, "last", 4), 0);
    free(bytes);
    fake_end();
    fake_run(7000);
    assert_int_equal(server.messages, 2);
    assert_int_equal(server.close_code, 1000);
    assert_string_equal(world.log, "open closed");
    part(&server);
}

static void a_close_that_nobody_answers_ends(void **state) {
    (void)state;
    struct fake_server server;
    begin(&server, 1);
    server.quiet_close = true;
    fake_open();
    fake_run(50);
    fake_end();
    fake_run(4900);
    assert_int_equal(world.closed, 0);
    fake_run(200);
    assert_int_equal(world.closed, 1);
    assert_int_equal(server.close_code, 1000);
    part(&server);
}

static void once_is_one_try(void **state) {
    (void)state;
    struct fake_server server;
    begin(&server, 1);
    world.options.once = true;
    fake_open();
    fake_run(50);
    fake_stop(&server);
    fake_run(50);
    assert_string_equal(world.log, "open lost closed");
    part(&server);
    fake_begin(&calm);
    world.options.once = true;
    fake_open();
    fake_run(50);
    assert_string_equal(world.log, "closed");
    assert_int_equal(world.starts, 1);
    fake_finish();
}

static void the_net_may_end_first(void **state) {
    (void)state;
    struct fake_server server;
    begin(&server, 1);
    fake_open();
    fake_run(50);
    fake_stop(&server);
    berth_net_close(world.net);
    assert_string_equal(world.log, "open closed");
    berth_net_destroy(world.net);
    berth_buf_free(&world.received);
    fake_dispose(&server);
}

/* -- Memory ------------------------------------------------------------------------------------ */

/* A whole life, in which the nth allocation fails. */
static bool live(size_t nth) {
    struct fake_server first, second;
    struct berth_net_sim_options sim = {.seed = 11, .window = 8192};
    fake_begin(&sim);
    fake_start(&first, world.net, 1018, "i1", 1);
    fake_start(&second, world.net, 1019, "i2", 1);
    world.server = &first;
    char *bytes = calloc(1, 100000);
    assert_non_null(bytes);
    berth_alloc_fail_at(nth);
    int error =
        berth_client_create_in(world.net, &fake_outside, &world.options, &world, &world.client);
    bool accepted = error == 0 && fake_send(false, bytes, 100000) == 0;
    if (error == 0) {
        fake_run(300);
        fake_stop(&first);
        world.server = &second;
        fake_run(3000);
        fake_send(true, "hello", 5);
        fake_run(3000);
    }
    bool failed = berth_alloc_count() >= nth;
    berth_alloc_fail_at(0);
    free(bytes);
    if (error == 0) {
        fake_run(20000);
        assert_true(world.opened > 0);
        assert_true(!accepted || first.messages + second.messages > 0);
        fake_end();
    } else {
        assert_int_equal(error, BERTH_E_MEMORY);
        world.closed = 1;
    }
    fake_stop(&first);
    fake_stop(&second);
    fake_finish();
    fake_dispose(&first);
    fake_dispose(&second);
    return failed;
}

static void any_allocation_may_fail(void **state) {
    (void)state;
    size_t nth = 1;
    while (live(nth))
        nth++;
    assert_true(nth > 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_and_found_elsewhere),
        cmocka_unit_test(back_at_the_same_place_is_no_move),
        cmocka_unit_test(either_port_or_instance_makes_a_move),
        cmocka_unit_test(hundred_moves_in_a_row),
        cmocka_unit_test(nothing_is_sent_twice),
        cmocka_unit_test(half_open_is_noticed),
        cmocka_unit_test(heartbeat_keeps_a_quiet_connection),
        cmocka_unit_test(backoff_grows_to_its_limit),
        cmocka_unit_test(waits_are_jittered_and_repeat_by_seed),
        cmocka_unit_test(no_random_bytes_is_no_end),
        cmocka_unit_test(who_drops_us_at_once_is_not_hammered),
        cmocka_unit_test(wake_tries_at_once),
        cmocka_unit_test(hurrying_often_does_not_delay_the_loss),
        cmocka_unit_test(sleep_ends_the_wait),
        cmocka_unit_test(sleep_hastens_the_heartbeat),
        cmocka_unit_test(closes_in_every_state),
        cmocka_unit_test(closes_inside_every_event),
        cmocka_unit_test(what_was_sent_leaves_before_the_close),
        cmocka_unit_test(a_close_that_nobody_answers_ends),
        cmocka_unit_test(once_is_one_try),
        cmocka_unit_test(the_net_may_end_first),
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
