/* The map of routes, checked: paths that are ours to give, backends that exist. */
#include "app/config_settle.h"
#include "app/config_value.h"
#include "app/near.h"
#include "berth/error.h"

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

static const char *const slow_names[] = {"close", "drop-oldest", "pause-writer", NULL};

/* The place of a name in a list that ends in NULL; -1 when it is not there. */
static int place_of(const char *const *names, struct berth_view name) {
    for (int i = 0; names[i] != NULL; i++)
        if (berth_view_equal(berth_view_of(names[i]), name))
            return i;
    return -1;
}

struct berth_view berth_config_route_backend(const char *text, enum berth_slow *ret_slow) {
    struct berth_view rest;
    struct berth_view backend = berth_view_cut(berth_view_of(text), ' ', &rest);
    int place = place_of(slow_names, rest);
    *ret_slow = place >= 0 ? (enum berth_slow)place : BERTH_SLOW_CLOSE;
    return backend;
}

/* `name` is none of those there are for this `what`. */
static void refuse(struct berth_config *config, const struct berth_config_item *item,
                   struct berth_view name, const char *what, const char *const *names) {
    char memory[256];
    struct berth_writer list = berth_writer_on(memory, sizeof memory - 1);
    struct berth_view best = {NULL, 0};
    berth_config_value_choices(names, &list);
    for (size_t i = 0; names[i] != NULL; i++)
        best = berth_near_better(name, best, berth_view_of(names[i]));
    memory[list.size] = '\0';
    bool file = item->place.source == BERTH_CONFIG_FROM_FILE;
    int shown = name.size > 60 ? 60 : (int)name.size;
    if (best.size > 0)
        berth_config_report(config, BERTH_LOG_ERROR, item->place, file ? item->name : NULL,
                            "%.*s is no %s: did you mean %.*s?", shown, name.data, what,
                            BERTH_VIEW_ARG(best));
    else
        berth_config_report(config, BERTH_LOG_ERROR, item->place, file ? item->name : NULL,
                            "%.*s is no %s: write %s", shown, name.data, what, memory);
}

void berth_config_check_routes(struct berth_config *config) {
    const struct berth_config_value *routes = &config->values[BERTH_SETTING_ROUTES];
    for (size_t i = 0; i < routes->item_count; i++) {
        const struct berth_config_item *item = &routes->items[i];
        struct berth_view rest;
        struct berth_view backend = berth_view_cut(berth_view_of(item->text), ' ', &rest);
        if (place_of(config->context->backends, backend) < 0)
            refuse(config, item, backend, "backend", config->context->backends);
        else if (rest.size > 0 && place_of(slow_names, rest) < 0)
            refuse(config, item, rest, "way with slow readers", slow_names);
    }
}
