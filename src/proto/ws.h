/* WebSocket frames, read and written: bytes in, events out; one codec for both roles.
 *
 *     do {
 *         size_t used = berth_ws_decoder_feed(&decoder, bytes, size, &event);
 *         bytes += used, size -= used;
 *         handle(&event);
 *     } while (event.type != BERTH_WS_EVENT_NONE);
 *
 * Shape:   payload is unmasked in place, in the caller's input, and handed out where it lies; a
 *          control frame that was split over several feeds is put together in the caller's room.
 *          Any split of the input gives the same events, but for where DATA runs are cut
 * Units:   sizes in bytes, payload only unless said otherwise
 * Owns:    the decoder is the caller's memory and needs no clean-up; the limits are a loan for its
 *          whole life; an event's data is valid until the next feed, or until the input is changed
 * Errors:  a peer's fault is the event FAIL with the close code to send, and nothing after it
 * Limits:  a message over message_max is refused at its frame's head (1009), a message of more than
 *          fragments_max frames at the head of the first one too many (1008); nothing is allocated
 * Threads: one at a time for each decoder
 * Source:  RFC 6455 sections 5, 7 and 8.1; RFC 7692 section 6; IANA's WebSocket close code
 *          registry
 * Proof:   ws_decoder_test.c, ws_encoder_test.c, tests/wire/ws, tests/fuzz/fuzz_ws.c
 */
#ifndef BERTH_PROTO_WS_H
#define BERTH_PROTO_WS_H

#include "base/utf8.h"
#include "base/view.h"

#define BERTH_WS_HEAD_MAX 14     /* 2 bytes, 8 of length, 4 of mask */
#define BERTH_WS_CONTROL_MAX 125 /* a control frame's payload (5.5) */

#define BERTH_WS_MESSAGE_MAX_DEFAULT (16 * 1024 * 1024)
#define BERTH_WS_FRAGMENTS_MAX_DEFAULT 131072

/* RFC 6455 section 5.2. All others are reserved. */
enum berth_ws_opcode {
    BERTH_WS_OPCODE_CONTINUATION = 0x0,
    BERTH_WS_OPCODE_TEXT = 0x1,
    BERTH_WS_OPCODE_BINARY = 0x2,
    BERTH_WS_OPCODE_CLOSE = 0x8,
    BERTH_WS_OPCODE_PING = 0x9,
    BERTH_WS_OPCODE_PONG = 0xA,
};

/* RFC 6455 section 7.4.1, and IANA's registry for 1012 and above. A program's own codes are
 * 4000-4999, a library's 3000-3999: every place that takes a code takes any uint16_t. */
enum berth_ws_close {
    BERTH_WS_CLOSE_NORMAL = 1000,
    BERTH_WS_CLOSE_GOING_AWAY = 1001,
    BERTH_WS_CLOSE_PROTOCOL_ERROR = 1002,
    BERTH_WS_CLOSE_UNSUPPORTED_DATA = 1003,
    BERTH_WS_CLOSE_NO_STATUS = 1005, /* never sent: the peer's close frame was empty */
    BERTH_WS_CLOSE_ABNORMAL = 1006,  /* never sent: the connection ended without a close frame */
    BERTH_WS_CLOSE_INVALID_DATA = 1007,
    BERTH_WS_CLOSE_POLICY_VIOLATION = 1008,
    BERTH_WS_CLOSE_TOO_BIG = 1009,
    BERTH_WS_CLOSE_MANDATORY_EXTENSION = 1010,
    BERTH_WS_CLOSE_INTERNAL_ERROR = 1011,
    BERTH_WS_CLOSE_SERVICE_RESTART = 1012,
    BERTH_WS_CLOSE_TRY_AGAIN_LATER = 1013,
    BERTH_WS_CLOSE_BAD_GATEWAY = 1014,
    BERTH_WS_CLOSE_TLS_HANDSHAKE = 1015, /* never sent */
};

/* Our own side of the connection. */
enum berth_ws_role {
    BERTH_WS_SERVER, /* every frame from the peer must be masked */
    BERTH_WS_CLIENT, /* no frame from the peer may be masked */
};

struct berth_ws_limits {
    uint64_t message_max;
    uint32_t fragments_max; /* frames in one message */
};

static inline struct berth_ws_limits berth_ws_limits_default(void) {
    return (struct berth_ws_limits){BERTH_WS_MESSAGE_MAX_DEFAULT, BERTH_WS_FRAGMENTS_MAX_DEFAULT};
}

/* How large a message of at most that size can be when it is compressed: what cannot be made
 * smaller becomes a little larger, with the worst of encoders by an eighth. */
static inline uint64_t berth_ws_compressed_max(uint64_t message_max) {
    return message_max <= UINT64_MAX / 2 ? message_max + message_max / 8 + 64 : UINT64_MAX;
}

enum berth_ws_event_type {
    BERTH_WS_EVENT_NONE,  /* the input is used up: feed more when there is more */
    BERTH_WS_EVENT_DATA,  /* a run of a message's payload: opcode, data, first, last */
    BERTH_WS_EVENT_PING,  /* data: answer with a pong that carries the same */
    BERTH_WS_EVENT_PONG,  /* data */
    BERTH_WS_EVENT_CLOSE, /* code, data is the reason; whatever follows is used and ignored */
    BERTH_WS_EVENT_FAIL,  /* code to close with, data says why; what follows is ignored */
    BERTH_WS_EVENT_ROOM, /* a control frame comes in pieces, and there is no room: give it, go on */
};

struct berth_ws_event {
    enum berth_ws_event_type type;
    enum berth_ws_opcode opcode; /* DATA: TEXT or BINARY, on every run of the message */
    bool first;                  /* DATA: the message begins with this run */
    bool last;                   /* DATA: the message is complete with this run */
    bool compressed;             /* DATA: of a message that is to be inflated */
    uint16_t code;               /* CLOSE: NO_STATUS when the peer gave none; FAIL */
    struct berth_view data;
};

/* To be looked at by the decoder only; here so that a connection can hold it by value. */
struct berth_ws_decoder {
    const struct berth_ws_limits *limits;
    uint8_t *room;         /* for a control payload that comes in pieces; NULL for none */
    uint64_t message_size; /* of the message so far, the present frame included */
    uint64_t remaining;    /* of the present frame's payload */
    uint32_t fragments;    /* of the message so far */
    uint8_t mask[4];
    uint16_t close_code; /* of the peer's close frame; ABNORMAL before it */
    uint8_t fault;       /* what FAIL will say */
    uint8_t phase;       /* which byte of the mask comes next */
    uint8_t state;
    uint8_t opcode;         /* of the present frame */
    uint8_t message_opcode; /* CONTINUATION when no message is under way */
    struct berth_utf8 utf8; /* of the text message under way; between messages it is at its start */
    bool is_client : 1;
    bool fin : 1;
    bool first : 1;      /* no run of the message was handed out yet */
    bool deflate : 1;    /* compressed messages were agreed on */
    bool compressed : 1; /* the message under way is one */
    uint8_t held_size;
    uint8_t held[BERTH_WS_HEAD_MAX]; /* a head that came in pieces */
};

/* The limits must outlive the decoder. The room is BERTH_WS_CONTROL_MAX bytes that outlive it too,
 * or NULL: it is then asked for when it is needed. */
void berth_ws_decoder_init(struct berth_ws_decoder *decoder, enum berth_ws_role role,
                           const struct berth_ws_limits *limits, uint8_t *room_or_null);

/* From now on messages may come compressed (RFC 7692 6): their payload is handed out as it comes,
 * and the text in them is not checked. What comes may be up to berth_ws_compressed_max; what it
 * inflates to is for the caller to look at. */
void berth_ws_decoder_allow_compressed(struct berth_ws_decoder *decoder);

/* The answer to ROOM. */
void berth_ws_decoder_set_room(struct berth_ws_decoder *decoder,
                               uint8_t room[BERTH_WS_CONTROL_MAX]);

/* Takes the room back where nothing waits in it; gives whether it did, or had none. */
bool berth_ws_decoder_leave_room(struct berth_ws_decoder *decoder);

/* Reads to the next event and returns how many bytes it used. Call until NONE, also with what may
 * be 0 bytes left: an event can be due without any more input. NONE means that all was used.
 *
 * A message that lies whole in the input and in one frame is one DATA event. A message without
 * payload is one DATA event of size 0 with both flags; when a message's end is known only after its
 * last byte was handed out, it ends with a DATA event of size 0. */
size_t berth_ws_decoder_feed(struct berth_ws_decoder *decoder, uint8_t *bytes, size_t size,
                             struct berth_ws_event *ret_event);

/* The same for what nearly all messages are: in one frame, of up to 64 KiB, whole in the input.
 * Gives the payload, which lies in the input, unmasked, and ends what was used of it. `data` is
 * NULL for anything else, good or bad, which is left as it was, for berth_ws_decoder_feed. */
struct berth_view berth_ws_decoder_feed_whole(struct berth_ws_decoder *decoder, uint8_t *bytes,
                                              size_t size);

/* The opcode of the frame whose first byte it is. */
static inline enum berth_ws_opcode berth_ws_opcode_of(uint8_t first) {
    return (enum berth_ws_opcode)(first & 0x0F);
}

/* Has a frame, or a message of several, begun and not ended? */
bool berth_ws_decoder_is_amid(const struct berth_ws_decoder *decoder);

/* Is there no event to come before another byte is? */
bool berth_ws_decoder_is_quiet(const struct berth_ws_decoder *decoder);

/* How much of a data frame's payload is still to come, before anything else. */
uint64_t berth_ws_decoder_rest(const struct berth_ws_decoder *decoder);

/* Writes a frame's head and returns its size, 2 to 14; the payload follows it on the wire. A client
 * gives 4 random bytes as the mask, new ones for each frame, and masks the payload; a server gives
 * NULL. A control frame (opcode 8 and above) is final and at most BERTH_WS_CONTROL_MAX. */
size_t berth_ws_frame_head_any(uint8_t out[BERTH_WS_HEAD_MAX], enum berth_ws_opcode opcode,
                               bool fin, uint64_t size, const uint8_t *mask_or_null);
static inline size_t berth_ws_frame_head(uint8_t out[BERTH_WS_HEAD_MAX],
                                         enum berth_ws_opcode opcode, bool fin, uint64_t size,
                                         const uint8_t *mask_or_null) {
    if (opcode >= BERTH_WS_OPCODE_CLOSE || size > UINT16_MAX || mask_or_null != NULL)
        return berth_ws_frame_head_any(out, opcode, fin, size, mask_or_null);
    out[0] = (uint8_t)((fin ? 0x80 : 0) | (unsigned)opcode);
    if (size < 126) {
        out[1] = (uint8_t)size;
        return 2;
    }
    out[1] = 126;
    out[2] = (uint8_t)(size >> 8);
    out[3] = (uint8_t)size;
    return 4;
}

/* Masks or unmasks in place (5.3). phase is the offset of bytes[0] in the frame's payload. */
void berth_ws_mask(uint8_t *bytes, size_t size, const uint8_t mask[4], size_t phase);

/* Writes a close frame's payload and returns its size. NO_STATUS writes none. Otherwise the code
 * must be valid. The reason is UTF-8; of a long one only as many whole characters as fit are
 * written. */
size_t berth_ws_close_payload(uint8_t out[BERTH_WS_CONTROL_MAX], uint16_t code,
                              struct berth_view reason);

/* May this code stand in a close frame (7.4)? */
bool berth_ws_close_code_valid(uint16_t code);

#endif
