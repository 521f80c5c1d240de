/* Where YAML itself is broken: libyaml's report, put into words for the one who wrote the file.
 *
 * Owns:    nothing
 * Errors:  BERTH_E_MEMORY when that is what stopped the parser
 * Threads: the configuration's
 */
#ifndef BERTH_APP_CONFIG_SYNTAX_H
#define BERTH_APP_CONFIG_SYNTAX_H

#include "app/config.h"

#include <yaml.h>

/* libyaml counts lines and columns from 0, people from 1. */
struct berth_config_place berth_config_syntax_place(const struct berth_config *config,
                                                    yaml_mark_t mark);

/* Goes through the whole text once and adds a message when it is not YAML, or not what anybody
 * means by a configuration: several documents, nested or anchored without end. text.data is not
 * NULL. */
int berth_config_syntax_check(struct berth_config *config, struct berth_view text);

/* Adds the message for a parser that stopped; text is what it was given. */
int berth_config_syntax_report(struct berth_config *config, const yaml_parser_t *parser,
                               struct berth_view text);

#endif
