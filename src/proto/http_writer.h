/* HTTP/1.1, written: heads and chunks into a berth_writer.
 *
 *     berth_http_response_begin(&out, 200);
 *     berth_http_field_date(&out, "Date", now_s);
 *     berth_http_field_text(&out, "Content-Type", "text/plain; charset=utf-8");
 *     berth_http_field_number(&out, "Content-Length", body.size);
 *     berth_http_head_end(&out);
 *     berth_writer_view(&out, body);
 *     if (out.overflow) ...
 *
 * Shape:   one call a line; what belongs into a head is the caller's to know
 * Errors:  the writer's sticky overflow; a value from outside that no field may have also sets it,
 *          so that a head with a hole is never sent. Constants that are no names or values are our
 *          own mistake: assertion
 * Limits:  the writer's
 * Threads: one per writer
 * Source:  RFC 9112 (syntax), RFC 9110 5.6.7 (dates), 15 (status codes)
 * Proof:   src/proto/http_writer_test.c
 */
#ifndef BERTH_PROTO_HTTP_WRITER_H
#define BERTH_PROTO_HTTP_WRITER_H

#include "base/writer.h"

#define BERTH_HTTP_DATE_SIZE 29 /* "Sun, 06 Nov 1994 08:49:37 GMT" */

/* The standard phrase of a status from 100 to 599, or "Unknown". */
const char *berth_http_reason(int status);

/* "HTTP/1.1 200 OK". status is 100 to 599. */
void berth_http_response_begin(struct berth_writer *out, int status);

/* "GET /path HTTP/1.1" and "Host: host". method is a constant token.
 * Errors: BERTH_E_INVALID for a target or host that cannot stand there (nothing is written,
 * overflow is set), BERTH_E_FULL. */
int berth_http_request_begin(struct berth_writer *out, const char *method, struct berth_view target,
                             struct berth_view host);

/* Hot. A whole line of two literals, put together by the compiler. */
#define BERTH_HTTP_FIELD(out, name, value)                                                         \
    berth_writer_bytes((out), name ": " value "\r\n", sizeof(name ": " value "\r\n") - 1)

/* A field with a constant value. */
void berth_http_field_text(struct berth_writer *out, const char *name, const char *value);

/* A field with a value from outside: no control bytes but tabs inside, no blanks around it.
 * Errors: BERTH_E_INVALID (nothing is written, overflow is set), BERTH_E_FULL. */
int berth_http_field_view(struct berth_writer *out, const char *name, struct berth_view value);

void berth_http_field_number(struct berth_writer *out, const char *name, uint64_t number);

/* A field with a date, given in seconds since 1970. */
void berth_http_field_date(struct berth_writer *out, const char *name, int64_t unix_s);

/* The blank line. */
void berth_http_head_end(struct berth_writer *out);

/* "Sun, 06 Nov 1994 08:49:37 GMT": BERTH_HTTP_DATE_SIZE bytes (IMF-fixdate). A time before
 * 1970 is written as its first second, one past 9999 as its last: a file may have any date. */
void berth_http_date_write(struct berth_writer *out, int64_t unix_s);

/* A chunk: begin with its size (not 0), the bytes, end. After the last one: last, which also ends
 * the message, without trailers. */
void berth_http_chunk_begin(struct berth_writer *out, uint64_t size);
void berth_http_chunk_end(struct berth_writer *out);
void berth_http_chunk_last(struct berth_writer *out);

#endif
