/* The addresses that a host means: what has to be had together on one port.
 *
 * Shape:   at most two; of two, the second is IPv6, and a machine without IPv6 does without it
 * Errors:  BERTH_E_INVALID: the host is no address
 * Threads: any
 */
#ifndef BERTH_PORT_SET_H
#define BERTH_PORT_SET_H

#include "base/addr.h"

#define BERTH_PORT_SET_MAX 2

struct berth_port_set {
    struct berth_addr addresses[BERTH_PORT_SET_MAX]; /* port 0 */
    size_t count;
};

/* See struct berth_port_options for what a host may be. */
int berth_port_set_make(const char *host, struct berth_port_set *ret_set);

#endif
