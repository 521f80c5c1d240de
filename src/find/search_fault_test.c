/* Searches that are cut short: cancelled at any moment, without memory, in a net that closes; and
 * the blocking form on the real system. */
#include "find/fake_world.h"

#include <jansson.h>

/* A machine where everything happens at once: a record that is starting, a dead one, a port file,
 * strangers, and our server. */
struct stage {
    struct world world;
    struct fake *ours;
    struct berth_record *record;
    struct berth_record *starting;
};

static void stage_open(struct stage *stage) {
    static const struct berth_net_sim_options smooth = {.seed = 1, .delay_max_ms = 2};
    struct world *world = &stage->world;
    assert_int_equal(world_create(world, &smooth), 0);
    world->options.public_key = NULL;
    world->options.port_file = world->port_file;
    FILE *file = fopen(world->port_file, "w");
    assert_non_null(file);
    fputs("1019", file);
    fclose(file);
    world_serve(world, 1018, FAKE_COPY);
    world_serve(world, 1019, FAKE_HELLO);
    world_serve(world, 1020, FAKE_TARPIT);
    struct fake *slow = world_serve(world, 1021, FAKE_OURS);
    slow->state = BERTH_ENDPOINT_STARTING;
    stage->starting = fake_record(slow);
    stage->ours = world_serve(world, 1022, FAKE_OURS);
    stage->record = NULL;
}

static void stage_close(struct stage *stage) {
    berth_record_withdraw(stage->record);
    berth_record_withdraw(stage->starting);
    world_close(&stage->world);
}

/* -- Cancelling -------------------------------------------------------------------------------- */

static size_t cancel_at; /* the event in which it is cancelled */

static void cancel_in_event(struct world *world, const struct heard *heard) {
    (void)heard;
    if (world->heard_count == cancel_at) {
        berth_search_cancel(world->search);
        world->search = NULL;
    }
    assert_true(world->heard_count <= cancel_at);
}

static void test_cancelled_in_any_event(void **state) {
    (void)state;
    for (cancel_at = 1;; cancel_at++) {
        struct stage stage;
        stage_open(&stage);
        stage.world.on_heard = cancel_in_event;
        world_start(&stage.world);
        world_run_for(&stage.world, 5000);
        bool cancelled = stage.world.done == 0;
        if (cancelled)
            assert_int_equal(stage.world.heard_count, cancel_at);
        else
            assert_found(&stage.world, stage.ours, BERTH_VERDICT_PROVED);
        stage_close(&stage);
        if (!cancelled)
            break;
    }
    assert_true(cancel_at > 20);
}

static void test_cancelled_at_any_time(void **state) {
    (void)state;
    for (uint64_t ms = 0; ms < 60; ms++) {
        struct stage stage;
        stage_open(&stage);
        world_start(&stage.world);
        if (ms > 0)
            world_run_for(&stage.world, ms);
        bool done = stage.world.done == 1;
        berth_search_cancel(stage.world.search);
        stage.world.search = NULL;
        size_t heard_count = stage.world.heard_count;
        world_run_for(&stage.world, 5000);
        assert_int_equal(stage.world.done, done);
        assert_int_equal(stage.world.heard_count, heard_count);
        stage_close(&stage);
    }
}

static void test_a_net_that_closes_meanwhile(void **state) {
    (void)state;
    for (uint64_t ms = 0; ms < 60; ms++) {
        struct stage stage;
        stage_open(&stage);
        world_start(&stage.world);
        if (ms > 0)
            world_run_for(&stage.world, ms);
        berth_net_close(stage.world.net);
        struct berth_search *search;
        assert_int_equal(berth_search_start(stage.world.net, &stage.world.options, on_done,
                                            &stage.world, &search),
                         BERTH_E_CLOSED);
        stage_close(&stage);
    }
}

/* -- Memory ------------------------------------------------------------------------------------ */

/* The nth allocation of a whole search fails, JSON's own included; the search says so, or finds it
 * all the same. Where it was a server's, that server is as good as not there. */
static void test_every_allocation_may_fail(void **state) {
    (void)state;
    json_set_alloc_funcs(berth_alloc, berth_free);
    size_t failed = 0;
    for (size_t nth = 1;; nth++) {
        struct stage stage;
        stage_open(&stage);
        berth_alloc_fail_at(nth);
        stage.world.started_ms = berth_net_now_ms(stage.world.net);
        int error = berth_search_start(stage.world.net, &stage.world.options, on_done, &stage.world,
                                       &stage.world.search);
        if (error == 0)
            berth_net_run(stage.world.net);
        size_t count = berth_alloc_count();
        berth_alloc_fail_at(0);
        if (error == 0) {
            assert_int_equal(stage.world.done, 1);
            error = stage.world.error;
        }
        if (error == 0)
            assert_found(&stage.world, stage.ours, BERTH_VERDICT_PROVED);
        else
            assert_true(error == BERTH_E_MEMORY || error == BERTH_E_TIMEOUT ||
                        error == BERTH_E_NOT_FOUND);
        failed += error == BERTH_E_MEMORY;
        stage_close(&stage);
        if (count < nth) {
            assert_int_equal(error, 0);
            break;
        }
    }
    assert_true(failed > 5);
    json_set_alloc_funcs(malloc, free);
}

/* What a look did not see for want of memory is not dead. */
static size_t fail_next; /* after that many more events */

static void starve(struct world *world, const struct heard *heard) {
    (void)world;
    if (heard->type == BERTH_FIND_STARTING && fail_next-- == 0)
        berth_alloc_fail_at(1);
}

static void test_want_of_memory_is_no_death(void **state) {
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct world world;
        world_open(&world, i);
        world.options.deadline_ms = 5000;
        struct fake *fake = world_serve(&world, 1018, FAKE_OURS);
        fake->state = BERTH_ENDPOINT_STARTING;
        struct berth_record *record = fake_record(fake);
        fail_next = i;
        world.on_heard = starve;
        world_search(&world);
        berth_alloc_fail_at(0);
        assert_int_equal(world.error, BERTH_E_TIMEOUT);
        berth_record_withdraw(record);
        world_close(&world);
    }
}

/* -- On the real system ------------------------------------------------------------------------ */

static void test_the_blocking_form(void **state) {
    struct world world;
    struct berth_found found = {.port = 7};
    (void)state;
    world_open(&world, 1);
    world.options.range_count = UINT16_MAX;
    assert_int_equal(berth_find(&world.options, &found), BERTH_E_NOT_FOUND);
    world.options.url = "http://127.0.0.1:1"; /* nobody serves tcpmux */
    assert_int_equal(berth_find(&world.options, &found), BERTH_E_NOT_FOUND);
    assert_heard(&world, BERTH_FIND_REFUSED, "http://127.0.0.1:1 refuses the connection");
    world.options.url = "nowhere";
    assert_int_equal(berth_find(&world.options, &found), BERTH_E_INVALID);
    world.options.url = NULL;
    berth_alloc_fail_at(1);
    assert_int_equal(berth_find(&world.options, &found), BERTH_E_MEMORY);
    berth_alloc_fail_at(0);
    assert_int_equal(found.port, 7);
    world_close(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cancelled_in_any_event),
        cmocka_unit_test(test_cancelled_at_any_time),
        cmocka_unit_test(test_a_net_that_closes_meanwhile),
        cmocka_unit_test(test_every_allocation_may_fail),
        cmocka_unit_test(test_want_of_memory_is_no_death),
        cmocka_unit_test(test_the_blocking_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
