#include "sys/accept.h"

#include "sys/error.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* Linux hands the new connection's own trouble to accept(2). It concerns that connection, which is
 * gone, and not the next one. */
static bool is_of_the_connection(int error) {
    static const int errors[] = {
        EINTR,     ECONNABORTED, EPROTO,       ENETDOWN,    ENOPROTOOPT,
        EHOSTDOWN, ENONET,       EHOSTUNREACH, ENETUNREACH,
    };
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (errors[i] == error)
            return true;
    }
    return false;
}

int berth_sys_accept(intptr_t listening, intptr_t *ret_accepted) {
    int accepted;
    /* Each round takes one connection off the backlog, or stops. */
    do {
        accepted = accept4((int)listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (accepted < 0 && is_of_the_connection(errno));
    if (accepted >= 0) {
        *ret_accepted = accepted;
        return 1;
    }
    if (errno == EAGAIN)
        return 0;
    return berth_sys_error(errno);
}

void berth_sys_ignore_broken_pipes(void) {
    struct sigaction now;
    if (sigaction(SIGPIPE, NULL, &now) < 0 || (now.sa_flags & SA_SIGINFO) != 0 ||
        now.sa_handler != SIG_DFL)
        return;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, NULL);
}
