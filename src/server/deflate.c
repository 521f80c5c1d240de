#define ZLIB_CONST
#include "server/deflate.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/buf.h"
#include "berth/error.h"

#include <libdeflate.h>
#include <string.h>
#include <zlib.h>

#define WINDOW_MAX (1u << BERTH_WS_WINDOW_BITS_MOST)
#define NARROW (BERTH_WS_WINDOW_BITS_MOST - BERTH_WS_WINDOW_BITS_LEAST)

/* Larger ones are not for zlib, which counts in 32 bits. */
#define SIZE_COUNTED (1u << 30)

/* The end of every flush: the sender leaves it out, the receiver puts it back (7.2.1, 7.2.2). */
static const uint8_t tail[4] = {0x00, 0x00, 0xFF, 0xFF};

/* Behind it, for libdeflate, which wants an end: an empty block with BFINAL. */
static const uint8_t tail_and_end[6] = {0x00, 0x00, 0xFF, 0xFF, 0x03, 0x00};

struct berth_deflate {
    size_t message_max;
    struct libdeflate_compressor *compressor;
    struct libdeflate_decompressor *decompressor;
    z_stream *narrow[NARROW]; /* for windows of 9 to 14 bits; made when first needed */
    struct berth_buf packed;
    struct berth_buf payload; /* with tail_and_end behind it */
    struct berth_buf unpacked;
};

/* -- Begin and end ----------------------------------------------------------------------------- */

static void *zlib_alloc(void *opaque, unsigned count, unsigned size) {
    (void)opaque;
    return berth_alloc((size_t)count * size);
}

static void zlib_free(void *opaque, void *memory) {
    (void)opaque;
    berth_free(memory);
}

static z_stream *make_stream(void) {
    z_stream *stream = berth_alloc(sizeof *stream);
    if (stream != NULL)
        *stream = (z_stream){.zalloc = zlib_alloc, .zfree = zlib_free};
    return stream;
}

/* Its hash table is as large as its window. */
static z_stream *make_packer(unsigned bits) {
    z_stream *stream = make_stream();
    int memory_level = (int)bits - 7;
    if (stream != NULL && deflateInit2(stream, BERTH_DEFLATE_LEVEL, Z_DEFLATED, -(int)bits,
                                       memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
        berth_free(stream);
        return NULL;
    }
    return stream;
}

static void free_packer(z_stream *stream) {
    if (stream != NULL)
        deflateEnd(stream);
    berth_free(stream);
}

/* A peer with zlib that says 8 bits has 9. */
static z_stream *make_unpacker(unsigned bits) {
    z_stream *stream = make_stream();
    int window = bits < BERTH_WS_WINDOW_BITS_LEAST ? BERTH_WS_WINDOW_BITS_LEAST : (int)bits;
    if (stream != NULL && inflateInit2(stream, -window) != Z_OK) {
        berth_free(stream);
        return NULL;
    }
    return stream;
}

int berth_deflate_create(size_t message_max, struct berth_deflate **ret_deflate) {
    struct berth_deflate *deflate = berth_alloc(sizeof *deflate);
    if (deflate == NULL)
        return BERTH_E_MEMORY;
    libdeflate_set_memory_allocator(berth_alloc, berth_free);
    deflate->message_max = message_max;
    deflate->packed = berth_buf_make(SIZE_MAX / 2);
    deflate->payload = berth_buf_make(SIZE_MAX / 2);
    deflate->unpacked = berth_buf_make(message_max + 1); /* one more shows that it is too large */
    deflate->compressor = libdeflate_alloc_compressor(BERTH_DEFLATE_LEVEL);
    deflate->decompressor = libdeflate_alloc_decompressor();
    if (deflate->compressor == NULL || deflate->decompressor == NULL) {
        berth_deflate_destroy(deflate);
        return BERTH_E_MEMORY;
    }
    *ret_deflate = deflate;
    return 0;
}

void berth_deflate_destroy(struct berth_deflate *deflate) {
    if (deflate == NULL)
        return;
    if (deflate->compressor != NULL)
        libdeflate_free_compressor(deflate->compressor);
    if (deflate->decompressor != NULL)
        libdeflate_free_decompressor(deflate->decompressor);
    for (size_t i = 0; i < NARROW; i++)
        free_packer(deflate->narrow[i]);
    berth_buf_free(&deflate->packed);
    berth_buf_free(&deflate->payload);
    berth_buf_free(&deflate->unpacked);
    berth_free(deflate);
}

void berth_deflate_own_free(struct berth_deflate_own *own) {
    free_packer(own->packer);
    if (own->unpacker != NULL)
        inflateEnd(own->unpacker);
    berth_free(own->unpacker);
    own->packer = own->unpacker = NULL;
}

/* Empties a buffer, and gives back what is too much to keep. */
static void reset_buf(struct berth_buf *buf) {
    if (buf->capacity > BERTH_DEFLATE_SPARE_SIZE)
        berth_buf_free(buf);
    buf->start = buf->size = 0;
}

/* -- Packing ----------------------------------------------------------------------------------- */

/* libdeflate ends with BFINAL and at a whole byte; 00 begins the empty block whose rest the
 * receiver puts back (7.2.3.4). */
static size_t pack_at_once(struct berth_deflate *deflate, struct berth_view message) {
    uint8_t *out = (uint8_t *)deflate->packed.data;
    size_t size = libdeflate_deflate_compress(deflate->compressor, message.data, message.size, out,
                                              message.size - 2);
    if (size == 0)
        return 0;
    out[size] = 0x00;
    return size + 1;
}

/* What does not become smaller leaves the stream with an empty window, which both sides can go on
 * from: nothing refers to what was before. */
static size_t pack_by_stream(struct berth_deflate *shared, z_stream *stream,
                             struct berth_view message) {
    stream->next_in = (const uint8_t *)message.data;
    stream->avail_in = (unsigned)message.size;
    stream->next_out = (uint8_t *)shared->packed.data;
    stream->avail_out = (unsigned)(message.size + sizeof tail);
    if (deflate(stream, Z_SYNC_FLUSH) == Z_OK && stream->avail_in == 0 && stream->avail_out > 0)
        return message.size - stream->avail_out; /* without the tail */
    deflateReset(stream);
    return 0;
}

/* libdeflate looks back as far as it can, which in a short message is not far. */
static size_t pack_without_window(struct berth_deflate *deflate, unsigned bits,
                                  struct berth_view message) {
    if (message.size <= (size_t)1 << bits || bits == BERTH_WS_WINDOW_BITS_MOST)
        return pack_at_once(deflate, message);
    z_stream **narrow = &deflate->narrow[bits - BERTH_WS_WINDOW_BITS_LEAST];
    if (*narrow == NULL)
        *narrow = make_packer(bits);
    if (*narrow == NULL)
        return 0;
    size_t size = pack_by_stream(deflate, *narrow, message);
    deflateReset(*narrow);
    return size;
}

static size_t pack_with_window(struct berth_deflate *deflate, struct berth_deflate_own *own,
                               unsigned bits, struct berth_view message) {
    if (own->packer == NULL)
        own->packer = make_packer(bits);
    return own->packer != NULL ? pack_by_stream(deflate, own->packer, message) : 0;
}

int berth_deflate_pack(struct berth_deflate *deflate, struct berth_deflate_own *own_or_null,
                       unsigned bits, struct berth_view message, struct berth_view *ret_packed) {
    BERTH_ASSERT(bits >= BERTH_WS_WINDOW_BITS_LEAST && bits <= BERTH_WS_WINDOW_BITS_MOST);
    reset_buf(&deflate->packed);
    if (message.size < 2 || message.size > SIZE_COUNTED ||
        berth_buf_reserve(&deflate->packed, message.size + sizeof tail) < 0)
        return 0;
    bool keeps = own_or_null != NULL && own_or_null->keeps_packing;
    size_t size = keeps ? pack_with_window(deflate, own_or_null, bits, message)
                        : pack_without_window(deflate, bits, message);
    BERTH_ASSERT(size < message.size);
    *ret_packed = (struct berth_view){deflate->packed.data, size};
    return size > 0;
}

/* -- Unpacking --------------------------------------------------------------------------------- */

/* Room for more, about as much as is guessed; how much it is. 0 with BERTH_E_FULL or _MEMORY. */
static int make_room(struct berth_buf *out, size_t guess, size_t *ret_room) {
    enum { least = 4096 };
    size_t left = out->max - out->size;
    if (left == 0)
        return BERTH_E_FULL;
    if (guess < least)
        guess = least;
    int error = berth_buf_reserve(out, guess < left ? guess : left);
    if (error == 0)
        *ret_room = out->capacity - out->start - out->size;
    return error;
}

static uint8_t *end_of(const struct berth_buf *buf) {
    return (uint8_t *)buf->data + buf->start + buf->size;
}

/* Up to the next block with BFINAL. libdeflate cannot go on with more room, so it begins again with
 * twice as much: all tries together do at most twice the work of the last. */
static int unpack_to_final(struct berth_deflate *deflate, struct berth_view in, size_t *ret_used) {
    struct berth_buf *out = &deflate->unpacked;
    size_t guess = 4 * in.size, room = 0, made = 0;
    for (;;) {
        int error = make_room(out, guess, &room);
        if (error < 0)
            return error;
        switch (libdeflate_deflate_decompress_ex(deflate->decompressor, in.data, in.size,
                                                 end_of(out), room, ret_used, &made)) {
        case LIBDEFLATE_SUCCESS:
            out->size += made;
            return 0;
        case LIBDEFLATE_INSUFFICIENT_SPACE:
            if (out->size + room == out->max)
                return BERTH_E_FULL;
            guess = 2 * room;
            break;
        case LIBDEFLATE_BAD_DATA:
        case LIBDEFLATE_SHORT_OUTPUT:
            return BERTH_E_INVALID;
        }
    }
}

/* The last BFINAL is ours, and has to be what the data end with. */
static int unpack_at_once(struct berth_deflate *deflate, struct berth_view payload) {
    struct berth_buf *in = &deflate->payload;
    in->size = in->start = 0;
    int error = berth_buf_reserve(in, payload.size + sizeof tail_and_end);
    if (error == 0)
        error = berth_buf_append(in, payload.data, payload.size);
    if (error == 0)
        error = berth_buf_append(in, tail_and_end, sizeof tail_and_end);
    for (unsigned finals = 0; error == 0 && in->size > 0; finals++) {
        size_t used = 0;
        error = finals <= BERTH_DEFLATE_FINALS_MAX
                    ? unpack_to_final(deflate, berth_buf_view(in), &used)
                    : BERTH_E_FULL;
        if (error == 0)
            berth_buf_consume(in, used);
    }
    reset_buf(in);
    return error;
}

/* Behind a block with BFINAL: a new stream, with the window of the old one. */
static int begin_anew(z_stream *stream) {
    uint8_t window[WINDOW_MAX];
    unsigned size = 0;
    if (inflateGetDictionary(stream, window, &size) != Z_OK || inflateReset(stream) != Z_OK ||
        inflateSetDictionary(stream, window, size) != Z_OK)
        return BERTH_E_INVALID;
    return 0;
}

static int unpack_part(struct berth_buf *out, z_stream *stream, struct berth_view part,
                       unsigned *finals) {
    stream->next_in = (const uint8_t *)part.data;
    stream->avail_in = (unsigned)part.size;
    do {
        size_t room = 0;
        int error = make_room(out, 4 * (size_t)stream->avail_in, &room);
        if (error < 0)
            return error;
        unsigned space = room < SIZE_COUNTED ? (unsigned)room : SIZE_COUNTED;
        stream->next_out = end_of(out);
        stream->avail_out = space;
        int status = inflate(stream, Z_SYNC_FLUSH);
        out->size += space - stream->avail_out;
        if (status == Z_MEM_ERROR)
            return BERTH_E_MEMORY;
        if (status == Z_STREAM_END && ++*finals > BERTH_DEFLATE_FINALS_MAX)
            return BERTH_E_FULL;
        if (status == Z_STREAM_END)
            status = begin_anew(stream) == 0 ? Z_OK : Z_DATA_ERROR;
        if (status != Z_OK && status != Z_BUF_ERROR) /* the second says only: nothing to do */
            return BERTH_E_INVALID;
    } while (stream->avail_in > 0 || stream->avail_out == 0);
    return 0;
}

/* zlib.h on data_type: the lowest bits count the bits that are left over, 128 is "between blocks".
 */
static bool is_between_blocks(const z_stream *stream) {
    return (stream->data_type & 128) != 0 && (stream->data_type & 63) == 0;
}

static int unpack_by_stream(struct berth_deflate *deflate, struct berth_deflate_own *own,
                            struct berth_view payload) {
    if (own->unpacker == NULL)
        own->unpacker = make_unpacker(own->unpack_bits);
    if (own->unpacker == NULL)
        return BERTH_E_MEMORY;
    unsigned finals = 0;
    int error = unpack_part(&deflate->unpacked, own->unpacker, payload, &finals);
    if (error == 0)
        error = unpack_part(&deflate->unpacked, own->unpacker, berth_view_bytes(tail, sizeof tail),
                            &finals);
    if (error == 0 && !is_between_blocks(own->unpacker))
        error = BERTH_E_INVALID;
    return error;
}

int berth_deflate_unpack(struct berth_deflate *deflate, struct berth_deflate_own *own_or_null,
                         struct berth_view payload, struct berth_view *ret_message) {
    BERTH_ASSERT(deflate->unpacked.size == 0);
    if (payload.size > SIZE_COUNTED)
        return BERTH_E_FULL;
    bool keeps = own_or_null != NULL && own_or_null->keeps_unpacking;
    int error =
        keeps ? unpack_by_stream(deflate, own_or_null, payload) : unpack_at_once(deflate, payload);
    if (error == 0 && deflate->unpacked.size > deflate->message_max)
        error = BERTH_E_FULL;
    if (error < 0)
        reset_buf(&deflate->unpacked);
    else
        *ret_message = berth_buf_view(&deflate->unpacked);
    return error;
}

void berth_deflate_unpacked(struct berth_deflate *deflate) { reset_buf(&deflate->unpacked); }
