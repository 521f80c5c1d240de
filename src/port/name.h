/* The names of apps and instances: fit to be a file's, everywhere.
 *
 * Shape:   1 to 64 small letters, digits, '.', '_' and '-', the first one a letter or digit: so
 * none leads to another folder, hides, or differs from another in nothing but case
 */
#ifndef BERTH_PORT_NAME_H
#define BERTH_PORT_NAME_H

#include "base/view.h"

#define BERTH_PORT_NAME_MAX 64

bool berth_port_name_is_good(struct berth_view name);

#endif
