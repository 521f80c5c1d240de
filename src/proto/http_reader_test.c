/* Every vector of tests/wire/http, fed whole, byte by byte and cut at random places. A vector:
 *
 *     vector a name
 *     source RFC 9112 3.2                  where the expectation comes from
 *     role responses                       (else requests)
 *     storage 64, body 10, target 9, count 3   limits
 *     answers-head                         the response answers a HEAD request
 *     close                                the peer closes behind the input
 *     fields                               list the fields too
 *     in GET / HTTP/1.1\r\n                input, with \r \n \t \\ and \xHH; joined
 *     repeat 100 text                      input, that many times
 *     out end                              one expected line of http_trace.h
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/http_class.h"
#include "proto/http_trace.h"

#define INPUT_MAX 100000
#define TRACE_MAX 400000
#define RANDOM_ROUNDS 8

struct vector {
    char name[128];
    bool sourced, close, fields, answers_head;
    enum berth_http_role role;
    size_t storage;
    struct berth_http_limits limits;
    struct berth_writer input;
    struct berth_writer expected;
};

static char input_memory[INPUT_MAX];
static char expected_memory[TRACE_MAX];
static char trace_memory[2][TRACE_MAX];
static size_t vectors, accepted, refused, differences;

static uint32_t random_state = 20260101; /* any seed but 0; fixed, so that failures repeat */

static uint32_t next_random(void) { /* xorshift32 */
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static void begin(struct vector *vector, const char *name) {
    *vector = (struct vector){.storage = 16384, .limits = BERTH_HTTP_LIMITS_DEFAULT};
    vector->input = berth_writer_on(input_memory, sizeof input_memory);
    vector->expected = berth_writer_on(expected_memory, sizeof expected_memory);
    snprintf(vector->name, sizeof vector->name, "%s", name);
}

static void unescape(struct berth_writer *out, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text != '\\') {
            berth_writer_char(out, *text);
            continue;
        }
        text++;
        switch (*text) {
        case 'r':
            berth_writer_char(out, '\r');
            break;
        case 'n':
            berth_writer_char(out, '\n');
            break;
        case 't':
            berth_writer_char(out, '\t');
            break;
        case 'x':
            berth_writer_char(out, (char)(berth_http_hex(text[1]) << 4 | berth_http_hex(text[2])));
            text += 2;
            break;
        default:
            assert_int_equal(*text, '\\');
            berth_writer_char(out, '\\');
        }
    }
}

static void repeat(struct vector *vector, const char *rest) {
    char *text = NULL;
    for (unsigned long times = strtoul(rest, &text, 10); times > 0; times--)
        unescape(&vector->input, text + 1);
}

/* Feeds the input in pieces of 1 to most bytes (0: whole), each in memory of its own exact size, so
 * that the address sanitizer sees every byte too many. */
static struct berth_view run(const struct vector *vector, char *memory, uint32_t most,
                             bool offsets) {
    char *storage = malloc(vector->storage);
    struct berth_http_reader reader;
    struct berth_http_trace trace = {
        .out = berth_writer_on(memory, TRACE_MAX), .fields = vector->fields, .offsets = offsets};
    berth_http_reader_init(&reader, vector->role, storage, vector->storage, &vector->limits);
    if (vector->answers_head)
        berth_http_reader_answers_head(&reader);
    for (size_t at = 0; at < vector->input.size && !trace.failed;) {
        size_t left = vector->input.size - at;
        size_t size = most == 0 ? left : 1 + next_random() % most;
        size = size < left ? size : left;
        char *piece = malloc(size);
        memcpy(piece, vector->input.data + at, size);
        berth_http_trace_feed(&trace, &reader, piece, size);
        free(piece);
        at += size;
    }
    berth_http_trace_end(&trace, &reader, vector->close);
    free(storage);
    assert_false(trace.out.overflow);
    return berth_writer_result(&trace.out);
}

static void same(const struct vector *vector, const char *what, struct berth_view wanted,
                 struct berth_view got) {
    if (berth_view_equal(wanted, got))
        return;
    print_error("vector '%s' %s\nwanted:\n%.*s\ngot:\n%.*s\n", vector->name, what,
                BERTH_VIEW_ARG(wanted), BERTH_VIEW_ARG(got));
    differences++;
}

static void check(const struct vector *vector) {
    static const uint32_t cuts[RANDOM_ROUNDS] = {2, 3, 5, 9, 17, 40, 100, 1000};
    if (vector->name[0] == '\0')
        return;
    assert_true(vector->sourced);
    assert_false(vector->input.overflow || vector->expected.overflow);
    same(vector, "whole", berth_writer_result(&vector->expected),
         run(vector, trace_memory[0], 0, false));
    struct berth_view whole = run(vector, trace_memory[0], 0, true);
    same(vector, "byte by byte", whole, run(vector, trace_memory[1], 1, true));
    for (size_t i = 0; i < RANDOM_ROUNDS; i++)
        same(vector, "cut at random", whole, run(vector, trace_memory[1], cuts[i], true));
    vectors++;
    bool fails = memmem(whole.data, whole.size, "fail ", 5) != NULL;
    *(fails ? &refused : &accepted) += 1;
}

static bool is(const char *line, const char *word, const char **ret_rest) {
    size_t size = strlen(word);
    if (strncmp(line, word, size) != 0 || (line[size] != ' ' && line[size] != '\0'))
        return false;
    *ret_rest = line[size] == ' ' ? line + size + 1 : "";
    return true;
}

static bool read_option(struct vector *vector, const char *line) {
    const char *rest = NULL;
    if (is(line, "source", &rest))
        vector->sourced = strstr(rest, "RFC ") != NULL;
    else if (is(line, "role", &rest))
        vector->role = strcmp(rest, "responses") == 0 ? BERTH_HTTP_RESPONSES : BERTH_HTTP_REQUESTS;
    else if (is(line, "storage", &rest))
        vector->storage = strtoul(rest, NULL, 10);
    else if (is(line, "body", &rest))
        vector->limits.body_size = strtoull(rest, NULL, 10);
    else if (is(line, "target", &rest))
        vector->limits.target_size = (uint32_t)strtoul(rest, NULL, 10);
    else if (is(line, "count", &rest))
        vector->limits.field_count = (uint16_t)strtoul(rest, NULL, 10);
    else if (is(line, "answers-head", &rest))
        vector->answers_head = true;
    else if (is(line, "close", &rest))
        vector->close = true;
    else if (is(line, "fields", &rest))
        vector->fields = true;
    else
        return false;
    return true;
}

static void read_line(struct vector *vector, const char *line) {
    const char *rest = NULL;
    if (line[0] == '\0' || line[0] == '#')
        return;
    if (is(line, "vector", &rest)) {
        check(vector);
        begin(vector, rest);
    } else if (is(line, "in", &rest)) {
        unescape(&vector->input, rest);
    } else if (is(line, "repeat", &rest)) {
        repeat(vector, rest);
    } else if (is(line, "out", &rest)) {
        berth_writer_text(&vector->expected, rest);
        berth_writer_char(&vector->expected, '\n');
    } else if (!read_option(vector, line)) {
        fail_msg("a line that no vector has: %s", line);
    }
}

static void run_file(const char *path) {
    struct vector vector;
    char line[4096];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    begin(&vector, "");
    while (fgets(line, sizeof line, file) != NULL) {
        size_t size = strlen(line);
        assert_true(size > 0 && line[size - 1] == '\n');
        line[size - 1] = '\0';
        read_line(&vector, line);
    }
    fclose(file);
    check(&vector);
}

static void test_vectors(void **state) {
    (void)state;
    glob_t files;
    assert_int_equal(glob(BERTH_WIRE_DIR "/http/*.txt", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++)
        run_file(files.gl_pathv[i]);
    globfree(&files);
    print_message("%zu vectors: %zu accepted, %zu refused\n", vectors, accepted, refused);
    assert_int_equal(differences, 0);
    assert_true(vectors >= 120 && accepted >= 50 && refused >= 70);
}

static void feed_text(struct berth_http_reader *reader, const char *text,
                      struct berth_http_event *event, size_t wanted_used) {
    assert_int_equal(berth_http_reader_feed(reader, text, strlen(text), event), wanted_used);
}

/* What stands behind an upgrade's head is the caller's, whatever it looks like. */
static void test_upgrade_leaves_the_rest(void **state) {
    (void)state;
    char storage[256];
    struct berth_http_reader reader;
    struct berth_http_event event;
    const char *head = "GET /client-ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n"
                       "Upgrade: websocket\r\n\r\n";
    char input[256];
    snprintf(input, sizeof input, "%s\x81\x85 frame", head);
    berth_http_reader_init(&reader, BERTH_HTTP_REQUESTS, storage, sizeof storage, NULL);
    feed_text(&reader, input, &event, strlen(head));
    assert_int_equal(event.type, BERTH_HTTP_HEAD);
    assert_true(event.head->upgrade);
    feed_text(&reader, input + strlen(head), &event, 0);
    assert_int_equal(event.type, BERTH_HTTP_END);
}

/* Views of a head stay whole over its body, its trailers and its end. */
static void test_views_outlive_the_input(void **state) {
    (void)state;
    char storage[256];
    char input[] = "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "2\r\nhi\r\n0\r\nTrailer-One: overwritten?\r\n\r\n";
    struct berth_http_reader reader;
    struct berth_http_event event;
    const struct berth_http_head *head = NULL;
    struct berth_view host;
    size_t at = 0;
    berth_http_reader_init(&reader, BERTH_HTTP_REQUESTS, storage, sizeof storage, NULL);
    do {
        at += berth_http_reader_feed(&reader, input + at, sizeof input - 1 - at, &event);
        head = event.head != NULL ? event.head : head;
    } while (event.type != BERTH_HTTP_END);
    memset(input, '!', sizeof input);
    assert_int_equal(at, sizeof input - 1);
    assert_true(berth_view_equal(head->target, BERTH_VIEW("/x")));
    assert_int_equal(berth_http_head_find(head, "hOST", &host), 0);
    assert_true(berth_view_equal(host, BERTH_VIEW("a")));
    assert_int_equal(head->field_count, 2);
}

/* A TLS greeting, an HTTP/2 preface in binary, noise: refused at the first byte. */
static void test_garbage_is_refused_at_once(void **state) {
    (void)state;
    static const char *garbage[] = {"\x16\x03\x01\x02", "\x80\x2e", "\xff", " GET", "\n", "{\"a\""};
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        char storage[64];
        struct berth_http_reader reader;
        struct berth_http_event event;
        berth_http_reader_init(&reader, BERTH_HTTP_REQUESTS, storage, sizeof storage, NULL);
        berth_http_reader_feed(&reader, garbage[i], 1, &event);
        assert_int_equal(event.type, BERTH_HTTP_FAIL);
        assert_int_equal(event.status, 400);
        feed_text(&reader, "GET / HTTP/1.1\r\n", &event, 0); /* absorbing */
        assert_int_equal(event.type, BERTH_HTTP_FAIL);
        berth_http_reader_close(&reader, &event);
        assert_int_equal(event.type, BERTH_HTTP_FAIL);
    }
}

static void test_idle(void **state) {
    (void)state;
    char storage[64];
    struct berth_http_reader reader;
    struct berth_http_event event;
    berth_http_reader_init(&reader, BERTH_HTTP_REQUESTS, storage, sizeof storage, NULL);
    assert_true(berth_http_reader_idle(&reader));
    feed_text(&reader, "\r\n", &event, 2);
    assert_true(berth_http_reader_idle(&reader));
    feed_text(&reader, "G", &event, 1);
    assert_false(berth_http_reader_idle(&reader));
    feed_text(&reader, "ET / HTTP/1.0\r\n\r\n", &event, 17);
    assert_int_equal(event.type, BERTH_HTTP_HEAD);
    assert_false(berth_http_reader_idle(&reader));
    assert_int_equal(berth_http_reader_feed(&reader, NULL, 0, &event), 0);
    assert_int_equal(event.type, BERTH_HTTP_END);
    assert_true(berth_http_reader_idle(&reader));
    assert_int_equal(berth_http_reader_feed(&reader, NULL, 0, &event), 0);
    assert_int_equal(event.type, BERTH_HTTP_NONE);
}

/* A 1xx is no answer yet: the one behind it is the one that has no body. */
static void test_answers_head_waits_for_the_answer(void **state) {
    (void)state;
    char storage[128];
    struct berth_http_reader reader;
    struct berth_http_event event;
    const char *early = "HTTP/1.1 103 Early Hints\r\n\r\n";
    const char *answer = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
    berth_http_reader_init(&reader, BERTH_HTTP_RESPONSES, storage, sizeof storage, NULL);
    berth_http_reader_answers_head(&reader);
    feed_text(&reader, early, &event, strlen(early));
    feed_text(&reader, answer, &event, 0);
    feed_text(&reader, answer, &event, strlen(answer));
    assert_int_equal(event.head->framing, BERTH_HTTP_FRAMING_NONE);
    assert_int_equal(event.head->content_length, 9);
    feed_text(&reader, answer, &event, 0);
    assert_int_equal(event.type, BERTH_HTTP_END);
    feed_text(&reader, answer, &event, strlen(answer));
    assert_int_equal(event.head->framing, BERTH_HTTP_FRAMING_LENGTH);
}

/* A connection has a reader: what it may cost is a promise. */
static void test_reader_is_small(void **state) {
    (void)state;
    assert_true(sizeof(struct berth_http_reader) <= 1024);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_upgrade_leaves_the_rest),
        cmocka_unit_test(test_views_outlive_the_input),
        cmocka_unit_test(test_garbage_is_refused_at_once),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_answers_head_waits_for_the_answer),
        cmocka_unit_test(test_reader_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
