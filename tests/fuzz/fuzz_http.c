/* HTTP/1.1 in any pieces: the same bytes, fed whole and cut at places that the input itself
 * chooses, must give the same events; and what was read must be fit to be asked about.
 *
 * The first byte holds the role (bit 0), HEAD answered (1), a close behind the input (2) and small
 * limits (3); the second the seed of the cuts; the rest is fed. */
#include <stdlib.h>

#include "proto/http_target.h"
#include "proto/http_trace.h"

#define TRACE_MAX (1 << 20)
#define STORAGE_MAX 2048

static char memory[2][TRACE_MAX];

struct options {
    enum berth_http_role role;
    bool answers_head, close;
    size_t storage_size;
    struct berth_http_limits limits;
};

static struct options options_of(uint8_t byte) {
    struct options options = {.role = byte & 1 ? BERTH_HTTP_RESPONSES : BERTH_HTTP_REQUESTS,
                              .answers_head = (byte & 3) == 3,
                              .close = (byte & 4) != 0,
                              .storage_size = byte & 8 ? 64 : STORAGE_MAX,
                              .limits = BERTH_HTTP_LIMITS_DEFAULT};
    if (byte & 8)
        options.limits =
            (struct berth_http_limits){.body_size = 20, .target_size = 9, .field_count = 3};
    return options;
}

/* The size of the next piece: mostly small, so that every place is cut at some time. */
static size_t piece_size(uint32_t *seed, size_t left) {
    *seed = *seed * 1664525 + 1013904223;
    uint32_t random = *seed >> 16;
    size_t size = 1 + (random & 64 ? random % 64 : random % 3);
    return size < left ? size : left;
}

/* seed 0 feeds all at once. */
static struct berth_view run(const struct options *options, const char *bytes, size_t size,
                             uint32_t seed, char *trace_memory) {
    char storage[STORAGE_MAX];
    struct berth_http_reader reader;
    struct berth_http_trace trace = {
        .out = berth_writer_on(trace_memory, TRACE_MAX), .fields = true, .offsets = true};
    berth_http_reader_init(&reader, options->role, storage, options->storage_size,
                           &options->limits);
    if (options->answers_head)
        berth_http_reader_answers_head(&reader);
    while (size > 0 && !trace.failed) {
        size_t piece = seed == 0 ? size : piece_size(&seed, size);
        char *copy = malloc(piece); /* of its exact size: a byte read too many is seen */
        if (copy == NULL)
            abort();
        memcpy(copy, bytes, piece);
        berth_http_trace_feed(&trace, &reader, copy, piece);
        free(copy);
        bytes += piece;
        size -= piece;
    }
    berth_http_trace_end(&trace, &reader, options->close);
    return berth_writer_result(&trace.out);
}

/* Targets on their own, for what the reader never lets through. */
static void try_target(struct berth_view text) {
    char buffer[256];
    struct berth_http_target target = {.form = BERTH_HTTP_TARGET_ORIGIN};
    struct berth_view decoded;
    (void)berth_http_target_split(text, &target);
    if (berth_http_path_decode(text, buffer, sizeof buffer, &decoded) == 0 &&
        (decoded.size > text.size || memmem(decoded.data, decoded.size, "/../", 4) != NULL ||
         memchr(decoded.data, '\0', decoded.size) != NULL))
        abort();
    (void)berth_http_query_get(text, "room", buffer, sizeof buffer, &decoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    struct options options = options_of(data[0]);
    const char *bytes = (const char *)data + 2;
    struct berth_view whole = run(&options, bytes, size - 2, 0, memory[0]);
    struct berth_view cut = run(&options, bytes, size - 2, data[1] + 1u, memory[1]);
    if (!berth_view_equal(whole, cut))
        abort();
    try_target((struct berth_view){bytes, size - 2});
    return 0;
}
