/* The word that the server is ready, for the program that started it: one line of JSON on stdout,
 * and a line end on a descriptor of its choice.
 *
 * Shape:   {"event":"ready", schema, app, instance, state, pid, started_at, version, host, port,
 *          requested_port, urls {http, ws, health}}; urls hold an address that a program on this
 *          machine can connect to, whatever the server listens on
 * Owns:    nothing
 * Errors:  a starter that no longer listens is no reason to stop serving: a warning in the log
 * Threads: one
 * Proof:   banner_test.c
 */
#ifndef BERTH_CLI_READY_H
#define BERTH_CLI_READY_H

#include "base/log.h"
#include "base/writer.h"

#define BERTH_READY_MAX 4096
#define BERTH_READY_SCHEMA 1

struct berth_ready {
    const char *app;
    const char *instance;
    const char *host; /* as configured */
    const char *ws_path;
    uint64_t started_at_ms; /* since 1970-01-01 UTC */
    uint32_t pid;
    uint16_t port;
    uint16_t requested_port;
};

/* The line, with its line end. */
void berth_ready_write(const struct berth_ready *ready, struct berth_writer *out);

/* Writes the line to stdout. */
void berth_ready_print(const struct berth_ready *ready, const struct berth_log *log);

/* Writes a line end to the descriptor and closes it. */
void berth_ready_signal(int descriptor, const struct berth_log *log);

#endif
