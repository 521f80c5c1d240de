#include "sys/listen.h"

#include "sys/error.h"
#include "sys/linux/sockaddr.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* SO_REUSEADDR lets a server come back while old connections of its port linger; on POSIX it does
 * not let two listen at once. IPV6_V6ONLY is on because each family has a socket of its own, and
 * the system's default must not decide. */
const struct berth_sys_socket_option berth_sys_socket_options[] = {
    {0, SOL_SOCKET, SO_REUSEADDR, 1},
    {6, IPPROTO_IPV6, IPV6_V6ONLY, 1},
};
const size_t berth_sys_socket_options_count =
    sizeof berth_sys_socket_options / sizeof berth_sys_socket_options[0];

void berth_sys_socket_close(intptr_t socket) {
    if (socket >= 0)
        close((int)socket);
}

static int set_options(int fd, uint8_t family) {
    for (size_t i = 0; i < berth_sys_socket_options_count; i++) {
        const struct berth_sys_socket_option *option = &berth_sys_socket_options[i];
        if (option->family != 0 && option->family != family)
            continue;
        if (setsockopt(fd, option->level, option->name, &option->value, sizeof option->value) < 0)
            return berth_sys_error(errno);
    }
    return 0;
}

/* A socket that is bound, and does not listen yet. */
static int open_bound(const struct berth_addr *address, int *ret_fd) {
    int family = address->family == 4 ? AF_INET : AF_INET6;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    if (fd < 0)
        return berth_sys_error(errno);

    struct sockaddr_storage storage;
    socklen_t size = berth_sys_sockaddr_from(address, &storage);
    int error = set_options(fd, address->family);
    if (error == 0 && bind(fd, (struct sockaddr *)&storage, size) < 0)
        error = berth_sys_error(errno);
    if (error < 0) {
        close(fd);
        return error;
    }
    *ret_fd = fd;
    return 0;
}

int berth_sys_listen(const struct berth_addr *address, int backlog, uint16_t *ret_port,
                     intptr_t *ret_socket) {
    int fd;
    int error = open_bound(address, &fd);
    if (error < 0)
        return error;
    if (listen(fd, backlog) < 0) {
        error = berth_sys_error(errno);
        goto fail;
    }
    struct berth_addr local;
    error = berth_sys_socket_local(fd, &local);
    if (error < 0)
        goto fail;
    *ret_port = local.port;
    *ret_socket = fd;
    return 0;
fail:
    close(fd);
    return error;
}

int berth_sys_socket_local(intptr_t socket, struct berth_addr *ret_local) {
    struct sockaddr_storage storage;
    socklen_t size = sizeof storage;
    if (getsockname((int)socket, (struct sockaddr *)&storage, &size) < 0)
        return berth_sys_error(errno);
    return berth_sys_sockaddr_to(&storage, ret_local);
}

static int read_option(intptr_t socket, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    if (getsockopt((int)socket, SOL_SOCKET, name, &value, &size) < 0)
        return -1;
    return value;
}

int berth_sys_socket_check_listening(intptr_t socket) {
    struct berth_addr local;
    bool listens = read_option(socket, SO_TYPE) == SOCK_STREAM &&
                   read_option(socket, SO_PROTOCOL) == IPPROTO_TCP &&
                   read_option(socket, SO_ACCEPTCONN) == 1 &&
                   berth_sys_socket_local(socket, &local) == 0;
    return listens ? 0 : BERTH_E_INVALID;
}

bool berth_sys_has_address(const struct berth_addr *address) {
    struct berth_addr any_port = *address;
    any_port.port = 0;
    int fd;
    if (open_bound(&any_port, &fd) < 0)
        return false;
    close(fd);
    return true;
}
