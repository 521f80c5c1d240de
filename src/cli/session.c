#include "cli/session.h"

#include "backend/backend.h"
#include "berth/error.h"

#include <errno.h>
#include <unistd.h>

extern char **environ;

/* The log that the flags and variables ask for, even when the rest of the configuration is wrong:
 * whoever reads JSON wants to read the errors too. */
static void set_up_log(struct berth_session *session) {
    const struct berth_config_value *format = &session->config.values[BERTH_SETTING_LOG_FORMAT];
    const struct berth_config_value *level = &session->config.values[BERTH_SETTING_LOG_LEVEL];
    bool json = format->text != NULL && strcmp(format->text, "json") == 0;
    berth_cli_log_init(&session->log, stderr,
                       json ? BERTH_CLI_LOG_JSON : berth_cli_log_style_of_stderr(),
                       level->text != NULL ? (enum berth_log_level)level->number : BERTH_LOG_INFO);
}

static enum berth_exit fail(struct berth_session *session, const char *what) {
    berth_log_write(&session->log.log, BERTH_LOG_ERROR, "session.failed", "%s", what);
    berth_session_end(session);
    return BERTH_EXIT_FAILED;
}

enum berth_exit berth_session_begin(struct berth_session *session, const struct berth_args *args) {
    berth_config_init(&session->config, &session->context);
    set_up_log(session);
    if (getcwd(session->here, sizeof session->here) == NULL)
        return fail(session, errno == ENOENT ? "The current folder was deleted: go to another one"
                                             : "The current folder cannot be found out");
    session->context = (struct berth_config_context){(const char *const *)environ, session->here,
                                                     berth_backend_names()};
    int error = berth_config_load(&session->config, args->operand, args->settings);
    if (error < 0)
        return fail(session, berth_error_text(error));
    set_up_log(session);
    return BERTH_EXIT_DONE;
}

void berth_session_end(struct berth_session *session) { berth_config_finish(&session->config); }

void berth_session_report(struct berth_session *session) {
    const struct berth_config *config = &session->config;
    const struct berth_log *log = &session->log.log;
    for (size_t i = 0; i < config->message_count; i++) {
        const struct berth_config_message *message = &config->messages[i];
        berth_log_write(log, message->level, "config.message", "%s", message->text);
    }
    if (config->error_count >= BERTH_CONFIG_MESSAGES_MAX)
        berth_log_write(log, BERTH_LOG_ERROR, "config.message",
                        "There may be more errors: mend these first");
}
