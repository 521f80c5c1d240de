/* Backpressure and half-closed connections: nothing is lost, nothing grows without bound. */
#include "net/conformance.h"

static struct end *client_of(struct world *world) { return &world->ends[0]; }
static struct end *server_of(struct world *world) { return &world->ends[1]; }

static void stop_reading(struct end *end) {
    QUIETLY(end->world, berth_net_stream_pause(end->stream));
}
static void read_on(struct end *end) { QUIETLY(end->world, berth_net_stream_resume(end->stream)); }
static void shut(struct end *end) { QUIETLY(end->world, berth_net_stream_shutdown(end->stream)); }

static void pause_at_once(struct end *end, enum happening what) {
    if (what == ACCEPTED)
        stop_reading(end);
}

static void fill(struct end *end, enum happening what) {
    if (what == CONNECTED)
        end_fill(end);
}

static bool all_is_there(const struct world *world) {
    return world->end_count > 1 && world->ends[0].sent > 0 &&
           world->ends[1].received == world->ends[0].sent &&
           berth_net_stream_pending(world->ends[0].stream) == 0;
}

/* -- The queue --------------------------------------------------------------------------------- */

static void test_a_slow_reader_fills_the_senders_queue(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, pause_at_once);
    struct end *client = world_connect(world, fill);
    world_run_for(world, 200);
    struct end *server = server_of(world);
    assert_int_equal(server->received, 0);
    assert_int_equal(client->count[DRAINED], 0);
    assert_true(berth_net_stream_pending(client->stream) > 0);

    read_on(server);
    world_run_until(world, all_is_there);
    assert_int_equal(client->count[DRAINED], 1);
    world_close(world);
}

static void fill_to_the_limit(struct end *end, enum happening what) {
    if (what != CONNECTED)
        return;
    berth_net_stream_limit(end->stream, 50000);
    int error = 0;
    for (int i = 0; i < 5000 && error == 0; i++)
        error = end_send(end, 7000);
    assert_int_equal(error, BERTH_E_FULL);
    size_t pending = berth_net_stream_pending(end->stream);
    assert_true(pending <= 50000 && pending > 50000 - 7000);
    /* What still fits is taken, what does not leaves no trace. */
    assert_int_equal(end_send(end, 50000 - pending), 0);
    assert_int_equal(end_send(end, 1), BERTH_E_FULL);
    assert_int_equal(berth_net_stream_pending(end->stream), 50000);
    berth_net_stream_limit(end->stream, 10);
    assert_int_equal(end_send(end, 1), BERTH_E_FULL);
}

static void test_at_the_limit_nothing_of_a_send_is_taken(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, pause_at_once);
    world_connect(world, fill_to_the_limit);
    world_run_for(world, 100);
    read_on(server_of(world));
    world_run_until(world, all_is_there);
    world_close(world);
}

static void send_too_much(struct end *end, enum happening what) {
    if (what != CONNECTED)
        return;
    berth_net_stream_limit(end->stream, 999);
    assert_int_equal(end_send(end, 1000), BERTH_E_FULL);
    assert_int_equal(end_send(end, 999), 0);
    shut(end);
}

static void stop_at_end(struct end *end, enum happening what) {
    if (what == ENDED)
        berth_net_stop(end->world->net);
}

static void test_larger_than_the_limit_is_refused_whole(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, stop_at_end);
    world_connect(world, send_too_much);
    world_run(world);
    assert_int_equal(server_of(world)->received, 999);
    world_close(world);
}

/* -- Pause and resume -------------------------------------------------------------------------- */

static void resume_owner(void *owner) { read_on(owner); }

/* Reads for one event, then rests for a millisecond. */
static void read_in_bites(struct end *end, enum happening what) {
    if (what == ACCEPTED)
        assert_int_equal(berth_net_timer_create(end->world->net, resume_owner, end, &end->timer),
                         0);
    if (what == DATA) {
        stop_reading(end);
        stop_reading(end);
        berth_net_timer_start(end->timer, 1);
    }
    if (what == ENDED)
        berth_net_stop(end->world->net);
}

static const size_t bites_size = 300000;

static void send_and_shut(struct end *end, enum happening what) {
    if (what == CONNECTED) {
        assert_int_equal(end_send(end, bites_size), 0);
        shut(end);
    }
}

static void test_pausing_and_resuming_loses_nothing(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, read_in_bites);
    world_connect(world, send_and_shut);
    world_run(world);
    assert_int_equal(server_of(world)->received, bites_size);
    assert_true(server_of(world)->count[DATA] > 1);
    world_close(world);
}

static void pause_and_resume(struct end *end, enum happening what) {
    if (what == ACCEPTED || what == DATA) {
        stop_reading(end);
        read_on(end);
        read_on(end);
    }
    if (what == ENDED)
        berth_net_stop(end->world->net);
}

static void test_resuming_at_once_changes_nothing(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, pause_and_resume);
    world_connect(world, send_and_shut);
    world_run(world);
    assert_int_equal(server_of(world)->received, bites_size);
    world_close(world);
}

static void test_paused_before_connecting_stays_paused(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, NULL);
    struct end *client = world_connect(world, NULL);
    stop_reading(client);
    world_run_for(world, 200);
    assert_int_equal(client->count[CONNECTED], 1);
    assert_int_equal(end_send(server_of(world), 10), 0);
    world_run_for(world, 200);
    assert_int_equal(client->received, 0);
    read_on(client);
    world_run_for(world, 200);
    assert_int_equal(client->received, 10);
    world_close(world);
}

/* -- Half-closed ------------------------------------------------------------------------------- */

static const size_t answer_size = 100000;

static void answer_at_end(struct end *end, enum happening what) {
    if (what == ENDED) {
        assert_int_equal(end_send(end, answer_size), 0);
        shut(end);
    }
}

static void ask(struct end *end, enum happening what) {
    if (what == CONNECTED) {
        fill(end, what);
        shut(end);
        shut(end);
        assert_int_equal(end_send(end, 1), BERTH_E_CLOSED);
    }
    if (what == ENDED)
        berth_net_stop(end->world->net);
}

static void test_each_direction_ends_by_itself(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, answer_at_end);
    struct end *client = world_connect(world, ask);
    world_run(world);
    assert_int_equal(server_of(world)->received, client->sent);
    assert_int_equal(client->received, answer_size);
    assert_int_equal(client->count[ENDED], 1);
    assert_int_equal(server_of(world)->count[ENDED], 1);
    assert_int_equal(client->count[DRAINED], 1);
    assert_int_equal(client->count[FAILED] + server_of(world)->count[FAILED], 0);
    world_close(world);
}

static void test_the_end_waits_for_a_paused_reader(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, pause_at_once);
    world_connect(world, send_and_shut);
    world_run_for(world, 50);
    assert_int_equal(server_of(world)->count[ENDED], 0);
    server_of(world)->react = stop_at_end;
    read_on(server_of(world));
    world_run(world);
    assert_int_equal(server_of(world)->received, bites_size);
    assert_int_equal(client_of(world)->count[FAILED], 0);
    world_close(world);
}

/* -- Offers ------------------------------------------------------------------------------------ */

/* More than a system's own buffers take. */
static size_t offered_by(const struct world *world) {
    return world->transport->is_real ? (size_t)20 * 1024 * 1024 : (size_t)100 * 1024;
}

/* All that is left, at once: what the transport does not take is offered again. */
static void offer_the_rest(struct end *end, enum happening what) {
    size_t offered = offered_by(end->world);
    if ((what != CONNECTED && what != DRAINED) || end->sent == offered)
        return;
    uint8_t *bytes = pattern_from(end->sent, offered - end->sent);
    size_t taken;
    QUIETLY(
        end->world,
        assert_int_equal(
            berth_net_offer(end->stream, berth_view_bytes(bytes, offered - end->sent), &taken), 0));
    free(bytes);
    end->sent += taken;
    assert_true(berth_net_stream_pending(end->stream) <= 4096);
}

static void allow_much(struct end *end, enum happening what) {
    if (what == CONNECTED)
        berth_net_stream_limit(end->stream, offered_by(end->world));
    offer_the_rest(end, what);
}

static bool all_was_offered(const struct world *world) {
    return world->ends[1].received == offered_by(world);
}

static void test_what_is_offered_arrives_whole(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, NULL);
    struct end *client = world_connect(world, allow_much);
    world_run_until(world, all_was_offered);
    assert_true(client->count[DRAINED] > 0);
    world_close(world);
}

static void want_once(struct end *end, enum happening what) {
    if (what == CONNECTED && berth_net_offers_unseen(end->world->net))
        QUIETLY(end->world, berth_net_want(end->stream));
}

static void test_who_wants_is_told_in_the_next_turn(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, NULL);
    struct end *client = world_connect(world, want_once);
    world_run_for(world, 20);
    assert_int_equal(client->count[DRAINED], berth_net_offers_unseen(world->net) ? 1 : 0);
    world_close(world);
}

static void send_in_two_ways(struct end *end, enum happening what) {
    if (what != CONNECTED)
        return;
    uint8_t *bytes = pattern_from(0, 1000);
    struct berth_view first = berth_view_bytes(bytes, 600),
                      rest = berth_view_bytes(bytes + 600, 400);
    QUIETLY(end->world, assert_int_equal(berth_net_send_later(end->stream, &first, 1), 0));
    assert_int_equal(berth_net_stream_pending(end->stream), 600);
    QUIETLY(end->world, assert_int_equal(berth_net_send(end->stream, &rest, 1), 0));
    assert_int_equal(berth_net_stream_pending(end->stream), 1000);
    free(bytes);
    end->sent = 1000;
    berth_net_stream_limit(end->stream, 1000);
    QUIETLY(end->world,
            assert_int_equal(berth_net_send_later(end->stream, &first, 1), BERTH_E_FULL));
}

static void test_what_is_sent_later_leaves_in_order(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, NULL);
    struct end *client = world_connect(world, send_in_two_ways);
    world_run_for(world, 20);
    world_run_until(world, all_is_there);
    assert_int_equal(client->sent, 1000);
    assert_int_equal(client->count[DRAINED], 1);
    shut(client);
    QUIETLY(world, assert_int_equal(berth_net_send_later(client->stream, &BERTH_VIEW("x"), 1),
                                    BERTH_E_CLOSED));
    world_close(world);
}

/* -- Where bytes are received ------------------------------------------------------------------ */

static uint8_t places[3][4096];

/* In turn: a place of its own, a little of the loop's memory, another place, all there is. */
static void receive_elsewhere(struct end *end) {
    static const size_t sizes[] = {4096, 100, 1, 0};
    size_t turn = (size_t)end->count[DATA] % 4;
    end->place = turn == 1 || turn == 3 ? NULL : places[turn];
    end->place_size = sizes[turn];
    berth_net_stream_choose(end->stream, turn < 3); /* not asked, it gets all there is */
}

static void receive_in_turns(struct end *end, enum happening what) {
    if (what == ACCEPTED || what == DATA)
        receive_elsewhere(end);
}

static void send_much(struct end *end, enum happening what) {
    if (what == CONNECTED)
        for (int i = 0; i < 50; i++)
            assert_int_equal(end_send(end, 20000), 0);
}

static void test_bytes_come_where_they_are_wanted(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, receive_in_turns);
    world_connect(world, send_much);
    world_run_until(world, all_is_there);
    assert_true(server_of(world)->count[DATA] > 4);
    world_close(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_ALL(test_what_is_sent_later_leaves_in_order),
        ON_ALL(test_what_is_offered_arrives_whole),
        ON_REAL(test_who_wants_is_told_in_the_next_turn),
        ON_ALL(test_a_slow_reader_fills_the_senders_queue),
        ON_ALL(test_at_the_limit_nothing_of_a_send_is_taken),
        ON_ALL(test_larger_than_the_limit_is_refused_whole),
        ON_ALL(test_pausing_and_resuming_loses_nothing),
        ON_ALL(test_resuming_at_once_changes_nothing),
        ON_ALL(test_paused_before_connecting_stays_paused),
        ON_ALL(test_each_direction_ends_by_itself),
        ON_ALL(test_the_end_waits_for_a_paused_reader),
        ON_ALL(test_bytes_come_where_they_are_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
