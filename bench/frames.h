/* The frames that a load sends, made once, and the check that what comes back is their echo.
 *
 *     load_frames_make(&frames, 16, 20, LOAD_OPCODE_BINARY);
 *     send: frames.wire is a ring of frames.slots masked frames, each frames.frame_size bytes
 *     check = load_check_make(&frames, LOAD_ECHO_PLAIN, 0);
 *     fault = load_check_feed(&check, data, size, &count);   (count messages were completed)
 *
 * The codec here shares no line with Berth's own: it is the second opinion.
 *
 * Shape:   every payload byte of every echo is compared; an echo may come in fragments, with
 *          pings and pongs in between (skipped; runs are shorter than any peer's ping timeout)
 * Owns:    load_frames its two rings, until load_frames_free; load_check nothing
 * Errors:  make returns false when memory is out; a fault is final
 * Source:  RFC 6455 section 5
 */
#ifndef BERTH_BENCH_FRAMES_H
#define BERTH_BENCH_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_OPCODE_TEXT 1
#define LOAD_OPCODE_BINARY 2
#define LOAD_HEADER_MAX 14

struct load_frames {
    size_t slots;
    size_t payload_size;
    size_t header_size; /* of a masked frame, its key included */
    size_t frame_size;
    uint8_t opcode;
    uint8_t *wire;  /* slots masked frames, one behind the other */
    uint8_t *plain; /* their payloads, not masked */
};

/* What the server sends back. */
enum load_echo {
    LOAD_ECHO_PLAIN, /* an unmasked frame with the same payload: a WebSocket server */
    LOAD_ECHO_RAW,   /* the very bytes that it got: the floor */
};

enum load_fault {
    LOAD_FAULT_NONE,
    LOAD_FAULT_RESERVED, /* a reserved bit is set */
    LOAD_FAULT_OPCODE,
    LOAD_FAULT_MASK,
    LOAD_FAULT_LENGTH,
    LOAD_FAULT_PAYLOAD,
    LOAD_FAULT_CLOSE, /* a Close frame */
};

enum load_check_state {
    LOAD_CHECK_HEADER,  /* gathering a frame's header */
    LOAD_CHECK_PAYLOAD, /* inside a data frame's payload */
    LOAD_CHECK_CONTROL, /* inside a ping's or pong's payload */
};

struct load_check {
    const struct load_frames *frames;
    enum load_echo echo;
    enum load_check_state state;
    uint8_t header[LOAD_HEADER_MAX];
    size_t header_size;
    uint64_t left; /* bytes of the frame that are still to come */
    size_t offset; /* bytes of the message that were checked */
    size_t slot;
    bool fragment; /* the message began in an earlier frame */
};

/* slots > 0. Payloads are printable ASCII, so the same bytes do for text and binary. */
bool load_frames_make(struct load_frames *frames, size_t slots, size_t payload_size,
                      uint8_t opcode);
void load_frames_free(struct load_frames *frames);

/* A check of one connection's echoes, the first of which is that of the ring's `slot`. */
struct load_check load_check_make(const struct load_frames *frames, enum load_echo echo,
                                  size_t slot);

/* *ret_count is how many messages these bytes completed, also when there is a fault. */
enum load_fault load_check_feed(struct load_check *check, const uint8_t *data, size_t size,
                                size_t *ret_count);

const char *load_fault_text(enum load_fault fault);

#endif
