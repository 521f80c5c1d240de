#include "proto/http_head.h"

#include "berth/error.h"
#include "proto/http_class.h"
#include "proto/http_target.h"

/* What some field has said; kept over the lines of a head. */
enum known {
    KNOWN_HOST = 1 << 0,
    KNOWN_LENGTH = 1 << 1,
    KNOWN_CHUNKED = 1 << 2,
    KNOWN_CLOSE = 1 << 3,
    KNOWN_KEEP_ALIVE = 1 << 4,
    KNOWN_UPGRADE_OPTION = 1 << 5, /* Connection: upgrade */
    KNOWN_UPGRADE_FIELD = 1 << 6,
    KNOWN_CONTINUE = 1 << 7,
};

static struct berth_http_fault bad(const char *reason) {
    return (struct berth_http_fault){400, reason};
}

/* RFC 9112 2.3: the name is case-sensitive, one digit on both sides of the dot. */
struct berth_http_fault berth_http_head_take_version(struct berth_http_head *head,
                                                     struct berth_view version) {
    if (version.size != 8 || memcmp(version.data, "HTTP/", 5) != 0 || version.data[6] != '.' ||
        !berth_http_is(version.data[5], BERTH_HTTP_DIGIT) ||
        !berth_http_is(version.data[7], BERTH_HTTP_DIGIT))
        return bad("the version is not written HTTP/1.1");
    if (version.data[5] != '1' || version.data[7] > '1')
        return (struct berth_http_fault){505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
    head->version_minor = (uint8_t)(version.data[7] - '0');
    return BERTH_HTTP_NO_FAULT;
}

static enum berth_http_method method_of(struct berth_view name) {
    static const struct {
        struct berth_view name;
        enum berth_http_method method;
    } methods[] = {
        {{"GET", 3}, BERTH_HTTP_METHOD_GET},         {{"HEAD", 4}, BERTH_HTTP_METHOD_HEAD},
        {{"POST", 4}, BERTH_HTTP_METHOD_POST},       {{"OPTIONS", 7}, BERTH_HTTP_METHOD_OPTIONS},
        {{"PUT", 3}, BERTH_HTTP_METHOD_PUT},         {{"DELETE", 6}, BERTH_HTTP_METHOD_DELETE},
        {{"PATCH", 5}, BERTH_HTTP_METHOD_PATCH},     {{"TRACE", 5}, BERTH_HTTP_METHOD_TRACE},
        {{"CONNECT", 7}, BERTH_HTTP_METHOD_CONNECT},
    };
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (berth_view_equal(name, methods[i].name))
            return methods[i].method;
    return BERTH_HTTP_METHOD_OTHER;
}

/* RFC 9110 9.1: case-sensitive. */
struct berth_http_fault berth_http_head_take_method(struct berth_http_head *head,
                                                    struct berth_view name) {
    if (name.size == 0)
        return bad("the request line starts with no method");
    head->method_name = name;
    head->method = method_of(name);
    return BERTH_HTTP_NO_FAULT;
}

/* RFC 9112 3.2: authority-form is for CONNECT only and CONNECT has no other, "*" is for OPTIONS. */
struct berth_http_fault berth_http_head_take_target(struct berth_http_head *head,
                                                    struct berth_view text) {
    struct berth_http_target target;
    if (berth_http_target_split(text, &target) < 0)
        return bad("the request target is malformed");
    if ((head->method == BERTH_HTTP_METHOD_CONNECT) != (target.form == BERTH_HTTP_TARGET_AUTHORITY))
        return bad("CONNECT needs host:port as its target, and only CONNECT may have it");
    if (target.form == BERTH_HTTP_TARGET_ASTERISK && head->method != BERTH_HTTP_METHOD_OPTIONS)
        return bad("only OPTIONS may have * as its target");
    head->target = text;
    return BERTH_HTTP_NO_FAULT;
}

/* RFC 9110 15: three digits, 100 to 599. */
struct berth_http_fault berth_http_head_take_status(struct berth_http_head *head,
                                                    struct berth_view code) {
    uint64_t status = 0;
    if (code.size != 3 || berth_view_number(code, 599, &status) < 0 || status < 100)
        return bad("the status code is not three digits from 100 to 599");
    head->status = (uint16_t)status;
    return BERTH_HTTP_NO_FAULT;
}

/* RFC 9112 3.2: one Host; a request for nobody has an empty one, which is the server's to judge. */
static struct berth_http_fault take_host(struct berth_view value, uint16_t *known) {
    if (*known & KNOWN_HOST)
        return bad("there are two Host fields");
    if (value.size > 0 && !berth_http_authority_valid(value))
        return bad("the Host field is malformed");
    *known |= KNOWN_HOST;
    return BERTH_HTTP_NO_FAULT;
}

/* RFC 9112 6.3 lets a recipient mend a list of equal lengths; refusing is the other way allowed. */
static struct berth_http_fault take_length(struct berth_http_head *head, struct berth_view value,
                                           uint16_t *known) {
    if (*known & KNOWN_LENGTH)
        return bad("there are two Content-Length fields");
    if (berth_view_number(value, UINT64_MAX, &head->content_length) < 0)
        return bad("the Content-Length is not a number");
    *known |= KNOWN_LENGTH;
    return BERTH_HTTP_NO_FAULT;
}

/* RFC 9112 6.1: chunked is applied once; a coding that we cannot take away is 501. */
static struct berth_http_fault take_coding(struct berth_view value, uint16_t *known) {
    if (*known & KNOWN_CHUNKED)
        return bad("there are two Transfer-Encoding fields");
    if (!berth_view_equal_nocase(value, BERTH_VIEW("chunked")))
        return (struct berth_http_fault){501, "the only transfer coding spoken here is chunked"};
    *known |= KNOWN_CHUNKED;
    return BERTH_HTTP_NO_FAULT;
}

/* RFC 9110 7.6.1. */
static void take_connection(struct berth_view value, uint16_t *known) {
    if (berth_http_list_has(value, "close"))
        *known |= KNOWN_CLOSE;
    if (berth_http_list_has(value, "keep-alive"))
        *known |= KNOWN_KEEP_ALIVE;
    if (berth_http_list_has(value, "upgrade"))
        *known |= KNOWN_UPGRADE_OPTION;
}

/* The few names that the reader itself must know have different sizes, which spares most fields
 * every comparison. Host means nothing in a response, which has a status by now. Hot: once for each
 * field. */
struct berth_http_fault berth_http_head_take_field(struct berth_http_head *head,
                                                   struct berth_http_span field, uint16_t *known) {
    struct berth_view name = {head->text + field.name, field.name_size};
    struct berth_view value = {head->text + field.value, field.value_size};
    head->fields[head->field_count++] = field;
    switch (name.size) {
    case 4:
        if (berth_view_equal_nocase(name, BERTH_VIEW("Host")) && head->status == 0)
            return take_host(value, known);
        break;
    case 6:
        if (berth_view_equal_nocase(name, BERTH_VIEW("Expect")) &&
            berth_view_equal_nocase(value, BERTH_VIEW("100-continue")))
            *known |= KNOWN_CONTINUE;
        break;
    case 7:
        if (berth_view_equal_nocase(name, BERTH_VIEW("Upgrade")))
            *known |= KNOWN_UPGRADE_FIELD;
        break;
    case 10:
        if (berth_view_equal_nocase(name, BERTH_VIEW("Connection")))
            take_connection(value, known);
        break;
    case 14:
        if (berth_view_equal_nocase(name, BERTH_VIEW("Content-Length")))
            return take_length(head, value, known);
        break;
    case 17:
        if (berth_view_equal_nocase(name, BERTH_VIEW("Transfer-Encoding")))
            return take_coding(value, known);
        break;
    default: /* a size, not a state */
        break;
    }
    return BERTH_HTTP_NO_FAULT;
}

/* RFC 9112 6.3, rules 1 and 2: what the request was and the status decide before any field. */
static bool response_is_bodiless(const struct berth_http_head *head, bool answers_head) {
    return answers_head || head->status < 200 || head->status == 204 || head->status == 304;
}

static enum berth_http_framing framing_of(const struct berth_http_head *head, uint16_t known,
                                          const struct berth_http_reader *reader) {
    bool response = reader->role == BERTH_HTTP_RESPONSES;
    if (response && response_is_bodiless(head, reader->answers_head))
        return BERTH_HTTP_FRAMING_NONE;
    if (known & KNOWN_CHUNKED)
        return BERTH_HTTP_FRAMING_CHUNKED;
    if (known & KNOWN_LENGTH)
        return BERTH_HTTP_FRAMING_LENGTH;
    return response ? BERTH_HTTP_FRAMING_CLOSE : BERTH_HTTP_FRAMING_NONE;
}

/* RFC 9112 9.3; a body up to the close is the last of its connection. */
static bool keeps_alive(const struct berth_http_head *head, uint16_t known) {
    if ((known & KNOWN_CLOSE) || head->framing == BERTH_HTTP_FRAMING_CLOSE)
        return false;
    return head->version_minor == 1 || (known & KNOWN_KEEP_ALIVE);
}

/* RFC 9110 10.1.1: not in HTTP/1.0, and not without a body. */
static bool expects_continue(const struct berth_http_head *head, uint16_t known) {
    bool body = head->framing == BERTH_HTTP_FRAMING_CHUNKED || head->content_length > 0;
    return (known & KNOWN_CONTINUE) && head->version_minor == 1 && body;
}

struct berth_http_fault berth_http_head_finish(struct berth_http_head *head,
                                               const struct berth_http_reader *reader) {
    uint16_t known = reader->known;
    if (reader->role == BERTH_HTTP_REQUESTS && head->version_minor == 1 && !(known & KNOWN_HOST))
        return bad("the Host field is missing"); /* RFC 9112 3.2 */
    if ((known & KNOWN_CHUNKED) && (known & KNOWN_LENGTH))
        return bad("Transfer-Encoding and Content-Length stand together"); /* RFC 9112 6.3 */
    if ((known & KNOWN_CHUNKED) && head->version_minor == 0)
        return bad("HTTP/1.0 has no Transfer-Encoding"); /* RFC 9112 6.1 */
    head->framing = framing_of(head, known, reader);
    if (head->framing == BERTH_HTTP_FRAMING_LENGTH &&
        head->content_length > reader->limits.body_size)
        return (struct berth_http_fault){413, "the body is over the limit"};
    head->keep_alive = keeps_alive(head, known);
    head->upgrade = head->version_minor == 1 && (known & KNOWN_UPGRADE_OPTION) &&
                    (known & KNOWN_UPGRADE_FIELD); /* RFC 9110 7.8 */
    head->expect_continue = expects_continue(head, known);
    return BERTH_HTTP_NO_FAULT;
}
