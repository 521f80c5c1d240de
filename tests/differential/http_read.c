/* How Berth reads bytes as HTTP requests: inputs on stdin, one line of JSON for each on stdout.
 *
 * An input is its size, four bytes with the lowest first, then its bytes; the peer has closed its
 * side behind them. A line is {"requests": [...], "end": "..."}: each request has "method",
 * "target", "minor", "headers" (name, value, name, value...), "body", "last" (the connection ends
 * with it, or becomes another protocol's) and "whole"; "end" is "idle", or "fail 400 ..." with the
 * reader's reason. Bytes are written as if they were Latin-1. */
#include "base/assert.h"
#include "proto/http.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX (1u << 20)
#define HEAD_MAX 16384 /* as Node's own limit */

static void write_string(struct berth_view text) {
    for (size_t i = 0; i < text.size; i++)
        printf("\\u%04x", (unsigned)(uint8_t)text.data[i]);
}

static void write_quoted(struct berth_view text) {
    putchar('"');
    write_string(text);
    putchar('"');
}

static void write_head(const struct berth_http_head *head, bool is_first) {
    printf("%s{\"method\":", is_first ? "" : ",");
    write_quoted(head->method_name);
    printf(",\"target\":");
    write_quoted(head->target);
    printf(",\"minor\":%u,\"last\":%s,\"headers\":[", head->version_minor,
           !head->keep_alive || head->upgrade ? "true" : "false");
    for (size_t i = 0; i < head->field_count; i++) {
        fputs(i > 0 ? "," : "", stdout);
        write_quoted(berth_http_head_field_name(head, i));
        putchar(',');
        write_quoted(berth_http_head_field_value(head, i));
    }
    printf("],\"body\":\"");
}

/* One event; whether a request is open behind it. */
static bool write_event(const struct berth_http_event *event, bool is_open, size_t *count) {
    if (event->type == BERTH_HTTP_HEAD) {
        write_head(event->head, (*count)++ == 0);
        return true;
    }
    if (event->type == BERTH_HTTP_BODY)
        write_string(event->body);
    if (event->type == BERTH_HTTP_END)
        printf("\",\"whole\":true}");
    if (event->type == BERTH_HTTP_FAIL && is_open)
        printf("\",\"whole\":false}");
    return is_open && event->type != BERTH_HTTP_END && event->type != BERTH_HTTP_FAIL;
}

static void read_input(const char *bytes, size_t size) {
    static char storage[HEAD_MAX];
    struct berth_http_limits limits = BERTH_HTTP_LIMITS_DEFAULT;
    struct berth_http_reader reader;
    struct berth_http_event event;
    bool is_open = false, is_last = false;
    size_t count = 0;
    limits.body_size = UINT64_MAX;
    limits.target_size = HEAD_MAX;
    berth_http_reader_init(&reader, BERTH_HTTP_REQUESTS, storage, sizeof storage, &limits);
    printf("{\"requests\":[");
    do {
        size_t used = berth_http_reader_feed(&reader, bytes, size, &event);
        bytes += used;
        size -= used;
        if (event.type == BERTH_HTTP_NONE)
            berth_http_reader_close(&reader, &event);
        if (event.type == BERTH_HTTP_HEAD)
            is_last = !event.head->keep_alive || event.head->upgrade;
        is_open = write_event(&event, is_open, &count);
    } while (event.type != BERTH_HTTP_NONE && event.type != BERTH_HTTP_FAIL &&
             !(event.type == BERTH_HTTP_END && is_last));
    printf("],\"end\":\"");
    if (event.type == BERTH_HTTP_FAIL)
        printf("fail %d %s\"}\n", event.status, event.reason);
    else
        printf("idle\"}\n");
}

int main(void) {
    static uint8_t bytes[INPUT_MAX];
    uint8_t head[4];
    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        size_t size =
            head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
        BERTH_ASSERT(size <= sizeof bytes);
        BERTH_ASSERT(fread(bytes, 1, size, stdin) == size);
        /* Of its exact size, so that the sanitizer sees a byte read too many. */
        char *copy = malloc(size > 0 ? size : 1);
        BERTH_ASSERT(copy != NULL);
        memcpy(copy, bytes, size);
        read_input(copy, size);
        free(copy);
    }
    return 0;
}
