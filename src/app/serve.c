#include "app/serve.h"

#include "app/serve_port.h"
#include "base/alloc.h"
#include "base/assert.h"
#include "berth/error.h"
#include "sys/limit.h"

#include <signal.h>
#include <stddef.h>

/* Descriptors that are not connections: the log, files being sent, the first loop's own; and those
 * of each further loop. */
static const uint64_t spare_files = 64, loop_files = 16;

/* How often to look whether we are still the one: as long as two may serve side by side at most. */
static const uint64_t fence_ms = 3000;

static const struct berth_config_value *value_of(const struct berth_serve *serve,
                                                 enum berth_setting_id id) {
    return &serve->parts.config->values[id];
}

/* -- Making ------------------------------------------------------------------------------------ */

/* What is published is an address: a hosts file decides what "localhost" is, and it may be neither
 * of ours. A socket that was passed in may be bound to something else than HOST. */
static void choose_host(struct berth_serve *serve) {
    serve->host = value_of(serve, BERTH_SETTING_HOST)->text;
    if (berth_view_equal_nocase(berth_view_of(serve->host), BERTH_VIEW("localhost")))
        serve->host = "127.0.0.1";
    if (serve->parts.port->source != BERTH_PORT_FROM_PARENT)
        return;
    struct berth_writer out =
        berth_writer_on(serve->passed_in_host, sizeof serve->passed_in_host - 1);
    berth_addr_write_ip(&serve->parts.port->addresses[0], &out);
    serve->host = serve->passed_in_host;
}

static int make_passed(struct berth_serve *serve) {
    const struct berth_port *port = serve->parts.port;
    if (port->passed_count == 0)
        return 0;
    serve->passed = berth_alloc(port->passed_count * sizeof *serve->passed);
    if (serve->passed == NULL)
        return BERTH_E_MEMORY;
    for (size_t i = 0; i < port->passed_count; i++)
        serve->passed[i] = (struct berth_server_passed){
            port->passed[i].from, port->passed[i].to,
            berth_port_reason_name(port->passed[i].reason), port->passed[i].text};
    return 0;
}

/* Routes that a program brings replace those of the same path, and all that nobody asked for. */
static bool is_replaced(const struct berth_serve *serve, const struct berth_config_item *item) {
    bool by_default = item->place.source == BERTH_CONFIG_FROM_DEFAULT;
    for (size_t i = 0; i < serve->parts.route_count; i++)
        if (by_default || strcmp(serve->parts.routes[i].path, item->name) == 0)
            return true;
    return false;
}

static int make_routes(struct berth_serve *serve) {
    const struct berth_config_value *routes = value_of(serve, BERTH_SETTING_ROUTES);
    BERTH_ASSERT(serve->parts.route_count <= BERTH_SERVE_ROUTES_MAX - BERTH_CONFIG_ITEMS_MAX);
    for (size_t i = 0; i < serve->parts.route_count; i++)
        serve->routes[serve->route_count++] = serve->parts.routes[i];
    for (size_t i = 0; i < routes->item_count; i++) {
        const struct berth_config_item *item = &routes->items[i];
        if (is_replaced(serve, item))
            continue;
        enum berth_slow slow;
        struct berth_view backend = berth_config_route_backend(item->text, &slow);
        int error = berth_backend_create(backend, serve->loop_count, &serve->backends[i]);
        if (error < 0)
            return error;
        serve->routes[serve->route_count++] = (struct berth_server_route){
            .path = item->name,
            .backend = item->text,
            .handler = berth_backend_handler(serve->backends[i]),
            .handler_owner = berth_backend_owner(serve->backends[i]),
            .slow = slow,
        };
    }
    return 0;
}

static int make_loops(struct berth_serve *serve) {
    int error = 0;
    for (size_t i = 0; i < serve->loop_count && error == 0; i++) {
        struct berth_serve_loop *loop = &serve->loops[i];
        loop->serve = serve;
        error = berth_net_create(&loop->net);
        if (error == 0)
            error = berth_net_inbox_create(loop->net, &loop->inbox);
        if (error == 0)
            berth_net_spin(loop->net, (uint32_t)value_of(serve, BERTH_SETTING_SPIN_US)->number);
    }
    return error;
}

static struct berth_limits read_limits(const struct berth_serve *serve) {
    struct berth_limits limits;
#define BERTH_LIMIT_READ(name, key, value, least, most, unit, answer)                              \
    limits.name = value_of(serve, BERTH_SETTING_LIMIT_##name)->number;
    BERTH_LIMITS(BERTH_LIMIT_READ)
#undef BERTH_LIMIT_READ
    return limits;
}

/* Better a 503 at our own limit than a failing accept at the system's. */
static void fit_to_files(const struct berth_serve *serve, struct berth_limits *limits) {
    uint64_t files;
    int error = berth_sys_limit_files_raise(&files);
    if (error < 0) {
        berth_log_write(serve->log, BERTH_LOG_DEBUG, "serve.files",
                        "The limit of open files could not be raised: %s", berth_error_text(error));
        return;
    }
    uint64_t spare = spare_files + (serve->loop_count - 1) * loop_files;
    uint64_t most = files > 2 * spare ? files - spare : spare;
    if (limits->connections <= most)
        return;
    berth_log_write(serve->log,
                    value_of(serve, BERTH_SETTING_LIMIT_connections)->place.source ==
                            BERTH_CONFIG_FROM_DEFAULT
                        ? BERTH_LOG_DEBUG
                        : BERTH_LOG_WARNING,
                    "serve.files",
                    "The system allows %llu open files, so CONNECTIONS is %llu, not %llu: raise "
                    "its limit (ulimit -n) for more",
                    (unsigned long long)files, (unsigned long long)most,
                    (unsigned long long)limits->connections);
    limits->connections = most;
}

static int make_server(struct berth_serve *serve) {
    const struct berth_publication *publication = serve->parts.publication;
    const struct berth_config_value *origins = value_of(serve, BERTH_SETTING_ALLOWED_ORIGINS);
    for (size_t i = 0; i < origins->item_count; i++)
        serve->origins[i] = origins->items[i].text;
    serve->options = (struct berth_server_options){
        .app = value_of(serve, BERTH_SETTING_APP)->text,
        .instance = publication->instance,
        .version = BERTH_VERSION,
        .host = serve->host,
        .port = serve->parts.port->port,
        .requested_port = serve->requested_port,
        .addresses = serve->parts.port->addresses,
        .address_count = serve->parts.port->count,
        .static_dir = value_of(serve, BERTH_SETTING_STATIC)->text,
        .port_file = value_of(serve, BERTH_SETTING_PORT_FILE)->text,
        .passed = serve->passed,
        .passed_count = serve->parts.port->passed_count,
        .routes = serve->routes,
        .route_count = serve->route_count,
        .allowed_origins = serve->origins,
        .allowed_origin_count = origins->item_count,
        .token = publication->token,
        .identity = publication->has_identity ? &publication->identity : NULL,
        .auth_none = strcmp(value_of(serve, BERTH_SETTING_AUTH)->text, "none") == 0,
        .compression = (enum berth_compression)value_of(serve, BERTH_SETTING_COMPRESSION)->number,
        .compression_min = (size_t)value_of(serve, BERTH_SETTING_COMPRESSION_MIN)->number,
        .limits = read_limits(serve),
        .log = serve->log,
    };
    fit_to_files(serve, &serve->options.limits);
    struct berth_serve_loop *first = &serve->loops[0];
    int error = berth_server_create(first->net, &serve->options, &first->server);
    for (size_t i = 1; i < serve->loop_count && error == 0; i++)
        error =
            berth_server_create_beside(first->server, serve->loops[i].net, &serve->loops[i].server);
    return error;
}

static int listen_on_all(struct berth_serve *serve) {
    int error = 0;
    for (size_t i = 0; error == 0 && i < serve->parts.port->count; i++) {
        intptr_t socket = serve->parts.port->sockets[i];
        serve->parts.port->sockets[i] = -1;
        error = berth_server_listen(serve->loops[0].server, socket);
    }
    return error;
}

/* -- Ending by a signal ------------------------------------------------------------------------ */

static void on_drained(void *owner) {
    struct berth_serve *serve = owner;
    if (serve->state == BERTH_SERVE_DRAINING)
        serve->state = BERTH_SERVE_ENDED;
    berth_net_stop(serve->loops[0].net);
}

static const char *signal_name(int number) {
    return number == SIGINT ? "SIGINT" : number == SIGTERM ? "SIGTERM" : "SIGHUP";
}

static void drain(struct berth_serve *serve) {
    serve->state = BERTH_SERVE_DRAINING;
    berth_net_timer_stop(serve->fence);
    berth_server_set_state(serve->loops[0].server, BERTH_STATE_DRAINING);
    berth_publication_set_state(serve->parts.publication, BERTH_ENDPOINT_DRAINING);
    if (serve->parts.events != NULL && serve->parts.events->on_draining != NULL)
        serve->parts.events->on_draining(serve->parts.owner);
    berth_server_drain(serve->loops[0].server, on_drained, serve);
}

void berth_serve_stop(struct berth_serve *serve) {
    if (serve->state == BERTH_SERVE_READY)
        drain(serve);
}

static void on_signal(void *owner, int number) {
    struct berth_serve *serve = owner;
    switch (serve->state) {
    case BERTH_SERVE_READY:
        berth_log_write(serve->log, BERTH_LOG_INFO, "serve.draining",
                        "%s: closing connections; a second signal ends at once",
                        signal_name(number));
        drain(serve);
        break;
    case BERTH_SERVE_DRAINING:
        berth_log_write(serve->log, BERTH_LOG_WARNING, "serve.cut",
                        "%s again: ending at once, open connections are cut", signal_name(number));
        serve->state = BERTH_SERVE_CUT;
        berth_net_stop(serve->loops[0].net);
        break;
    case BERTH_SERVE_ENDED:
    case BERTH_SERVE_CUT:
        break;
    }
}

/* Whoever started us with SIGHUP ignored (nohup) wants us to outlive the terminal. */
static bool is_ignored(int number) {
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static int catch_signals(struct berth_serve *serve) {
    static const int numbers[BERTH_SERVE_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};
    int error = 0;
    for (size_t i = 0; error == 0 && i < BERTH_SERVE_SIGNALS; i++)
        if (numbers[i] != SIGHUP || !is_ignored(SIGHUP))
            error = berth_net_signal_create(serve->loops[0].net, numbers[i], on_signal, serve,
                                            &serve->signals[i]);
    return error;
}

/* -- Ending because another one took over ------------------------------------------------------ */

/* Why this is no longer the instance of its app; NULL while it is. */
static const char *find_fault(const struct berth_serve *serve) {
    if (berth_claim_is_lost(serve->parts.claim))
        return "the lock that it held in its state folder was removed or replaced";
    return berth_publication_fault(serve->parts.publication);
}

static void on_fence(void *owner) {
    struct berth_serve *serve = owner;
    const char *fault = find_fault(serve);
    if (fault == NULL) {
        berth_net_timer_start(serve->fence, fence_ms);
        return;
    }
    berth_log_write(serve->log, BERTH_LOG_ERROR, "serve.lost",
                    "Another instance of %s has taken over: %s. This one (%s) closes its "
                    "connections and ends",
                    value_of(serve, BERTH_SETTING_APP)->text, fault,
                    serve->parts.publication->instance);
    serve->is_lost = true;
    drain(serve);
}

/* -- The other threads ------------------------------------------------------------------------- */

static struct berth_serve_loop *loop_of(struct berth_net_letter *letter, size_t offset) {
    return (struct berth_serve_loop *)(void *)((char *)letter - offset);
}

static void read_stop(struct berth_net_letter *letter) {
    berth_net_stop(loop_of(letter, offsetof(struct berth_serve_loop, stop))->net);
}

static void read_failed(struct berth_net_letter *letter) {
    berth_net_stop(loop_of(letter, offsetof(struct berth_serve_loop, failed))->serve->loops[0].net);
}

static void run_loop(void *owner) {
    struct berth_serve_loop *loop = owner;
    loop->error = berth_net_run(loop->net);
    if (loop->error < 0)
        (void)berth_net_inbox_put(loop->serve->loops[0].inbox, &loop->failed, SIZE_MAX);
}

static int start_threads(struct berth_serve *serve) {
    int error = 0;
    for (size_t i = 1; i < serve->loop_count && error == 0; i++) {
        struct berth_serve_loop *loop = &serve->loops[i];
        loop->stop.read = read_stop;
        loop->failed.read = read_failed;
        error = berth_sys_thread_start(run_loop, loop, &loop->thread);
    }
    return error;
}

/* Gives the error of one that could not go on. */
static int end_threads(struct berth_serve *serve) {
    int error = 0;
    for (size_t i = 1; i < serve->loop_count; i++)
        if (serve->loops[i].thread != NULL)
            (void)berth_net_inbox_put(serve->loops[i].inbox, &serve->loops[i].stop, SIZE_MAX);
    for (size_t i = 1; i < serve->loop_count; i++) {
        berth_sys_thread_join(serve->loops[i].thread);
        serve->loops[i].thread = NULL;
        if (serve->loops[i].error < 0)
            error = serve->loops[i].error;
    }
    return error;
}

/* -- Begin, run, end --------------------------------------------------------------------------- */

const char *berth_serve_main_route(const struct berth_serve *serve) {
    for (size_t i = 0; i < serve->route_count; i++)
        if (strcmp(serve->routes[i].path, BERTH_ROUTE_USUAL) == 0)
            return BERTH_ROUTE_USUAL;
    return serve->route_count > 0 ? serve->routes[0].path : NULL;
}

static void publish_starting(struct berth_serve *serve) {
    struct berth_publication_place place = {
        .host = serve->host,
        .address = &serve->parts.port->addresses[0],
        .port = serve->parts.port->port,
        .requested_port = serve->requested_port,
        .ws_path = berth_serve_main_route(serve),
    };
    berth_publication_place(serve->parts.publication, &place);
    berth_publication_set_state(serve->parts.publication, BERTH_ENDPOINT_STARTING);
}

int berth_serve_begin(struct berth_serve *serve, const struct berth_serve_parts *parts) {
    *serve = (struct berth_serve){
        .parts = *parts,
        .log = parts->log,
        .requested_port = (uint16_t)parts->config->values[BERTH_SETTING_SERVER_PORT].number,
        .loop_count = (size_t)parts->config->values[BERTH_SETTING_THREADS].number,
    };
    struct berth_writer why = berth_writer_on(serve->why, sizeof serve->why - 1);
    berth_serve_port_why(parts->port, serve->requested_port, &why);
    choose_host(serve);
    int error = make_passed(serve);
    if (error == 0)
        error = make_routes(serve);
    if (error == 0)
        error = make_loops(serve);
    if (error == 0)
        error = make_server(serve);
    if (error == 0)
        error = listen_on_all(serve);
    if (error == 0 && parts->catch_signals)
        error = catch_signals(serve);
    if (error == 0)
        error = berth_net_timer_create(serve->loops[0].net, on_fence, serve, &serve->fence);
    if (error == 0)
        publish_starting(serve);
    else
        berth_log_write(serve->log, BERTH_LOG_ERROR, "serve.failed",
                        "The server could not be started: %s", berth_error_text(error));
    return error;
}

static void say_ready(struct berth_serve *serve) {
    berth_server_set_state(serve->loops[0].server, BERTH_STATE_READY);
    berth_publication_set_state(serve->parts.publication, BERTH_ENDPOINT_READY);
    if (serve->parts.events != NULL && serve->parts.events->on_ready != NULL)
        serve->parts.events->on_ready(serve->parts.owner, serve);
    berth_net_timer_start(serve->fence, fence_ms);
}

int berth_serve_run(struct berth_serve *serve) {
    int error = start_threads(serve);
    if (error == 0) {
        say_ready(serve);
        error = berth_net_run(serve->loops[0].net);
    }
    int other = end_threads(serve);
    if (error == 0)
        error = other;
    if (error < 0)
        berth_log_write(serve->log, BERTH_LOG_ERROR, "serve.failed", "The server stopped: %s",
                        berth_error_text(error));
    else if (serve->is_lost)
        error = BERTH_E_RUNNING;
    else if (serve->state != BERTH_SERVE_ENDED)
        error = BERTH_E_CLOSED;
    return error;
}

void berth_serve_end(struct berth_serve *serve) {
    berth_publication_end(serve->parts.publication);
    berth_net_timer_destroy(serve->fence);
    for (size_t i = 0; i < BERTH_SERVE_SIGNALS; i++)
        berth_net_signal_destroy(serve->signals[i]);
    for (size_t i = 0; i < serve->loop_count; i++) {
        berth_net_inbox_destroy(serve->loops[i].inbox);
        if (serve->loops[i].net != NULL)
            berth_net_close(serve->loops[i].net);
    }
    for (size_t i = serve->loop_count; i-- > 0;) {
        berth_server_destroy(serve->loops[i].server);
        berth_net_destroy(serve->loops[i].net);
    }
    for (size_t i = 0; i < BERTH_CONFIG_ITEMS_MAX; i++)
        berth_backend_destroy(serve->backends[i]);
    berth_free(serve->passed);
}
