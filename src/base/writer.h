/* A writer: text put into memory that the caller has, never past its end.
 *
 *     char memory[256];
 *     struct berth_writer out = berth_writer_on(memory, sizeof memory);
 *     berth_writer_text(&out, "port ");
 *     berth_writer_number(&out, 1018);
 *     if (out.overflow) ...
 *
 * Shape:   overflow is sticky: after it nothing more is written, so one check at the end is enough
 * Owns:    nothing; the memory is the caller's; no NUL byte is added
 * Limits:  the capacity given
 * Threads: one
 */
#ifndef BERTH_BASE_WRITER_H
#define BERTH_BASE_WRITER_H

#include "base/view.h"

struct berth_writer {
    char *data;
    size_t size;
    size_t capacity;
    bool overflow;
};

struct berth_writer berth_writer_on(void *memory, size_t capacity);

/* Hot: every head and every document is written by these. Inline, a constant text is a few moves.
 */
static inline void berth_writer_bytes(struct berth_writer *writer, const void *data, size_t size) {
    if (writer->overflow || size > writer->capacity - writer->size) {
        writer->overflow = true;
        return;
    }
    if (size > 0)
        memcpy(writer->data + writer->size, data, size);
    writer->size += size;
}

static inline void berth_writer_view(struct berth_writer *writer, struct berth_view view) {
    berth_writer_bytes(writer, view.data, view.size);
}

static inline void berth_writer_text(struct berth_writer *writer, const char *text) {
    berth_writer_bytes(writer, text, strlen(text));
}

static inline void berth_writer_char(struct berth_writer *writer, char c) {
    berth_writer_bytes(writer, &c, 1);
}

void berth_writer_number(struct berth_writer *writer, uint64_t number);
void berth_writer_format(struct berth_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What was written so far. */
struct berth_view berth_writer_result(const struct berth_writer *writer);

#endif
