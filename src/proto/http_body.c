#include "proto/http_states.h"

#include "proto/http_class.h"

#define SIZE_DIGITS_MAX 16 /* of a chunk size: 64 bits, leading zeros counted */

enum berth_http_state berth_http_body_begin(struct berth_http_reader *reader) {
    switch (reader->head.framing) {
    case BERTH_HTTP_FRAMING_NONE:
        return BERTH_HTTP_AT_END;
    case BERTH_HTTP_FRAMING_LENGTH:
        reader->body_left = reader->head.content_length;
        return reader->body_left > 0 ? BERTH_HTTP_IN_BODY : BERTH_HTTP_AT_END;
    case BERTH_HTTP_FRAMING_CHUNKED:
        reader->body_left = 0;
        reader->size_digits = 0;
        return BERTH_HTTP_IN_CHUNK_SIZE;
    case BERTH_HTTP_FRAMING_CLOSE:
        return BERTH_HTTP_IN_OPEN_BODY;
    }
    return BERTH_HTTP_AT_END;
}

static enum berth_http_step over_limit(struct berth_http_reader *reader,
                                       struct berth_http_event *event) {
    return berth_http_fail(reader, event, 413, "the body is over the limit");
}

/* Returns the next bytes, at most size of them, to the caller. */
static enum berth_http_step give(struct berth_http_input *input, struct berth_http_event *event,
                                 size_t size) {
    event->type = BERTH_HTTP_BODY;
    event->body = (struct berth_view){input->at, size};
    input->at += size;
    return BERTH_HTTP_STOPPED;
}

/* All of the body, or one chunk of it. */
enum berth_http_step berth_http_in_sized(struct berth_http_reader *reader,
                                         struct berth_http_input *input,
                                         struct berth_http_event *event,
                                         enum berth_http_state next) {
    size_t left = berth_http_left(input);
    if (left == 0)
        return BERTH_HTTP_STOPPED;
    size_t size = left < reader->body_left ? left : (size_t)reader->body_left;
    reader->body_left -= size;
    if (reader->body_left == 0)
        reader->state = (uint8_t)next;
    return give(input, event, size);
}

enum berth_http_step berth_http_in_open_body(struct berth_http_reader *reader,
                                             struct berth_http_input *input,
                                             struct berth_http_event *event) {
    size_t left = berth_http_left(input);
    uint64_t room = reader->limits.body_size - reader->body_size;
    if (left == 0)
        return BERTH_HTTP_STOPPED;
    if (room == 0)
        return over_limit(reader, event);
    size_t size = left < room ? left : (size_t)room;
    reader->body_size += size;
    return give(input, event, size);
}

/* RFC 9112 7.1: hex digits, not even a blank before them. */
enum berth_http_step berth_http_in_chunk_size(struct berth_http_reader *reader,
                                              struct berth_http_input *input,
                                              struct berth_http_event *event) {
    while (input->at < input->end && berth_http_is(*input->at, BERTH_HTTP_HEX)) {
        if (reader->size_digits++ == SIZE_DIGITS_MAX)
            return berth_http_fail(reader, event, 400, "a chunk size has too many digits");
        reader->body_left = reader->body_left << 4 | berth_http_hex(*input->at++);
        if (reader->body_left > reader->limits.body_size - reader->body_size)
            return over_limit(reader, event);
    }
    if (input->at == input->end)
        return BERTH_HTTP_STOPPED;
    if (reader->size_digits == 0)
        return berth_http_fail(reader, event, 400, "a chunk has no size");
    reader->extension_state = 0;
    reader->state = BERTH_HTTP_IN_EXTENSION;
    return BERTH_HTTP_MOVED;
}

/* RFC 9112 7.1.1: *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ), skipped but
 * strict: what a lenient reader takes for an extension, another takes for the next chunk. */
enum extension {
    EXT_SIZE,    /* behind the size, or behind a value */
    EXT_BLANK,   /* a blank was there: only ';' can follow */
    EXT_SEMI,    /* behind ';': the name is to come */
    EXT_NAME,    /* in the name */
    EXT_NAMED,   /* behind the name and a blank */
    EXT_EQUAL,   /* behind '=': the value is to come */
    EXT_VALUE,   /* in a token */
    EXT_QUOTED,  /* in a quoted string */
    EXT_ESCAPED, /* behind '\' in it */
    EXT_BAD,
    EXT_DONE, /* at the CR */
};

enum ext_byte {
    IS_BLANK,
    IS_SEMI,
    IS_EQUAL,
    IS_QUOTE,
    IS_ESCAPE,
    IS_TOKEN,
    IS_TEXT,
    IS_CR,
    IS_BAD
};

static enum ext_byte ext_byte_of(char byte) {
    if (berth_http_is(byte, BERTH_HTTP_TOKEN))
        return IS_TOKEN;
    if (berth_http_is(byte, BERTH_HTTP_BLANK))
        return IS_BLANK;
    switch (byte) {
    case ';':
        return IS_SEMI;
    case '=':
        return IS_EQUAL;
    case '"':
        return IS_QUOTE;
    case '\\':
        return IS_ESCAPE;
    case '\r':
        return IS_CR;
    default: /* a byte, not a state */
        return berth_http_is(byte, BERTH_HTTP_VALUE) ? IS_TEXT : IS_BAD;
    }
}

/* clang-format off */
static const uint8_t ext_next[EXT_BAD][IS_BAD + 1] = {
    /*               blank        ;           =           "           \            token       other text  CR        other */
    [EXT_SIZE]    = {EXT_BLANK,  EXT_SEMI,   EXT_BAD,    EXT_BAD,    EXT_BAD,     EXT_BAD,    EXT_BAD,    EXT_DONE, EXT_BAD},
    [EXT_BLANK]   = {EXT_BLANK,  EXT_SEMI,   EXT_BAD,    EXT_BAD,    EXT_BAD,     EXT_BAD,    EXT_BAD,    EXT_BAD,  EXT_BAD},
    [EXT_SEMI]    = {EXT_SEMI,   EXT_BAD,    EXT_BAD,    EXT_BAD,    EXT_BAD,     EXT_NAME,   EXT_BAD,    EXT_BAD,  EXT_BAD},
    [EXT_NAME]    = {EXT_NAMED,  EXT_SEMI,   EXT_EQUAL,  EXT_BAD,    EXT_BAD,     EXT_NAME,   EXT_BAD,    EXT_DONE, EXT_BAD},
    [EXT_NAMED]   = {EXT_NAMED,  EXT_SEMI,   EXT_EQUAL,  EXT_BAD,    EXT_BAD,     EXT_BAD,    EXT_BAD,    EXT_BAD,  EXT_BAD},
    [EXT_EQUAL]   = {EXT_EQUAL,  EXT_BAD,    EXT_BAD,    EXT_QUOTED, EXT_BAD,     EXT_VALUE,  EXT_BAD,    EXT_BAD,  EXT_BAD},
    [EXT_VALUE]   = {EXT_BLANK,  EXT_SEMI,   EXT_BAD,    EXT_BAD,    EXT_BAD,     EXT_VALUE,  EXT_BAD,    EXT_DONE, EXT_BAD},
    [EXT_QUOTED]  = {EXT_QUOTED, EXT_QUOTED, EXT_QUOTED, EXT_SIZE,   EXT_ESCAPED, EXT_QUOTED, EXT_QUOTED, EXT_BAD,  EXT_BAD},
    [EXT_ESCAPED] = {EXT_QUOTED, EXT_QUOTED, EXT_QUOTED, EXT_QUOTED, EXT_QUOTED,  EXT_QUOTED, EXT_QUOTED, EXT_BAD,  EXT_BAD},
};
/* clang-format on */

enum berth_http_step berth_http_in_extension(struct berth_http_reader *reader,
                                             struct berth_http_input *input,
                                             struct berth_http_event *event) {
    while (input->at < input->end) {
        uint8_t next = ext_next[reader->extension_state][ext_byte_of(*input->at++)];
        if (next == EXT_BAD)
            return berth_http_fail(reader, event, 400, "a chunk's line is malformed");
        if (next == EXT_DONE) {
            reader->state = BERTH_HTTP_AT_SIZE_LF;
            return BERTH_HTTP_MOVED;
        }
        if (reader->extension_size++ == BERTH_HTTP_CHUNK_EXTENSIONS_MAX)
            return berth_http_fail(reader, event, 400, "the chunk extensions are over the limit");
        reader->extension_state = next;
    }
    return BERTH_HTTP_STOPPED;
}

/* The last chunk has the size 0; behind it stand the trailers and a blank line, as in a head. */
enum berth_http_step berth_http_at_size_lf(struct berth_http_reader *reader,
                                           struct berth_http_input *input,
                                           struct berth_http_event *event) {
    enum berth_http_step step = berth_http_expect(reader, input, event, '\n', BERTH_HTTP_IN_CHUNK);
    if (step == BERTH_HTTP_STOPPED)
        return step;
    reader->size_digits = 0;
    reader->body_size += reader->body_left;
    if (reader->body_left == 0) {
        reader->in_trailers = true;
        reader->mark = reader->filled;
        reader->state = BERTH_HTTP_AT_FIELD;
    }
    return step;
}
