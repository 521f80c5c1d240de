/* The two ways to open a path that must stay beneath a folder, for berth_sys_file_open_beneath.
 *
 * Shape:   a descriptor, or a negative error code
 * Errors:  BERTH_E_DENIED when the path leads out; BERTH_E_UNSUPPORTED from the first when the
 *          kernel has no such call, or a sandbox keeps it from us
 * Threads: any
 * Proof:   files_test.c puts the same paths to both
 */
#ifndef BERTH_SYS_LINUX_BENEATH_H
#define BERTH_SYS_LINUX_BENEATH_H

#include <stdbool.h>

/* The kernel keeps the limit: symlinks and ".." are followed as long as they stay beneath. */
int berth_sys_beneath_by_kernel(int dir, const char *relative, bool *ret_aliased);

/* One part at a time: no symlink is followed, and ".." is refused. */
int berth_sys_beneath_by_parts(int dir, const char *relative);

#endif
