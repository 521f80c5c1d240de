/* Over the simulated net: virtual time, and changes that are heard of when the test says so. */
#include "server/file_cache.h"

#include "base/writer.h"
#include "net/sim.h"
#include "sys/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

struct world {
    char root[32];
    struct berth_net *net;
    intptr_t dir;
    struct berth_file_cache *cache;
};

static void put_file(const struct world *world, const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", world->root, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state) {
    struct world *world = calloc(1, sizeof *world);
    *state = world;
    fixture_folder_make(world->root);
    static const char *const folders[] = {"a", "a/b", "ab"};
    for (size_t i = 0; i < 3; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", world->root, folders[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    struct berth_net_sim_options options = {.seed = 1};
    assert_int_equal(berth_net_sim_create(&options, &world->net), 0);
    assert_int_equal(berth_sys_dir_open(world->root, &world->dir), 0);
    return berth_file_cache_create(world->net, world->dir, true, &world->cache);
}

static int tear_down(void **state) {
    struct world *world = *state;
    berth_file_cache_destroy(world->cache);
    berth_net_destroy(world->net);
    berth_sys_dir_close(world->dir);
    fixture_folder_remove(world->root);
    free(world);
    return 0;
}

/* What a server does for a file that is not there yet. */
static const struct berth_cached_file *load(struct world *world, const char *name, unsigned order) {
    struct berth_view view = berth_view_of(name);
    struct berth_sys_file file;
    assert_true(berth_file_cache_watch(world->cache, view));
    assert_int_equal(berth_sys_file_open_beneath(world->dir, name, &file), 0);
    struct berth_file_version version = {
        BERTH_HTTP_CODING_IDENTITY, file.id, file.size, file.modified_s, file.modified_ns, 0};
    const struct berth_cached_file *cached =
        berth_file_cache_put(world->cache, view, order, &version, &file);
    berth_sys_file_close(&file);
    return cached;
}

static bool is_there(struct world *world, const char *name, unsigned order, const char *text) {
    const struct berth_cached_file *cached =
        berth_file_cache_find(world->cache, berth_view_of(name), order);
    if (cached == NULL)
        return false;
    assert_int_equal(cached->version.size, strlen(text));
    assert_memory_equal(cached->bytes, text, strlen(text));
    return true;
}

static void stop(void *owner) { berth_net_stop(owner); }

static void run_for(struct world *world, uint64_t time_ms) {
    struct berth_net_timer *timer;
    assert_int_equal(berth_net_timer_create(world->net, stop, world->net, &timer), 0);
    berth_net_timer_start(timer, time_ms);
    berth_net_run(world->net);
    berth_net_timer_destroy(timer);
}

static void touch(struct world *world, const char *folder) {
    char memory[256];
    struct berth_writer path = berth_writer_on(memory, sizeof memory);
    berth_sys_dir_path(world->dir, berth_view_of(folder), &path);
    berth_net_sim_touch(world->net, memory);
    run_for(world, 1);
}

static void what_is_put_is_found(void **state) {
    struct world *world = *state;
    put_file(world, "x", "text");
    assert_false(is_there(world, "x", 1, "text"));
    const struct berth_cached_file *cached = load(world, "x", 1);
    assert_non_null(cached);
    assert_true(is_there(world, "x", 1, "text"));
    assert_false(is_there(world, "x", 2, "text"));
    assert_false(is_there(world, "y", 1, "text"));
    put_file(world, "empty", "");
    assert_non_null(load(world, "empty", 1));
    assert_true(is_there(world, "empty", 1, ""));
}

static void a_change_drops_what_lies_beneath(void **state) {
    struct world *world = *state;
    static const char *const names[] = {"x", "a/x", "a/b/x", "ab/x"};
    for (size_t i = 0; i < 4; i++) {
        put_file(world, names[i], names[i]);
        assert_non_null(load(world, names[i], 1));
    }
    touch(world, "a/b");
    assert_false(is_there(world, "a/b/x", 1, "a/b/x"));
    assert_true(is_there(world, "a/x", 1, "a/x"));
    touch(world, "a");
    assert_false(is_there(world, "a/x", 1, "a/x"));
    assert_true(is_there(world, "ab/x", 1, "ab/x"));
    assert_true(is_there(world, "x", 1, "x"));
    touch(world, "");
    assert_false(is_there(world, "ab/x", 1, "ab/x"));
    assert_false(is_there(world, "x", 1, "x"));
    /* The folder's name may stand for another one now: it is watched anew. */
    assert_non_null(load(world, "a/b/x", 1));
    touch(world, "a/b");
    assert_false(is_there(world, "a/b/x", 1, "a/b/x"));
}

static void nothing_old_is_given(void **state) {
    struct world *world = *state;
    put_file(world, "x", "old");
    assert_non_null(load(world, "x", 1));
    run_for(world, BERTH_FILE_CACHE_AGE_MS);
    assert_true(is_there(world, "x", 1, "old"));
    run_for(world, 2);
    assert_false(is_there(world, "x", 1, "old"));
    put_file(world, "x", "new");
    assert_non_null(load(world, "x", 1));
    assert_true(is_there(world, "x", 1, "new"));
}

static void large_files_are_mapped(void **state) {
    struct world *world = *state;
    char *text = calloc(1, BERTH_FILE_CACHE_COPY_MAX + 2);
    memset(text, 'x', BERTH_FILE_CACHE_COPY_MAX);
    put_file(world, "fits", text);
    assert_false(load(world, "fits", 1)->is_mapped);
    text[BERTH_FILE_CACHE_COPY_MAX] = 'x';
    put_file(world, "larger", text);
    assert_true(load(world, "larger", 1)->is_mapped);
    assert_true(is_there(world, "larger", 1, text));

    berth_file_cache_destroy(world->cache);
    assert_int_equal(berth_file_cache_create(world->net, world->dir, false, &world->cache), 0);
    assert_non_null(load(world, "fits", 1));
    assert_null(load(world, "larger", 1));
    free(text);
}

static void what_is_held_outlives_its_entry(void **state) {
    struct world *world = *state;
    char *text = calloc(1, BERTH_FILE_CACHE_COPY_MAX + 2);
    memset(text, 'x', BERTH_FILE_CACHE_COPY_MAX + 1);
    put_file(world, "small", "text");
    put_file(world, "large", text);
    const struct berth_cached_file *small = load(world, "small", 1);
    const struct berth_cached_file *large = load(world, "large", 1);
    berth_file_cache_hold(small);
    berth_file_cache_hold(large);
    berth_file_cache_hold(large);
    touch(world, "");
    assert_false(is_there(world, "small", 1, "text"));
    assert_memory_equal(small->bytes, "text", 4);
    berth_file_cache_release(large);
    assert_memory_equal(large->bytes, text, BERTH_FILE_CACHE_COPY_MAX + 1);
    berth_file_cache_release(small);
    berth_file_cache_release(large);
    free(text);
}

static void the_least_used_goes(void **state) {
    struct world *world = *state;
    char *text = calloc(1, BERTH_FILE_CACHE_COPY_MAX + 1);
    memset(text, 'x', BERTH_FILE_CACHE_COPY_MAX);
    put_file(world, "big", text);
    put_file(world, "x", "used");
    assert_non_null(load(world, "x", 1));
    unsigned most = (unsigned)(BERTH_FILE_CACHE_COPIES_MAX / BERTH_FILE_CACHE_COPY_MAX) + 10;
    for (unsigned order = 0; order < most; order++) {
        assert_non_null(load(world, "big", order));
        assert_true(is_there(world, "x", 1, "used"));
    }
    assert_null(berth_file_cache_find(world->cache, BERTH_VIEW("big"), 0));
    assert_true(is_there(world, "big", most - 1, text));
    free(text);
}

static void folders_have_a_limit(void **state) {
    struct world *world = *state;
    char name[32];
    for (int i = 0; i < BERTH_FILE_CACHE_FOLDERS_MAX - 1; i++) { /* the root is one */
        snprintf(name, sizeof name, "f%d/x", i);
        assert_true(berth_file_cache_watch(world->cache, berth_view_of(name)));
    }
    assert_false(berth_file_cache_watch(world->cache, BERTH_VIEW("more/x")));
    assert_true(berth_file_cache_watch(world->cache, BERTH_VIEW("f0/x")));
    assert_true(berth_file_cache_watch(world->cache, BERTH_VIEW("x")));
}

int main(void) {
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(what_is_put_is_found),
        CASE(a_change_drops_what_lies_beneath),
        CASE(nothing_old_is_given),
        CASE(large_files_are_mapped),
        CASE(what_is_held_outlives_its_entry),
        CASE(the_least_used_goes),
        CASE(folders_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
