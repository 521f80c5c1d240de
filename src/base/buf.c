#include "base/buf.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "berth/error.h"

static const size_t smallest = 256;

int berth_buf_reserve(struct berth_buf *buf, size_t size) {
    if (size > buf->max - buf->size)
        return BERTH_E_FULL;
    size_t needed = buf->size + size;
    if (buf->capacity - buf->start >= needed)
        return 0;
    if (buf->capacity >= needed && buf->start >= buf->size) {
        /* No more bytes move than were consumed before: amortized, every byte moves once. */
        memcpy(buf->data, buf->data + buf->start, buf->size);
        buf->start = 0;
        return 0;
    }
    size_t capacity = buf->capacity < smallest ? smallest : buf->capacity;
    while (capacity < needed)
        capacity *= 2;
    if (capacity > buf->max)
        capacity = buf->max;
    char *data = berth_alloc(capacity);
    if (data == NULL)
        return BERTH_E_MEMORY;
    if (buf->size > 0)
        memcpy(data, buf->data + buf->start, buf->size);
    berth_free(buf->data);
    buf->data = data;
    buf->start = 0;
    buf->capacity = capacity;
    return 0;
}

int berth_buf_append(struct berth_buf *buf, const void *data, size_t size) {
    if (size == 0)
        return 0;
    int error = berth_buf_reserve(buf, size);
    if (error < 0)
        return error;
    memcpy(buf->data + buf->start + buf->size, data, size);
    buf->size += size;
    return 0;
}

void berth_buf_consume(struct berth_buf *buf, size_t size) {
    BERTH_ASSERT(size <= buf->size);
    buf->start += size;
    buf->size -= size;
    if (buf->size == 0)
        buf->start = 0;
}

void berth_buf_free(struct berth_buf *buf) {
    berth_free(buf->data);
    *buf = berth_buf_make(buf->max);
}
