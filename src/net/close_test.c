/* Ends of every kind: closing in any event, failures, and a net that ends with all of it open. */
#include "net/conformance.h"

static void pause_at_once(struct end *end, enum happening what) {
    if (what == ACCEPTED)
        QUIETLY(end->world, berth_net_stream_pause(end->stream));
}

/* -- Closing in an event ----------------------------------------------------------------------- */

/* What `close_in` names is when the end under test closes; tell() checks that only CLOSED follows.
 */
static enum happening close_in;

static void close_in_event(struct end *end, enum happening what) {
    if (what == close_in) {
        end_close(end);
        end_close(end);
    }
    if (what == CLOSED)
        berth_net_stop(end->world->net);
}

/* Makes everything happen to its peer: data, an end, and room for what the peer has queued. */
static void provoke(struct end *end, enum happening what) {
    if (what == CONNECTED || what == ACCEPTED) {
        assert_int_equal(end_send(end, 100000), 0);
        QUIETLY(end->world, berth_net_stream_shutdown(end->stream));
    }
}

static void fill_then_close_in_event(struct end *end, enum happening what) {
    if (what == CONNECTED)
        end_fill(end);
    close_in_event(end, what);
}

static void run_close_in(void **state, enum happening what, reaction client, reaction server) {
    close_in = what;
    struct world *world = world_open(*state);
    world_serve(world, server);
    world_connect(world, client);
    world_run(world);
    world_close(world);
}

static void test_close_when_accepted(void **state) {
    run_close_in(state, ACCEPTED, provoke, close_in_event);
}

static void test_close_when_connected(void **state) {
    run_close_in(state, CONNECTED, close_in_event, provoke);
}

static void test_close_on_data(void **state) {
    run_close_in(state, DATA, provoke, close_in_event);
    run_close_in(state, DATA, close_in_event, provoke);
}

static void test_close_at_the_end(void **state) {
    run_close_in(state, ENDED, provoke, close_in_event);
}

static void test_close_when_drained(void **state) {
    run_close_in(state, DRAINED, fill_then_close_in_event, NULL);
}

static void refuse(void *owner, struct berth_net_stream *stream) {
    struct world *world = owner;
    world->listener_errors++;
    QUIETLY(world, berth_net_stream_close(stream));
}

static void stop_when_over(struct end *end, enum happening what) {
    if (what == ENDED || what == FAILED)
        berth_net_stop(end->world->net);
}

/* Closed in place of started: it never had an owner, who could hear of it. */
static void test_close_before_start(void **state) {
    static const struct berth_net_listener_events events = {.on_accept = refuse};
    struct world *world = world_open(*state);
    berth_net_socket socket;
    assert_int_equal(berth_addr_parse(BERTH_VIEW("127.0.0.1"), 0, &world->addr), 0);
    assert_int_equal(world->transport->socket(world->net, &world->addr, &world->addr.port, &socket),
                     0);
    struct berth_net_listener *listener;
    assert_int_equal(berth_net_listen(world->net, socket, &events, world, &listener), 0);
    struct end *client = world_connect(world, stop_when_over);
    world_run(world);
    assert_int_equal(world->listener_errors, 1);
    assert_int_equal(client->count[ENDED] + client->count[FAILED], 1);
    world_close(world);
}

static void close_owner(void *owner) { end_close(owner); }

static void test_close_in_a_timer(void **state) {
    close_in = CLOSED;
    struct world *world = world_open(*state);
    world_serve(world, NULL);
    struct end *client = world_connect(world, close_in_event);
    assert_int_equal(berth_net_timer_create(world->net, close_owner, client, &client->timer), 0);
    berth_net_timer_start(client->timer, 30);
    world_run(world);
    assert_int_equal(client->count[CONNECTED], 1);
    berth_net_timer_destroy(client->timer);
    world_close(world);
}

static void test_close_while_connecting(void **state) {
    close_in = CLOSED;
    struct world *world = world_open(*state);
    world_serve(world, NULL);
    struct end *client = world_connect(world, close_in_event);
    assert_int_equal(end_send(client, 100), 0);
    end_close(client);
    assert_int_equal(end_send(client, 100), BERTH_E_CLOSED);
    world_run(world);
    assert_int_equal(client->count[CONNECTED], 0);
    world_close(world);
}

static void fill_and_close(struct end *end, enum happening what) {
    if (what == CONNECTED) {
        end_fill(end);
        end_close(end);
        assert_int_equal(end_send(end, 1), BERTH_E_CLOSED);
        QUIETLY(end->world, berth_net_stream_shutdown(end->stream));
        QUIETLY(end->world, berth_net_stream_pause(end->stream));
        QUIETLY(end->world, berth_net_stream_resume(end->stream));
    }
}

static void test_closing_drops_the_queue(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, pause_at_once);
    struct end *client = world_connect(world, fill_and_close);
    world_run_for(world, 50);
    assert_int_equal(client->count[CLOSED], 1);
    QUIETLY(world, berth_net_stream_resume(world->ends[1].stream));
    world_run_for(world, 2000);
    assert_true(world->ends[1].received < client->sent);
    world_close(world);
}

/* -- Failures ---------------------------------------------------------------------------------- */

/* Closing with bytes unread is how a connection is reset through this interface. */
static void leave_it_unread(void *owner) { end_close(owner); }

static void pause_then_leave(struct end *end, enum happening what) {
    pause_at_once(end, what);
    if (what == ACCEPTED) {
        assert_int_equal(berth_net_timer_create(end->world->net, leave_it_unread, end, &end->timer),
                         0);
        berth_net_timer_start(end->timer, 50);
    }
}

static void send_and_close_when_failed(struct end *end, enum happening what) {
    if (what == CONNECTED)
        assert_int_equal(end_send(end, 1000), 0);
    if (what == FAILED) {
        assert_int_equal(end->error, BERTH_E_RESET);
        assert_int_equal(end_send(end, 1), BERTH_E_CLOSED);
        QUIETLY(end->world, berth_net_stream_resume(end->stream));
        end_close(end);
    }
    if (what == CLOSED)
        berth_net_stop(end->world->net);
}

static void test_a_reset_is_an_error_and_then_only_closing_is_left(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, pause_then_leave);
    struct end *client = world_connect(world, send_and_close_when_failed);
    world_run(world);
    assert_int_equal(client->count[FAILED], 1);
    assert_int_equal(client->count[CLOSED], 1);
    world_close(world);
}

static void close_at_once(struct end *end, enum happening what) {
    if (what == ACCEPTED)
        end_close(end);
}

static void send_again(void *owner) {
    struct end *end = owner;
    int error = end_send(end, 100);
    if (error == 0)
        berth_net_timer_start(end->timer, 5);
    else
        assert_int_equal(error, BERTH_E_CLOSED);
}

/* It does not read, so that only sending can find out. */
static void send_on(struct end *end, enum happening what) {
    if (what == CONNECTED) {
        QUIETLY(end->world, berth_net_stream_pause(end->stream));
        send_again(end);
    }
    if (what == FAILED)
        berth_net_stop(end->world->net);
}

static void test_sending_to_nobody_fails_by_an_event(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, close_at_once);
    struct end *client = world_connect(world, send_on);
    assert_int_equal(berth_net_timer_create(world->net, send_again, client, &client->timer), 0);
    world_run(world);
    assert_int_equal(client->error, BERTH_E_RESET);
    assert_int_equal(client->count[FAILED], 1);
    world_close(world);
}

/* The failure is known, its event is to come, and then the owner closes. */
static void test_a_failure_that_waits_is_gone_with_closing(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, close_at_once);
    struct end *client = world_connect(world, NULL);
    world_run_for(world, 50);
    QUIETLY(world, berth_net_stream_pause(client->stream));
    /* One send is answered with the reset, one finds it, and one tells that it is known. */
    for (int i = 0; i < 3; i++)
        (void)end_send(client, 10);
    assert_int_equal(client->count[FAILED], 0);
    assert_int_equal(end_send(client, 10), BERTH_E_CLOSED);
    end_close(client);
    world_run_for(world, 10);
    assert_int_equal(client->count[FAILED], 0);
    assert_int_equal(client->count[CLOSED], 1);
    world_close(world);
}

static void fill_once(struct end *end, enum happening what) {
    if (what == CONNECTED)
        end_fill(end);
    if (what == FAILED)
        berth_net_stop(end->world->net);
}

static void test_a_reset_reaches_a_full_queue(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, pause_then_leave);
    struct end *client = world_connect(world, fill_once);
    QUIETLY(world, berth_net_stream_pause(client->stream));
    world_run(world);
    assert_int_equal(client->error, BERTH_E_RESET);
    assert_int_equal(client->count[DRAINED], 0);
    world_close(world);
}

/* -- Listeners --------------------------------------------------------------------------------- */

static void close_listener(struct end *end, enum happening what) {
    if (what == ACCEPTED) {
        QUIETLY(end->world, berth_net_listener_close(end->world->listener));
        QUIETLY(end->world, berth_net_listener_close(end->world->listener));
    }
    if (what == DATA && end->received == 10)
        berth_net_stop(end->world->net);
}

static void send_late(void *owner) { assert_int_equal(end_send(owner, 10), 0); }

static void test_streams_outlive_their_listener(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, close_listener);
    struct end *client = world_connect(world, NULL);
    assert_int_equal(berth_net_timer_create(world->net, send_late, client, &client->timer), 0);
    berth_net_timer_start(client->timer, 40);
    world_run(world);
    assert_int_equal(world->listener_closed, 1);
    assert_int_equal(world->ends[1].received, 10);
    world_close(world);
}

static void test_the_port_is_free_when_its_listener_is_closed(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, NULL);
    berth_net_socket socket;
    uint16_t port;
    assert_int_equal(world->transport->socket(world->net, &world->addr, &port, &socket),
                     BERTH_E_IN_USE);
    QUIETLY(world, berth_net_listener_close(world->listener));
    assert_int_equal(world->transport->socket(world->net, &world->addr, &port, &socket), 0);
    world_run_for(world, 10);
    assert_int_equal(
        berth_net_listen(world->net, socket, &listener_events, world, &world->listener), 0);
    world_connect(world, NULL);
    world_run_for(world, 50);
    assert_int_equal(world->end_count, 2);
    world_close(world);
}

/* -- The net's own end ------------------------------------------------------------------------- */

static void nothing(void *owner) { (void)owner; }

/* Does what owners do when they are told, and what a reconnecting client tries. */
static void tidy_up(struct end *end, enum happening what) {
    if (what != CLOSED)
        return;
    struct berth_net *net = end->world->net;
    berth_net_timer_start(end->timer, 0);
    berth_net_timer_destroy(end->timer);
    struct berth_net_stream *stream;
    struct berth_net_timer *timer;
    assert_int_equal(berth_net_connect(net, &end->world->addr, &end_events, end, &stream),
                     BERTH_E_CLOSED);
    assert_int_equal(berth_net_timer_create(net, nothing, end, &timer), BERTH_E_CLOSED);
    berth_net_stop(net);
}

static struct end *connect_with_timer(struct world *world, uint64_t delay_ms) {
    struct end *end = world_connect(world, tidy_up);
    assert_int_equal(berth_net_timer_create(world->net, nothing, end, &end->timer), 0);
    berth_net_timer_start(end->timer, delay_ms);
    return end;
}

static void test_destroying_the_net_closes_what_is_open(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, pause_at_once);
    struct berth_net_signal *signal;
    assert_int_equal(
        berth_net_signal_create(world->net, 10, (berth_net_signal_event)NULL, world, &signal), 0);
    struct end *full = connect_with_timer(world, 1000);
    struct end *idle = connect_with_timer(world, 0);
    world_run_for(world, 50);
    end_fill(full);
    struct end *connecting = connect_with_timer(world, 0);
    assert_int_equal(end_send(connecting, 5), 0);
    assert_int_equal(idle->count[CONNECTED], 1);
    berth_net_stop(world->net);
    world_close(world);
}

static void test_destroying_a_net_that_never_ran(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, NULL);
    connect_with_timer(world, 0);
    world_close(world);

    world = world_open(*state);
    berth_net_stop(world->net);
    world_close(world);
    berth_net_destroy(NULL);
}

static void test_a_run_ends_when_nothing_is_left(void **state) {
    struct world *world = world_open(*state);
    world_run(world);
    world_serve(world, NULL);
    QUIETLY(world, berth_net_listener_close(world->listener));
    world_run(world);
    assert_int_equal(world->listener_closed, 1);
    world_close(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_ALL(test_close_when_accepted),
        ON_ALL(test_close_when_connected),
        ON_ALL(test_close_on_data),
        ON_ALL(test_close_at_the_end),
        ON_ALL(test_close_when_drained),
        ON_ALL(test_close_before_start),
        ON_ALL(test_close_in_a_timer),
        ON_ALL(test_close_while_connecting),
        ON_ALL(test_closing_drops_the_queue),
        ON_ALL(test_a_reset_is_an_error_and_then_only_closing_is_left),
        ON_ALL(test_sending_to_nobody_fails_by_an_event),
        ON_ALL(test_a_failure_that_waits_is_gone_with_closing),
        ON_ALL(test_a_reset_reaches_a_full_queue),
        ON_ALL(test_streams_outlive_their_listener),
        ON_ALL(test_the_port_is_free_when_its_listener_is_closed),
        ON_ALL(test_destroying_the_net_closes_what_is_open),
        ON_ALL(test_destroying_a_net_that_never_ran),
        ON_ALL(test_a_run_ends_when_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
