/* New files on their way to a name: what all who make them share.
 *
 * Shape:   <prefix><16 hex digits>.tmp. The digits are random, so that a name can be neither
 * guessed nor left behind by an earlier process with our pid; the file's own name, which may be as
 *          long as names can be, is no part of it
 * Errors:  those of the system
 * Threads: any
 */
#ifndef BERTH_SYS_LINUX_TEMPORARY_H
#define BERTH_SYS_LINUX_TEMPORARY_H

#include "base/view.h"

/* Errors: BERTH_E_FULL when it does not fit; a prefix of 15 bytes does in 40. */
int berth_sys_temporary_name(const char *prefix, char *name, size_t capacity);

/* Is this the name of one with that prefix? */
bool berth_sys_temporary_is(const char *prefix, const char *name);

/* Writes the content to a file, whole. */
int berth_sys_write_all(int fd, struct berth_view content);

#endif
