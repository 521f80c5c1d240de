#include "app/serve.h"
#include "app/serve_port.h"
#include "cli/banner.h"
#include "cli/complain.h"
#include "cli/ready.h"
#include "cli/session.h"

#include "berth/error.h"

#include <fcntl.h>

/* The descriptor of --ready-fd; false when it is none that we could write to. The log's and the
 * results' own are not given away. */
static bool parse_ready_fd(const char *text, int *ret_descriptor) {
    uint64_t number;
    if (text == NULL) {
        *ret_descriptor = -1;
        return true;
    }
    if (berth_view_number(berth_view_of(text), INT32_MAX, &number) < 0 || number < 3 ||
        fcntl((int)number, F_GETFD) < 0)
        return false;
    *ret_descriptor = (int)number;
    return true;
}

/* -- What is said ------------------------------------------------------------------------------ */

/* A start, as it was asked for. */
struct start {
    struct berth_session *session;
    bool strict_port;
    bool print_ready; /* a ready line on stdout */
    int ready_fd;     /* where to say that we are ready; -1 for nowhere */
};

static void log_banner(const struct start *start, const struct berth_serve *serve) {
    struct berth_banner banner = {
        .host = serve->host,
        .port = serve->options.port,
        .requested_port = serve->requested_port,
        .ws_path = berth_serve_main_route(serve),
        .serves_static = serve->options.static_dir != NULL,
        .why = serve->why[0] != '\0' ? serve->why : NULL,
    };
    berth_banner_log(&banner, &start->session->log);
}

static void notify_ready(const struct berth_serve *serve) {
    char memory[256];
    struct berth_writer lines = berth_writer_on(memory, sizeof memory);
    berth_writer_text(&lines, "READY=1\nSTATUS=Serving on ");
    berth_banner_url("http", serve->host, serve->options.port, "", &lines);
    berth_ready_notify(berth_writer_result(&lines), serve->log);
}

static void on_ready(void *owner, const struct berth_serve *serve) {
    static char line[BERTH_ENDPOINT_MAX];
    struct start *start = owner;
    log_banner(start, serve);
    if (start->print_ready) {
        struct berth_writer out = berth_writer_on(line, sizeof line);
        berth_endpoint_write(&serve->parts.publication->endpoint, BERTH_ENDPOINT_READY_LINE, &out);
        berth_writer_char(&out, '\n');
        berth_ready_print(berth_writer_result(&out), serve->log);
    }
    if (start->ready_fd >= 0)
        berth_ready_signal(start->ready_fd, serve->log);
    notify_ready(serve);
}

static void on_draining(void *owner) {
    struct start *start = owner;
    berth_ready_notify(BERTH_VIEW("STOPPING=1\nSTATUS=Closing connections"),
                       &start->session->log.log);
}

/* -- Serving ----------------------------------------------------------------------------------- */

static enum berth_exit exit_of(int error) {
    switch (error) {
    case 0:
        return BERTH_EXIT_DONE;
    case BERTH_E_NO_PORT:
        return BERTH_EXIT_NO_PORT;
    case BERTH_E_RUNNING:
        return BERTH_EXIT_RUNNING;
    default:
        return BERTH_EXIT_FAILED;
    }
}

static enum berth_exit serve_on(const struct berth_serve_parts *parts) {
    static struct berth_serve serve;
    int error = berth_serve_begin(&serve, parts);
    if (error == 0)
        error = berth_serve_run(&serve);
    berth_serve_end(&serve);
    return error == 0 ? BERTH_EXIT_DONE : BERTH_EXIT_FAILED;
}

static enum berth_exit serve_claimed(struct start *start, const struct berth_claim *claim) {
    static const struct berth_serve_events events = {on_ready, on_draining};
    static struct berth_publication publication;
    const struct berth_config *config = &start->session->config;
    const struct berth_log *log = &start->session->log.log;
    int error = berth_publication_begin(&publication, config, log);
    if (error < 0) {
        berth_log_write(log, BERTH_LOG_ERROR, "serve.failed",
                        "The system gives no random bytes: %s", berth_error_text(error));
        return BERTH_EXIT_FAILED;
    }
    struct berth_port port;
    error = berth_serve_port(config, start->strict_port, log, &port);
    struct berth_serve_parts parts = {
        .config = config,
        .log = log,
        .claim = claim,
        .publication = &publication,
        .port = &port,
        .catch_signals = true,
        .events = &events,
        .owner = start,
    };
    enum berth_exit status = error == 0 ? serve_on(&parts) : exit_of(error);
    berth_port_release(&port);
    return status;
}

/* Another instance serves: its ready line stands for ours. */
static enum berth_exit attach(const struct start *start, const struct berth_running *running) {
    static char memory[BERTH_ENDPOINT_MAX + 64];
    const struct berth_log *log = &start->session->log.log;
    struct berth_writer line = berth_writer_on(memory, sizeof memory);
    berth_running_write_ready(running, &line);
    berth_log_write(log, BERTH_LOG_INFO, "serve.attached",
                    "%s is running already: %s (pid %u); that one is used", running->app,
                    running->http_url, (unsigned)running->pid);
    berth_ready_print(berth_writer_result(&line), log);
    if (start->ready_fd >= 0)
        berth_ready_signal(start->ready_fd, log);
    return BERTH_EXIT_DONE;
}

static enum berth_exit serve_configured(struct start *start) {
    struct berth_session *session = start->session;
    berth_session_report(session);
    if (session->config.error_count > 0)
        return BERTH_EXIT_USAGE;
    struct berth_claim claim;
    enum berth_exit status = exit_of(berth_claim_make(&session->config, &session->log.log, &claim));
    if (status == BERTH_EXIT_DONE)
        status =
            claim.running != NULL ? attach(start, claim.running) : serve_claimed(start, &claim);
    berth_claim_release(&claim);
    return status;
}

enum berth_exit berth_command_serve(const struct berth_args *args) {
    static struct berth_session session;
    struct start start = {
        .session = &session,
        .strict_port = args->options[BERTH_OPTION_STRICT_PORT] != NULL,
        .print_ready = args->options[BERTH_OPTION_JSON] != NULL,
    };
    if (!parse_ready_fd(args->options[BERTH_OPTION_READY_FD], &start.ready_fd))
        return berth_complain(BERTH_VIEW("--ready-fd: write the number of an open descriptor, 3 or "
                                         "higher"));
    enum berth_exit status = berth_session_begin(&session, args);
    if (status != BERTH_EXIT_DONE)
        return status;
    status = serve_configured(&start);
    berth_session_end(&session);
    return status;
}
