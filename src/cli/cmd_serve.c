#include "cli/complain.h"
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

static enum berth_exit serve_on(struct berth_session *session, struct berth_port *port,
                                int ready_fd, bool print_ready) {
    static struct berth_serve serve;
    enum berth_exit status = BERTH_EXIT_FAILED;
    if (berth_serve_begin(&serve, session, port) == 0)
        status = berth_serve_run(&serve, ready_fd, print_ready);
    berth_serve_end(&serve);
    return status;
}

static enum berth_exit serve_configured(struct berth_session *session,
                                        const struct berth_args *args, int ready_fd) {
    struct berth_port port;
    berth_session_report(session);
    if (session->config.error_count > 0)
        return BERTH_EXIT_USAGE;
    bool strict = args->options[BERTH_OPTION_STRICT_PORT] != NULL;
    int error = berth_serve_port(&session->config, strict, &session->log.log, &port);
    enum berth_exit status = BERTH_EXIT_FAILED;
    if (error == BERTH_E_NO_PORT)
        status = BERTH_EXIT_NO_PORT;
    else if (error == 0)
        status = serve_on(session, &port, ready_fd, args->options[BERTH_OPTION_JSON] != NULL);
    berth_port_release(&port);
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
