/* The send queue: order kept through every mix of appends and takings, and nothing left behind. */
#include "net/queue.h"

#include "base/alloc.h"
#include "berth/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static uint8_t pattern(size_t position) { return (uint8_t)(position * 7 + (position >> 8)); }

static int append(struct berth_net_queue *queue, size_t position, size_t size) {
    char *bytes = malloc(size);
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)pattern(position + i);
    struct berth_view view = {bytes, size};
    int error = berth_net_queue_append(queue, &view, 1, 0);
    free(bytes);
    return error;
}

static void expect(const struct berth_view *views, size_t count, size_t position) {
    for (size_t i = 0; i < count; i++) {
        assert_true(views[i].size > 0);
        for (size_t j = 0; j < views[i].size; j++)
            assert_int_equal((uint8_t)views[i].data[j], pattern(position++));
    }
}

static void test_bytes_come_out_as_they_went_in(void **state) {
    (void)state;
    struct berth_net_queue queue = {0};
    size_t in = 0;
    size_t out = 0;
    /* The sizes wander through one byte, part of a chunk, and several chunks. */
    for (size_t round = 1; round < 400; round++) {
        size_t size = round * 7919 % 20000 + (round % 50 == 0 ? 150000 : 1);
        assert_int_equal(append(&queue, in, size), 0);
        in += size;
        assert_int_equal(queue.size, in - out);
        struct berth_view views[3];
        size_t count = berth_net_queue_peek(&queue, views, 3);
        assert_in_range(count, 1, 3);
        expect(views, count, out);
        size_t part = round * 6007 % 22000;
        part = part < queue.size ? part : queue.size;
        berth_net_queue_consume(&queue, part);
        out += part;
    }
    char rest[5000];
    while (queue.size > 0) {
        size_t got = berth_net_queue_take(&queue, rest, sizeof rest);
        struct berth_view view = {rest, got};
        expect(&view, 1, out);
        out += got;
    }
    assert_int_equal(out, in);
    assert_null(queue.last);
}

static void test_what_was_written_already_is_skipped(void **state) {
    (void)state;
    for (size_t skip = 0; skip <= 10; skip++) {
        const struct berth_view parts[] = {
            {"ab", 2}, {NULL, 0}, {"cdefg", 5}, {"", 0}, {"hij", 3},
        };
        struct berth_net_queue queue = {0};
        assert_int_equal(berth_net_queue_append(&queue, parts, 5, skip), 0);
        char out[11] = {0};
        assert_int_equal(berth_net_queue_take(&queue, out, 10), 10 - skip);
        assert_string_equal(out, &"abcdefghij"[skip]);
        berth_net_queue_free(&queue);
    }
}

static void test_small_appends_share_chunks(void **state) {
    (void)state;
    struct berth_net_queue queue = {0};
    berth_alloc_fail_at(0);
    for (size_t i = 0; i < 200000; i++)
        assert_int_equal(append(&queue, i, 1), 0);
    assert_true(berth_alloc_count() < 12);
    berth_net_queue_free(&queue);
}

static void test_what_was_peeked_at_stays_where_it_is(void **state) {
    (void)state;
    struct berth_net_queue queue = {0};
    assert_int_equal(append(&queue, 0, 100), 0);
    struct berth_view view;
    assert_int_equal(berth_net_queue_peek(&queue, &view, 1), 1);
    for (size_t i = 100; i < 300000; i += 100)
        assert_int_equal(append(&queue, i, 100), 0);
    assert_int_equal(view.size, 100);
    expect(&view, 1, 0);
    berth_net_queue_consume(&queue, view.size);
    berth_net_queue_free(&queue);
    assert_int_equal(queue.size, 0);
}

/* Whichever allocation fails, the queue is as it was. */
static void test_without_memory_nothing_changes(void **state) {
    (void)state;
    for (size_t nth = 1; nth <= 4; nth++) {
        struct berth_net_queue queue = {0};
        assert_int_equal(append(&queue, 0, 3000), 0);
        berth_alloc_fail_at(nth);
        int error = append(&queue, 3000, 200000);
        berth_alloc_fail_at(0);
        assert_int_equal(error, BERTH_E_MEMORY);
        assert_int_equal(queue.size, 3000);
        assert_int_equal(append(&queue, 3000, 2000), 0);
        struct berth_view views[4];
        expect(views, berth_net_queue_peek(&queue, views, 4), 0);
        berth_net_queue_free(&queue);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_come_out_as_they_went_in),
        cmocka_unit_test(test_what_was_written_already_is_skipped),
        cmocka_unit_test(test_small_appends_share_chunks),
        cmocka_unit_test(test_what_was_peeked_at_stays_where_it_is),
        cmocka_unit_test(test_without_memory_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
