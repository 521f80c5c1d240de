#include "cli/ready.h"

#include "base/addr.h"
#include "base/json.h"
#include "cli/banner.h"
#include "cli/log.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* An address to connect to: "every network" is none, and localhost may be the other family. */
static const char *reachable(const char *host) {
    struct berth_addr addr;
    if (berth_addr_parse(berth_view_of(host), 0, &addr) < 0)
        return "127.0.0.1";
    if (!berth_addr_is_any(&addr))
        return host;
    return addr.family == 4 ? "127.0.0.1" : "::1";
}

static void add_url(struct berth_json *json, const struct berth_ready *ready, const char *key,
                    const char *scheme, const char *path) {
    char memory[512];
    struct berth_writer url = berth_writer_on(memory, sizeof memory);
    berth_json_key(json, key);
    if (path == NULL) {
        berth_json_null(json);
        return;
    }
    berth_banner_url(scheme, reachable(ready->host), ready->port, path, &url);
    berth_json_string(json, berth_writer_result(&url));
}

static void add_text(struct berth_json *json, const char *key, const char *text) {
    berth_json_key(json, key);
    berth_json_text(json, text);
}

static void add_number(struct berth_json *json, const char *key, uint64_t number) {
    berth_json_key(json, key);
    berth_json_number(json, number);
}

void berth_ready_write(const struct berth_ready *ready, struct berth_writer *out) {
    char memory[32];
    struct berth_writer at = berth_writer_on(memory, sizeof memory);
    berth_cli_time_write(ready->started_at_ms, &at);
    struct berth_json json = berth_json_on(out);
    berth_json_open(&json, '{');
    add_text(&json, "event", "ready");
    add_number(&json, "schema", BERTH_READY_SCHEMA);
    add_text(&json, "app", ready->app);
    add_text(&json, "instance", ready->instance);
    add_text(&json, "state", "ready");
    add_number(&json, "pid", ready->pid);
    berth_json_key(&json, "started_at");
    berth_json_string(&json, berth_writer_result(&at));
    add_text(&json, "version", BERTH_VERSION);
    add_text(&json, "host", ready->host);
    add_number(&json, "port", ready->port);
    add_number(&json, "requested_port", ready->requested_port);
    berth_json_key(&json, "urls");
    berth_json_open(&json, '{');
    add_url(&json, ready, "http", "http", "");
    add_url(&json, ready, "ws", "ws", ready->ws_path);
    add_url(&json, ready, "health", "http", "/health");
    berth_json_close(&json, '}');
    berth_json_close(&json, '}');
    berth_writer_char(out, '\n');
}

void berth_ready_print(const struct berth_ready *ready, const struct berth_log *log) {
    char memory[BERTH_READY_MAX];
    struct berth_writer line = berth_writer_on(memory, sizeof memory);
    berth_ready_write(ready, &line);
    if (fwrite(memory, 1, line.size, stdout) != line.size || fflush(stdout) != 0)
        berth_log_write(log, BERTH_LOG_WARNING, "ready.unwritten",
                        "The ready line could not be written to the standard output (%s); serving "
                        "goes on",
                        strerror(errno));
}

void berth_ready_signal(int descriptor, const struct berth_log *log) {
    if (write(descriptor, "\n", 1) != 1)
        berth_log_write(log, BERTH_LOG_WARNING, "ready.unwritten",
                        "Descriptor %d of --ready-fd could not be written (%s); serving goes on",
                        descriptor, strerror(errno));
    close(descriptor);
}
