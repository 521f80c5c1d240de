#include "base/utf8.h"
#include "berth/client.h"
#include "berth/error.h"
#include "cli/attempts.h"
#include "cli/complain.h"
#include "cli/seek.h"
#include "cli/stdin.h"
#include "net/net.h"
#include "sys/process.h"

#include <signal.h>
#include <stdio.h>

#define LINGER_MS 1000 /* for the answers to what a pipe or a file has said */

enum connect_state {
    CONNECT_RUNNING,
    CONNECT_LINGERING, /* the input has ended; answers may still come */
    CONNECT_CLOSING,   /* on_closed is to come */
};

struct connect {
    enum connect_state state;
    enum berth_exit status;
    struct berth_net *net;
    struct berth_client *client;
    struct berth_stdin *input;
    struct berth_net_timer *linger;
    struct berth_net_signal *signals[2];
    struct berth_client_options options;
    uint64_t linger_ms;
    bool open;
    bool opened_once;
};

static void close_client(struct connect *connect) {
    if (connect->state == CONNECT_CLOSING)
        return;
    connect->state = CONNECT_CLOSING;
    berth_client_close(connect->client);
}

/* -- What the server does ---------------------------------------------------------------------- */

/* The time for answers begins when there is somebody who may answer. */
static void linger(struct connect *connect) {
    if (connect->state == CONNECT_LINGERING && connect->open)
        berth_net_timer_start(connect->linger, connect->linger_ms);
}

static void on_open(void *owner, const struct berth_found *found) {
    struct connect *connect = owner;
    connect->open = true;
    connect->opened_once = true;
    fprintf(stderr, "connected to %s at %s (%s)\n", found->app, found->http_url,
            berth_attempts_verdict_name(found->verdict));
    linger(connect);
}

static void on_message(void *owner, bool text, const void *data, size_t size) {
    struct connect *connect = owner;
    if (text) {
        fwrite(data, 1, size, stdout);
        putchar('\n');
    } else {
        printf("[binary message of %zu bytes]\n", size);
    }
    if (fflush(stdout) != 0) { /* nobody reads us any more */
        connect->status = BERTH_EXIT_FAILED;
        close_client(connect);
    }
}

static void on_lost(void *owner, uint16_t code) {
    struct connect *connect = owner;
    bool by_us = connect->state == CONNECT_CLOSING;
    connect->open = false;
    if (!by_us && connect->options.once && code != 1000 && code != 1001)
        connect->status = BERTH_EXIT_FAILED;
    if (!by_us)
        fprintf(stderr, "the connection is gone (%u)%s\n", (unsigned)code,
                connect->options.once ? "" : ": looking for the server again");
}

static void on_moved(void *owner, const struct berth_found *from, const struct berth_found *to) {
    (void)owner;
    fprintf(stderr, "it has moved: from %s, instance %.8s, to %s, instance %.8s\n", from->http_url,
            from->instance, to->http_url, to->instance);
}

static void on_closed(void *owner) {
    struct connect *connect = owner;
    connect->client = NULL;
    if (connect->state != CONNECT_CLOSING && !connect->opened_once) {
        fprintf(stderr, "berth: the server was found, and its WebSocket could not be opened: see "
                        "berth doctor\n");
        connect->status = BERTH_EXIT_FAILED;
    }
    connect->state = CONNECT_CLOSING;
    berth_net_stop(connect->net);
}

static const struct berth_client_events client_events = {on_open, on_message, on_lost, on_moved,
                                                         on_closed};

static void on_find_event(void *owner, const struct berth_find_event *event) {
    (void)owner;
    char memory[1024];
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    berth_attempts_write_event(event, &out);
    fwrite(memory, 1, out.size, stderr);
}

/* -- What the user does ------------------------------------------------------------------------ */

/* False leaves the line for later: the queue is full. What is no UTF-8 cannot be text. */
static bool on_line(void *owner, struct berth_view line) {
    struct connect *connect = owner;
    if (connect->state != CONNECT_RUNNING)
        return true;
    return berth_client_send(connect->client, berth_utf8_valid(line), line.data, line.size) !=
           BERTH_E_FULL;
}

static void on_input_end(void *owner, int error) {
    struct connect *connect = owner;
    if (connect->state != CONNECT_RUNNING)
        return;
    if (error < 0) {
        fprintf(stderr, "berth: a line of more than %d bytes cannot be sent\n",
                BERTH_STDIN_LINE_MAX);
        connect->status = BERTH_EXIT_FAILED;
    }
    connect->state = CONNECT_LINGERING;
    linger(connect);
}

static void on_lingered(void *owner) { close_client(owner); }

/* A second one ends at once. */
static void on_signal(void *owner, int number) {
    struct connect *connect = owner;
    (void)number;
    if (connect->state == CONNECT_CLOSING)
        berth_net_stop(connect->net);
    close_client(connect);
}

/* -- The run ----------------------------------------------------------------------------------- */

static int begin(struct connect *connect) {
    static const struct berth_stdin_events input_events = {on_line, on_input_end};
    static const int numbers[2] = {SIGINT, SIGTERM};
    int error = berth_net_create(&connect->net);
    if (error == 0)
        error = berth_net_timer_create(connect->net, on_lingered, connect, &connect->linger);
    for (size_t i = 0; error == 0 && i < 2; i++)
        error = berth_net_signal_create(connect->net, numbers[i], on_signal, connect,
                                        &connect->signals[i]);
    if (error == 0)
        error = berth_client_create(connect->net, &connect->options, connect, &connect->client);
    if (error == 0)
        error = berth_stdin_create(connect->net, &input_events, connect, &connect->input);
    return error;
}

static void finish(struct connect *connect) {
    berth_stdin_destroy(connect->input);
    berth_net_timer_destroy(connect->linger);
    for (size_t i = 0; i < 2; i++)
        berth_net_signal_destroy(connect->signals[i]);
    berth_net_destroy(connect->net);
}

/* What was found once is what is talked to: the client looks again by itself. */
static enum berth_exit run(struct connect *connect) {
    int error = begin(connect);
    if (error == 0)
        error = berth_net_run(connect->net);
    if (error < 0)
        fprintf(stderr, "berth: %s\n", berth_error_text(error));
    finish(connect);
    return error < 0 ? BERTH_EXIT_FAILED : connect->status;
}

/* -- The command line -------------------------------------------------------------------------- */

/* "2", "0.5": seconds. */
static int read_seconds(const char *text, uint64_t *ret_ms) {
    struct berth_view rest;
    struct berth_view whole = berth_view_cut(berth_view_of(text), '.', &rest);
    uint64_t seconds;
    uint64_t part = 0;
    if (berth_view_number(whole, 86400, &seconds) < 0 || rest.size > 3 ||
        (rest.size > 0 && berth_view_number(rest, 999, &part) < 0))
        return BERTH_E_INVALID;
    for (size_t digits = rest.size; digits < 3; digits++)
        part *= 10;
    *ret_ms = seconds * 1000 + part;
    return 0;
}

static enum berth_exit connect_to(struct berth_seek *seek, const struct berth_args *args,
                                  uint64_t linger_ms) {
    static struct connect connect;
    struct berth_found found;
    if (args->options[BERTH_OPTION_EVENTS] != NULL)
        seek->find.on_event = on_find_event;
    int error = berth_find(&seek->find, &found);
    if (error < 0)
        return berth_seek_complain(seek, error);
    const char *path = args->options[BERTH_OPTION_PATH];
    if (path == NULL && seek->path[0] != '\0')
        path = seek->path;
    if (path == NULL && found.ws_url[0] == '\0') {
        fprintf(stderr, "berth: %s publishes no WebSocket: name its path with --path\n", found.app);
        return BERTH_EXIT_FAILED;
    }
    connect = (struct connect){
        .options = {.find = seek->find,
                    .events = &client_events,
                    .path = path,
                    .once = args->options[BERTH_OPTION_ONCE] != NULL},
        .linger_ms = linger_ms,
    };
    return run(&connect);
}

enum berth_exit berth_command_connect(const struct berth_args *args) {
    static struct berth_seek seek;
    const char *linger = args->options[BERTH_OPTION_LINGER];
    const char *path = args->options[BERTH_OPTION_PATH];
    uint64_t linger_ms = berth_sys_is_terminal(0) ? 0 : LINGER_MS;
    if (linger != NULL && read_seconds(linger, &linger_ms) < 0)
        return berth_complain(BERTH_VIEW("--linger: write a number of seconds, as 2 or 0.5"));
    if (path != NULL && path[0] != '/')
        return berth_complain(BERTH_VIEW("--path: a path begins with a slash"));
    enum berth_exit status = berth_seek_begin(&seek, args, args->operand);
    if (status == BERTH_EXIT_DONE)
        status = connect_to(&seek, args, linger_ms);
    berth_seek_end(&seek);
    return status;
}
