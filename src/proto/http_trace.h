/* The events of a reader as lines of text, for tests and the fuzzer: two ways to feed the same
 * bytes are compared by comparing two texts.
 *
 *     head GET /path HTTP/1.1 none keep-alive
 *     field Host: example        (when fields are asked for)
 *     body hello                 (pieces joined, bytes escaped)
 *     end
 *     fail 400 a constant sentence
 *     more                       (the input ended inside a message)
 *
 * Shape:   with offsets, head and end are followed by " @" and the bytes used so far
 * Limits:  the writer's
 */
#ifndef BERTH_PROTO_HTTP_TRACE_H
#define BERTH_PROTO_HTTP_TRACE_H

#include "base/writer.h"
#include "proto/http.h"

struct berth_http_trace {
    struct berth_writer out;
    size_t used;
    bool in_body;
    bool failed;
    bool fields;
    bool offsets;
};

static inline void berth_http_trace_escaped(struct berth_writer *out, struct berth_view text) {
    for (size_t i = 0; i < text.size; i++) {
        unsigned byte = (uint8_t)text.data[i];
        const char *hex = "0123456789abcdef";
        if (byte >= ' ' && byte < 0x7f && byte != '\\') {
            berth_writer_char(out, (char)byte);
        } else {
            berth_writer_text(out, "\\x");
            berth_writer_char(out, hex[byte >> 4]);
            berth_writer_char(out, hex[byte & 15]);
        }
    }
}

static inline void berth_http_trace_line_end(struct berth_http_trace *trace, bool offset) {
    if (offset && trace->offsets) {
        berth_writer_text(&trace->out, " @");
        berth_writer_number(&trace->out, trace->used);
    }
    berth_writer_char(&trace->out, '\n');
}

static inline void berth_http_trace_head(struct berth_http_trace *trace,
                                         const struct berth_http_head *head) {
    struct berth_writer *out = &trace->out;
    berth_writer_text(out, "head ");
    if (head->status != 0) {
        berth_writer_number(out, head->status);
        berth_writer_char(out, ' ');
        berth_http_trace_escaped(out, head->reason);
    } else {
        berth_writer_view(out, head->method_name);
        berth_writer_char(out, ' ');
        berth_writer_view(out, head->target);
    }
    berth_writer_text(out, head->version_minor == 0 ? " HTTP/1.0 " : " HTTP/1.1 ");
    const char *framings[] = {"none", "length ", "chunked", "close"};
    berth_writer_text(out, framings[head->framing]);
    if (head->framing == BERTH_HTTP_FRAMING_LENGTH)
        berth_writer_number(out, head->content_length);
    berth_writer_text(out, head->keep_alive ? " keep-alive" : " last");
    berth_writer_text(out, head->upgrade ? " upgrade" : "");
    berth_writer_text(out, head->expect_continue ? " expect" : "");
    berth_http_trace_line_end(trace, true);
    for (size_t i = 0; trace->fields && i < head->field_count; i++) {
        berth_writer_text(out, "field ");
        berth_writer_view(out, berth_http_head_field_name(head, i));
        struct berth_view value = berth_http_head_field_value(head, i);
        berth_writer_text(out, value.size > 0 ? ": " : ":");
        berth_http_trace_escaped(out, value);
        berth_http_trace_line_end(trace, false);
    }
}

static inline void berth_http_trace_event(struct berth_http_trace *trace,
                                          const struct berth_http_event *event) {
    struct berth_writer *out = &trace->out;
    if (event->type == BERTH_HTTP_NONE)
        return;
    if (event->type == BERTH_HTTP_BODY) {
        berth_writer_text(out, trace->in_body ? "" : "body ");
        berth_http_trace_escaped(out, event->body);
        trace->in_body = true;
        return;
    }
    if (trace->in_body)
        berth_http_trace_line_end(trace, false);
    trace->in_body = false;
    if (event->type == BERTH_HTTP_HEAD) {
        berth_http_trace_head(trace, event->head);
    } else if (event->type == BERTH_HTTP_END) {
        berth_writer_text(out, "end");
        berth_http_trace_line_end(trace, true);
    } else if (!trace->failed) {
        trace->failed = true;
        berth_writer_text(out, "fail ");
        berth_writer_number(out, (uint64_t)event->status);
        berth_writer_char(out, ' ');
        berth_writer_text(out, event->reason);
        berth_http_trace_line_end(trace, false);
    }
}

/* Feeds all of the bytes, and writes down what comes of it. */
static inline void berth_http_trace_feed(struct berth_http_trace *trace,
                                         struct berth_http_reader *reader, const char *bytes,
                                         size_t size) {
    struct berth_http_event event;
    do {
        size_t used = berth_http_reader_feed(reader, bytes, size, &event);
        trace->used += used;
        size -= used;
        bytes = size > 0 ? bytes + used : NULL;
        berth_http_trace_event(trace, &event);
    } while (event.type != BERTH_HTTP_NONE && event.type != BERTH_HTTP_FAIL);
}

/* The input is at its end; with close the peer has closed. */
static inline void berth_http_trace_end(struct berth_http_trace *trace,
                                        struct berth_http_reader *reader, bool close) {
    struct berth_http_event event = {.type = BERTH_HTTP_NONE};
    if (close)
        berth_http_reader_close(reader, &event);
    berth_http_trace_event(trace, &event);
    if (trace->in_body)
        berth_http_trace_line_end(trace, false);
    if (!close && !trace->failed && !berth_http_reader_idle(reader))
        berth_writer_text(&trace->out, "more\n");
}

#endif
