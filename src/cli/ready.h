/* The word that the server is ready, for the program that started it: one line of JSON on stdout, a
 * line end on a descriptor of its choice, a datagram to the service manager.
 *
 * Shape:   the line is the endpoint's READY_LINE form (proto/endpoint.h), line end included
 * Owns:    nothing
 * Errors:  a starter that no longer listens is no reason to stop serving: a warning in the log
 * Threads: one
 * Proof:   banner_test.c
 */
#ifndef BERTH_CLI_READY_H
#define BERTH_CLI_READY_H

#include "base/log.h"

/* Writes the line to stdout. */
void berth_ready_print(struct berth_view line, const struct berth_log *log);

/* Writes a line end to the descriptor and closes it. */
void berth_ready_signal(int descriptor, const struct berth_log *log);

/* Tells the service manager (lines of sd_notify(3)), when NOTIFY_SOCKET names one. */
void berth_ready_notify(struct berth_view lines, const struct berth_log *log);

#endif
