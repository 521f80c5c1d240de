/* What a command needs from its surroundings: the configuration, read, and the log, set up by it.
 *
 *     static struct berth_session session;
 *     enum berth_exit status = berth_session_begin(&session, args);
 *     ...
 *     berth_session_end(&session);
 *
 * Shape:   begin reads; it does not judge: session.config.error_count is the caller's to look at
 * Owns:    the configuration, until end; args are a loan until then
 * Errors:  BERTH_EXIT_FAILED when memory is out or the current folder is gone (said on stderr)
 * Threads: one
 */
#ifndef BERTH_CLI_SESSION_H
#define BERTH_CLI_SESSION_H

#include "app/config.h"
#include "cli/command.h"
#include "cli/log.h"

struct berth_session {
    struct berth_config_context context;
    struct berth_config config;
    struct berth_cli_log log;
    char here[BERTH_CONFIG_VALUE_MAX];
};

enum berth_exit berth_session_begin(struct berth_session *session, const struct berth_args *args);
void berth_session_end(struct berth_session *session);

/* Hands the configuration's messages to the log. */
void berth_session_report(struct berth_session *session);

#endif
