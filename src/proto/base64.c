#include "proto/base64.h"

#include "berth/error.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Writes the digits of up to three bytes, one more than there are bytes, and returns how many. */
static size_t encode_group(const uint8_t *bytes, size_t count, const char *digits, char *out) {
    uint32_t group = (uint32_t)bytes[0] << 16;
    if (count > 1)
        group |= (uint32_t)bytes[1] << 8;
    if (count > 2)
        group |= bytes[2];
    for (size_t i = 0; i <= count; i++)
        out[i] = digits[group >> (18 - 6 * i) & 63];
    return count + 1;
}

static size_t group_size(size_t left) { return left < 3 ? left : 3; }

void berth_base64_encode(const uint8_t *bytes, size_t size, char *out) {
    for (size_t at = 0; at < size; at += 3, out += 4) {
        size_t written = encode_group(bytes + at, group_size(size - at), alphabet, out);
        while (written < 4)
            out[written++] = '=';
    }
}

void berth_base64url_encode(const uint8_t *bytes, size_t size, char *out) {
    for (size_t at = 0; at < size; at += 3)
        out += encode_group(bytes + at, group_size(size - at), url_alphabet, out);
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

static int url_digit_value(char c) {
    if (c == '-')
        return 62;
    if (c == '_')
        return 63;
    return c == '+' || c == '/' ? -1 : digit_value(c);
}

int berth_base64url_decode(struct berth_view text, uint8_t *out, size_t capacity,
                           size_t *ret_size) {
    size_t size = text.size / 4 * 3 + (text.size % 4 > 0 ? text.size % 4 - 1 : 0);
    if (text.size % 4 == 1)
        return BERTH_E_INVALID;
    if (size > capacity)
        return BERTH_E_FULL;
    uint32_t bits = 0;
    unsigned held = 0; /* bits that no byte was made of yet */
    size_t written = 0;
    for (size_t i = 0; i < text.size; i++) {
        int value = url_digit_value(text.data[i]);
        if (value < 0)
            return BERTH_E_INVALID;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[written++] = (uint8_t)(bits >> held);
        }
    }
    if ((bits & ((1u << held) - 1)) != 0)
        return BERTH_E_INVALID;
    *ret_size = size;
    return 0;
}
