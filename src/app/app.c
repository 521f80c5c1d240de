#include "app/app.h"

#include "app/serve_port.h"
#include "backend/backend.h"
#include "base/alloc.h"
#include "base/assert.h"
#include "sys/process.h"

#include <stddef.h>

/* -- Log --------------------------------------------------------------------------------------- */

static void write_log(void *owner, const struct berth_log_record *record) {
    const struct berth_app *app = owner;
    char text[BERTH_LOG_TEXT_MAX + 1];
    struct berth_writer out = berth_writer_on(text, sizeof text - 1);
    berth_writer_view(&out, record->text);
    text[out.size] = '\0';
    berth_sys_mutex_take(app->log_mutex);
    app->options->on_log(app->options->owner, (enum berth_app_log_level)record->level,
                         record->event, text);
    berth_sys_mutex_give(app->log_mutex);
}

static void report(const struct berth_app *app) {
    for (size_t i = 0; i < app->config.message_count; i++)
        berth_log_write(&app->log, app->config.messages[i].level, "config.message", "%s",
                        app->config.messages[i].text);
}

/* -- Making ------------------------------------------------------------------------------------ */

static bool is_good(const struct berth_app_options *options) {
    if (options->port < BERTH_APP_PORT_ANY || options->port > UINT16_MAX ||
        options->threads < BERTH_APP_THREADS_CONFIGURED ||
        options->threads > BERTH_SERVER_LOOPS_MAX || options->route_count > BERTH_CONFIG_ITEMS_MAX)
        return false;
    for (size_t i = 0; i < options->route_count; i++)
        if (options->routes[i].path == NULL || options->routes[i].path[0] != '/' ||
            options->routes[i].handler == NULL)
            return false;
    return true;
}

/* Handlers that know nothing of threads are not called from several, whatever a file says. */
static void choose_threads(struct berth_app *app) {
    struct berth_config_value *threads = &app->config.values[BERTH_SETTING_THREADS];
    if (app->options->threads == BERTH_APP_THREADS_CONFIGURED)
        return;
    uint64_t wanted = app->options->threads > 0 ? (uint64_t)app->options->threads : 1;
    if (threads->place.source != BERTH_CONFIG_FROM_DEFAULT && threads->number != wanted)
        berth_log_write(&app->log, BERTH_LOG_INFO, "app.threads",
                        "THREADS is %llu, but this program decides for itself: it serves with %llu",
                        (unsigned long long)threads->number, (unsigned long long)wanted);
    threads->number = wanted;
}

/* The options are what flags are to the program. */
static int configure(struct berth_app *app) {
    const struct berth_app_options *options = app->options;
    const char *settings[BERTH_SETTINGS] = {
        [BERTH_SETTING_APP] = options->app,
        [BERTH_SETTING_HOST] = options->host,
        [BERTH_SETTING_STATIC] = options->static_dir,
        [BERTH_SETTING_PORT_FILE] = options->port_file,
    };
    char port[8];
    struct berth_writer out = berth_writer_on(port, sizeof port);
    berth_writer_number(&out, options->port > 0 ? (uint64_t)options->port : 0);
    berth_writer_char(&out, '\0');
    if (options->port != BERTH_APP_PORT_USUAL)
        settings[BERTH_SETTING_SERVER_PORT] = port;
    int error = berth_sys_current_dir(app->here, sizeof app->here);
    if (error < 0)
        return error;
    app->context =
        (struct berth_config_context){berth_sys_environment(), app->here, berth_backend_names()};
    error = berth_config_load(&app->config, options->conf != NULL ? options->conf : "", settings);
    report(app);
    choose_threads(app);
    return error == 0 && app->config.error_count > 0 ? BERTH_E_INVALID : error;
}

static int claim(struct berth_app *app) {
    int error = berth_claim_make(&app->config, &app->log, &app->claim);
    app->has_claim = true;
    if (error == 0 && app->claim.running != NULL)
        error = BERTH_E_RUNNING; /* INSTANCE: attach: a program cannot stand in for another */
    return error;
}

static int take_port(struct berth_app *app) {
    int error = berth_publication_begin(&app->publication, &app->config, &app->log);
    if (error < 0)
        return error;
    error = berth_serve_port(&app->config, false, &app->log, &app->port);
    app->has_port = true;
    return error;
}

static enum berth_slow slow_of(enum berth_app_slow slow) {
    switch (slow) {
    case BERTH_APP_SLOW_CLOSE:
        return BERTH_SLOW_CLOSE;
    case BERTH_APP_SLOW_DROP_OLDEST:
        return BERTH_SLOW_DROP_OLDEST;
    case BERTH_APP_SLOW_PAUSE_WRITER:
        return BERTH_SLOW_PAUSE_WRITER;
    }
    return BERTH_SLOW_CLOSE;
}

static void make_routes(struct berth_app *app) {
    for (size_t i = 0; i < app->options->route_count; i++) {
        app->ws_routes[i] = (struct berth_app_ws_route){app, &app->options->routes[i]};
        app->routes[i] = (struct berth_server_route){
            .path = app->options->routes[i].path,
            .backend = "app",
            .handler = &berth_app_ws_handler,
            .handler_owner = &app->ws_routes[i],
            .slow = slow_of(app->options->routes[i].slow),
        };
    }
}

static void on_ready(void *owner, const struct berth_serve *serve) {
    struct berth_app *app = owner;
    (void)serve;
    if (app->options->on_ready != NULL)
        app->options->on_ready(app->options->owner, app);
}

static void read_stop(struct berth_net_letter *letter) {
    struct berth_app *app =
        (struct berth_app *)(void *)((char *)letter - offsetof(struct berth_app, stop));
    berth_serve_stop(&app->serve);
}

static int begin(struct berth_app *app) {
    static const struct berth_serve_events events = {.on_ready = on_ready};
    make_routes(app);
    struct berth_serve_parts parts = {
        .config = &app->config,
        .log = &app->log,
        .claim = &app->claim,
        .publication = &app->publication,
        .port = &app->port,
        .routes = app->routes,
        .route_count = app->options->route_count,
        .catch_signals = app->options->catch_signals,
        .events = &events,
        .owner = app,
    };
    app->has_serve = true;
    app->stop.read = read_stop;
    int error = berth_serve_begin(&app->serve, &parts);
    if (error < 0)
        return error;
    struct berth_writer url = berth_writer_on(app->url, sizeof app->url - 1);
    struct berth_addr address = app->port.addresses[0];
    berth_writer_text(&url, "http://");
    berth_addr_write(&address, &url);
    return 0;
}

int berth_app_create(const struct berth_app_options *options, struct berth_app **ret_app) {
    if (!is_good(options))
        return BERTH_E_INVALID;
    struct berth_app *app = berth_alloc(sizeof *app);
    if (app == NULL)
        return BERTH_E_MEMORY;
    app->options = options;
    if (options->on_log != NULL)
        app->log = (struct berth_log){write_log, app, BERTH_LOG_DEBUG};
    else
        app->log = (struct berth_log){NULL, NULL, (enum berth_log_level)(BERTH_LOG_ERROR + 1)};
    berth_config_init(&app->config, &app->context);
    int error = berth_sys_mutex_create(&app->log_mutex);
    if (error == 0)
        error = configure(app);
    if (error == 0)
        error = claim(app);
    if (error == 0)
        error = take_port(app);
    if (error == 0)
        error = begin(app);
    if (error < 0) {
        berth_app_destroy(app);
        return error;
    }
    *ret_app = app;
    return 0;
}

/* -- Running ----------------------------------------------------------------------------------- */

int berth_app_run(struct berth_app *app) { return berth_serve_run(&app->serve); }

void berth_app_stop(struct berth_app *app) {
    if (!atomic_exchange(&app->stop_put, true))
        (void)berth_net_inbox_put(app->serve.loops[0].inbox, &app->stop, SIZE_MAX);
}

uint16_t berth_app_port(const struct berth_app *app) { return app->port.port; }

const char *berth_app_url(const struct berth_app *app) { return app->url; }

void berth_app_destroy(struct berth_app *app) {
    if (app == NULL)
        return;
    if (app->has_serve)
        berth_serve_end(&app->serve);
    else if (app->has_port)
        berth_publication_end(&app->publication);
    if (app->has_port)
        berth_port_release(&app->port);
    if (app->has_claim)
        berth_claim_release(&app->claim);
    berth_config_finish(&app->config);
    berth_sys_mutex_destroy(app->log_mutex);
    berth_free(app);
}
