#include "proto/http_target.h"

#include "base/utf8.h"
#include "base/writer.h"
#include "berth/error.h"
#include "proto/http_class.h"

/* RFC 3986 2.1: '%' and two hex digits. */
static bool escape_at(struct berth_view text, size_t at) {
    return text.size - at >= 3 && berth_http_is(text.data[at + 1], BERTH_HTTP_HEX) &&
           berth_http_is(text.data[at + 2], BERTH_HTTP_HEX);
}

static bool escapes_whole(struct berth_view text) {
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '%' && !escape_at(text, i))
            return false;
    return true;
}

static char byte_of_escape(struct berth_view text, size_t at) {
    return (char)(berth_http_hex(text.data[at + 1]) << 4 | berth_http_hex(text.data[at + 2]));
}

/* RFC 3986 3.2.2: "[" IPv6address "]", by its bytes; whoever connects parses it whole. */
static size_t literal_size(struct berth_view text) {
    size_t size = 1;
    while (size < text.size && (berth_http_is(text.data[size], BERTH_HTTP_HEX) ||
                                text.data[size] == ':' || text.data[size] == '.'))
        size++;
    return size > 2 && size < text.size && text.data[size] == ']' ? size + 1 : 0;
}

/* The size of the host at the head of an authority; 0 when none stands there. */
static size_t host_size(struct berth_view text) {
    if (text.size > 0 && text.data[0] == '[')
        return literal_size(text);
    size_t size = berth_http_run(text, BERTH_HTTP_HOST);
    return escapes_whole((struct berth_view){text.data, size}) ? size : 0;
}

/* A host, and behind its colon digits: none at all is allowed too (RFC 3986 3.2.3). */
bool berth_http_authority_valid(struct berth_view authority) {
    size_t size = host_size(authority);
    if (size == 0)
        return false;
    if (size == authority.size)
        return true;
    struct berth_view port = {authority.data + size + 1, authority.size - size - 1};
    return authority.data[size] == ':' && berth_http_all(port, BERTH_HTTP_DIGIT);
}

/* RFC 9112 3.2.1: path and query; '[' and ']' are URI bytes, but of hosts, and harmless here. */
static int split_origin(struct berth_view text, struct berth_http_target *target) {
    if (!berth_http_all(text, BERTH_HTTP_URI) || !escapes_whole(text))
        return BERTH_E_INVALID;
    target->path = berth_view_cut(text, '?', &target->query);
    return 0;
}

/* RFC 9112 3.2.2 and RFC 9110 4.2: "http" or "https", a host and no user name. */
static int split_absolute(struct berth_view text, struct berth_http_target *target) {
    struct berth_view rest;
    target->form = BERTH_HTTP_TARGET_ABSOLUTE;
    target->scheme = berth_view_cut(text, ':', &rest);
    if (!berth_view_equal_nocase(target->scheme, BERTH_VIEW("http")) &&
        !berth_view_equal_nocase(target->scheme, BERTH_VIEW("https")))
        return BERTH_E_INVALID;
    if (!berth_view_starts(rest, BERTH_VIEW("//")))
        return BERTH_E_INVALID;
    rest = (struct berth_view){rest.data + 2, rest.size - 2};
    size_t size = 0;
    while (size < rest.size && rest.data[size] != '/' && rest.data[size] != '?')
        size++;
    target->authority = (struct berth_view){rest.data, size};
    if (!berth_http_authority_valid(target->authority) ||
        split_origin((struct berth_view){rest.data + size, rest.size - size}, target) < 0)
        return BERTH_E_INVALID;
    if (target->path.size == 0)
        target->path = BERTH_VIEW("/"); /* RFC 9110 4.2.3 */
    return 0;
}

/* RFC 9112 3.2.3: host and port, both there. */
static int split_authority(struct berth_view text, struct berth_http_target *target) {
    if (!berth_http_authority_valid(text) ||
        !berth_http_is(text.data[text.size - 1], BERTH_HTTP_DIGIT) || host_size(text) == text.size)
        return BERTH_E_INVALID;
    target->form = BERTH_HTTP_TARGET_AUTHORITY;
    target->authority = text;
    return 0;
}

int berth_http_target_split(struct berth_view text, struct berth_http_target *ret_target) {
    struct berth_http_target target = {.form = BERTH_HTTP_TARGET_ORIGIN};
    int error = 0;
    if (text.size == 0)
        return BERTH_E_INVALID;
    if (text.data[0] == '/')
        error = split_origin(text, &target);
    else if (berth_view_equal(text, BERTH_VIEW("*")))
        target.form = BERTH_HTTP_TARGET_ASTERISK;
    else if (split_authority(text, &target) < 0)
        error = split_absolute(text, &target);
    if (error == 0)
        *ret_target = target;
    return error;
}

static bool is_control(char byte) { return (uint8_t)byte < 0x20 || byte == 0x7f; }

/* Nothing, "." or "..": what a file system would read in its own way. Nothing may only be last,
 * where it is the slash at the end of a folder's name. */
static bool segment_is_plain(struct berth_view segment, bool last) {
    if (segment.size == 0)
        return last;
    return !berth_view_equal(segment, BERTH_VIEW(".")) &&
           !berth_view_equal(segment, BERTH_VIEW(".."));
}

/* Of a decoded path, behind its first slash. */
static bool segments_are_plain(struct berth_view path) {
    bool last = false;
    while (!last) {
        last = path.size == 0 || memchr(path.data, '/', path.size) == NULL;
        if (!segment_is_plain(berth_view_cut(path, '/', &path), last))
            return false;
    }
    return true;
}

/* Decodes escapes once. Slashes that were written plain pass; decoded ones would add a segment that
 * whoever looked at the undecoded path did not see. */
static int decode_path(struct berth_view path, struct berth_writer *out) {
    for (size_t i = 0; i < path.size; i++) {
        char byte = path.data[i];
        if (byte == '%') {
            if (!escape_at(path, i))
                return BERTH_E_INVALID;
            byte = byte_of_escape(path, i);
            i += 2;
            if (byte == '/')
                return BERTH_E_INVALID;
        }
        if (is_control(byte) || byte == '\\')
            return BERTH_E_INVALID;
        berth_writer_char(out, byte);
    }
    return out->overflow ? BERTH_E_FULL : 0;
}

int berth_http_path_decode(struct berth_view path, char *buffer, size_t size,
                           struct berth_view *ret_path) {
    struct berth_writer out = berth_writer_on(buffer, size);
    if (path.size == 0 || path.data[0] != '/')
        return BERTH_E_INVALID;
    int error = decode_path(path, &out);
    if (error < 0)
        return error;
    struct berth_view decoded = berth_writer_result(&out);
    if (!berth_utf8_valid(decoded) ||
        !segments_are_plain((struct berth_view){decoded.data + 1, decoded.size - 1}))
        return BERTH_E_INVALID;
    *ret_path = decoded;
    return 0;
}

/* One byte of a parameter, decoded; *at is moved behind it. Errors: BERTH_E_INVALID. */
static int parameter_byte(struct berth_view text, size_t *at, char *ret_byte) {
    char byte = text.data[*at];
    if (byte == '%') {
        if (!escape_at(text, *at))
            return BERTH_E_INVALID;
        byte = byte_of_escape(text, *at);
        *at += 2;
    } else if (byte == '+') {
        byte = ' ';
    }
    *at += 1;
    *ret_byte = byte;
    return 0;
}

/* Names may be escaped too: compared byte by byte, so that they need no buffer. */
static bool parameter_is(struct berth_view escaped, struct berth_view name) {
    size_t at = 0;
    for (size_t i = 0; i < name.size; i++) {
        char byte = 0;
        if (at >= escaped.size || parameter_byte(escaped, &at, &byte) < 0 || byte != name.data[i])
            return false;
    }
    return at == escaped.size;
}

static int decode_parameter(struct berth_view text, char *buffer, size_t size,
                            struct berth_view *ret_value) {
    struct berth_writer out = berth_writer_on(buffer, size);
    size_t at = 0;
    while (at < text.size) {
        char byte = 0;
        if (parameter_byte(text, &at, &byte) < 0 || is_control(byte))
            return BERTH_E_INVALID;
        berth_writer_char(&out, byte);
    }
    if (out.overflow)
        return BERTH_E_FULL;
    if (!berth_utf8_valid(berth_writer_result(&out)))
        return BERTH_E_INVALID;
    *ret_value = berth_writer_result(&out);
    return 0;
}

int berth_http_query_get(struct berth_view query, const char *name, char *buffer, size_t size,
                         struct berth_view *ret_value) {
    while (query.size > 0) {
        struct berth_view value;
        struct berth_view parameter = berth_view_cut(query, '&', &query);
        struct berth_view escaped = berth_view_cut(parameter, '=', &value);
        if (parameter_is(escaped, berth_view_of(name)))
            return decode_parameter(value, buffer, size, ret_value);
    }
    return BERTH_E_NOT_FOUND;
}
