#include "cli/seek.h"

#include "berth/error.h"
#include "cli/complain.h"
#include "cli/doctor_probe.h"
#include "find/document.h"
#include "find/url.h"

#include <stdio.h>

#define ASK_MS 1500

static const struct berth_config_value *value_of(const struct berth_seek *seek,
                                                 enum berth_setting_id id) {
    return &seek->session.config.values[id];
}

/* -- The URL ----------------------------------------------------------------------------------- */

static bool is_given(struct berth_view host) {
    struct berth_addr unused;
    return berth_view_equal(host, BERTH_VIEW("localhost")) ||
           berth_addr_parse(host, 0, &unused) == 0;
}

static int read_url(struct berth_seek *seek, const char *text) {
    struct berth_find_url url;
    struct berth_view view = berth_view_of(text);
    if (berth_find_url_read(view, "ws", &url) < 0 && berth_find_url_read(view, "http", &url) < 0)
        return BERTH_E_INVALID;
    bool six = memchr(url.host.data, ':', url.host.size) != NULL;
    int size = snprintf(seek->url, sizeof seek->url, "http://%s%.*s%s:%u", six ? "[" : "",
                        BERTH_VIEW_ARG(url.host), six ? "]" : "", (unsigned)url.port);
    if (!is_given(url.host) || size >= (int)sizeof seek->url || url.path.size >= sizeof seek->path)
        return BERTH_E_INVALID;
    bool has_path = url.path.size > 1; /* "/" is what a URL without a path stands for */
    snprintf(seek->path, sizeof seek->path, "%.*s", has_path ? (int)url.path.size : 0,
             has_path ? url.path.data : "");
    return 0;
}

/* Both families where the URL says localhost; the first that answers as a Berth says the app. */
static void ask_app(struct berth_seek *seek) {
    static struct berth_doctor_answer answers[2];
    struct berth_doctor_probe probes[2];
    struct berth_find_url url;
    size_t count = 0;
    if (berth_find_url_read(berth_view_of(seek->url), "http", &url) < 0)
        return;
    const struct berth_view hosts[2] = {BERTH_VIEW("127.0.0.1"), BERTH_VIEW("::1")};
    bool named = berth_view_equal(url.host, BERTH_VIEW("localhost"));
    for (size_t i = 0; i < (named ? 2 : 1); i++) {
        probes[count] = (struct berth_doctor_probe){.target = "/health", .answer = &answers[count]};
        if (berth_addr_parse(named ? hosts[i] : url.host, url.port, &probes[count].to) == 0)
            count++;
    }
    if (berth_doctor_probe_all(probes, count, ASK_MS) < 0)
        return;
    for (size_t i = 0; i < count && seek->app[0] == '\0'; i++) {
        struct berth_find_document document;
        const char *fault;
        struct berth_view body = {answers[i].body, answers[i].body_size};
        if (berth_find_health_read(body, &probes[i].to, &document, &fault) == 0)
            memcpy(seek->app, document.app, sizeof seek->app);
    }
}

/* -- Begin and end ----------------------------------------------------------------------------- */

static void fill_in(struct berth_seek *seek) {
    uint64_t first = value_of(seek, BERTH_SETTING_SERVER_PORT)->number;
    uint64_t count = value_of(seek, BERTH_SETTING_PORT_TRIES)->number;
    seek->find = (struct berth_find_options){
        .app = seek->app[0] != '\0' ? seek->app : value_of(seek, BERTH_SETTING_APP)->text,
        .url = seek->url[0] != '\0' ? seek->url : NULL,
        .port_file = value_of(seek, BERTH_SETTING_PORT_FILE)->text,
        .state_dir = value_of(seek, BERTH_SETTING_STATE_DIR)->text,
        .range_first = (uint16_t)first,
        .range_count = first == 0 ? UINT16_MAX : (uint16_t)count,
    };
}

static enum berth_exit read_wait(struct berth_seek *seek, const char *text) {
    static const uint64_t longest_s = 1000000;
    uint64_t seconds = 0;
    if (text != NULL && berth_view_number(berth_view_of(text), longest_s, &seconds) < 0)
        return berth_complain(BERTH_VIEW("--wait: write a number of seconds"));
    seek->find.deadline_ms = (uint32_t)(seconds * 1000);
    return BERTH_EXIT_DONE;
}

enum berth_exit berth_seek_begin(struct berth_seek *seek, const struct berth_args *args,
                                 const char *url) {
    struct berth_args settings = *args;
    settings.operand = NULL; /* not the name of a configuration here */
    seek->has_session = false;
    seek->url[0] = seek->path[0] = seek->app[0] = '\0';
    if (url != NULL && read_url(seek, url) < 0)
        return berth_complain(BERTH_VIEW("the URL is none that leads to a server here: write it as "
                                         "ws://127.0.0.1:1018/client-ws"));
    enum berth_exit status = berth_session_begin(&seek->session, &settings);
    if (status != BERTH_EXIT_DONE)
        return status;
    seek->has_session = true;
    if (seek->session.config.error_count > 0) {
        berth_session_report(&seek->session);
        return BERTH_EXIT_USAGE;
    }
    if (url != NULL && args->settings[BERTH_SETTING_APP] == NULL)
        ask_app(seek);
    fill_in(seek);
    return read_wait(seek, args->options[BERTH_OPTION_WAIT]);
}

enum berth_exit berth_seek_complain(const struct berth_seek *seek, int error) {
    const char *app = seek->find.app;
    if (error == BERTH_E_NOT_FOUND && seek->url[0] != '\0')
        fprintf(stderr, "berth: no server of %s answers at %s: see berth doctor\n", app, seek->url);
    else if (error == BERTH_E_NOT_FOUND)
        fprintf(stderr,
                "berth: no server of %s was found: start it with berth serve, or see what "
                "is in the way with berth doctor\n",
                app);
    else if (error == BERTH_E_TIMEOUT)
        fprintf(stderr, "berth: %s is still starting: give it more time with --wait\n", app);
    else if (error == BERTH_E_CLOSED)
        fprintf(stderr, "berth: %s was starting, and has died: see its log\n", app);
    else
        fprintf(stderr, "berth: looking for %s failed: %s\n", app, berth_error_text(error));
    bool unfound =
        error == BERTH_E_NOT_FOUND || error == BERTH_E_TIMEOUT || error == BERTH_E_CLOSED;
    return unfound ? BERTH_EXIT_NOT_FOUND : BERTH_EXIT_FAILED;
}

void berth_seek_end(struct berth_seek *seek) {
    if (seek->has_session)
        berth_session_end(&seek->session);
    seek->has_session = false;
}
