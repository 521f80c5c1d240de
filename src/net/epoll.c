#include "base/alloc.h"
#include "base/hot.h"
#include "net/epoll_transport.h"

/* -- A turn of the loop ------------------------------------------------------------------------ */

/* Timers of libuv's that are due. It costs a system call, and is asked only then. */
static void run_timers(struct berth_net_epoll *net) {
    uv_loop_t *loop = &net->uv.loop;
    uv_update_time(loop);
    if (uv_loop_alive(loop) && uv_backend_timeout(loop) == 0)
        uv_run(loop, UV_RUN_NOWAIT);
}

static bool is_to_be_closed(const struct berth_net_epoll *net) {
    return !berth_net_list_is_empty(&net->uv.base.closing) || net->closed_listeners != NULL;
}

/* How long nothing can happen but what the set tells; -1: for ever. */
static int quiet_ms(const struct berth_net_epoll *net) {
    if (net->stopped || net->failures_due || is_to_be_closed(net))
        return 0;
    if (uv_loop_alive(&net->uv.loop))
        return uv_backend_timeout(&net->uv.loop);
    return net->asking > 0 ? -1 : 0;
}

/* Is what comes next likely to come while we would only be falling asleep? */
static bool is_worth_spinning(const struct berth_net_epoll *net, int timeout_ms) {
    return net->uv.base.spin_us > 0 && timeout_ms != 0 &&
           net->told <= BERTH_NET_EPOLL_SPIN_CONNECTIONS &&
           net->waited_ns <= (uint64_t)net->uv.base.spin_us * 1000;
}

/* Is the only stream that spoke last to be asked, past the set? */
static bool is_partner_next(const struct berth_net_epoll *net) {
    return net->partner != NULL && net->told == 1 && net->hastened < BERTH_NET_EPOLL_HASTE_MAX;
}

/* Waits until `end` without falling asleep, as berth_sys_poll_wait does. A partner that answers
 * each time is heard past the set, which saves one system call of three; ret_heard says that it
 * was, and it was told then. */
static int spin(struct berth_net_epoll *net, struct berth_sys_poll_event *events, uint64_t end,
                bool *ret_heard) {
    int count = 0;
    do {
        if (is_partner_next(net)) {
            net->hastened++;
            uv_update_time(&net->uv.loop);
            *ret_heard = berth_net_epoll_stream_hear(net->partner);
        } else {
            net->hastened = 0;
            count = berth_sys_poll_wait(net->poll, events, BERTH_SYS_POLL_EVENTS_MAX, 0);
        }
    } while (count == 0 && !*ret_heard && uv_hrtime() < end);
    return count;
}

/* Waits as berth_sys_poll_wait does. A spin that was in vain makes the wait a long one, so that the
 * next is none: an idle loop sleeps. */
static int wait_awake(struct berth_net_epoll *net, struct berth_sys_poll_event *events,
                      int timeout_ms) {
    if (net->uv.base.spin_us == 0)
        return berth_sys_poll_wait(net->poll, events, BERTH_SYS_POLL_EVENTS_MAX, timeout_ms);
    uint64_t start = uv_hrtime();
    int count = 0;
    bool heard = false;
    if (is_worth_spinning(net, timeout_ms))
        count = spin(net, events, start + (uint64_t)net->uv.base.spin_us * 1000, &heard);
    if (count == 0 && !heard)
        count = berth_sys_poll_wait(net->poll, events, BERTH_SYS_POLL_EVENTS_MAX, timeout_ms);
    net->waited_ns = uv_hrtime() - start;
    net->told = heard ? 1 : count;
    return count;
}

/* Watches and signals are told before streams: who changes a file and then asks for it gets what it
 * is now, though both came while we were busy. What is closed meanwhile is still there, as after
 * any other event of this turn. */
static void tell_uv(struct berth_net_epoll *net, const struct berth_sys_poll_event *events,
                    int count) {
    for (int i = 0; i < count; i++) {
        if (events[i].owner == &net->uv_source) {
            uv_run(&net->uv.loop, UV_RUN_NOWAIT);
            return;
        }
    }
}

BERTH_HOT static int wait_and_tell(struct berth_net_epoll *net) {
    struct berth_sys_poll_event events[BERTH_SYS_POLL_EVENTS_MAX];
    int count = wait_awake(net, events, quiet_ms(net));
    if (count < 0)
        return count;
    if (count > 0)
        net->partner = NULL;
    uv_update_time(&net->uv.loop);
    tell_uv(net, events, count);
    net->uv.base.kept_ms = uv_now(&net->uv.loop);
    for (int i = 0; i < count; i++) {
        struct berth_net_epoll_source *source = events[i].owner;
        if (source != &net->uv_source)
            source->on_ready(source, events[i].what);
    }
    net->uv.base.kept_ms = 0;
    return 0;
}

/* All events that were fetched are told: nothing points to what was closed any more. */
static void end_closed(struct berth_net_epoll *net) {
    struct berth_net_link *closing = &net->uv.base.closing;
    while (!berth_net_list_is_empty(closing))
        berth_net_epoll_stream_end(
            BERTH_NET_CONTAINER(closing->next, struct berth_net_epoll_stream, base.link));
    struct berth_net_epoll_listener *listener;
    while ((listener = net->closed_listeners) != NULL) {
        net->closed_listeners = listener->next_closed;
        berth_net_epoll_listener_end(listener);
    }
}

static int turn(struct berth_net_epoll *net) {
    run_timers(net);
    int error = wait_and_tell(net);
    if (net->failures_due) {
        net->failures_due = false;
        berth_net_report_failures(&net->uv.base);
    }
    end_closed(net);
    return error;
}

static bool is_alive(const struct berth_net_epoll *net) {
    return net->asking > 0 || net->failures_due || is_to_be_closed(net) ||
           uv_loop_alive(&net->uv.loop);
}

static int run(struct berth_net *base) {
    struct berth_net_epoll *net = berth_net_epoll_of(base);
    int error = 0;
    while (error == 0 && !net->stopped && is_alive(net))
        error = turn(net);
    net->stopped = false;
    return error;
}

static void stop(struct berth_net *base) { berth_net_epoll_of(base)->stopped = true; }

static void wake(struct berth_net *base) { berth_net_epoll_of(base)->failures_due = true; }

BERTH_HOT static uint64_t now_ms(const struct berth_net *net) {
    const struct berth_net_epoll *epoll = (const struct berth_net_epoll *)(const void *)net;
    return uv_now(&epoll->uv.loop);
}

/* -- Life -------------------------------------------------------------------------------------- */

static void destroy(struct berth_net *base) {
    struct berth_net_epoll *net = berth_net_epoll_of(base);
    berth_net_uv_finish(&net->uv);
    berth_sys_poll_destroy(net->poll);
    berth_free(net);
}

static const struct berth_net_ops ops = {
    .run = run,
    .stop = stop,
    .now_ms = now_ms,
    .wake = wake,
    .destroy = destroy,
    .socket_close = berth_net_uv_socket_close,
    .adopt = berth_net_epoll_adopt,
    .listen = berth_net_epoll_listen,
    .listener_close = berth_net_epoll_listener_close,
    .connect = berth_net_epoll_connect,
    .read_start = berth_net_epoll_read_start,
    .read_stop = berth_net_epoll_read_stop,
    .write = berth_net_epoll_write,
    .flush = berth_net_epoll_flush,
    .want = berth_net_epoll_flush, /* what the set tells is the same */
    .shutdown = berth_net_epoll_shutdown,
    .stream_close = berth_net_epoll_stream_close,
    .local = berth_net_epoll_local,
    .remote = berth_net_epoll_remote,
    .timer_create = berth_net_uv_timer_create,
    .timer_start = berth_net_uv_timer_start,
    .timer_stop = berth_net_uv_timer_stop,
    .timer_destroy = berth_net_uv_timer_destroy,
    .signal_create = berth_net_uv_signal_create,
    .signal_stop = berth_net_uv_signal_stop,
    .signal_destroy = berth_net_uv_signal_destroy,
    .bell_create = berth_net_uv_bell_create,
    .bell_ring = berth_net_uv_bell_ring,
    .bell_stop = berth_net_uv_bell_stop,
    .bell_destroy = berth_net_uv_bell_destroy,
    .watch_create = berth_net_uv_watch_create,
    .watch_stop = berth_net_uv_watch_stop,
    .watch_destroy = berth_net_uv_watch_destroy,
};

static int open_set(struct berth_net_epoll *net) {
    int error = berth_sys_poll_create(&net->poll);
    if (error < 0)
        return error;
    error = berth_sys_poll_set(net->poll, uv_backend_fd(&net->uv.loop), 0, BERTH_SYS_POLL_READ,
                               &net->uv_source);
    if (error < 0)
        berth_sys_poll_destroy(net->poll);
    return error;
}

int berth_net_epoll_create(struct berth_net **ret_net) {
    struct berth_net_epoll *net = berth_alloc(sizeof *net);
    if (net == NULL)
        return BERTH_E_MEMORY;
    int error = berth_net_uv_init(&net->uv, &ops);
    if (error < 0) {
        berth_free(net);
        return error;
    }
    error = open_set(net);
    if (error < 0) {
        berth_net_uv_finish(&net->uv);
        berth_free(net);
        return error;
    }
    *ret_net = &net->uv.base;
    return 0;
}

int berth_net_create(struct berth_net **ret_net) {
    int error = berth_net_epoll_create(ret_net);
    return error == BERTH_E_UNSUPPORTED ? berth_net_uv_create(ret_net) : error;
}
