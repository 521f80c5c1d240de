/* Random bytes from the system, fit for keys.
 *
 * Errors:  BERTH_E_SYSTEM; the bytes are then not to be used
 * Threads: any
 */
#ifndef BERTH_SYS_ENTROPY_H
#define BERTH_SYS_ENTROPY_H

#include <stddef.h>

int berth_sys_random(void *bytes, size_t size);

#endif
