#include "base/alloc.h"
#include "net/uv_transport.h"

struct uv_watch {
    struct berth_net_watch base;
    uv_fs_event_t handle;
};

static struct uv_watch *watch_of(struct berth_net_watch *watch) {
    return BERTH_NET_CONTAINER(watch, struct uv_watch, base);
}

/* Names and kinds of changes are dropped on purpose: they differ per system, and a hint needs none.
 * An error says that there is nothing to watch any more. */
static void on_change(uv_fs_event_t *handle, const char *name, int kinds, int status) {
    (void)name, (void)kinds, (void)status;
    struct uv_watch *watch = handle->data;
    watch->base.event(watch->base.owner);
}

static void on_closed(uv_handle_t *handle) { berth_free(handle->data); }

int berth_net_uv_watch_create(struct berth_net *net, const char *path,
                              struct berth_net_watch **ret_watch) {
    struct uv_watch *watch = berth_alloc(sizeof *watch);
    if (watch == NULL)
        return BERTH_E_MEMORY;
    int status = uv_fs_event_init(&berth_net_uv_of(net)->loop, &watch->handle);
    if (status < 0) {
        berth_free(watch);
        return berth_net_uv_error(status);
    }
    watch->handle.data = watch;
    status = uv_fs_event_start(&watch->handle, on_change, path, 0);
    if (status < 0) {
        uv_close((uv_handle_t *)&watch->handle, on_closed);
        return berth_net_uv_error(status);
    }
    *ret_watch = &watch->base;
    return 0;
}

void berth_net_uv_watch_stop(struct berth_net_watch *watch) {
    uv_fs_event_stop(&watch_of(watch)->handle);
}

void berth_net_uv_watch_destroy(struct berth_net_watch *watch) {
    uv_close((uv_handle_t *)&watch_of(watch)->handle, on_closed);
}
