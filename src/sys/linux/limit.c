#include "sys/limit.h"

#include "sys/error.h"

#include <errno.h>
#include <sys/resource.h>

int berth_sys_limit_files_raise(uint64_t *ret_files) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return berth_sys_error(errno);
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        return berth_sys_error(errno);
    *ret_files = limit.rlim_cur;
    return 0;
}
