/* The floor of a hub: whatever one connection sends, every other one is sent the same 100 bytes.
 *
 * A bare loop of send(): no protocol is read, the frame is built once, a socket that is full is
 * passed over (the load never lets it come to that).
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
#define CONNECTIONS_MAX 20000
#define PAYLOAD_SIZE 100

static const char upgrade[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                              "Connection: Upgrade\r\n"
                              "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static int connections[CONNECTIONS_MAX];
static bool upgraded[CONNECTIONS_MAX]; /* by descriptor */
static size_t count;

static void take_on(int epoll, int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        if (count == CONNECTIONS_MAX || fd >= CONNECTIONS_MAX ||
            epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
            (void)close(fd);
            return;
        }
        upgraded[fd] = false;
        connections[count++] = fd;
    }
}

static void drop(int fd) {
    for (size_t i = 0; i < count; i++)
        if (connections[i] == fd)
            connections[i] = connections[--count];
    (void)close(fd);
}

static void fan_out(int from) {
    static unsigned char frame[2 + PAYLOAD_SIZE] = {0x82, PAYLOAD_SIZE};
    for (size_t i = 0; i < count; i++)
        if (connections[i] != from && upgraded[connections[i]])
            (void)send(connections[i], frame, sizeof frame, MSG_NOSIGNAL);
}

static void receive(int fd) {
    static char buffer[65536];
    ssize_t got = recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN)
            drop(fd);
    } else if (upgraded[fd]) {
        fan_out(fd);
    } else {
        upgraded[fd] = true;
        (void)send(fd, upgrade, sizeof upgrade - 1, MSG_NOSIGNAL);
    }
}

static int listen_on(uint16_t port) {
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4096) < 0)
        return -1;
    return fd;
}

int main(int argc, char **argv) {
    long port = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    if (port < 1 || port > UINT16_MAX) {
        (void)fprintf(stderr, "usage: berth_raw_fan PORT\n");
        return 2;
    }
    int listener = listen_on((uint16_t)port);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    if (listener < 0 || epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0) {
        (void)fprintf(stderr, "berth_raw_fan: %s\n", strerror(errno));
        return 1;
    }
    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        int ready = epoll_wait(epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < ready; i++)
            if (events[i].data.fd == listener)
                take_on(epoll, listener);
            else
                receive(events[i].data.fd);
    }
}
