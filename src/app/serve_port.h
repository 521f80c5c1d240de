/* The port, asked for as the configuration says, and what there is to say about it.
 *
 * Owns:    ret_port is the caller's to release, whatever the outcome
 * Errors:  those of berth_port_allocate; each has been said in the log by then
 * Threads: one
 */
#ifndef BERTH_APP_SERVE_PORT_H
#define BERTH_APP_SERVE_PORT_H

#include "app/config.h"
#include "base/writer.h"
#include "port/port.h"

/* Asks for the port: strict as --strict-port. */
int berth_serve_port(const struct berth_config *config, bool strict, const struct berth_log *log,
                     struct berth_port *ret_port);

/* Why the port is not the one asked for: "1018 is held by …". Empty when it is, or when any port
 * was asked for. */
void berth_serve_port_why(const struct berth_port *port, uint16_t requested,
                          struct berth_writer *out);

#endif
