/* The processes behind sockets, found through /proc.
 *
 * The walk costs a readlink for every open file that we may see, so it answers for all sockets at
 * once, looks at the processes of the sockets' own users first, and ends as soon as all are found.
 *
 * Errors:  none: a process that we may not look into stays unknown (pid 0)
 * Threads: any
 * Source:  proc(5): /proc/PID/fd, exe, comm, cmdline
 */
#ifndef BERTH_SYS_LINUX_OWNER_H
#define BERTH_SYS_LINUX_OWNER_H

#include <stddef.h>
#include <stdint.h>

struct berth_sys_owner {
    uint64_t inode;
    uint32_t uid; /* who made the socket */
    uint32_t pid; /* the answer; the lowest where several share the socket. 0 to begin with */
};

/* Fills in the pids. */
void berth_sys_owners_find(struct berth_sys_owner *owners, size_t count);

/* Empty when the process is gone. */
void berth_sys_owner_program(uint32_t pid, char *name, size_t capacity);

#endif
