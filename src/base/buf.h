/* A bounded buffer on the heap: grows as needed, never past its maximum.
 *
 *     struct berth_buf buf = berth_buf_make(16 * 1024);
 *     int error = berth_buf_append(&buf, bytes, size);   (BERTH_E_FULL at the maximum)
 *     berth_buf_consume(&buf, used);
 *     berth_buf_free(&buf);
 *
 * Shape:   the bytes are data[start .. start + size); consuming moves start, appending compacts
 * Owns:    its memory, none before the first append; free gives it back and leaves it usable
 * Errors:  BERTH_E_FULL past the maximum, BERTH_E_MEMORY; the content is unchanged by both
 * Threads: one
 */
#ifndef BERTH_BASE_BUF_H
#define BERTH_BASE_BUF_H

#include "base/view.h"

struct berth_buf {
    char *data;
    size_t start;
    size_t size;
    size_t capacity;
    size_t max;
};

static inline struct berth_buf berth_buf_make(size_t max) { return (struct berth_buf){.max = max}; }

int berth_buf_append(struct berth_buf *buf, const void *data, size_t size);

/* Room for at least size more bytes behind the content, to be filled by the caller. */
int berth_buf_reserve(struct berth_buf *buf, size_t size);

void berth_buf_consume(struct berth_buf *buf, size_t size);
void berth_buf_free(struct berth_buf *buf);

static inline struct berth_view berth_buf_view(const struct berth_buf *buf) {
    return (struct berth_view){buf->size > 0 ? buf->data + buf->start : NULL, buf->size};
}

#endif
