/* A berth_addr as the system's own address, and back.
 *
 * Errors:  BERTH_E_INVALID: the address is of neither IP family
 * Threads: any
 */
#ifndef BERTH_SYS_LINUX_SOCKADDR_H
#define BERTH_SYS_LINUX_SOCKADDR_H

#include "base/addr.h"

#include <sys/socket.h>

/* Returns how many bytes of the storage count. */
socklen_t berth_sys_sockaddr_from(const struct berth_addr *addr, struct sockaddr_storage *storage);

/* The other way round. */
int berth_sys_sockaddr_to(const struct sockaddr_storage *storage, struct berth_addr *ret_addr);

#endif
