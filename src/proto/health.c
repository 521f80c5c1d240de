#include "proto/health.h"

#include "base/assert.h"
#include "base/json.h"

const char *berth_health_state_name(enum berth_health_state state) {
    switch (state) {
    case BERTH_HEALTH_STARTING:
        return "starting";
    case BERTH_HEALTH_READY:
        return "ready";
    case BERTH_HEALTH_DRAINING:
        return "draining";
    }
    berth_assert_failed("state is one of enum berth_health_state", __FILE__, __LINE__);
}

int berth_health_http_status(enum berth_health_state state) {
    return state == BERTH_HEALTH_READY ? 200 : 503;
}

static void write_url(struct berth_json *json, const struct berth_health *health) {
    if (health->ws_path == NULL) {
        berth_json_null(json);
        return;
    }
    char memory[512];
    struct berth_writer url = berth_writer_on(memory, sizeof memory);
    berth_writer_text(&url, "ws://");
    berth_addr_write(&health->address, &url);
    berth_writer_text(&url, health->ws_path);
    if (url.overflow) /* half an address would be worse than none */
        berth_json_null(json);
    else
        berth_json_string(json, berth_writer_result(&url));
}

void berth_health_write(const struct berth_health *health, struct berth_writer *out) {
    const char *state = berth_health_state_name(health->state);
    struct berth_json json = berth_json_on(out);
    berth_json_open(&json, '{');
    berth_json_key(&json, "status");
    berth_json_text(&json, health->state == BERTH_HEALTH_READY ? "ok" : state);
    berth_json_key(&json, "app");
    berth_json_text(&json, health->app);
    berth_json_key(&json, "instance");
    berth_json_text(&json, health->instance);
    berth_json_key(&json, "state");
    berth_json_text(&json, state);
    berth_json_key(&json, "port");
    berth_json_number(&json, health->address.port);
    berth_json_key(&json, "version");
    berth_json_text(&json, health->version);
    berth_json_key(&json, "ws");
    write_url(&json, health);
    berth_json_close(&json, '}');
}
