#include "base/writer.h"

#include <stdarg.h>
#include <stdio.h>

struct berth_writer berth_writer_on(void *memory, size_t capacity) {
    return (struct berth_writer){.data = memory, .capacity = capacity};
}

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
