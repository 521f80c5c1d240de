/* HTTP/1.1, read: bytes in, events out, for both roles; strict where leniency is an attack.
 *
 *     char head[16 * 1024];
 *     struct berth_http_reader reader;
 *     berth_http_reader_init(&reader, BERTH_HTTP_REQUESTS, head, sizeof head, NULL);
 *
 *     struct berth_http_event event;
 *     do {
 *         size_t used = berth_http_reader_feed(&reader, bytes, size, &event);
 *         bytes += used, size -= used;
 *         ... act on event ...
 *     } while (event.type != BERTH_HTTP_NONE && event.type != BERTH_HTTP_FAIL);
 *
 * Shape:   a message is HEAD, any number of BODY, END; then the next one starts (keep-alive and
 *          pipelining). Any split of the input gives the same events, but for where BODY is cut.
 *          `used` of HEAD ends right behind the blank line, so after an upgrade the caller takes
 *          over with the next byte. HEAD of a message without a body is followed by an END that
 *          uses no bytes; a feed of no bytes is allowed and returns what is pending, or NONE.
 *          To take one message at a time, stop feeding at END.
 * Units:   sizes in bytes as they are on the wire
 * Owns:    nothing. The head's bytes are copied into the storage given to init: views of the head
 *          stay valid until feed is called after END. Views of BODY point into the caller's input
 * Errors:  FAIL with a status and a constant reason, as soon as a byte is wrong or a line that is
 *          wrong is complete; absorbing: every later feed uses nothing and fails the same way.
 *          400 malformed, 413 body over the limit, 414 target over the limit, 431 head (with its
 *          trailers) over the limit, 501 method or transfer coding that nobody has, 505 version.
 *          In the role RESPONSES the status only tells the kinds apart
 * Limits:  head and trailers together fit the storage, without the blank lines; the rest as in
 *          struct berth_http_limits
 * Threads: one per reader
 * Source:  RFC 9112 (HTTP/1.1), RFC 9110 (semantics)
 * Proof:   src/proto/http_reader_test.c over tests/wire/http, tests/fuzz/fuzz_http.c
 */
#ifndef BERTH_PROTO_HTTP_H
#define BERTH_PROTO_HTTP_H

#include "base/view.h"

#define BERTH_HTTP_FIELDS_MAX 100            /* places for fields in every head */
#define BERTH_HTTP_HEAD_MAX 65535            /* offsets have 16 bits; larger storage is not used */
#define BERTH_HTTP_METHOD_NAME_MAX 32        /* a longer method is nobody's: 501 */
#define BERTH_HTTP_CHUNK_EXTENSIONS_MAX 4096 /* bytes of chunk extensions in one message */

/* What is read: the requests that reach a server, or the responses that reach a client. */
enum berth_http_role { BERTH_HTTP_REQUESTS, BERTH_HTTP_RESPONSES };

struct berth_http_limits {
    uint64_t body_size;   /* 413 past it; UINT64_MAX for none */
    uint32_t target_size; /* 414 past it */
    uint16_t field_count; /* 431 past it; at most BERTH_HTTP_FIELDS_MAX */
};

/* What init takes for NULL. */
#define BERTH_HTTP_LIMITS_DEFAULT                                                                  \
    ((struct berth_http_limits){.body_size = 1 << 20, .target_size = 8192, .field_count = 100})

enum berth_http_method {
    BERTH_HTTP_METHOD_OTHER, /* a token that is none of these; see head->method_name */
    BERTH_HTTP_METHOD_GET,
    BERTH_HTTP_METHOD_HEAD,
    BERTH_HTTP_METHOD_POST,
    BERTH_HTTP_METHOD_PUT,
    BERTH_HTTP_METHOD_PATCH,
    BERTH_HTTP_METHOD_DELETE,
    BERTH_HTTP_METHOD_OPTIONS,
    BERTH_HTTP_METHOD_CONNECT,
    BERTH_HTTP_METHOD_TRACE,
};

/* How the end of the body is known. */
enum berth_http_framing {
    BERTH_HTTP_FRAMING_NONE,    /* there is none */
    BERTH_HTTP_FRAMING_LENGTH,  /* Content-Length says it */
    BERTH_HTTP_FRAMING_CHUNKED, /* the last chunk says it */
    BERTH_HTTP_FRAMING_CLOSE,   /* the end of the connection says it (responses only) */
};

/* Where a field stands in the head's bytes. */
struct berth_http_span {
    uint16_t name;
    uint16_t name_size;
    uint16_t value;
    uint16_t value_size;
};

/* A complete head: read what is here directly, fields through the functions below. */
struct berth_http_head {
    enum berth_http_method method; /* requests only */
    enum berth_http_framing framing;
    struct berth_view method_name; /* requests only */
    struct berth_view target;      /* requests only; see http_target.h */
    struct berth_view reason;      /* responses only; may be empty */
    uint16_t status;               /* responses only */
    uint8_t version_minor;         /* HTTP/1.x: 0 or 1 */
    bool keep_alive;               /* another message may follow this one (RFC 9112 9.3) */
    bool upgrade;                  /* Connection names Upgrade and the field is there, HTTP/1.1 */
    bool expect_continue;          /* the peer waits for 100 before it sends the body */
    uint64_t content_length;       /* with BERTH_HTTP_FRAMING_LENGTH; else 0 */
    const char *text;              /* the head's bytes; spans count from here */
    uint16_t text_size;
    uint16_t field_count;
    struct berth_http_span fields[BERTH_HTTP_FIELDS_MAX];
};

/* The host that a request is for: of the target where that is absolute, else of the field Host
 * (RFC 9112 3.2.2); with its port, as it stood there. Empty when there is none. */
struct berth_view berth_http_head_host(const struct berth_http_head *head);

/* The value of the first field of that name, in any case of letters, without the blanks around it.
 * Errors: BERTH_E_NOT_FOUND. */
int berth_http_head_find(const struct berth_http_head *head, const char *name,
                         struct berth_view *ret_value);

/* Every field of that name, in order. *index starts at 0 and is moved on:
 *
 *     size_t index = 0;
 *     while (berth_http_head_next(head, "Sec-WebSocket-Protocol", &index, &value))
 */
bool berth_http_head_next(const struct berth_http_head *head, const char *name, size_t *index,
                          struct berth_view *ret_value);

/* How many fields of that name there are. */
size_t berth_http_head_count(const struct berth_http_head *head, const char *name);

/* Name and value of the field at index, which is less than head->field_count. */
struct berth_view berth_http_head_field_name(const struct berth_http_head *head, size_t index);
struct berth_view berth_http_head_field_value(const struct berth_http_head *head, size_t index);

/* Whether a comma-separated list has that token, in any case of letters (RFC 9110 5.6.1). */
bool berth_http_list_has(struct berth_view list, const char *token);

/* The same over all fields of that name, which count as one list (RFC 9110 5.3). */
bool berth_http_head_list_has(const struct berth_http_head *head, const char *name,
                              const char *token);

/* Whether the view is a token: one or more of the bytes that names are made of (RFC 9110 5.6.2). */
bool berth_http_is_token(struct berth_view view);

enum berth_http_event_type {
    BERTH_HTTP_NONE, /* all bytes are used and more are needed */
    BERTH_HTTP_HEAD, /* event.head is complete */
    BERTH_HTTP_BODY, /* event.body is the next piece of the body, never empty */
    BERTH_HTTP_END,  /* the message is complete */
    BERTH_HTTP_FAIL, /* event.status and event.reason; absorbing */
};

struct berth_http_event {
    enum berth_http_event_type type;
    int status;                         /* FAIL: what to answer; else 0 */
    const char *reason;                 /* FAIL: a constant sentence; else NULL */
    const struct berth_http_head *head; /* HEAD; else NULL */
    struct berth_view body;             /* BODY; else empty */
};

/* The members of a reader are its own; they are here so that it can stand inside a connection. */
struct berth_http_reader {
    uint8_t role;            /* enum berth_http_role */
    uint8_t state;           /* enum berth_http_state of http_states.h */
    uint8_t extension_state; /* inside a chunk extension, see http_body.c */
    uint8_t size_digits;     /* of the chunk size so far */
    bool in_trailers;        /* the fields being read stand behind a chunked body */
    bool answers_head;       /* the next response answers HEAD: no body whatever it says */
    uint16_t known;          /* bits of http_head.h: what the fields so far have said */
    uint16_t trailer_count;
    uint16_t extension_size; /* of all chunk extensions of the message so far */
    uint16_t mark;           /* where in the storage the element being read starts */
    uint16_t filled;         /* bytes in the storage */
    uint16_t capacity;
    int status;         /* once failed */
    const char *reason; /* once failed */
    char *storage;
    uint64_t body_left; /* of the body, or of the chunk */
    uint64_t body_size; /* of all chunks so far */
    struct berth_http_limits limits;
    struct berth_http_span field; /* the one being read */
    struct berth_http_head head;
};

/* Starts a reader, or starts it anew. The storage holds the head and is the caller's as long as
 * the reader is used; limits NULL means BERTH_HTTP_LIMITS_DEFAULT. */
void berth_http_reader_init(struct berth_http_reader *reader, enum berth_http_role role,
                            void *storage, size_t storage_size,
                            const struct berth_http_limits *limits);

/* Reads up to the next event and returns the number of bytes used. bytes may be NULL when size
 * is 0. *ret_event is always set. */
size_t berth_http_reader_feed(struct berth_http_reader *reader, const void *bytes, size_t size,
                              struct berth_http_event *ret_event);

/* The peer has closed its side and all its bytes were fed: END when that ends the message (a body
 * up to the close), NONE between messages, FAIL inside one (RFC 9112 8). */
void berth_http_reader_close(struct berth_http_reader *reader, struct berth_http_event *ret_event);

/* Whether nothing of a message is under way: the time of an idle connection runs, not the time that
 * a head may take. */
bool berth_http_reader_idle(const struct berth_http_reader *reader);

/* Between messages: the next response (but 1xx) answers a HEAD request (RFC 9112 6.3). */
void berth_http_reader_answers_head(struct berth_http_reader *reader);

#endif
