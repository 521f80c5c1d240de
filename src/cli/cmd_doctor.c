#include "berth/error.h"
#include "cli/complain.h"
#include "cli/doctor_gather.h"
#include "cli/doctor_print.h"
#include "cli/session.h"
#include "sys/process.h"

#include <stdio.h>
#include <stdlib.h>

static char text[BERTH_DOCTOR_TEXT_MAX];

static enum berth_exit print(const struct berth_writer *out) {
    fwrite(out->data, 1, out->size, stdout);
    return fflush(stdout) == 0 ? BERTH_EXIT_DONE : BERTH_EXIT_FAILED;
}

/* -- --explain --------------------------------------------------------------------------------- */

static enum berth_exit explain(const char *name) {
    const struct berth_doctor_code *code = berth_doctor_code_find(berth_view_of(name));
    struct berth_writer out = berth_writer_on(text, sizeof text);
    if (code == NULL) {
        berth_writer_format(&out,
                            "--explain: there is no code %.60s: the codes stand in brackets "
                            "in what berth doctor prints",
                            name);
        return berth_complain(berth_writer_result(&out));
    }
    berth_doctor_code_explain(code, &out);
    return print(&out);
}

/* -- --origin ---------------------------------------------------------------------------------- */

/* What a browser sends as Origin for a page: of a URL what stands before its path; "null" for a
 * page from disk. False when no page could have it. */
static bool read_origin(const char *url, char *origin, size_t capacity) {
    if (strcmp(url, "null") == 0 || strncmp(url, "file:", 5) == 0) {
        snprintf(origin, capacity, "null");
        return true;
    }
    const char *authority = strstr(url, "://");
    if (authority == NULL || authority == url || authority[3] == '\0')
        return false;
    size_t size = (size_t)(authority + 3 - url) + strcspn(authority + 3, "/?#");
    for (size_t i = 0; i < size; i++)
        if (url[i] <= ' ' || url[i] == 0x7F || url[i] == '@')
            return false;
    return size > (size_t)(authority + 3 - url) &&
           snprintf(origin, capacity, "%.*s", (int)size, url) < (int)capacity;
}

/* -- The command ------------------------------------------------------------------------------- */

static bool wants_colour(void) {
    const char *no_colour = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return berth_sys_is_terminal(1) && (no_colour == NULL || *no_colour == '\0') &&
           (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

static enum berth_exit examine(const struct berth_doctor_errand *errand, bool json) {
    static struct berth_doctor_world world;
    static struct berth_doctor_report report;
    struct berth_writer out = berth_writer_on(text, sizeof text);
    int error = berth_doctor_gather(errand, &world);
    if (error < 0) {
        fprintf(stderr, "berth: the doctor cannot work: %s\n", berth_error_text(error));
        return BERTH_EXIT_FAILED;
    }
    berth_doctor_judge(&world, &report);
    if (json)
        berth_doctor_print_json(&world, &report, &out);
    else
        berth_doctor_print_text(&world, &report, wants_colour(), &out);
    enum berth_exit status = print(&out);
    return status == BERTH_EXIT_DONE && report.worst > BERTH_DOCTOR_NOTE ? BERTH_EXIT_FAILED
                                                                         : status;
}

enum berth_exit berth_command_doctor(const struct berth_args *args) {
    static struct berth_session session;
    char origin[256];
    const char *page = args->options[BERTH_OPTION_ORIGIN];
    if (args->options[BERTH_OPTION_EXPLAIN] != NULL)
        return explain(args->options[BERTH_OPTION_EXPLAIN]);
    if (page != NULL && !read_origin(page, origin, sizeof origin))
        return berth_complain(BERTH_VIEW("--origin: write the page's URL, as http://localhost:5173 "
                                         "or file:///, or null"));
    enum berth_exit status = berth_session_begin(&session, args);
    if (status != BERTH_EXIT_DONE)
        return status;
    struct berth_doctor_errand errand = {&session.config, page != NULL ? origin : NULL};
    status = examine(&errand, args->options[BERTH_OPTION_JSON] != NULL);
    berth_session_end(&session);
    return status;
}
