/* The simulated network: it is what it says, every time the same. */
#include "net/conformance.h"

/* -- Traces ------------------------------------------------------------------------------------ */

#define CONVERSATION_SIZE ((size_t)20000)

/* Every event of a conversation as a number: who, what, when, how many bytes. */
static uint64_t trace;

static void note(struct end *end, enum happening what) {
    const uint64_t facts[] = {
        (uint64_t)(end - end->world->ends),
        (uint64_t)what,
        berth_net_now_ms(end->world->net),
        what == DATA ? end->size : 0,
    };
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
        trace = (trace ^ facts[i]) * UINT64_C(0x100000001b3);
}

static void converse(struct end *end, enum happening what) {
    note(end, what);
    if (what == CONNECTED || what == ACCEPTED) {
        assert_int_equal(end_send(end, CONVERSATION_SIZE), 0);
        QUIETLY(end->world, berth_net_stream_shutdown(end->stream));
    }
    bool over = end->count[ENDED] > 0 && berth_net_stream_pending(end->stream) == 0;
    if (what == FAILED || (over && what != CLOSED))
        end_close(end);
}

static struct world *sim_open(const struct berth_net_sim_options *options) {
    static struct transport transport = {.name = "sim", .socket = berth_net_sim_socket};
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->ends = calloc(ENDS_MAX, sizeof *world->ends);
    assert_non_null(world->ends);
    world->transport = &transport;
    assert_int_equal(berth_net_sim_create(options, &world->net), 0);
    return world;
}

/* Gives how many ends heard all of it and no failure. */
static size_t run_conversations(const struct berth_net_sim_options *options) {
    trace = 0;
    struct world *world = sim_open(options);
    world_serve(world, converse);
    for (int i = 0; i < 10; i++)
        world_connect(world, converse);
    world_run(world);
    size_t whole = 0;
    for (size_t i = 0; i < world->end_count; i++)
        if (world->ends[i].received == CONVERSATION_SIZE && world->ends[i].count[FAILED] == 0)
            whole++;
    assert_int_equal(world->open_count, 0);
    world_close(world);
    return whole;
}

static const struct berth_net_sim_options rough = {
    .short_reads = true,
    .short_writes = true,
    .window = 3000,
    .delay_min_ms = 1,
    .delay_max_ms = 30,
};

static void test_the_same_seed_gives_the_same_events(void **state) {
    (void)state;
    struct berth_net_sim_options options = rough;
    options.resets_per_million = 1000;
    uint64_t last = 0;
    for (options.seed = 0; options.seed < 10; options.seed++) {
        run_conversations(&options);
        uint64_t first = trace;
        run_conversations(&options);
        assert_true(trace == first);
        assert_true(trace != last);
        last = trace;
    }
}

static void test_however_it_is_cut_the_bytes_are_the_same(void **state) {
    (void)state;
    struct berth_net_sim_options options = rough;
    for (options.seed = 0; options.seed < 20; options.seed++)
        assert_int_equal(run_conversations(&options), 20);
    options = (struct berth_net_sim_options){.window = 1};
    assert_int_equal(run_conversations(&options), 20);
}

static void test_resets_come_as_often_as_asked(void **state) {
    (void)state;
    struct berth_net_sim_options options = rough;
    options.resets_per_million = 10000;
    size_t whole = run_conversations(&options);
    assert_true(whole < 20);
    options.resets_per_million = 1000000;
    assert_int_equal(run_conversations(&options), 0);
}

/* -- Time -------------------------------------------------------------------------------------- */

static void count_up(void *owner) { (*(int *)owner)++; }

static void test_a_day_passes_at_once(void **state) {
    (void)state;
    const struct berth_net_sim_options options = {0};
    struct berth_net *net;
    struct berth_net_timer *timer;
    int count = 0;
    assert_int_equal(berth_net_sim_create(&options, &net), 0);
    assert_int_equal(berth_net_timer_create(net, count_up, &count, &timer), 0);
    uint64_t start = berth_net_now_ms(net);
    berth_net_timer_start(timer, 86400000);
    assert_int_equal(berth_net_run(net), 0);
    assert_int_equal(count, 1);
    assert_int_equal(berth_net_now_ms(net) - start, 86400000);
    berth_net_destroy(net);
}

static void test_delays_are_within_their_range(void **state) {
    (void)state;
    const struct berth_net_sim_options options = {.delay_min_ms = 40, .delay_max_ms = 40};
    struct world *world = sim_open(&options);
    world_serve(world, NULL);
    struct end *client = world_connect(world, NULL);
    world_run_for(world, 39);
    assert_int_equal(client->count[CONNECTED], 0);
    world_run_for(world, 2);
    assert_int_equal(client->count[CONNECTED], 1);
    world_close(world);
}

/* -- Sockets ----------------------------------------------------------------------------------- */

static berth_net_socket open_socket(struct world *world, const char *ip, uint16_t port) {
    assert_int_equal(berth_addr_parse(berth_view_of(ip), port, &world->addr), 0);
    berth_net_socket socket;
    assert_int_equal(berth_net_sim_socket(world->net, &world->addr, &world->addr.port, &socket), 0);
    return socket;
}

static void test_connections_wait_for_somebody_to_listen(void **state) {
    (void)state;
    const struct berth_net_sim_options options = {0};
    struct world *world = sim_open(&options);
    berth_net_socket socket = open_socket(world, "127.0.0.1", 1018);
    struct end *client = world_connect(world, NULL);
    world_run(world);
    assert_int_equal(client->count[CONNECTED], 1);
    assert_int_equal(client->error, 0);
    assert_int_equal(end_send(client, 10), 0);
    assert_int_equal(
        berth_net_listen(world->net, socket, &listener_events, world, &world->listener), 0);
    world_run(world);
    assert_int_equal(world->ends[1].received, 10);

    /* Left in the backlog when the listener goes. */
    struct end *late = world_connect(world, NULL);
    berth_net_stop(world->net);
    world_run(world);
    open_socket(world, "127.0.0.1", 0);
    world_connect(world, NULL);
    world_run(world);
    assert_int_equal(late->error, 0);
    world_close(world);
}

static void test_a_listener_that_goes_resets_its_backlog(void **state) {
    (void)state;
    const struct berth_net_sim_options options = {.delay_min_ms = 10, .delay_max_ms = 10};
    struct world *world = sim_open(&options);
    world_serve(world, NULL);
    struct end *client = world_connect(world, NULL);
    world_run_for(world, 15);
    assert_int_equal(client->count[CONNECTED], 1);
    assert_int_equal(world->end_count, 1);
    berth_net_listener_close(world->listener);
    world_run(world);
    assert_int_equal(client->error, BERTH_E_RESET);
    assert_int_equal(world->end_count, 1);
    world_close(world);
}

static int try_socket(struct world *world, const char *ip, uint16_t port) {
    struct berth_addr addr;
    berth_net_socket socket;
    assert_int_equal(berth_addr_parse(berth_view_of(ip), port, &addr), 0);
    return berth_net_sim_socket(world->net, &addr, &port, &socket);
}

static void test_an_address_has_one_owner(void **state) {
    (void)state;
    const struct berth_net_sim_options options = {0};
    struct world *world = sim_open(&options);
    assert_int_equal(try_socket(world, "127.0.0.1", 1018), 0);
    assert_int_equal(try_socket(world, "127.0.0.1", 1018), BERTH_E_IN_USE);
    assert_int_equal(try_socket(world, "0.0.0.0", 1018), BERTH_E_IN_USE);
    assert_int_equal(try_socket(world, "127.0.0.2", 1018), 0);
    assert_int_equal(try_socket(world, "::1", 1018), 0);
    assert_int_equal(try_socket(world, "0.0.0.0", 1019), 0);
    assert_int_equal(try_socket(world, "127.0.0.1", 1019), BERTH_E_IN_USE);
    assert_int_equal(try_socket(world, "127.0.0.1", 0), 0);
    assert_int_equal(try_socket(world, "127.0.0.1", 0), 0);
    world_close(world);
}

static void test_a_wildcard_hears_every_address(void **state) {
    (void)state;
    const struct berth_net_sim_options options = {0};
    struct world *world = sim_open(&options);
    berth_net_socket socket = open_socket(world, "0.0.0.0", 1018);
    assert_int_equal(
        berth_net_listen(world->net, socket, &listener_events, world, &world->listener), 0);
    assert_int_equal(berth_addr_parse(BERTH_VIEW("127.0.0.7"), 1018, &world->addr), 0);
    world_connect(world, NULL);
    world_run(world);
    assert_int_equal(world->end_count, 2);
    struct berth_addr local = berth_net_stream_local(world->ends[1].stream);
    assert_true(berth_addr_same_ip(&local, &world->addr));
    struct berth_net_listener *listener;
    assert_int_equal(berth_net_listen(world->net, socket, &listener_events, world, &listener),
                     BERTH_E_INVALID);
    world_close(world);
}

static void note_port_and_close(struct end *end, enum happening what) {
    if (what != CONNECTED)
        return;
    end->sent = berth_net_stream_local(end->stream).port;
    end_close(end);
}

/* The next port that our end gets is known here: it is the very one that nobody listens on. */
static void test_a_connection_to_itself_is_refused(void **state) {
    (void)state;
    const struct berth_net_sim_options options = {0};
    struct world *world = sim_open(&options);
    assert_int_equal(berth_addr_parse(BERTH_VIEW("127.0.0.1"), 1018, &world->addr), 0);
    struct end *first = world_connect(world, note_port_and_close);
    world_run(world);
    world->addr.port = (uint16_t)(first->sent + 1);
    struct end *second = world_connect(world, note_port_and_close);
    world_run(world);
    assert_int_equal(second->sent, world->addr.port);
    assert_int_equal(second->error, BERTH_E_REFUSED);
    world_close(world);
}

/* -- Memory ------------------------------------------------------------------------------------ */

static void converse_if_possible(struct end *end, enum happening what) {
    if ((what == CONNECTED && end->error == 0) || what == ACCEPTED) {
        int error = end_send(end, CONVERSATION_SIZE);
        assert_true(error == 0 || error == BERTH_E_MEMORY);
        QUIETLY(end->world, berth_net_stream_shutdown(end->stream));
    }
    if (what == FAILED || end->error < 0)
        end_close(end);
}

static void try_to_connect(struct world *world) {
    struct end *end = end_open(world, converse_if_possible);
    int error = berth_net_connect(world->net, &world->addr, &end_events, end, &end->stream);
    if (error == 0)
        return;
    assert_int_equal(error, BERTH_E_MEMORY);
    world->open_count--;
    world->end_count--;
}

/* Whichever allocation fails: an error or an event, and what is heard before is right. */
static void test_every_allocation_may_fail(void **state) {
    (void)state;
    size_t nth = 0;
    size_t needed = 0;
    do {
        struct world *world = sim_open(&rough);
        world_serve(world, converse_if_possible);
        berth_alloc_fail_at(++nth);
        try_to_connect(world);
        try_to_connect(world);
        world_run(world);
        needed = berth_alloc_count();
        berth_alloc_fail_at(0);
        world_close(world);
    } while (nth <= needed);
    assert_true(nth > 50);
}

#define ON_SIM(test) ON(transport_smooth, test)

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_SIM(test_the_same_seed_gives_the_same_events),
        ON_SIM(test_however_it_is_cut_the_bytes_are_the_same),
        ON_SIM(test_resets_come_as_often_as_asked),
        ON_SIM(test_a_day_passes_at_once),
        ON_SIM(test_delays_are_within_their_range),
        ON_SIM(test_connections_wait_for_somebody_to_listen),
        ON_SIM(test_a_listener_that_goes_resets_its_backlog),
        ON_SIM(test_an_address_has_one_owner),
        ON_SIM(test_a_wildcard_hears_every_address),
        ON_SIM(test_a_connection_to_itself_is_refused),
        ON_SIM(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
