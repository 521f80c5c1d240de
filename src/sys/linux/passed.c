#include "sys/listen.h"

#include "sys/error.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define FIRST_PASSED 3

/* More descriptors than any starter passes: a bound on what a wrong variable can make us do. */
#define PASSED_MAX 1024

static bool is_for_us(const char *pid_text) {
    uint64_t pid;
    return pid_text != NULL && berth_view_number(berth_view_of(pid_text), INT32_MAX, &pid) == 0 &&
           pid == (uint64_t)getpid();
}

static int take_over(int fd) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return BERTH_E_INVALID;
    return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? BERTH_E_INVALID : 0;
}

static int take_over_all(size_t passed, intptr_t *sockets, size_t max, size_t *ret_count) {
    size_t count = 0;
    for (size_t i = 0; i < passed; i++) {
        int fd = FIRST_PASSED + (int)i;
        if (i >= max)
            close(fd);
        else if (take_over(fd) < 0)
            return BERTH_E_INVALID;
        else
            sockets[count++] = fd;
    }
    *ret_count = count;
    return 0;
}

int berth_sys_passed_sockets(intptr_t *sockets, size_t max, size_t *ret_count) {
    const char *passed_text = getenv("LISTEN_FDS");
    bool ours = is_for_us(getenv("LISTEN_PID"));
    uint64_t passed = 0;
    int error = 0;
    if (ours && passed_text != NULL)
        error = berth_view_number(berth_view_of(passed_text), PASSED_MAX, &passed);

    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDNAMES");
    return error < 0 ? error : take_over_all((size_t)passed, sockets, max, ret_count);
}
