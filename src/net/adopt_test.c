/* Connections that come as sockets: adopted at once, later, by another net, or not at all. */
#include "net/conformance.h"

#include <pthread.h>

#define SOCKETS_MAX 4

/* A world whose listener gives sockets, which wait here. */
static berth_net_socket sockets[SOCKETS_MAX];
static size_t socket_count;

static void keep_socket(void *owner, berth_net_socket socket) {
    struct world *world = owner;
    assert_false(world->calling);
    assert_true(socket_count < SOCKETS_MAX);
    sockets[socket_count++] = socket;
    berth_net_stop(world->net);
}

static const struct berth_net_listener_events keeping = {
    .on_socket = keep_socket,
    .on_error = on_listener_error,
    .on_closed = on_listener_closed,
};

static void serve_sockets(struct world *world) {
    socket_count = 0;
    assert_int_equal(berth_addr_parse(BERTH_VIEW("127.0.0.1"), 0, &world->addr), 0);
    berth_net_socket socket;
    assert_int_equal(world->transport->socket(world->net, &world->addr, &world->addr.port, &socket),
                     0);
    assert_int_equal(berth_net_listen(world->net, socket, &keeping, world, &world->listener), 0);
}

/* Gives an end to a socket, as on_accept does. */
static struct end *adopt(struct world *world, berth_net_socket socket, reaction react) {
    struct end *end = end_open(world, react);
    int error;
    QUIETLY(world, error = berth_net_adopt(world->net, socket, &end->stream));
    assert_int_equal(error, 0);
    QUIETLY(world, berth_net_stream_start(end->stream, &end_events, end));
    return end;
}

static void send_and_finish(struct end *end, enum happening what) {
    if (what == CONNECTED) {
        assert_int_equal(end_send(end, 100000), 0);
        QUIETLY(end->world, berth_net_stream_shutdown(end->stream));
    }
    if (what == ENDED || what == FAILED)
        end_close(end);
    if (what == CLOSED)
        stop_when_all_closed(end);
}

static void answer_and_finish(struct end *end, enum happening what) {
    if (what == ENDED) {
        assert_int_equal(end->received, 100000);
        assert_int_equal(end_send(end, 5000), 0);
        QUIETLY(end->world, berth_net_stream_shutdown(end->stream));
        if (berth_net_stream_pending(end->stream) == 0)
            end_close(end);
    }
    if (what == DRAINED && end->count[ENDED] > 0)
        end_close(end);
    if (what == CLOSED)
        stop_when_all_closed(end);
}

/* What the peer sent before there was a stream is not lost. */
static void test_a_socket_becomes_a_stream(void **state) {
    struct world *world = world_open(*state);
    serve_sockets(world);
    struct end *client = world_connect(world, send_and_finish);
    world_run(world);
    assert_int_equal(socket_count, 1);
    world_run_for(world, 20);
    struct end *server = adopt(world, sockets[0], answer_and_finish);
    struct berth_addr local = berth_net_stream_local(server->stream);
    assert_int_equal(local.port, world->addr.port);
    world_run(world);
    assert_int_equal(server->received, 100000);
    assert_int_equal(client->received, 5000);
    world_close(world);
}

static void expect_the_end(struct end *end, enum happening what) {
    if (what == ENDED || what == FAILED)
        end_close(end);
    if (what == CLOSED)
        stop_when_all_closed(end);
}

static void test_a_socket_that_nobody_wants_is_closed(void **state) {
    struct world *world = world_open(*state);
    serve_sockets(world);
    struct end *client = world_connect(world, expect_the_end);
    world_run(world);
    QUIETLY(world, berth_net_socket_close(world->net, sockets[0]));
    world_run(world);
    assert_int_equal(client->count[ENDED] + client->count[FAILED], 1);
    world_close(world);
}

static void test_an_adopted_stream_can_be_closed_at_once(void **state) {
    struct world *world = world_open(*state);
    serve_sockets(world);
    struct end *client = world_connect(world, expect_the_end);
    world_run(world);
    struct berth_net_stream *stream;
    assert_int_equal(berth_net_adopt(world->net, sockets[0], &stream), 0);
    QUIETLY(world, berth_net_stream_close(stream));
    world_run(world);
    assert_int_equal(client->count[ENDED] + client->count[FAILED], 1);
    world_close(world);
}

static void test_a_net_that_ends_adopts_nothing(void **state) {
    struct world *world = world_open(*state);
    serve_sockets(world);
    world_connect(world, expect_the_end);
    world_run(world);
    berth_net_close(world->net);
    struct berth_net_stream *stream;
    if (world->transport->is_real) /* of a simulated one the stream was closed with the rest */
        assert_int_equal(berth_net_adopt(world->net, sockets[0], &stream), BERTH_E_CLOSED);
    world_close(world);
}

/* -- By the net of another thread -------------------------------------------------------------- */

struct neighbour {
    const struct transport *transport;
    berth_net_socket socket;
    size_t received;
};

static void *serve_beside(void *argument) {
    struct neighbour *neighbour = argument;
    struct world *world = world_open(neighbour->transport);
    struct end *server = adopt(world, neighbour->socket, answer_and_finish);
    world_run(world);
    neighbour->received = server->received;
    world_close(world);
    return NULL;
}

static void test_another_thread_adopts(void **state) {
    struct world *world = world_open(*state);
    serve_sockets(world);
    struct end *client = world_connect(world, send_and_finish);
    world_run(world);
    struct neighbour neighbour = {world->transport, sockets[0], 0};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, serve_beside, &neighbour), 0);
    world_run(world);
    pthread_join(thread, NULL);
    assert_int_equal(neighbour.received, 100000);
    assert_int_equal(client->received, 5000);
    world_close(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_ALL(test_a_socket_becomes_a_stream),
        ON_ALL(test_a_socket_that_nobody_wants_is_closed),
        ON_ALL(test_an_adopted_stream_can_be_closed_at_once),
        ON_ALL(test_a_net_that_ends_adopts_nothing),
        ON_REAL(test_another_thread_adopts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
