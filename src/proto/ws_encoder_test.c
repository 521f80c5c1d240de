#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/ws.h"

static const uint8_t rfc_mask[4] = {0x37, 0xFA, 0x21, 0x3D};

static void assert_head(enum berth_ws_opcode opcode, bool fin, uint64_t size, const uint8_t *mask,
                        struct berth_view want) {
    uint8_t head[BERTH_WS_HEAD_MAX];
    size_t head_size = berth_ws_frame_head(head, opcode, fin, size, mask);
    assert_int_equal(head_size, want.size);
    assert_memory_equal(head, want.data, want.size);
}

/* RFC 6455 section 5.2: the length in the fewest bytes. */
static void heads(void **state) {
    (void)state;
    assert_head(BERTH_WS_OPCODE_TEXT, true, 5, NULL, BERTH_VIEW("\x81\x05"));
    assert_head(BERTH_WS_OPCODE_TEXT, false, 3, NULL, BERTH_VIEW("\x01\x03"));
    assert_head(BERTH_WS_OPCODE_CONTINUATION, true, 2, NULL, BERTH_VIEW("\x80\x02"));
    assert_head(BERTH_WS_OPCODE_PING, true, 125, NULL, BERTH_VIEW("\x89\x7D"));
    assert_head(BERTH_WS_OPCODE_PONG, true, 0, NULL, BERTH_VIEW("\x8A\x00"));
    assert_head(BERTH_WS_OPCODE_BINARY, true, 125, NULL, BERTH_VIEW("\x82\x7D"));
    assert_head(BERTH_WS_OPCODE_BINARY, true, 126, NULL, BERTH_VIEW("\x82\x7E\x00\x7E"));
    assert_head(BERTH_WS_OPCODE_BINARY, true, 65535, NULL, BERTH_VIEW("\x82\x7E\xFF\xFF"));
    assert_head(BERTH_WS_OPCODE_BINARY, true, 65536, NULL,
                BERTH_VIEW("\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00"));
    assert_head(BERTH_WS_OPCODE_BINARY, true, INT64_MAX, NULL,
                BERTH_VIEW("\x82\x7F\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"));
}

static void masked_heads(void **state) {
    (void)state;
    assert_head(BERTH_WS_OPCODE_TEXT, true, 5, rfc_mask, BERTH_VIEW("\x81\x85\x37\xFA\x21\x3D"));
    assert_head(BERTH_WS_OPCODE_TEXT, true, 126, rfc_mask,
                BERTH_VIEW("\x81\xFE\x00\x7E\x37\xFA\x21\x3D"));
    assert_head(BERTH_WS_OPCODE_TEXT, true, 65536, rfc_mask,
                BERTH_VIEW("\x81\xFF\x00\x00\x00\x00\x00\x01\x00\x00\x37\xFA\x21\x3D"));
}

/* Against the RFC's own formula (5.3), for every size, phase and alignment that could matter. */
static void masking(void **state) {
    (void)state;
    for (size_t size = 0; size < 610; size += size == 149 ? 100 : size == 339 ? 220 : 1) {
        for (size_t phase = 0; phase < 5; phase++) {
            for (size_t from = 0; from < 33; from++) {
                uint8_t bytes[650];
                for (size_t i = 0; i < sizeof bytes; i++)
                    bytes[i] = (uint8_t)(i * 7 + 1);
                berth_ws_mask(bytes + from, size, rfc_mask, phase);
                for (size_t i = 0; i < sizeof bytes; i++) {
                    bool inside = i >= from && i < from + size;
                    uint8_t mask = inside ? rfc_mask[(i - from + phase) % 4] : 0;
                    assert_int_equal(bytes[i], (uint8_t)(i * 7 + 1) ^ mask);
                }
            }
        }
    }
}

static void assert_close(uint16_t code, struct berth_view reason, struct berth_view want) {
    uint8_t payload[BERTH_WS_CONTROL_MAX];
    size_t size = berth_ws_close_payload(payload, code, reason);
    assert_int_equal(size, want.size);
    assert_memory_equal(payload, want.data, want.size);
}

static void close_payloads(void **state) {
    (void)state;
    struct berth_view none = {NULL, 0};
    assert_close(BERTH_WS_CLOSE_NORMAL, none, BERTH_VIEW("\x03\xE8"));
    assert_close(BERTH_WS_CLOSE_GOING_AWAY, BERTH_VIEW("bye"),
                 BERTH_VIEW("\x03\xE9"
                            "bye"));
    assert_close(4408, none, BERTH_VIEW("\x11\x38"));
    assert_int_equal(berth_ws_close_payload((uint8_t[BERTH_WS_CONTROL_MAX]){0},
                                            BERTH_WS_CLOSE_NO_STATUS, BERTH_VIEW("unsaid")),
                     0);
}

/* What is too long is cut between two characters: 123 bytes of room, characters of 3. */
static void long_reasons_are_cut(void **state) {
    (void)state;
    char reason[200];
    uint8_t payload[BERTH_WS_CONTROL_MAX];
    memset(reason, 'a', sizeof reason);
    struct berth_view view = {reason, sizeof reason};
    assert_int_equal(berth_ws_close_payload(payload, 1000, view), 125);
    view.size = 123;
    assert_int_equal(berth_ws_close_payload(payload, 1000, view), 125);
    for (size_t start = 119; start <= 124; start++) {
        static const size_t sizes[] = {123, 123, 121, 122, 123, 123};
        memset(reason, 'a', sizeof reason);
        memcpy(reason + start, "\xE2\x82\xAC", 3);
        view.size = sizeof reason;
        assert_int_equal(berth_ws_close_payload(payload, 1000, view), 2 + sizes[start - 119]);
    }
}

/* RFC 6455 section 7.4.2 and the registry. */
static void close_codes(void **state) {
    (void)state;
    for (unsigned code = 0; code <= UINT16_MAX; code++) {
        bool standard = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
        bool own = code >= 3000 && code <= 4999;
        assert_int_equal(berth_ws_close_code_valid((uint16_t)code), standard || own);
    }
}

/* What is encoded is decoded: every length form, both roles. */
static void round_trip(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 125, 126, 127, 65535, 65536, 70000};
    static uint8_t wire[BERTH_WS_HEAD_MAX + 70000];
    struct berth_ws_limits limits = berth_ws_limits_default();
    for (size_t i = 0; i < 2 * (sizeof sizes / sizeof *sizes); i++) {
        size_t size = sizes[i / 2];
        bool masked = i % 2 == 0;
        const uint8_t *mask = masked ? rfc_mask : NULL;
        size_t head = berth_ws_frame_head(wire, BERTH_WS_OPCODE_BINARY, true, size, mask);
        memset(wire + head, 'x', size);
        if (masked)
            berth_ws_mask(wire + head, size, rfc_mask, 0);
        struct berth_ws_decoder decoder;
        uint8_t room[BERTH_WS_CONTROL_MAX];
        struct berth_ws_event event;
        berth_ws_decoder_init(&decoder, masked ? BERTH_WS_SERVER : BERTH_WS_CLIENT, &limits, room);
        assert_int_equal(berth_ws_decoder_feed(&decoder, wire, head + size, &event), head + size);
        assert_int_equal(event.type, BERTH_WS_EVENT_DATA);
        assert_true(event.first && event.last);
        assert_int_equal(event.data.size, size);
        for (size_t at = 0; at < size; at++)
            assert_int_equal(event.data.data[at], 'x');
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads),
        cmocka_unit_test(masked_heads),
        cmocka_unit_test(masking),
        cmocka_unit_test(close_payloads),
        cmocka_unit_test(long_reasons_are_cut),
        cmocka_unit_test(close_codes),
        cmocka_unit_test(round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
