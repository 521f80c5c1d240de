/* What the allocator asks of the machine it runs on: the seam at which a test puts another machine
 * (without IPv6, out of descriptors, with a port that is denied).
 *
 * Shape:   the functions of sys/listen.h, sys/holder.h and sys/ports.h, under their contracts
 * Threads: any
 */
#ifndef BERTH_PORT_MACHINE_H
#define BERTH_PORT_MACHINE_H

#include "port/port.h"
#include "sys/holder.h"

struct berth_port_machine {
    int (*listen)(const struct berth_addr *address, int backlog, uint16_t *ret_port,
                  intptr_t *ret_socket);
    void (*close)(intptr_t socket);
    int (*passed)(intptr_t *sockets, size_t max, size_t *ret_count);
    int (*check_listening)(intptr_t socket);
    int (*local)(intptr_t socket, struct berth_addr *ret_local);
    int (*holders)(const uint16_t *ports, size_t port_count, struct berth_sys_holder *holders,
                   size_t max, size_t *ret_count);
    uint32_t (*first_unprivileged)(void);
};

/* berth_port_allocate on the machine given. */
int berth_port_allocate_on(const struct berth_port_machine *machine,
                           const struct berth_port_options *options, struct berth_port *ret_port);

#endif
