#include "base/alloc.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

static _Thread_local size_t allocations;
static _Thread_local size_t failing;

static int must_fail(void) {
    allocations++;
    return failing != 0 && allocations == failing;
}

void *berth_alloc(size_t size) {
    BERTH_ASSERT(size > 0);
    return must_fail() ? NULL : calloc(1, size);
}

void *berth_realloc(void *memory, size_t size) {
    BERTH_ASSERT(size > 0);
    return must_fail() ? NULL : realloc(memory, size);
}

void berth_free(void *memory) { free(memory); }

char *berth_strndup(const char *text, size_t size) {
    char *copy = berth_alloc(size + 1);
    if (copy != NULL && size > 0)
        memcpy(copy, text, size);
    return copy;
}

void berth_alloc_fail_at(size_t nth) {
    allocations = 0;
    failing = nth;
}

size_t berth_alloc_count(void) { return allocations; }
