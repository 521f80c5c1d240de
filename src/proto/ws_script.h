/* The test vectors of tests/wire/ws, read line by line. For tests only.
 *
 *     # a comment
 *     case     a masked text message          a new case begins; its lines follow
 *     section  5.7                            where the RFC says so
 *     in       81 85 {37fa213d "Hello"}       bytes
 *
 * Shape:   bytes are written as hex digits in pairs ("81 85", "37fa213d"), as text ("Hello"), as a
 *          pair repeated (61*125), or masked ({37fa213d ...}: the mask, then what it masks)
 * Errors:  the program ends with the line's number: a vector that cannot be read is our mistake
 */
#ifndef BERTH_PROTO_WS_SCRIPT_H
#define BERTH_PROTO_WS_SCRIPT_H

#include "base/view.h"

#include <stdio.h>
#include <stdlib.h>

struct ws_script {
    const char *name;
    FILE *file;
    int line;
    char text[4096];
};

/* Bytes under construction, up to a size that every vector fits in. */
struct ws_script_bytes {
    size_t size;
    uint8_t data[300 * 1024];
};

static inline _Noreturn void ws_script_die(const struct ws_script *script, const char *why) {
    fprintf(stderr, "%s:%d: %s\n", script->name, script->line, why);
    abort();
}

static inline struct ws_script ws_script_open(const char *name) {
    char path[1024];
    snprintf(path, sizeof path, "%s/ws/%s", BERTH_WIRE_DIR, name);
    struct ws_script script = {.name = name, .file = fopen(path, "r")};
    if (script.file == NULL)
        ws_script_die(&script, "cannot be opened");
    return script;
}

/* The next line's first word and what follows it; false at the end of the file. */
static inline bool ws_script_next(struct ws_script *script, struct berth_view *ret_word,
                                  struct berth_view *ret_rest) {
    while (fgets(script->text, sizeof script->text, script->file) != NULL) {
        script->line++;
        struct berth_view line = berth_view_of(script->text);
        if (line.data[line.size - 1] != '\n')
            ws_script_die(script, "the line is too long, or its end is missing");
        line.size--;
        if (line.size == 0 || line.data[0] == '#')
            continue;
        *ret_word = berth_view_cut(line, ' ', ret_rest);
        *ret_rest = berth_view_trim(*ret_rest);
        return true;
    }
    fclose(script->file);
    return false;
}

static inline void ws_script_put(const struct ws_script *script, struct ws_script_bytes *bytes,
                                 uint8_t byte) {
    if (bytes->size == sizeof bytes->data)
        ws_script_die(script, "too many bytes");
    bytes->data[bytes->size++] = byte;
}

/* Takes one pair of hex digits from the head of text. */
static inline uint8_t ws_script_pair(const struct ws_script *script, struct berth_view *text) {
    static const char digits[] = "0123456789abcdef";
    unsigned byte = 0;
    for (size_t i = 0; i < 2; i++) {
        const char *digit =
            text->size > i ? memchr(digits, text->data[i], sizeof digits - 1) : NULL;
        if (digit == NULL)
            ws_script_die(script, "two hex digits in lower case were expected");
        byte = byte << 4 | (unsigned)(digit - digits);
    }
    text->data += 2;
    text->size -= 2;
    return (uint8_t)byte;
}

/* One pair of hex digits, and "*N" behind it when it is to be repeated. */
static inline void ws_script_put_hex(const struct ws_script *script, struct berth_view *text,
                                     struct ws_script_bytes *bytes) {
    uint8_t byte = ws_script_pair(script, text);
    uint64_t count = 1;
    if (text->size > 0 && text->data[0] == '*') {
        struct berth_view rest = {text->data + 1, text->size - 1};
        size_t digits = 0;
        while (digits < rest.size && rest.data[digits] >= '0' && rest.data[digits] <= '9')
            digits++;
        if (berth_view_number((struct berth_view){rest.data, digits}, SIZE_MAX, &count) < 0)
            ws_script_die(script, "a count was expected behind the star");
        *text = (struct berth_view){rest.data + digits, rest.size - digits};
    }
    for (; count > 0; count--)
        ws_script_put(script, bytes, byte);
}

static inline void ws_script_put_text(const struct ws_script *script, struct berth_view *text,
                                      struct ws_script_bytes *bytes) {
    struct berth_view behind = {text->data + 1, text->size - 1};
    if (memchr(behind.data, '"', behind.size) == NULL)
        ws_script_die(script, "a quotation mark is missing");
    struct berth_view quoted = berth_view_cut(behind, '"', text);
    for (size_t i = 0; i < quoted.size; i++)
        ws_script_put(script, bytes, (uint8_t)quoted.data[i]);
}

/* The bytes from `masked` on: 4 of mask, then what they mask, byte by byte as 5.3 has it. */
static inline void ws_script_mask(const struct ws_script *script, struct ws_script_bytes *bytes,
                                  size_t masked) {
    if (masked == SIZE_MAX || bytes->size < masked + 4)
        ws_script_die(script, "a mask has four bytes");
    for (size_t i = masked + 4; i < bytes->size; i++)
        bytes->data[i] ^= bytes->data[masked + (i - masked - 4) % 4];
}

/* Adds the bytes that are written in text. */
static inline void ws_script_bytes_read(const struct ws_script *script, struct berth_view text,
                                        struct ws_script_bytes *bytes) {
    size_t masked = SIZE_MAX;
    while (text.size > 0) {
        switch (text.data[0]) {
        case '"':
            ws_script_put_text(script, &text, bytes);
            continue;
        case '{':
            masked = bytes->size;
            break;
        case '}':
            ws_script_mask(script, bytes, masked);
            break;
        case ' ':
            break;
        default:
            ws_script_put_hex(script, &text, bytes);
            continue;
        }
        text.data++;
        text.size--;
    }
}

#endif
