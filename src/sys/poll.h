/* Which of many sockets can be read from or written to.
 *
 *     intptr_t poll;
 *     int error = berth_sys_poll_create(&poll);
 *     error = berth_sys_poll_set(poll, socket, 0, BERTH_SYS_POLL_READ, owner);
 *     int count = berth_sys_poll_wait(poll, events, 64, timeout_ms);
 *     berth_sys_poll_destroy(poll);
 *
 * Shape:   level-triggered: what is ready is told until it is dealt with, or asked for no longer.
 *          A socket that is closed is forgotten by itself
 * Owns:    the caller owns the sockets; an owner is only carried
 * Errors:  BERTH_E_UNSUPPORTED: this system has another way (create); BERTH_E_MEMORY,
 *          BERTH_E_NO_SPACE, BERTH_E_TOO_MANY_FILES
 * Threads: one
 * Proof:   the tests of net, over the transport `epoll`
 */
#ifndef BERTH_SYS_POLL_H
#define BERTH_SYS_POLL_H

#include <stddef.h>
#include <stdint.h>

enum berth_sys_poll_what {
    BERTH_SYS_POLL_READ = 1,
    BERTH_SYS_POLL_WRITE = 2,
    BERTH_SYS_POLL_BROKEN = 4, /* told unasked: reading or writing says what it is */
};

struct berth_sys_poll_event {
    void *owner;
    unsigned what;
};

int berth_sys_poll_create(intptr_t *ret_poll);
void berth_sys_poll_destroy(intptr_t poll);

/* Changes what is asked of a socket, from `before` to `now`; with 0 it is not in the set, and tells
 * nothing. */
int berth_sys_poll_set(intptr_t poll, intptr_t socket, unsigned before, unsigned now, void *owner);

/* Waits until something is ready, timeout_ms at most (-1: for ever); gives how many. */
#define BERTH_SYS_POLL_EVENTS_MAX 256
int berth_sys_poll_wait(intptr_t poll, struct berth_sys_poll_event *events, int max,
                        int timeout_ms);

#endif
