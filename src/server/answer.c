#include "server/internal.h"

#include "base/assert.h"
#include "proto/http_writer.h"
#include "sys/clock.h"

/* What else than its address an answer depends on. */
static void write_vary(struct berth_writer *out, const struct berth_answer *answer) {
    bool by_origin = answer->access.cors != BERTH_ACCESS_CORS_ANY;
    bool by_coding = answer->version != NULL;
    if (by_origin && by_coding)
        BERTH_HTTP_FIELD(out, "Vary", "Origin, Accept-Encoding");
    else if (by_origin)
        BERTH_HTTP_FIELD(out, "Vary", "Origin");
    else if (by_coding)
        BERTH_HTTP_FIELD(out, "Vary", "Accept-Encoding");
}

static void write_cors(struct berth_writer *out, const struct berth_answer *answer) {
    switch (answer->access.cors) {
    case BERTH_ACCESS_CORS_NONE:
        BERTH_HTTP_FIELD(out, "Cross-Origin-Resource-Policy", "same-origin");
        return;
    case BERTH_ACCESS_CORS_ANY:
        BERTH_HTTP_FIELD(out, "Access-Control-Allow-Origin", "*");
        break;
    case BERTH_ACCESS_CORS_ECHO:
        berth_http_field_view(out, "Access-Control-Allow-Origin", answer->origin);
        break;
    }
    BERTH_HTTP_FIELD(out, "Cross-Origin-Resource-Policy", "cross-origin");
    if (answer->preflight) {
        BERTH_HTTP_FIELD(out, "Access-Control-Allow-Methods", "GET, HEAD, POST");
        BERTH_HTTP_FIELD(out, "Access-Control-Allow-Headers", "Authorization, *");
        BERTH_HTTP_FIELD(out, "Access-Control-Allow-Private-Network", "true");
        BERTH_HTTP_FIELD(out, "Access-Control-Max-Age", "600");
    }
}

static bool keeps_alive(const struct berth_conn *conn) {
    return conn->http != NULL && conn->http->keep_alive &&
           berth_server_state(conn->server) != BERTH_STATE_DRAINING;
}

/* What is known of a file (RFC 9110 8.4, 8.8, 14.3; 8.8.2.1: no date is later than the answer's).
 */
static void write_version(const struct berth_answer *answer, struct berth_writer *out) {
    const struct berth_http_validators *validators = answer->validators;
    int64_t now_s = (int64_t)berth_sys_clock_unix_s();
    char memory[96];
    struct berth_writer tag = berth_writer_on(memory, sizeof memory);
    berth_writer_text(&tag, validators->weak ? "W/" : "");
    berth_writer_view(&tag, validators->etag);
    berth_http_field_view(out, "ETag", berth_writer_result(&tag));
    berth_http_field_date(out, "Last-Modified",
                          validators->modified_s < now_s ? validators->modified_s : now_s);
    const char *coding = berth_http_coding_name(answer->version->coding);
    if (coding != NULL && answer->status != 304 && answer->status != 416)
        berth_http_field_text(out, "Content-Encoding", coding);
    if (answer->status != 304)
        BERTH_HTTP_FIELD(out, "Accept-Ranges", "bytes");
    if (answer->content_range.size > 0)
        berth_http_field_view(out, "Content-Range", answer->content_range);
}

static void write_date(struct berth_kept_date *kept, struct berth_writer *out) {
    int64_t now_s = (int64_t)berth_sys_clock_unix_s();
    if (kept->unix_s != now_s) {
        struct berth_writer text = berth_writer_on(kept->text, sizeof kept->text);
        berth_http_date_write(&text, now_s);
        kept->unix_s = now_s;
    }
    berth_writer_text(out, "Date: ");
    berth_writer_bytes(out, kept->text, sizeof kept->text);
    berth_writer_text(out, "\r\n");
}

static void write_head(struct berth_conn *conn, const struct berth_answer *answer, uint64_t size,
                       struct berth_writer *out) {
    const struct berth_http_head *request = conn->http != NULL ? conn->http->head : NULL;
    berth_http_response_begin(out, answer->status);
    write_date(&conn->server->date, out);
    if (answer->status != 204 && answer->status != 304)
        berth_http_field_number(out, "Content-Length", size);
    if (answer->type != NULL)
        berth_http_field_text(out, "Content-Type", answer->type);
    berth_http_field_text(out, "Cache-Control", answer->cache != NULL ? answer->cache : "no-cache");
    BERTH_HTTP_FIELD(out, "X-Content-Type-Options", "nosniff");
    if (answer->version != NULL)
        write_version(answer, out);
    if (answer->csp != NULL)
        berth_http_field_text(out, "Content-Security-Policy", answer->csp);
    if (answer->allow != NULL)
        berth_http_field_text(out, "Allow", answer->allow);
    if (answer->location.size > 0)
        berth_http_field_view(out, "Location", answer->location);
    if (answer->cookie.size > 0)
        berth_http_field_view(out, "Set-Cookie", answer->cookie);
    if (answer->status == 401) /* RFC 9110 11.6.1 */
        BERTH_HTTP_FIELD(out, "WWW-Authenticate", "Bearer");
    if (answer->status == 426) { /* RFC 9110 15.5.22: the answer names what is asked for */
        BERTH_HTTP_FIELD(out, "Upgrade", "websocket");
        BERTH_HTTP_FIELD(out, "Sec-WebSocket-Version", "13");
    }
    write_vary(out, answer);
    write_cors(out, answer);
    if (!keeps_alive(conn))
        berth_http_field_text(out, "Connection",
                              answer->status == 426 ? "Upgrade, close" : "close");
    else if (answer->status == 426)
        BERTH_HTTP_FIELD(out, "Connection", "Upgrade");
    else if (request != NULL && request->version_minor == 0)
        BERTH_HTTP_FIELD(out, "Connection", "keep-alive");
    berth_http_head_end(out);
}

void berth_answer_write(struct berth_conn *conn, const struct berth_answer *answer,
                        struct berth_writer *out) {
    write_head(conn, answer, answer->body.size, out);
    berth_writer_view(out, answer->body);
}

/* A path or an origin so long that no head can carry it: longer than any real one. */
static void write_failed_head(struct berth_conn *conn, struct berth_writer *head) {
    *head = berth_writer_on(head->data, head->capacity);
    if (conn->http != NULL)
        conn->http->keep_alive = false;
    write_head(conn, &BERTH_ANSWER(500), 0, head);
}

/* One part costs less than two, while the copy is a short one. */
#define COPIED_BODY_MAX 1024

static void send_with_body(struct berth_conn *conn, struct berth_writer *head,
                           struct berth_view body) {
    if (body.size <= COPIED_BODY_MAX && body.size <= head->capacity - head->size) {
        berth_writer_view(head, body);
        body.size = 0;
    }
    struct berth_view parts[] = {berth_writer_result(head), body};
    berth_conn_send(conn, parts, body.size > 0 ? 2 : 1);
}

void berth_answer_send(struct berth_conn *conn, const struct berth_answer *answer) {
    char memory[4096];
    struct berth_writer head = berth_writer_on(memory, sizeof memory);
    bool is_file = answer->file.handle >= 0 || answer->mapped != NULL;
    uint64_t size = is_file ? answer->end - answer->first : answer->body.size;
    write_head(conn, answer, size, &head);
    bool failed = head.overflow;
    if (failed)
        write_failed_head(conn, &head);

    bool asked_for_head = conn->http != NULL && conn->http->head != NULL &&
                          conn->http->head->method == BERTH_HTTP_METHOD_HEAD;
    bool with_body = size > 0 && !asked_for_head && !failed;
    if (!is_file) {
        send_with_body(conn, &head, with_body ? answer->body : (struct berth_view){NULL, 0});
        return;
    }
    conn->http->file = answer->file;
    conn->http->mapped = answer->mapped;
    if (answer->mapped != NULL)
        berth_file_cache_hold(answer->mapped);
    conn->http->file_offset = with_body ? answer->first : answer->end;
    conn->http->file_end = answer->end;
    berth_conn_http_send_file(conn, berth_writer_result(&head));
}

void berth_answer_cut_body(struct berth_answer *answer, uint64_t first, uint64_t last) {
    answer->first = first;
    answer->end = last + 1;
    if (answer->body.size > 0)
        answer->body = (struct berth_view){answer->body.data + first, (size_t)(last - first + 1)};
}

void berth_answer_drop_body(struct berth_answer *answer) {
    berth_sys_file_close(&answer->file);
    answer->mapped = NULL;
    answer->body = (struct berth_view){NULL, 0};
}

void berth_answer_text(struct berth_conn *conn, int status, const char *text) {
    struct berth_answer answer = BERTH_ANSWER(status);
    answer.type = "text/plain; charset=utf-8";
    answer.cache = "no-store";
    char memory[512];
    struct berth_writer body = berth_writer_on(memory, sizeof memory);
    berth_writer_format(&body, "%s\n", text);
    answer.body = berth_writer_result(&body);
    berth_answer_send(conn, &answer);
}
