/* The WebSocket handshake: any fields, both sides; and base64 on its own.
 *
 * Input: a byte of flags, a byte of the minor version or of the status, then lines "Name: value";
 * of a request the first line is the method, of a response what was offered. */
#include <stdint.h>

#include "base/assert.h"
#include "berth/error.h"
#include "proto/base64.h"
#include "proto/ws_handshake.h"

enum { FLAG_RESPONSE = 1, INPUT_HEAD = 2 };

/* One of the refusals, with its reason; a good request has a key that can be answered. */
static void check_request(unsigned minor, struct berth_view lines) {
    struct berth_ws_request request = {.http_minor = minor};
    request.method = berth_view_cut(lines, '\n', &lines);
    while (lines.size > 0) {
        struct berth_view value;
        struct berth_view name = berth_view_cut(berth_view_cut(lines, '\n', &lines), ':', &value);
        berth_ws_request_field(&request, name, value);
    }
    struct berth_view reason = {NULL, 0};
    int status = berth_ws_request_check(&request, &reason);
    BERTH_ASSERT(status == 0 || status == 400 || status == 405 || status == 426);
    BERTH_ASSERT((status == 0) == (reason.size == 0));
    BERTH_ASSERT(!berth_ws_request_offers(&request, (struct berth_view){NULL, 0}));
    if (request.protocol_count > 0)
        berth_ws_request_offers(&request, request.protocols[0]);
    if (status != 0)
        return;
    char accept[BERTH_WS_ACCEPT_SIZE];
    berth_ws_accept_key(request.key, accept);
    BERTH_ASSERT(accept[BERTH_WS_ACCEPT_SIZE - 1] == '=');
}

/* A response to a key of ours: good only with the accept value that belongs to it. */
static void check_response(unsigned status, struct berth_view lines) {
    static const struct berth_view key = BERTH_VIEW("dGhlIHNhbXBsZSBub25jZQ==");
    static const struct berth_view accept = BERTH_VIEW("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    struct berth_ws_response response = {.status = status};
    struct berth_view offered = berth_view_cut(lines, '\n', &lines), reason = {NULL, 0};
    while (lines.size > 0) {
        struct berth_view value;
        struct berth_view name = berth_view_cut(berth_view_cut(lines, '\n', &lines), ':', &value);
        berth_ws_response_field(&response, name, value);
    }
    int error = berth_ws_response_check(&response, key, offered, &reason);
    BERTH_ASSERT(error == 0 || (error == BERTH_E_INVALID && reason.size > 0));
    if (error != 0)
        return;
    BERTH_ASSERT(berth_view_equal(response.accept, accept));
    BERTH_ASSERT(response.protocol.size == 0 ||
                 berth_ws_protocol_offered(offered, response.protocol));
}

/* What was decoded is encoded to a text that is decoded to the same. */
static void check_base64(struct berth_view text) {
    uint8_t bytes[64], again[64];
    char back[BERTH_BASE64_SIZE(sizeof bytes)];
    size_t size, again_size;
    if (berth_base64_decode(text, bytes, sizeof bytes, &size) != 0)
        return;
    BERTH_ASSERT(text.size == BERTH_BASE64_SIZE(size));
    berth_base64_encode(bytes, size, back);
    struct berth_view view = {back, BERTH_BASE64_SIZE(size)};
    BERTH_ASSERT(berth_base64_decode(view, again, sizeof again, &again_size) == 0);
    BERTH_ASSERT(again_size == size && memcmp(bytes, again, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < INPUT_HEAD)
        return 0;
    struct berth_view lines = berth_view_bytes(data + INPUT_HEAD, size - INPUT_HEAD);
    if (data[0] & FLAG_RESPONSE)
        check_response(data[1], lines);
    else
        check_request(data[1], lines);
    check_base64(lines);
    return 0;
}
