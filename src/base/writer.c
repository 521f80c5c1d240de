#include "base/writer.h"

#include <stdarg.h>
#include <stdio.h>

struct berth_writer berth_writer_on(void *memory, size_t capacity) {
    return (struct berth_writer){.data = memory, .capacity = capacity};
}

void berth_writer_bytes(struct berth_writer *writer, const void *data, size_t size) {
    if (writer->overflow || size > writer->capacity - writer->size) {
        writer->overflow = true;
        return;
    }
    if (size > 0)
        memcpy(writer->data + writer->size, data, size);
    writer->size += size;
}

void berth_writer_view(struct berth_writer *writer, struct berth_view view) {
    berth_writer_bytes(writer, view.data, view.size);
}

void berth_writer_text(struct berth_writer *writer, const char *text) {
    berth_writer_bytes(writer, text, strlen(text));
}

void berth_writer_char(struct berth_writer *writer, char c) { berth_writer_bytes(writer, &c, 1); }

void berth_writer_number(struct berth_writer *writer, uint64_t number) {
    char digits[20]; /* 2^64 - 1 has twenty */
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    berth_writer_bytes(writer, digits + at, sizeof digits - at);
}

void berth_writer_format(struct berth_writer *writer, const char *format, ...) {
    if (writer->overflow)
        return;
    size_t room = writer->capacity - writer->size;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(writer->data + writer->size, room, format, arguments);
    va_end(arguments);
    /* vsnprintf wants a place for its NUL byte, which is not counted: a text that fills the room
     * to the last byte would lose that byte, so it counts as overflow. */
    if (size < 0 || (size_t)size >= room)
        writer->overflow = true;
    else
        writer->size += (size_t)size;
}

struct berth_view berth_writer_result(const struct berth_writer *writer) {
    return (struct berth_view){writer->data, writer->size};
}
