/* The list of ports that were passed over, and the words for each.
 *
 *     int error = berth_port_passed_add(&port, &entry);
 *     ...
 *     berth_port_passed_explain(machine, &port);       (once, at the end)
 *
 * Shape:   in the order of the tries; neighbours that browsers refuse, or that the system reserves,
 *          are one entry
 * Owns:    the list is the port's, freed by berth_port_release
 * Errors:  BERTH_E_MEMORY
 * Limits:  the holders of the first 64 ports in use are looked for
 * Threads: one per port object
 */
#ifndef BERTH_PORT_PASSED_H
#define BERTH_PORT_PASSED_H

#include "port/machine.h"

int berth_port_passed_add(struct berth_port *port, const struct berth_port_passed *entry);

/* Names the holder of every port in use. Asks the machine at most once, and not at all when nothing
 * was in use: that is the usual start, and has no time to spend. */
void berth_port_passed_explain(const struct berth_port_machine *machine, struct berth_port *port);

#endif
