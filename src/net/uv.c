#include "base/alloc.h"
#include "net/uv_transport.h"
#include "sys/accept.h"

/* -- Errors ------------------------------------------------------------------------------------ */

int berth_net_uv_error(int status) {
    static const struct {
        int status;
        int error;
    } table[] = {
        {UV_EPIPE, BERTH_E_RESET},
        {UV_ECONNRESET, BERTH_E_RESET},
        {UV_ECONNABORTED, BERTH_E_RESET},
        {UV_ECONNREFUSED, BERTH_E_REFUSED},
        {UV_ETIMEDOUT, BERTH_E_TIMEOUT},
        {UV_ECANCELED, BERTH_E_CLOSED},
        {UV_ENOTCONN, BERTH_E_CLOSED},
        {UV_EADDRINUSE, BERTH_E_IN_USE},
        {UV_EADDRNOTAVAIL, BERTH_E_NO_ADDRESS},
        {UV_EAFNOSUPPORT, BERTH_E_NO_ADDRESS},
        {UV_ENETUNREACH, BERTH_E_NO_ADDRESS},
        {UV_EHOSTUNREACH, BERTH_E_NO_ADDRESS},
        {UV_EACCES, BERTH_E_DENIED},
        {UV_EPERM, BERTH_E_DENIED},
        {UV_EMFILE, BERTH_E_TOO_MANY_FILES},
        {UV_ENFILE, BERTH_E_TOO_MANY_FILES},
        {UV_ENOMEM, BERTH_E_MEMORY},
        {UV_ENOBUFS, BERTH_E_MEMORY},
        {UV_EINVAL, BERTH_E_INVALID},
        {UV_EBADF, BERTH_E_INVALID},
        {UV_ENOTSOCK, BERTH_E_INVALID},
        {UV_EEXIST, BERTH_E_EXISTS},
        {UV_ENOENT, BERTH_E_NOT_FOUND},
        {UV_ENOTDIR, BERTH_E_NOT_FOUND},
        {UV_ENOSPC, BERTH_E_NO_SPACE},
        {UV_ENOSYS, BERTH_E_UNSUPPORTED},
        {UV_ENOTSUP, BERTH_E_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].status == status)
            return table[i].error;
    }
    return BERTH_E_SYSTEM;
}

/* -- Addresses --------------------------------------------------------------------------------- */

struct sockaddr_storage berth_net_uv_sockaddr(const struct berth_addr *addr) {
    union {
        struct sockaddr_storage storage;
        struct sockaddr_in ip4;
        struct sockaddr_in6 ip6;
    } to = {0};
    if (addr->family == 4) {
        to.ip4.sin_family = AF_INET;
        to.ip4.sin_port = htons(addr->port);
        memcpy(&to.ip4.sin_addr, addr->ip, sizeof to.ip4.sin_addr);
    } else {
        to.ip6.sin6_family = AF_INET6;
        to.ip6.sin6_port = htons(addr->port);
        memcpy(&to.ip6.sin6_addr, addr->ip, sizeof to.ip6.sin6_addr);
    }
    return to.storage;
}

struct berth_addr berth_net_uv_addr(const struct sockaddr_storage *storage) {
    union {
        struct sockaddr_storage storage;
        struct sockaddr_in ip4;
        struct sockaddr_in6 ip6;
    } from = {*storage};
    struct berth_addr addr = {0};
    if (storage->ss_family == AF_INET) {
        addr.family = 4;
        addr.port = ntohs(from.ip4.sin_port);
        memcpy(addr.ip, &from.ip4.sin_addr, sizeof from.ip4.sin_addr);
    } else if (storage->ss_family == AF_INET6) {
        addr.family = 6;
        addr.port = ntohs(from.ip6.sin6_port);
        memcpy(addr.ip, &from.ip6.sin6_addr, sizeof from.ip6.sin6_addr);
    }
    return addr;
}

/* -- The loop ---------------------------------------------------------------------------------- */

static int run(struct berth_net *net) {
    /* What it returns only says whether handles are left; it cannot fail. */
    uv_run(&berth_net_uv_of(net)->loop, UV_RUN_DEFAULT);
    return 0;
}

static void stop(struct berth_net *net) { uv_stop(&berth_net_uv_of(net)->loop); }

static uint64_t now_ms(const struct berth_net *net) {
    const struct berth_net_uv *uv = (const struct berth_net_uv *)net;
    return uv_now(&uv->loop);
}

static void on_awake(uv_idle_t *handle) { (void)handle; }

static void on_report(uv_check_t *handle) {
    struct berth_net_uv *net = handle->data;
    uv_check_stop(&net->report);
    uv_idle_stop(&net->awake);
    berth_net_report_failures(&net->base);
}

static void wake(struct berth_net *base) {
    struct berth_net_uv *net = berth_net_uv_of(base);
    uv_check_start(&net->report, on_report);
    uv_idle_start(&net->awake, on_awake);
}

void berth_net_uv_finish(struct berth_net_uv *net) {
    uv_close((uv_handle_t *)&net->report, NULL);
    uv_close((uv_handle_t *)&net->awake, NULL);
    /* Twice at most: a berth_net_stop that no run has obeyed ends the first. */
    while (uv_loop_close(&net->loop) == UV_EBUSY)
        uv_run(&net->loop, UV_RUN_DEFAULT);
    berth_free(net->read_buffer);
}

static void destroy(struct berth_net *base) {
    struct berth_net_uv *net = berth_net_uv_of(base);
    berth_net_uv_finish(net);
    berth_free(net);
}

static const struct berth_net_ops ops = {
    .run = run,
    .stop = stop,
    .now_ms = now_ms,
    .wake = wake,
    .destroy = destroy,
    .socket_close = berth_net_uv_socket_close,
    .adopt = berth_net_uv_adopt,
    .listen = berth_net_uv_listen,
    .listener_close = berth_net_uv_listener_close,
    .connect = berth_net_uv_connect,
    .read_start = berth_net_uv_read_start,
    .read_stop = berth_net_uv_read_stop,
    .write = berth_net_uv_write,
    .flush = berth_net_uv_flush,
    .shutdown = berth_net_uv_shutdown,
    .stream_close = berth_net_uv_stream_close,
    .local = berth_net_uv_local,
    .remote = berth_net_uv_remote,
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

int berth_net_uv_init(struct berth_net_uv *net, const struct berth_net_ops *operations) {
    net->read_buffer = berth_alloc(BERTH_NET_UV_READ_SIZE);
    if (net->read_buffer == NULL)
        return BERTH_E_MEMORY;
    int status = uv_loop_init(&net->loop);
    if (status < 0) {
        berth_free(net->read_buffer);
        return berth_net_uv_error(status);
    }
    berth_net_init(&net->base, operations);
    uv_check_init(&net->loop, &net->report);
    net->report.data = net;
    uv_idle_init(&net->loop, &net->awake);
    /* libuv writes without MSG_NOSIGNAL. */
    berth_sys_ignore_broken_pipes();
    return 0;
}

int berth_net_uv_create(struct berth_net **ret_net) {
    struct berth_net_uv *net = berth_alloc(sizeof *net);
    if (net == NULL)
        return BERTH_E_MEMORY;
    int error = berth_net_uv_init(net, &ops);
    if (error < 0) {
        berth_free(net);
        return error;
    }
    *ret_net = &net->base;
    return 0;
}
