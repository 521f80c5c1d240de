#include "find/plan.h"

#include "berth/error.h"
#include "find/url.h"
#include "port/name.h"
#include "port/record.h"
#include "sys/process.h"

#include <stdlib.h>

/* -- The told URL ------------------------------------------------------------------------------ */

static int read_told(const char *text, struct berth_find_plan *plan) {
    struct berth_find_url url;
    if (berth_find_url_read(berth_view_of(text), "http", &url) < 0)
        return BERTH_E_INVALID;
    if (!berth_view_equal(url.host, BERTH_VIEW("localhost"))) {
        plan->told_count = 1;
        return berth_addr_parse(url.host, url.port, &plan->told[0]);
    }
    plan->told_count = 2;
    int error = berth_addr_parse(BERTH_VIEW("127.0.0.1"), url.port, &plan->told[0]);
    return error < 0 ? error : berth_addr_parse(BERTH_VIEW("::1"), url.port, &plan->told[1]);
}

/* The caller's URL has to be one. What the environment says is somebody else's, and may be stale or
 * wrong like a file. */
static int settle_told(struct berth_find_plan *plan) {
    if (plan->options.url != NULL) {
        plan->told_only = true;
        return read_told(plan->options.url, plan);
    }
    const char *url = getenv("BERTH_URL");
    if (url != NULL && read_told(url, plan) < 0)
        plan->told_count = 0;
    return 0;
}

/* -- Folders ----------------------------------------------------------------------------------- */

typedef int (*folder_getter)(char *path, size_t capacity);

static int settle_folder(const char *given, folder_getter get, char *path, size_t capacity) {
    if (given == NULL) {
        if (get(path, capacity) < 0)
            path[0] = 0;
        return 0;
    }
    struct berth_view view = berth_view_of(given);
    if (view.size >= capacity)
        return BERTH_E_INVALID;
    memcpy(path, given, view.size + 1);
    return 0;
}

static int settle_folders(struct berth_find_plan *plan) {
    int error = settle_folder(plan->options.runtime_dir, berth_record_folder, plan->runtime_dir,
                              sizeof plan->runtime_dir);
    return error < 0 ? error
                     : settle_folder(plan->options.state_dir, berth_sys_state_dir, plan->state_dir,
                                     sizeof plan->state_dir);
}

/* -- The plan ---------------------------------------------------------------------------------- */

static void settle_numbers(struct berth_find_options *options) {
    if (options->range_first == 0)
        options->range_first = BERTH_FIND_RANGE_FIRST;
    if (options->range_count == 0)
        options->range_count = BERTH_FIND_RANGE_COUNT;
    else if (options->range_count == UINT16_MAX)
        options->range_count = 0;
    if (options->attempt_ms == 0)
        options->attempt_ms = BERTH_FIND_ATTEMPT_MS;
}

static bool is_name(const char *name) {
    return name != NULL && berth_port_name_is_good(berth_view_of(name));
}

int berth_find_plan_make(const struct berth_find_options *options,
                         struct berth_find_plan *ret_plan) {
    if (!is_name(options->app) || (options->instance != NULL && !is_name(options->instance)))
        return BERTH_E_INVALID;
    *ret_plan = (struct berth_find_plan){.options = *options};
    settle_numbers(&ret_plan->options);
    int error = settle_told(ret_plan);
    return error < 0 ? error : settle_folders(ret_plan);
}
