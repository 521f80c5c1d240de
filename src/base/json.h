/* JSON, written: objects and arrays into a berth_writer, commas and escapes done.
 *
 *     struct berth_json json = berth_json_on(&writer);
 *     berth_json_open(&json, '{');
 *     berth_json_key(&json, "port");
 *     berth_json_number(&json, 1018);
 *     berth_json_close(&json, '}');
 *
 * Shape:   one line, no spaces; UTF-8 in, UTF-8 out, a byte that is no UTF-8 becomes U+FFFD;
 *          "</" is written "<\/", so that the text may stand in a script element
 * Limits:  the writer's; overflow is sticky there
 * Source:  RFC 8259
 */
#ifndef BERTH_BASE_JSON_H
#define BERTH_BASE_JSON_H

#include "base/writer.h"

struct berth_json {
    struct berth_writer *out;
    bool comma; /* a value stands before this place in the same object or array */
};

struct berth_json berth_json_on(struct berth_writer *out);
void berth_json_open(struct berth_json *json, char bracket);
void berth_json_close(struct berth_json *json, char bracket);
void berth_json_key(struct berth_json *json, const char *key);
void berth_json_string(struct berth_json *json, struct berth_view text);
void berth_json_text(struct berth_json *json, const char *text); /* NULL writes null */
void berth_json_number(struct berth_json *json, uint64_t number);
void berth_json_bool(struct berth_json *json, bool value);
void berth_json_null(struct berth_json *json);

#endif
