#include "cli/found.h"

#include "base/json.h"
#include "cli/attempts.h"
#include "proto/base64.h"

#include <stdio.h>

static void add_key(struct berth_json *json, const struct berth_found *found) {
    char text[BERTH_BASE64URL_SIZE(sizeof found->public_key)];
    berth_json_key(json, "public_key");
    if (!found->has_public_key) {
        berth_json_null(json);
        return;
    }
    berth_base64url_encode(found->public_key, sizeof found->public_key, text);
    berth_json_string(json, (struct berth_view){text, sizeof text});
}

static void add_text(struct berth_json *json, const char *key, const char *text) {
    berth_json_key(json, key);
    berth_json_text(json, text[0] != '\0' ? text : NULL);
}

static void add_urls(struct berth_json *json, const struct berth_found *found) {
    char health[sizeof found->http_url + 16];
    snprintf(health, sizeof health, "%s/health", found->http_url);
    berth_json_key(json, "urls");
    berth_json_open(json, '{');
    add_text(json, "http", found->http_url);
    add_text(json, "ws", found->ws_url);
    add_text(json, "health", health);
    berth_json_close(json, '}');
}

void berth_found_write_json(const struct berth_found *found, struct berth_writer *out) {
    struct berth_json json = berth_json_on(out);
    berth_json_open(&json, '{');
    add_text(&json, "app", found->app);
    add_text(&json, "instance", found->instance);
    berth_json_key(&json, "pid");
    if (found->pid > 0)
        berth_json_number(&json, found->pid);
    else
        berth_json_null(&json);
    add_text(&json, "version", found->version);
    berth_json_key(&json, "port");
    berth_json_number(&json, found->port);
    add_urls(&json, found);
    add_text(&json, "verdict", berth_attempts_verdict_name(found->verdict));
    add_text(&json, "source", berth_attempts_source_name(found->source));
    add_key(&json, found);
    berth_json_close(&json, '}');
}
