#include "base/alloc.h"
#include "net/uv_transport.h"

struct uv_bell {
    struct berth_net_bell base;
    uv_async_t handle;
};

static struct uv_bell *bell_of(struct berth_net_bell *bell) {
    return BERTH_NET_CONTAINER(bell, struct uv_bell, base);
}

static void on_ring(uv_async_t *handle) {
    struct uv_bell *bell = handle->data;
    if (!bell->base.net->ending)
        bell->base.event(bell->base.owner);
}

static void on_closed(uv_handle_t *handle) { berth_free(handle->data); }

int berth_net_uv_bell_create(struct berth_net *net, struct berth_net_bell **ret_bell) {
    struct uv_bell *bell = berth_alloc(sizeof *bell);
    if (bell == NULL)
        return BERTH_E_MEMORY;
    int status = uv_async_init(&berth_net_uv_of(net)->loop, &bell->handle, on_ring);
    if (status < 0) {
        berth_free(bell);
        return berth_net_uv_error(status);
    }
    bell->handle.data = bell;
    *ret_bell = &bell->base;
    return 0;
}

void berth_net_uv_bell_ring(struct berth_net_bell *bell) { uv_async_send(&bell_of(bell)->handle); }

/* It keeps the loop going no more; what is rung is heard no more. */
void berth_net_uv_bell_stop(struct berth_net_bell *bell) {
    uv_unref((uv_handle_t *)&bell_of(bell)->handle);
}

void berth_net_uv_bell_destroy(struct berth_net_bell *bell) {
    uv_close((uv_handle_t *)&bell_of(bell)->handle, on_closed);
}
