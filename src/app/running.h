/* The instances that run now, as their records tell.
 *
 *     static struct berth_running running;
 *     int error = berth_running_find(folder, "assistant", state_dir, &running);
 *     if (error == 0)
 *         ... running.pid, running.http_url ...
 *
 * Shape:   only living ones: those whose record's lock is held. Texts that a record has not are ""
 * Owns:    everything is inside
 * Errors:  BERTH_E_INVALID for a record that is none of ours; BERTH_E_NOT_FOUND
 * Limits:  a record of BERTH_ENDPOINT_MAX bytes
 * Threads: one per object
 * Source:  docs/endpoint.schema.json
 * Proof:   running_test.c
 */
#ifndef BERTH_APP_RUNNING_H
#define BERTH_APP_RUNNING_H

#include "base/writer.h"
#include "proto/endpoint.h"

struct berth_running {
    char app[65];
    char instance[65];
    enum berth_endpoint_state state;
    uint32_t pid;
    uint16_t port;
    char started_at[32]; /* "2026-11-23T16:52:16.123Z" */
    char http_url[80];
    char ws_url[512];
    char state_dir[4096];
    char public_line[BERTH_ENDPOINT_MAX]; /* the record as one object, all but what is secret */
};

/* What a record says. */
int berth_running_read(struct berth_view record, struct berth_running *ret_running);

/* The youngest instance of the app; one of this state folder (NULL for any) before others. */
int berth_running_find(const char *folder, const char *app, const char *state_dir,
                       struct berth_running *ret_running);

/* The ready line that it printed, with its line end. */
void berth_running_write_ready(const struct berth_running *running, struct berth_writer *out);

/* "http://127.0.0.1:1018 (pid 4242, since 2026-11-23T16:52:16Z)" */
void berth_running_write_place(const struct berth_running *running, struct berth_writer *out);

#endif
