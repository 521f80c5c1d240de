/* The WebSocket decoder: any bytes, cut at any place, give the events that they give in one piece;
 * and what the encoder writes, the decoder reads.
 *
 * Input: a byte of flags, four of a seed for the cuts, then the peer's bytes. */
#include <stdint.h>
#include <stdlib.h>

#include "base/assert.h"
#include "proto/ws.h"

enum {
    FLAG_CLIENT = 1,
    FLAG_SMALL_LIMITS = 2,
    FLAG_ROUND_TRIP = 4,
    FLAG_DEFLATE = 8,
    INPUT_HEAD = 5
};

static const struct berth_ws_limits small_limits = {.message_max = 64, .fragments_max = 3};
static const struct berth_ws_limits large_limits = {.message_max = 1 << 20, .fragments_max = 1000};

/* The events as bytes, with the runs of a message joined. */
struct record {
    uint8_t *data;
    size_t size;
    size_t capacity;
    uint64_t message_size;
    struct berth_utf8 utf8;
    bool run_open;  /* the last thing recorded is a run that more may join */
    bool under_way; /* a message is */
    bool ended;     /* CLOSE or FAIL was there */
};

static void put(struct record *record, const void *data, size_t size) {
    if (size > record->capacity - record->size) {
        record->capacity = 2 * record->capacity + size + 64;
        record->data = realloc(record->data, record->capacity);
        BERTH_ASSERT(record->data != NULL);
    }
    if (size > 0)
        memcpy(record->data + record->size, data, size);
    record->size += size;
}

static void put_mark(struct record *record, const struct berth_ws_event *event) {
    uint8_t mark[] = {(uint8_t)event->type, (uint8_t)event->opcode,
                      (uint8_t)(event->first | event->compressed << 1), (uint8_t)(event->code >> 8),
                      (uint8_t)event->code};
    put(record, mark, sizeof mark);
}

/* What holds for every DATA event, however the input was cut. */
static void check_data(struct record *record, const struct berth_ws_event *event, uint64_t max) {
    BERTH_ASSERT(event->first != record->under_way);
    BERTH_ASSERT(event->data.size > 0 || event->last);
    if (event->first) {
        record->message_size = 0;
        record->utf8 = (struct berth_utf8){0};
    }
    record->under_way = !event->last;
    record->message_size += event->data.size;
    BERTH_ASSERT(record->message_size <= (event->compressed ? berth_ws_compressed_max(max) : max));
    if (event->opcode != BERTH_WS_OPCODE_TEXT || event->compressed)
        return;
    size_t good = berth_utf8_feed(&record->utf8, event->data.data, event->data.size);
    BERTH_ASSERT(good == event->data.size);
    BERTH_ASSERT(!event->last || berth_utf8_complete(&record->utf8));
}

static void record_event(struct record *record, const struct berth_ws_event *event, uint64_t max) {
    BERTH_ASSERT(!record->ended);
    if (event->type == BERTH_WS_EVENT_DATA) {
        check_data(record, event, max);
        if (!record->run_open)
            put_mark(record, event);
        put(record, event->data.data, event->data.size);
        record->run_open = !event->last;
        if (event->last)
            put(record, "last", 4);
        return;
    }
    BERTH_ASSERT(event->type == BERTH_WS_EVENT_FAIL || event->data.size <= BERTH_WS_CONTROL_MAX);
    record->ended = event->type == BERTH_WS_EVENT_CLOSE || event->type == BERTH_WS_EVENT_FAIL;
    record->run_open = false;
    put_mark(record, event);
    put(record, event->data.data, event->data.size);
}

/* Feeds from memory of exactly the piece's size, so that no byte outside it can be touched. */
static void feed(struct berth_ws_decoder *decoder, const uint8_t *bytes, size_t size,
                 struct record *record) {
    uint8_t *piece = malloc(size > 0 ? size : 1);
    BERTH_ASSERT(piece != NULL);
    memcpy(piece, bytes, size);
    size_t at = 0;
    struct berth_ws_event event;
    do {
        at += berth_ws_decoder_feed(decoder, piece + at, size - at, &event);
        BERTH_ASSERT(at <= size);
        if (event.type != BERTH_WS_EVENT_NONE)
            record_event(record, &event, decoder->limits->message_max);
    } while (event.type != BERTH_WS_EVENT_NONE);
    BERTH_ASSERT(at == size);
    free(piece);
}

/* Pieces of 0 to 15 bytes; seed 0 is one piece. */
static size_t piece_size(uint32_t *seed, size_t left) {
    if (*seed == 0)
        return left;
    *seed = *seed * 1664525 + 1013904223;
    size_t size = *seed >> 28;
    if (*seed == 0)
        *seed = 1;
    return size < left ? size : left;
}

static struct record decode(unsigned flags, const uint8_t *bytes, size_t size, uint32_t seed) {
    struct record record = {0};
    struct berth_ws_decoder decoder;
    uint8_t room[BERTH_WS_CONTROL_MAX];
    berth_ws_decoder_init(&decoder, flags & FLAG_CLIENT ? BERTH_WS_CLIENT : BERTH_WS_SERVER,
                          flags & FLAG_SMALL_LIMITS ? &small_limits : &large_limits, room);
    if (flags & FLAG_DEFLATE)
        berth_ws_decoder_allow_compressed(&decoder);
    for (size_t at = 0; at < size;) {
        size_t piece = piece_size(&seed, size - at);
        feed(&decoder, bytes + at, piece, &record);
        at += piece;
    }
    return record;
}

static void check_same(const struct record *whole, const struct record *cut) {
    BERTH_ASSERT(whole->size == cut->size);
    BERTH_ASSERT(whole->size == 0 || memcmp(whole->data, cut->data, whole->size) == 0);
}

static void check_splits(unsigned flags, uint32_t seed, const uint8_t *bytes, size_t size) {
    struct record whole = decode(flags, bytes, size, 0);
    struct record cut = decode(flags, bytes, size, seed | 1);
    check_same(&whole, &cut);
    free(whole.data);
    free(cut.data);
}

/* The input becomes one binary message, in fragments that the seed cuts, a ping behind each. */
static size_t encode(unsigned flags, uint32_t seed, const uint8_t *bytes, size_t size,
                     uint8_t *out) {
    size_t out_size = 0, at = 0;
    enum berth_ws_opcode opcode = BERTH_WS_OPCODE_BINARY;
    bool fin = false;
    while (!fin) {
        uint8_t bytes_of_mask[4] = {(uint8_t)seed, (uint8_t)(seed >> 8), 0x5A, (uint8_t)at};
        const uint8_t *mask = flags & FLAG_CLIENT ? NULL : bytes_of_mask;
        size_t piece = piece_size(&seed, size - at);
        fin = at + piece == size;
        out_size += berth_ws_frame_head(out + out_size, opcode, fin, piece, mask);
        memcpy(out + out_size, bytes + at, piece);
        if (mask != NULL)
            berth_ws_mask(out + out_size, piece, mask, 0);
        out_size += piece;
        out_size += berth_ws_frame_head(out + out_size, BERTH_WS_OPCODE_PING, true, 0, mask);
        opcode = BERTH_WS_OPCODE_CONTINUATION;
        at += piece;
    }
    return out_size;
}

/* Every piece is decoded to itself: the message is the input again. */
static void check_round_trip(unsigned flags, uint32_t seed, const uint8_t *bytes, size_t size) {
    enum { MOST = 512, WIRE_MAX = 64 * MOST };
    static uint8_t wire[WIRE_MAX];
    size = size < MOST ? size : MOST;
    flags &= FLAG_CLIENT;
    size_t wire_size = encode(flags, seed, bytes, size, wire);
    BERTH_ASSERT(wire_size <= WIRE_MAX);

    struct berth_ws_decoder decoder;
    uint8_t room[BERTH_WS_CONTROL_MAX];
    struct berth_ws_event event;
    berth_ws_decoder_init(&decoder, flags ? BERTH_WS_CLIENT : BERTH_WS_SERVER, &large_limits, room);
    size_t read = 0, used = 0;
    bool last = false;
    do {
        used += berth_ws_decoder_feed(&decoder, wire + used, wire_size - used, &event);
        BERTH_ASSERT(event.type != BERTH_WS_EVENT_FAIL && event.type != BERTH_WS_EVENT_CLOSE);
        if (event.type != BERTH_WS_EVENT_DATA)
            continue;
        BERTH_ASSERT(!last && event.data.size <= size - read);
        BERTH_ASSERT(event.data.size == 0 ||
                     memcmp(event.data.data, bytes + read, event.data.size) == 0);
        read += event.data.size;
        last = event.last;
    } while (event.type != BERTH_WS_EVENT_NONE);
    BERTH_ASSERT(last && read == size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < INPUT_HEAD)
        return 0;
    uint32_t seed;
    memcpy(&seed, data + 1, sizeof seed);
    if (data[0] & FLAG_ROUND_TRIP)
        check_round_trip(data[0], seed | 1, data + INPUT_HEAD, size - INPUT_HEAD);
    else
        check_splits(data[0], seed, data + INPUT_HEAD, size - INPUT_HEAD);
    return 0;
}
