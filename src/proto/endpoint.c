#include "proto/endpoint.h"

#include "base/assert.h"
#include "base/json.h"
#include "berth/error.h"
#include "proto/base64.h"
#include "proto/proof.h"

/* -- States ------------------------------------------------------------------------------------ */

static const char *const state_names[] = {
    [BERTH_ENDPOINT_STARTING] = "starting",
    [BERTH_ENDPOINT_READY] = "ready",
    [BERTH_ENDPOINT_DRAINING] = "draining",
};

const char *berth_endpoint_state_name(enum berth_endpoint_state state) {
    BERTH_ASSERT(state <= BERTH_ENDPOINT_DRAINING);
    return state_names[state];
}

int berth_endpoint_state_of(struct berth_view name, enum berth_endpoint_state *ret_state) {
    for (size_t i = 0; i < sizeof state_names / sizeof *state_names; i++) {
        if (berth_view_equal(name, berth_view_of(state_names[i]))) {
            *ret_state = (enum berth_endpoint_state)i;
            return 0;
        }
    }
    return BERTH_E_INVALID;
}

int berth_endpoint_http_status(enum berth_endpoint_state state) {
    return state == BERTH_ENDPOINT_READY ? 200 : 503;
}

/* -- Times ------------------------------------------------------------------------------------- */

/* The date of a day since 1970-01-01, by counting whole cycles of 400 years from a March 1st, so
 * that the day that leap years add is the last of its year. */
static void date_of(uint64_t days, unsigned *ret_year, unsigned *ret_month, unsigned *ret_day) {
    days += 719468; /* from 0000-03-01 */
    uint64_t cycle = days / 146097;
    unsigned of_cycle = (unsigned)(days % 146097);
    unsigned year = (of_cycle - of_cycle / 1460 + of_cycle / 36524 - of_cycle / 146096) / 365;
    unsigned of_year = of_cycle - (365 * year + year / 4 - year / 100);
    unsigned month = (5 * of_year + 2) / 153; /* 0 is March */
    *ret_day = of_year - (153 * month + 2) / 5 + 1;
    *ret_month = month < 10 ? month + 3 : month - 9;
    *ret_year = (unsigned)(cycle * 400) + year + (*ret_month <= 2);
}

void berth_endpoint_time_write(uint64_t unix_ms, struct berth_writer *out) {
    uint64_t seconds = unix_ms / 1000;
    unsigned of_day = (unsigned)(seconds % 86400);
    unsigned year, month, day;
    date_of(seconds / 86400, &year, &month, &day);
    berth_writer_format(out, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", year, month, day, of_day / 3600,
                        of_day / 60 % 60, of_day % 60, (unsigned)(unix_ms % 1000));
}

/* -- Members ----------------------------------------------------------------------------------- */

static void add_text(struct berth_json *json, const char *key, const char *text) {
    berth_json_key(json, key);
    berth_json_text(json, text != NULL && text[0] != 0 ? text : NULL);
}

static void add_number(struct berth_json *json, const char *key, uint64_t number) {
    berth_json_key(json, key);
    berth_json_number(json, number);
}

static void add_time(struct berth_json *json, const char *key, uint64_t unix_ms) {
    char memory[32];
    struct berth_writer time = berth_writer_on(memory, sizeof memory);
    berth_endpoint_time_write(unix_ms, &time);
    berth_json_key(json, key);
    berth_json_string(json, berth_writer_result(&time));
}

static void add_url(struct berth_json *json, const char *key, const char *scheme,
                    const struct berth_endpoint *endpoint, const char *path) {
    char memory[512];
    struct berth_writer url = berth_writer_on(memory, sizeof memory);
    berth_json_key(json, key);
    berth_writer_text(&url, scheme);
    berth_addr_write(&endpoint->address, &url);
    berth_writer_text(&url, path != NULL ? path : "");
    if (path == NULL || url.overflow) /* half an address would be worse than none */
        berth_json_null(json);
    else
        berth_json_string(json, berth_writer_result(&url));
}

static void add_public_key(struct berth_json *json, const struct berth_endpoint *endpoint) {
    berth_json_key(json, "public_key");
    if (endpoint->public_key == NULL) {
        berth_json_null(json);
        return;
    }
    char text[BERTH_BASE64URL_SIZE(BERTH_PROOF_PUBLIC_KEY_SIZE)];
    berth_base64url_encode(endpoint->public_key, BERTH_PROOF_PUBLIC_KEY_SIZE, text);
    berth_json_string(json, (struct berth_view){text, sizeof text});
}

/* -- Forms ------------------------------------------------------------------------------------- */

/* What strangers may know; nothing private has a place here. */
static void write_health(struct berth_json *json, const struct berth_endpoint *endpoint) {
    const char *state = berth_endpoint_state_name(endpoint->state);
    add_text(json, "status", endpoint->state == BERTH_ENDPOINT_READY ? "ok" : state);
    add_text(json, "app", endpoint->app);
    add_text(json, "instance", endpoint->instance);
    add_text(json, "state", state);
    add_number(json, "port", endpoint->port);
    add_text(json, "version", endpoint->version);
    add_url(json, "ws", "ws://", endpoint, endpoint->ws_path);
    add_public_key(json, endpoint);
    if (endpoint->proof.size > 0) {
        berth_json_key(json, "proof");
        berth_json_string(json, endpoint->proof);
    }
}

static void write_urls(struct berth_json *json, const struct berth_endpoint *endpoint) {
    berth_json_key(json, "urls");
    berth_json_open(json, '{');
    add_url(json, "http", "http://", endpoint, "");
    add_url(json, "ws", "ws://", endpoint, endpoint->ws_path);
    add_url(json, "health", "http://", endpoint, "/health");
    berth_json_close(json, '}');
}

static void write_record(struct berth_json *json, const struct berth_endpoint *endpoint) {
    add_number(json, "schema", BERTH_ENDPOINT_SCHEMA);
    add_text(json, "app", endpoint->app);
    add_text(json, "instance", endpoint->instance);
    add_text(json, "state", berth_endpoint_state_name(endpoint->state));
    add_number(json, "pid", endpoint->pid);
    add_time(json, "started_at", endpoint->started_unix_ms);
    add_text(json, "boot_id", endpoint->boot_id);
    add_text(json, "version", endpoint->version);
    add_text(json, "host", endpoint->host);
    add_number(json, "port", endpoint->port);
    add_number(json, "requested_port", endpoint->requested_port);
    write_urls(json, endpoint);
    add_text(json, "state_dir", endpoint->state_dir);
    add_public_key(json, endpoint);
}

void berth_endpoint_write(const struct berth_endpoint *endpoint, enum berth_endpoint_form form,
                          struct berth_writer *out) {
    struct berth_json json = berth_json_on(out);
    berth_json_open(&json, '{');
    switch (form) {
    case BERTH_ENDPOINT_HEALTH:
        write_health(&json, endpoint);
        break;
    case BERTH_ENDPOINT_READY_LINE:
        add_text(&json, "event", "ready");
        write_record(&json, endpoint);
        break;
    case BERTH_ENDPOINT_RECORD:
        write_record(&json, endpoint);
        add_text(&json, "token", endpoint->token);
        break;
    }
    berth_json_close(&json, '}');
}
