/* Allocation that tests can make fail.
 *
 * Owns:    the caller, until berth_free
 * Errors:  NULL when memory is out, or when a test asked the nth allocation to fail
 * Threads: any; what is counted, and fails, is counted for each thread by itself
 */
#ifndef BERTH_BASE_ALLOC_H
#define BERTH_BASE_ALLOC_H

#include <stddef.h>

/* size > 0 bytes, zeroed. */
void *berth_alloc(size_t size);

/* Like realloc(3); the old memory stays valid on failure. size > 0. */
void *berth_realloc(void *memory, size_t size);

/* NULL is welcome. */
void berth_free(void *memory);

/* A copy of size bytes with a NUL byte behind it. */
char *berth_strndup(const char *text, size_t size);

/* From now on, let the nth allocation fail (1 is the next); 0 lets all succeed. For tests. */
void berth_alloc_fail_at(size_t nth);

/* How many allocations there were since berth_alloc_fail_at. For tests. */
size_t berth_alloc_count(void);

#endif
