/* The rows of `berth list`.
 *
 * Owns:    nothing
 * Threads: any
 * Proof:   running_test.c
 */
#ifndef BERTH_CLI_CMD_LIST_H
#define BERTH_CLI_CMD_LIST_H

#include "app/running.h"

/* The names of the columns. */
void berth_list_write_head(struct berth_writer *out);

/* One instance; the writer holds nothing else. */
void berth_list_write_row(const struct berth_running *running, struct berth_writer *out);

#endif
