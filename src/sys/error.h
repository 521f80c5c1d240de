/* The system's error numbers as Berth's codes: one table for all of `sys`.
 *
 * Shape:   an errno value in, a negative BERTH_E_ code out; 0 and what the table does not know give
 *          BERTH_E_SYSTEM, so that a failure never reads as success
 * Threads: any
 */
#ifndef BERTH_SYS_ERROR_H
#define BERTH_SYS_ERROR_H

#include "berth/error.h"

int berth_sys_error(int errno_value);

#endif
