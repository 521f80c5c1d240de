/* Whose process is at the other end of a loopback connection.
 *
 *     struct berth_sys_peers peers;
 *     berth_sys_peers_init(&peers);
 *     uint32_t uid;
 *     int error = berth_sys_peers_uid(&peers, &local, &remote, &uid);
 *     if (error == 0 && uid == berth_sys_uid()) ... the same user ...
 *     berth_sys_peers_finish(&peers);
 *
 * Shape:   one exact question to the kernel's socket table (on Linux: sock_diag, about 10 µs); the
 *          table read as text where that door is shut. local and remote are ours: what
 *          berth_net_stream_local and _remote say. IPv4 written as IPv6 (::ffff:127.0.0.1) is
 *          understood on either side
 * Owns:    a descriptor that is kept open between questions, until finish
 * Errors:  BERTH_E_NOT_FOUND: the kernel does not know such a socket here (another machine, another
 *          network namespace, or it is closed already): that is nobody, not everybody.
 *          BERTH_E_INVALID: the two addresses are of different families
 * Limits:  the uid is the one that made the socket
 * Threads: one per object
 * Proof:   peer_test.c
 */
#ifndef BERTH_SYS_PEER_H
#define BERTH_SYS_PEER_H

#include "base/addr.h"

struct berth_sys_peers {
    intptr_t table; /* the way to the kernel; negative before the first question */
    uint32_t asked; /* the number of the last question, to tell its answer from an older one */
};

void berth_sys_peers_init(struct berth_sys_peers *peers);

int berth_sys_peers_uid(struct berth_sys_peers *peers, const struct berth_addr *local,
                        const struct berth_addr *remote, uint32_t *ret_uid);

/* NULL is welcome. */
void berth_sys_peers_finish(struct berth_sys_peers *peers);

#endif
