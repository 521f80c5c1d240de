/* Watches on folders. */
#include "net/conformance.h"

#include <stdio.h>
#include <sys/stat.h>

struct watching {
    struct world *world;
    struct berth_net_watch *watch;
    char folder[64];
    int heard;
};

static void watching_open(struct watching *watching, void **state) {
    *watching = (struct watching){.world = world_open(*state), .folder = "/tmp/berth-watch-XXXXXX"};
    assert_non_null(mkdtemp(watching->folder));
}

static void watching_close(struct watching *watching) {
    world_close(watching->world);
    rmdir(watching->folder);
}

static int watch(struct watching *watching, berth_net_watch_event event) {
    int error;
    QUIETLY(watching->world, error = berth_net_watch_create(watching->world->net, watching->folder,
                                                            event, watching, &watching->watch));
    return error;
}

/* A change: a file comes and goes. */
static void change(struct watching *watching) {
    char path[96];
    snprintf(path, sizeof path, "%s/file", watching->folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(remove(path), 0);
    if (!watching->world->transport->is_real)
        QUIETLY(watching->world, berth_net_sim_touch(watching->world->net, watching->folder));
}

static void hear(void *owner) {
    struct watching *watching = owner;
    assert_false(watching->world->calling);
    watching->heard++;
    berth_net_stop(watching->world->net);
}

static void hear_and_destroy(void *owner) {
    struct watching *watching = owner;
    hear(owner);
    berth_net_watch_destroy(watching->watch);
}

static void test_a_change_is_an_event(void **state) {
    struct watching watching;
    watching_open(&watching, state);
    assert_int_equal(watch(&watching, hear), 0);
    change(&watching);
    assert_int_equal(watching.heard, 0);
    world_run(watching.world);
    assert_true(watching.heard >= 1);
    world_run_for(watching.world, 20);
    int heard = watching.heard;
    change(&watching);
    world_run(watching.world);
    assert_true(watching.heard > heard);
    watching_close(&watching);
}

static void test_without_a_change_there_is_silence(void **state) {
    struct watching watching;
    struct watching other;
    watching_open(&watching, state);
    other = (struct watching){.world = watching.world, .folder = "/tmp/berth-watch-XXXXXX"};
    assert_non_null(mkdtemp(other.folder));
    assert_int_equal(watch(&watching, hear), 0);
    change(&other);
    world_run_for(watching.world, 20);
    assert_int_equal(watching.heard, 0);
    watching_close(&watching);
    rmdir(other.folder);
}

static void test_two_hear_of_a_change_and_one_destroys_itself(void **state) {
    struct watching one;
    watching_open(&one, state);
    struct watching other = one;
    assert_int_equal(watch(&one, hear_and_destroy), 0);
    assert_int_equal(watch(&other, hear), 0);
    change(&one);
    world_run_for(one.world, 20);
    world_run_for(one.world, 20);
    assert_int_equal(one.heard, 1);
    int heard = other.heard;
    assert_true(heard >= 1);
    change(&one);
    world_run(one.world);
    assert_int_equal(one.heard, 1);
    assert_true(other.heard > heard);
    watching_close(&one);
}

static void test_what_is_destroyed_is_silent(void **state) {
    struct watching watching;
    watching_open(&watching, state);
    assert_int_equal(watch(&watching, hear), 0);
    change(&watching);
    berth_net_watch_destroy(watching.watch);
    berth_net_watch_destroy(NULL);
    world_run_for(watching.world, 20);
    assert_int_equal(watching.heard, 0);
    watching_close(&watching);
}

static void test_a_net_that_closes_stops_its_watches(void **state) {
    struct watching watching;
    watching_open(&watching, state);
    assert_int_equal(watch(&watching, hear), 0);
    change(&watching);
    berth_net_close(watching.world->net);
    assert_int_equal(watching.heard, 0);
    assert_int_equal(watch(&watching, hear), BERTH_E_CLOSED);
    watching_close(&watching);
}

static void test_without_memory_there_is_no_watch(void **state) {
    struct watching watching;
    watching_open(&watching, state);
    berth_alloc_fail_at(1);
    assert_int_equal(watch(&watching, hear), BERTH_E_MEMORY);
    berth_alloc_fail_at(0);
    watching_close(&watching);
}

static void test_a_folder_that_is_not_there(void **state) {
    struct watching watching;
    watching_open(&watching, state);
    assert_int_equal(rmdir(watching.folder), 0);
    assert_int_equal(watch(&watching, hear), BERTH_E_NOT_FOUND);
    assert_int_equal(mkdir(watching.folder, 0700), 0);
    assert_int_equal(watch(&watching, hear), 0);
    assert_int_equal(rmdir(watching.folder), 0);
    world_run(watching.world); /* its removal is a change too */
    watching_close(&watching);
}

/* -- Before streams ---------------------------------------------------------------------------- */

static struct watching *around; /* what the stream's end looks at */

static void hear_only(void *owner) { ((struct watching *)owner)->heard++; }

static void expect_heard(struct end *end, enum happening what) {
    if (what != DATA)
        return;
    assert_true(around->heard >= 1);
    berth_net_stop(end->world->net);
}

/* The bytes came first, and both are there when the loop looks: what is kept in memory of a folder
 * must be gone when the request for it is answered. */
static void test_a_change_is_told_before_what_streams_have(void **state) {
    struct watching watching;
    watching_open(&watching, state);
    around = &watching;
    world_serve(watching.world, expect_heard);
    struct end *client = world_connect(watching.world, NULL);
    world_run_for(watching.world, 20);
    assert_int_equal(watching.world->end_count, 2);
    assert_int_equal(watch(&watching, hear_only), 0);
    for (int i = 1; i <= 3; i++) {
        watching.heard = 0;
        assert_int_equal(end_send(client, 100), 0);
        change(&watching);
        world_run(watching.world);
        assert_int_equal(watching.world->ends[1].received, 100 * (size_t)i);
    }
    watching_close(&watching);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_ALL(test_a_change_is_an_event),
        ON_ALL(test_without_a_change_there_is_silence),
        ON_ALL(test_two_hear_of_a_change_and_one_destroys_itself),
        ON_ALL(test_what_is_destroyed_is_silent),
        ON_ALL(test_a_net_that_closes_stops_its_watches),
        ON_ALL(test_without_memory_there_is_no_watch),
        ON_REAL(test_a_folder_that_is_not_there),
        ON(transport_epoll, test_a_change_is_told_before_what_streams_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
