/* What a process and its descendants use: time on the processor, memory of their own.
 *
 * Units:   nanoseconds; bytes
 * Errors:  -1 when the process is gone or /proc does not tell
 * Limits:  time of threads and children that ended is lost; a running thread's clock is at most
 *          one scheduler tick (4 ms) behind
 * Source:  proc(5): task/TID/schedstat, task/TID/children, smaps_rollup
 */
#ifndef BERTH_BENCH_USAGE_H
#define BERTH_BENCH_USAGE_H

#include <stdint.h>
#include <sys/types.h>

int load_usage_cpu_ns(pid_t pid, uint64_t *ret_ns);

/* Private_Clean + Private_Dirty: what goes away when the process does. Kernel memory (socket
 * buffers) is not in it. */
int load_usage_private_bytes(pid_t pid, uint64_t *ret_bytes);

#endif
