#include "net/queue.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "berth/error.h"

/* A queue that fills up takes ever larger chunks, so that one late byte costs little and a large
 * message few allocations; the largest is what is given back in one piece. */
static const size_t chunk_min = 4 * 1024;
static const size_t chunk_max = 64 * 1024;

struct berth_net_chunk {
    struct berth_net_chunk *next;
    size_t start; /* the bytes are data[start .. end) */
    size_t end;
    size_t capacity;
    char data[];
};

static void chunks_free(struct berth_net_chunk *chunk) {
    while (chunk != NULL) {
        struct berth_net_chunk *next = chunk->next;
        berth_free(chunk);
        chunk = next;
    }
}

/* An empty chunk for `needed` bytes, or for the first of them, behind `queued` others. */
static struct berth_net_chunk *chunk_create(size_t needed, size_t queued) {
    size_t capacity = needed > queued ? needed : queued;
    if (capacity < chunk_min)
        capacity = chunk_min;
    if (capacity > chunk_max)
        capacity = chunk_max;
    /* Not zeroed: every byte is written before it is read. */
    struct berth_net_chunk *chunk = berth_realloc(NULL, sizeof *chunk + capacity);
    if (chunk == NULL)
        return NULL;
    chunk->next = NULL;
    chunk->start = 0;
    chunk->end = 0;
    chunk->capacity = capacity;
    return chunk;
}

/* Room for `size` bytes behind what is queued: all of it or none. */
static int queue_reserve(const struct berth_net_queue *queue, size_t size,
                         struct berth_net_chunk **ret_chunks) {
    size_t room = queue->last != NULL ? queue->last->capacity - queue->last->end : 0;
    struct berth_net_chunk *chunks = NULL;
    struct berth_net_chunk **end = &chunks;
    while (room < size) {
        *end = chunk_create(size - room, queue->size);
        if (*end == NULL) {
            chunks_free(chunks);
            return BERTH_E_MEMORY;
        }
        room += (*end)->capacity;
        end = &(*end)->next;
    }
    *ret_chunks = chunks;
    return 0;
}

/* Links reserved chunks behind the last one; gives the one to fill first. */
static struct berth_net_chunk *queue_link(struct berth_net_queue *queue,
                                          struct berth_net_chunk *chunks) {
    struct berth_net_chunk *fill = queue->last != NULL ? queue->last : chunks;
    if (chunks == NULL)
        return fill;
    struct berth_net_chunk *end = chunks;
    while (end->next != NULL)
        end = end->next;
    end->next = queue->last != NULL ? queue->last->next : chunks;
    if (queue->last != NULL)
        queue->last->next = chunks;
    queue->last = end;
    return fill;
}

/* Fills from the chunk on; gives the one that is under way then. */
static struct berth_net_chunk *chunks_fill(struct berth_net_chunk *chunk, const char *bytes,
                                           size_t size) {
    while (size > 0) {
        if (chunk->end == chunk->capacity)
            chunk = chunk->next;
        size_t room = chunk->capacity - chunk->end;
        size_t part = size < room ? size : room;
        memcpy(chunk->data + chunk->end, bytes, part);
        chunk->end += part;
        bytes += part;
        size -= part;
    }
    return chunk;
}

static size_t parts_size(const struct berth_view *parts, size_t count) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += parts[i].size;
    return size;
}

int berth_net_queue_append(struct berth_net_queue *queue, const struct berth_view *parts,
                           size_t count, size_t skip) {
    size_t size = parts_size(parts, count);
    BERTH_ASSERT(skip <= size);
    struct berth_net_chunk *chunks;
    int error = queue_reserve(queue, size - skip, &chunks);
    if (error < 0)
        return error;
    struct berth_net_chunk *chunk = queue_link(queue, chunks);
    queue->size += size - skip;
    for (size_t i = 0; i < count; i++) {
        size_t skipped = skip < parts[i].size ? skip : parts[i].size;
        skip -= skipped;
        if (skipped < parts[i].size)
            chunk = chunks_fill(chunk, parts[i].data + skipped, parts[i].size - skipped);
    }
    return 0;
}

size_t berth_net_queue_peek(const struct berth_net_queue *queue, struct berth_view *views,
                            size_t max) {
    if (queue->last == NULL)
        return 0;
    size_t count = 0;
    const struct berth_net_chunk *chunk = queue->last;
    do {
        chunk = chunk->next;
        views[count++] = (struct berth_view){chunk->data + chunk->start, chunk->end - chunk->start};
    } while (chunk != queue->last && count < max);
    return count;
}

static void remove_first(struct berth_net_queue *queue) {
    struct berth_net_chunk *first = queue->last->next;
    if (first == queue->last)
        queue->last = NULL;
    else
        queue->last->next = first->next;
    berth_free(first);
}

void berth_net_queue_consume(struct berth_net_queue *queue, size_t size) {
    BERTH_ASSERT(size <= queue->size);
    queue->size -= size;
    while (size > 0) {
        struct berth_net_chunk *first = queue->last->next;
        size_t there = first->end - first->start;
        if (size < there) {
            first->start += size;
            return;
        }
        size -= there;
        remove_first(queue);
    }
}

size_t berth_net_queue_take(struct berth_net_queue *queue, void *bytes, size_t max) {
    char *to = bytes;
    size_t taken = 0;
    struct berth_view view;
    while (taken < max && berth_net_queue_peek(queue, &view, 1) == 1) {
        size_t part = view.size < max - taken ? view.size : max - taken;
        memcpy(to + taken, view.data, part);
        taken += part;
        berth_net_queue_consume(queue, part);
    }
    return taken;
}

void berth_net_queue_free(struct berth_net_queue *queue) {
    while (queue->last != NULL)
        remove_first(queue);
    queue->size = 0;
}
