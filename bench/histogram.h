/* A histogram of durations: log-linear, so that every value is kept within 1 %.
 *
 *     load_histogram_add(&histogram, ns);
 *     uint64_t p99 = load_histogram_quantile(&histogram, 0.99);
 *
 * Shape:   128 buckets for every power of two
 * Units:   nanoseconds
 * Limits:  values over 2^40 ns (18 minutes) count as 2^40
 */
#ifndef BERTH_BENCH_HISTOGRAM_H
#define BERTH_BENCH_HISTOGRAM_H

#include <stdint.h>

#define LOAD_HISTOGRAM_MAX (UINT64_C(1) << 40)
#define LOAD_HISTOGRAM_BUCKETS (128 * 35)

struct load_histogram {
    uint64_t total;
    uint64_t buckets[LOAD_HISTOGRAM_BUCKETS];
};

void load_histogram_add(struct load_histogram *histogram, uint64_t ns);

/* The value that `share` (0 to 1) of all values do not exceed; 0 when there are none. */
uint64_t load_histogram_quantile(const struct load_histogram *histogram, double share);

#endif
