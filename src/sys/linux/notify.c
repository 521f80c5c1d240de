#include "sys/notify.h"

#include "sys/error.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The name as the kernel wants it: '@' stands for the zero byte that a person cannot type, and such
 * a name ends where the size says. */
static int make_address(const char *name, struct sockaddr_un *address, socklen_t *ret_size) {
    size_t size = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || size < 2 || size >= sizeof address->sun_path)
        return BERTH_E_INVALID;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, name, size);
    if (name[0] == '@')
        address->sun_path[0] = '\0';
    size_t end = name[0] == '@' ? size : size + 1;
    *ret_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + end);
    return 0;
}

/* A start must not hang on a manager that does not read. */
static int send_to(int fd, const struct sockaddr_un *address, socklen_t size,
                   struct berth_view lines) {
    ssize_t sent;
    do
        sent = sendto(fd, lines.data, lines.size, MSG_NOSIGNAL | MSG_DONTWAIT,
                      (const struct sockaddr *)address, size);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return 0;
    return errno == EAGAIN ? BERTH_E_FULL : berth_sys_error(errno);
}

int berth_sys_notify(const char *socket_name, struct berth_view lines) {
    struct sockaddr_un address;
    socklen_t size;
    int error = make_address(socket_name, &address, &size);
    if (error < 0)
        return error;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return berth_sys_error(errno);
    error = send_to(fd, &address, size, lines);
    close(fd);
    return error;
}
