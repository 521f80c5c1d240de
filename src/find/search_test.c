/* Searching among strangers: the right one is found, however many others there are, and nobody
 * learns or gains anything. */
#include "find/fake_world.h"

#define SEEDS 12

/* -- The race ---------------------------------------------------------------------------------- */

/* Nobody may hear of more than who asks for what: no token, no key, no cookie. */
static void assert_nothing_was_given_away(const struct world *world) {
    for (size_t i = 0; i < world->peer_count; i++) {
        const char *received = world->peers[i].received;
        assert_null(strstr(received, "the-token"));
        assert_null(strstr(received, "Authorization"));
        assert_null(strstr(received, "Cookie"));
        assert_null(strstr(received, "Protocol"));
    }
}

static void test_twelve_of_thirteen_ports_are_somebody_elses(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct world world;
        world_open(&world, seed);
        uint16_t right = (uint16_t)(1018 + seed % 13);
        struct fake *ours = NULL;
        for (uint16_t port = 1018; port <= 1030; port++) {
            enum fake_kind kind = FAKE_COPY + (seed + port) % (FAKE_KINDS - FAKE_COPY);
            if (port == right)
                ours = world_serve(&world, port, FAKE_OURS);
            else
                world_serve(&world, port, kind);
            if (port != right)
                world_serve_at(&world, at_ip6(port), FAKE_TARPIT);
        }
        world_search(&world);
        assert_found(&world, ours, BERTH_VERDICT_PROVED);
        assert_int_equal(world.found.source, BERTH_FIND_RANGE);
        /* Nobody was waited for. */
        assert_int_equal(heard_of(&world, BERTH_FIND_TIMEOUT, "in time"), 0);
        assert_true(world.done_ms < 1500);
        assert_nothing_was_given_away(&world);
        world_close(&world);
    }
}

/* What each of them is told to be. */
static const struct {
    enum fake_kind kind;
    enum berth_find_event_type type;
    const char *text;
} strangers[] = {
    {FAKE_COPY, BERTH_FIND_STRANGER, "gives no proof"},
    {FAKE_REPLAY, BERTH_FIND_STRANGER, "a proof that does not hold"},
    {FAKE_THIEF, BERTH_FIND_STRANGER, "a proof that does not hold"},
    {FAKE_OTHER, BERTH_FIND_STRANGER, "another key"},
    {FAKE_PROMISE, BERTH_FIND_STRANGER, "gives no proof"},
    {FAKE_FOREIGN, BERTH_FIND_STRANGER, "another app"},
    {FAKE_HELLO, BERTH_FIND_STRANGER, "does not say it in JSON"},
    {FAKE_MISSING, BERTH_FIND_STRANGER, "knows nothing"},
    {FAKE_REDIRECT, BERTH_FIND_STRANGER, "redirects"},
    {FAKE_NOISE, BERTH_FIND_STRANGER, "does not speak HTTP"},
    {FAKE_HANGUP, BERTH_FIND_STRANGER, "hangs up without an answer"},
    {FAKE_RESET, BERTH_FIND_TIMEOUT, "resets the connection"},
    {FAKE_TARPIT, BERTH_FIND_TIMEOUT, "gives no answer in time"},
    {FAKE_BACKLOG, BERTH_FIND_TIMEOUT, "gives no answer in time"},
    {FAKE_DRIP, BERTH_FIND_TIMEOUT, "does not end its answer in time"},
    {FAKE_GIANT, BERTH_FIND_STRANGER, "says too much"},
    {FAKE_CRUMBS, BERTH_FIND_STRANGER, "says too much"},
    {FAKE_HEADS, BERTH_FIND_STRANGER, "does not speak HTTP"},
};

static void test_each_stranger_alone_is_nobody(void **state) {
    (void)state;
    assert_int_equal(sizeof strangers / sizeof *strangers, FAKE_KINDS - FAKE_COPY);
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        struct world world;
        world_open(&world, i);
        world_serve(&world, 1018, strangers[i].kind);
        world_search(&world);
        assert_int_equal(world.error, BERTH_E_NOT_FOUND);
        assert_heard(&world, strangers[i].type, strangers[i].text);
        assert_heard(&world, BERTH_FIND_REFUSED, "http://[::1]:1018 refuses the connection");
        assert_true(world.done_ms < 1600);
        assert_nothing_was_given_away(&world);
        world_close(&world);
    }
}

/* The same, where nothing is known but the name: what cannot even say that is still nobody. */
static void test_without_a_key_only_the_name_counts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        struct world world;
        world_open(&world, i);
        world.options.public_key = NULL;
        world_serve(&world, 1018, strangers[i].kind);
        world_search(&world);
        bool says_the_name = strangers[i].kind == FAKE_COPY || strangers[i].kind == FAKE_OTHER;
        if (strangers[i].kind == FAKE_PROMISE)
            assert_int_equal(world.error, BERTH_E_TIMEOUT);
        else
            assert_int_equal(world.error, says_the_name ? 0 : BERTH_E_NOT_FOUND);
        if (says_the_name)
            assert_int_equal(world.found.verdict, BERTH_VERDICT_NAMED);
        world_close(&world);
    }
}

/* With the smooth net both answers come in the same moment; the surer one is the better one. */
static void test_the_surer_of_two_answers_in_one_turn_wins(void **state) {
    const struct berth_net_sim_options smooth = {.seed = 1};
    struct world world;
    (void)state;
    assert_int_equal(world_create(&world, &smooth), 0);
    world.options.least = BERTH_VERDICT_NAMED;
    world_serve(&world, 1018, FAKE_COPY);
    struct fake *ours = world_serve(&world, 1019, FAKE_OURS);
    world_search(&world);
    assert_found(&world, ours, BERTH_VERDICT_PROVED);
    assert_int_equal(heard_of(&world, BERTH_FIND_PROVED, ""), 2);
    world_close(&world);
}

static void test_every_loser_is_closed(void **state) {
    struct world world;
    (void)state;
    world_open(&world, 5);
    for (uint16_t port = 1018; port < 1030; port++)
        world_serve(&world, port, FAKE_TARPIT);
    world_serve(&world, 1030, FAKE_OURS);
    world_search(&world);
    assert_int_equal(world.error, 0);
    world_run_for(&world, 50);
    assert_int_equal(world.peer_count, 13);
    for (size_t i = 0; i < world.peer_count; i++)
        assert_true(world.peers[i].closed);
    world_close(&world);
}

static void test_a_server_on_ip6_alone_is_found(void **state) {
    struct world world;
    (void)state;
    world_open(&world, 3);
    world_serve(&world, 1018, FAKE_HELLO);
    struct fake *ours = world_serve_at(&world, at_ip6(1018), FAKE_OURS);
    world_search(&world);
    assert_found(&world, ours, BERTH_VERDICT_PROVED);
    assert_string_equal(world.found.http_url, "http://[::1]:1018");
    assert_string_equal(world.found.ws_url, "ws://[::1]:1018/client-ws");
    world_close(&world);
}

static void test_a_draining_server_is_not_used(void **state) {
    struct world world;
    (void)state;
    world_open(&world, 3);
    world_serve(&world, 1018, FAKE_OURS)->state = BERTH_ENDPOINT_DRAINING;
    world_search(&world);
    assert_int_equal(world.error, BERTH_E_NOT_FOUND);
    assert_heard(&world, BERTH_FIND_REFUSED, "is about to end");
    world_close(&world);
}

static void test_only_the_instance_asked_for(void **state) {
    struct world world;
    (void)state;
    world_open(&world, 3);
    world_serve(&world, 1018, FAKE_OURS);
    struct fake *asked = world_serve(&world, 1019, FAKE_OURS);
    world.options.instance = "i1019";
    world_search(&world);
    assert_found(&world, asked, BERTH_VERDICT_PROVED);
    world.options.instance = "i1020";
    world_search(&world);
    assert_int_equal(world.error, BERTH_E_NOT_FOUND);
    assert_heard(&world, BERTH_FIND_STRANGER, "another instance");
    world_close(&world);
}

/* -- Places ------------------------------------------------------------------------------------ */

static void test_a_told_url_is_the_only_place(void **state) {
    struct world world;
    (void)state;
    world_open(&world, 4);
    world_serve(&world, 1018, FAKE_OURS);
    struct fake *told = world_serve(&world, 2000, FAKE_OURS);
    world.options.url = "http://127.0.0.1:2000/";
    world_search(&world);
    assert_found(&world, told, BERTH_VERDICT_PROVED);
    assert_int_equal(world.found.source, BERTH_FIND_TOLD);
    assert_int_equal(heard_of(&world, BERTH_FIND_CANDIDATE, ""), 1);
    world.options.url = "http://localhost:2000";
    world_search(&world);
    assert_found(&world, told, BERTH_VERDICT_PROVED);
    assert_heard(&world, BERTH_FIND_CANDIDATE, "http://[::1]:2000 is asked");
    world.options.url = "http://127.0.0.1:2001";
    world_search(&world);
    assert_int_equal(world.error, BERTH_E_NOT_FOUND);
    assert_int_equal(world.fakes[0].asked, 0);
    world_close(&world);
}

static void test_bad_options_are_refused(void **state) {
    static const struct berth_find_options cases[] = {
        {.app = NULL},
        {.app = ""},
        {.app = "../etc"},
        {.app = "assistant", .instance = "a/b"},
        {.app = "assistant", .url = "assistant"},
        {.app = "assistant", .url = "http://example.org:1018"},
    };
    struct world world;
    (void)state;
    world_open(&world, 4);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct berth_search *search;
        assert_int_equal(berth_search_start(world.net, &cases[i], on_done, &world, &search),
                         BERTH_E_INVALID);
    }
    berth_search_cancel(NULL);
    world_close(&world);
}

static void test_a_record_leads_there_without_asking_the_range(void **state) {
    const struct berth_net_sim_options smooth = {.seed = 1, .delay_max_ms = 3};
    struct world world;
    (void)state;
    assert_int_equal(world_create(&world, &smooth), 0);
    world.options.public_key = NULL;
    struct fake *ours = world_serve(&world, 3000, FAKE_OURS);
    struct berth_record *record = fake_record(ours);
    world_search(&world);
    assert_found(&world, ours, BERTH_VERDICT_PROVED);
    assert_int_equal(world.found.source, BERTH_FIND_RECORD);
    assert_int_equal(world.found.pid, 4711);
    assert_string_equal(world.found.token, "the-token");
    assert_string_equal(world.found.ws_url, "ws://127.0.0.1:3000/client-ws");
    assert_string_equal(world.found.version, "0.1.0");
    assert_true(world.found.has_public_key);
    assert_int_equal(heard_of(&world, BERTH_FIND_CANDIDATE, ""), 1);
    assert_nothing_was_given_away(&world);
    berth_record_withdraw(record);
    world_close(&world);
}

static void test_a_port_file_leads_there(void **state) {
    struct world world;
    (void)state;
    world_open(&world, 6);
    world.options.port_file = world.port_file;
    FILE *file = fopen(world.port_file, "w");
    assert_non_null(file);
    fputs("3000\n", file);
    fclose(file);
    struct fake *ours = world_serve(&world, 3000, FAKE_OURS);
    world_search(&world);
    assert_found(&world, ours, BERTH_VERDICT_PROVED);
    assert_int_equal(world.found.source, BERTH_FIND_PORT_FILE);
    world_close(&world);
}

/* F20: the record of a killed server, and somebody on its port who plays every trick. */
static void test_an_impostor_on_a_dead_servers_port_gains_nothing(void **state) {
    static const enum fake_kind kinds[] = {FAKE_COPY, FAKE_REPLAY, FAKE_THIEF, FAKE_OTHER};
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct world world;
        world_open(&world, i);
        world.options.public_key = NULL;
        struct fake dead = {.world = &world,
                            .address = at_ip4(1018),
                            .identity = &world.ours,
                            .instance = "i1018",
                            .state = BERTH_ENDPOINT_READY};
        kill_holder(fake_record_elsewhere(&dead));
        world_serve(&world, 1018, kinds[i]);
        world_search(&world);
        assert_int_equal(world.error, BERTH_E_NOT_FOUND);
        assert_heard(&world, BERTH_FIND_REFUSED, "its process is gone");
        assert_nothing_was_given_away(&world);
        /* And on a living record's port, as after a forgery of the record's neighbour. */
        struct berth_record *record = fake_record(&dead);
        world_search(&world);
        assert_int_equal(world.error, BERTH_E_NOT_FOUND);
        assert_nothing_was_given_away(&world);
        berth_record_withdraw(record);
        world_close(&world);
    }
}

/* The caller's key proves the server; the record beside it is another's, and so is its token. */
static void test_a_token_needs_the_proof_by_its_own_records_key(void **state) {
    struct world world;
    (void)state;
    world_open(&world, 6);
    struct fake *server = world_serve(&world, 1018, FAKE_OTHER);
    struct fake written = *server;
    written.identity = &world.ours;
    struct berth_record *record = fake_record(&written);
    world.options.public_key = world.other.public_key;
    world_search(&world);
    assert_found(&world, server, BERTH_VERDICT_PROVED);
    assert_string_equal(world.found.token, "");
    assert_int_equal(world.found.pid, 0);
    berth_record_withdraw(record);
    world_close(&world);
}

static void test_the_same_address_is_asked_once(void **state) {
    struct world world;
    (void)state;
    world_open(&world, 6);
    struct fake *tarpit = world_serve(&world, 1018, FAKE_TARPIT);
    struct berth_record *record = fake_record(tarpit);
    world.options.port_file = world.port_file;
    FILE *file = fopen(world.port_file, "w");
    assert_non_null(file);
    fputs("1018", file);
    fclose(file);
    world_search(&world);
    assert_int_equal(world.error, BERTH_E_NOT_FOUND);
    assert_int_equal(heard_of(&world, BERTH_FIND_CANDIDATE, "http://127.0.0.1:1018 "), 1);
    assert_int_equal(tarpit->asked, 1);
    berth_record_withdraw(record);
    world_close(&world);
}

/* -- What is remembered ------------------------------------------------------------------------ */

static void test_the_key_that_was_seen_first_is_held_to(void **state) {
    struct world world;
    (void)state;
    world_open(&world, 7);
    world.options.public_key = NULL;
    struct fake *ours = world_serve(&world, 1025, FAKE_OURS);
    world_search(&world);
    assert_found(&world, ours, BERTH_VERDICT_NAMED);
    assert_int_equal(world.found.source, BERTH_FIND_RANGE);
    world_search(&world);
    assert_found(&world, ours, BERTH_VERDICT_PINNED);
    assert_int_equal(world.found.source, BERTH_FIND_REMEMBERED);
    berth_net_listener_close(ours->listener);
    world_run_for(&world, 10);
    struct fake *other = world_serve(&world, 1025, FAKE_OTHER);
    world_serve(&world, 1026, FAKE_COPY);
    world_search(&world);
    assert_int_equal(world.error, BERTH_E_NOT_FOUND);
    assert_heard(&world, BERTH_FIND_STRANGER, "another key");
    assert_heard(&world, BERTH_FIND_STRANGER, "no proof");
    /* A caller who is content with a name gets one, and our memory stays as it is. */
    world.options.least = BERTH_VERDICT_NAMED;
    world.options.url = "http://127.0.0.1:1025";
    world_search(&world);
    assert_found(&world, other, BERTH_VERDICT_NAMED);
    world.options.least = BERTH_VERDICT_ANY;
    world_search(&world);
    assert_int_equal(world.error, BERTH_E_NOT_FOUND);
    world_close(&world);
}

static void test_a_copy_can_be_named_and_is_not_held_to(void **state) {
    struct world world;
    (void)state;
    world_open(&world, 7);
    world.options.public_key = NULL;
    struct fake *copy = world_serve(&world, 1025, FAKE_COPY);
    world_search(&world);
    assert_found(&world, copy, BERTH_VERDICT_NAMED);
    assert_false(world.found.has_public_key);
    world_search(&world);
    assert_found(&world, copy, BERTH_VERDICT_NAMED);
    world_close(&world);
}

/* -- Many -------------------------------------------------------------------------------------- */

static void test_more_records_than_places(void **state) {
    struct world world;
    struct berth_record *records[50];
    (void)state;
    world_open(&world, 8);
    for (uint16_t i = 0; i < 50; i++)
        records[i] = fake_record(world_serve(&world, (uint16_t)(5000 + i), FAKE_TARPIT));
    struct fake *ours = world_serve(&world, 1018, FAKE_OURS);
    world_search(&world);
    assert_found(&world, ours, BERTH_VERDICT_PROVED);
    for (size_t i = 0; i < 50; i++)
        berth_record_withdraw(records[i]);
    world_close(&world);
}

/* Events are told in order of time, each candidate before its answer. */
static void test_the_stream_of_events_is_in_order(void **state) {
    struct world world;
    (void)state;
    world_open(&world, 9);
    for (uint16_t port = 1018; port < 1030; port++)
        world_serve(&world, port, (enum fake_kind)(FAKE_COPY + port % 8));
    world_search(&world);
    size_t asked = heard_of(&world, BERTH_FIND_CANDIDATE, "");
    assert_int_equal(asked, 26);
    assert_int_equal(world.heard_count, 2 * asked);
    for (size_t i = 1; i < world.heard_count; i++)
        assert_true(world.heard[i].elapsed_ms >= world.heard[i - 1].elapsed_ms);
    for (size_t i = 0; i < world.heard_count; i++) {
        size_t first = 0;
        while (strcmp(world.heard[first].url, world.heard[i].url) != 0)
            first++;
        assert_int_equal(world.heard[first].type, BERTH_FIND_CANDIDATE);
    }
    world_close(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_twelve_of_thirteen_ports_are_somebody_elses),
        cmocka_unit_test(test_each_stranger_alone_is_nobody),
        cmocka_unit_test(test_without_a_key_only_the_name_counts),
        cmocka_unit_test(test_the_surer_of_two_answers_in_one_turn_wins),
        cmocka_unit_test(test_every_loser_is_closed),
        cmocka_unit_test(test_a_server_on_ip6_alone_is_found),
        cmocka_unit_test(test_a_draining_server_is_not_used),
        cmocka_unit_test(test_only_the_instance_asked_for),
        cmocka_unit_test(test_a_told_url_is_the_only_place),
        cmocka_unit_test(test_bad_options_are_refused),
        cmocka_unit_test(test_a_record_leads_there_without_asking_the_range),
        cmocka_unit_test(test_a_port_file_leads_there),
        cmocka_unit_test(test_an_impostor_on_a_dead_servers_port_gains_nothing),
        cmocka_unit_test(test_a_token_needs_the_proof_by_its_own_records_key),
        cmocka_unit_test(test_the_same_address_is_asked_once),
        cmocka_unit_test(test_the_key_that_was_seen_first_is_held_to),
        cmocka_unit_test(test_a_copy_can_be_named_and_is_not_held_to),
        cmocka_unit_test(test_more_records_than_places),
        cmocka_unit_test(test_the_stream_of_events_is_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
