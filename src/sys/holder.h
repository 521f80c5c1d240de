/* Who holds a port.
 *
 *     struct berth_sys_holder holders[32];
 *     size_t count;
 *     int error = berth_sys_port_holders(ports, port_count, holders, 32, &count);
 *
 * Ask once for all the ports of interest, and only when something is taken: to find the process
 * behind a socket, the open files of every process have to be gone through (1 to 20 ms), and one
 * such walk answers for all ports.
 *
 * Shape:   listening sockets first, then the others; within each, in the order of the ports given.
 *          A socket that several processes share is named once
 * Owns:    the caller's array; no memory is kept
 * Errors:  BERTH_E_MEMORY, BERTH_E_SYSTEM. What the system hides is no error: pid is 0 and program
 *          is empty for a process that we may not look into
 * Limits:  max holders, the rest is left out. A socket that is bound but does not listen is only
 *          seen on Linux 6.8 and later: without it a taken port can be without a holder
 * Threads: any
 * Proof:   holder_test.c
 */
#ifndef BERTH_SYS_HOLDER_H
#define BERTH_SYS_HOLDER_H

#include "base/addr.h"

#define BERTH_SYS_PROGRAM_MAX 96
#define BERTH_SYS_USER_MAX 64

struct berth_sys_holder {
    struct berth_addr address; /* what the socket is bound to, port included */
    bool listening;
    uint32_t pid;                        /* 0 when hidden */
    uint32_t uid;                        /* who made the socket */
    char program[BERTH_SYS_PROGRAM_MAX]; /* "nginx", or "python3 server.py" for an interpreter */
    char user[BERTH_SYS_USER_MAX];       /* the uid in digits when it has no name */
};

int berth_sys_port_holders(const uint16_t *ports, size_t port_count,
                           struct berth_sys_holder *holders, size_t max, size_t *ret_count);

#endif
