#include "sys/files.h"

#include "base/writer.h"
#include "sys/clock.h"
#include "sys/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* How long to sleep between two tries for a lock: locks are held for a few milliseconds. */
#define LOCK_RETRY_NS 2000000

/* Makes every folder of the path that is missing. Returns the first reason for which one could not
 * be made; that may be none of our business, when it was there all the same. */
static int make_all(const char *path) {
    char part[PATH_MAX];
    struct berth_writer out = berth_writer_on(part, sizeof part - 1);
    berth_writer_text(&out, path);
    if (out.overflow || out.size == 0)
        return BERTH_E_INVALID;

    int error = 0;
    for (size_t i = 1; i <= out.size; i++) {
        if (i < out.size && part[i] != '/')
            continue;
        char behind = part[i];
        part[i] = 0;
        if (mkdir(part, 0700) < 0 && errno != EEXIST && error == 0)
            error = berth_sys_error(errno);
        part[i] = behind;
    }
    return error;
}

static int check_private(const struct stat *status) {
    if (S_ISLNK(status->st_mode))
        return BERTH_E_DENIED;
    if (!S_ISDIR(status->st_mode))
        return BERTH_E_INVALID;
    if (status->st_uid != geteuid() || (status->st_mode & 077) != 0)
        return BERTH_E_DENIED;
    return 0;
}

int berth_sys_dir_make_private(const char *path) {
    int error = make_all(path);
    struct stat status;
    if (lstat(path, &status) < 0)
        return error < 0 ? error : berth_sys_error(errno);
    return check_private(&status);
}

/* Errors: BERTH_E_BUSY when another holds it to the end. */
static int wait_for_lock(int fd, uint64_t deadline_ns) {
    static const struct timespec pause = {.tv_nsec = LOCK_RETRY_NS};
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return berth_sys_error(errno);
        if (berth_sys_clock_monotonic_ns() >= deadline_ns)
            return BERTH_E_BUSY;
        nanosleep(&pause, NULL);
    }
    return 0;
}

int berth_sys_dir_lock(const char *path, unsigned wait_ms, intptr_t *ret_lock) {
    uint64_t deadline_ns = berth_sys_clock_monotonic_ns() + (uint64_t)wait_ms * 1000000;
    intptr_t dir = -1;
    int error = berth_sys_dir_open(path, &dir);
    if (error == 0)
        error = wait_for_lock((int)dir, deadline_ns);
    if (error < 0) {
        berth_sys_dir_close(dir);
        return error;
    }
    *ret_lock = dir;
    return 0;
}

/* Closing alone would leave the lock with a child that was forked in between. */
void berth_sys_dir_unlock(intptr_t lock) {
    if (lock < 0)
        return;
    flock((int)lock, LOCK_UN);
    close((int)lock);
}

int berth_sys_dir_open(const char *path, intptr_t *ret_dir) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return berth_sys_error(errno);
    *ret_dir = fd;
    return 0;
}

void berth_sys_dir_close(intptr_t dir) {
    if (dir >= 0)
        close((int)dir);
}
