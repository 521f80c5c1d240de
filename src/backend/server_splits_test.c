/* Every vector of tests/wire, sent to the whole server in one piece, byte by byte, and cut at
 * random places: the answers are the same, to the byte. */
#include "backend/stage.h"

#include "proto/http_class.h"
#include "proto/ws_script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <glob.h>

#define INPUT_MAX (512u << 10)
#define BYTE_BY_BYTE_MAX 4096 /* longer ones are only cut at random: they say nothing new */

struct vector {
    char name[160];
    bool server; /* what is in it is for a server */
    bool close;  /* the peer closes its side behind it */
    struct berth_buf input;
};

static size_t vectors, answered;

static uint32_t random_state = 20260102; /* fixed, so that failures repeat */

static uint32_t next_random(void) { /* xorshift32 */
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

/* -- Sending ----------------------------------------------------------------------------------- */

static void settle(struct stage *stage) {
    for (int turns = 0; turns < 4; turns++)
        stage_run_for(stage, 0);
}

/* The answers' date is the real clock's: it may tick between two runs. */
static void hide_dates(struct berth_buf *bytes) {
    static const char name[] = "\r\nDate: ";
    char *at = bytes->data != NULL ? bytes->data + bytes->start : NULL;
    char *behind = at != NULL ? at + bytes->size : NULL;
    while (at != NULL && (at = memmem(at, (size_t)(behind - at), name, sizeof name - 1)) != NULL)
        for (at += sizeof name - 1; at < behind && *at != '\r'; at++)
            *at = '-';
}

/* Sends the input in pieces of 1 to most bytes, 0 for one piece; gives all that came back until
 * every deadline is over. */
static struct berth_buf exchange(const struct vector *vector, uint32_t most) {
    static const struct berth_net_sim_options sim = {.window = 1 << 20};
    struct stage stage;
    struct visitor client;
    stage_init(&stage);
    stage.options.token = "the-token";
    assert_int_equal(stage_open(&stage, &sim), 0);
    assert_int_equal(stage_dial(&stage, &client), 0);
    settle(&stage);
    struct berth_view left = berth_buf_view(&vector->input);
    while (left.size > 0) {
        size_t size = most == 0 ? left.size : 1 + next_random() % most;
        size = size < left.size ? size : left.size;
        assert_int_equal(visitor_say(&client, (struct berth_view){left.data, size}), 0);
        settle(&stage);
        left.data += size;
        left.size -= size;
    }
    if (vector->close)
        visitor_half_close(&client);
    stage_run_for(&stage, 200000);
    assert_true(client.closed);
    stage_close(&stage);
    struct berth_buf received = client.received;
    client.received = berth_buf_make(0);
    visitor_hang_up(&client);
    hide_dates(&received);
    return received;
}

static void check(struct vector *vector) {
    static const uint32_t cuts[] = {1, 2, 3, 7, 40, 300};
    if (!vector->server || vector->input.size == 0)
        return;
    struct berth_buf whole = exchange(vector, 0);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        if (cuts[i] < 40 && vector->input.size > BYTE_BY_BYTE_MAX)
            continue;
        struct berth_buf cut = exchange(vector, cuts[i]);
        if (!berth_view_equal(berth_buf_view(&whole), berth_buf_view(&cut)))
            fail_msg("'%s' in pieces of up to %u bytes\nwhole: %.*s\ncut: %.*s", vector->name,
                     cuts[i], BERTH_VIEW_ARG(berth_buf_view(&whole)),
                     BERTH_VIEW_ARG(berth_buf_view(&cut)));
        berth_buf_free(&cut);
    }
    vectors++;
    answered += whole.size > 0;
    berth_buf_free(&whole);
}

static void begin(struct vector *vector, const char *file, struct berth_view name) {
    berth_buf_free(&vector->input);
    *vector = (struct vector){.server = true, .input = berth_buf_make(INPUT_MAX)};
    snprintf(vector->name, sizeof vector->name, "%s: %.*s", file, BERTH_VIEW_ARG(name));
}

static void add(struct vector *vector, const void *bytes, size_t size) {
    assert_int_equal(berth_buf_append(&vector->input, bytes, size), 0);
}

/* -- HTTP -------------------------------------------------------------------------------------- */

static void add_escaped(struct vector *vector, const char *text) {
    for (; *text != '\0'; text++) {
        char byte = *text;
        if (byte == '\\') {
            text++;
            byte = *text == 'r' ? '\r' : *text == 'n' ? '\n' : *text == 't' ? '\t' : *text;
            if (*text == 'x') {
                byte = (char)(berth_http_hex(text[1]) << 4 | berth_http_hex(text[2]));
                text += 2;
            }
        }
        add(vector, &byte, 1);
    }
}

/* Most vectors are for a host "a"; ours serves what is asked of it by its own name. */
static void use_our_host(struct vector *vector) {
    static const char theirs[] = "Host: a\r\n";
    struct berth_buf input = vector->input;
    char *at = input.data != NULL
                   ? memmem(input.data + input.start, input.size, theirs, sizeof theirs - 1)
                   : NULL;
    if (at == NULL)
        return;
    size_t before = (size_t)(at - (input.data + input.start));
    const char *behind = at + sizeof theirs - 1;
    vector->input = berth_buf_make(INPUT_MAX);
    add(vector, input.data + input.start, before);
    add(vector, STAGE_HOST, sizeof STAGE_HOST - 1);
    add(vector, behind, input.size - before - (sizeof theirs - 1));
    berth_buf_free(&input);
}

static void read_http_line(struct vector *vector, const char *file, const char *line) {
    if (strncmp(line, "vector ", 7) == 0) {
        use_our_host(vector);
        check(vector);
        begin(vector, file, berth_view_of(line + 7));
    } else if (strcmp(line, "role responses") == 0) {
        vector->server = false;
    } else if (strcmp(line, "close") == 0) {
        vector->close = true;
    } else if (strncmp(line, "in ", 3) == 0) {
        add_escaped(vector, line + 3);
    } else if (strncmp(line, "repeat ", 7) == 0) {
        char *text;
        for (unsigned long left = strtoul(line + 7, &text, 10); left > 0; left--)
            add_escaped(vector, text + 1);
    }
}

static void test_http_vectors(void **state) {
    (void)state;
    static char line[1 << 16];
    struct vector vector = {.server = false};
    glob_t files;
    vectors = answered = 0;
    assert_int_equal(glob(BERTH_WIRE_DIR "/http/*.txt", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        FILE *file = fopen(files.gl_pathv[i], "r");
        assert_non_null(file);
        while (fgets(line, sizeof line, file) != NULL) {
            line[strcspn(line, "\n")] = '\0';
            read_http_line(&vector, strrchr(files.gl_pathv[i], '/') + 1, line);
        }
        fclose(file);
    }
    use_our_host(&vector);
    check(&vector);
    berth_buf_free(&vector.input);
    globfree(&files);
    print_message("%zu vectors, %zu of them answered\n", vectors, answered);
    assert_true(vectors > 150 && answered > vectors * 9 / 10);
}

/* -- WebSocket --------------------------------------------------------------------------------- */

static void run_ws_file(const char *name) {
    static struct ws_script_bytes bytes;
    struct ws_script script = ws_script_open(name);
    struct vector vector = {.server = false};
    struct berth_view word, rest;
    while (ws_script_next(&script, &word, &rest)) {
        if (berth_view_equal(word, BERTH_VIEW("case"))) {
            check(&vector);
            begin(&vector, name, rest);
            add(&vector, STAGE_UPGRADE_TEXT("/client-ws"),
                sizeof STAGE_UPGRADE_TEXT("/client-ws") - 1);
        } else if (berth_view_equal(word, BERTH_VIEW("role"))) {
            vector.server = berth_view_equal(rest, BERTH_VIEW("server"));
        } else if (berth_view_equal(word, BERTH_VIEW("in"))) {
            bytes.size = 0;
            ws_script_bytes_read(&script, rest, &bytes);
            add(&vector, bytes.data, bytes.size);
        }
    }
    check(&vector);
    berth_buf_free(&vector.input);
}

static void test_ws_vectors(void **state) {
    (void)state;
    static const char *const files[] = {"framing.txt", "fragments.txt", "close.txt", "reserved.txt",
                                        "control.txt", "utf8.txt",      "limits.txt"};
    vectors = answered = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        run_ws_file(files[i]);
    print_message("%zu vectors\n", vectors);
    assert_true(vectors > 80 && answered == vectors);
}

/* -- Large messages, which are received in places of their own --------------------------------- */

#define LARGEST (100u << 10)

/* The first `size` bytes of a text that is not the same anywhere, as a frame of a client. */
static void add_frame(struct vector *vector, unsigned first, size_t offset, size_t size) {
    static const uint8_t mask[4] = {7, 11, 13, 17};
    static uint8_t payload[LARGEST];
    uint8_t head[BERTH_WS_HEAD_MAX];
    size_t head_size = berth_ws_frame_head(head, BERTH_WS_OPCODE_TEXT, true, size, mask);
    head[0] = (uint8_t)first;
    for (size_t i = 0; i < size; i++)
        payload[i] = (uint8_t)('a' + (offset + i) * 7 % 23);
    berth_ws_mask(payload, size, mask, 0);
    add(vector, head, head_size);
    add(vector, payload, size);
}

/* What is answered to a message, in one frame whatever it came in. */
static void check_answer(struct berth_view *received, size_t size) {
    uint8_t head[BERTH_WS_HEAD_MAX];
    size_t head_size = berth_ws_frame_head(head, BERTH_WS_OPCODE_TEXT, true, size, NULL);
    assert_true(received->size >= head_size + size);
    assert_memory_equal(received->data, head, head_size);
    for (size_t i = 0; i < size; i++)
        assert_int_equal((uint8_t)received->data[head_size + i], 'a' + i * 7 % 23);
    received->data += head_size + size;
    received->size -= head_size + size;
}

static void test_large_messages(void **state) {
    (void)state;
    static const uint32_t cuts[] = {0, 5000, 40000, 70000, 300};
    enum { text = 0x81, begin_text = 0x01, go_on = 0x00, end_of = 0x80, ping = 0x89 };
    struct vector vector = {.server = false};
    begin(&vector, "large messages",
          BERTH_VIEW("whole, small, in three, in one behind an empty one"));
    add(&vector, STAGE_UPGRADE_TEXT("/client-ws"), sizeof STAGE_UPGRADE_TEXT("/client-ws") - 1);
    add_frame(&vector, text, 0, LARGEST);
    add_frame(&vector, text, 0, 10);
    add_frame(&vector, text, 0, 65536);
    add_frame(&vector, begin_text, 0, 50000);
    add_frame(&vector, ping, 0, 3);
    add_frame(&vector, go_on, 50000, 40000);
    add_frame(&vector, end_of, 90000, 33000);
    add_frame(&vector, begin_text, 0, 0);
    add_frame(&vector, end_of, 0, 70000);
    add(&vector, "\x88\x80\0\0\0\0", 6);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        struct berth_buf all = exchange(&vector, cuts[i]);
        struct berth_view received = berth_buf_view(&all);
        const char *end = memmem(received.data, received.size, "\r\n\r\n", 4);
        assert_non_null(end);
        received.size -= (size_t)(end + 4 - received.data);
        received.data = end + 4;
        check_answer(&received, LARGEST);
        check_answer(&received, 10);
        check_answer(&received, 65536);
        assert_memory_equal(received.data,
                            "\x8A\x03"
                            "aho",
                            5);
        received.data += 5;
        received.size -= 5;
        check_answer(&received, 123000);
        check_answer(&received, 70000);
        assert_int_equal(received.size, 2);
        berth_buf_free(&all);
    }
    berth_buf_free(&vector.input);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_vectors),
        cmocka_unit_test(test_ws_vectors),
        cmocka_unit_test(test_large_messages),
    };
    return cmocka_run_group_tests_name("server_splits", tests, NULL, NULL);
}
