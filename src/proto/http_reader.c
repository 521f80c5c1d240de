#include "proto/http_states.h"

#include <stddef.h>

#include "base/assert.h"
#include "proto/http_class.h"

static enum berth_http_step failed(const struct berth_http_reader *reader,
                                   struct berth_http_event *event) {
    event->type = BERTH_HTTP_FAIL;
    event->status = reader->status;
    event->reason = reader->reason;
    return BERTH_HTTP_STOPPED;
}

enum berth_http_step berth_http_fail(struct berth_http_reader *reader,
                                     struct berth_http_event *event, int status,
                                     const char *reason) {
    reader->state = BERTH_HTTP_DEAD;
    reader->status = status;
    reader->reason = reason;
    return failed(reader, event);
}

enum berth_http_step berth_http_expect(struct berth_http_reader *reader,
                                       struct berth_http_input *input,
                                       struct berth_http_event *event, char byte,
                                       enum berth_http_state next) {
    if (input->at == input->end)
        return BERTH_HTTP_STOPPED;
    if (*input->at != byte)
        return berth_http_fail(reader, event, 400, "a line does not end in CR LF");
    input->at++;
    reader->state = (uint8_t)next;
    return BERTH_HTTP_MOVED;
}

/* Goes on when the fault is none. */
static enum berth_http_step judge(struct berth_http_reader *reader, struct berth_http_event *event,
                                  struct berth_http_fault fault, enum berth_http_state next) {
    if (fault.status != 0)
        return berth_http_fail(reader, event, fault.status, fault.reason);
    reader->state = (uint8_t)next;
    return BERTH_HTTP_MOVED;
}

enum scan {
    SCAN_MORE, /* the input is used up */
    SCAN_FULL, /* there is a byte more, but no room for it */
    SCAN_STOP, /* the next byte is not of the class; there is room for it */
};

/* Copies the bytes of a class into the storage. Every byte of every head passes through this loop:
 * it is what the reader's speed is made of. */
static enum scan scan(struct berth_http_reader *reader, struct berth_http_input *input,
                      enum berth_http_class class) {
    size_t left = berth_http_left(input);
    size_t room = (size_t)(reader->capacity - reader->filled);
    size_t most = left < room ? left : room;
    const char *from = input->at;
    char *to = reader->storage + reader->filled;
    size_t size = 0;
    while (size < most && berth_http_is(from[size], class)) {
        to[size] = from[size];
        size++;
    }
    input->at += size;
    reader->filled = (uint16_t)(reader->filled + size);
    if (size == left)
        return SCAN_MORE;
    return size == room ? SCAN_FULL : SCAN_STOP;
}

/* Copies the byte at which scan stopped. */
static void put(struct berth_http_reader *reader, struct berth_http_input *input) {
    reader->storage[reader->filled++] = *input->at++;
}

/* What was scanned since the mark. */
static struct berth_view scanned(const struct berth_http_reader *reader) {
    return (struct berth_view){reader->storage + reader->mark,
                               (size_t)(reader->filled - reader->mark)};
}

/* The element since the mark is whole and the byte behind it is copied: the next one starts. */
static struct berth_view take(struct berth_http_reader *reader, struct berth_http_input *input) {
    struct berth_view element = scanned(reader);
    put(reader, input);
    reader->mark = reader->filled;
    return element;
}

static enum berth_http_step full(struct berth_http_reader *reader, struct berth_http_event *event) {
    return berth_http_fail(reader, event, 431, "the head is over the limit");
}

static void begin_message(struct berth_http_reader *reader) {
    reader->known = 0;
    reader->in_trailers = false;
    reader->trailer_count = 0;
    reader->extension_size = 0;
    reader->body_size = 0;
    reader->mark = 0;
    reader->filled = 0;
    memset(&reader->head, 0, offsetof(struct berth_http_head, fields));
    reader->head.text = reader->storage;
}

/* RFC 9112 2.2: one empty line before a request line is let pass. */
static enum berth_http_step at_start(struct berth_http_reader *reader,
                                     struct berth_http_input *input) {
    if (input->at == input->end)
        return BERTH_HTTP_STOPPED;
    begin_message(reader);
    if (reader->role == BERTH_HTTP_RESPONSES) {
        reader->state = BERTH_HTTP_IN_ANSWER;
    } else if (*input->at == '\r') {
        reader->state = BERTH_HTTP_AT_SKIPPED_LF;
        input->at++;
    } else {
        reader->state = BERTH_HTTP_IN_METHOD;
    }
    return BERTH_HTTP_MOVED;
}

/* RFC 9112 3: a method longer than any is 501. */
static enum berth_http_step in_method(struct berth_http_reader *reader,
                                      struct berth_http_input *input,
                                      struct berth_http_event *event) {
    enum scan stop = scan(reader, input, BERTH_HTTP_TOKEN);
    if (scanned(reader).size > BERTH_HTTP_METHOD_NAME_MAX)
        return berth_http_fail(reader, event, 501, "no method has so long a name");
    if (stop == SCAN_MORE)
        return BERTH_HTTP_STOPPED;
    if (stop == SCAN_FULL)
        return full(reader, event);
    if (*input->at != ' ')
        return berth_http_fail(reader, event, 400, "this is no HTTP request");
    struct berth_view method = take(reader, input);
    return judge(reader, event, berth_http_head_take_method(&reader->head, method),
                 BERTH_HTTP_IN_TARGET);
}

/* RFC 9112 3: 414 for a target longer than we parse. What it says is judged behind the version, for
 * an unknown version may have its own targets. */
static enum berth_http_step in_target(struct berth_http_reader *reader,
                                      struct berth_http_input *input,
                                      struct berth_http_event *event) {
    enum scan stop = scan(reader, input, BERTH_HTTP_URI);
    if (stop == SCAN_FULL || scanned(reader).size > reader->limits.target_size)
        return berth_http_fail(reader, event, 414, "the request target is over the limit");
    if (stop == SCAN_MORE)
        return BERTH_HTTP_STOPPED;
    if (*input->at != ' ')
        return berth_http_fail(reader, event, 400, "the request target has a byte that no URI has");
    reader->head.target = take(reader, input);
    if (reader->head.target.size == 0) /* RFC 9112 3: single spaces */
        return berth_http_fail(reader, event, 400, "the request target is malformed");
    reader->state = BERTH_HTTP_IN_VERSION;
    return BERTH_HTTP_MOVED;
}

static enum berth_http_step bad_version(struct berth_http_reader *reader,
                                        struct berth_http_event *event) {
    return berth_http_fail(reader, event, 400, "the version is not written HTTP/1.1");
}

/* Up to the byte that ends the version of a request or of a response. MOVED: it is there. */
static enum berth_http_step scan_version(struct berth_http_reader *reader,
                                         struct berth_http_input *input,
                                         struct berth_http_event *event, char end) {
    enum scan stop = scan(reader, input, BERTH_HTTP_VERSION);
    if (scanned(reader).size > sizeof "HTTP/1.1" - 1)
        return bad_version(reader, event);
    if (stop == SCAN_MORE)
        return BERTH_HTTP_STOPPED;
    if (stop == SCAN_FULL)
        return full(reader, event);
    return *input->at == end ? BERTH_HTTP_MOVED : bad_version(reader, event);
}

static enum berth_http_step in_version(struct berth_http_reader *reader,
                                       struct berth_http_input *input,
                                       struct berth_http_event *event) {
    if (scan_version(reader, input, event, '\r') == BERTH_HTTP_STOPPED)
        return BERTH_HTTP_STOPPED;
    struct berth_http_head *head = &reader->head;
    struct berth_http_fault fault = berth_http_head_take_version(head, take(reader, input));
    if (fault.status == 0)
        fault = berth_http_head_take_target(head, head->target);
    return judge(reader, event, fault, BERTH_HTTP_AT_LINE_LF);
}

/* The version at the head of a response. */
static enum berth_http_step in_answer(struct berth_http_reader *reader,
                                      struct berth_http_input *input,
                                      struct berth_http_event *event) {
    if (scan_version(reader, input, event, ' ') == BERTH_HTTP_STOPPED)
        return BERTH_HTTP_STOPPED;
    struct berth_view version = take(reader, input);
    return judge(reader, event, berth_http_head_take_version(&reader->head, version),
                 BERTH_HTTP_IN_STATUS);
}

/* RFC 9112 4: the space stands there even when no reason follows. */
static enum berth_http_step in_status(struct berth_http_reader *reader,
                                      struct berth_http_input *input,
                                      struct berth_http_event *event) {
    enum scan stop = scan(reader, input, BERTH_HTTP_DIGIT);
    if (scanned(reader).size <= 3 && stop == SCAN_MORE)
        return BERTH_HTTP_STOPPED;
    if (scanned(reader).size <= 3 && stop == SCAN_FULL)
        return full(reader, event);
    if (scanned(reader).size > 3 || *input->at != ' ')
        return berth_http_fail(reader, event, 400,
                               "the status code is not three digits from 100 to 599");
    struct berth_view code = take(reader, input);
    return judge(reader, event, berth_http_head_take_status(&reader->head, code),
                 BERTH_HTTP_IN_REASON);
}

static enum berth_http_step in_reason(struct berth_http_reader *reader,
                                      struct berth_http_input *input,
                                      struct berth_http_event *event) {
    enum scan stop = scan(reader, input, BERTH_HTTP_VALUE);
    if (stop == SCAN_MORE)
        return BERTH_HTTP_STOPPED;
    if (stop == SCAN_FULL)
        return full(reader, event);
    if (*input->at != '\r')
        return berth_http_fail(reader, event, 400, "the status line has a control byte");
    reader->head.reason = take(reader, input);
    reader->state = BERTH_HTTP_AT_LINE_LF;
    return BERTH_HTTP_MOVED;
}

static enum berth_http_step at_line_lf(struct berth_http_reader *reader,
                                       struct berth_http_input *input,
                                       struct berth_http_event *event) {
    if (input->at == input->end)
        return BERTH_HTTP_STOPPED;
    if (reader->filled == reader->capacity)
        return full(reader, event);
    if (*input->at != '\n') /* RFC 9112 2.2: a bare CR is not a line's end, nor a space */
        return berth_http_fail(reader, event, 400, "a line does not end in CR LF");
    put(reader, input);
    reader->mark = reader->filled;
    reader->state = BERTH_HTTP_AT_FIELD;
    return BERTH_HTTP_MOVED;
}

/* The blank line is not stored: it needs no room, and so the storage's size is the head's limit
 * also where trailers may follow. */
static enum berth_http_step at_field(struct berth_http_reader *reader,
                                     struct berth_http_input *input,
                                     struct berth_http_event *event) {
    if (input->at == input->end)
        return BERTH_HTTP_STOPPED;
    if (*input->at == '\r') {
        input->at++;
        reader->state = BERTH_HTTP_AT_BLANK_LF;
        return BERTH_HTTP_MOVED;
    }
    if (berth_http_is(*input->at, BERTH_HTTP_BLANK)) /* RFC 9112 5.2, and 2.2 for the first one */
        return berth_http_fail(reader, event, 400, "a field is folded onto a second line");
    if (reader->head.field_count + reader->trailer_count >= reader->limits.field_count)
        return berth_http_fail(reader, event, 431, "there are more fields than the limit");
    reader->state = BERTH_HTTP_IN_FIELD_NAME;
    return BERTH_HTTP_MOVED;
}

/* RFC 9112 5.1: nothing stands between the name and its colon. */
static enum berth_http_step in_field_name(struct berth_http_reader *reader,
                                          struct berth_http_input *input,
                                          struct berth_http_event *event) {
    enum scan stop = scan(reader, input, BERTH_HTTP_TOKEN);
    if (stop == SCAN_MORE)
        return BERTH_HTTP_STOPPED;
    if (stop == SCAN_FULL)
        return full(reader, event);
    if (berth_http_is(*input->at, BERTH_HTTP_BLANK))
        return berth_http_fail(reader, event, 400, "a blank stands between a field and its colon");
    if (*input->at != ':')
        return berth_http_fail(reader, event, 400, "a field name has a byte that no name has");
    reader->field.name = reader->mark;
    reader->field.name_size = (uint16_t)take(reader, input).size;
    if (reader->field.name_size == 0)
        return berth_http_fail(reader, event, 400, "a field has no name");
    reader->state = BERTH_HTTP_IN_FIELD_BLANKS;
    return BERTH_HTTP_MOVED;
}

static enum berth_http_step in_field_blanks(struct berth_http_reader *reader,
                                            struct berth_http_input *input,
                                            struct berth_http_event *event) {
    enum scan stop = scan(reader, input, BERTH_HTTP_BLANK);
    if (stop == SCAN_MORE)
        return BERTH_HTTP_STOPPED;
    if (stop == SCAN_FULL)
        return full(reader, event);
    reader->mark = reader->filled;
    reader->state = BERTH_HTTP_IN_FIELD_VALUE;
    return BERTH_HTTP_MOVED;
}

/* RFC 9110 6.5: trailers are kept to the same syntax, and then dropped. */
static struct berth_http_fault end_field(struct berth_http_reader *reader,
                                         struct berth_view value) {
    if (reader->in_trailers) {
        reader->trailer_count++;
        return BERTH_HTTP_NO_FAULT;
    }
    reader->field.value = (uint16_t)(value.data - reader->storage);
    reader->field.value_size = (uint16_t)berth_view_trim(value).size;
    return berth_http_head_take_field(&reader->head, reader->field, &reader->known);
}

/* RFC 9110 5.5: bytes over 0x7F are opaque; control bytes, bare LF and NUL are refused. */
static enum berth_http_step in_field_value(struct berth_http_reader *reader,
                                           struct berth_http_input *input,
                                           struct berth_http_event *event) {
    enum scan stop = scan(reader, input, BERTH_HTTP_VALUE);
    if (stop == SCAN_MORE)
        return BERTH_HTTP_STOPPED;
    if (stop == SCAN_FULL)
        return full(reader, event);
    if (*input->at != '\r')
        return berth_http_fail(reader, event, 400, "a field value has a control byte");
    struct berth_view value = take(reader, input);
    return judge(reader, event, end_field(reader, value), BERTH_HTTP_AT_LINE_LF);
}

static enum berth_http_step end_head(struct berth_http_reader *reader,
                                     struct berth_http_event *event) {
    reader->head.text_size = reader->filled;
    struct berth_http_fault fault = berth_http_head_finish(&reader->head, reader);
    if (fault.status != 0)
        return berth_http_fail(reader, event, fault.status, fault.reason);
    if (reader->head.status >= 200) /* RFC 9110 15.2: the answer itself is still to come */
        reader->answers_head = false;
    reader->state = (uint8_t)berth_http_body_begin(reader);
    event->type = BERTH_HTTP_HEAD;
    event->head = &reader->head;
    return BERTH_HTTP_STOPPED;
}

static enum berth_http_step at_blank_lf(struct berth_http_reader *reader,
                                        struct berth_http_input *input,
                                        struct berth_http_event *event) {
    enum berth_http_step step = berth_http_expect(reader, input, event, '\n', BERTH_HTTP_AT_END);
    if (step == BERTH_HTTP_STOPPED || reader->in_trailers)
        return step;
    return end_head(reader, event);
}

static enum berth_http_step at_end(struct berth_http_reader *reader,
                                   struct berth_http_event *event) {
    reader->state = BERTH_HTTP_AT_START;
    event->type = BERTH_HTTP_END;
    return BERTH_HTTP_STOPPED;
}

static enum berth_http_step step(struct berth_http_reader *reader, struct berth_http_input *input,
                                 struct berth_http_event *event) {
    switch ((enum berth_http_state)reader->state) {
    case BERTH_HTTP_AT_START:
        return at_start(reader, input);
    case BERTH_HTTP_AT_SKIPPED_LF:
        return berth_http_expect(reader, input, event, '\n', BERTH_HTTP_IN_METHOD);
    case BERTH_HTTP_IN_METHOD:
        return in_method(reader, input, event);
    case BERTH_HTTP_IN_TARGET:
        return in_target(reader, input, event);
    case BERTH_HTTP_IN_VERSION:
        return in_version(reader, input, event);
    case BERTH_HTTP_IN_ANSWER:
        return in_answer(reader, input, event);
    case BERTH_HTTP_IN_STATUS:
        return in_status(reader, input, event);
    case BERTH_HTTP_IN_REASON:
        return in_reason(reader, input, event);
    case BERTH_HTTP_AT_LINE_LF:
        return at_line_lf(reader, input, event);
    case BERTH_HTTP_AT_FIELD:
        return at_field(reader, input, event);
    case BERTH_HTTP_IN_FIELD_NAME:
        return in_field_name(reader, input, event);
    case BERTH_HTTP_IN_FIELD_BLANKS:
        return in_field_blanks(reader, input, event);
    case BERTH_HTTP_IN_FIELD_VALUE:
        return in_field_value(reader, input, event);
    case BERTH_HTTP_AT_BLANK_LF:
        return at_blank_lf(reader, input, event);
    case BERTH_HTTP_IN_BODY:
        return berth_http_in_sized(reader, input, event, BERTH_HTTP_AT_END);
    case BERTH_HTTP_IN_OPEN_BODY:
        return berth_http_in_open_body(reader, input, event);
    case BERTH_HTTP_IN_CHUNK_SIZE:
        return berth_http_in_chunk_size(reader, input, event);
    case BERTH_HTTP_IN_EXTENSION:
        return berth_http_in_extension(reader, input, event);
    case BERTH_HTTP_AT_SIZE_LF:
        return berth_http_at_size_lf(reader, input, event);
    case BERTH_HTTP_IN_CHUNK:
        return berth_http_in_sized(reader, input, event, BERTH_HTTP_AT_CHUNK_CR);
    case BERTH_HTTP_AT_CHUNK_CR:
        return berth_http_expect(reader, input, event, '\r', BERTH_HTTP_AT_CHUNK_LF);
    case BERTH_HTTP_AT_CHUNK_LF:
        return berth_http_expect(reader, input, event, '\n', BERTH_HTTP_IN_CHUNK_SIZE);
    case BERTH_HTTP_AT_END:
        return at_end(reader, event);
    case BERTH_HTTP_DEAD:
        return failed(reader, event);
    }
    return BERTH_HTTP_STOPPED;
}

size_t berth_http_reader_feed(struct berth_http_reader *reader, const void *bytes, size_t size,
                              struct berth_http_event *ret_event) {
    const char *start = size > 0 ? bytes : "";
    struct berth_http_input input = {start, start + size};
    *ret_event = (struct berth_http_event){.type = BERTH_HTTP_NONE};
    while (step(reader, &input, ret_event) == BERTH_HTTP_MOVED)
        ;
    return (size_t)(input.at - start);
}

void berth_http_reader_init(struct berth_http_reader *reader, enum berth_http_role role,
                            void *storage, size_t storage_size,
                            const struct berth_http_limits *limits) {
    struct berth_http_limits wanted = limits != NULL ? *limits : BERTH_HTTP_LIMITS_DEFAULT;
    BERTH_ASSERT(storage != NULL && storage_size > 0);
    BERTH_ASSERT(wanted.field_count <= BERTH_HTTP_FIELDS_MAX);
    memset(reader, 0, offsetof(struct berth_http_reader, head));
    reader->role = (uint8_t)role;
    reader->storage = storage;
    reader->capacity =
        (uint16_t)(storage_size < BERTH_HTTP_HEAD_MAX ? storage_size : BERTH_HTTP_HEAD_MAX);
    reader->limits = wanted;
    begin_message(reader);
}

bool berth_http_reader_idle(const struct berth_http_reader *reader) {
    return reader->state == BERTH_HTTP_AT_START ||
           (reader->state == BERTH_HTTP_IN_METHOD && reader->filled == 0);
}

void berth_http_reader_answers_head(struct berth_http_reader *reader) {
    BERTH_ASSERT(reader->role == BERTH_HTTP_RESPONSES && reader->state == BERTH_HTTP_AT_START);
    reader->answers_head = true;
}

void berth_http_reader_close(struct berth_http_reader *reader, struct berth_http_event *ret_event) {
    *ret_event = (struct berth_http_event){.type = BERTH_HTTP_NONE};
    if (reader->state == BERTH_HTTP_DEAD)
        failed(reader, ret_event);
    else if (reader->state == BERTH_HTTP_IN_OPEN_BODY || reader->state == BERTH_HTTP_AT_END)
        at_end(reader, ret_event);
    else if (!berth_http_reader_idle(reader))
        berth_http_fail(reader, ret_event, 400, "the connection ended inside a message");
}
