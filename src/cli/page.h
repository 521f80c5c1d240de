/* The pages that the tables of command.h and config_schema.h make: help, the manual, the reference.
 *
 * Owns:    nothing; a page goes to the writer
 * Limits:  BERTH_PAGE_MAX bytes hold each of them
 * Threads: any
 * Proof:   page_test.c: the pages in docs/ are these
 */
#ifndef BERTH_CLI_PAGE_H
#define BERTH_CLI_PAGE_H

#include "base/writer.h"
#include "cli/command.h"

#define BERTH_PAGE_MAX 65536

void berth_page_help(struct berth_writer *out);
void berth_page_command_help(const struct berth_command *command, struct berth_writer *out);
void berth_page_manual(struct berth_writer *out);        /* docs/man/berth.1, in mdoc(7) */
void berth_page_configuration(struct berth_writer *out); /* docs/configuration.md */

/* What `option` does in `command`, or in general. */
const char *berth_page_option_summary(const struct berth_command *command,
                                      enum berth_option_id option);

/* What the setting's flag does. */
const char *berth_page_flag_summary(const struct berth_setting *setting);

/* The default as the pages show it: "1018", "none", or words. */
const char *berth_page_default(const struct berth_setting *setting);

/* "BERTH: LOG: LEVEL": the keys as one would write them. */
void berth_page_path(const struct berth_setting *setting, struct berth_writer *out);

#endif
