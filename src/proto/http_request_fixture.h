/* A request's head with the fields that a test wants: "If-Match: \"a\"\nRange: bytes=0-\n". */
#ifndef BERTH_PROTO_HTTP_REQUEST_FIXTURE_H
#define BERTH_PROTO_HTTP_REQUEST_FIXTURE_H

#include "base/assert.h"
#include "base/writer.h"
#include "proto/http.h"

struct http_request_fixture {
    struct berth_http_reader reader;
    char storage[8192];
};

/* Valid as long as the fixture. NULL when such fields can stand in no head. */
static inline const struct berth_http_head *
http_request_fixture(struct http_request_fixture *fixture, struct berth_view lines) {
    char memory[8192];
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    berth_writer_text(&out, "GET / HTTP/1.1\r\nHost: a\r\n");
    while (lines.size > 0) {
        berth_writer_view(&out, berth_view_cut(lines, '\n', &lines));
        berth_writer_text(&out, "\r\n");
    }
    berth_writer_text(&out, "\r\n");
    if (out.overflow)
        return NULL;
    struct berth_view head = berth_writer_result(&out);
    struct berth_http_event event;
    berth_http_reader_init(&fixture->reader, BERTH_HTTP_REQUESTS, fixture->storage,
                           sizeof fixture->storage, NULL);
    berth_http_reader_feed(&fixture->reader, head.data, head.size, &event);
    return event.type == BERTH_HTTP_HEAD ? event.head : NULL;
}

#endif
