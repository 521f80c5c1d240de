/* The checks of what a single value cannot tell; berth_config_settle makes most of them.
 *
 * Shape:   each adds messages to the configuration
 * Errors:  those that return an int: BERTH_E_MEMORY
 * Threads: the configuration's
 */
#ifndef BERTH_APP_CONFIG_SETTLE_H
#define BERTH_APP_CONFIG_SETTLE_H

#include "app/config.h"

/* HOST is an address; the origins are origins; the backends exist. */
void berth_config_check_host(struct berth_config *config);
void berth_config_check_origins(struct berth_config *config);
void berth_config_check_routes(struct berth_config *config);

/* What is wrong with a route's path, and the fix; NULL for nothing. */
const char *berth_config_route_fault(struct berth_view path);

/* Makes the paths absolute, fills in those that were not given, and looks at the static folder. */
int berth_config_settle_paths(struct berth_config *config);

#endif
