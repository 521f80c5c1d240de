#include "base/json.h"

#include "base/utf8.h"

struct berth_json berth_json_on(struct berth_writer *out) {
    return (struct berth_json){.out = out};
}

static void separate(struct berth_json *json) {
    if (json->comma)
        berth_writer_char(json->out, ',');
    json->comma = true;
}

void berth_json_open(struct berth_json *json, char bracket) {
    separate(json);
    berth_writer_char(json->out, bracket);
    json->comma = false;
}

void berth_json_close(struct berth_json *json, char bracket) {
    berth_writer_char(json->out, bracket);
    json->comma = true;
}

static void write_ascii(struct berth_writer *out, char c, char before) {
    switch (c) {
    case '"':
        berth_writer_text(out, "\\\"");
        break;
    case '\\':
        berth_writer_text(out, "\\\\");
        break;
    case '\n':
        berth_writer_text(out, "\\n");
        break;
    case '\r':
        berth_writer_text(out, "\\r");
        break;
    case '\t':
        berth_writer_text(out, "\\t");
        break;
    case '/':
        berth_writer_text(out, before == '<' ? "\\/" : "/");
        break;
    default:
        if ((unsigned char)c < 0x20 || c == 0x7F)
            berth_writer_format(out, "\\u%04x", (unsigned)c);
        else
            berth_writer_char(out, c);
    }
}

static void write_string(struct berth_writer *out, struct berth_view text) {
    berth_writer_char(out, '"');
    char before = 0;
    while (text.size > 0) {
        size_t size = berth_utf8_length(text);
        if (size == 0) {
            berth_writer_text(out, "\xEF\xBF\xBD");
            size = 1;
        } else if (size == 1) {
            write_ascii(out, text.data[0], before);
        } else {
            berth_writer_bytes(out, text.data, size);
        }
        before = text.data[0];
        text.data += size;
        text.size -= size;
    }
    berth_writer_char(out, '"');
}

void berth_json_key(struct berth_json *json, const char *key) {
    separate(json);
    write_string(json->out, berth_view_of(key));
    berth_writer_char(json->out, ':');
    json->comma = false;
}

void berth_json_string(struct berth_json *json, struct berth_view text) {
    separate(json);
    write_string(json->out, text);
}

void berth_json_text(struct berth_json *json, const char *text) {
    if (text == NULL)
        berth_json_null(json);
    else
        berth_json_string(json, berth_view_of(text));
}

void berth_json_number(struct berth_json *json, uint64_t number) {
    separate(json);
    berth_writer_number(json->out, number);
}

void berth_json_bool(struct berth_json *json, bool value) {
    separate(json);
    berth_writer_text(json->out, value ? "true" : "false");
}

void berth_json_null(struct berth_json *json) {
    separate(json);
    berth_writer_text(json->out, "null");
}
