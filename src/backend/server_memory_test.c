/* Memory that is not there: each allocation of a whole server's life fails once, in turn, from the
 * first connection to the end of the drain. */
#include "backend/stage.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define FILE_SIZE 10000
#define CLIENTS 8

static char folder[64];

static int make_folder(void **state) {
    (void)state;
    char path[128];
    snprintf(folder, sizeof folder, "%s", "/tmp/berth-memory-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/file.txt", folder);
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return -1;
    for (int i = 0; i < FILE_SIZE; i++)
        fputc('f', file);
    return fclose(file);
}

static int remove_folder(void **state) {
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/file.txt", folder);
    unlink(path);
    return rmdir(folder);
}

/* What each client says first. Two are in each room; the second of each says nothing more. */
static const char *const greetings[CLIENTS] = {
    STAGE_GET_TEXT("/health") STAGE_GET_TEXT("/static/file.txt") STAGE_UPGRADE_TEXT("/client-ws"),
    STAGE_UPGRADE_TEXT("/hub?room=r"),
    STAGE_UPGRADE_TEXT("/drop?room=r"),
    STAGE_UPGRADE_TEXT("/drop?room=r"),
    STAGE_UPGRADE_TEXT("/pause?room=r"),
    STAGE_UPGRADE_TEXT("/pause?room=r"),
    STAGE_UPGRADE_DEFLATE_TEXT("/client-ws") "\xC1\x87\1\2\3\4\xF3\x4A\xCE\xCD\xC8\x05\3",
    STAGE_UPGRADE_DEFLATE_TEXT("/drop?room=r"),
};

static char large[9000];

/* Errors are only the client's own here: what the server lacks is not told by these calls. */
static int talk(struct stage *stage, struct visitor *clients) {
    struct berth_view payload = {large, sizeof large};
    int error = 0;
    for (size_t i = 0; i < CLIENTS && error == 0; i++) {
        error = stage_dial(stage, &clients[i]);
        if (error == 0)
            error = visitor_say(&clients[i], berth_view_of(greetings[i]));
    }
    stage_run_for(stage, 1000);
    for (size_t i = 3; i < CLIENTS; i += 2) /* the slow readers */
        if (clients[i].stream != NULL)
            berth_net_stream_pause(clients[i].stream);
    for (size_t i = 0; i < CLIENTS && error == 0; i++) {
        error = visitor_say_frame(&clients[i], BERTH_WS_OPCODE_BINARY, false, payload);
        if (error == 0)
            error = visitor_say_frame(&clients[i], BERTH_WS_OPCODE_PING, true, BERTH_VIEW("p"));
        if (error == 0)
            error = visitor_say_frame(&clients[i], BERTH_WS_OPCODE_CONTINUATION, true, payload);
        for (int more = 0; more < 4 && error == 0; more++)
            error = visitor_say_frame(&clients[i], BERTH_WS_OPCODE_TEXT, true, payload);
    }
    stage_run_for(stage, 1000);
    for (size_t i = 3; i < CLIENTS; i += 2)
        if (clients[i].stream != NULL)
            berth_net_stream_resume(clients[i].stream);
    stage_run_for(stage, 1000);
    for (size_t i = 0; i < CLIENTS && error == 0; i += 2)
        error = visitor_say_frame(&clients[i], BERTH_WS_OPCODE_CLOSE, true, BERTH_VIEW("\x03\xE8"));
    stage_run_for(stage, 1000);
    return error;
}

/* Whatever was lost before: who comes now is served, over HTTP and WebSocket. */
static void assert_serves(struct stage *stage) {
    struct visitor next;
    assert_int_equal(stage_dial(stage, &next), 0);
    assert_int_equal(visitor_say(&next, STAGE_GET("/health")), 0);
    assert_int_equal(visitor_say(&next, STAGE_UPGRADE("/client-ws")), 0);
    assert_int_equal(
        visitor_say_frame(&next, BERTH_WS_OPCODE_TEXT, true, BERTH_VIEW("still there?")), 0);
    stage_run_for(stage, 1000);
    assert_non_null(strstr(visitor_text(&next), "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(visitor_text(&next), "HTTP/1.1 101 "));
    assert_non_null(strstr(visitor_text(&next), "still there?"));
    visitor_cut(&next);
    stage_run_for(stage, 1000);
    visitor_hang_up(&next);
}

/* One life in which the nth allocation fails; false when there were fewer. */
static bool live(size_t loops, size_t nth, size_t *ret_refused) {
    static const struct berth_net_sim_options sim = {
        .seed = 21, .short_reads = true, .short_writes = true, .window = 6000, .delay_max_ms = 1};
    struct stage stage;
    struct visitor clients[CLIENTS] = {{.stream = NULL}};
    stage_init(&stage);
    stage.loops = loops;
    stage.options.static_dir = folder;
    stage.options.limits.send_queue_size = 65536;
    stage.options.compression = BERTH_COMPRESSION_OWN;
    stage.options.compression_min = 1024;

    berth_alloc_fail_at(nth);
    int error = stage_open(&stage, &sim);
    bool opened = error == 0;
    if (opened)
        error = talk(&stage, clients);
    bool reached = berth_alloc_count() >= nth;
    berth_alloc_fail_at(0);
    *ret_refused += !opened;
    if (opened) {
        assert_serves(&stage);
        berth_alloc_fail_at(reached ? 0 : 1); /* nothing has failed: the drain's own is left */
        stage_drain(&stage);
        assert_true(berth_alloc_count() >= 1);
        berth_alloc_fail_at(0);
    }
    assert_true(reached || error == 0);
    stage_close(&stage);
    for (size_t i = 0; i < CLIENTS; i++)
        visitor_hang_up(&clients[i]);
    return reached;
}

static void fail_each(size_t loops) {
    size_t nth = 1, refused = 0;
    while (live(loops, nth, &refused))
        nth++;
    print_message("%zu allocations, %zu of them before it listens\n", nth - 1, refused);
    assert_true(nth > 200 && refused > 5);
}

static void test_each_allocation_may_fail(void **state) {
    (void)state;
    fail_each(1);
}

/* Of several servers that are one. */
static void test_each_allocation_of_a_team_may_fail(void **state) {
    (void)state;
    fail_each(3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_allocation_may_fail, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_each_allocation_of_a_team_may_fail, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests_name("server_memory", tests, NULL, NULL);
}
