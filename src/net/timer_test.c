/* Timers and signals. */
#include "net/conformance.h"

#include <signal.h>

/* -- Timers ------------------------------------------------------------------------------------ */

#define TIMERS 4

struct clockwork {
    struct world *world;
    struct berth_net_timer *timers[TIMERS];
    char heard[32]; /* a letter for each event, in order */
    size_t count;
    uint64_t started_ms;
};

static void hear(struct clockwork *clockwork, char letter) {
    assert_false(clockwork->world->calling);
    assert_true(clockwork->count < sizeof clockwork->heard - 1);
    clockwork->heard[clockwork->count++] = letter;
}

static void start(struct clockwork *clockwork, size_t timer, uint64_t delay_ms) {
    QUIETLY(clockwork->world, berth_net_timer_start(clockwork->timers[timer], delay_ms));
}

static void hear_a(void *owner) { hear(owner, 'a'); }
static void hear_b(void *owner) { hear(owner, 'b'); }
static void hear_c(void *owner) { hear(owner, 'c'); }

static struct clockwork *clockwork_open(void **state, const berth_net_timer_event *events,
                                        size_t count) {
    struct clockwork *clockwork = calloc(1, sizeof *clockwork);
    assert_non_null(clockwork);
    clockwork->world = world_open(*state);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(berth_net_timer_create(clockwork->world->net, events[i], clockwork,
                                                &clockwork->timers[i]),
                         0);
    clockwork->started_ms = berth_net_now_ms(clockwork->world->net);
    return clockwork;
}

static void clockwork_close(struct clockwork *clockwork) {
    world_close(clockwork->world);
    free(clockwork);
}

static void test_timers_come_in_their_order(void **state) {
    const berth_net_timer_event events[] = {hear_a, hear_b, hear_c};
    struct clockwork *clockwork = clockwork_open(state, events, 3);
    start(clockwork, 0, 20);
    start(clockwork, 1, 5);
    start(clockwork, 2, 20);
    world_run(clockwork->world);
    assert_string_equal(clockwork->heard, "bac");
    assert_true(berth_net_now_ms(clockwork->world->net) - clockwork->started_ms >= 20);
    clockwork_close(clockwork);
}

static void test_zero_is_soon_and_not_now(void **state) {
    const berth_net_timer_event events[] = {hear_a};
    struct clockwork *clockwork = clockwork_open(state, events, 1);
    start(clockwork, 0, 0);
    assert_string_equal(clockwork->heard, "");
    world_run(clockwork->world);
    assert_string_equal(clockwork->heard, "a");
    clockwork_close(clockwork);
}

static void test_starting_anew_moves_the_time(void **state) {
    const berth_net_timer_event events[] = {hear_a, hear_b};
    struct clockwork *clockwork = clockwork_open(state, events, 2);
    start(clockwork, 0, 1);
    start(clockwork, 1, 10);
    start(clockwork, 0, 20);
    world_run(clockwork->world);
    assert_string_equal(clockwork->heard, "ba");
    clockwork_close(clockwork);
}

static void test_a_stopped_timer_is_silent_and_can_be_started(void **state) {
    const berth_net_timer_event events[] = {hear_a};
    struct clockwork *clockwork = clockwork_open(state, events, 1);
    start(clockwork, 0, 1);
    berth_net_timer_stop(clockwork->timers[0]);
    berth_net_timer_stop(clockwork->timers[0]);
    world_run_for(clockwork->world, 10);
    assert_string_equal(clockwork->heard, "");
    start(clockwork, 0, 1);
    world_run(clockwork->world);
    assert_string_equal(clockwork->heard, "a");
    clockwork_close(clockwork);
}

static void hear_and_start_again(void *owner) {
    struct clockwork *clockwork = owner;
    hear(clockwork, 'r');
    if (clockwork->count < 3)
        start(clockwork, 0, 1);
}

static void test_a_timer_restarts_itself(void **state) {
    const berth_net_timer_event events[] = {hear_and_start_again};
    struct clockwork *clockwork = clockwork_open(state, events, 1);
    start(clockwork, 0, 1);
    world_run(clockwork->world);
    assert_string_equal(clockwork->heard, "rrr");
    clockwork_close(clockwork);
}

static void hear_and_destroy_two(void *owner) {
    struct clockwork *clockwork = owner;
    hear(clockwork, 'd');
    berth_net_timer_destroy(clockwork->timers[0]);
    berth_net_timer_destroy(clockwork->timers[1]);
}

/* The second is due at the same moment: it must not come any more. */
static void test_a_timer_destroys_itself_and_another(void **state) {
    const berth_net_timer_event events[] = {hear_and_destroy_two, hear_b};
    struct clockwork *clockwork = clockwork_open(state, events, 2);
    start(clockwork, 0, 1);
    start(clockwork, 1, 1);
    world_run(clockwork->world);
    assert_string_equal(clockwork->heard, "d");
    clockwork_close(clockwork);
    berth_net_timer_destroy(NULL);
}

static void stop_the_net(void *owner) {
    struct clockwork *clockwork = owner;
    hear(clockwork, 's');
    berth_net_stop(clockwork->world->net);
}

static void test_stop_ends_a_run_that_can_go_on(void **state) {
    const berth_net_timer_event events[] = {stop_the_net, hear_b};
    struct clockwork *clockwork = clockwork_open(state, events, 2);
    start(clockwork, 0, 1);
    start(clockwork, 1, 30);
    world_run(clockwork->world);
    assert_string_equal(clockwork->heard, "s");
    world_run(clockwork->world);
    assert_string_equal(clockwork->heard, "sb");
    clockwork_close(clockwork);
}

/* -- Signals ----------------------------------------------------------------------------------- */

static void raise_in(struct world *world, int number) {
    if (world->transport->is_real)
        raise(number);
    else
        berth_net_sim_raise(world->net, number);
}

struct listening {
    struct world *world;
    struct berth_net_signal *signal;
    int heard;
};

static void on_signal(void *owner, int number) {
    struct listening *listening = owner;
    assert_false(listening->world->calling);
    assert_int_equal(number, SIGHUP);
    listening->heard++;
    berth_net_stop(listening->world->net);
}

static void on_signal_once(void *owner, int number) {
    struct listening *listening = owner;
    on_signal(owner, number);
    berth_net_signal_destroy(listening->signal);
    listening->signal = NULL;
}

static void test_a_signal_is_an_event(void **state) {
    struct listening listening = {.world = world_open(*state)};
    assert_int_equal(berth_net_signal_create(listening.world->net, SIGHUP, on_signal, &listening,
                                             &listening.signal),
                     0);
    raise_in(listening.world, SIGHUP);
    assert_int_equal(listening.heard, 0);
    world_run(listening.world);
    assert_int_equal(listening.heard, 1);
    raise_in(listening.world, SIGHUP);
    world_run(listening.world);
    assert_int_equal(listening.heard, 2);
    world_close(listening.world);
}

static void test_two_hear_of_a_signal_and_one_destroys_itself(void **state) {
    struct world *world = world_open(*state);
    struct listening one = {.world = world};
    struct listening other = {.world = world};
    assert_int_equal(berth_net_signal_create(world->net, SIGHUP, on_signal_once, &one, &one.signal),
                     0);
    assert_int_equal(berth_net_signal_create(world->net, SIGHUP, on_signal, &other, &other.signal),
                     0);
    raise_in(world, SIGHUP);
    world_run_for(world, 20);
    world_run_for(world, 20);
    raise_in(world, SIGHUP);
    world_run_for(world, 20);
    assert_int_equal(one.heard, 1);
    assert_int_equal(other.heard, 2);
    berth_net_signal_destroy(NULL);
    world_close(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_ALL(test_timers_come_in_their_order),
        ON_ALL(test_zero_is_soon_and_not_now),
        ON_ALL(test_starting_anew_moves_the_time),
        ON_ALL(test_a_stopped_timer_is_silent_and_can_be_started),
        ON_ALL(test_a_timer_restarts_itself),
        ON_ALL(test_a_timer_destroys_itself_and_another),
        ON_ALL(test_stop_ends_a_run_that_can_go_on),
        ON_ALL(test_a_signal_is_an_event),
        ON_ALL(test_two_hear_of_a_signal_and_one_destroys_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
