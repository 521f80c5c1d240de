/* Every vector of tests/wire/ws/handshake.txt, which says how it is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/ws_handshake.h"
#include "proto/ws_script.h"

struct vector {
    char name[128];
    bool is_response;
    struct berth_ws_request request;
    struct berth_ws_response response;
    struct berth_view key;
    struct berth_view offered;
    size_t store_size;
    char store[16384]; /* what the views point into: a line is gone with the next one */
};

static struct berth_view keep(struct vector *vector, struct berth_view text) {
    assert_true(vector->store_size + text.size <= sizeof vector->store);
    char *copy = vector->store + vector->store_size;
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    vector->store_size += text.size;
    return (struct berth_view){copy, text.size};
}

static int read_number(struct berth_view text) {
    uint64_t number;
    bool negative = berth_view_starts(text, BERTH_VIEW("-"));
    if (negative)
        text = (struct berth_view){text.data + 1, text.size - 1};
    assert_int_equal(berth_view_number(text, 999, &number), 0);
    return negative ? -(int)number : (int)number;
}

static void read_field(struct vector *vector, struct berth_view line) {
    struct berth_view value;
    struct berth_view name = berth_view_cut(keep(vector, line), ':', &value);
    if (vector->is_response)
        berth_ws_response_field(&vector->response, name, value);
    else
        berth_ws_request_field(&vector->request, name, value);
}

/* "0", or a status and a reason. */
static void check_answer(struct vector *vector, struct berth_view want) {
    struct berth_view reason = {NULL, 0};
    int want_status = read_number(berth_view_cut(want, ' ', &want));
    int status = vector->is_response ? berth_ws_response_check(&vector->response, vector->key,
                                                               vector->offered, &reason)
                                     : berth_ws_request_check(&vector->request, &reason);
    if (status != want_status || !berth_view_equal(reason, want))
        fail_msg("%s: %d %.*s", vector->name, status, BERTH_VIEW_ARG(reason));
}

static void check_accept(struct vector *vector, struct berth_view want) {
    char accept[BERTH_WS_ACCEPT_SIZE];
    berth_ws_accept_key(vector->request.key, accept);
    if (!berth_view_equal(berth_view_bytes(accept, sizeof accept), want))
        fail_msg("%s: accept %.*s", vector->name, (int)sizeof accept, accept);
}

static void check_offers(struct vector *vector, struct berth_view name) {
    if (!berth_ws_request_offers(&vector->request, name))
        fail_msg("%s: %.*s is not offered", vector->name, BERTH_VIEW_ARG(name));
}

static void check_lacks(struct vector *vector, struct berth_view name) {
    if (berth_ws_request_offers(&vector->request, name))
        fail_msg("%s: %.*s is offered", vector->name, BERTH_VIEW_ARG(name));
}

static void begin_case(struct vector *vector, struct berth_view name) {
    *vector = (struct vector){0};
    snprintf(vector->name, sizeof vector->name, "%.*s", BERTH_VIEW_ARG(name));
}

static void read_section(struct vector *vector, struct berth_view section) {
    (void)vector, (void)section;
}

static void begin_request(struct vector *vector, struct berth_view line) {
    vector->request.method = keep(vector, berth_view_cut(line, ' ', &line));
    vector->request.http_minor = (unsigned)read_number(line);
}

static void begin_response(struct vector *vector, struct berth_view status) {
    vector->is_response = true;
    vector->response.status = (unsigned)read_number(status);
}

static void read_sent(struct vector *vector, struct berth_view line) {
    vector->key = keep(vector, berth_view_cut(line, ' ', &line));
    vector->offered = keep(vector, line);
}

static const struct {
    const char *word;
    void (*read)(struct vector *vector, struct berth_view rest);
} lines[] = {
    {"case", begin_case},     {"section", read_section},    {"request", begin_request},
    {"sent", read_sent},      {"response", begin_response}, {"field", read_field},
    {"answer", check_answer}, {"accept", check_accept},     {"offers", check_offers},
    {"lacks", check_lacks},
};

static void read_line(const struct ws_script *script, struct vector *vector, struct berth_view word,
                      struct berth_view rest) {
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (berth_view_equal(word, berth_view_of(lines[i].word))) {
            lines[i].read(vector, rest);
            return;
        }
    }
    ws_script_die(script, "an unknown word");
}

static void vectors(void **state) {
    (void)state;
    static struct vector vector;
    struct ws_script script = ws_script_open("handshake.txt");
    struct berth_view word, rest;
    size_t answers = 0;
    while (ws_script_next(&script, &word, &rest)) {
        read_line(&script, &vector, word, rest);
        answers += berth_view_equal(word, BERTH_VIEW("answer")) ? 1 : 0;
    }
    print_message("%s: %zu vectors\n", script.name, answers);
    assert_true(answers > 0);
}

static void a_key_of_random_bytes(void **state) {
    (void)state;
    char key[BERTH_WS_KEY_SIZE];
    berth_ws_key_make((const uint8_t *)"the sample nonce", key);
    assert_memory_equal(key, "dGhlIHNhbXBsZSBub25jZQ==", sizeof key);
}

/* Both sides of our own: what the server answers is what the client accepts. */
static void our_two_sides_agree(void **state) {
    (void)state;
    char key[BERTH_WS_KEY_SIZE], accept[BERTH_WS_ACCEPT_SIZE];
    const uint8_t random[16] = {0xFF, 0xFE, 1, 2, 3, 0x80};
    berth_ws_key_make(random, key);
    struct berth_view key_view = {key, sizeof key}, reason;

    struct berth_ws_request request = {.method = BERTH_VIEW("GET"), .http_minor = 1};
    berth_ws_request_field(&request, BERTH_VIEW("Upgrade"), BERTH_VIEW("websocket"));
    berth_ws_request_field(&request, BERTH_VIEW("Connection"), BERTH_VIEW("Upgrade"));
    berth_ws_request_field(&request, BERTH_VIEW("Sec-WebSocket-Version"), BERTH_VIEW("13"));
    berth_ws_request_field(&request, BERTH_VIEW("Sec-WebSocket-Key"), key_view);
    assert_int_equal(berth_ws_request_check(&request, &reason), 0);

    berth_ws_accept_key(request.key, accept);
    struct berth_view accept_view = {accept, sizeof accept}, none = {NULL, 0};
    struct berth_ws_response response = {.status = 101};
    berth_ws_response_field(&response, BERTH_VIEW("Upgrade"), BERTH_VIEW("websocket"));
    berth_ws_response_field(&response, BERTH_VIEW("Connection"), BERTH_VIEW("Upgrade"));
    berth_ws_response_field(&response, BERTH_VIEW("Sec-WebSocket-Accept"), accept_view);
    assert_int_equal(berth_ws_response_check(&response, key_view, none, &reason), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(a_key_of_random_bytes),
        cmocka_unit_test(our_two_sides_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
