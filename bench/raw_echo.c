/* The floor: an epoll echo that knows no protocol.
 *
 * The first bytes of every connection are taken for the upgrade request and answered with a
 * constant 101 (the load generator always sends the same key). From then on whatever comes is
 * written back as it is: a read, a write, nothing looked at, nothing copied unless the socket is
 * full. What a WebSocket server spends more than this is what its protocol costs.
 *
 * With --unpaced its connections have a congestion control that does not pace, as Berth's have on
 * loopback: where the system's own one does, the two floors are worlds apart for large messages.
 * With --awake it never sleeps: all that waiting awake can bring.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 256
/* Measured with 32 to 256 KiB: half of this costs a fifth more from 16 KiB messages up, twice as
 * much gains nothing. */
#define READ_SIZE ((size_t)128 * 1024)

static const char upgrade[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                              "Connection: Upgrade\r\n"
                              "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

struct connection {
    int fd;
    bool upgraded;
    char *pending; /* what the socket did not take; while there is any, nothing is read */
    size_t start;
    size_t size;
};

static char buffer[READ_SIZE];

static bool watch(int epoll, struct connection *connection, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    return epoll_ctl(epoll, EPOLL_CTL_MOD, connection->fd, &event) == 0;
}

static void drop(struct connection *connection) {
    (void)close(connection->fd);
    free(connection->pending);
    free(connection);
}

/* Writes; keeps what the socket does not take and waits for room. */
static bool write_back(int epoll, struct connection *connection, const char *data, size_t size) {
    ssize_t sent = send(connection->fd, data, size, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
        return false;
    size_t done = sent < 0 ? 0 : (size_t)sent;
    if (done == size)
        return true;
    connection->pending = malloc(size - done);
    if (connection->pending == NULL)
        return false;
    connection->start = 0;
    connection->size = size - done;
    memcpy(connection->pending, data + done, size - done);
    return watch(epoll, connection, EPOLLOUT);
}

static bool on_readable(int epoll, struct connection *connection) {
    ssize_t got = recv(connection->fd, buffer, sizeof buffer, 0);
    if (got <= 0)
        return got < 0 && errno == EAGAIN;
    if (connection->upgraded)
        return write_back(epoll, connection, buffer, (size_t)got);
    connection->upgraded = true;
    return write_back(epoll, connection, upgrade, sizeof upgrade - 1);
}

static bool on_writable(int epoll, struct connection *connection) {
    ssize_t sent = send(connection->fd, connection->pending + connection->start, connection->size,
                        MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN;
    connection->start += (size_t)sent;
    connection->size -= (size_t)sent;
    if (connection->size > 0)
        return true;
    free(connection->pending);
    connection->pending = NULL;
    return watch(epoll, connection, EPOLLIN);
}

static void accept_one(int epoll, int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *connection = calloc(1, sizeof *connection);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (connection == NULL || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        (void)close(fd);
        free(connection);
        return;
    }
    connection->fd = fd;
}

static int listen_on(uint16_t port, bool unpaced) {
    static const char reno[] = "reno";
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (unpaced)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, reno, sizeof reno - 1);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1024) < 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static void serve(int epoll, int listener, int timeout_ms) {
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS_MAX, timeout_ms);
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (connection == NULL)
                accept_one(epoll, listener);
            else if (connection->pending != NULL ? !on_writable(epoll, connection)
                                                 : !on_readable(epoll, connection))
                drop(connection);
        }
    }
}

int main(int argc, char **argv) {
    bool unpaced = argc == 3 && strcmp(argv[2], "--unpaced") == 0;
    bool awake = argc == 3 && strcmp(argv[2], "--awake") == 0;
    long port = argc == 2 || unpaced || awake ? strtol(argv[1], NULL, 10) : 0;
    if (port < 1 || port > 65535) {
        (void)fprintf(stderr, "usage: berth_raw_echo PORT [--unpaced | --awake]\n");
        return 2;
    }
    int listener = listen_on((uint16_t)port, unpaced);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (listener < 0 || epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0) {
        (void)fprintf(stderr, "berth_raw_echo: cannot listen on 127.0.0.1:%ld: %s\n", port,
                      strerror(errno));
        return 1;
    }
    serve(epoll, listener, awake ? 0 : -1);
    return 0;
}
