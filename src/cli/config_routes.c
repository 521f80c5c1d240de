/* The map of routes, checked: paths that are ours to give, backends that exist. */
#include "berth/error.h"
#include "cli/config_settle.h"
#include "cli/config_value.h"
#include "cli/near.h"

#define ROUTE_SIZE_MAX 128

/* What the server itself answers; everything below a folder belongs to it. */
static const char *const reserved[] = {"/", "/health", "/server_port.txt", "/favicon.ico"};
static const char *const reserved_folders[] = {"/static", "/berth"};

static bool is_path_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr("/-._~", c) != NULL;
}

static bool is_reserved(struct berth_view path) {
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (berth_view_equal(path, berth_view_of(reserved[i])))
            return true;
    for (size_t i = 0; i < sizeof reserved_folders / sizeof *reserved_folders; i++) {
        struct berth_view folder = berth_view_of(reserved_folders[i]);
        if (berth_view_starts(path, folder) &&
            (path.size == folder.size || path.data[folder.size] == '/'))
            return true;
    }
    return false;
}

/* "//", "." and "..": what a browser changes before it asks. */
static bool has_odd_segment(struct berth_view path) {
    struct berth_view rest = {path.data + 1, path.size - 1};
    while (rest.size > 0) {
        bool last = memchr(rest.data, '/', rest.size) == NULL;
        struct berth_view segment = berth_view_cut(rest, '/', &rest);
        if ((segment.size == 0 && !last) || berth_view_equal(segment, BERTH_VIEW(".")) ||
            berth_view_equal(segment, BERTH_VIEW("..")))
            return true;
    }
    return false;
}

const char *berth_config_route_fault(struct berth_view path) {
    if (path.size == 0 || path.data == NULL)
        return "a route is a path: write " BERTH_ROUTE_USUAL;
    if (path.data[0] != '/')
        return "a route begins with a slash: write " BERTH_ROUTE_USUAL;
    if (path.size > ROUTE_SIZE_MAX)
        return "the path is too long: 128 characters are allowed";
    for (size_t i = 0; i < path.size; i++) {
        if (path.data[i] == '?' || path.data[i] == '#')
            return "a route is a path alone: leave out what stands from ? or # on";
        if (path.data[i] == '\0' || !is_path_char(path.data[i]))
            return "a route is made of letters, digits, '/', '-', '.', '_' and '~'";
    }
    if (has_odd_segment(path))
        return "a route has no empty, \".\" or \"..\" part";
    if (is_reserved(path))
        return "the server answers here itself: choose another path";
    return NULL;
}

static bool is_known(const char *const *names, const char *name) {
    for (; *names != NULL; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

static void refuse_backend(struct berth_config *config, const struct berth_config_item *item) {
    const char *const *names = config->context->backends;
    char memory[256];
    struct berth_writer list = berth_writer_on(memory, sizeof memory - 1);
    struct berth_view best = {NULL, 0};
    berth_config_value_choices(names, &list);
    for (size_t i = 0; names[i] != NULL; i++)
        best = berth_near_better(berth_view_of(item->text), best, berth_view_of(names[i]));
    memory[list.size] = '\0';
    bool file = item->place.source == BERTH_CONFIG_FROM_FILE;
    if (best.size > 0)
        berth_config_report(config, BERTH_LOG_ERROR, item->place, file ? item->name : NULL,
                            "%.60s is no backend: did you mean %.*s?", item->text,
                            BERTH_VIEW_ARG(best));
    else
        berth_config_report(config, BERTH_LOG_ERROR, item->place, file ? item->name : NULL,
                            "%.60s is no backend: write %s", item->text, memory);
}

void berth_config_check_routes(struct berth_config *config) {
    const struct berth_config_value *routes = &config->values[BERTH_SETTING_ROUTES];
    for (size_t i = 0; i < routes->item_count; i++) {
        const struct berth_config_item *item = &routes->items[i];
        if (!is_known(config->context->backends, item->text))
            refuse_backend(config, item);
    }
}
