#include "sys/entropy.h"

#include "sys/error.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

int berth_sys_random(void *bytes, size_t size) {
    char *at = bytes;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return BERTH_E_SYSTEM;
        at += got;
        size -= (size_t)got;
    }
    return 0;
}
