/* Bells: rung from the loop's own thread, and from others. */
#include "net/conformance.h"

#include <pthread.h>

struct ringing {
    struct world *world;
    struct berth_net_bell *bell;
    int heard;
    int wanted;
};

static void hear(void *owner) {
    struct ringing *ringing = owner;
    assert_false(ringing->world->calling);
    assert_true(berth_net_is_here(ringing->world->net));
    if (++ringing->heard >= ringing->wanted)
        berth_net_stop(ringing->world->net);
}

static void ringing_open(struct ringing *ringing, void **state, int wanted) {
    *ringing = (struct ringing){.world = world_open(*state), .wanted = wanted};
    int error;
    QUIETLY(ringing->world,
            error = berth_net_bell_create(ringing->world->net, hear, ringing, &ringing->bell));
    assert_int_equal(error, 0);
}

static void ring(struct ringing *ringing) {
    QUIETLY(ringing->world, berth_net_bell_ring(ringing->bell));
}

static void test_a_ring_is_an_event(void **state) {
    struct ringing ringing;
    ringing_open(&ringing, state, 1);
    assert_false(berth_net_is_here(ringing.world->net));
    for (int round = 1; round <= 3; round++) {
        ring(&ringing);
        ring(&ringing);
        assert_int_equal(ringing.heard, round - 1);
        world_run(ringing.world);
        assert_int_equal(ringing.heard, round); /* once for both */
    }
    berth_net_bell_destroy(ringing.bell);
    world_close(ringing.world);
}

static void test_a_destroyed_bell_is_silent(void **state) {
    struct ringing ringing;
    ringing_open(&ringing, state, 1);
    ring(&ringing);
    berth_net_bell_destroy(ringing.bell);
    world_run_for(ringing.world, 20);
    assert_int_equal(ringing.heard, 0);
    world_close(ringing.world);
}

static void test_a_net_ends_with_its_bells(void **state) {
    struct ringing ringing;
    ringing_open(&ringing, state, 1);
    ring(&ringing);
    world_close(ringing.world);
    assert_int_equal(ringing.heard, 0);
}

static void *ring_a_thousand_times(void *argument) {
    struct ringing *ringing = argument;
    assert_false(berth_net_is_here(ringing->world->net));
    for (int i = 0; i < 1000; i++)
        berth_net_bell_ring(ringing->bell);
    return NULL;
}

/* The last ring is heard, whatever became of those before it. */
static void test_other_threads_ring(void **state) {
    struct ringing ringing;
    ringing_open(&ringing, state, 1);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ring_a_thousand_times, &ringing), 0);
    world_run(ringing.world);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    world_run_for(ringing.world, 20);
    assert_in_range(ringing.heard, 1, 4000);
    berth_net_bell_destroy(ringing.bell);
    world_close(ringing.world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_ALL(test_a_ring_is_an_event),
        ON_ALL(test_a_destroyed_bell_is_silent),
        ON_ALL(test_a_net_ends_with_its_bells),
        ON_REAL(test_other_threads_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
