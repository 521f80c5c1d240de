#include "server/internal.h"

#include "base/json.h"
#include "sys/process.h"

enum berth_endpoint_state berth_server_endpoint_state(const struct berth_server *server) {
    switch (berth_server_state(server)) {
    case BERTH_STATE_STARTING:
        return BERTH_ENDPOINT_STARTING;
    case BERTH_STATE_READY:
        return BERTH_ENDPOINT_READY;
    case BERTH_STATE_DRAINING:
        break;
    }
    return BERTH_ENDPOINT_DRAINING;
}

const char *berth_server_main_route(const struct berth_server *server) {
    const struct berth_server_options *options = server->options;
    for (size_t i = 0; i < options->route_count; i++)
        if (strcmp(options->routes[i].path, "/client-ws") == 0)
            return options->routes[i].path;
    return options->route_count > 0 ? options->routes[0].path : NULL;
}

static void write_time(struct berth_json *json, uint64_t unix_ms) {
    char memory[32];
    struct berth_writer time = berth_writer_on(memory, sizeof memory);
    berth_endpoint_time_write(unix_ms, &time);
    berth_json_string(json, berth_writer_result(&time));
}

static void write_url(struct berth_json *json, const char *key, const char *scheme,
                      const struct berth_addr *local, const char *path) {
    char memory[512];
    struct berth_writer url = berth_writer_on(memory, sizeof memory);
    berth_json_key(json, key);
    berth_writer_text(&url, scheme);
    berth_addr_write(local, &url);
    berth_writer_text(&url, path != NULL ? path : "");
    if (path == NULL || url.overflow)
        berth_json_null(json);
    else
        berth_json_string(json, berth_writer_result(&url));
}

static void write_urls(struct berth_json *json, const struct berth_server *server,
                       const struct berth_addr *local) {
    berth_json_key(json, "urls");
    berth_json_open(json, '{');
    write_url(json, "http", "http://", local, "/");
    write_url(json, "files", "http://", local, server->static_dir >= 0 ? "/static/" : NULL);
    write_url(json, "ws", "ws://", local, berth_server_main_route(server));
    write_url(json, "health", "http://", local, "/health");
    berth_json_close(json, '}');
}

static void write_addresses(struct berth_json *json, const struct berth_server_options *options) {
    berth_json_key(json, "addresses");
    berth_json_open(json, '[');
    for (size_t i = 0; i < options->address_count; i++) {
        char memory[BERTH_ADDR_TEXT_MAX];
        struct berth_writer text = berth_writer_on(memory, sizeof memory);
        berth_addr_write(&options->addresses[i], &text);
        berth_json_string(json, berth_writer_result(&text));
    }
    berth_json_close(json, ']');
}

static void write_passed(struct berth_json *json, const struct berth_server_options *options) {
    berth_json_key(json, "passed_over");
    berth_json_open(json, '[');
    for (size_t i = 0; i < options->passed_count; i++) {
        const struct berth_server_passed *passed = &options->passed[i];
        berth_json_open(json, '{');
        berth_json_key(json, "from");
        berth_json_number(json, passed->from);
        berth_json_key(json, "to");
        berth_json_number(json, passed->to);
        berth_json_key(json, "reason");
        berth_json_text(json, passed->reason);
        berth_json_key(json, "text");
        berth_json_text(json, passed->text);
        berth_json_close(json, '}');
    }
    berth_json_close(json, ']');
}

static void write_routes(struct berth_json *json, const struct berth_server_options *options) {
    berth_json_key(json, "routes");
    berth_json_open(json, '[');
    for (size_t i = 0; i < options->route_count; i++) {
        berth_json_open(json, '{');
        berth_json_key(json, "path");
        berth_json_text(json, options->routes[i].path);
        berth_json_key(json, "backend");
        berth_json_text(json, options->routes[i].backend);
        berth_json_close(json, '}');
    }
    berth_json_close(json, ']');
}

/* Of all loops. */
static void write_count(struct berth_json *json, const char *key, const struct berth_team *team,
                        size_t offset) {
    uint64_t sum = 0;
    for (size_t i = 0; i < team->size; i++)
        sum += berth_count_read(
            (const struct berth_count *)(const void *)((const char *)team->servers[i] + offset));
    berth_json_key(json, key);
    berth_json_number(json, sum);
}

static void write_counts(struct berth_json *json, const struct berth_server *server) {
    const struct berth_team *team = server->team;
    berth_json_key(json, "connections");
    berth_json_open(json, '{');
    berth_json_key(json, "open");
    berth_json_number(json, berth_team_conn_count(team));
    write_count(json, "websocket", team, offsetof(struct berth_server, socket_count));
    write_count(json, "accepted", team, offsetof(struct berth_server, accepted));
    berth_json_key(json, "limit");
    berth_json_number(json, server->options->limits.connections);
    berth_json_close(json, '}');
    berth_json_key(json, "messages");
    berth_json_open(json, '{');
    write_count(json, "in", team, offsetof(struct berth_server, messages_in));
    write_count(json, "out", team, offsetof(struct berth_server, messages_out));
    write_count(json, "dropped", team, offsetof(struct berth_server, messages_dropped));
    berth_json_close(json, '}');
}

/* Another loop's time may be a moment behind the first one's. */
static uint64_t uptime_ms(const struct berth_server *server) {
    uint64_t now_ms = berth_net_now_ms(server->net);
    return now_ms > server->team->started_ms ? now_ms - server->team->started_ms : 0;
}

void berth_status_write(struct berth_server *server, const struct berth_addr *local,
                        struct berth_writer *out) {
    const struct berth_server_options *options = server->options;
    struct berth_json json = berth_json_on(out);
    berth_json_open(&json, '{');
    berth_json_key(&json, "app");
    berth_json_text(&json, options->app);
    berth_json_key(&json, "instance");
    berth_json_text(&json, options->instance);
    berth_json_key(&json, "state");
    berth_json_text(&json, berth_endpoint_state_name(berth_server_endpoint_state(server)));
    berth_json_key(&json, "version");
    berth_json_text(&json, options->version);
    berth_json_key(&json, "pid");
    berth_json_number(&json, berth_sys_pid());
    berth_json_key(&json, "started_at");
    write_time(&json, server->team->started_unix_ms);
    berth_json_key(&json, "uptime_ms");
    berth_json_number(&json, uptime_ms(server));
    berth_json_key(&json, "host");
    berth_json_text(&json, options->host);
    berth_json_key(&json, "port");
    berth_json_number(&json, options->port);
    berth_json_key(&json, "requested_port");
    berth_json_number(&json, options->requested_port);
    write_urls(&json, server, local);
    write_addresses(&json, options);
    berth_json_key(&json, "port_file");
    berth_json_text(&json, options->port_file);
    write_passed(&json, options);
    write_routes(&json, options);
    berth_json_key(&json, "threads");
    berth_json_number(&json, server->team->size);
    write_counts(&json, server);
    berth_json_close(&json, '}');
}
