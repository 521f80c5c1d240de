#include "base/alloc.h"
#include "base/assert.h"
#include "net/uv_transport.h"

/* -- Timers ------------------------------------------------------------------------------------ */

struct uv_timer {
    struct berth_net_timer base;
    uv_timer_t handle;
};

static struct uv_timer *timer_of(struct berth_net_timer *timer) {
    return BERTH_NET_CONTAINER(timer, struct uv_timer, base);
}

static void on_timer(uv_timer_t *handle) {
    struct uv_timer *timer = handle->data;
    timer->base.event(timer->base.owner);
}

int berth_net_uv_timer_create(struct berth_net *net, struct berth_net_timer **ret_timer) {
    struct uv_timer *timer = berth_alloc(sizeof *timer);
    if (timer == NULL)
        return BERTH_E_MEMORY;
    int status = uv_timer_init(&berth_net_uv_of(net)->loop, &timer->handle);
    BERTH_ASSERT(status == 0);
    timer->handle.data = timer;
    *ret_timer = &timer->base;
    return 0;
}

void berth_net_uv_timer_start(struct berth_net_timer *timer, uint64_t delay_ms) {
    /* Between two runs the loop's clock stands still, and the delay would count from there. */
    if (!timer->net->running)
        uv_update_time(&berth_net_uv_of(timer->net)->loop);
    int status = uv_timer_start(&timer_of(timer)->handle, on_timer, delay_ms, 0);
    BERTH_ASSERT(status == 0);
}

void berth_net_uv_timer_stop(struct berth_net_timer *timer) {
    uv_timer_stop(&timer_of(timer)->handle);
}

static void on_timer_closed(uv_handle_t *handle) { berth_free(handle->data); }

void berth_net_uv_timer_destroy(struct berth_net_timer *timer) {
    uv_close((uv_handle_t *)&timer_of(timer)->handle, on_timer_closed);
}

/* -- Signals ----------------------------------------------------------------------------------- */

struct uv_signal {
    struct berth_net_signal base;
    uv_signal_t handle;
};

static struct uv_signal *signal_of(struct berth_net_signal *signal) {
    return BERTH_NET_CONTAINER(signal, struct uv_signal, base);
}

static void on_signal(uv_signal_t *handle, int number) {
    struct uv_signal *signal = handle->data;
    signal->base.event(signal->base.owner, number);
}

static void on_signal_closed(uv_handle_t *handle) { berth_free(handle->data); }

int berth_net_uv_signal_create(struct berth_net *net, int number,
                               struct berth_net_signal **ret_signal) {
    struct uv_signal *signal = berth_alloc(sizeof *signal);
    if (signal == NULL)
        return BERTH_E_MEMORY;
    int status = uv_signal_init(&berth_net_uv_of(net)->loop, &signal->handle);
    if (status < 0) {
        berth_free(signal);
        return berth_net_uv_error(status);
    }
    signal->handle.data = signal;
    status = uv_signal_start(&signal->handle, on_signal, number);
    if (status < 0) {
        uv_close((uv_handle_t *)&signal->handle, on_signal_closed);
        return berth_net_uv_error(status);
    }
    *ret_signal = &signal->base;
    return 0;
}

void berth_net_uv_signal_stop(struct berth_net_signal *signal) {
    uv_signal_stop(&signal_of(signal)->handle);
}

void berth_net_uv_signal_destroy(struct berth_net_signal *signal) {
    uv_close((uv_handle_t *)&signal_of(signal)->handle, on_signal_closed);
}
