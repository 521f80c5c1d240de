/* What the system lets this process have.
 *
 * Threads: at start-up, before there are others
 */
#ifndef BERTH_SYS_LIMIT_H
#define BERTH_SYS_LIMIT_H

#include <stdint.h>

/* Raises the number of open files to the most that is allowed without privileges, and gives it.
 * Errors: the system's; the old limit then stands. */
int berth_sys_limit_files_raise(uint64_t *ret_files);

#endif
