/* An app that serves itself: a port that is always free, published and proved, and WebSocket routes
 * whose messages are yours.
 *
 *     static void on_message(void *owner, struct berth_ws *ws, bool text, const void *data,
 *                            size_t size) {
 *         berth_ws_send(ws, text, data, size);
 *     }
 *     static const struct berth_ws_handler handler = {.on_message = on_message};
 *     struct berth_app_route route = {.path = "/client-ws", .handler = &handler};
 *     struct berth_app_options options = {
 *         .app = "assistant", .routes = &route, .route_count = 1, .catch_signals = true};
 *     struct berth_app *app;
 *     int error = berth_app_create(&options, &app);
 *     if (error == 0)
 *         error = berth_app_run(app);
 *     berth_app_destroy(app);
 *
 * It is the same server as `berth serve`, with the same settings: what the options leave out is
 * taken from the environment (BERTH_PORT…), from the configuration file where one is named, else
 * from the defaults of docs/configuration.md. Frontends find it by its name (find.h, `berth find`,
 * `connect({app})`).
 *
 * Shape:   create takes the port and publishes that the app is starting; run publishes that it is
 *          ready, serves until berth_app_stop (or a signal), closes connections with 1001 and takes
 *          back what was published. Handlers are called in the thread that runs, one at a time,
 *          unless the option `threads` says otherwise; no handler is called from inside a call to
 *          these functions
 * Units:   bytes
 * Owns:    the options and all they point to are loans until destroy. A struct berth_ws lives from
 *          its on_open to the return of its on_close, and longer for who keeps it; message bytes
 *          are loans for the call
 * Errors:  berth_app_create: BERTH_E_INVALID (a setting is wrong: the log says which, why, and how
 *          to mend it), BERTH_E_NO_PORT, BERTH_E_RUNNING (INSTANCE is single, and another one
 *          runs), BERTH_E_SYSTEM, BERTH_E_MEMORY. berth_app_run: 0 after a stop; BERTH_E_RUNNING
 *          when another instance has taken over, BERTH_E_CLOSED when a second signal cut it short
 * Limits:  those of docs/configuration.md (LIMITS); 64 routes; BERTH_APP_INBOX_MAX bytes that
 *          other threads have sent and the one that serves has not taken yet
 * Threads: berth_ws_send, berth_ws_close, berth_ws_keep, berth_ws_release and berth_app_stop may
 *          be called from any thread, what is about a connection from its handlers; everything
 *          else from the thread that created the app
 * Source:  RFC 6455
 * Proof:   src/app/app_test.c, tests/e2e/library.test.js
 */
#ifndef BERTH_SERVER_H
#define BERTH_SERVER_H

#include "berth/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BERTH_APP_INBOX_MAX ((size_t)64 * 1024 * 1024)

/* The port that the options say nothing of, and the one that the system chooses. */
#define BERTH_APP_PORT_USUAL 0
#define BERTH_APP_PORT_ANY (-1)

#define BERTH_APP_THREADS_CONFIGURED (-1)

struct berth_app;
struct berth_ws;

/* What is told of the connections of a route. Any of them may be NULL. */
struct berth_ws_handler {
    /* A client wants to connect; `query` is what stood behind the question mark. 0 lets it in; an
     * HTTP status (403, 503…) refuses it, and nothing more is told of it. */
    int (*on_open)(void *owner, struct berth_ws *ws, const char *query, size_t query_size);

    /* A whole message; of text, checked UTF-8. */
    void (*on_message)(void *owner, struct berth_ws *ws, bool text, const void *data, size_t size);

    /* The connection is over: the client's close code, 1005 when it gave none, 1006 when it broke.
     */
    void (*on_close)(void *owner, struct berth_ws *ws, uint16_t code);
};

/* What is done with a client that reads more slowly than the program sends to it. */
enum berth_app_slow {
    BERTH_APP_SLOW_CLOSE,        /* it is closed with 4408 when its queue is full */
    BERTH_APP_SLOW_DROP_OLDEST,  /* it misses the oldest messages that wait for it */
    BERTH_APP_SLOW_PAUSE_WRITER, /* the client whose message is being answered waits for it */
};

struct berth_app_route {
    const char *path; /* "/client-ws" */
    const struct berth_ws_handler *handler;
    void *owner; /* given to the handler's functions */
    enum berth_app_slow slow;
};

enum berth_app_log_level {
    BERTH_APP_LOG_DEBUG,
    BERTH_APP_LOG_INFO,
    BERTH_APP_LOG_WARNING,
    BERTH_APP_LOG_ERROR,
};

/* Zeroed, everything is as the environment and the defaults have it. */
struct berth_app_options {
    const char *app;        /* its name; NULL for that of the current folder */
    const char *conf;       /* a configuration file, "conf.yaml"; NULL for none */
    const char *host;       /* "127.0.0.1"; NULL for both loopbacks */
    int32_t port;           /* 1 to 65535, or one of the two above */
    const char *static_dir; /* what /static/ serves; NULL for nothing, or what the file says */
    const char *port_file;  /* where to write the port; NULL for server_port.txt beside the file */
    const struct berth_app_route *routes;
    size_t route_count;

    /* How many threads serve connections. 0 is one, the one that runs: no handler is ever called
     * while another is. With more, and with BERTH_APP_THREADS_CONFIGURED (as THREADS says), each
     * connection has its thread, and handlers of different connections are called at the same
     * time: what they share is theirs to lock. */
    int32_t threads;
    bool catch_signals; /* SIGINT, SIGTERM and SIGHUP stop it; a second one at once */

    /* Any of them may be NULL. `event` is a stable name ("port.passed_over"), `text` a sentence;
     * on_log is called from every thread that serves, one at a time. */
    void (*on_log)(void *owner, enum berth_app_log_level level, const char *event,
                   const char *text);
    void (*on_ready)(void *owner, struct berth_app *app);
    void *owner;
};

int berth_app_create(const struct berth_app_options *options, struct berth_app **ret_app);

/* Serves until it is stopped. Once. */
int berth_app_run(struct berth_app *app);

/* Has run return, when all connections are closed. Twice is once. */
void berth_app_stop(struct berth_app *app);

/* Not while it runs, and when nothing of it is kept any more. NULL is welcome. */
void berth_app_destroy(struct berth_app *app);

/* The one that it has. */
uint16_t berth_app_port(const struct berth_app *app);

/* "http://127.0.0.1:1018"; the app's. */
const char *berth_app_url(const struct berth_app *app);

/* -- Connections ------------------------------------------------------------------------------- */

/* Sends one message; in order for each thread. Errors: BERTH_E_CLOSED when the connection is over
 * or ending; BERTH_E_FULL when it is, by the route's policy, too slow, or when other threads have
 * sent more than the app can take: try again later; BERTH_E_MEMORY. From another thread, 0 says
 * that the message will be sent if the connection lasts. */
int berth_ws_send(struct berth_ws *ws, bool text, const void *data, size_t size);

/* Begins the closing handshake; on_close follows. `reason` is a short text, or NULL. */
void berth_ws_close(struct berth_ws *ws, uint16_t code, const char *reason);

/* Keeps it in memory past its on_close, for another thread or for later; each keep needs one
 * release. Keep it in a handler, before another thread has it. */
void berth_ws_keep(struct berth_ws *ws);
void berth_ws_release(struct berth_ws *ws);

/* What the program wants to remember of a connection. From its handlers. */
void berth_ws_set_data(struct berth_ws *ws, void *data);
void *berth_ws_data(const struct berth_ws *ws);

#endif
