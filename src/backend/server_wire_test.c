/* Every vector of tests/wire/server, over the simulated network. A vector:
 *
 *     vector a name
 *     source RFC 9112 9.6          where the expectation comes from
 *     close                        the client closes its side behind the input
 *     compress shared              the server's setting, off unless it is said
 *     in GET / HTTP/1.1\r\n        input, with \r \n \0 \\ and \xHH; joined; $KEY is a handshake's
 *     repeat 100 text              input, that many times
 *     out 200 404 closed           the statuses in order; then "kept", or "closed" by the server
 *     has Date:                    text that is in the answer
 *     lacks Transfer-Encoding      text that is not
 *     ends \r\n\r\n                the answer's last bytes
 *     frames 8105 48656c6c6f       all that comes behind the 101, in hex
 *     code 1002                    it ends with a close frame of that code
 */
#include "backend/stage.h"

#include "proto/http_class.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define KEY                                                                                        \
    STAGE_HOST STAGE_ORIGIN "Upgrade: websocket\r\nConnection: Upgrade\r\n"                        \
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"                      \
                            "Sec-WebSocket-Version: 13\r\n"

struct exchange {
    char name[160];
    bool sourced, close;
    bool asked; /* it was sent, and the answer is here */
    enum berth_compression compression;
    struct berth_buf input;
    struct berth_buf answer;
    bool closed;
};

static size_t vectors, expectations, mistakes;

static void complain(const struct exchange *exchange, const char *line) {
    print_error("'%s': not so: %s\n%s\n\n", exchange->name, line,
                exchange->answer.size > 0 ? exchange->answer.data + exchange->answer.start
                                          : "(nothing)");
    mistakes++;
}

/* -- The words --------------------------------------------------------------------------------- */

static void add(struct exchange *exchange, const char *bytes, size_t size) {
    assert_int_equal(berth_buf_append(&exchange->input, bytes, size), 0);
}

static void unescape(struct berth_buf *out, const char *text) {
    for (; *text != '\0'; text++) {
        char byte = *text;
        if (strncmp(text, "$KEY", 4) == 0) {
            assert_int_equal(berth_buf_append(out, KEY, sizeof KEY - 1), 0);
            text += 3;
            continue;
        }
        if (byte == '\\') {
            text++;
            byte = *text == 'r' ? '\r' : *text == 'n' ? '\n' : *text == '0' ? '\0' : *text;
            if (*text == 'x') {
                byte = (char)(berth_http_hex(text[1]) << 4 | berth_http_hex(text[2]));
                text += 2;
            }
        }
        assert_int_equal(berth_buf_append(out, &byte, 1), 0);
    }
}

/* Where the first head of the answer that says 101 ends; NULL for nowhere. */
static const char *behind_switch(const struct exchange *exchange) {
    struct berth_view answer = berth_buf_view(&exchange->answer);
    const char *at = answer.size > 0 ? memmem(answer.data, answer.size, "HTTP/1.1 101", 12) : NULL;
    if (at == NULL)
        return NULL;
    at = memmem(at, (size_t)(answer.data + answer.size - at), "\r\n\r\n", 4);
    return at != NULL ? at + 4 : NULL;
}

/* -- Asking ------------------------------------------------------------------------------------ */

/* Two seconds: longer than any end takes, shorter than any deadline of a connection that is kept.
 */
static void ask(struct exchange *exchange) {
    static const struct berth_net_sim_options sim = {.window = 1 << 20};
    struct stage stage;
    struct visitor client;
    stage_init(&stage);
    stage.options.compression = exchange->compression;
    stage.options.compression_min = 20;
    assert_int_equal(stage_open(&stage, &sim), 0);
    assert_int_equal(stage_dial(&stage, &client), 0);
    assert_int_equal(visitor_say(&client, berth_buf_view(&exchange->input)), 0);
    if (exchange->close)
        visitor_half_close(&client);
    stage_run_for(&stage, 2500);
    (void)visitor_text(&client); /* with a NUL behind it */
    exchange->closed = client.closed;
    exchange->answer = client.received;
    client.received = berth_buf_make(0);
    stage_drain(&stage);
    stage_close(&stage);
    visitor_hang_up(&client);
    exchange->asked = true;
}

static bool expect_out(const struct exchange *exchange, const char *wanted) {
    char got[256] = "";
    struct berth_writer out = berth_writer_on(got, sizeof got - 1);
    struct berth_view rest = berth_buf_view(&exchange->answer);
    const char *end = behind_switch(exchange);
    if (end != NULL)
        rest.size = (size_t)(end - rest.data);
    const char *at;
    while (rest.size > 0 && (at = memmem(rest.data, rest.size, "HTTP/1.1 ", 9)) != NULL) {
        if (at[9] >= '0' && at[9] <= '9') /* not the sentence that has the version in it */
            berth_writer_format(&out, "%.3s ", at + 9);
        rest.size -= (size_t)(at + 9 - rest.data);
        rest.data = at + 9;
    }
    berth_writer_text(&out, exchange->closed ? "closed" : "kept");
    got[out.size] = '\0';
    if (strcmp(got, wanted) != 0)
        print_error("got \"%s\"\n", got);
    return strcmp(got, wanted) == 0;
}

static bool expect_frames(const struct exchange *exchange, const char *hex) {
    const char *at = behind_switch(exchange);
    const char *end = exchange->answer.data + exchange->answer.start + exchange->answer.size;
    if (at == NULL)
        return false;
    for (; *hex != '\0'; hex++) {
        if (*hex == ' ')
            continue;
        if (at == end || (uint8_t)*at != (berth_http_hex(hex[0]) << 4 | berth_http_hex(hex[1])))
            return false;
        at++;
        hex++;
    }
    return at == end;
}

static bool expect_code(const struct exchange *exchange, const char *wanted) {
    const char *at = behind_switch(exchange);
    const char *end = exchange->answer.data + exchange->answer.start + exchange->answer.size;
    return at != NULL && end - at >= 4 && (uint8_t)at[0] == 0x88 &&
           ((uint8_t)at[2] << 8 | (uint8_t)at[3]) == strtol(wanted, NULL, 10) &&
           at + 2 + at[1] == end;
}

static bool expect_text(const struct exchange *exchange, const char *escaped, bool at_the_end) {
    struct berth_buf text = berth_buf_make(4096);
    unescape(&text, escaped);
    struct berth_view answer = berth_buf_view(&exchange->answer);
    struct berth_view part = berth_buf_view(&text);
    bool found;
    if (at_the_end)
        found = answer.size >= part.size &&
                memcmp(answer.data + answer.size - part.size, part.data, part.size) == 0;
    else
        found = answer.size > 0 && memmem(answer.data, answer.size, part.data, part.size) != NULL;
    berth_buf_free(&text);
    return found;
}

/* -- Reading ----------------------------------------------------------------------------------- */

static void finish(struct exchange *exchange) {
    if (exchange->name[0] != '\0' && (!exchange->asked || !exchange->sourced))
        complain(exchange, "it has a source, an input and an `out`");
    berth_buf_free(&exchange->input);
    berth_buf_free(&exchange->answer);
}

static void begin(struct exchange *exchange, const char *name) {
    finish(exchange);
    *exchange = (struct exchange){.input = berth_buf_make(1 << 20)};
    snprintf(exchange->name, sizeof exchange->name, "%s", name);
    vectors++;
}

static bool is(const char *line, const char *word, const char **ret_rest) {
    size_t size = strlen(word);
    *ret_rest = line + size + (line[size] == ' ');
    return strncmp(line, word, size) == 0 && (line[size] == ' ' || line[size] == '\0');
}

static bool is_met(struct exchange *exchange, const char *line) {
    const char *rest;
    expectations++;
    if (is(line, "out", &rest)) {
        ask(exchange);
        return expect_out(exchange, rest);
    }
    if (!exchange->asked)
        return false;
    if (is(line, "has", &rest))
        return expect_text(exchange, rest, false);
    if (is(line, "lacks", &rest))
        return !expect_text(exchange, rest, false);
    if (is(line, "ends", &rest))
        return expect_text(exchange, rest, true);
    if (is(line, "frames", &rest))
        return expect_frames(exchange, rest);
    return is(line, "code", &rest) && expect_code(exchange, rest);
}

static void read_line(struct exchange *exchange, const char *line) {
    const char *rest;
    char *text;
    if (line[0] == '\0' || line[0] == '#')
        return;
    if (is(line, "vector", &rest))
        begin(exchange, rest);
    else if (is(line, "source", &rest))
        exchange->sourced = strncmp(rest, "RFC ", 4) == 0;
    else if (is(line, "close", &rest))
        exchange->close = true;
    else if (is(line, "compress", &rest))
        exchange->compression =
            strcmp(rest, "own") == 0 ? BERTH_COMPRESSION_OWN : BERTH_COMPRESSION_SHARED;
    else if (is(line, "in", &rest))
        unescape(&exchange->input, rest);
    else if (is(line, "repeat", &rest))
        for (unsigned long left = strtoul(rest, &text, 10); left > 0; left--)
            add(exchange, text + 1, strlen(text + 1));
    else if (!is_met(exchange, line))
        complain(exchange, line);
}

static void run_file(const char *path) {
    char line[4096];
    struct exchange exchange = {.asked = false};
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    vectors = expectations = mistakes = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        read_line(&exchange, line);
    }
    finish(&exchange);
    fclose(file);
    print_message("%zu vectors, %zu expectations\n", vectors, expectations);
    assert_int_equal(mistakes, 0);
    assert_true(vectors >= 25 && expectations > vectors);
}

static void test_http(void **state) {
    (void)state;
    run_file(BERTH_WIRE_DIR "/server/http.txt");
}

static void test_ws(void **state) {
    (void)state;
    run_file(BERTH_WIRE_DIR "/server/ws.txt");
}

static void test_compressed(void **state) {
    (void)state;
    run_file(BERTH_WIRE_DIR "/server/compressed.txt");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http),
        cmocka_unit_test(test_ws),
        cmocka_unit_test(test_compressed),
    };
    return cmocka_run_group_tests_name("server_wire", tests, NULL, NULL);
}
