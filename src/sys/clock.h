/* The time.
 *
 * Units:   named in each function
 * Errors:  none
 * Threads: any
 */
#ifndef BERTH_SYS_CLOCK_H
#define BERTH_SYS_CLOCK_H

#include <stdint.h>

/* Never goes back, counts from an arbitrary start: for durations and deadlines. */
uint64_t berth_sys_clock_monotonic_ns(void);

/* Since 1970-01-01 UTC; jumps when somebody sets the clock. */
uint64_t berth_sys_clock_unix_ms(void);
uint64_t berth_sys_clock_unix_s(void);

#endif
