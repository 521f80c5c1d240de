/* HTTP load: requests on connections that stay, or a new connection and an upgrade each time. */
#include "client.h"
#include "clock.h"
#include "histogram.h"
#include "modes.h"
#include "usage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_SIZE ((size_t)256 * 1024)
#define HEAD_MAX 4096
#define EVENTS_MAX 256
#define STALL_NS (10 * LOAD_SECOND_NS)

struct connection {
    int fd;
    bool in_body;
    uint64_t body_left;
    uint64_t asked_at;
    size_t head_size;
    char head[HEAD_MAX];
};

struct edge {
    uint64_t time, server_cpu, own_cpu;
};

struct http {
    const struct load_options *options;
    bool shakes; /* each answer ends its connection, and a new one is opened */
    char request[512];
    size_t request_size;
    struct connection *connections;
    char *buffer;
    struct load_histogram histogram;
    int epoll;
    bool measuring;
    uint64_t answers, body_bytes; /* while measuring */
    uint64_t last_progress;
    struct edge begin, end;
    const char *fault;
};

static bool ask(struct http *http, struct connection *connection) {
    connection->head_size = 0;
    connection->in_body = false;
    connection->asked_at = load_clock_ns();
    return load_client_write(connection->fd, http->request, http->request_size) == 0;
}

static bool open_one(struct http *http, struct connection *connection) {
    connection->asked_at = load_clock_ns();
    connection->fd = load_client_connect(http->options->port);
    if (connection->fd < 0)
        return false;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    return epoll_ctl(http->epoll, EPOLL_CTL_ADD, connection->fd, &event) == 0;
}

/* By a reset: a port that waits a minute for its last bytes could not be used again. */
static bool open_anew(struct http *http, struct connection *connection) {
    struct linger none = {.l_onoff = 1};
    (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    (void)close(connection->fd);
    return open_one(http, connection);
}

static void complete(struct http *http, struct connection *connection) {
    uint64_t now = load_clock_ns();
    http->last_progress = now;
    if (http->measuring) {
        http->answers++;
        load_histogram_add(&http->histogram, now - connection->asked_at);
    }
    if ((http->shakes && !open_anew(http, connection)) || !ask(http, connection))
        http->fault = strerror(errno);
}

/* The head is whole: what follows it. */
static void read_head(struct http *http, struct connection *connection) {
    const char *wanted = http->shakes ? "HTTP/1.1 101" : "HTTP/1.1 200";
    connection->head[connection->head_size] = '\0';
    if (strncmp(connection->head, wanted, strlen(wanted)) != 0) {
        http->fault = "the answer is not the one that was asked for";
        return;
    }
    connection->in_body = true;
    connection->body_left = 0;
    for (const char *line = connection->head; line != NULL; line = strchr(line, '\n'))
        if (strncasecmp(++line, "content-length:", 15) == 0)
            connection->body_left = strtoull(line + 15, NULL, 10);
}

/* Takes of the bytes what belongs to the head; gives how many. */
static size_t take_head(struct http *http, struct connection *connection, const char *bytes,
                        size_t size) {
    size_t used = 0;
    while (used < size && !connection->in_body && http->fault == NULL) {
        if (connection->head_size == HEAD_MAX - 1) {
            http->fault = "the answer's head is too large";
            return used;
        }
        connection->head[connection->head_size++] = bytes[used++];
        if (connection->head_size >= 4 &&
            memcmp(connection->head + connection->head_size - 4, "\r\n\r\n", 4) == 0)
            read_head(http, connection);
    }
    return used;
}

static void receive(struct http *http, struct connection *connection) {
    ssize_t got = recv(connection->fd, http->buffer, READ_SIZE, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        http->fault = got == 0 ? "the server closed a connection" : strerror(errno);
        return;
    }
    size_t size = (size_t)got;
    size_t used = connection->in_body ? 0 : take_head(http, connection, http->buffer, size);
    if (!connection->in_body)
        return;
    if (size - used > connection->body_left) {
        http->fault = "more came than was announced";
        return;
    }
    connection->body_left -= size - used;
    if (http->measuring)
        http->body_bytes += size - used;
    http->last_progress = load_clock_ns();
    if (connection->body_left == 0)
        complete(http, connection);
}

static void read_edge(struct http *http, struct edge *ret_edge) {
    *ret_edge = (struct edge){
        .time = load_clock_ns(),
        .own_cpu = load_clock_read(CLOCK_PROCESS_CPUTIME_ID),
    };
    if (http->options->pid > 0 && load_usage_cpu_ns(http->options->pid, &ret_edge->server_cpu) < 0)
        http->fault = "the server's processor time cannot be read";
}

static void pump_until(struct http *http, uint64_t end) {
    struct epoll_event events[EVENTS_MAX];
    while (http->fault == NULL && load_clock_ns() < end) {
        int count = epoll_wait(http->epoll, events, EVENTS_MAX, 100);
        for (int i = 0; i < count && http->fault == NULL; i++)
            receive(http, events[i].data.ptr);
        if (load_clock_ns() - http->last_progress > STALL_NS)
            http->fault = "no answer came for 10 s";
    }
}

static bool prepare(struct http *http) {
    static const char upgrade[] =
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"; /* the floor knows its answer */
    const struct load_options *options = http->options;
    int size = snprintf(http->request, sizeof http->request,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s\r\n", options->path,
                        (unsigned)options->port, http->shakes ? upgrade : "");
    if (size < 0 || (size_t)size >= sizeof http->request)
        return false;
    http->request_size = (size_t)size;
    http->epoll = epoll_create1(EPOLL_CLOEXEC);
    http->buffer = malloc(READ_SIZE);
    http->connections = calloc(options->connections, sizeof *http->connections);
    return http->epoll >= 0 && http->buffer != NULL && http->connections != NULL;
}

static void run(struct http *http) {
    const struct load_options *options = http->options;
    uint64_t second = LOAD_SECOND_NS;
    for (unsigned i = 0; i < options->connections; i++)
        if (!open_one(http, &http->connections[i]) || !ask(http, &http->connections[i])) {
            http->fault = strerror(errno);
            return;
        }
    http->last_progress = load_clock_ns();
    pump_until(http, load_clock_ns() + (uint64_t)(options->warmup * (double)second));
    read_edge(http, &http->begin);
    http->measuring = true;
    pump_until(http, load_clock_ns() + (uint64_t)(options->seconds * (double)second));
    read_edge(http, &http->end);
}

static void report(const struct http *http) {
    double ns = (double)(http->end.time - http->begin.time);
    double seconds = ns / (double)LOAD_SECOND_NS;
    (void)printf("{\"connections\":%u,\"messages\":%llu,\"body_bytes\":%llu,\"per_second\":%.1f,"
                 "\"mib_per_second\":%.2f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"server_cpu_ns\":%llu,"
                 "\"load_busy\":%.3f,\"errors\":0}\n",
                 http->options->connections, (unsigned long long)http->answers,
                 (unsigned long long)http->body_bytes, (double)http->answers / seconds,
                 (double)http->body_bytes / seconds / (1024.0 * 1024.0),
                 (double)load_histogram_quantile(&http->histogram, 0.50) / 1000.0,
                 (double)load_histogram_quantile(&http->histogram, 0.99) / 1000.0,
                 (unsigned long long)(http->end.server_cpu - http->begin.server_cpu),
                 (double)(http->end.own_cpu - http->begin.own_cpu) / ns);
}

static int load(const struct load_options *options, bool shakes) {
    static struct http http; /* its histogram is large */
    http = (struct http){.options = options, .shakes = shakes, .epoll = -1};
    if (prepare(&http))
        run(&http);
    else
        http.fault = "out of memory, or the path is too long";
    if (http.fault == NULL)
        report(&http);
    else
        (void)printf("{\"errors\":1,\"fault\":\"%s\"}\n", http.fault);
    free(http.buffer);
    free(http.connections); /* the sockets go with the process */
    return http.fault == NULL ? 0 : 1;
}

int load_http_run(const struct load_options *options) { return load(options, false); }

int load_shake_run(const struct load_options *options) { return load(options, true); }
