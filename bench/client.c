#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* The pair of RFC 6455 section 1.3. */
static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char accept_value[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

int load_client_connect(uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    struct timeval limit = {.tv_sec = 5};
    int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        int error = errno;
        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

int load_client_write(int fd, const void *data, size_t size) {
    for (const char *at = data; size > 0;) {
        ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return -1;
        at += sent;
        size -= (size_t)sent;
    }
    return 0;
}

int load_client_read(int fd, void *data, size_t size) {
    for (char *at = data; size > 0;) {
        ssize_t got = recv(fd, at, size, 0);
        if (got <= 0)
            return -1;
        at += got;
        size -= (size_t)got;
    }
    return 0;
}

static int send_request(int fd, uint16_t port, const char *path) {
    char request[512];
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
                        "Sec-WebSocket-Version: 13\r\n\r\n",
                        path, (unsigned)port, key);
    if (size < 0 || (size_t)size >= sizeof request)
        return -1;
    return load_client_write(fd, request, (size_t)size);
}

/* The head up to its empty line, byte by byte, so that nothing behind it is taken. */
static int read_head(int fd, char *head, size_t capacity) {
    size_t size = 0;
    while (size < 4 || memcmp(head + size - 4, "\r\n\r\n", 4) != 0) {
        if (size + 1 >= capacity || recv(fd, head + size, 1, 0) != 1)
            return -1;
        size++;
    }
    head[size] = '\0';
    return 0;
}

int load_client_open(uint16_t port, const char *path) {
    char head[4096] = "";
    int fd = load_client_connect(port);
    if (fd < 0) {
        (void)fprintf(stderr, "berth_load: cannot connect to 127.0.0.1:%u: %s\n", (unsigned)port,
                      strerror(errno));
        return -1;
    }
    if (send_request(fd, port, path) < 0 || read_head(fd, head, sizeof head) < 0)
        (void)fprintf(stderr, "berth_load: port %u gave no answer to the upgrade\n",
                      (unsigned)port);
    else if (strncmp(head, "HTTP/1.1 101", 12) != 0 || strstr(head, accept_value) == NULL)
        (void)fprintf(stderr, "berth_load: port %u refused the upgrade: %.*s\n", (unsigned)port,
                      (int)strcspn(head, "\r\n"), head);
    else
        return fd;
    (void)close(fd);
    return -1;
}

void load_client_close(int fd) {
    /* Final, Close, masked with a key of zeros, two bytes: 1000. */
    static const unsigned char frame[] = {0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8};
    (void)send(fd, frame, sizeof frame, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)close(fd);
}
