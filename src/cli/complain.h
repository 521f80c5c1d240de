/* What is wrong with the command line, said on stderr.
 *
 * Shape:   "berth: what is wrong: what to write", with controls escaped
 * Errors:  all give BERTH_EXIT_USAGE, for the caller to end with
 * Threads: one
 */
#ifndef BERTH_CLI_COMPLAIN_H
#define BERTH_CLI_COMPLAIN_H

#include "base/view.h"
#include "cli/command.h"

#define BERTH_COMPLAINT_MAX 512

/* Says it, after the program's name. */
enum berth_exit berth_complain(struct berth_view text);

/* Nothing was said: shows the help. */
enum berth_exit berth_complain_usage(void);

/* There is no such command: suggests one. */
enum berth_exit berth_complain_command(const char *name);

#endif
