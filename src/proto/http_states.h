/* What http_reader.c (heads) and http_body.c (bodies) share: the states, and steps over the input.
 * For these two only.
 *
 * Shape:   a step reads one element, or as much of it as there is; STOPPED means that *event is set
 *          or that the input is used up, MOVED that the next step can follow
 */
#ifndef BERTH_PROTO_HTTP_STATES_H
#define BERTH_PROTO_HTTP_STATES_H

#include "proto/http_head.h"

enum berth_http_state {
    BERTH_HTTP_AT_START,        /* nothing of the message was read */
    BERTH_HTTP_AT_SKIPPED_LF,   /* behind the CR of an empty line before a request */
    BERTH_HTTP_IN_METHOD,       /* request line: up to its first space */
    BERTH_HTTP_IN_TARGET,       /* up to its second space */
    BERTH_HTTP_IN_VERSION,      /* up to its CR */
    BERTH_HTTP_IN_ANSWER,       /* status line: the version, up to its first space */
    BERTH_HTTP_IN_STATUS,       /* three digits and a space */
    BERTH_HTTP_IN_REASON,       /* up to its CR */
    BERTH_HTTP_AT_LINE_LF,      /* behind the CR of the start line or of a field */
    BERTH_HTTP_AT_FIELD,        /* at the first byte of a field, or of the blank line */
    BERTH_HTTP_IN_FIELD_NAME,   /* up to the colon */
    BERTH_HTTP_IN_FIELD_BLANKS, /* before the value */
    BERTH_HTTP_IN_FIELD_VALUE,  /* up to the CR */
    BERTH_HTTP_AT_BLANK_LF,     /* behind the CR of the blank line */
    BERTH_HTTP_IN_BODY,         /* body_left bytes of it are to come */
    BERTH_HTTP_IN_OPEN_BODY,    /* all bytes up to the close */
    BERTH_HTTP_IN_CHUNK_SIZE,   /* hex digits */
    BERTH_HTTP_IN_EXTENSION,    /* behind the size, up to the CR */
    BERTH_HTTP_AT_SIZE_LF,      /* behind the CR of the size's line */
    BERTH_HTTP_IN_CHUNK,        /* body_left bytes of it are to come */
    BERTH_HTTP_AT_CHUNK_CR,     /* behind the bytes of a chunk */
    BERTH_HTTP_AT_CHUNK_LF,
    BERTH_HTTP_AT_END, /* the message is complete, END was not yet returned */
    BERTH_HTTP_DEAD,   /* failed; absorbing */
};

/* The bytes of one feed that are not used yet. */
struct berth_http_input {
    const char *at;
    const char *end;
};

enum berth_http_step { BERTH_HTTP_STOPPED, BERTH_HTTP_MOVED };

/* Fails for good. */
enum berth_http_step berth_http_fail(struct berth_http_reader *reader,
                                     struct berth_http_event *event, int status,
                                     const char *reason);

static inline size_t berth_http_left(const struct berth_http_input *input) {
    return (size_t)(input->end - input->at);
}

/* A step that reads one byte, which has to be this one. */
enum berth_http_step berth_http_expect(struct berth_http_reader *reader,
                                       struct berth_http_input *input,
                                       struct berth_http_event *event, char byte,
                                       enum berth_http_state next);

/* The steps over a body; http_body.c. in_sized goes on to `next` when body_left bytes are read. */
enum berth_http_step berth_http_in_sized(struct berth_http_reader *reader,
                                         struct berth_http_input *input,
                                         struct berth_http_event *event,
                                         enum berth_http_state next);
enum berth_http_step berth_http_in_open_body(struct berth_http_reader *reader,
                                             struct berth_http_input *input,
                                             struct berth_http_event *event);
enum berth_http_step berth_http_in_chunk_size(struct berth_http_reader *reader,
                                              struct berth_http_input *input,
                                              struct berth_http_event *event);
enum berth_http_step berth_http_in_extension(struct berth_http_reader *reader,
                                             struct berth_http_input *input,
                                             struct berth_http_event *event);
enum berth_http_step berth_http_at_size_lf(struct berth_http_reader *reader,
                                           struct berth_http_input *input,
                                           struct berth_http_event *event);

/* The state that follows the head. */
enum berth_http_state berth_http_body_begin(struct berth_http_reader *reader);

#endif
