/* Searching for as long as it takes: servers that start, become ready, move, or die meanwhile. */
#include "find/fake_world.h"

/* A test's own event in the middle of a search. */
struct later {
    struct world *world;
    struct fake *fake;
    struct berth_record *record;
    struct berth_net_timer *timer;
    pid_t holder;
    bool touch;
    uint64_t at_ms;
};

static void later_in(struct later *later, uint64_t ms, berth_net_timer_event event) {
    assert_int_equal(berth_net_timer_create(later->world->net, event, later, &later->timer), 0);
    berth_net_timer_start(later->timer, ms);
}

static void note_time(struct later *later) {
    later->at_ms = berth_net_now_ms(later->world->net) - later->world->started_ms;
}

/* -- Starting, then ready ---------------------------------------------------------------------- */

static void become_ready(void *owner) {
    struct later *later = owner;
    note_time(later);
    later->fake->state = BERTH_ENDPOINT_READY;
    if (later->record != NULL)
        fake_publish(later->fake, later->record);
    if (later->touch)
        world_touch(later->world);
}

static void run_until_ready(bool with_record, bool touch, uint64_t least_ms, uint64_t most_ms) {
    struct world world;
    world_open(&world, 1);
    world.options.deadline_ms = 60000;
    struct later later = {.world = &world, .touch = touch};
    later.fake = world_serve(&world, 1018, FAKE_OURS);
    later.fake->state = BERTH_ENDPOINT_STARTING;
    if (with_record)
        later.record = fake_record(later.fake);
    later_in(&later, 20100, become_ready);
    world_search(&world);
    assert_found(&world, later.fake, BERTH_VERDICT_PROVED);
    assert_heard(&world, BERTH_FIND_STARTING, "is starting");
    assert_int_equal(later.at_ms, 20100);
    if (world.done_ms < later.at_ms + least_ms || world.done_ms > later.at_ms + most_ms)
        fail_msg("done %d ms after it was ready", (int)(world.done_ms - later.at_ms));
    berth_net_timer_destroy(later.timer);
    berth_record_withdraw(later.record);
    world_close(&world);
}

/* The rough net takes up to 3 ms for every piece of a few bytes; what is measured here is who waits
 * for whom. */
#define ASKING_MS 200

static void test_ready_is_seen_at_once_where_the_folder_is_watched(void **state) {
    (void)state;
    run_until_ready(true, true, 0, ASKING_MS);
}

static void test_ready_is_seen_at_the_next_look_where_it_is_not(void **state) {
    (void)state;
    run_until_ready(true, false, 0, 250 + ASKING_MS);
}

static void test_ready_is_seen_without_any_record(void **state) {
    (void)state;
    run_until_ready(false, false, 0, 2 * 250 + ASKING_MS);
}

static void become_ready_and_quick(void *owner) {
    struct later *later = owner;
    later->fake->slow_ms = 0;
    become_ready(owner);
}

/* While it is being asked its record says that it is ready: its answer is old when it comes, and is
 * no reason to wait for the next look. */
static void test_an_answer_that_is_old_when_it_comes(void **state) {
    struct world world;
    (void)state;
    world_open(&world, 1);
    world.options.deadline_ms = 60000;
    struct later later = {.world = &world, .touch = true};
    later.fake = world_serve(&world, 3000, FAKE_OURS);
    later.fake->state = BERTH_ENDPOINT_STARTING;
    later.fake->slow_ms = 900;
    later.record = fake_record(later.fake);
    later_in(&later, 850, become_ready_and_quick);
    world_search(&world);
    assert_found(&world, later.fake, BERTH_VERDICT_PROVED);
    assert_int_equal(later.fake->asked, 2);
    assert_true(world.done_ms < 900 + ASKING_MS);
    berth_net_timer_destroy(later.timer);
    berth_record_withdraw(later.record);
    world_close(&world);
}

static void test_the_deadline_ends_the_wait(void **state) {
    struct world world;
    (void)state;
    world_open(&world, 1);
    world.options.deadline_ms = 3000;
    struct fake *fake = world_serve(&world, 1018, FAKE_OURS);
    fake->state = BERTH_ENDPOINT_STARTING;
    world_search(&world);
    assert_int_equal(world.error, BERTH_E_TIMEOUT);
    assert_int_equal(world.done_ms, 3000);
    /* With nobody there it is another error, at the same time. */
    berth_net_listener_close(fake->listener);
    world_search(&world);
    assert_int_equal(world.error, BERTH_E_NOT_FOUND);
    assert_int_equal(world.done_ms, 3000);
    world_close(&world);
}

/* Tarpits on every port do not move the deadline. */
static void test_the_deadline_holds_among_tarpits(void **state) {
    struct world world;
    (void)state;
    world_open(&world, 1);
    world.options.deadline_ms = 700;
    for (uint16_t port = 1018; port <= 1030; port++)
        world_serve(&world, port, FAKE_TARPIT);
    world_search(&world);
    assert_int_equal(world.error, BERTH_E_NOT_FOUND);
    assert_int_equal(world.done_ms, 700);
    world_close(&world);
}

static void test_looking_once_does_not_wait_for_a_start(void **state) {
    struct world world;
    (void)state;
    world_open(&world, 1);
    struct fake *fake = world_serve(&world, 1018, FAKE_OURS);
    fake->state = BERTH_ENDPOINT_STARTING;
    struct berth_record *record = fake_record(fake);
    world_search(&world);
    assert_int_equal(world.error, BERTH_E_TIMEOUT);
    assert_true(world.done_ms < 1000);
    berth_record_withdraw(record);
    world_close(&world);
}

/* -- Death ------------------------------------------------------------------------------------- */

static void kill_it(void *owner) {
    struct later *later = owner;
    note_time(later);
    kill_holder(later->holder);
    berth_net_listener_close(later->fake->listener);
}

static void test_a_start_that_dies_ends_the_wait(void **state) {
    struct world world;
    (void)state;
    world_open(&world, 1);
    world.options.deadline_ms = 60000;
    struct later later = {.world = &world};
    later.fake = world_serve(&world, 1018, FAKE_OURS);
    later.fake->state = BERTH_ENDPOINT_STARTING;
    later.holder = fake_record_elsewhere(later.fake);
    later_in(&later, 5000, kill_it);
    world_search(&world);
    assert_int_equal(world.error, BERTH_E_CLOSED);
    assert_heard(&world, BERTH_FIND_REFUSED, "its process is gone");
    assert_int_equal(heard_of(&world, BERTH_FIND_REFUSED, "its process is gone"), 1);
    assert_true(world.done_ms >= later.at_ms && world.done_ms <= later.at_ms + 300);
    berth_net_timer_destroy(later.timer);
    world_close(&world);
}

static void withdraw(void *owner) {
    struct later *later = owner;
    note_time(later);
    berth_record_withdraw(later->record);
    later->record = NULL;
    world_touch(later->world);
}

static void test_a_start_that_is_given_up_ends_the_wait(void **state) {
    struct world world;
    (void)state;
    world_open(&world, 1);
    world.options.deadline_ms = 60000;
    struct later later = {.world = &world};
    later.fake = world_serve(&world, 1018, FAKE_OURS);
    later.fake->state = BERTH_ENDPOINT_STARTING;
    later.record = fake_record(later.fake);
    later_in(&later, 5000, withdraw);
    world_search(&world);
    assert_int_equal(world.error, BERTH_E_CLOSED);
    assert_true(world.done_ms <= later.at_ms + 20);
    berth_net_timer_destroy(later.timer);
    world_close(&world);
}

/* One of two dies: the other one is still worth the wait. */
static void test_the_death_of_one_leaves_the_other(void **state) {
    struct world world;
    (void)state;
    world_open(&world, 1);
    world.options.deadline_ms = 60000;
    struct later death = {.world = &world};
    death.fake = world_serve(&world, 1018, FAKE_OURS);
    death.fake->state = BERTH_ENDPOINT_STARTING;
    death.holder = fake_record_elsewhere(death.fake);
    struct later ready = {.world = &world, .touch = true};
    ready.fake = world_serve(&world, 1019, FAKE_OURS);
    ready.fake->state = BERTH_ENDPOINT_STARTING;
    ready.record = fake_record(ready.fake);
    later_in(&death, 2000, kill_it);
    later_in(&ready, 5000, become_ready);
    world_search(&world);
    assert_found(&world, ready.fake, BERTH_VERDICT_PROVED);
    berth_net_timer_destroy(death.timer);
    berth_net_timer_destroy(ready.timer);
    berth_record_withdraw(ready.record);
    world_close(&world);
}

/* -- Coming ------------------------------------------------------------------------------------ */

static void come(void *owner) {
    struct later *later = owner;
    note_time(later);
    fake_listen(later->fake);
    later->record = fake_record(later->fake);
    if (later->touch)
        world_touch(later->world);
}

static void come_without_a_record(void *owner) {
    struct later *later = owner;
    note_time(later);
    fake_listen(later->fake);
}

static struct fake *absent(struct world *world, uint16_t port) {
    struct fake *fake = world_serve(world, port, FAKE_OURS);
    berth_net_listener_close(fake->listener);
    return fake;
}

static void run_until_come(uint16_t port, berth_net_timer_event event, bool touch,
                           uint64_t most_ms) {
    struct world world;
    world_open(&world, 2);
    world.options.deadline_ms = 60000;
    struct later later = {.world = &world, .fake = absent(&world, port), .touch = touch};
    for (uint16_t other = 1018; other <= 1030; other++) {
        if (other != port)
            world_serve(&world, other, FAKE_TARPIT);
    }
    later_in(&later, 10300, event);
    world_search(&world);
    assert_found(&world, later.fake, BERTH_VERDICT_PROVED);
    if (world.done_ms > later.at_ms + most_ms)
        fail_msg("%d ms after it came", (int)(world.done_ms - later.at_ms));
    berth_net_timer_destroy(later.timer);
    berth_record_withdraw(later.record);
    world_close(&world);
}

static void test_a_server_that_comes_is_found_at_once(void **state) {
    (void)state;
    run_until_come(4000, come, true, ASKING_MS);
    run_until_come(4000, come, false, 250 + ASKING_MS);
    run_until_come(1024, come, true, ASKING_MS);
}

static void test_a_server_without_a_record_is_found_in_the_next_round(void **state) {
    (void)state;
    run_until_come(1024, come_without_a_record, false, 1000 + 250 + ASKING_MS);
}

/* -- Patience ---------------------------------------------------------------------------------- */

/* Strangers are asked once a second and no more, however long we look, and however much happens in
 * the folder. */
static void touch_often(void *owner) {
    struct later *later = owner;
    world_touch(later->world);
    berth_net_timer_start(later->timer, 5);
}

static void test_strangers_are_not_flooded(void **state) {
    struct world world;
    (void)state;
    world_open(&world, 2);
    world.options.deadline_ms = 10000;
    struct fake *hello = world_serve(&world, 1018, FAKE_HELLO);
    struct fake *noise = world_serve(&world, 1019, FAKE_NOISE);
    struct later later = {.world = &world};
    char path[96];
    snprintf(path, sizeof path, "%s/assistant", world.runtime_dir);
    assert_int_equal(mkdir(path, 0700), 0);
    later_in(&later, 1, touch_often);
    world_search(&world);
    assert_int_equal(world.error, BERTH_E_NOT_FOUND);
    assert_in_range(hello->asked, 5, 11);
    assert_in_range(noise->asked, 5, 11);
    berth_net_timer_destroy(later.timer);
    world_close(&world);
}

/* A tarpit holds one connection of ours, not one more for every round. */
static void test_what_is_being_asked_is_not_asked_again(void **state) {
    struct world world;
    (void)state;
    world_open(&world, 2);
    world.options.deadline_ms = 3000;
    world.options.attempt_ms = 60000;
    world_serve(&world, 1018, FAKE_TARPIT);
    world_search(&world);
    assert_int_equal(world.error, BERTH_E_NOT_FOUND);
    assert_int_equal(world.fakes[0].asked, 1);
    assert_int_equal(heard_of(&world, BERTH_FIND_CANDIDATE, "http://127.0.0.1:1018 "), 1);
    world_close(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ready_is_seen_at_once_where_the_folder_is_watched),
        cmocka_unit_test(test_ready_is_seen_at_the_next_look_where_it_is_not),
        cmocka_unit_test(test_ready_is_seen_without_any_record),
        cmocka_unit_test(test_an_answer_that_is_old_when_it_comes),
        cmocka_unit_test(test_the_deadline_ends_the_wait),
        cmocka_unit_test(test_the_deadline_holds_among_tarpits),
        cmocka_unit_test(test_looking_once_does_not_wait_for_a_start),
        cmocka_unit_test(test_a_start_that_dies_ends_the_wait),
        cmocka_unit_test(test_a_start_that_is_given_up_ends_the_wait),
        cmocka_unit_test(test_the_death_of_one_leaves_the_other),
        cmocka_unit_test(test_a_server_that_comes_is_found_at_once),
        cmocka_unit_test(test_a_server_without_a_record_is_found_in_the_next_round),
        cmocka_unit_test(test_strangers_are_not_flooded),
        cmocka_unit_test(test_what_is_being_asked_is_not_asked_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
