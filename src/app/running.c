#include "app/running.h"

#include "berth/error.h"
#include "port/record.h"

#include <jansson.h>
#include <stdlib.h>

/* -- One record -------------------------------------------------------------------------------- */

/* A text that is there and fits; "" for null or none. */
static bool take_text(const json_t *object, const char *key, char *text, size_t capacity) {
    const json_t *value = json_object_get(object, key);
    text[0] = '\0';
    if (value == NULL || json_is_null(value))
        return true;
    struct berth_view found = {json_string_value(value), json_string_length(value)};
    if (found.data == NULL || found.size >= capacity)
        return false;
    memcpy(text, found.data, found.size);
    text[found.size] = '\0';
    return true;
}

static bool take_number(const json_t *object, const char *key, uint64_t max, uint64_t *ret_number) {
    const json_t *value = json_object_get(object, key);
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || (uint64_t)number > max)
        return false;
    *ret_number = (uint64_t)number;
    return true;
}

static bool take_state(const json_t *object, enum berth_endpoint_state *ret_state) {
    const char *name = json_string_value(json_object_get(object, "state"));
    return name != NULL && berth_endpoint_state_of(berth_view_of(name), ret_state) == 0;
}

/* The same object in one line, in the same order, without what is secret. */
static bool write_public(json_t *object, char *line, size_t capacity) {
    json_object_del(object, "token");
    size_t size = json_dumpb(object, line, capacity - 1, JSON_COMPACT);
    if (size == 0 || size > capacity - 1)
        return false;
    line[size] = '\0';
    return true;
}

static bool take_all(json_t *object, struct berth_running *running) {
    const json_t *urls = json_object_get(object, "urls");
    uint64_t pid, port;
    if (!take_number(object, "pid", UINT32_MAX, &pid) ||
        !take_number(object, "port", UINT16_MAX, &port))
        return false;
    running->pid = (uint32_t)pid;
    running->port = (uint16_t)port;
    return take_state(object, &running->state) &&
           take_text(object, "app", running->app, sizeof running->app) &&
           take_text(object, "instance", running->instance, sizeof running->instance) &&
           take_text(object, "started_at", running->started_at, sizeof running->started_at) &&
           take_text(object, "state_dir", running->state_dir, sizeof running->state_dir) &&
           take_text(urls, "http", running->http_url, sizeof running->http_url) &&
           take_text(urls, "ws", running->ws_url, sizeof running->ws_url) &&
           write_public(object, running->public_line, sizeof running->public_line);
}

int berth_running_read(struct berth_view record, struct berth_running *ret_running) {
    json_t *object = json_loadb(record.data, record.size, JSON_REJECT_DUPLICATES, NULL);
    bool whole = json_is_object(object) && take_all(object, ret_running);
    json_decref(object);
    return whole ? 0 : BERTH_E_INVALID;
}

/* -- Among several ----------------------------------------------------------------------------- */

struct search {
    const char *state_dir;
    struct berth_running *found;
    bool any;
    bool same_folder;
};

/* One folder has many names. */
static bool is_same_folder(const char *a, const char *b) {
    char *real_a = realpath(a, NULL);
    char *real_b = realpath(b, NULL);
    bool same =
        strcmp(a, b) == 0 || (real_a != NULL && real_b != NULL && strcmp(real_a, real_b) == 0);
    free(real_a);
    free(real_b);
    return same;
}

/* The first that is alive, until one of the same state folder comes. */
static bool consider(void *owner, const struct berth_record_entry *entry) {
    struct search *search = owner;
    static struct berth_running running;
    if (!entry->alive || berth_running_read(entry->content, &running) < 0)
        return true;
    search->same_folder =
        search->state_dir == NULL || is_same_folder(search->state_dir, running.state_dir);
    if (!search->any || search->same_folder)
        *search->found = running;
    search->any = true;
    return !search->same_folder;
}

int berth_running_find(const char *folder, const char *app, const char *state_dir,
                       struct berth_running *ret_running) {
    struct search search = {state_dir, ret_running, false, false};
    int error = berth_record_list(folder, app, consider, &search);
    if (error < 0)
        return error;
    return search.any ? 0 : BERTH_E_NOT_FOUND;
}

/* -- In words ---------------------------------------------------------------------------------- */

void berth_running_write_ready(const struct berth_running *running, struct berth_writer *out) {
    berth_writer_format(out, "{\"event\":\"ready\",%s\n", running->public_line + 1);
}

void berth_running_write_place(const struct berth_running *running, struct berth_writer *out) {
    struct berth_view rest;
    struct berth_view since = berth_view_cut(berth_view_of(running->started_at), '.', &rest);
    berth_writer_format(out, "%s (pid %u, since %.*sZ)", running->http_url, (unsigned)running->pid,
                        BERTH_VIEW_ARG(since));
}
