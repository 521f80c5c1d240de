/* One value's text, understood: what it means, or why it means nothing.
 *
 * Shape:   pure; `why` gets a sentence "what is wrong: how to fix it" without the setting's name
 * Owns:    nothing
 * Errors:  BERTH_E_INVALID, and then `why` is written
 * Threads: any
 * Proof:   config_test.c
 */
#ifndef BERTH_APP_CONFIG_VALUE_H
#define BERTH_APP_CONFIG_VALUE_H

#include "app/config_schema.h"
#include "base/writer.h"

/* The number that a text stands for (a port, a count, 0 or 1, the place among the choices); 0 for
 * texts and paths, which are only checked for what no value may hold. */
int berth_config_value_parse(const struct berth_setting *setting, struct berth_view text,
                             struct berth_writer *why, uint64_t *ret_number);

/* A value as a message shows it: cut when it is long. */
void berth_config_value_quote(struct berth_view text, struct berth_writer *out);

/* "echo, hub or demo", of a list that ends in NULL. */
void berth_config_value_choices(const char *const *choices, struct berth_writer *out);

#endif
