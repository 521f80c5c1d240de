#include "proto/http_range.h"

/* Digits only, at least one; what is too large is the largest there is. */
static bool read_position(struct berth_view text, uint64_t *ret_position) {
    uint64_t position = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned digit = (unsigned)(text.data[i] - '0');
        if (text.data[i] < '0' || digit > 9)
            return false;
        if (position > (UINT64_MAX - digit) / 10)
            position = UINT64_MAX;
        else
            position = position * 10 + digit;
    }
    *ret_position = position;
    return text.size > 0;
}

/* "-500": the last 500 bytes, or all where there are fewer. */
static enum berth_http_range read_suffix(struct berth_view text, uint64_t size, uint64_t *ret_first,
                                         uint64_t *ret_last) {
    uint64_t length;
    if (!read_position(text, &length))
        return BERTH_HTTP_RANGE_WHOLE;
    if (length == 0 || size == 0)
        return BERTH_HTTP_RANGE_NOWHERE;
    *ret_first = length < size ? size - length : 0;
    *ret_last = size - 1;
    return BERTH_HTTP_RANGE_PART;
}

enum berth_http_range berth_http_range(struct berth_view value, uint64_t size, uint64_t *ret_first,
                                       uint64_t *ret_last) {
    struct berth_view rest;
    struct berth_view unit = berth_view_cut(value, '=', &rest);
    if (rest.data == NULL || !berth_view_equal_nocase(unit, BERTH_VIEW("bytes")))
        return BERTH_HTTP_RANGE_WHOLE;
    struct berth_view behind;
    struct berth_view before = berth_view_cut(berth_view_trim(rest), '-', &behind);
    if (behind.data == NULL)
        return BERTH_HTTP_RANGE_WHOLE;
    if (before.size == 0)
        return read_suffix(behind, size, ret_first, ret_last);
    uint64_t first, last = UINT64_MAX;
    if (!read_position(before, &first) || (behind.size > 0 && !read_position(behind, &last)) ||
        last < first)
        return BERTH_HTTP_RANGE_WHOLE;
    if (first >= size)
        return BERTH_HTTP_RANGE_NOWHERE;
    *ret_first = first;
    *ret_last = last < size ? last : size - 1;
    return BERTH_HTTP_RANGE_PART;
}
