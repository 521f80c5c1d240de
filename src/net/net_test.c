/* Bytes from one end to the other: what every transport has to do, whatever the way is like. */
#include "net/conformance.h"

/* -- Echo -------------------------------------------------------------------------------------- */

/* Sends back what came, and reads no faster than it can send. */
static void echo(struct end *end, enum happening what) {
    if (what == DATA) {
        assert_int_equal(end_send(end, end->size), 0);
        if (berth_net_stream_pending(end->stream) > 0)
            QUIETLY(end->world, berth_net_stream_pause(end->stream));
    }
    if (what == DRAINED)
        QUIETLY(end->world, berth_net_stream_resume(end->stream));
    if (what == ENDED || what == FAILED)
        end_close(end);
    if (what == CLOSED)
        stop_when_all_closed(end);
}

static size_t echo_size;

static void send_rest(struct end *end) {
    while (end->sent < echo_size) {
        size_t rest = echo_size - end->sent;
        int error = end_send(end, rest < 65536 ? rest : 65536);
        if (error == BERTH_E_FULL)
            return;
        assert_int_equal(error, 0);
    }
}

static void expect_echo(struct end *end, enum happening what) {
    if (what == CONNECTED || what == DRAINED) {
        assert_int_equal(end->error, 0);
        send_rest(end);
    }
    if (what == DATA && end->received == echo_size)
        end_close(end);
    if (what == CLOSED)
        stop_when_all_closed(end);
}

static void run_echo(void **state, size_t size) {
    echo_size = size;
    struct world *world = world_open(*state);
    world_serve(world, echo);
    struct end *client = world_connect(world, expect_echo);
    world_run(world);
    assert_int_equal(client->received, size);
    assert_int_equal(client->count[CONNECTED], 1);
    assert_int_equal(client->count[CLOSED], 1);
    world_close(world);
}

static void test_echo_of_one_byte(void **state) { run_echo(state, 1); }
static void test_echo_of_64_kib(void **state) { run_echo(state, (size_t)64 * 1024); }
static void test_echo_of_8_mib(void **state) { run_echo(state, (size_t)8 * 1024 * 1024); }

static void test_many_connections_at_once(void **state) {
    echo_size = 10000;
    struct world *world = world_open(*state);
    world_serve(world, echo);
    for (int i = 0; i < 100; i++)
        world_connect(world, expect_echo);
    world_run(world);
    assert_int_equal(world->end_count, 200);
    world_close(world);
}

/* -- Sending ----------------------------------------------------------------------------------- */

static void send_gathered(struct end *end, enum happening what) {
    if (what != CONNECTED)
        return;
    /* More parts than a transport hands to one call, some of them empty. */
    struct berth_view parts[41] = {0};
    uint8_t *bytes = pattern_from(0, 40 * 41);
    size_t offset = 0;
    for (size_t i = 0; i < 41; i++) {
        if (i % 5 == 3)
            continue;
        parts[i] = berth_view_bytes(bytes + offset, i);
        offset += i;
    }
    int error;
    QUIETLY(end->world, error = berth_net_send(end->stream, parts, 41));
    assert_int_equal(error, 0);
    end->sent = offset;
    /* It was a loan: what is sent must not depend on it any more. */
    memset(bytes, 0, offset);
    free(bytes);
    QUIETLY(end->world, berth_net_stream_shutdown(end->stream));
}

static void close_at_end(struct end *end, enum happening what) {
    if (what == ENDED)
        end_close(end);
    if (what == CLOSED)
        berth_net_stop(end->world->net);
}

static void test_gathered_send_keeps_the_order(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, close_at_end);
    struct end *client = world_connect(world, send_gathered);
    world_run(world);
    assert_true(client->sent > 600);
    assert_int_equal(world->ends[1].received, client->sent);
    world_close(world);
}

static void send_nothing(struct end *end, enum happening what) {
    if (what != CONNECTED)
        return;
    int error;
    QUIETLY(end->world, error = berth_net_send(end->stream, NULL, 0));
    assert_int_equal(error, 0);
    const struct berth_view empty = {0};
    QUIETLY(end->world, error = berth_net_send(end->stream, &empty, 1));
    assert_int_equal(error, 0);
    QUIETLY(end->world, berth_net_stream_shutdown(end->stream));
}

static void test_sending_nothing_is_no_error(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, close_at_end);
    world_connect(world, send_nothing);
    world_run(world);
    assert_int_equal(world->ends[1].received, 0);
    assert_int_equal(world->ends[1].count[ENDED], 1);
    world_close(world);
}

static void test_sent_while_connecting_arrives(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, close_at_end);
    struct end *client = world_connect(world, NULL);
    assert_int_equal(end_send(client, 70000), 0);
    assert_int_equal(end_send(client, 5), 0);
    assert_int_equal(berth_net_stream_pending(client->stream), 70005);
    QUIETLY(world, berth_net_stream_shutdown(client->stream));
    assert_int_equal(end_send(client, 5), BERTH_E_CLOSED);
    world_run(world);
    assert_int_equal(world->ends[1].received, 70005);
    assert_int_equal(client->count[DRAINED], 1);
    world_close(world);
}

/* -- Connecting -------------------------------------------------------------------------------- */

static void compare_addresses(struct end *end, enum happening what) {
    if (what != CONNECTED && what != ACCEPTED)
        return;
    struct world *world = end->world;
    struct berth_addr here = berth_net_stream_local(end->stream);
    struct berth_addr there = berth_net_stream_remote(end->stream);
    const struct berth_addr *ours = what == ACCEPTED ? &here : &there;
    const struct berth_addr *theirs = what == ACCEPTED ? &there : &here;
    assert_int_equal(ours->family, world->addr.family);
    assert_int_equal(ours->port, world->addr.port);
    assert_true(berth_addr_same_ip(ours, &world->addr));
    assert_int_equal(theirs->family, world->addr.family);
    assert_true(theirs->port != 0 && theirs->port != world->addr.port);
    assert_true(berth_addr_is_loopback(theirs));
    end->received = theirs->port;
    if (world->ends[0].received != 0 && world->end_count > 1 && world->ends[1].received != 0)
        berth_net_stop(world->net);
}

static void run_addresses(void **state, const char *ip) {
    struct world *world = world_open(*state);
    world_serve_at(world, ip, compare_addresses);
    world_connect(world, compare_addresses);
    world_run(world);
    assert_int_equal(world->ends[0].received, world->ends[1].received);
    world_close(world);
}

static void test_addresses_of_both_families(void **state) {
    run_addresses(state, "127.0.0.1");
    run_addresses(state, "::1");
}

static void close_when_refused(struct end *end, enum happening what) {
    if (what == CONNECTED)
        end_close(end);
    if (what == CLOSED)
        stop_when_all_closed(end);
}

static void test_nobody_listens(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, NULL);
    QUIETLY(world, berth_net_listener_close(world->listener));
    struct end *client = world_connect(world, close_when_refused);
    world_run(world);
    assert_int_equal(client->error, BERTH_E_REFUSED);
    assert_int_equal(client->count[CONNECTED], 1);
    assert_int_equal(client->count[FAILED], 0);
    assert_int_equal(client->count[CLOSED], 1);
    assert_int_equal(world->listener_closed, 1);
    world_close(world);
}

static void drop_and_go_on(struct end *end, enum happening what) {
    if (what == CONNECTED) {
        assert_int_equal(end->error, 0);
        end_close(end);
        if (end->world->end_count < 2000)
            world_connect(end->world, drop_and_go_on);
    }
    if (what == CLOSED)
        stop_when_all_closed(end);
}

static void drop_at_once(struct end *end, enum happening what) {
    if (what == ENDED || what == FAILED)
        end_close(end);
    if (what == CLOSED)
        stop_when_all_closed(end);
}

static void test_a_thousand_connections_opened_and_dropped(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, drop_at_once);
    for (int i = 0; i < 10; i++)
        world_connect(world, drop_and_go_on);
    world_run(world);
    assert_true(world->end_count >= 1000);
    assert_int_equal(world->listener_errors, 0);
    world_close(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_ALL(test_echo_of_one_byte),
        ON_ALL(test_echo_of_64_kib),
        ON_ALL(test_echo_of_8_mib),
        ON_ALL(test_many_connections_at_once),
        ON_ALL(test_gathered_send_keeps_the_order),
        ON_ALL(test_sending_nothing_is_no_error),
        ON_ALL(test_sent_while_connecting_arrives),
        ON_ALL(test_addresses_of_both_families),
        ON_ALL(test_nobody_listens),
        ON_ALL(test_a_thousand_connections_opened_and_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
