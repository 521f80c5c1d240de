#include "frames.h"

#include <stdlib.h>
#include <string.h>

enum { OPCODE_CONTINUATION = 0, OPCODE_CLOSE = 8, OPCODE_PING = 9, OPCODE_PONG = 10 };

/* Xorshift: repeatable, so that two runs send the same bytes. */
static uint32_t random_next(uint32_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static size_t extension_size(size_t payload_size) {
    return payload_size < 126 ? 0 : payload_size <= UINT16_MAX ? 2 : 8;
}

static void put_big_endian(uint8_t *out, size_t size, uint64_t value) {
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

static uint64_t get_big_endian(const uint8_t *in, size_t size) {
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | in[i];
    return value;
}

static void put_frame(const struct load_frames *frames, uint8_t *out, const uint8_t *plain,
                      uint32_t key) {
    size_t extension = extension_size(frames->payload_size);
    out[0] = (uint8_t)(0x80 | frames->opcode);
    out[1] = (uint8_t)(0x80 | (extension == 0 ? frames->payload_size : extension == 2 ? 126 : 127));
    put_big_endian(out + 2, extension, frames->payload_size);
    memcpy(out + 2 + extension, &key, sizeof key);
    const uint8_t *mask = out + 2 + extension;
    for (size_t i = 0; i < frames->payload_size; i++)
        out[frames->header_size + i] = plain[i] ^ mask[i % 4];
}

bool load_frames_make(struct load_frames *frames, size_t slots, size_t payload_size,
                      uint8_t opcode) {
    *frames = (struct load_frames){
        .slots = slots,
        .payload_size = payload_size,
        .header_size = 2 + extension_size(payload_size) + 4,
        .opcode = opcode,
    };
    frames->frame_size = frames->header_size + payload_size;
    frames->wire = malloc(slots * frames->frame_size);
    frames->plain = malloc(slots * payload_size + 1);
    if (frames->wire == NULL || frames->plain == NULL) {
        load_frames_free(frames);
        return false;
    }
    uint32_t random = 0x9e3779b9;
    for (size_t slot = 0; slot < slots; slot++) {
        uint8_t *plain = frames->plain + slot * payload_size;
        for (size_t i = 0; i < payload_size; i++)
            plain[i] = (uint8_t)(' ' + random_next(&random) % 95);
        put_frame(frames, frames->wire + slot * frames->frame_size, plain, random_next(&random));
    }
    return true;
}

void load_frames_free(struct load_frames *frames) {
    free(frames->wire);
    free(frames->plain);
    frames->wire = NULL;
    frames->plain = NULL;
}

struct load_check load_check_make(const struct load_frames *frames, enum load_echo echo,
                                  size_t slot) {
    return (struct load_check){.frames = frames, .echo = echo, .slot = slot % frames->slots};
}

/* How long the header is, as far as its bytes so far tell. */
static size_t header_needed(const struct load_check *check) {
    if (check->header_size < 2)
        return 2;
    uint8_t length = check->header[1] & 0x7f;
    size_t mask = (check->header[1] & 0x80) != 0 ? 4 : 0;
    return 2 + mask + (length == 126 ? 2u : length == 127 ? 8u : 0u);
}

static const uint8_t *expected_frame(const struct load_check *check) {
    return check->frames->wire + check->slot * check->frames->frame_size;
}

static const uint8_t *expected_payload(const struct load_check *check) {
    const struct load_frames *frames = check->frames;
    return check->echo == LOAD_ECHO_RAW ? expected_frame(check) + frames->header_size
                                        : frames->plain + check->slot * frames->payload_size;
}

static enum load_fault begin_raw(struct load_check *check) {
    if (check->header_size != check->frames->header_size)
        return LOAD_FAULT_LENGTH;
    if (memcmp(check->header, expected_frame(check), check->header_size) != 0)
        return LOAD_FAULT_PAYLOAD;
    check->left = check->frames->payload_size;
    check->state = LOAD_CHECK_PAYLOAD;
    return LOAD_FAULT_NONE;
}

static enum load_fault begin_control(struct load_check *check, uint8_t opcode) {
    if (opcode == OPCODE_CLOSE)
        return LOAD_FAULT_CLOSE;
    if (opcode != OPCODE_PING && opcode != OPCODE_PONG)
        return LOAD_FAULT_OPCODE;
    if (check->left > 125)
        return LOAD_FAULT_LENGTH;
    check->state = LOAD_CHECK_CONTROL;
    return LOAD_FAULT_NONE;
}

static enum load_fault begin_data(struct load_check *check, uint8_t opcode) {
    if (opcode != (check->fragment ? OPCODE_CONTINUATION : check->frames->opcode))
        return LOAD_FAULT_OPCODE;
    size_t rest = check->frames->payload_size - check->offset;
    bool final = (check->header[0] & 0x80) != 0;
    if (check->left > rest || (final && check->left != rest))
        return LOAD_FAULT_LENGTH;
    check->fragment = !final;
    check->state = LOAD_CHECK_PAYLOAD;
    return LOAD_FAULT_NONE;
}

static enum load_fault begin_frame(struct load_check *check) {
    if (check->echo == LOAD_ECHO_RAW)
        return begin_raw(check);
    if ((check->header[0] & 0x70) != 0)
        return LOAD_FAULT_RESERVED;
    if ((check->header[1] & 0x80) != 0)
        return LOAD_FAULT_MASK;
    size_t extension = check->header_size - 2;
    check->left = extension == 0 ? check->header[1] : get_big_endian(check->header + 2, extension);
    if (extension_size((size_t)check->left) != extension)
        return LOAD_FAULT_LENGTH;
    uint8_t opcode = check->header[0] & 0x0f;
    return opcode >= OPCODE_CLOSE ? begin_control(check, opcode) : begin_data(check, opcode);
}

/* The frame's last byte was taken: on to the next frame, perhaps to the next message. */
static void end_frame(struct load_check *check, size_t *count) {
    bool control = check->state == LOAD_CHECK_CONTROL;
    check->state = LOAD_CHECK_HEADER;
    check->header_size = 0;
    if (control || check->fragment)
        return;
    check->offset = 0;
    check->slot = check->slot + 1 == check->frames->slots ? 0 : check->slot + 1;
    (*count)++;
}

/* Takes bytes of the payload; false when they are not those that were sent. */
static bool take_payload(struct load_check *check, const uint8_t *data, size_t size) {
    check->left -= size;
    if (check->state == LOAD_CHECK_CONTROL)
        return true;
    bool same = memcmp(data, expected_payload(check) + check->offset, size) == 0;
    check->offset += size;
    return same;
}

enum load_fault load_check_feed(struct load_check *check, const uint8_t *data, size_t size,
                                size_t *ret_count) {
    const uint8_t *end = data + size;
    *ret_count = 0;
    while (data < end) {
        if (check->state == LOAD_CHECK_HEADER) {
            check->header[check->header_size++] = *data++;
            if (check->header_size < header_needed(check))
                continue;
            enum load_fault fault = begin_frame(check);
            if (fault != LOAD_FAULT_NONE)
                return fault;
        }
        size_t part =
            (size_t)(end - data) < check->left ? (size_t)(end - data) : (size_t)check->left;
        if (part > 0 && !take_payload(check, data, part))
            return LOAD_FAULT_PAYLOAD;
        data += part;
        if (check->left == 0)
            end_frame(check, ret_count);
    }
    return LOAD_FAULT_NONE;
}

const char *load_fault_text(enum load_fault fault) {
    switch (fault) {
    case LOAD_FAULT_NONE:
        return "none";
    case LOAD_FAULT_RESERVED:
        return "a reserved bit is set in an echoed frame";
    case LOAD_FAULT_OPCODE:
        return "an echo has the wrong opcode";
    case LOAD_FAULT_MASK:
        return "the server masked a frame";
    case LOAD_FAULT_LENGTH:
        return "an echo has the wrong length";
    case LOAD_FAULT_PAYLOAD:
        return "an echo has other bytes than were sent";
    case LOAD_FAULT_CLOSE:
        return "the server sent a Close frame";
    }
    return "unknown";
}
