/* What waits and what leaves: frames, fragments, and the rest after a loss. */
#include "find/client_outbox.h"

#include "base/alloc.h"
#include "berth/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static unsigned calls;
static int failure;

/* Bytes that count up: each mask differs from the one before. */
static int count_up(void *bytes, size_t size) {
    calls++;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)(i + calls);
    return failure;
}

static struct berth_client_random source;
static struct berth_client_batch batch;

static void reset(void) {
    calls = 0;
    failure = 0;
    source = (struct berth_client_random){.source = count_up};
    batch = (struct berth_client_batch){.random = &source};
}

/* -- Random bytes ------------------------------------------------------------------------------ */

static void each_random_byte_is_given_once(void **state) {
    (void)state;
    reset();
    uint8_t masks[1025][4];
    for (size_t i = 0; i < 1025; i++)
        assert_int_equal(berth_client_random_take(&source, masks[i], 4), 0);
    assert_int_equal(calls, 2);
    assert_int_equal(masks[0][0], 1);
    assert_int_equal(masks[1][0], 5);
    assert_int_equal(masks[1023][3], (uint8_t)4096);
    assert_int_equal(masks[1024][0], 2);
}

static void numbers_stay_in_range(void **state) {
    (void)state;
    reset();
    for (unsigned i = 0; i < 5000; i++) {
        uint32_t number;
        assert_int_equal(berth_client_random_up_to(&source, i % 7, &number), 0);
        assert_in_range(number, 0, i % 7);
    }
    uint32_t number = 77;
    reset();
    failure = BERTH_E_SYSTEM;
    assert_int_equal(berth_client_random_up_to(&source, 9, &number), BERTH_E_SYSTEM);
    assert_int_equal(number, 77);
}

/* -- Frames ------------------------------------------------------------------------------------ */

/* Reads the batch as the server does, and empties it; the payloads as one text. */
struct heard {
    char text[400000];
    size_t size;
    unsigned messages;
};

static struct berth_ws_limits limits;
static struct berth_ws_decoder decoder;
static uint8_t control_room[BERTH_WS_CONTROL_MAX];

static void listen_anew(struct heard *heard) {
    limits = berth_ws_limits_default();
    berth_ws_decoder_init(&decoder, BERTH_WS_SERVER, &limits, control_room);
    heard->size = heard->messages = 0;
}

static void hear(struct heard *heard) {
    uint8_t *bytes = batch.memory;
    size_t size = batch.size;
    struct berth_ws_event event;
    do {
        size_t used = berth_ws_decoder_feed(&decoder, bytes, size, &event);
        bytes += used;
        size -= used;
        assert_int_not_equal(event.type, BERTH_WS_EVENT_FAIL);
        if (event.type == BERTH_WS_EVENT_DATA && event.data.size > 0)
            memcpy(heard->text + heard->size, event.data.data, event.data.size);
        heard->size += event.type == BERTH_WS_EVENT_DATA ? event.data.size : 0;
        heard->messages += event.type == BERTH_WS_EVENT_DATA && event.last;
    } while (event.type != BERTH_WS_EVENT_NONE);
    batch.size = 0;
}

static void frames_have_masks_of_their_own(void **state) {
    (void)state;
    reset();
    assert_int_equal(berth_client_batch_put(&batch, BERTH_WS_OPCODE_TEXT, BERTH_VIEW("aa")), 0);
    assert_int_equal(berth_client_batch_put(&batch, BERTH_WS_OPCODE_TEXT, BERTH_VIEW("aa")), 0);
    static const uint8_t expected[] = {0x81, 0x82, 1, 2, 3, 4, 'a' ^ 1, 'a' ^ 2,
                                       0x81, 0x82, 5, 6, 7, 8, 'a' ^ 5, 'a' ^ 6};
    assert_int_equal(batch.size, sizeof expected);
    assert_memory_equal(batch.memory, expected, sizeof expected);
}

static void a_full_batch_takes_nothing(void **state) {
    (void)state;
    reset();
    static char bytes[BERTH_CLIENT_BATCH_SIZE];
    size_t room = berth_client_batch_room(&batch);
    struct berth_view all = {bytes, room};
    assert_int_equal(
        berth_client_batch_put(&batch, BERTH_WS_OPCODE_BINARY, berth_view_bytes(bytes, room + 1)),
        BERTH_E_FULL);
    assert_int_equal(batch.size, 0);
    assert_int_equal(berth_client_batch_put(&batch, BERTH_WS_OPCODE_BINARY, all), 0);
    size_t size = batch.size;
    assert_int_equal(berth_client_batch_put(&batch, BERTH_WS_OPCODE_PONG, BERTH_VIEW("")),
                     BERTH_E_FULL);
    assert_int_equal(batch.size, size);
    assert_int_equal(berth_client_batch_room(&batch), 0);
}

/* -- The outbox -------------------------------------------------------------------------------- */

static void order_and_bounds_are_kept(void **state) {
    (void)state;
    reset();
    static struct heard heard;
    listen_anew(&heard);
    struct berth_client_outbox outbox = {0};
    char *bytes = malloc(150000);
    assert_non_null(bytes);
    assert_true(berth_client_outbox_is_empty(&outbox));
    for (size_t i = 0; i < 150000; i++)
        bytes[i] = (char)('a' + i % 23);
    assert_int_equal(berth_client_outbox_add(&outbox, BERTH_WS_OPCODE_TEXT, bytes, 3), 0);
    assert_int_equal(berth_client_outbox_add(&outbox, BERTH_WS_OPCODE_BINARY, bytes, 150000), 0);
    assert_int_equal(berth_client_outbox_add(&outbox, BERTH_WS_OPCODE_TEXT, NULL, 0), 0);
    assert_int_equal(berth_client_outbox_add(&outbox, BERTH_WS_OPCODE_TEXT, bytes, 5), 0);
    assert_int_equal(berth_client_outbox_size(&outbox), 150008 + 4 * BERTH_CLIENT_OUTBOX_COST);
    unsigned batches = 0;
    while (!berth_client_outbox_is_empty(&outbox)) {
        assert_int_equal(berth_client_outbox_fill(&outbox, &batch), 0);
        assert_true(batch.size > 0);
        hear(&heard);
        batches++;
    }
    assert_int_equal(batches, 3);
    assert_int_equal(heard.messages, 4);
    assert_int_equal(heard.size, 150008);
    assert_memory_equal(heard.text, bytes, 3);
    assert_memory_equal(heard.text + 3, bytes, 150000);
    assert_memory_equal(heard.text + 150003, bytes, 5);
    free(bytes);
    berth_client_outbox_free(&outbox);
}

static void a_loss_drops_only_what_was_cut(void **state) {
    (void)state;
    reset();
    static struct heard heard;
    listen_anew(&heard);
    struct berth_client_outbox outbox = {0};
    char *bytes = calloc(1, 100000);
    assert_non_null(bytes);
    assert_int_equal(berth_client_outbox_add(&outbox, BERTH_WS_OPCODE_BINARY, bytes, 100000), 0);
    assert_int_equal(berth_client_outbox_add(&outbox, BERTH_WS_OPCODE_TEXT, "next", 4), 0);
    berth_client_outbox_lost(&outbox); /* nothing had left */
    assert_int_equal(berth_client_outbox_fill(&outbox, &batch), 0);
    hear(&heard);
    assert_int_equal(heard.messages, 0);
    berth_client_outbox_lost(&outbox);
    listen_anew(&heard);
    assert_int_equal(berth_client_outbox_fill(&outbox, &batch), 0);
    hear(&heard);
    assert_int_equal(heard.messages, 1);
    assert_int_equal(heard.size, 4);
    assert_memory_equal(heard.text, "next", 4);
    assert_true(berth_client_outbox_is_empty(&outbox));
    berth_client_outbox_lost(&outbox);
    free(bytes);
    berth_client_outbox_free(&outbox);
}

static void little_room_is_left_free(void **state) {
    (void)state;
    reset();
    static char bytes[BERTH_CLIENT_BATCH_SIZE];
    struct berth_client_outbox outbox = {0};
    assert_int_equal(
        berth_client_batch_put(&batch, BERTH_WS_OPCODE_BINARY,
                               berth_view_bytes(bytes, BERTH_CLIENT_BATCH_SIZE - 4000)),
        0);
    size_t size = batch.size;
    assert_int_equal(berth_client_outbox_add(&outbox, BERTH_WS_OPCODE_BINARY, bytes, 5000), 0);
    assert_int_equal(berth_client_outbox_fill(&outbox, &batch), 0);
    assert_int_equal(batch.size, size);
    batch.size = 0;
    assert_int_equal(berth_client_outbox_fill(&outbox, &batch), 0);
    assert_true(batch.size > 5000 && berth_client_outbox_is_empty(&outbox));
    berth_client_outbox_free(&outbox);
}

static void what_fails_loses_nothing(void **state) {
    (void)state;
    reset();
    static struct heard heard;
    listen_anew(&heard);
    struct berth_client_outbox outbox = {0};
    berth_alloc_fail_at(1);
    assert_int_equal(berth_client_outbox_add(&outbox, BERTH_WS_OPCODE_TEXT, "a", 1),
                     BERTH_E_MEMORY);
    berth_alloc_fail_at(0);
    assert_true(berth_client_outbox_is_empty(&outbox));
    assert_int_equal(berth_client_outbox_add(&outbox, BERTH_WS_OPCODE_TEXT, "b", 1), 0);
    failure = BERTH_E_SYSTEM;
    assert_int_equal(berth_client_outbox_fill(&outbox, &batch), BERTH_E_SYSTEM);
    failure = 0;
    assert_int_equal(berth_client_outbox_fill(&outbox, &batch), 0);
    hear(&heard);
    assert_int_equal(heard.messages, 1);
    assert_memory_equal(heard.text, "b", 1);
    berth_client_outbox_free(&outbox);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_random_byte_is_given_once),
        cmocka_unit_test(numbers_stay_in_range),
        cmocka_unit_test(frames_have_masks_of_their_own),
        cmocka_unit_test(a_full_batch_takes_nothing),
        cmocka_unit_test(order_and_bounds_are_kept),
        cmocka_unit_test(a_loss_drops_only_what_was_cut),
        cmocka_unit_test(little_room_is_left_free),
        cmocka_unit_test(what_fails_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
