/* Time for the load generator: monotonic, in nanoseconds. */
#ifndef BERTH_BENCH_CLOCK_H
#define BERTH_BENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

#define LOAD_SECOND_NS UINT64_C(1000000000)
#define LOAD_MS_NS UINT64_C(1000000)

static inline uint64_t load_clock_read(clockid_t clock) {
    struct timespec time;
    (void)clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * LOAD_SECOND_NS + (uint64_t)time.tv_nsec;
}

static inline uint64_t load_clock_ns(void) { return load_clock_read(CLOCK_MONOTONIC); }

static inline void load_clock_sleep(uint64_t ns) {
    struct timespec time = {(time_t)(ns / LOAD_SECOND_NS), (long)(ns % LOAD_SECOND_NS)};
    (void)nanosleep(&time, NULL);
}

#endif
