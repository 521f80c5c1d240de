/* A command line, taken apart by the tables of command.h and config_schema.h.
 *
 *     struct berth_args args;
 *     if (berth_args_parse(command, argc - 2, argv + 2, &why, &args) < 0)
 *         ... why says what is wrong ...
 *
 * Shape:   "--port 1018" and "--port=1018"; what stands behind "--" is an operand. The last of
 *          several equal flags counts
 * Owns:    nothing; ret_args holds loans of argv
 * Errors:  BERTH_E_INVALID, and then `why` is written
 * Threads: any
 * Proof:   args_test.c
 */
#ifndef BERTH_CLI_ARGS_H
#define BERTH_CLI_ARGS_H

#include "base/writer.h"
#include "cli/command.h"

/* command NULL: the flags that stand before any command. */
int berth_args_parse(const struct berth_command *command, int argc, char *const *argv,
                     struct berth_writer *why, struct berth_args *ret_args);

#endif
