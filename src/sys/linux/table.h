/* The kernel's table of TCP sockets: by netlink (sock_diag), or as text from /proc/net.
 *
 * Both show the sockets of our network namespace alone. A socket without an inode has no owner any
 * more: the kernel then names root where it knows nobody, so such a row is never shown.
 *
 * Shape:   rows; IPv4 written as IPv6 (::ffff:…) comes as IPv4
 * Errors:  BERTH_E_UNSUPPORTED or the system's, when the table cannot be had that way
 * Threads: any, one at a time per descriptor
 * Source:  sock_diag(7), proc(5)
 */
#ifndef BERTH_SYS_LINUX_TABLE_H
#define BERTH_SYS_LINUX_TABLE_H

#include "base/addr.h"

/* The kernel's own numbers for the states that are told apart here. */
#define BERTH_SYS_TABLE_LISTEN 10

struct berth_sys_table_row {
    struct berth_addr local;
    struct berth_addr remote;
    uint8_t state;
    uint32_t uid;
    uint64_t inode;
};

typedef void (*berth_sys_table_event)(void *owner, const struct berth_sys_table_row *row);

/* The way by netlink, once it has answered a first question. */
int berth_sys_table_open(intptr_t *ret_table);

/* The one connected socket whose own end is `local` and whose other end is `remote`; both of one
 * family. `number` is any number that the question before did not have.
 * Errors: BERTH_E_NOT_FOUND; anything else: the table does not answer. */
int berth_sys_table_find(intptr_t table, uint32_t number, const struct berth_addr *local,
                         const struct berth_addr *remote, struct berth_sys_table_row *ret_row);

/* Every socket whose own port is from..to, those included that are bound and no more (Linux 6.8).
 */
int berth_sys_table_list(intptr_t table, uint16_t from, uint16_t to, berth_sys_table_event event,
                         void *owner);

/* Every socket, from /proc/net/tcp and tcp6. */
int berth_sys_table_read(berth_sys_table_event event, void *owner);

/* ::ffff:a.b.c.d as a.b.c.d; any other address as it is. */
struct berth_addr berth_sys_table_plain(const struct berth_addr *addr);

#endif
