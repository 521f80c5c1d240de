#include "sys/linux/temporary.h"

#include "base/writer.h"
#include "sys/entropy.h"
#include "sys/error.h"

#include <errno.h>
#include <unistd.h>

#define DIGITS 16
#define SUFFIX ".tmp"

int berth_sys_temporary_name(const char *prefix, char *name, size_t capacity) {
    unsigned char bytes[DIGITS / 2];
    int error = berth_sys_random(bytes, sizeof bytes);
    if (error < 0)
        return error;
    struct berth_writer out = berth_writer_on(name, capacity);
    berth_writer_text(&out, prefix);
    for (size_t i = 0; i < sizeof bytes; i++)
        berth_writer_format(&out, "%02x", bytes[i]);
    berth_writer_text(&out, SUFFIX);
    berth_writer_char(&out, 0);
    return out.overflow ? BERTH_E_FULL : 0;
}

bool berth_sys_temporary_is(const char *prefix, const char *name) {
    size_t front = strlen(prefix);
    return strncmp(name, prefix, front) == 0 &&
           strspn(name + front, "0123456789abcdef") == DIGITS &&
           strcmp(name + front + DIGITS, SUFFIX) == 0;
}

int berth_sys_write_all(int fd, struct berth_view content) {
    while (content.size > 0) {
        ssize_t put = write(fd, content.data, content.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return berth_sys_error(errno);
        content.data += put;
        content.size -= (size_t)put;
    }
    return 0;
}
