#include "sys/stream.h"

#include "base/hot.h"
#include "sys/error.h"
#include "sys/linux/sockaddr.h"
#include "sys/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* A view is laid out as the system's own: parts go to the kernel as they are. */
_Static_assert(sizeof(struct berth_view) == sizeof(struct iovec), "a view is an iovec");
_Static_assert(offsetof(struct berth_view, data) == offsetof(struct iovec, iov_base), "its bytes");
_Static_assert(offsetof(struct berth_view, size) == offsetof(struct iovec, iov_len), "their size");

/* -- Opening ----------------------------------------------------------------------------------- */

/* Reno is in every kernel, and open to every user. */
static void unpace(int socket, const struct berth_addr *end) {
    static const char name[] = "reno";
    if (berth_addr_is_loopback(end))
        (void)setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name, sizeof name - 1);
}

int berth_sys_connect(const struct berth_addr *to, intptr_t *ret_socket) {
    struct sockaddr_storage storage;
    socklen_t size = berth_sys_sockaddr_from(to, &storage);
    int family = to->family == 4 ? AF_INET : AF_INET6;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    if (fd < 0)
        return berth_sys_error(errno);
    unpace(fd, to);
    /* Interrupted, it goes on all the same. */
    if (connect(fd, (struct sockaddr *)&storage, size) < 0 && errno != EINPROGRESS &&
        errno != EINTR) {
        int error = berth_sys_error(errno);
        close(fd);
        return error;
    }
    berth_sys_stream_no_delay(fd);
    *ret_socket = fd;
    return 0;
}

int berth_sys_connect_result(intptr_t socket) {
    int failure = 0;
    socklen_t size = sizeof failure;
    if (getsockopt((int)socket, SOL_SOCKET, SO_ERROR, &failure, &size) < 0)
        failure = errno;
    return failure != 0 ? berth_sys_error(failure) : 0;
}

void berth_sys_stream_no_delay(intptr_t socket) {
    static const int on = 1;
    /* Without it everything works, only later. */
    (void)setsockopt((int)socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void berth_sys_stream_unpaced(intptr_t socket) {
    struct berth_addr local = berth_sys_stream_local(socket);
    unpace((int)socket, &local);
}

/* -- Bytes ------------------------------------------------------------------------------------- */

/* Why no bytes came: 0, or an error. */
BERTH_APART static int why_none(ssize_t got) {
    if (got == 0)
        return BERTH_E_CLOSED;
    return errno == EAGAIN ? 0 : berth_sys_error(errno);
}

BERTH_HOT ptrdiff_t berth_sys_receive(intptr_t socket, void *bytes, size_t size) {
    ssize_t got;
    do {
        got = recv((int)socket, bytes, size, 0);
    } while (got < 0 && errno == EINTR);
    return got > 0 ? got : why_none(got);
}

BERTH_APART static ssize_t send_list(int socket, const struct berth_view *parts, size_t count) {
    struct msghdr message = {
        .msg_iov = (struct iovec *)(uintptr_t)parts,
        .msg_iovlen = count,
    };
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}

/* One part needs no list, which the kernel would have to fetch first. */
static inline ssize_t send_parts(int socket, const struct berth_view *parts, size_t count) {
    return count == 1 ? send(socket, parts->data, parts->size, MSG_NOSIGNAL)
                      : send_list(socket, parts, count);
}

/* The one system call of a batch of messages. */
BERTH_HOT ptrdiff_t berth_sys_send(intptr_t socket, const struct berth_view *parts, size_t count) {
    ssize_t sent;
    do {
        sent = send_parts((int)socket, parts, count);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0 ? sent : why_none(sent);
}

/* -- Ends -------------------------------------------------------------------------------------- */

void berth_sys_stream_shutdown(intptr_t socket) {
    /* When it fails the connection is broken, and reading says so. */
    (void)shutdown((int)socket, SHUT_WR);
}

void berth_sys_stream_reset(intptr_t socket) {
    static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt((int)socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    berth_sys_socket_close(socket);
}

/* -- Addresses --------------------------------------------------------------------------------- */

typedef int (*name_getter)(int socket, struct sockaddr *name, socklen_t *size);

static struct berth_addr name_of(intptr_t socket, name_getter get) {
    struct sockaddr_storage storage = {0};
    socklen_t size = sizeof storage;
    struct berth_addr addr = {0};
    if (get((int)socket, (struct sockaddr *)&storage, &size) < 0 ||
        berth_sys_sockaddr_to(&storage, &addr) < 0)
        return (struct berth_addr){0};
    return addr;
}

struct berth_addr berth_sys_stream_local(intptr_t socket) {
    return name_of(socket, getsockname);
}

struct berth_addr berth_sys_stream_remote(intptr_t socket) {
    return name_of(socket, getpeername);
}
