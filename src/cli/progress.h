/* A line on the terminal that says what a command is doing, once it takes longer than a second.
 *
 *     error = berth_progress_create(net, write, owner, &progress);
 *     error = berth_net_run(net);
 *     berth_progress_destroy(progress);            (the line is gone)
 *
 * Shape:   on stderr, and only when that is a terminal; written over itself twice a second
 * Owns:    the progress, until destroy, which has to come before the net's
 * Errors:  those of berth_net_timer_create
 * Threads: the net's
 */
#ifndef BERTH_CLI_PROGRESS_H
#define BERTH_CLI_PROGRESS_H

#include "base/writer.h"
#include "net/net.h"

struct berth_progress;

/* The line's text, without escapes or line ends. */
typedef void (*berth_progress_write)(void *owner, uint64_t elapsed_ms, struct berth_writer *out);

/* ret_progress is NULL when there is no terminal. */
int berth_progress_create(struct berth_net *net, berth_progress_write write, void *owner,
                          struct berth_progress **ret_progress);

/* NULL is welcome. */
void berth_progress_destroy(struct berth_progress *progress);

#endif
