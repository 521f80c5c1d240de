#include "cli/complain.h"
#include "cli/ready.h"
#include "cli/serve.h"
#include "cli/serve_port.h"

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

static enum berth_exit serve_on(const struct berth_serve_parts *parts) {
    static struct berth_serve serve;
    enum berth_exit status = BERTH_EXIT_FAILED;
    if (berth_serve_begin(&serve, parts) == 0)
        status = berth_serve_run(&serve);
    berth_serve_end(&serve);
    return status;
}

static enum berth_exit serve_claimed(struct berth_serve_parts *parts, bool strict) {
    static struct berth_publication publication;
    struct berth_session *session = parts->session;
    struct berth_port port;
    int error = berth_publication_begin(&publication, session);
    if (error < 0) {
        berth_log_write(&session->log.log, BERTH_LOG_ERROR, "serve.failed",
                        "The system gives no random bytes: %s", berth_error_text(error));
        return BERTH_EXIT_FAILED;
    }
    error = berth_serve_port(&session->config, strict, &session->log.log, &port);
    parts->publication = &publication;
    parts->port = &port;
    enum berth_exit status = BERTH_EXIT_FAILED;
    if (error == BERTH_E_NO_PORT)
        status = BERTH_EXIT_NO_PORT;
    else if (error == 0)
        status = serve_on(parts);
    berth_port_release(&port);
    return status;
}

/* Another instance serves: its ready line stands for ours. */
static enum berth_exit attach(const struct berth_serve_parts *parts) {
    static char memory[BERTH_ENDPOINT_MAX + 64];
    const struct berth_running *running = parts->claim->running;
    const struct berth_log *log = &parts->session->log.log;
    struct berth_writer line = berth_writer_on(memory, sizeof memory);
    berth_running_write_ready(running, &line);
    berth_log_write(log, BERTH_LOG_INFO, "serve.attached",
                    "%s is running already: %s (pid %u); that one is used", running->app,
                    running->http_url, (unsigned)running->pid);
    berth_ready_print(berth_writer_result(&line), log);
    if (parts->ready_fd >= 0)
        berth_ready_signal(parts->ready_fd, log);
    return BERTH_EXIT_DONE;
}

static enum berth_exit serve_configured(struct berth_session *session,
                                        const struct berth_args *args, int ready_fd) {
    struct berth_claim claim;
    berth_session_report(session);
    if (session->config.error_count > 0)
        return BERTH_EXIT_USAGE;
    enum berth_exit status = berth_claim_make(session, &claim);
    struct berth_serve_parts parts = {
        .session = session,
        .claim = &claim,
        .print_ready = args->options[BERTH_OPTION_JSON] != NULL,
        .ready_fd = ready_fd,
    };
    if (status == BERTH_EXIT_DONE)
        status = claim.running != NULL
                     ? attach(&parts)
                     : serve_claimed(&parts, args->options[BERTH_OPTION_STRICT_PORT] != NULL);
    berth_claim_release(&claim);
    return status;
}

enum berth_exit berth_command_serve(const struct berth_args *args) {
    static struct berth_session session;
    int ready_fd;
    if (!parse_ready_fd(args->options[BERTH_OPTION_READY_FD], &ready_fd))
        return berth_complain(BERTH_VIEW("--ready-fd: write the number of an open descriptor, 3 or "
                                         "higher"));
    enum berth_exit status = berth_session_begin(&session, args);
    if (status != BERTH_EXIT_DONE)
        return status;
    status = serve_configured(&session, args, ready_fd);
    berth_session_end(&session);
    return status;
}
