/* Where records lie: <folder>/<app>/<instance>.json. For record.c and record_list.c.
 *
 * Errors:  BERTH_E_INVALID for a bad name; those of sys/private.h
 * Threads: any
 */
#ifndef BERTH_PORT_RECORD_PLACE_H
#define BERTH_PORT_RECORD_PLACE_H

#include "port/name.h"

#define BERTH_RECORD_SUFFIX ".json"
#define BERTH_RECORD_NAME_SIZE (BERTH_PORT_NAME_MAX + sizeof BERTH_RECORD_SUFFIX)

/* Opens the app's folder when it and the one above are this user's alone. Never makes one. */
int berth_record_place_open(const char *folder, const char *app, intptr_t *ret_dir);

/* The instance in a record's file name. Errors: BERTH_E_INVALID when it is no record's. */
int berth_record_place_instance(const char *name, struct berth_view *ret_instance);

#endif
