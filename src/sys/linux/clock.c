#include "sys/clock.h"

#include <time.h>

static uint64_t read_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t berth_sys_clock_monotonic_ns(void) { return read_ns(CLOCK_MONOTONIC); }

uint64_t berth_sys_clock_unix_ms(void) { return read_ns(CLOCK_REALTIME) / 1000000; }

/* As of the last tick, which is some milliseconds ago: a fifth of the cost, once for each answer.
 */
uint64_t berth_sys_clock_unix_s(void) { return read_ns(CLOCK_REALTIME_COARSE) / 1000000000; }
