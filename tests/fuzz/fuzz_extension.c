/* Sec-WebSocket-Extensions: any value is read, declined or a fault; and what is answered to one is
 * an offer that would be answered the same.
 *
 * Input: a byte of flags, then the field's value. */
#include <stdint.h>

#include "base/assert.h"
#include "berth/error.h"
#include "proto/ws_extension.h"

enum { FLAG_SHARED = 1 };

static void check_agreed(const struct berth_ws_deflate *agreed, bool shared) {
    BERTH_ASSERT(agreed->server_max_window_bits >= BERTH_WS_WINDOW_BITS_LEAST);
    BERTH_ASSERT(agreed->server_max_window_bits <= BERTH_WS_WINDOW_BITS_MOST);
    BERTH_ASSERT(agreed->client_max_window_bits >= 8);
    BERTH_ASSERT(agreed->client_max_window_bits <= BERTH_WS_WINDOW_BITS_MOST);
    BERTH_ASSERT(!shared || agreed->server_no_context_takeover);
    BERTH_ASSERT(!shared || agreed->client_no_context_takeover);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    bool shared = (data[0] & FLAG_SHARED) != 0;
    struct berth_ws_deflate_policy policy = {shared, shared};
    struct berth_ws_deflate agreed, again;
    int found = berth_ws_deflate_choose(berth_view_bytes(data + 1, size - 1), &policy, &agreed);
    BERTH_ASSERT(found == 1 || found == 0 || found == BERTH_E_INVALID);
    if (found != 1)
        return 0;
    check_agreed(&agreed, shared);
    char first[BERTH_WS_DEFLATE_TEXT_MAX], second[BERTH_WS_DEFLATE_TEXT_MAX];
    struct berth_writer answer = berth_writer_on(first, sizeof first);
    struct berth_writer answer_again = berth_writer_on(second, sizeof second);
    berth_ws_deflate_write(&agreed, &answer);
    BERTH_ASSERT(berth_ws_deflate_choose(berth_writer_result(&answer), &policy, &again) == 1);
    berth_ws_deflate_write(&again, &answer_again);
    BERTH_ASSERT(!answer.overflow && !answer_again.overflow);
    BERTH_ASSERT(
        berth_view_equal(berth_writer_result(&answer), berth_writer_result(&answer_again)));
    return 0;
}
