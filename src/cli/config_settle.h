/* The checks that berth_config_settle makes once all values are in.
 *
 * Shape:   each adds messages to the configuration
 * Errors:  those that return an int: BERTH_E_MEMORY
 * Threads: the configuration's
 */
#ifndef BERTH_CLI_CONFIG_SETTLE_H
#define BERTH_CLI_CONFIG_SETTLE_H

#include "cli/config.h"

void berth_config_check_host(struct berth_config *config);
void berth_config_check_origins(struct berth_config *config);
void berth_config_check_routes(struct berth_config *config);

/* Makes the paths absolute, fills in those that were not given, and looks at the static folder. */
int berth_config_settle_paths(struct berth_config *config);

#endif
