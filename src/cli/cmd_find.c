#include "cli/attempts.h"
#include "cli/complain.h"
#include "cli/found.h"
#include "cli/progress.h"
#include "cli/session.h"

#include "berth/error.h"
#include "find/search.h"

#include <stdio.h>

enum print {
    PRINT_URL,
    PRINT_WS,
    PRINT_PORT,
    PRINT_JSON,
};

/* One run of the command. */
struct find {
    struct berth_session session;
    struct berth_find_options options;
    enum print print;
    bool show_events;
    struct berth_net *net;
    struct berth_progress *progress;
    struct berth_attempts attempts;
    bool done;
    int error;
    struct berth_found found;
};

static char memory[BERTH_ATTEMPTS_PAGE_MAX];

/* -- The command line -------------------------------------------------------------------------- */

/* The place of the text among the names, which end in NULL; -1 when it is none of them. */
static int choose(const char *text, const char *const *names) {
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(text, names[i]) == 0)
            return i;
    return -1;
}

/* "10" or "0.5", in milliseconds. */
static int parse_seconds(const char *text, uint32_t *ret_ms) {
    struct berth_view part;
    struct berth_view whole = berth_view_cut(berth_view_of(text), '.', &part);
    uint64_t seconds, tenths = 0;
    int error = berth_view_number(whole, 86400, &seconds);
    if (error == 0 && part.size > 0)
        error = berth_view_number(part, 9, &tenths);
    if (error == 0)
        *ret_ms = (uint32_t)(seconds * 1000 + tenths * 100);
    return error;
}

static enum berth_exit read_options(const struct berth_args *args, struct find *find) {
    static const char *const prints[] = {"url", "ws", "port", "json", NULL};
    static const char *const verdicts[] = {"", "named", "pinned", "proved", NULL};
    const char *print = args->options[BERTH_OPTION_PRINT];
    const char *least = args->options[BERTH_OPTION_LEAST];
    const char *wait = args->options[BERTH_OPTION_WAIT];
    int chosen = print != NULL ? choose(print, prints) : PRINT_URL;
    if (chosen < 0)
        return berth_complain(BERTH_VIEW("--print: write url, ws, port or json"));
    int verdict = least != NULL ? choose(least, verdicts) : BERTH_VERDICT_ANY;
    if (verdict < 0 || (least != NULL && verdict == BERTH_VERDICT_ANY))
        return berth_complain(BERTH_VIEW("--least: write proved, pinned or named"));
    if (wait != NULL && parse_seconds(wait, &find->options.deadline_ms) < 0)
        return berth_complain(
            BERTH_VIEW("--wait: write seconds, such as 10 or 0.5, at most 86400"));
    find->print = args->options[BERTH_OPTION_JSON] != NULL ? PRINT_JSON : (enum print)chosen;
    find->show_events = args->options[BERTH_OPTION_EVENTS] != NULL;
    find->options.least = (enum berth_verdict)verdict;
    find->options.url = args->options[BERTH_OPTION_URL];
    return BERTH_EXIT_DONE;
}

/* -- The configuration ------------------------------------------------------------------------- */

/* The range that the server would try, so that one without a record is found as well. */
static void set_range(const struct berth_config *config, struct berth_find_options *options) {
    uint64_t first = config->values[BERTH_SETTING_SERVER_PORT].number;
    uint64_t count = config->values[BERTH_SETTING_PORT_TRIES].number;
    if (first + count > UINT16_MAX)
        count = UINT16_MAX - first + 1;
    options->range_first = (uint16_t)first;
    options->range_count = first == 0 ? UINT16_MAX : (uint16_t)count;
}

static enum berth_exit configure(struct find *find) {
    const struct berth_config *config = &find->session.config;
    if (config->error_count > 0) {
        berth_session_report(&find->session);
        return BERTH_EXIT_USAGE;
    }
    if (config->path == NULL &&
        config->values[BERTH_SETTING_APP].place.source == BERTH_CONFIG_FROM_DEFAULT)
        return berth_complain(BERTH_VIEW("which app? Write berth find --app NAME, or name its "
                                         "conf.yaml: there is none in this folder"));
    find->options.app = config->values[BERTH_SETTING_APP].text;
    find->options.port_file = config->values[BERTH_SETTING_PORT_FILE].text;
    find->options.state_dir = config->values[BERTH_SETTING_STATE_DIR].text;
    set_range(config, &find->options);
    return BERTH_EXIT_DONE;
}

/* -- Looking ----------------------------------------------------------------------------------- */

static void show_event(const struct find *find, const struct berth_find_event *event) {
    char line[1024];
    struct berth_writer out = berth_writer_on(line, sizeof line);
    if (find->print == PRINT_JSON || find->session.log.style == BERTH_CLI_LOG_JSON)
        berth_attempts_write_event_json(event, &out);
    else
        berth_attempts_write_event(event, &out);
    fwrite(line, 1, out.size, stderr);
}

static void on_event(void *owner, const struct berth_find_event *event) {
    struct find *find = owner;
    berth_attempts_note(&find->attempts, event);
    if (find->show_events)
        show_event(find, event);
}

static void on_done(void *owner, int error, const struct berth_found *found) {
    struct find *find = owner;
    find->done = true;
    find->error = error;
    if (error == 0)
        find->found = *found;
    berth_net_stop(find->net);
}

static void write_progress(void *owner, uint64_t elapsed_ms, struct berth_writer *out) {
    const struct find *find = owner;
    berth_writer_format(out, "Looking for %s: %llu s", find->options.app,
                        (unsigned long long)(elapsed_ms / 1000));
    if (find->options.deadline_ms > 0)
        berth_writer_format(out, " of %u s", (unsigned)(find->options.deadline_ms / 1000));
    berth_writer_format(out, ", %zu places asked", find->attempts.count);
}

static int look(struct find *find) {
    struct berth_search *search = NULL;
    find->options.on_event = on_event;
    find->options.owner = find;
    int error = berth_net_create(&find->net);
    if (error == 0 && !find->show_events)
        error = berth_progress_create(find->net, write_progress, find, &find->progress);
    if (error == 0)
        error = berth_search_start(find->net, &find->options, on_done, find, &search);
    if (error == 0)
        error = berth_net_run(find->net);
    if (error == 0)
        error = find->done ? find->error : BERTH_E_NOT_FOUND;
    else if (search != NULL && !find->done)
        berth_search_cancel(search);
    berth_progress_destroy(find->progress);
    berth_net_destroy(find->net);
    return error;
}

/* -- The result -------------------------------------------------------------------------------- */

static enum berth_exit print_found(const struct find *find) {
    const struct berth_found *found = &find->found;
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    if (find->print == PRINT_WS && found->ws_url[0] == '\0') {
        berth_log_write(&find->session.log.log, BERTH_LOG_ERROR, "find.no_route",
                        "%s at %s has no WebSocket route: name one under ROUTES", found->app,
                        found->http_url);
        return BERTH_EXIT_FAILED;
    }
    switch (find->print) {
    case PRINT_URL:
        berth_writer_text(&out, found->http_url);
        break;
    case PRINT_WS:
        berth_writer_text(&out, found->ws_url);
        break;
    case PRINT_PORT:
        berth_writer_number(&out, found->port);
        break;
    case PRINT_JSON:
        berth_found_write_json(found, &out);
        break;
    }
    berth_writer_char(&out, '\n');
    return fwrite(memory, 1, out.size, stdout) == out.size && fflush(stdout) == 0
               ? BERTH_EXIT_DONE
               : BERTH_EXIT_FAILED;
}

static void say_why_not(const struct find *find, int error) {
    const struct berth_log *log = &find->session.log.log;
    const char *app = find->options.app;
    if (error == BERTH_E_TIMEOUT && find->options.deadline_ms == 0)
        berth_log_write(log, BERTH_LOG_ERROR, "find.not_ready",
                        "%s is starting, and not ready yet: wait for it with --wait SECONDS", app);
    else if (error == BERTH_E_TIMEOUT)
        berth_log_write(log, BERTH_LOG_ERROR, "find.not_ready",
                        "%s is starting, and was not ready within %u s: wait longer with --wait",
                        app, (unsigned)(find->options.deadline_ms / 1000));
    else if (error == BERTH_E_CLOSED)
        berth_log_write(log, BERTH_LOG_ERROR, "find.ended",
                        "%s was starting, and has ended: its own log says why", app);
    else
        berth_log_write(log, BERTH_LOG_ERROR, "find.none",
                        "No server of %s was found: start one with berth serve, or wait for it "
                        "with --wait SECONDS. What was asked, and what came of it:",
                        app);
}

/* The table, for people; in a log of JSON the events themselves. */
static void print_attempts(struct find *find) {
    if (find->session.log.style == BERTH_CLI_LOG_JSON)
        return;
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    berth_attempts_write(&find->attempts, &out);
    struct berth_view rest = berth_writer_result(&out);
    while (rest.size > 0)
        berth_cli_log_plain(&find->session.log, berth_view_cut(rest, '\n', &rest));
}

static enum berth_exit say_failure(const struct find *find, int error) {
    if (error == BERTH_E_INVALID && find->options.url != NULL)
        return berth_complain(BERTH_VIEW("--url: write one such as http://127.0.0.1:1018, with an "
                                         "address of this machine"));
    berth_log_write(&find->session.log.log, BERTH_LOG_ERROR, "find.failed",
                    "The search could not be made: %s", berth_error_text(error));
    return BERTH_EXIT_FAILED;
}

static enum berth_exit finish(struct find *find, int error) {
    if (error == 0)
        return print_found(find);
    if (error != BERTH_E_NOT_FOUND && error != BERTH_E_TIMEOUT && error != BERTH_E_CLOSED)
        return say_failure(find, error);
    say_why_not(find, error);
    print_attempts(find);
    return BERTH_EXIT_NOT_FOUND;
}

enum berth_exit berth_command_find_server(const struct berth_args *args) {
    static struct find find;
    enum berth_exit status = read_options(args, &find);
    if (status != BERTH_EXIT_DONE)
        return status;
    status = berth_session_begin(&find.session, args);
    if (status != BERTH_EXIT_DONE)
        return status;
    status = configure(&find);
    if (status == BERTH_EXIT_DONE)
        status = finish(&find, look(&find));
    berth_session_end(&find.session);
    return status;
}
