#include "proto/ws.h"

#include "base/hot.h"

#include <assert.h>

static_assert(sizeof(struct berth_ws_decoder) <= 64, "every idle connection holds one");

enum state {
    HEAD,    /* a frame's head is due, or some of it is held */
    PAYLOAD, /* of a text, binary or continuation frame */
    CONTROL, /* a control frame's payload is due, or some of it is held */
    FAILED,  /* the peer's fault is found; FAIL is the next event */
    DEAD,    /* after CLOSE or FAIL: whatever comes is used and ignored */
};

/* What a peer can do wrong, and what it is told. */
enum fault {
    FAULT_CONTINUATION,
    FAULT_INTERRUPTED,
    FAULT_CUT_CONTROL,
    FAULT_OPCODE,
    FAULT_RESERVED_BIT,
    FAULT_UNMASKED,
    FAULT_MASKED,
    FAULT_LARGE_CONTROL,
    FAULT_NEGATIVE_LENGTH,
    FAULT_LONG_LENGTH,
    FAULT_TOO_BIG,
    FAULT_TOO_MANY,
    FAULT_NOT_UTF8,
    FAULT_CUT_CHARACTER,
    FAULT_HALF_CODE,
    FAULT_CLOSE_CODE,
    FAULT_CLOSE_REASON,
};

static const struct {
    uint16_t code;
    const char *text;
} faults[] = {
    [FAULT_CONTINUATION] = {BERTH_WS_CLOSE_PROTOCOL_ERROR,
                            "a continuation frame without a message to continue"},
    [FAULT_INTERRUPTED] = {BERTH_WS_CLOSE_PROTOCOL_ERROR, "a new message inside a fragmented one"},
    [FAULT_CUT_CONTROL] = {BERTH_WS_CLOSE_PROTOCOL_ERROR, "a fragmented control frame"},
    [FAULT_OPCODE] = {BERTH_WS_CLOSE_PROTOCOL_ERROR, "a reserved opcode"},
    [FAULT_RESERVED_BIT] = {BERTH_WS_CLOSE_PROTOCOL_ERROR, "a reserved bit is set"},
    [FAULT_UNMASKED] = {BERTH_WS_CLOSE_PROTOCOL_ERROR, "a client's frame without a mask"},
    [FAULT_MASKED] = {BERTH_WS_CLOSE_PROTOCOL_ERROR, "a server's frame with a mask"},
    [FAULT_LARGE_CONTROL] = {BERTH_WS_CLOSE_PROTOCOL_ERROR, "a control frame over 125 bytes"},
    [FAULT_NEGATIVE_LENGTH] = {BERTH_WS_CLOSE_PROTOCOL_ERROR, "a length with its top bit set"},
    [FAULT_LONG_LENGTH] = {BERTH_WS_CLOSE_PROTOCOL_ERROR, "a length in more bytes than it needs"},
    [FAULT_TOO_BIG] = {BERTH_WS_CLOSE_TOO_BIG, "a message over the size limit"},
    [FAULT_TOO_MANY] = {BERTH_WS_CLOSE_POLICY_VIOLATION, "a message in too many fragments"},
    [FAULT_NOT_UTF8] = {BERTH_WS_CLOSE_INVALID_DATA, "a text message that is not UTF-8"},
    [FAULT_CUT_CHARACTER] = {BERTH_WS_CLOSE_INVALID_DATA,
                             "a text message that ends inside a character"},
    [FAULT_HALF_CODE] = {BERTH_WS_CLOSE_PROTOCOL_ERROR, "a close frame with half a code"},
    [FAULT_CLOSE_CODE] = {BERTH_WS_CLOSE_PROTOCOL_ERROR, "a close code that is not allowed"},
    [FAULT_CLOSE_REASON] = {BERTH_WS_CLOSE_INVALID_DATA, "a close reason that is not UTF-8"},
};

/* What is left of the input. */
struct input {
    uint8_t *at;
    size_t size;
};

static size_t min(size_t a, uint64_t b) { return a < b ? a : (size_t)b; }

static bool is_control(unsigned opcode) { return (opcode & 0x8) != 0; }

void berth_ws_decoder_init(struct berth_ws_decoder *decoder, enum berth_ws_role role,
                           const struct berth_ws_limits *limits, uint8_t *room_or_null) {
    *decoder = (struct berth_ws_decoder){
        .limits = limits,
        .room = room_or_null,
        .close_code = BERTH_WS_CLOSE_ABNORMAL,
        .is_client = role == BERTH_WS_CLIENT,
        .state = HEAD,
    };
}

void berth_ws_decoder_allow_compressed(struct berth_ws_decoder *decoder) {
    decoder->deflate = true;
}

void berth_ws_decoder_set_room(struct berth_ws_decoder *decoder,
                               uint8_t room[BERTH_WS_CONTROL_MAX]) {
    decoder->room = room;
}

bool berth_ws_decoder_leave_room(struct berth_ws_decoder *decoder) {
    if (decoder->state == CONTROL && decoder->held_size > 0)
        return false;
    decoder->room = NULL;
    return true;
}

bool berth_ws_decoder_is_amid(const struct berth_ws_decoder *decoder) {
    return decoder->state == PAYLOAD || decoder->state == CONTROL || decoder->held_size > 0 ||
           decoder->message_opcode != BERTH_WS_OPCODE_CONTINUATION;
}

bool berth_ws_decoder_is_quiet(const struct berth_ws_decoder *decoder) {
    return decoder->state == HEAD || decoder->state == DEAD;
}

uint64_t berth_ws_decoder_rest(const struct berth_ws_decoder *decoder) {
    return decoder->state == PAYLOAD ? decoder->remaining : 0;
}

/* Returns false, so that a check can end with it. */
static bool fail(struct berth_ws_decoder *decoder, enum fault fault) {
    decoder->state = FAILED;
    decoder->fault = (uint8_t)fault;
    return false;
}

/* The next `size` bytes in one piece, or NULL while they have not all come. They lie in the input
 * where that has them all, else they are put together in `memory`. */
static uint8_t *piece_peek(struct berth_ws_decoder *decoder, uint8_t *memory, struct input *input,
                           size_t size) {
    if (decoder->held_size == 0 && input->size >= size)
        return input->at;
    if (decoder->held_size < size && input->size > 0) {
        size_t taken = min(size - decoder->held_size, input->size);
        memcpy(memory + decoder->held_size, input->at, taken);
        decoder->held_size = (uint8_t)(decoder->held_size + taken);
        input->at += taken;
        input->size -= taken;
    }
    return decoder->held_size >= size ? memory : NULL;
}

/* The piece that was peeked at is used. Its bytes stay where they are. */
static void piece_drop(struct berth_ws_decoder *decoder, struct input *input, size_t size) {
    if (decoder->held_size == 0) {
        input->at += size;
        input->size -= size;
    }
    decoder->held_size = 0;
}

/* 5.4: a message is one frame, or a first one and continuations; control frames may stand between
 * them, and are never cut themselves (5.5). */
static bool check_opcode(struct berth_ws_decoder *decoder, unsigned opcode, bool fin) {
    bool under_way = decoder->message_opcode != BERTH_WS_OPCODE_CONTINUATION;
    switch (opcode) {
    case BERTH_WS_OPCODE_CONTINUATION:
        return under_way || fail(decoder, FAULT_CONTINUATION);
    case BERTH_WS_OPCODE_TEXT:
    case BERTH_WS_OPCODE_BINARY:
        return !under_way || fail(decoder, FAULT_INTERRUPTED);
    case BERTH_WS_OPCODE_CLOSE:
    case BERTH_WS_OPCODE_PING:
    case BERTH_WS_OPCODE_PONG:
        return fin || fail(decoder, FAULT_CUT_CONTROL);
    }
    return fail(decoder, FAULT_OPCODE);
}

/* RFC 7692 6.1: RSV1 says so, on the first frame of a data message and nowhere else. */
static bool may_be_compressed(const struct berth_ws_decoder *decoder, unsigned opcode) {
    return decoder->deflate && (opcode == BERTH_WS_OPCODE_TEXT || opcode == BERTH_WS_OPCODE_BINARY);
}

/* Judges the first two bytes (5.1, 5.2). Changes nothing when they are good: while the rest of the
 * head is still to come it runs again. */
static bool check_start(struct berth_ws_decoder *decoder, const uint8_t *head) {
    unsigned opcode = head[0] & 0x0F;
    if ((head[0] & (may_be_compressed(decoder, opcode) ? 0x30 : 0x70)) != 0)
        return fail(decoder, FAULT_RESERVED_BIT);
    if (!check_opcode(decoder, opcode, (head[0] & 0x80) != 0))
        return false;
    bool masked = (head[1] & 0x80) != 0;
    if (!masked && !decoder->is_client)
        return fail(decoder, FAULT_UNMASKED);
    if (masked && decoder->is_client)
        return fail(decoder, FAULT_MASKED);
    if (is_control(opcode) && (head[1] & 0x7F) > BERTH_WS_CONTROL_MAX)
        return fail(decoder, FAULT_LARGE_CONTROL);
    return true;
}

static size_t extended_length_size(const uint8_t *head) {
    switch (head[1] & 0x7F) {
    case 126:
        return 2;
    case 127:
        return 8;
    }
    return 0;
}

static size_t head_size(const uint8_t *head) {
    size_t mask_size = (head[1] & 0x80) != 0 ? 4 : 0;
    return 2 + extended_length_size(head) + mask_size;
}

/* The payload's length, which must be in the fewest bytes that hold it (5.2). */
static bool read_length(struct berth_ws_decoder *decoder, const uint8_t *head,
                        uint64_t *ret_length) {
    size_t size = extended_length_size(head);
    uint64_t length = size == 0 ? head[1] & 0x7F : 0;
    for (size_t i = 0; i < size; i++)
        length = length << 8 | head[2 + i];
    if (length > INT64_MAX)
        return fail(decoder, FAULT_NEGATIVE_LENGTH);
    if ((size == 2 && length < 126) || (size == 8 && length <= UINT16_MAX))
        return fail(decoder, FAULT_LONG_LENGTH);
    *ret_length = length;
    return true;
}

/* A data frame joins its message, if the limits let it. */
static bool begin_data(struct berth_ws_decoder *decoder, uint64_t length) {
    if (decoder->opcode != BERTH_WS_OPCODE_CONTINUATION) {
        decoder->message_opcode = decoder->opcode;
        decoder->message_size = 0;
        decoder->fragments = 0;
        decoder->first = true;
    }
    uint64_t max = decoder->limits->message_max;
    if (decoder->compressed)
        max = berth_ws_compressed_max(max);
    if (length > max - decoder->message_size)
        return fail(decoder, FAULT_TOO_BIG);
    if (decoder->fragments >= decoder->limits->fragments_max)
        return fail(decoder, FAULT_TOO_MANY);
    decoder->message_size += length;
    decoder->fragments++;
    decoder->state = PAYLOAD;
    return true;
}

static bool read_head(struct berth_ws_decoder *decoder, struct input *input) {
    const uint8_t *head = piece_peek(decoder, decoder->held, input, 2);
    if (head == NULL)
        return false;
    if (!check_start(decoder, head))
        return true;
    size_t size = head_size(head);
    head = piece_peek(decoder, decoder->held, input, size);
    if (head == NULL)
        return false;

    uint64_t length;
    if (!read_length(decoder, head, &length))
        return true;
    decoder->fin = (head[0] & 0x80) != 0;
    decoder->opcode = head[0] & 0x0F;
    if (may_be_compressed(decoder, decoder->opcode))
        decoder->compressed = (head[0] & 0x40) != 0;
    decoder->remaining = length;
    decoder->phase = 0;
    if (!decoder->is_client)
        memcpy(decoder->mask, head + size - 4, 4);
    piece_drop(decoder, input, size);
    if (is_control(decoder->opcode))
        decoder->state = CONTROL;
    else
        begin_data(decoder, length);
    return true;
}

/* 8.1: how much of the run is good text; all of it for a binary message, and for one that is still
 * to be inflated. */
static size_t check_text(struct berth_ws_decoder *decoder, const uint8_t *run, size_t size,
                         bool last) {
    if (decoder->message_opcode != BERTH_WS_OPCODE_TEXT || decoder->compressed)
        return size;
    size_t good = berth_utf8_feed(&decoder->utf8, run, size);
    if (good < size)
        fail(decoder, FAULT_NOT_UTF8);
    else if (last && !berth_utf8_complete(&decoder->utf8))
        fail(decoder, FAULT_CUT_CHARACTER);
    return good;
}

/* The next `size` bytes of the frame's payload, unmasked where they lie. */
static uint8_t *take_run(struct berth_ws_decoder *decoder, struct input *input, size_t size) {
    uint8_t *run = input->at;
    if (!decoder->is_client)
        berth_ws_mask(run, size, decoder->mask, decoder->phase);
    decoder->phase = (uint8_t)((decoder->phase + size) & 3);
    decoder->remaining -= size;
    input->at += size;
    input->size -= size;
    return run;
}

/* Hands out the run; what precedes a bad byte is handed out too, so that the events do not depend
 * on how the input was cut. */
static bool read_payload(struct berth_ws_decoder *decoder, struct input *input,
                         struct berth_ws_event *event) {
    size_t size = min(input->size, decoder->remaining);
    if (size == 0 && decoder->remaining > 0)
        return false;
    uint8_t *run = take_run(decoder, input, size);
    bool last = decoder->remaining == 0 && decoder->fin;
    decoder->state = decoder->remaining == 0 ? HEAD : PAYLOAD;
    size = check_text(decoder, run, size, last);
    if (decoder->state == FAILED)
        last = false;
    if (size == 0 && !last)
        return true;

    event->type = BERTH_WS_EVENT_DATA;
    event->opcode = (enum berth_ws_opcode)decoder->message_opcode;
    event->first = decoder->first;
    event->last = last;
    event->compressed = decoder->compressed;
    event->data = berth_view_bytes(run, size);
    decoder->first = false;
    if (last)
        decoder->message_opcode = BERTH_WS_OPCODE_CONTINUATION;
    return false;
}

/* 5.5.1: nothing, or a code and a reason. */
static void read_close(struct berth_ws_decoder *decoder, const uint8_t *payload, size_t size,
                       struct berth_ws_event *event) {
    uint16_t code = BERTH_WS_CLOSE_NO_STATUS;
    struct berth_view reason = {NULL, 0};
    if (size == 1) {
        fail(decoder, FAULT_HALF_CODE);
        return;
    }
    if (size >= 2) {
        code = (uint16_t)(payload[0] << 8 | payload[1]);
        reason = berth_view_bytes(payload + 2, size - 2);
    }
    if (size >= 2 && !berth_ws_close_code_valid(code)) {
        fail(decoder, FAULT_CLOSE_CODE);
        return;
    }
    if (!berth_utf8_valid(reason)) {
        fail(decoder, FAULT_CLOSE_REASON);
        return;
    }
    decoder->state = DEAD;
    decoder->close_code = code;
    event->type = BERTH_WS_EVENT_CLOSE;
    event->code = code;
    event->data = reason;
}

static bool read_control(struct berth_ws_decoder *decoder, struct input *input,
                         struct berth_ws_event *event) {
    size_t size = (size_t)decoder->remaining;
    if (input->size < size && input->size > 0 && decoder->room == NULL) {
        event->type = BERTH_WS_EVENT_ROOM;
        return false;
    }
    uint8_t *payload = piece_peek(decoder, decoder->room, input, size);
    if (payload == NULL)
        return false;
    piece_drop(decoder, input, size);
    if (!decoder->is_client)
        berth_ws_mask(payload, size, decoder->mask, 0);
    decoder->state = HEAD;
    if (decoder->opcode == BERTH_WS_OPCODE_CLOSE) {
        read_close(decoder, payload, size, event);
    } else {
        bool ping = decoder->opcode == BERTH_WS_OPCODE_PING;
        event->type = ping ? BERTH_WS_EVENT_PING : BERTH_WS_EVENT_PONG;
        event->data = berth_view_bytes(payload, size);
    }
    return event->type == BERTH_WS_EVENT_NONE; /* a fault is to be reported */
}

static void report_failure(struct berth_ws_decoder *decoder, struct berth_ws_event *event) {
    decoder->state = DEAD;
    event->type = BERTH_WS_EVENT_FAIL;
    event->code = faults[decoder->fault].code;
    event->data = berth_view_of(faults[decoder->fault].text);
}

/* Returns whether to go on: false when an event is made, or when more input is needed. */
static bool step(struct berth_ws_decoder *decoder, struct input *input,
                 struct berth_ws_event *event) {
    switch ((enum state)decoder->state) {
    case HEAD:
        return read_head(decoder, input);
    case PAYLOAD:
        return read_payload(decoder, input, event);
    case CONTROL:
        return read_control(decoder, input, event);
    case FAILED:
        report_failure(decoder, event);
        return false;
    case DEAD:
        break;
    }
    input->size = 0;
    return false;
}

/* Between two messages, with nothing held, on the server's side. */
static inline bool is_between(const struct berth_ws_decoder *decoder) {
    return decoder->state == HEAD && decoder->held_size == 0 && !decoder->is_client &&
           decoder->message_opcode == BERTH_WS_OPCODE_CONTINUATION;
}

BERTH_HOT struct berth_view berth_ws_decoder_feed_whole(struct berth_ws_decoder *decoder,
                                                        uint8_t *bytes, size_t size) {
    enum { extended = 126, least_head = 6, extended_head = 8 };
    const struct berth_view none = {NULL, 0};
    if (size < least_head || !is_between(decoder))
        return none;
    unsigned opcode = bytes[0] ^ 0x80u; /* FIN and MASK are to be set */
    size_t length = bytes[1] ^ 0x80u, head = least_head;
    if ((opcode != BERTH_WS_OPCODE_BINARY && opcode != BERTH_WS_OPCODE_TEXT) || length > extended)
        return none;
    if (length == extended) {
        length = (size_t)bytes[2] << 8 | bytes[3];
        head = length < extended ? SIZE_MAX : extended_head;
    }
    if (head > size || length > size - head || length > decoder->limits->message_max ||
        decoder->limits->fragments_max == 0)
        return none;
    uint8_t *payload = bytes + head, *mask = payload - 4;
    berth_ws_mask(payload, length, mask, 0);
    if (opcode == BERTH_WS_OPCODE_TEXT && !berth_utf8_valid(berth_view_bytes(payload, length))) {
        berth_ws_mask(payload, length, mask, 0);
        return none;
    }
    return berth_view_bytes(payload, length);
}

/* Gives how many bytes it takes; 0 when it is nothing of that kind. */
static size_t feed_whole(struct berth_ws_decoder *decoder, uint8_t *bytes, size_t size,
                         struct berth_ws_event *ret_event) {
    struct berth_view message = berth_ws_decoder_feed_whole(decoder, bytes, size);
    if (message.data == NULL)
        return 0;
    *ret_event = (struct berth_ws_event){
        .type = BERTH_WS_EVENT_DATA,
        .opcode = berth_ws_opcode_of(bytes[0]),
        .first = true,
        .last = true,
        .data = message,
    };
    return (size_t)((const uint8_t *)message.data + message.size - bytes);
}

size_t berth_ws_decoder_feed(struct berth_ws_decoder *decoder, uint8_t *bytes, size_t size,
                             struct berth_ws_event *ret_event) {
    size_t whole = feed_whole(decoder, bytes, size, ret_event);
    if (whole > 0)
        return whole;
    struct input input = {bytes, size};
    *ret_event = (struct berth_ws_event){.type = BERTH_WS_EVENT_NONE};
    while (step(decoder, &input, ret_event)) {
    }
    return size - input.size;
}
