#include "histogram.h"

/* Below 256 a bucket is one value wide; each further power of two has 128 buckets. */
static unsigned shift_of(uint64_t ns) {
    return ns < 256 ? 0 : (unsigned)(56 - __builtin_clzll(ns));
}

void load_histogram_add(struct load_histogram *histogram, uint64_t ns) {
    if (ns > LOAD_HISTOGRAM_MAX)
        ns = LOAD_HISTOGRAM_MAX;
    unsigned shift = shift_of(ns);
    histogram->buckets[shift * 128 + (ns >> shift)]++;
    histogram->total++;
}

/* The middle of a bucket. */
static uint64_t value_of(unsigned bucket) {
    if (bucket < 256)
        return bucket;
    unsigned shift = bucket / 128 - 1;
    uint64_t base = bucket - shift * 128;
    return (base << shift) + (UINT64_C(1) << shift) / 2;
}

uint64_t load_histogram_quantile(const struct load_histogram *histogram, double share) {
    uint64_t rank = (uint64_t)((double)histogram->total * share);
    uint64_t seen = 0;
    for (unsigned bucket = 0; bucket < LOAD_HISTOGRAM_BUCKETS; bucket++) {
        seen += histogram->buckets[bucket];
        if (seen > rank || (seen == histogram->total && seen > 0))
            return value_of(bucket);
    }
    return 0;
}
