#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

void berth_assert_failed(const char *condition, const char *file, int line) {
    fprintf(stderr, "berth: a mistake of Berth's own: %s is false (%s:%d). Please report it.\n",
            condition, file, line);
    abort();
}
