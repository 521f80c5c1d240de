#include "sys/error.h"

#include <errno.h>
#include <stddef.h>

static const struct {
    int number;
    int error;
} table[] = {
    {EADDRINUSE, BERTH_E_IN_USE},
    {EACCES, BERTH_E_DENIED},
    {EPERM, BERTH_E_DENIED},
    {ELOOP, BERTH_E_DENIED}, /* a symlink where none is followed */
    {EADDRNOTAVAIL, BERTH_E_NO_ADDRESS},
    {EAFNOSUPPORT, BERTH_E_NO_ADDRESS},
    {ENETUNREACH, BERTH_E_NO_ADDRESS},
    {EHOSTUNREACH, BERTH_E_NO_ADDRESS},
    {EROFS, BERTH_E_READ_ONLY},
    {ENOSPC, BERTH_E_NO_SPACE},
    {EDQUOT, BERTH_E_NO_SPACE},
    {EMFILE, BERTH_E_TOO_MANY_FILES},
    {ENFILE, BERTH_E_TOO_MANY_FILES},
    {ENOMEM, BERTH_E_MEMORY},
    {ENOBUFS, BERTH_E_MEMORY},
    {ENOENT, BERTH_E_NOT_FOUND},
    {ENOTDIR, BERTH_E_NOT_FOUND},
    {ESRCH, BERTH_E_NOT_FOUND},
    {EEXIST, BERTH_E_EXISTS},
    {EINVAL, BERTH_E_INVALID},
    {EISDIR, BERTH_E_INVALID},
    {ENAMETOOLONG, BERTH_E_INVALID},
    {EBUSY, BERTH_E_BUSY},
    {ENOSYS, BERTH_E_UNSUPPORTED},
    {EOPNOTSUPP, BERTH_E_UNSUPPORTED},
    {EPROTONOSUPPORT, BERTH_E_UNSUPPORTED},
    {ECONNREFUSED, BERTH_E_REFUSED},
    {ECONNRESET, BERTH_E_RESET},
    {ECONNABORTED, BERTH_E_RESET},
    {EPIPE, BERTH_E_RESET},
    {ENOTCONN, BERTH_E_CLOSED},
    {ECANCELED, BERTH_E_CLOSED},
    {ETIMEDOUT, BERTH_E_TIMEOUT},
};

int berth_sys_error(int errno_value) {
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].number == errno_value)
            return table[i].error;
    }
    return BERTH_E_SYSTEM;
}
