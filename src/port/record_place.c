#include "port/record_place.h"

#include "berth/error.h"
#include "sys/private.h"

int berth_record_place_open(const char *folder, const char *app, intptr_t *ret_dir) {
    if (!berth_port_name_is_good(berth_view_of(app)))
        return BERTH_E_INVALID;
    intptr_t root;
    int error = berth_sys_private_dir_open(-1, folder, &root);
    if (error < 0)
        return error;
    error = berth_sys_private_dir_open(root, app, ret_dir);
    berth_sys_dir_close(root);
    return error;
}

int berth_record_place_instance(const char *name, struct berth_view *ret_instance) {
    static const struct berth_view suffix = {BERTH_RECORD_SUFFIX, sizeof BERTH_RECORD_SUFFIX - 1};
    struct berth_view instance = berth_view_of(name);
    if (instance.size <= suffix.size)
        return BERTH_E_INVALID;
    instance.size -= suffix.size;
    if (!berth_view_equal(berth_view_of(name + instance.size), suffix) ||
        !berth_port_name_is_good(instance))
        return BERTH_E_INVALID;
    *ret_instance = instance;
    return 0;
}
