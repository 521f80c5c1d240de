#include "sys/poll.h"

#include "base/assert.h"
#include "base/hot.h"
#include "sys/error.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

int berth_sys_poll_create(intptr_t *ret_poll) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0)
        return berth_sys_error(errno);
    *ret_poll = fd;
    return 0;
}

void berth_sys_poll_destroy(intptr_t poll) {
    if (poll >= 0)
        close((int)poll);
}

int berth_sys_poll_set(intptr_t poll, intptr_t socket, unsigned before, unsigned now, void *owner) {
    if (before == now)
        return 0;
    struct epoll_event event = {
        .events = ((now & BERTH_SYS_POLL_READ) != 0 ? EPOLLIN : 0u) |
                  ((now & BERTH_SYS_POLL_WRITE) != 0 ? EPOLLOUT : 0u),
        .data.ptr = owner,
    };
    /* Asked for nothing it would still be told of its end, again and again: it is taken out. */
    int operation = before == 0 ? EPOLL_CTL_ADD : now == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    return epoll_ctl((int)poll, operation, (int)socket, &event) < 0 ? berth_sys_error(errno) : 0;
}

static unsigned what_of(uint32_t events) {
    return ((events & EPOLLIN) != 0 ? (unsigned)BERTH_SYS_POLL_READ : 0) |
           ((events & EPOLLOUT) != 0 ? (unsigned)BERTH_SYS_POLL_WRITE : 0) |
           ((events & (EPOLLERR | EPOLLHUP)) != 0 ? (unsigned)BERTH_SYS_POLL_BROKEN : 0);
}

BERTH_HOT int berth_sys_poll_wait(intptr_t poll, struct berth_sys_poll_event *events, int max,
                                  int timeout_ms) {
    struct epoll_event ready[BERTH_SYS_POLL_EVENTS_MAX];
    BERTH_ASSERT(max > 0 && max <= BERTH_SYS_POLL_EVENTS_MAX);
    int count = epoll_wait((int)poll, ready, max, timeout_ms);
    if (count < 0)
        return errno == EINTR ? 0 : berth_sys_error(errno);
    for (int i = 0; i < count; i++)
        events[i] = (struct berth_sys_poll_event){ready[i].data.ptr, what_of(ready[i].events)};
    return count;
}
