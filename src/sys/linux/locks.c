#include "sys/locks.h"

#include "sys/clock.h"
#include "sys/error.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

/* How long to sleep between two tries: those who wait, wait for somebody's few system calls. */
#define RETRY_NS 2000000

/* Each lock is a byte of its own. The file need not have that byte. */
static struct flock range_of(enum berth_sys_lock lock, short type) {
    return (struct flock){
        .l_type = type,
        .l_whence = SEEK_SET,
        .l_start = lock == BERTH_SYS_LOCK_LIFE ? 0 : 1,
        .l_len = 1,
    };
}

/* EINVAL is what kernels without these locks say: our arguments are always good. */
static int lock_error(int number) {
    switch (number) {
    case EAGAIN:
    case EACCES:
        return BERTH_E_BUSY;
    case EBADF:
        return BERTH_E_INVALID;
    case EINVAL:
    case ENOLCK:
        return BERTH_E_UNSUPPORTED;
    default:
        return berth_sys_error(number);
    }
}

int berth_sys_lock_take(intptr_t file, enum berth_sys_lock lock, unsigned wait_ms) {
    static const struct timespec pause = {.tv_nsec = RETRY_NS};
    uint64_t deadline_ns = berth_sys_clock_monotonic_ns() + (uint64_t)wait_ms * 1000000;
    struct flock range = range_of(lock, F_WRLCK);
    while (fcntl((int)file, F_OFD_SETLK, &range) < 0) {
        int error = errno == EINTR ? BERTH_E_BUSY : lock_error(errno);
        if (error != BERTH_E_BUSY || berth_sys_clock_monotonic_ns() >= deadline_ns)
            return error;
        nanosleep(&pause, NULL);
    }
    return 0;
}

int berth_sys_lock_ask(intptr_t file, enum berth_sys_lock lock, bool *ret_held) {
    struct flock range = range_of(lock, F_WRLCK);
    if (fcntl((int)file, F_OFD_GETLK, &range) < 0)
        return lock_error(errno);
    *ret_held = range.l_type != F_UNLCK;
    return 0;
}

void berth_sys_lock_drop(intptr_t file, enum berth_sys_lock lock) {
    struct flock range = range_of(lock, F_UNLCK);
    (void)fcntl((int)file, F_OFD_SETLK, &range);
}
