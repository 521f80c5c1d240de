#include "cli/banner.h"

#include "sys/clock.h"

static const char rule[] = "============================================================\n";

void berth_banner_url(const char *scheme, const char *host, uint16_t port, const char *path,
                      struct berth_writer *out) {
    bool v6 = strchr(host, ':') != NULL;
    berth_writer_format(out, "%s://%s%s%s:%u%s", scheme, v6 ? "[" : "", host, v6 ? "]" : "",
                        (unsigned)port, path);
}

static void write_line(const struct berth_banner *banner, const char *label, const char *scheme,
                       const char *path, struct berth_writer *out) {
    berth_writer_text(out, label);
    berth_banner_url(scheme, banner->host, banner->port, path, out);
    berth_writer_char(out, '\n');
}

void berth_banner_write(const struct berth_banner *banner, struct berth_writer *out) {
    berth_writer_text(out, rule);
    write_line(banner, "Server is running: ", "http", "", out);
    if (banner->ws_path != NULL)
        write_line(banner, "WS endpoint:       ", "ws", banner->ws_path, out);
    write_line(banner, "Health check:      ", "http", "/health", out);
    if (banner->serves_static)
        write_line(banner, "Static files:      ", "http", "/static/", out);
    berth_writer_format(out, "WEBSOCKET PORT FIX: Frontend should connect to port %u\n",
                        (unsigned)banner->port);
    berth_writer_text(out, rule);
    if (banner->why != NULL)
        berth_writer_format(out, "Port %u was asked for; %u is used: %s\n",
                            (unsigned)banner->requested_port, (unsigned)banner->port, banner->why);
}

static void add_url(struct berth_json *json, const struct berth_banner *banner, const char *key,
                    const char *scheme, const char *path) {
    char memory[512];
    struct berth_writer url = berth_writer_on(memory, sizeof memory);
    berth_json_key(json, key);
    if (path == NULL) {
        berth_json_null(json);
        return;
    }
    berth_banner_url(scheme, banner->host, banner->port, path, &url);
    berth_json_string(json, berth_writer_result(&url));
}

static void log_json(const struct berth_banner *banner, struct berth_cli_log *log) {
    char text[512];
    struct berth_writer words = berth_writer_on(text, sizeof text);
    berth_writer_text(&words, "Server is running: ");
    berth_banner_url("http", banner->host, banner->port, "", &words);
    struct berth_log_record record = {BERTH_LOG_INFO, "banner", berth_writer_result(&words)};

    char memory[BERTH_CLI_LOG_LINE_MAX];
    struct berth_writer line = berth_writer_on(memory, sizeof memory - 1);
    struct berth_json json = berth_cli_log_json_open(&record, berth_sys_clock_unix_ms(), &line);
    add_url(&json, banner, "http", "http", "");
    add_url(&json, banner, "ws", "ws", banner->ws_path);
    add_url(&json, banner, "health", "http", "/health");
    add_url(&json, banner, "static", "http", banner->serves_static ? "/static/" : NULL);
    berth_json_key(&json, "port");
    berth_json_number(&json, banner->port);
    berth_json_key(&json, "requested_port");
    berth_json_number(&json, banner->requested_port);
    berth_json_key(&json, "why");
    berth_json_text(&json, banner->why);
    berth_json_close(&json, '}');
    berth_cli_log_put(log, &line);
}

void berth_banner_log(const struct berth_banner *banner, struct berth_cli_log *log) {
    if (log->style == BERTH_CLI_LOG_JSON) {
        if (log->log.least <= BERTH_LOG_INFO)
            log_json(banner, log);
        return;
    }
    char memory[BERTH_BANNER_MAX];
    struct berth_writer lines = berth_writer_on(memory, sizeof memory);
    berth_banner_write(banner, &lines);
    struct berth_view rest = berth_writer_result(&lines);
    while (rest.size > 0)
        berth_cli_log_plain(log, berth_view_cut(rest, '\n', &rest));
}
