#include "proto/base64.h"

#include "berth/error.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void berth_base64_encode(const uint8_t *bytes, size_t size, char *out) {
    for (size_t at = 0; at < size; at += 3, out += 4) {
        size_t count = size - at < 3 ? size - at : 3;
        uint32_t group = (uint32_t)bytes[at] << 16;
        if (count > 1)
            group |= (uint32_t)bytes[at + 1] << 8;
        if (count > 2)
            group |= bytes[at + 2];
        for (size_t i = 0; i < 4; i++)
            out[i] = i <= count ? alphabet[group >> (18 - 6 * i) & 63] : '=';
    }
}

/* 0..63, or -1 for a character that is not of the alphabet. */
static int digit_value(char c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* How many '=' stand at the end: 2 at most, what is more is no digit anyway. */
static size_t padding_size(struct berth_view text) {
    size_t size = 0;
    while (size < 2 && size < text.size && text.data[text.size - 1 - size] == '=')
        size++;
    return size;
}

int berth_base64_decode(struct berth_view text, uint8_t *out, size_t capacity, size_t *ret_size) {
    if (text.size % 4 != 0)
        return BERTH_E_INVALID;
    size_t padding = padding_size(text);
    size_t size = text.size / 4 * 3 - padding;
    if (size > capacity)
        return BERTH_E_FULL;

    uint32_t bits = 0;
    size_t written = 0;
    for (size_t i = 0; i < text.size; i++) {
        int value = i < text.size - padding ? digit_value(text.data[i]) : 0;
        if (value < 0)
            return BERTH_E_INVALID;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 3)
            continue;
        for (int shift = 16; shift >= 0 && written < size; shift -= 8)
            out[written++] = (uint8_t)(bits >> shift);
    }
    *ret_size = size;
    return 0;
}
