/* The torture test's native client: looks for its app all the time, and says what it sees.
 *
 *     torture_client APP PORT_FILE PATH FIRST COUNT
 *
 * What it is told on stdin, and what it says on stdout, is in client.js. Times are those of the
 * monotonic clock, which the driver shares.
 */
#include "berth/client.h"
#include "base/json.h"
#include "find/client_internal.h"
#include "find/search.h"
#include "net/net.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 10       /* how often stdin is looked at */
#define MESSAGE_TICKS 25 /* a message of our own as often */
#define HEARTBEAT_MS 1000
#define FIND_MS 2000
#define TEXT_SIZE 96
#define SENT_MAX 64 /* messages that are on their way; no more are sent then */
#define LINE_SIZE 1024

enum talk_state {
    TALK_SEEKING,
    TALK_GREETING, /* connected, the first message is on its way */
    TALK_OPEN,     /* it has come back */
};

struct talk {
    struct berth_net *net;
    struct berth_net_timer *timer;
    struct berth_client_options options;
    struct session *session; /* the one of the moment; those before it are closing */
    struct berth_search *search;
    double search_since;
    double proved_at; /* the last search ended; the connection began after that */
    unsigned session_count;
    bool over; /* stdin has ended */
    enum talk_state state;
    struct berth_found found;
    unsigned number;
    unsigned ticks;
    char sent[SENT_MAX][TEXT_SIZE]; /* from `first` on, round and round */
    size_t sent_first;
    size_t sent_count;
    char asked[TEXT_SIZE]; /* what the driver wants to hear of; empty for nothing */
    unsigned tries[BERTH_FIND_MOVED + 1];
    char input[4096];
    size_t input_size;
};

/* One client, from its creation to on_closed. */
struct session {
    struct talk *talk;
    struct berth_client *client;
};

/* -- Saying ------------------------------------------------------------------------------------ */

static double now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* The beginning of a line: {"event":…,"at":… */
static void begin(const char *event) { printf("{\"event\":\"%s\",\"at\":%.3f", event, now_ms()); }

static void field(const char *key, const char *text, size_t size) {
    char memory[6 * TEXT_SIZE];
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    struct berth_json json = berth_json_on(&out);
    berth_json_string(&json, berth_view_bytes(text, size));
    printf(",\"%s\":%.*s", key, BERTH_VIEW_ARG(berth_writer_result(&out)));
}

static void end(void) {
    printf("}\n");
    fflush(stdout);
}

static void say(const char *event) {
    begin(event);
    end();
}

static void say_endpoint(const char *event, const struct berth_found *found) {
    begin(event);
    field("instance", found->instance, strlen(found->instance));
    printf(",\"port\":%u", found->port);
}

/* Seen from inside the client: which question the connection's peer has answered on it. */
static void say_connection(const struct talk *talk) {
    static const char *const verdicts[] = {"any", "named", "pinned", "proved"};
    const struct berth_client_conn *conn = &talk->session->client->conn;
    const char *verdict = verdicts[talk->found.verdict];
    bool proved = conn->question.least == BERTH_VERDICT_PROVED;
    begin("upgraded");
    field("verdict", verdict, strlen(verdict));
    field("instance", talk->found.instance, strlen(talk->found.instance));
    printf(",\"began\":%.3f,\"local\":%u,\"remote\":%u,\"proved\":%s", talk->proved_at,
           berth_net_stream_local(conn->stream).port, berth_net_stream_remote(conn->stream).port,
           proved ? "true" : "false");
    end();
}

static void say_tries(struct talk *talk) {
    static const char *const names[] = {"candidate", "refused",   "timeout", "stranger", "starting",
                                        "proved",    "connected", "lost",    "moved"};
    begin("tries");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (talk->tries[i] > 0)
            printf(",\"%s\":%u", names[i], talk->tries[i]);
    }
    end();
    memset(talk->tries, 0, sizeof talk->tries);
}

/* -- Messages ---------------------------------------------------------------------------------- */

static void send_text(struct talk *talk, const char *text) {
    if (talk->state == TALK_SEEKING || talk->sent_count == SENT_MAX)
        return;
    char *place = talk->sent[(talk->sent_first + talk->sent_count++) % SENT_MAX];
    snprintf(place, TEXT_SIZE, "%s", text);
    if (berth_client_send(talk->session->client, true, place, strlen(place)) < 0)
        talk->sent_count--;
}

static void send_numbered(struct talk *talk, const char *word) {
    char text[TEXT_SIZE];
    snprintf(text, sizeof text, "%s %d %u", word, (int)getpid(), ++talk->number);
    send_text(talk, text);
}

static void forget(struct talk *talk) {
    talk->state = TALK_SEEKING;
    talk->sent_count = 0;
}

static bool is_first(const struct talk *talk, const char *data, size_t size) {
    const char *first = talk->sent[talk->sent_first];
    return talk->sent_count > 0 && size == strlen(first) && memcmp(first, data, size) == 0;
}

/* Written to a connection that broke before it left: the client library sends it first thing over
 * the next one. */
static bool is_left_over(const struct talk *talk, const char *data, size_t size) {
    char word[TEXT_SIZE];
    int length = snprintf(word, sizeof word, "message %d ", (int)getpid());
    return talk->state == TALK_GREETING && size > (size_t)length &&
           memcmp(data, word, (size_t)length) == 0;
}

static void on_message(void *owner, bool text, const void *data, size_t size) {
    struct session *session = owner;
    struct talk *talk = session->talk;
    if (session != talk->session || is_left_over(talk, data, size))
        return;
    if (!text || !is_first(talk, data, size)) {
        const char *first = talk->sent_count > 0 ? talk->sent[talk->sent_first] : "";
        begin("garbled");
        field("sent", first, strlen(first));
        field("came", data, size < TEXT_SIZE ? size : TEXT_SIZE);
        end();
    }
    if (talk->sent_count > 0) {
        talk->sent_first = (talk->sent_first + 1) % SENT_MAX;
        talk->sent_count--;
    }
    if (talk->state == TALK_GREETING) {
        say_endpoint("open", &talk->found);
        end();
        say_tries(talk);
    }
    talk->state = TALK_OPEN;
    if (size > 0 && size == strlen(talk->asked) && memcmp(talk->asked, data, size) == 0) {
        begin("echo");
        field("text", talk->asked, size);
        end();
        talk->asked[0] = '\0';
    }
}

/* -- The connection's life --------------------------------------------------------------------- */

static void on_open(void *owner, const struct berth_found *found) {
    struct session *session = owner;
    struct talk *talk = session->talk;
    if (session != talk->session)
        return;
    talk->found = *found;
    say_connection(talk);
    talk->state = TALK_GREETING;
    send_numbered(talk, "hello");
}

static void on_lost(void *owner, uint16_t code) {
    struct session *session = owner;
    struct talk *talk = session->talk;
    if (session != talk->session)
        return;
    bool was_open = talk->state == TALK_OPEN;
    forget(talk);
    if (!was_open)
        return;
    begin("lost");
    printf(",\"code\":%u", code);
    end();
}

static void on_closed(void *owner) {
    struct session *session = owner;
    struct talk *talk = session->talk;
    free(session);
    if (--talk->session_count == 0 && talk->over)
        berth_net_stop(talk->net);
}

static void on_event(void *owner, const struct berth_find_event *event) {
    struct talk *talk = owner;
    talk->tries[event->type]++;
    if (event->type == BERTH_FIND_PROVED)
        talk->proved_at = now_ms();
}

static int begin_session(struct talk *talk) {
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return BERTH_E_MEMORY;
    session->talk = talk;
    int error = berth_client_create(talk->net, &talk->options, session, &session->client);
    if (error < 0) {
        free(session);
        return error;
    }
    talk->session = session;
    talk->session_count++;
    return 0;
}

/* -- What we are told -------------------------------------------------------------------------- */

static void look_again(struct talk *talk) {
    berth_client_close(talk->session->client);
    forget(talk);
    say("again");
    if (begin_session(talk) < 0)
        abort();
}

static void on_found(void *owner, int error, const struct berth_found *found) {
    struct talk *talk = owner;
    talk->search = NULL;
    if (error == 0) {
        say_endpoint("found", found);
    } else {
        begin("missing");
        printf(",\"error\":%d", error);
    }
    printf(",\"since\":%.3f", talk->search_since);
    end();
}

static void find_beside(struct talk *talk) {
    if (talk->search != NULL)
        return;
    struct berth_find_options options = talk->options.find;
    options.deadline_ms = FIND_MS;
    options.on_event = NULL;
    static struct berth_find_options kept; /* a loan until the search's end */
    kept = options;
    talk->search_since = now_ms();
    if (berth_search_start(talk->net, &kept, on_found, talk, &talk->search) < 0)
        abort();
}

static void obey(struct talk *talk, const char *line) {
    if (strcmp(line, "again") == 0) {
        look_again(talk);
    } else if (strcmp(line, "find") == 0) {
        find_beside(talk);
    } else if (strncmp(line, "say ", 4) == 0) {
        snprintf(talk->asked, sizeof talk->asked, "%s", line + 4);
        send_text(talk, talk->asked);
    }
}

static void obey_lines(struct talk *talk) {
    char *end_of_line;
    while ((end_of_line = memchr(talk->input, '\n', talk->input_size)) != NULL) {
        *end_of_line = '\0';
        obey(talk, talk->input);
        size_t used = (size_t)(end_of_line - talk->input) + 1;
        talk->input_size -= used;
        memmove(talk->input, talk->input + used, talk->input_size);
    }
}

static void finish(struct talk *talk) {
    talk->over = true;
    berth_search_cancel(talk->search);
    talk->search = NULL;
    berth_client_close(talk->session->client);
}

/* Looks at stdin, and sends a message when it is time for one. */
static void on_tick(void *owner) {
    struct talk *talk = owner;
    ssize_t size =
        read(STDIN_FILENO, talk->input + talk->input_size, sizeof talk->input - talk->input_size);
    if (size == 0) {
        finish(talk);
        return;
    }
    if (size > 0) {
        talk->input_size += (size_t)size;
        obey_lines(talk);
    }
    if (++talk->ticks % MESSAGE_TICKS == 0)
        send_numbered(talk, "message");
    berth_net_timer_start(talk->timer, TICK_MS);
}

/* -- The program ------------------------------------------------------------------------------- */

static const struct berth_client_events events = {
    .on_open = on_open,
    .on_message = on_message,
    .on_lost = on_lost,
    .on_closed = on_closed,
};

/* A number that is none is 0, the default. */
static uint16_t number_of(const char *text) {
    uint64_t number = 0;
    (void)berth_view_number(berth_view_of(text), UINT16_MAX, &number);
    return (uint16_t)number;
}

static struct berth_client_options options_of(struct talk *talk, char **argv) {
    return (struct berth_client_options){
        .find =
            {
                .app = argv[1],
                .port_file = argv[2],
                .range_first = number_of(argv[4]),
                .range_count = number_of(argv[5]),
                .on_event = on_event,
                .owner = talk,
            },
        .events = &events,
        .path = argv[3],
        .heartbeat_ms = HEARTBEAT_MS,
    };
}

int main(int argc, char **argv) {
    static struct talk talk;
    if (argc != 6) {
        fprintf(stderr, "usage: torture_client APP PORT_FILE PATH FIRST COUNT\n");
        return 2;
    }
    talk.options = options_of(&talk, argv);
    fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
    say("hello");
    int error = berth_net_create(&talk.net);
    if (error == 0)
        error = berth_net_timer_create(talk.net, on_tick, &talk, &talk.timer);
    if (error == 0)
        error = begin_session(&talk);
    if (error == 0) {
        berth_net_timer_start(talk.timer, TICK_MS);
        error = berth_net_run(talk.net);
    }
    berth_net_timer_destroy(talk.timer);
    berth_net_destroy(talk.net);
    if (error < 0)
        fprintf(stderr, "torture_client: %s\n", berth_error_text(error));
    return error < 0 ? 1 : 0;
}
