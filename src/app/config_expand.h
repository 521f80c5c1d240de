/* Environment variables in a value: ${NAME}, ${NAME:-default}, and $$ for a dollar sign.
 *
 * Shape:   one pass; what a variable holds is not expanded again. A default goes to the next "}"
 *          and is taken as it stands. A variable that is empty counts as not set, as in a shell's
 *          ":-". A dollar sign before anything else stands for itself
 * Errors:  BERTH_E_INVALID, and then `why` says what is wrong and how to fix it
 * Limits:  the result's is out's: overflow is BERTH_E_INVALID too
 * Threads: any
 * Proof:   config_expand_test.c
 */
#ifndef BERTH_APP_CONFIG_EXPAND_H
#define BERTH_APP_CONFIG_EXPAND_H

#include "app/config.h"

int berth_config_expand(const struct berth_config_context *context, struct berth_view text,
                        struct berth_writer *why, struct berth_writer *out);

#endif
