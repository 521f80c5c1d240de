/* The whole server over the simulated network: clients that do anything, in any order.
 *
 * Input: four bytes of circumstances (the network, the server, its end, a seed), then actions: a
 * byte of which the low half is the action and the high half the client, and what the action needs
 * behind it. corpus-server.js writes both in words.
 *
 * Whatever happens: what the server says is well-formed, connections where nothing happens end,
 * draining ends, and nothing is left. */
#include "backend/stage.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLIENTS 5
#define ACTIONS_MAX 150
#define BYTES_MAX (2u << 20) /* of payload that one input may make */
#define LARGE_FILE 70000

enum { HEAD_NETWORK, HEAD_SERVER, HEAD_END, HEAD_SEED, HEAD_SIZE };

enum {
    NETWORK_SHORT_READS = 1,
    NETWORK_SHORT_WRITES = 2,
    NETWORK_SMALL = 4,
    NETWORK_SLOW = 8,
    NETWORK_RESETS = 16,
};

enum {
    SERVER_TOKEN = 1,
    SERVER_SMALL_LIMITS = 2,
    SERVER_NO_FILES = 4,
    SERVER_SHARED = 8,
    SERVER_OWN = 16,
    SERVER_TEAM = 32,
};

enum { END_CLIENTS_FIRST = 1, END_WITHOUT_DRAIN = 2, END_CLIENTS_STAY = 4, END_AT_ONCE = 8 };

enum action {
    ACTION_CONNECT,
    ACTION_REQUEST, /* number */
    ACTION_BYTES,   /* size, bytes */
    ACTION_FRAME,   /* first byte of the head, size */
    ACTION_REPEAT,  /* byte, times 64 */
    ACTION_TIME,    /* number */
    ACTION_CUT,
    ACTION_HALF_CLOSE,
    ACTION_STOP_READING,
    ACTION_READ_ON,
    ACTION_DRAIN,
    ACTION_STAY, /* keeps its end open when the server has closed its own */
    ACTIONS,
};

static const struct {
    const char *text;
    bool head, upgrade;
} requests[] = {
    {STAGE_GET_TEXT("/health"), false, false},
    {STAGE_GET_TEXT("/health?challenge=MDEyMzQ1Njc4OWFiY2RlZg"), false, false},
    {"HEAD /health HTTP/1.1\r\n" STAGE_HOST "\r\n", true, false},
    {STAGE_GET_TEXT("/server_port.txt"), false, false},
    {STAGE_GET_TEXT("/"), false, false},
    {STAGE_GET_TEXT("/berth/status.json"), false, false},
    {STAGE_GET_TEXT("/static/small.txt"), false, false},
    {STAGE_GET_TEXT("/static/large.bin"), false, false},
    {"HEAD /static/large.bin HTTP/1.1\r\n" STAGE_HOST STAGE_ORIGIN "\r\n", true, false},
    {STAGE_GET_TEXT("/static/folder?a=b"), false, false},
    {STAGE_GET_TEXT("/static/../../etc/passwd"), false, false},
    {STAGE_GET_TEXT("/nothing"), false, false},
    {"OPTIONS /health HTTP/1.1\r\n" STAGE_HOST STAGE_ORIGIN
     "Access-Control-Request-Method: GET\r\n\r\n",
     false, false},
    {"POST /health HTTP/1.1\r\n" STAGE_HOST "Content-Length: 5\r\n\r\nhello", false, false},
    {"POST /health HTTP/1.1\r\n" STAGE_HOST
     "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
     false, false},
    {"POST /health HTTP/1.1\r\n" STAGE_HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
     false, false},
    {"POST /berth/ticket HTTP/1.1\r\n" STAGE_HOST
     "Authorization: Bearer the-token\r\nContent-Length: 0\r\n\r\n",
     false, false},
    {"GET /health HTTP/1.0\r\n" STAGE_HOST "\r\n", false, false},
    {"GET /health HTTP/1.1\r\n" STAGE_HOST "Connection: close\r\n\r\n", false, false},
    {"GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n", false, false},
    {STAGE_UPGRADE_TEXT("/client-ws"), false, true},
    {STAGE_UPGRADE_TEXT("/hub?room=r"), false, true},
    {STAGE_UPGRADE_TEXT("/hub"), false, true},
    {STAGE_UPGRADE_TEXT("/drop"), false, true},
    {STAGE_UPGRADE_TEXT("/pause"), false, true},
    {"GET /client-ws HTTP/1.1\r\n" STAGE_HOST
     "Origin: null\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
     "Sec-WebSocket-Protocol: berth.v1, berth.token.the-token\r\n\r\n",
     false, true},
    {STAGE_UPGRADE_DEFLATE_TEXT("/client-ws"), false, true},
    {STAGE_UPGRADE_DEFLATE_TEXT("/hub"), false, true},
    {STAGE_UPGRADE_DEFLATE_TEXT("/drop"), false, true},
};

#define REQUESTS (sizeof requests / sizeof *requests)

struct caller {
    struct visitor client;
    bool dialled;
    bool plain;   /* all it said before it asked for an upgrade was requests from the list */
    bool upgrade; /* it has asked for one */
    bool raw;     /* and has said something else behind that */
    size_t asked;
    uint8_t asked_with[ACTIONS_MAX];
};

struct play {
    struct stage stage;
    struct caller callers[CLIENTS];
    struct berth_view script;
    size_t budget;
    unsigned end;
    bool drain_begun;
};

/* -- What clients do --------------------------------------------------------------------------- */

static char folder[] = "/tmp/berth-fuzz-XXXXXX";
static char pattern[70000];

static uint8_t next_byte(struct play *play) {
    if (play->script.size == 0)
        return 0;
    play->script.size--;
    return (uint8_t)*play->script.data++;
}

static void connect_caller(struct play *play, struct caller *caller) {
    if (caller->dialled && !caller->client.closed)
        return;
    if (caller->dialled)
        visitor_hang_up(&caller->client);
    *caller = (struct caller){.dialled = true, .plain = true};
    BERTH_ASSERT(stage_dial(&play->stage, &caller->client) == 0);
}

static void say_request(struct caller *caller, uint8_t number) {
    number %= REQUESTS;
    BERTH_ASSERT(visitor_say(&caller->client, berth_view_of(requests[number].text)) == 0);
    caller->asked_with[caller->asked++] = number;
    if (requests[number].upgrade)
        caller->upgrade = true;
}

static void say_no_request(struct caller *caller) {
    caller->plain = caller->plain && caller->upgrade;
    caller->raw = true;
}

static void say_bytes(struct play *play, struct caller *caller) {
    size_t size = next_byte(play);
    if (size > play->script.size)
        size = play->script.size;
    struct berth_view bytes = {play->script.data, size};
    play->script.data += size;
    play->script.size -= size;
    say_no_request(caller);
    BERTH_ASSERT(visitor_say(&caller->client, bytes) == 0);
}

static void say_frame(struct play *play, struct caller *caller) {
    static const size_t sizes[] = {0, 1, 2, 125, 126, 127, 1023, 1024, 4096, 16384, 65535, 65536};
    uint8_t head = next_byte(play);
    size_t size = sizes[next_byte(play) % (sizeof sizes / sizeof *sizes)];
    enum berth_ws_opcode opcode = head & 15;
    if (opcode >= BERTH_WS_OPCODE_CLOSE && size > BERTH_WS_CONTROL_MAX)
        size = BERTH_WS_CONTROL_MAX;
    if (size > play->budget)
        size = 0;
    play->budget -= size;
    struct berth_view payload = {pattern, size};
    if (opcode == BERTH_WS_OPCODE_CLOSE && size >= 2)
        payload = (struct berth_view){"\x03\xE8 bye", 2};
    say_no_request(caller);
    bool fin = head >= 128 || opcode >= BERTH_WS_OPCODE_CLOSE;
    BERTH_ASSERT(visitor_say_frame(&caller->client, opcode, fin, payload) == 0);
}

static void say_repeated(struct play *play, struct caller *caller) {
    char bytes[64];
    memset(bytes, next_byte(play), sizeof bytes);
    say_no_request(caller);
    for (int times = next_byte(play); times > 0 && play->budget >= sizeof bytes; times--) {
        play->budget -= sizeof bytes;
        BERTH_ASSERT(visitor_say(&caller->client, (struct berth_view){bytes, sizeof bytes}) == 0);
    }
}

static void let_time_pass(struct play *play) {
    static const uint64_t times[] = {0, 1, 10, 100, 1000, 2001, 5001, 10001, 20001, 25001, 60001};
    stage_run_for(&play->stage, times[next_byte(play) % (sizeof times / sizeof *times)]);
}

static void begin_drain(struct play *play) {
    if (!play->drain_begun)
        berth_server_drain(play->stage.server, stage_on_drained, &play->stage);
    play->drain_begun = true;
}

static void act(struct play *play) {
    uint8_t byte = next_byte(play);
    struct caller *caller = &play->callers[(byte >> 4) % CLIENTS];
    struct visitor *client = &caller->client;
    switch ((enum action)((byte & 15) % ACTIONS)) {
    case ACTION_CONNECT:
        connect_caller(play, caller);
        return;
    case ACTION_REQUEST:
        say_request(caller, next_byte(play));
        return;
    case ACTION_BYTES:
        say_bytes(play, caller);
        return;
    case ACTION_FRAME:
        say_frame(play, caller);
        return;
    case ACTION_REPEAT:
        say_repeated(play, caller);
        return;
    case ACTION_TIME:
        let_time_pass(play);
        return;
    case ACTION_CUT:
        visitor_cut(client);
        return;
    case ACTION_HALF_CLOSE:
        visitor_half_close(client);
        return;
    case ACTION_STOP_READING:
        if (client->stream != NULL)
            berth_net_stream_pause(client->stream);
        return;
    case ACTION_READ_ON:
        if (client->stream != NULL)
            berth_net_stream_resume(client->stream);
        return;
    case ACTION_DRAIN:
        begin_drain(play);
        return;
    case ACTION_STAY:
        client->stays = true;
        return;
    case ACTIONS:
        return;
    }
}

/* -- What the server said ---------------------------------------------------------------------- */

static void check_frames(uint8_t *bytes, size_t size) {
    static const struct berth_ws_limits limits = {64u << 20, 1};
    struct berth_ws_decoder decoder;
    uint8_t room[BERTH_WS_CONTROL_MAX];
    struct berth_ws_event event;
    berth_ws_decoder_init(&decoder, BERTH_WS_CLIENT, &limits, room);
    berth_ws_decoder_allow_compressed(&decoder);
    do {
        size_t used = berth_ws_decoder_feed(&decoder, bytes, size, &event);
        bytes += used;
        size -= used;
        BERTH_ASSERT(event.type != BERTH_WS_EVENT_FAIL);
    } while (event.type != BERTH_WS_EVENT_NONE && event.type != BERTH_WS_EVENT_CLOSE);
    BERTH_ASSERT(size == 0); /* nothing follows a close frame */
}

/* Reads one answer and returns its status, 0 when it is not whole. */
static int read_answer(struct berth_http_reader *reader, uint8_t **bytes, size_t *size,
                       bool *ret_last) {
    struct berth_http_event event;
    int status = 0;
    do {
        size_t used = berth_http_reader_feed(reader, *bytes, *size, &event);
        *bytes += used;
        *size -= used;
        BERTH_ASSERT(event.type != BERTH_HTTP_FAIL);
        if (event.type == BERTH_HTTP_HEAD)
            status = event.head->status, *ret_last = !event.head->keep_alive;
    } while (event.type != BERTH_HTTP_NONE && event.type != BERTH_HTTP_END);
    return event.type == BERTH_HTTP_END ? status : 0;
}

/* As many answers as were asked for at most, and one more that is about the connection itself. */
static void check_heard(struct caller *caller) {
    char storage[16384];
    struct berth_http_reader reader;
    uint8_t *bytes = (uint8_t *)caller->client.received.data;
    size_t size = caller->client.received.size, answers = 0;
    if (!caller->plain || size == 0)
        return;
    bytes += caller->client.received.start;
    struct berth_http_limits limits = BERTH_HTTP_LIMITS_DEFAULT;
    berth_http_reader_init(&reader, BERTH_HTTP_RESPONSES, storage, sizeof storage, &limits);
    while (size > 0) {
        const bool asked = answers < caller->asked;
        const uint8_t number = asked ? caller->asked_with[answers] : 0;
        if (asked && requests[number].head)
            berth_http_reader_answers_head(&reader);
        bool last = false;
        int status = read_answer(&reader, &bytes, &size, &last);
        if (status == 0)
            return;
        if (status == 101) {
            check_frames(bytes, size);
            return;
        }
        answers += status != 100;
        BERTH_ASSERT(answers <= caller->asked + 1);
        if (last) {
            /* What is said of a connection, before anything was asked on it, has a body: one who
             * asked for a head alone does not look at it. */
            BERTH_ASSERT(size == 0 || (asked && requests[number].head));
            return;
        }
        if (asked && requests[number].upgrade && caller->raw)
            return; /* refused, and behind it stood who knows what */
    }
}

/* -- One input --------------------------------------------------------------------------------- */

static struct berth_net_sim_options network_of(uint8_t bits, uint8_t seed) {
    return (struct berth_net_sim_options){
        .seed = seed,
        .short_reads = bits & NETWORK_SHORT_READS,
        .short_writes = bits & NETWORK_SHORT_WRITES,
        .window = bits & NETWORK_SMALL ? 600 : 0,
        .delay_max_ms = bits & NETWORK_SLOW ? 20 : 0,
        .resets_per_million = bits & NETWORK_RESETS ? 20000 : 0,
    };
}

static void init_server(struct stage *stage, uint8_t bits) {
    stage_init(stage);
    if (bits & SERVER_TOKEN)
        stage->options.token = "the-token";
    if (bits & SERVER_TEAM)
        stage->loops = 3;
    if (!(bits & SERVER_NO_FILES))
        stage->options.static_dir = folder;
    if (bits & (SERVER_SHARED | SERVER_OWN))
        stage->options.compression =
            bits & SERVER_OWN ? BERTH_COMPRESSION_OWN : BERTH_COMPRESSION_SHARED;
    stage->options.compression_min = 126;
    if (!(bits & SERVER_SMALL_LIMITS))
        return;
    struct berth_limits *limits = &stage->options.limits;
    limits->head_size = 1024;
    limits->head_fields = 8;
    limits->body_size = 4;
    limits->message_size = 4096;
    limits->message_fragments = 3;
    limits->send_queue_size = 65536;
    limits->connections = 2;
}

/* Nobody does anything any more: whatever the clients have left open, every connection has a
 * deadline, and after some time there is none. What is still under way may need its time: two
 * megabytes through a small window. */
static void be_silent(struct play *play) {
    static const uint64_t half_an_hour_ms = 30 * 60 * 1000;
    stage_run_for(&play->stage, half_an_hour_ms);
    BERTH_ASSERT(berth_team_conn_count(play->stage.server->team) == 0);
}

/* Clients that go, and clients that stay and must be waited for. */
static void end(struct play *play) {
    if (play->end & END_CLIENTS_FIRST)
        for (size_t i = 0; i < CLIENTS; i++)
            visitor_cut(&play->callers[i].client);
    if (play->end & END_CLIENTS_STAY)
        for (size_t i = 0; i < CLIENTS; i++)
            play->callers[i].client.stays = true;
    if (!(play->end & END_AT_ONCE))
        be_silent(play);
    if (play->drain_begun || !(play->end & END_WITHOUT_DRAIN))
        stage_drain(&play->stage);
    stage_close(&play->stage);
    for (size_t i = 0; i < CLIENTS; i++) {
        struct caller *caller = &play->callers[i];
        BERTH_ASSERT(!caller->dialled || caller->client.closed);
        check_heard(caller);
        visitor_hang_up(&caller->client);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct play play;
    if (size < HEAD_SIZE)
        return 0;
    play = (struct play){.script = {(const char *)data + HEAD_SIZE, size - HEAD_SIZE},
                         .budget = BYTES_MAX,
                         .end = data[HEAD_END]};
    struct berth_net_sim_options network = network_of(data[HEAD_NETWORK], data[HEAD_SEED]);
    init_server(&play.stage, data[HEAD_SERVER]);
    BERTH_ASSERT(stage_open(&play.stage, &network) == 0);
    for (int actions = 0; actions < ACTIONS_MAX && play.script.size > 0; actions++)
        act(&play);
    end(&play);
    return 0;
}

/* -- Files ------------------------------------------------------------------------------------- */

static void write_file(const char *name, size_t size) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    BERTH_ASSERT(file != NULL);
    BERTH_ASSERT(fwrite(pattern, 1, size, file) == size);
    BERTH_ASSERT(fclose(file) == 0);
}

static void remove_folder(void) {
    static const char *const names[] = {"small.txt", "large.bin", "folder/index.html", "folder"};
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)remove(path);
    }
    (void)rmdir(folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    char path[128];
    memset(pattern, 'x', sizeof pattern);
    BERTH_ASSERT(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/folder", folder);
    BERTH_ASSERT(mkdir(path, 0700) == 0);
    write_file("small.txt", 100);
    write_file("large.bin", LARGE_FILE);
    write_file("folder/index.html", 10);
    return atexit(remove_folder);
}
