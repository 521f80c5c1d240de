/* Every vector of tests/wire/ws for the decoder: fed whole, byte by byte, and cut at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/ws.h"
#include "proto/ws_script.h"

/* What came out, a line an event, runs of one message joined: the same for any split. */
struct record {
    FILE *out;
    char *text;
    size_t text_size;
    size_t fed;    /* bytes of input so far */
    size_t ended;  /* how many had been fed when CLOSE or FAIL came */
    bool data;     /* a DATA line is open; it wants its `last` and the line's end */
    size_t events; /* before joining */
};

static void write_hex(FILE *out, struct berth_view data) {
    for (size_t i = 0; i < data.size; i++)
        fprintf(out, "%02x", (unsigned)(uint8_t)data.data[i]);
}

static void record_line(FILE *out, const char *word, struct berth_view data) {
    fprintf(out, "%s ", word);
    write_hex(out, data);
    fputc('\n', out);
}

static void record_close_data(struct record *record, bool last) {
    if (record->data)
        fputs(last ? " last\n" : "\n", record->out);
    record->data = false;
}

static void record_data(struct record *record, const struct berth_ws_event *event) {
    assert_true(event->data.size > 0 || event->last);
    if (!record->data) {
        bool text = event->opcode == BERTH_WS_OPCODE_TEXT;
        assert_true(text || event->opcode == BERTH_WS_OPCODE_BINARY);
        fprintf(record->out, "%s%s%s ", event->compressed ? "compressed " : "",
                text ? "text" : "binary", event->first ? " first" : "");
    } else {
        assert_false(event->first);
    }
    record->data = true;
    write_hex(record->out, event->data);
    if (event->last)
        record_close_data(record, true);
}

static void record_event(struct record *record, const struct berth_ws_event *event) {
    char word[32];
    record->events++;
    if (event->type != BERTH_WS_EVENT_DATA)
        record_close_data(record, false);
    switch (event->type) {
    case BERTH_WS_EVENT_NONE:
    case BERTH_WS_EVENT_ROOM: /* it has room */
        break;
    case BERTH_WS_EVENT_DATA:
        record_data(record, event);
        break;
    case BERTH_WS_EVENT_PING:
        record_line(record->out, "ping", event->data);
        break;
    case BERTH_WS_EVENT_PONG:
        record_line(record->out, "pong", event->data);
        break;
    case BERTH_WS_EVENT_CLOSE:
        snprintf(word, sizeof word, "close %u", (unsigned)event->code);
        record_line(record->out, word, event->data);
        record->ended = record->fed;
        break;
    case BERTH_WS_EVENT_FAIL:
        fprintf(record->out, "fail %u %.*s\n", (unsigned)event->code, BERTH_VIEW_ARG(event->data));
        record->ended = record->fed;
        break;
    }
}

/* Feeds one piece, from memory of exactly its size that is gone afterwards: a view that outlives
 * its input is found by AddressSanitizer. */
static void feed_piece(struct berth_ws_decoder *decoder, const uint8_t *bytes, size_t size,
                       struct record *record) {
    uint8_t *piece = malloc(size > 0 ? size : 1);
    assert_non_null(piece);
    memcpy(piece, bytes, size);
    record->fed += size;
    size_t at = 0;
    struct berth_ws_event event;
    do {
        size_t used = berth_ws_decoder_feed(decoder, piece + at, size - at, &event);
        assert_true(used <= size - at);
        at += used;
        if (event.type != BERTH_WS_EVENT_NONE)
            record_event(record, &event);
    } while (event.type != BERTH_WS_EVENT_NONE);
    assert_int_equal(at, size);
    free(piece);
}

static uint32_t random_next(uint32_t *seed) {
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* seed 0: all at once; 1: byte by byte; else cut at random, short pieces and long ones mixed. */
static size_t piece_size(uint32_t *seed, size_t left) {
    if (*seed == 0)
        return left;
    if (*seed == 1)
        return 1;
    size_t most = (size_t)1 << random_next(seed) % 16;
    size_t size = random_next(seed) % (most + 1);
    return size < left ? size : left;
}

enum { SPLITS = 40 };

struct vector {
    enum berth_ws_role role;
    struct berth_ws_limits limits;
    bool deflate;
    char name[128];
    struct ws_script_bytes in;
    FILE *want;
    char *want_text;
    size_t want_size;
    size_t ended; /* after how many bytes CLOSE or FAIL must come; 0 when nothing is said */
};

static struct record run(const struct vector *vector, uint32_t seed) {
    struct record record = {0};
    record.out = open_memstream(&record.text, &record.text_size);
    assert_non_null(record.out);
    struct berth_ws_decoder decoder;
    uint8_t room[BERTH_WS_CONTROL_MAX];
    berth_ws_decoder_init(&decoder, vector->role, &vector->limits, room);
    if (vector->deflate)
        berth_ws_decoder_allow_compressed(&decoder);
    for (size_t at = 0; at < vector->in.size;) {
        size_t size = piece_size(&seed, vector->in.size - at);
        feed_piece(&decoder, vector->in.data + at, size, &record);
        at += size;
    }
    record_close_data(&record, false);
    fclose(record.out);
    return record;
}

static void check(const struct vector *vector) {
    uint32_t splits = vector->in.size > 4096 ? 6 : SPLITS;
    for (uint32_t seed = 0; seed < splits; seed++) {
        struct record record = run(vector, seed);
        if (strcmp(record.text, vector->want_text) != 0)
            fail_msg("%s (split %u)\n  want: %.900s\n  have: %.900s", vector->name, (unsigned)seed,
                     vector->want_text, record.text);
        if (seed == 1 && vector->ended != 0 && record.ended != vector->ended)
            fail_msg("%s: ended after %zu bytes, not %zu", vector->name, record.ended,
                     vector->ended);
        free(record.text);
    }
}

static bool word_is(struct berth_view word, const char *text) {
    return berth_view_equal(word, berth_view_of(text));
}

static size_t read_number(const struct ws_script *script, struct berth_view *rest) {
    uint64_t number;
    if (berth_view_number(berth_view_cut(*rest, ' ', rest), SIZE_MAX, &number) < 0)
        ws_script_die(script, "a number was expected");
    return (size_t)number;
}

static struct berth_view read_bytes(const struct ws_script *script, struct berth_view text) {
    static struct ws_script_bytes bytes;
    bytes.size = 0;
    ws_script_bytes_read(script, text, &bytes);
    return berth_view_bytes(bytes.data, bytes.size);
}

/* "text compressed first last BYTES": the flags are words before the bytes. */
static void read_data(const struct ws_script *script, struct vector *vector, struct berth_view word,
                      struct berth_view rest) {
    bool compressed = berth_view_starts(rest, BERTH_VIEW("compressed"));
    if (compressed)
        berth_view_cut(rest, ' ', &rest);
    bool first = berth_view_starts(rest, BERTH_VIEW("first"));
    if (first)
        berth_view_cut(rest, ' ', &rest);
    bool last = berth_view_starts(rest, BERTH_VIEW("last"));
    if (last)
        berth_view_cut(rest, ' ', &rest);
    fprintf(vector->want, "%s%.*s%s ", compressed ? "compressed " : "", BERTH_VIEW_ARG(word),
            first ? " first" : "");
    write_hex(vector->want, read_bytes(script, rest));
    fputs(last ? " last\n" : "\n", vector->want);
}

/* "close 1000 BYTES" and "fail 1002 text", both with "at N" before the rest where it matters. */
static void read_end(const struct ws_script *script, struct vector *vector, struct berth_view word,
                     struct berth_view rest) {
    size_t code = read_number(script, &rest);
    if (berth_view_starts(rest, BERTH_VIEW("at "))) {
        berth_view_cut(rest, ' ', &rest);
        vector->ended = read_number(script, &rest);
    }
    if (word_is(word, "fail")) {
        fprintf(vector->want, "fail %zu %.*s\n", code, BERTH_VIEW_ARG(rest));
        return;
    }
    fprintf(vector->want, "close %zu ", code);
    write_hex(vector->want, read_bytes(script, rest));
    fputc('\n', vector->want);
}

static void read_line(const struct ws_script *script, struct vector *vector, struct berth_view word,
                      struct berth_view rest) {
    if (word_is(word, "section"))
        return;
    if (word_is(word, "role")) {
        vector->role = word_is(rest, "client") ? BERTH_WS_CLIENT : BERTH_WS_SERVER;
    } else if (word_is(word, "limits")) {
        vector->limits.message_max = read_number(script, &rest);
        vector->limits.fragments_max = (uint32_t)read_number(script, &rest);
    } else if (word_is(word, "deflate")) {
        vector->deflate = true;
    } else if (word_is(word, "in")) {
        ws_script_bytes_read(script, rest, &vector->in);
    } else if (word_is(word, "text") || word_is(word, "binary")) {
        read_data(script, vector, word, rest);
    } else if (word_is(word, "ping") || word_is(word, "pong")) {
        char name[8];
        snprintf(name, sizeof name, "%.*s", BERTH_VIEW_ARG(word));
        record_line(vector->want, name, read_bytes(script, rest));
    } else if (word_is(word, "close") || word_is(word, "fail")) {
        read_end(script, vector, word, rest);
    } else {
        ws_script_die(script, "an unknown word");
    }
}

static void vector_begin(struct vector *vector, struct berth_view name) {
    vector->role = BERTH_WS_SERVER;
    vector->deflate = false;
    vector->limits = berth_ws_limits_default();
    vector->in.size = 0;
    vector->ended = 0;
    snprintf(vector->name, sizeof vector->name, "%.*s", BERTH_VIEW_ARG(name));
    vector->want = open_memstream(&vector->want_text, &vector->want_size);
    assert_non_null(vector->want);
}

static void vector_end(struct vector *vector) {
    if (vector->want == NULL)
        return;
    fclose(vector->want);
    vector->want = NULL;
    check(vector);
    free(vector->want_text);
}

static void run_file(void **state) {
    static struct vector vector;
    struct ws_script script = ws_script_open(*state);
    struct berth_view word, rest;
    size_t count = 0;
    while (ws_script_next(&script, &word, &rest)) {
        if (word_is(word, "case")) {
            vector_end(&vector);
            vector_begin(&vector, rest);
            count++;
        } else {
            read_line(&script, &vector, word, rest);
        }
    }
    vector_end(&vector);
    print_message("%s: %zu vectors\n", script.name, count);
    assert_true(count > 0);
}

/* Frames that lie whole in the input come as one event each, where they lie. */
static void whole_frames_are_not_copied(void **state) {
    (void)state;
    uint8_t bytes[] = {0x81, 0x02, 'h', 'i', 0x89, 0x01, 'p', 0x82, 0x00};
    struct berth_ws_limits limits = berth_ws_limits_default();
    struct berth_ws_decoder decoder;
    uint8_t room[BERTH_WS_CONTROL_MAX];
    struct berth_ws_event event;
    berth_ws_decoder_init(&decoder, BERTH_WS_CLIENT, &limits, room);

    assert_int_equal(berth_ws_decoder_feed(&decoder, bytes, sizeof bytes, &event), 4);
    assert_int_equal(event.type, BERTH_WS_EVENT_DATA);
    assert_ptr_equal(event.data.data, bytes + 2);
    assert_int_equal(event.data.size, 2);
    assert_true(event.first && event.last);

    assert_int_equal(berth_ws_decoder_feed(&decoder, bytes + 4, sizeof bytes - 4, &event), 3);
    assert_int_equal(event.type, BERTH_WS_EVENT_PING);
    assert_ptr_equal(event.data.data, bytes + 6);

    assert_int_equal(berth_ws_decoder_feed(&decoder, bytes + 7, 2, &event), 2);
    assert_int_equal(event.type, BERTH_WS_EVENT_DATA);
    assert_int_equal(event.data.size, 0);
    assert_true(event.first && event.last);
}

static void nothing_fed_gives_nothing(void **state) {
    (void)state;
    struct berth_ws_limits limits = berth_ws_limits_default();
    struct berth_ws_decoder decoder;
    uint8_t room[BERTH_WS_CONTROL_MAX];
    struct berth_ws_event event;
    berth_ws_decoder_init(&decoder, BERTH_WS_SERVER, &limits, room);
    assert_int_equal(berth_ws_decoder_feed(&decoder, NULL, 0, &event), 0);
    assert_int_equal(event.type, BERTH_WS_EVENT_NONE);
}

/* A decoder without room asks for it when a control frame comes in pieces, and only then. */
static void room_is_asked_for(void **state) {
    (void)state;
    uint8_t bytes[] = {0x01, 0x01, 'a', 0x89, 0x02, 'p', 'q', 0x89, 0x01, 'r', 0x80, 0x00};
    struct berth_ws_limits limits = berth_ws_limits_default();
    struct berth_ws_decoder decoder;
    uint8_t room[BERTH_WS_CONTROL_MAX];
    struct berth_ws_event event;
    berth_ws_decoder_init(&decoder, BERTH_WS_CLIENT, &limits, NULL);
    assert_int_equal(berth_ws_decoder_feed(&decoder, bytes, 6, &event), 3);
    assert_int_equal(event.type, BERTH_WS_EVENT_DATA);
    assert_int_equal(berth_ws_decoder_feed(&decoder, bytes + 3, 3, &event), 2);
    assert_int_equal(event.type, BERTH_WS_EVENT_ROOM);
    assert_true(berth_ws_decoder_leave_room(&decoder));

    berth_ws_decoder_set_room(&decoder, room);
    assert_int_equal(berth_ws_decoder_feed(&decoder, bytes + 5, 1, &event), 1);
    assert_int_equal(event.type, BERTH_WS_EVENT_NONE);
    assert_false(berth_ws_decoder_leave_room(&decoder));
    assert_int_equal(berth_ws_decoder_feed(&decoder, bytes + 6, 1, &event), 1);
    assert_int_equal(event.type, BERTH_WS_EVENT_PING);
    assert_memory_equal(event.data.data, "pq", 2);
    assert_true(berth_ws_decoder_leave_room(&decoder));

    assert_int_equal(berth_ws_decoder_feed(&decoder, bytes + 7, 5, &event), 3);
    assert_int_equal(event.type, BERTH_WS_EVENT_PING);
    assert_ptr_equal(event.data.data, bytes + 9);
}

/* A peer may send fragments without payload until the limit: no event, no growth, then 1008. */
static void endless_empty_fragments_end(void **state) {
    (void)state;
    struct berth_ws_limits limits = berth_ws_limits_default();
    struct berth_ws_decoder decoder;
    uint8_t room[BERTH_WS_CONTROL_MAX];
    struct berth_ws_event event;
    berth_ws_decoder_init(&decoder, BERTH_WS_CLIENT, &limits, room);
    uint8_t start[] = {0x02, 0x00};
    berth_ws_decoder_feed(&decoder, start, sizeof start, &event);
    for (uint32_t count = 1; count < limits.fragments_max; count++) {
        uint8_t more[] = {0x00, 0x00};
        berth_ws_decoder_feed(&decoder, more, sizeof more, &event);
        assert_int_equal(event.type, BERTH_WS_EVENT_NONE);
    }
    uint8_t more[] = {0x00, 0x00};
    berth_ws_decoder_feed(&decoder, more, sizeof more, &event);
    assert_int_equal(event.type, BERTH_WS_EVENT_FAIL);
    assert_int_equal(event.code, BERTH_WS_CLOSE_POLICY_VIOLATION);
}

#define VECTORS(file)                                                                              \
    { "vectors " file, run_file, NULL, NULL, file }

/* What berth_ws_decoder_feed_whole takes of a client's frame; what it does not take it leaves. */
static size_t taken_whole(struct berth_ws_decoder *decoder, unsigned first, size_t size,
                          size_t there) {
    static const uint8_t mask[4] = {9, 8, 7, 6};
    static uint8_t frame[BERTH_WS_HEAD_MAX + 70000], before[sizeof frame];
    size_t head = berth_ws_frame_head(frame, BERTH_WS_OPCODE_TEXT, true, size, mask);
    frame[0] = (uint8_t)first;
    memset(frame + head, 'x', size);
    berth_ws_mask(frame + head, size, mask, 0);
    memcpy(before, frame, sizeof frame);
    struct berth_view message =
        berth_ws_decoder_feed_whole(decoder, frame, there < head + size ? there : head + size);
    if (message.data == NULL) {
        assert_memory_equal(frame, before, sizeof frame);
        return 0;
    }
    assert_int_equal(berth_ws_opcode_of(frame[0]), first & 0x0F);
    assert_int_equal(message.size, size);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(message.data[i], 'x');
    return (size_t)((const uint8_t *)message.data + message.size - frame);
}

static void whole_messages_are_taken_in_one_step(void **state) {
    (void)state;
    enum { text = 0x81, binary = 0x82, first_of_some = 0x01, ping = 0x89, compressed = 0xC1 };
    static const size_t sizes[] = {0, 1, 15, 16, 17, 125, 126, 127, 300, 65535};
    struct berth_ws_limits limits = {65535, 1};
    struct berth_ws_decoder decoder;
    berth_ws_decoder_init(&decoder, BERTH_WS_SERVER, &limits, NULL);
    berth_ws_decoder_allow_compressed(&decoder);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t all = sizes[i] + (sizes[i] < 126 ? 6 : 8);
        assert_int_equal(taken_whole(&decoder, text, sizes[i], SIZE_MAX), all);
        assert_int_equal(taken_whole(&decoder, binary, sizes[i], SIZE_MAX), all);
        for (size_t there = 0; there < 10 && there < all; there++)
            assert_int_equal(taken_whole(&decoder, text, sizes[i], there), 0);
        assert_int_equal(taken_whole(&decoder, text, sizes[i], all - 1), 0);
        assert_int_equal(taken_whole(&decoder, first_of_some, sizes[i], SIZE_MAX), 0);
        assert_int_equal(taken_whole(&decoder, ping, sizes[i], SIZE_MAX), 0);
        assert_int_equal(taken_whole(&decoder, compressed, sizes[i], SIZE_MAX), 0);
    }
    assert_int_equal(taken_whole(&decoder, text, 65536, SIZE_MAX), 0);
    limits.message_max = 299;
    assert_int_equal(taken_whole(&decoder, text, 299, SIZE_MAX), 307);
    assert_int_equal(taken_whole(&decoder, text, 300, SIZE_MAX), 0);
    limits.fragments_max = 0;
    assert_int_equal(taken_whole(&decoder, text, 1, SIZE_MAX), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        VECTORS("framing.txt"),
        VECTORS("reserved.txt"),
        VECTORS("control.txt"),
        VECTORS("fragments.txt"),
        VECTORS("utf8.txt"),
        VECTORS("close.txt"),
        VECTORS("limits.txt"),
        VECTORS("compressed.txt"),
        cmocka_unit_test(whole_frames_are_not_copied),
        cmocka_unit_test(whole_messages_are_taken_in_one_step),
        cmocka_unit_test(room_is_asked_for),
        cmocka_unit_test(nothing_fed_gives_nothing),
        cmocka_unit_test(endless_empty_fragments_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
