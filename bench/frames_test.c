/* The load generator's check must find every kind of wrong echo, in any split of the bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "frames.h"
#include "histogram.h"

struct echo {
    uint8_t bytes[4096];
    size_t size;
};

static void put(struct echo *echo, uint8_t first, const void *payload, size_t size) {
    assert_true(size < 65536);
    echo->bytes[echo->size++] = first;
    if (size < 126) {
        echo->bytes[echo->size++] = (uint8_t)size;
    } else {
        echo->bytes[echo->size++] = 126;
        echo->bytes[echo->size++] = (uint8_t)(size >> 8);
        echo->bytes[echo->size++] = (uint8_t)size;
    }
    memcpy(echo->bytes + echo->size, payload, size);
    echo->size += size;
}

/* Feeds the echo in pieces of `step` bytes. */
static enum load_fault feed(const struct load_frames *frames, const struct echo *echo, size_t step,
                            size_t *ret_count) {
    struct load_check check = load_check_make(frames, LOAD_ECHO_PLAIN, 0);
    *ret_count = 0;
    for (size_t at = 0; at < echo->size; at += step) {
        size_t count;
        size_t size = echo->size - at < step ? echo->size - at : step;
        enum load_fault fault = load_check_feed(&check, echo->bytes + at, size, &count);
        *ret_count += count;
        if (fault != LOAD_FAULT_NONE)
            return fault;
    }
    return LOAD_FAULT_NONE;
}

static void expect(const struct load_frames *frames, const struct echo *echo, enum load_fault fault,
                   size_t messages) {
    for (size_t step = 1; step <= echo->size; step++) {
        size_t count;
        assert_int_equal(feed(frames, echo, step, &count), fault);
        assert_int_equal(count, messages);
    }
}

static void test_right_echoes_pass(void **state) {
    (void)state;
    struct load_frames frames;
    assert_true(load_frames_make(&frames, 2, 300, LOAD_OPCODE_TEXT));
    struct echo echo = {.size = 0};
    put(&echo, 0x81, frames.plain, 300);
    put(&echo, 0x01, frames.plain + 300, 100); /* the second in fragments, a ping in between */
    put(&echo, 0x89, "hi", 2);
    put(&echo, 0x80, frames.plain + 400, 200);
    put(&echo, 0x81, frames.plain, 300); /* the ring begins again */
    expect(&frames, &echo, LOAD_FAULT_NONE, 3);
    load_frames_free(&frames);
}

static void test_wrong_echoes_are_found(void **state) {
    (void)state;
    struct load_frames frames;
    assert_true(load_frames_make(&frames, 2, 20, LOAD_OPCODE_BINARY));
    const struct {
        uint8_t first;
        size_t offset, size;
        enum load_fault fault;
    } cases[] = {
        {0x81, 0, 20, LOAD_FAULT_OPCODE},   {0xc2, 0, 20, LOAD_FAULT_RESERVED},
        {0x80, 0, 20, LOAD_FAULT_OPCODE},   {0x82, 0, 19, LOAD_FAULT_LENGTH},
        {0x82, 0, 21, LOAD_FAULT_LENGTH},   {0x02, 0, 21, LOAD_FAULT_LENGTH},
        {0x82, 20, 20, LOAD_FAULT_PAYLOAD}, {0x88, 0, 2, LOAD_FAULT_CLOSE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct echo echo = {.size = 0};
        put(&echo, cases[i].first, frames.plain + cases[i].offset, cases[i].size);
        expect(&frames, &echo, cases[i].fault, 0);
    }
    struct echo long_length = {.bytes = {0x82, 126, 0, 20}, .size = 4};
    expect(&frames, &long_length, LOAD_FAULT_LENGTH, 0);
    struct echo long_ping = {.bytes = {0x89, 126, 0, 126}, .size = 4};
    expect(&frames, &long_ping, LOAD_FAULT_LENGTH, 0);
    struct echo masked = {.size = frames.frame_size};
    memcpy(masked.bytes, frames.wire, frames.frame_size);
    expect(&frames, &masked, LOAD_FAULT_MASK, 0);
    load_frames_free(&frames);
}

static void test_one_wrong_byte_is_found(void **state) {
    (void)state;
    struct load_frames frames;
    assert_true(load_frames_make(&frames, 1, 20, LOAD_OPCODE_BINARY));
    for (size_t i = 0; i < 20; i++) {
        struct echo echo = {.size = 0};
        put(&echo, 0x82, frames.plain, 20);
        echo.bytes[2 + i] ^= 1;
        expect(&frames, &echo, LOAD_FAULT_PAYLOAD, 0);
    }
    load_frames_free(&frames);
}

static void test_raw_echo_is_compared(void **state) {
    (void)state;
    struct load_frames frames;
    size_t count;
    assert_true(load_frames_make(&frames, 3, 200, LOAD_OPCODE_BINARY));
    struct load_check check = load_check_make(&frames, LOAD_ECHO_RAW, 1);
    assert_int_equal(
        load_check_feed(&check, frames.wire + frames.frame_size, 2 * frames.frame_size, &count),
        LOAD_FAULT_NONE);
    assert_int_equal(count, 2);
    assert_int_equal(load_check_feed(&check, frames.wire, 10, &count), LOAD_FAULT_NONE);
    assert_int_equal(load_check_feed(&check, frames.wire + 11, 10, &count), LOAD_FAULT_PAYLOAD);
    load_frames_free(&frames);
}

/* Our own frames, unmasked by hand, are the payloads that we expect. */
static void test_frames_are_masked(void **state) {
    (void)state;
    struct load_frames frames;
    assert_true(load_frames_make(&frames, 2, 70000, LOAD_OPCODE_BINARY));
    const uint8_t *frame = frames.wire + frames.frame_size;
    assert_memory_equal(frame, "\x82\xff\0\0\0\0\0\x01\x11\x70", 10);
    assert_memory_not_equal(frame + 14, frames.plain + 70000, 70000);
    for (size_t i = 0; i < 70000; i++)
        assert_int_equal(frame[14 + i] ^ frame[10 + i % 4], frames.plain[70000 + i]);
    load_frames_free(&frames);
}

static void test_quantiles(void **state) {
    (void)state;
    struct load_histogram *histogram = calloc(1, sizeof *histogram);
    assert_non_null(histogram);
    assert_int_equal(load_histogram_quantile(histogram, 0.5), 0);
    for (uint64_t i = 1; i <= 100000; i++)
        load_histogram_add(histogram, i * 1000);
    assert_in_range(load_histogram_quantile(histogram, 0.5), 49500000, 50500000);
    assert_in_range(load_histogram_quantile(histogram, 0.99), 98000000, 100000000);
    load_histogram_add(histogram, UINT64_MAX);
    assert_true(load_histogram_quantile(histogram, 1.0) >= LOAD_HISTOGRAM_MAX);
    free(histogram);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_echoes_pass),
        cmocka_unit_test(test_wrong_echoes_are_found),
        cmocka_unit_test(test_one_wrong_byte_is_found),
        cmocka_unit_test(test_raw_echo_is_compared),
        cmocka_unit_test(test_frames_are_masked),
        cmocka_unit_test(test_quantiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
