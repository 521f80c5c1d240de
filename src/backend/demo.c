#include "backend/kinds.h"

#include "base/json.h"

#include <jansson.h>

/* The assistant's own messages, answered by a small responder, so that the example page is alive
 * without any language model behind it:
 *
 *     in   {"type":"text-input","text":…}
 *     out  full-text, control, audio (volumes for the mouth, no sound), set-model, error
 */

#define MESSAGE_MAX 16384 /* of an answer; a longer question is quoted in part */
#define QUOTE_MAX 400
#define VOLUMES_MAX 200
#define SLICE_MS 60

/* -- Out --------------------------------------------------------------------------------------- */

static void send_text(struct berth_socket *socket, const char *type, struct berth_view text) {
    char memory[MESSAGE_MAX];
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    struct berth_json json = berth_json_on(&out);
    berth_json_open(&json, '{');
    berth_json_key(&json, "type");
    berth_json_text(&json, type);
    berth_json_key(&json, strcmp(type, "error") == 0 ? "message" : "text");
    berth_json_string(&json, text);
    berth_json_close(&json, '}');
    if (!out.overflow)
        (void)berth_socket_send(socket, BERTH_WS_OPCODE_TEXT, out.data, out.size);
}

/* How wide the mouth stands at a letter: vowels open it, pauses close it. */
static unsigned volume_percent(char letter) {
    if (strchr("aeiouAEIOU", letter) != NULL && letter != 0)
        return 90;
    return strchr(" .,:;!?-\n", letter) != NULL ? 5 : 45;
}

static void send_audio(struct berth_socket *socket, struct berth_view text) {
    char memory[MESSAGE_MAX];
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    struct berth_json json = berth_json_on(&out);
    berth_json_open(&json, '{');
    berth_json_key(&json, "type");
    berth_json_text(&json, "audio");
    berth_json_key(&json, "audio");
    berth_json_null(&json);
    berth_json_key(&json, "volumes");
    berth_json_open(&json, '[');
    for (size_t i = 0; i < text.size && i < VOLUMES_MAX; i++) {
        if (i > 0)
            berth_writer_char(&out, ',');
        berth_writer_format(&out, "0.%02u", volume_percent(text.data[i]));
    }
    berth_json_close(&json, ']');
    berth_json_key(&json, "slice_length");
    berth_json_number(&json, SLICE_MS);
    berth_json_key(&json, "text");
    berth_json_string(&json, text);
    berth_json_close(&json, '}');
    if (!out.overflow)
        (void)berth_socket_send(socket, BERTH_WS_OPCODE_TEXT, out.data, out.size);
}

/* -- Answers ----------------------------------------------------------------------------------- */

static const struct {
    const char *word, *answer;
} answers[] = {
    {"hello", "[joy] Hello! I was easy to find, wasn't I?"},
    {"hi", "[joy] Hi there! Ask me about my port."},
    {"port", "[thinking] My port may change from start to start. You need not care: the page reads "
             "where I am, checks that it is really me, and only then talks."},
    {"who", "[joy] I am the demo that stands where your assistant's backend will be. Put your own "
            "there, and this page goes on working."},
    {"bye", "[sadness] Goodbye! I shall keep this berth for you."},
    {"thank", "[joy] You are welcome."},
    {"joke", "[surprise] Two servers walk up to port 1018. The second one says: "
             "I'll have the next one, then."},
};

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

static bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

/* The word stands in the text, at the beginning of one of its words. */
static bool mentions(struct berth_view text, const char *word) {
    size_t size = strlen(word);
    for (size_t i = 0; i + size <= text.size; i++)
        if ((i == 0 || !is_letter(text.data[i - 1])) &&
            berth_view_equal_nocase((struct berth_view){text.data + i, size},
                                    (struct berth_view){word, size}))
            return true;
    return false;
}

/* At most QUOTE_MAX bytes of the text, not cut inside a character. */
static struct berth_view quote(struct berth_view text) {
    if (text.size <= QUOTE_MAX)
        return text;
    text.size = QUOTE_MAX;
    while (text.size > 0 && ((unsigned char)text.data[text.size] & 0xC0) == 0x80)
        text.size--;
    return text;
}

static struct berth_view compose(struct berth_view text, struct berth_writer *out) {
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        if (mentions(text, answers[i].word))
            return berth_view_of(answers[i].answer);
    berth_writer_text(out, "You said: \xE2\x80\x9C");
    berth_writer_view(out, quote(text));
    berth_writer_text(out, "\xE2\x80\x9D. I am only the demo, but I heard every word.");
    return berth_writer_result(out);
}

static void answer(struct berth_socket *socket, struct berth_view text) {
    char memory[1024];
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    struct berth_view reply = compose(text, &out);
    send_text(socket, "control", BERTH_VIEW("conversation-chain-start"));
    send_text(socket, "full-text", BERTH_VIEW("Thinking..."));
    send_audio(socket, reply);
    send_text(socket, "full-text", reply);
    send_text(socket, "control", BERTH_VIEW("conversation-chain-end"));
}

/* -- In ---------------------------------------------------------------------------------------- */

static void on_object(struct berth_socket *socket, const json_t *message) {
    const char *type = json_string_value(json_object_get(message, "type"));
    const json_t *text = json_object_get(message, "text");
    if (type == NULL)
        send_text(socket, "error", BERTH_VIEW("A message is an object with a \"type\"."));
    else if (strcmp(type, "text-input") == 0 && !json_is_string(text))
        send_text(socket, "error", BERTH_VIEW("A text-input has a \"text\" that is a string."));
    else if (strcmp(type, "text-input") == 0)
        answer(socket, (struct berth_view){json_string_value(text), json_string_length(text)});
    else if (strcmp(type, "interrupt-signal") == 0)
        send_text(socket, "control", BERTH_VIEW("conversation-chain-end"));
    else
        send_text(socket, "error", BERTH_VIEW("The demo knows the type \"text-input\" only."));
}

static void on_message(void *owner, struct berth_socket *socket, enum berth_ws_opcode opcode,
                       struct berth_view message) {
    (void)owner;
    if (opcode != BERTH_WS_OPCODE_TEXT) {
        send_text(socket, "error", BERTH_VIEW("The demo takes text messages only."));
        return;
    }
    json_t *json = json_loadb(message.data != NULL ? message.data : "", message.size, 0, NULL);
    if (json == NULL)
        send_text(socket, "error", BERTH_VIEW("This message is no JSON."));
    else
        on_object(socket, json);
    json_decref(json);
}

static int on_open(void *owner, struct berth_socket *socket, struct berth_view query) {
    (void)owner, (void)query;
    send_text(socket, "set-model", BERTH_VIEW("berth"));
    send_text(socket, "full-text", BERTH_VIEW("[joy] Hello! I am here. What shall we talk about?"));
    return 0;
}

static void on_closed(void *owner, struct berth_socket *socket, uint16_t code) {
    (void)owner, (void)socket, (void)code;
}

const struct berth_backend_kind berth_backend_demo = {
    .handler = {.open = on_open, .message = on_message, .closed = on_closed},
};
