/* What the system has decided about port numbers.
 *
 * Shape:   read from the system at each call, its usual values where it does not say
 * Errors:  none
 * Threads: any
 * Source:  Linux: net.ipv4.ip_local_port_range, net.ipv4.ip_unprivileged_port_start (both hold for
 *          IPv6 too)
 */
#ifndef BERTH_SYS_PORTS_H
#define BERTH_SYS_PORTS_H

#include <stdint.h>

struct berth_sys_port_range {
    uint16_t from;
    uint16_t to;
};

/* The ports that the system gives to outgoing connections and to those who ask for port 0. */
struct berth_sys_port_range berth_sys_ports_ephemeral(void);

/* The first port that an ordinary user may listen on; 0 when all are free to everybody. */
uint32_t berth_sys_ports_first_unprivileged(void);

#endif
