/* What requests for files say: conditions, a range, codings, dates.
 *
 * Input: lines "Name: value" of a head. */
#include <stdint.h>

#include "base/assert.h"
#include "proto/http_accept.h"
#include "proto/http_conditional.h"
#include "proto/http_range.h"
#include "proto/http_request_fixture.h"
#include "proto/http_writer.h"

enum { SIZE = 1000 };

static void check_codings(const struct berth_http_head *head) {
    enum berth_http_coding order[BERTH_HTTP_CODINGS];
    size_t count = berth_http_accept_codings(head, order);
    unsigned seen = 0;
    BERTH_ASSERT(count >= 1 && count <= BERTH_HTTP_CODINGS);
    for (size_t i = 0; i < count; i++) {
        BERTH_ASSERT((seen & 1u << order[i]) == 0);
        seen |= 1u << order[i];
    }
    BERTH_ASSERT((seen & 1u << BERTH_HTTP_CODING_IDENTITY) != 0);
}

static void check_range(struct berth_view value) {
    uint64_t first = 0, last = 0;
    if (berth_http_range(value, SIZE, &first, &last) == BERTH_HTTP_RANGE_PART)
        BERTH_ASSERT(first <= last && last < SIZE);
    BERTH_ASSERT(berth_http_range(value, 0, &first, &last) != BERTH_HTTP_RANGE_PART);
}

/* What was read is written as what reads the same; years before 1970 are not written. */
static void check_date(struct berth_view text) {
    int64_t unix_s, again;
    char memory[BERTH_HTTP_DATE_SIZE];
    if (berth_http_date_parse(text, &unix_s) < 0 || unix_s < 0)
        return;
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    berth_http_date_write(&out, unix_s);
    BERTH_ASSERT(berth_http_date_parse(berth_writer_result(&out), &again) == 0);
    BERTH_ASSERT(again == unix_s || unix_s > 253402300799);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct http_request_fixture fixture;
    const struct berth_http_head *head =
        http_request_fixture(&fixture, berth_view_bytes(data, size));
    if (head == NULL)
        return 0;
    check_codings(head);
    for (size_t i = 0; i < head->field_count; i++) {
        check_range(berth_http_head_field_value(head, i));
        check_date(berth_http_head_field_value(head, i));
    }
    struct berth_http_validators validators = {BERTH_VIEW("\"x\""), false, 784111777};
    enum berth_http_condition strong = berth_http_condition(head, &validators);
    (void)berth_http_condition_range(head, &validators);
    validators.weak = true;
    /* A weak tag never makes more conditions hold. */
    if (strong == BERTH_HTTP_CONDITION_FAILED)
        BERTH_ASSERT(berth_http_condition(head, &validators) == BERTH_HTTP_CONDITION_FAILED);
    return 0;
}
