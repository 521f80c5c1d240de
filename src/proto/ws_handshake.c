#include "proto/ws_handshake.h"

#include "base/assert.h"
#include "berth/error.h"
#include "proto/base64.h"
#include "proto/sha1.h"

typedef bool (*equal_fn)(struct berth_view a, struct berth_view b);

/* Does a comma-separated list (RFC 9110 5.6.1) have this element? */
static bool list_has(struct berth_view list, struct berth_view element, equal_fn equal) {
    while (list.size > 0)
        if (equal(berth_view_trim(berth_view_cut(list, ',', &list)), element))
            return true;
    return false;
}

static bool is_named(struct berth_view name, const char *field) {
    return berth_view_equal_nocase(name, berth_view_of(field));
}

static bool has_token(struct berth_view value, const char *token) {
    return list_has(value, berth_view_of(token), berth_view_equal_nocase);
}

static bool is_zero(struct berth_view value) {
    uint64_t number;
    return berth_view_number(value, 0, &number) == 0;
}

static void take_protocols(struct berth_ws_request *request, struct berth_view value) {
    if (request->protocol_count < BERTH_WS_PROTOCOL_FIELDS_MAX)
        request->protocols[request->protocol_count] = value;
    request->protocol_count++;
}

static void take_extensions(struct berth_ws_request *request, struct berth_view value) {
    if (request->extension_count < BERTH_WS_EXTENSION_FIELDS_MAX)
        request->extensions[request->extension_count] = value;
    request->extension_count++;
}

void berth_ws_request_field(struct berth_ws_request *request, struct berth_view name,
                            struct berth_view value) {
    value = berth_view_trim(value);
    if (is_named(name, "Connection")) {
        request->connection_upgrade |= has_token(value, "upgrade");
    } else if (is_named(name, "Upgrade")) {
        request->upgrade_websocket |= has_token(value, "websocket");
    } else if (is_named(name, "Content-Length")) {
        request->has_body |= !is_zero(value);
    } else if (is_named(name, "Transfer-Encoding")) {
        request->has_body = true;
    } else if (is_named(name, "Sec-WebSocket-Key")) {
        request->key = value;
        request->key_count++;
    } else if (is_named(name, "Sec-WebSocket-Version")) {
        request->version = value;
        request->version_count++;
    } else if (is_named(name, "Sec-WebSocket-Protocol")) {
        take_protocols(request, value);
    } else if (is_named(name, "Sec-WebSocket-Extensions")) {
        take_extensions(request, value);
    }
}

static bool is_key(struct berth_view key) {
    uint8_t bytes[16];
    size_t size;
    return berth_base64_decode(key, bytes, sizeof bytes, &size) == 0 && size == sizeof bytes;
}

static int refuse(int status, struct berth_view reason, struct berth_view *ret_reason) {
    *ret_reason = reason;
    return status;
}

/* What makes it an upgrade at all (4.2.1, items 1 to 4). */
static int check_upgrade(const struct berth_ws_request *request, struct berth_view *ret_reason) {
    if (!berth_view_equal(request->method, BERTH_VIEW("GET")))
        return refuse(405, BERTH_VIEW("a WebSocket is opened with GET"), ret_reason);
    if (request->http_minor < 1)
        return refuse(400, BERTH_VIEW("a WebSocket needs HTTP/1.1"), ret_reason);
    if (!request->upgrade_websocket)
        return refuse(426, BERTH_VIEW("this address speaks WebSocket only"), ret_reason);
    if (!request->connection_upgrade)
        return refuse(400, BERTH_VIEW("the Connection field does not say Upgrade"), ret_reason);
    if (request->has_body)
        return refuse(400, BERTH_VIEW("a WebSocket request has no body"), ret_reason);
    return 0;
}

/* What does not follow the grammar fails the handshake, whether or not it is wanted (9.1). */
static bool extensions_are_read(const struct berth_ws_request *request) {
    static const struct berth_ws_deflate_policy any;
    struct berth_ws_deflate agreed;
    for (unsigned i = 0; i < request->extension_count; i++)
        if (berth_ws_deflate_choose(request->extensions[i], &any, &agreed) < 0)
            return false;
    return true;
}

int berth_ws_request_check(const struct berth_ws_request *request, struct berth_view *ret_reason) {
    int status = check_upgrade(request, ret_reason);
    if (status != 0)
        return status;
    if (request->version_count > 1)
        return refuse(400, BERTH_VIEW("more than one Sec-WebSocket-Version"), ret_reason);
    if (!berth_view_equal(request->version, BERTH_VIEW("13")))
        return refuse(426, BERTH_VIEW("the WebSocket version must be 13"), ret_reason);
    if (request->key_count != 1)
        return refuse(400, BERTH_VIEW("there must be one Sec-WebSocket-Key"), ret_reason);
    if (!is_key(request->key))
        return refuse(400, BERTH_VIEW("Sec-WebSocket-Key is not 16 bytes in base64"), ret_reason);
    if (request->protocol_count > BERTH_WS_PROTOCOL_FIELDS_MAX)
        return refuse(400, BERTH_VIEW("too many Sec-WebSocket-Protocol fields"), ret_reason);
    if (request->extension_count > BERTH_WS_EXTENSION_FIELDS_MAX)
        return refuse(400, BERTH_VIEW("too many Sec-WebSocket-Extensions fields"), ret_reason);
    if (!extensions_are_read(request))
        return refuse(400, BERTH_VIEW("Sec-WebSocket-Extensions cannot be read"), ret_reason);
    return 0;
}

bool berth_ws_request_deflate(const struct berth_ws_request *request,
                              const struct berth_ws_deflate_policy *policy,
                              struct berth_ws_deflate *ret_agreed) {
    for (unsigned i = 0; i < request->extension_count; i++)
        if (berth_ws_deflate_choose(request->extensions[i], policy, ret_agreed) == 1)
            return true;
    return false;
}

bool berth_ws_protocol_offered(struct berth_view list, struct berth_view name) {
    return name.size > 0 && list_has(list, name, berth_view_equal);
}

bool berth_ws_request_offers(const struct berth_ws_request *request, struct berth_view name) {
    unsigned count = request->protocol_count < BERTH_WS_PROTOCOL_FIELDS_MAX
                         ? request->protocol_count
                         : BERTH_WS_PROTOCOL_FIELDS_MAX;
    for (unsigned i = 0; i < count; i++)
        if (berth_ws_protocol_offered(request->protocols[i], name))
            return true;
    return false;
}

void berth_ws_key_make(const uint8_t random[16], char out[BERTH_WS_KEY_SIZE]) {
    berth_base64_encode(random, 16, out);
}

void berth_ws_accept_key(struct berth_view key, char out[BERTH_WS_ACCEPT_SIZE]) {
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* 1.3 */
    char text[BERTH_WS_KEY_SIZE + sizeof guid - 1];
    BERTH_ASSERT(key.size == BERTH_WS_KEY_SIZE);
    memcpy(text, key.data, BERTH_WS_KEY_SIZE);
    memcpy(text + BERTH_WS_KEY_SIZE, guid, sizeof guid - 1);
    uint8_t digest[BERTH_SHA1_SIZE];
    berth_sha1(berth_view_bytes(text, sizeof text), digest);
    berth_base64_encode(digest, sizeof digest, out);
}

void berth_ws_response_field(struct berth_ws_response *response, struct berth_view name,
                             struct berth_view value) {
    value = berth_view_trim(value);
    if (is_named(name, "Connection")) {
        response->connection_upgrade |= has_token(value, "upgrade");
    } else if (is_named(name, "Upgrade")) {
        response->upgrade_websocket = berth_view_equal_nocase(value, BERTH_VIEW("websocket"));
        response->upgrade_count++;
    } else if (is_named(name, "Sec-WebSocket-Accept")) {
        response->accept = value;
        response->accept_count++;
    } else if (is_named(name, "Sec-WebSocket-Protocol")) {
        response->protocol = value;
        response->protocol_count++;
    } else if (is_named(name, "Sec-WebSocket-Extensions")) {
        response->extensions_count++;
    }
}

/* Items 1 to 4 of the client's check (4.1): did this server read this request and switch? */
static const char *switch_fault(const struct berth_ws_response *response, struct berth_view key) {
    char accept[BERTH_WS_ACCEPT_SIZE];
    berth_ws_accept_key(key, accept);
    if (response->status != 101)
        return "the server did not switch to WebSocket";
    if (response->upgrade_count != 1 || !response->upgrade_websocket)
        return "the answer's Upgrade field is not websocket";
    if (!response->connection_upgrade)
        return "the answer's Connection field does not say Upgrade";
    if (response->accept_count != 1)
        return "the answer must have one Sec-WebSocket-Accept";
    if (!berth_view_equal(response->accept, berth_view_bytes(accept, sizeof accept)))
        return "Sec-WebSocket-Accept does not fit the key: the answer is to another request";
    return NULL;
}

/* Items 5 and 6: did it choose among what was offered? */
static const char *choice_fault(const struct berth_ws_response *response,
                                struct berth_view offered) {
    if (response->extensions_count > 0)
        return "the server chose an extension that was not offered";
    if (response->protocol_count > 1)
        return "more than one Sec-WebSocket-Protocol in the answer";
    if (response->protocol_count == 1 && !berth_ws_protocol_offered(offered, response->protocol))
        return "the server chose a subprotocol that was not offered";
    return NULL;
}

int berth_ws_response_check(const struct berth_ws_response *response, struct berth_view key,
                            struct berth_view offered, struct berth_view *ret_reason) {
    const char *fault = switch_fault(response, key);
    if (fault == NULL)
        fault = choice_fault(response, offered);
    if (fault == NULL)
        return 0;
    *ret_reason = berth_view_of(fault);
    return BERTH_E_INVALID;
}
