#include "find/document.h"

#include "berth/error.h"
#include "find/url.h"
#include "proto/base64.h"

#include <jansson.h>

/* -- Members ----------------------------------------------------------------------------------- */

/* Everything that a reader needs: the object, and where to say what is wrong. */
struct reading {
    const json_t *object;
    const char *fault;
};

static int fail(struct reading *reading, const char *fault) {
    reading->fault = fault;
    return BERTH_E_INVALID;
}

/* NULL for what is not there. */
static const json_t *member(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    return value == NULL || json_is_null(value) ? NULL : value;
}

/* These texts reach terminals and logs: no control characters, not those of Latin-1 either, which
 * stand as C2 80 to C2 9F. */
static bool is_showable(struct berth_view text) {
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool high = i > 0 && (unsigned char)text.data[i - 1] == 0xC2 && c < 0xA0;
        if (c < 0x20 || c == 0x7F || high)
            return false;
    }
    return true;
}

/* Empty when it is not there. */
static int read_text(struct reading *reading, const json_t *object, const char *name, char *text,
                     size_t capacity, const char *fault) {
    const json_t *value = member(object, name);
    text[0] = 0;
    if (value == NULL)
        return 0;
    if (!json_is_string(value))
        return fail(reading, fault);
    struct berth_view view = {json_string_value(value), json_string_length(value)};
    if (view.size >= capacity || !is_showable(view))
        return fail(reading, fault);
    memcpy(text, view.data, view.size);
    text[view.size] = 0;
    return 0;
}

static int read_name(struct reading *reading, const char *name, char *text, size_t capacity,
                     const char *fault) {
    int error = read_text(reading, reading->object, name, text, capacity, fault);
    return error == 0 && text[0] == 0 ? fail(reading, fault) : error;
}

static int read_number(struct reading *reading, const char *name, uint32_t max,
                       uint32_t *ret_number, const char *fault) {
    const json_t *value = member(reading->object, name);
    if (!json_is_integer(value) || json_integer_value(value) < 1 ||
        json_integer_value(value) > (json_int_t)max)
        return fail(reading, fault);
    *ret_number = (uint32_t)json_integer_value(value);
    return 0;
}

/* Exactly so many bytes, or nothing at all. */
static int read_bytes(struct reading *reading, const char *name, uint8_t *bytes, size_t size,
                      bool *ret_there, const char *fault) {
    const json_t *value = member(reading->object, name);
    *ret_there = value != NULL;
    if (value == NULL)
        return 0;
    size_t decoded;
    struct berth_view text = {json_string_value(value), json_string_length(value)};
    if (!json_is_string(value) || berth_base64url_decode(text, bytes, size, &decoded) < 0 ||
        decoded != size)
        return fail(reading, fault);
    return 0;
}

static int read_state(struct reading *reading, struct berth_find_document *document) {
    char name[16];
    const char *fault = "does not say in which state it is";
    int error = read_name(reading, "state", name, sizeof name, fault);
    if (error == 0 && berth_endpoint_state_of(berth_view_of(name), &document->state) < 0)
        error = fail(reading, fault);
    return error;
}

/* What record and health have in common. */
static int read_common(struct reading *reading, struct berth_find_document *document) {
    uint32_t port = 0;
    int error = read_name(reading, "app", document->app, sizeof document->app,
                          "does not say which app it is");
    if (error == 0)
        error = read_name(reading, "instance", document->instance, sizeof document->instance,
                          "does not say which instance it is");
    if (error == 0)
        error = read_text(reading, reading->object, "version", document->version,
                          sizeof document->version, "has a version that is none");
    if (error == 0)
        error = read_state(reading, document);
    if (error == 0)
        error = read_number(reading, "port", UINT16_MAX, &port, "does not say on which port it is");
    if (error == 0)
        error = read_bytes(reading, "public_key", document->public_key, sizeof document->public_key,
                           &document->has_public_key, "has a public key that is none");
    document->port = (uint16_t)port;
    return error;
}

/* -- URLs -------------------------------------------------------------------------------------- */

#define URL_MAX 512

/* The path of the WebSocket URL, which must lead to where the server is. */
static int read_ws(struct reading *reading, const json_t *object,
                   struct berth_find_document *document) {
    const char *fault = "has a WebSocket address that is not its own";
    char text[URL_MAX];
    struct berth_find_url url;
    struct berth_addr address;
    int error = read_text(reading, object, "ws", text, sizeof text, fault);
    if (error < 0 || text[0] == 0)
        return error;
    if (berth_find_url_read(berth_view_of(text), "ws", &url) < 0 ||
        berth_addr_parse(url.host, url.port, &address) < 0)
        return fail(reading, fault);
    bool same_host = berth_addr_same_ip(&address, &document->address);
    if (address.port != document->port || (!same_host && !berth_addr_is_loopback(&address)))
        return fail(reading, fault);
    if (url.path.size == 0 || url.path.size >= sizeof document->ws_path || url.path.data[0] != '/')
        return fail(reading, fault);
    memcpy(document->ws_path, url.path.data, url.path.size);
    return 0;
}

static int read_urls(struct reading *reading, struct berth_find_document *document) {
    const char *fault = "does not say where it is";
    char text[URL_MAX];
    struct berth_find_url url;
    const json_t *urls = member(reading->object, "urls");
    if (!json_is_object(urls))
        return fail(reading, fault);
    int error = read_text(reading, urls, "http", text, sizeof text, fault);
    if (error < 0)
        return error;
    if (berth_find_url_read(berth_view_of(text), "http", &url) < 0 ||
        berth_addr_parse(url.host, url.port, &document->address) < 0 || url.port != document->port)
        return fail(reading, fault);
    return read_ws(reading, urls, document);
}

/* -- Forms ------------------------------------------------------------------------------------- */

static int read_record(struct reading *reading, struct berth_find_document *document) {
    uint32_t schema;
    int error = read_number(reading, "schema", BERTH_ENDPOINT_SCHEMA, &schema,
                            "is of a schema that is not known here");
    if (error == 0)
        error = read_common(reading, document);
    if (error == 0)
        error = read_urls(reading, document);
    if (error == 0 && member(reading->object, "pid") != NULL)
        error =
            read_number(reading, "pid", UINT32_MAX, &document->pid, "has a pid that is no number");
    if (error == 0)
        error = read_text(reading, reading->object, "token", document->token,
                          sizeof document->token, "has a token that is none");
    return error;
}

static int read_health(struct reading *reading, struct berth_find_document *document) {
    int error = read_common(reading, document);
    if (error == 0)
        error = read_ws(reading, reading->object, document);
    if (error == 0)
        error = read_bytes(reading, "proof", document->proof, sizeof document->proof,
                           &document->has_proof, "has a proof that is none");
    return error;
}

static int parse(struct berth_view json, json_t **ret_object, struct reading *reading) {
    if (json.size > BERTH_FIND_DOCUMENT_MAX)
        return fail(reading, "says too much");
    json_error_t problem;
    json_t *value =
        json_loadb(json.data != NULL ? json.data : "", json.size, JSON_REJECT_DUPLICATES, &problem);
    if (value == NULL && json_error_code(&problem) == json_error_out_of_memory)
        return BERTH_E_MEMORY;
    if (!json_is_object(value)) {
        json_decref(value);
        return fail(reading, "does not say it in JSON");
    }
    reading->object = value;
    *ret_object = value;
    return 0;
}

typedef int (*form_reader)(struct reading *reading, struct berth_find_document *document);

static int read_document(struct berth_view json, form_reader read,
                         struct berth_find_document *document,
                         struct berth_find_document *ret_document, const char **fault) {
    struct reading reading = {0};
    json_t *object = NULL;
    int error = parse(json, &object, &reading);
    if (error == 0)
        error = read(&reading, document);
    json_decref(object);
    if (error == BERTH_E_INVALID)
        *fault = reading.fault;
    if (error == 0)
        *ret_document = *document;
    return error;
}

int berth_find_record_read(struct berth_view json, struct berth_find_document *ret_document,
                           const char **fault) {
    struct berth_find_document document = {0};
    return read_document(json, read_record, &document, ret_document, fault);
}

int berth_find_health_read(struct berth_view json, const struct berth_addr *asked,
                           struct berth_find_document *ret_document, const char **fault) {
    struct berth_find_document document = {.address = *asked};
    return read_document(json, read_health, &document, ret_document, fault);
}
