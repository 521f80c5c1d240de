/* The echo load: one thread, one epoll set, a fixed number of messages on the way. Each echo that
 * comes back releases the next message; or, in waves, all of them together release as many.
 */
#include "client.h"
#include "clock.h"
#include "frames.h"
#include "histogram.h"
#include "modes.h"
#include "usage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* One read takes whatever a socket holds at small sizes, and stays in the cache at large ones. */
#define READ_SIZE ((size_t)256 * 1024)
#define EVENTS_MAX 256
/* Ring slots at least: neighbours differ, so that an echo in the wrong place is found. */
#define SLOTS_MIN 4
#define STALL_NS (10 * LOAD_SECOND_NS)

/* Positions count from the connection's first slot: slot = position % slots. */
struct connection {
    int fd;
    bool wants_out;
    struct load_check check;
    uint64_t queued;     /* messages that may be written */
    uint64_t received;   /* messages whose echo is complete */
    uint64_t sent_bytes; /* position in the endless stream of frames */
    uint64_t *queued_at; /* per message on the way: position % in_flight */
};

enum phase {
    PHASE_WARM,    /* echoes are checked, not counted */
    PHASE_MEASURE, /* counted */
    PHASE_DRAIN,   /* nothing new is sent; what is on the way must come back */
    PHASE_DONE,
};

/* What is read at both edges of the measured window. */
struct edge {
    uint64_t time;
    uint64_t server_cpu;
    uint64_t own_cpu;
};

struct echo {
    const struct load_options *options;
    struct load_frames frames;
    struct connection *connections;
    uint64_t *queued_at;
    uint8_t *buffer;
    struct load_histogram *histogram;
    int epoll;
    enum phase phase;
    uint64_t phase_end;
    uint64_t last_progress;
    uint64_t messages;
    uint64_t on_the_way;
    struct edge begin;
    struct edge end;
    const char *fault; /* what ended the run; NULL while all is well */
};

static void queue(struct echo *echo, struct connection *connection, uint64_t count, uint64_t now) {
    for (uint64_t i = 0; i < count; i++)
        connection->queued_at[(connection->queued + i) % echo->options->in_flight] = now;
    connection->queued += count;
    echo->on_the_way += count;
}

/* What may be written now: up to the ring's end and from its start. Never more than the ring
 * holds, as it has a slot for every message on the way. */
static int gather(const struct echo *echo, const struct connection *connection,
                  struct iovec parts[2]) {
    size_t ring = echo->frames.slots * echo->frames.frame_size;
    size_t left = (size_t)(connection->queued * echo->frames.frame_size - connection->sent_bytes);
    size_t start = (size_t)(connection->sent_bytes % ring);
    size_t first = left < ring - start ? left : ring - start;
    parts[0] = (struct iovec){echo->frames.wire + start, first};
    parts[1] = (struct iovec){echo->frames.wire, left - first};
    return left == 0 ? 0 : left > first ? 2 : 1;
}

static bool watch(const struct echo *echo, struct connection *connection, bool out) {
    if (connection->wants_out == out)
        return true;
    connection->wants_out = out;
    struct epoll_event event = {.events = EPOLLIN | (out ? (uint32_t)EPOLLOUT : 0u),
                                .data.ptr = connection};
    return epoll_ctl(echo->epoll, EPOLL_CTL_MOD, connection->fd, &event) == 0;
}

/* Writes until the socket is full or nothing is left. */
static void flush(struct echo *echo, struct connection *connection) {
    struct iovec parts[2];
    for (;;) {
        int count = gather(echo, connection, parts);
        if (count == 0)
            break;
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
        ssize_t sent = sendmsg(connection->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EAGAIN) {
            if (!watch(echo, connection, true))
                echo->fault = strerror(errno);
            return;
        }
        if (sent < 0) {
            echo->fault = strerror(errno);
            return;
        }
        connection->sent_bytes += (uint64_t)sent;
    }
    if (!watch(echo, connection, false))
        echo->fault = strerror(errno);
}

static void count_echoes(struct echo *echo, struct connection *connection, size_t count,
                         uint64_t now) {
    unsigned in_flight = echo->options->in_flight;
    for (size_t i = 0; i < count; i++) {
        uint64_t at = connection->queued_at[connection->received++ % in_flight];
        if (echo->phase == PHASE_MEASURE)
            load_histogram_add(echo->histogram, now - at);
    }
    echo->on_the_way -= count;
    if (echo->phase == PHASE_MEASURE)
        echo->messages += count;
}

static void receive(struct echo *echo, struct connection *connection) {
    ssize_t got = recv(connection->fd, echo->buffer, READ_SIZE, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        echo->fault = got == 0 ? "the server closed a connection" : strerror(errno);
        return;
    }
    size_t count;
    enum load_fault fault = load_check_feed(&connection->check, echo->buffer, (size_t)got, &count);
    uint64_t now = load_clock_ns();
    echo->last_progress = now;
    if (fault == LOAD_FAULT_NONE && connection->received + count > connection->queued)
        fault = LOAD_FAULT_LENGTH; /* more came back than was sent */
    if (fault != LOAD_FAULT_NONE) {
        echo->fault = load_fault_text(fault);
        return;
    }
    count_echoes(echo, connection, count, now);
    if (echo->phase != PHASE_DRAIN && !echo->options->waves)
        queue(echo, connection, count, now);
}

static void read_edge(struct echo *echo, struct edge *ret_edge) {
    struct edge edge = {
        .time = load_clock_ns(),
        .own_cpu = load_clock_read(CLOCK_PROCESS_CPUTIME_ID),
    };
    if (echo->options->pid > 0 && load_usage_cpu_ns(echo->options->pid, &edge.server_cpu) < 0)
        echo->fault = "the server's processor time cannot be read";
    *ret_edge = edge;
}

/* On to the next phase when it is time. */
static void step_phase(struct echo *echo) {
    uint64_t now = load_clock_ns();
    if (now - echo->last_progress > STALL_NS)
        echo->fault = "no echo came for 10 s";
    switch (echo->phase) {
    case PHASE_WARM:
        if (now < echo->phase_end)
            return;
        echo->phase = PHASE_MEASURE;
        echo->phase_end = now + (uint64_t)(echo->options->seconds * (double)LOAD_SECOND_NS);
        read_edge(echo, &echo->begin);
        return;
    case PHASE_MEASURE:
        if (now < echo->phase_end)
            return;
        read_edge(echo, &echo->end);
        echo->phase = PHASE_DRAIN;
        return;
    case PHASE_DRAIN:
        if (echo->on_the_way == 0)
            echo->phase = PHASE_DONE;
        return;
    case PHASE_DONE:
        return;
    }
}

/* As much on every connection as may be on the way; nothing is. */
static void send_wave(struct echo *echo) {
    for (unsigned i = 0; i < echo->options->connections && echo->fault == NULL; i++) {
        queue(echo, &echo->connections[i], echo->options->in_flight, load_clock_ns());
        flush(echo, &echo->connections[i]);
    }
}

static void pump(struct echo *echo) {
    struct epoll_event events[EVENTS_MAX];
    int wait_ms = echo->options->awake ? 0 : 100;
    while (echo->phase != PHASE_DONE && echo->fault == NULL) {
        int count = epoll_wait(echo->epoll, events, EVENTS_MAX, wait_ms);
        for (int i = 0; i < count && echo->fault == NULL; i++) {
            struct connection *connection = events[i].data.ptr;
            if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0)
                receive(echo, connection);
            if (echo->fault == NULL)
                flush(echo, connection);
        }
        step_phase(echo);
        if (echo->on_the_way == 0 && echo->phase != PHASE_DONE && echo->fault == NULL)
            send_wave(echo);
    }
}

static bool allocate(struct echo *echo) {
    const struct load_options *options = echo->options;
    size_t slots = options->in_flight < SLOTS_MIN ? SLOTS_MIN : options->in_flight;
    uint8_t opcode = options->text ? LOAD_OPCODE_TEXT : LOAD_OPCODE_BINARY;
    if (!load_frames_make(&echo->frames, slots, options->size, opcode))
        return false;
    echo->connections = calloc(options->connections, sizeof *echo->connections);
    echo->queued_at =
        calloc((size_t)options->connections * options->in_flight, sizeof *echo->queued_at);
    echo->buffer = malloc(READ_SIZE);
    echo->histogram = calloc(1, sizeof *echo->histogram);
    if (echo->connections == NULL || echo->queued_at == NULL || echo->buffer == NULL ||
        echo->histogram == NULL)
        return false;
    for (unsigned i = 0; i < options->connections; i++)
        echo->connections[i].fd = -1;
    return true;
}

/* Connections start at different slots: an echo that went to a neighbour is found. */
static bool open_connection(struct echo *echo, unsigned index) {
    struct connection *connection = &echo->connections[index];
    enum load_echo kind = echo->options->raw ? LOAD_ECHO_RAW : LOAD_ECHO_PLAIN;
    size_t slot = index % echo->frames.slots;
    connection->fd = load_client_open(echo->options->port, echo->options->path);
    if (connection->fd < 0)
        return false;
    connection->check = load_check_make(&echo->frames, kind, slot);
    connection->queued = slot;
    connection->received = slot;
    connection->sent_bytes = slot * echo->frames.frame_size;
    connection->queued_at = echo->queued_at + (size_t)index * echo->options->in_flight;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    return epoll_ctl(echo->epoll, EPOLL_CTL_ADD, connection->fd, &event) == 0;
}

static bool open_all(struct echo *echo) {
    echo->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (echo->epoll < 0)
        return false;
    for (unsigned i = 0; i < echo->options->connections; i++)
        if (!open_connection(echo, i))
            return false;
    return true;
}

static void start(struct echo *echo) {
    uint64_t now = load_clock_ns();
    echo->last_progress = now;
    echo->phase_end = now + (uint64_t)(echo->options->warmup * (double)LOAD_SECOND_NS);
    send_wave(echo);
}

static void finish(struct echo *echo) {
    for (unsigned i = 0; echo->connections != NULL && i < echo->options->connections; i++)
        if (echo->connections[i].fd >= 0)
            load_client_close(echo->connections[i].fd);
    free(echo->connections);
    free(echo->queued_at);
    free(echo->buffer);
    free(echo->histogram);
    load_frames_free(&echo->frames);
}

static void report(const struct echo *echo) {
    double ns = (double)(echo->end.time - echo->begin.time);
    double seconds = ns / (double)LOAD_SECOND_NS;
    double messages = (double)echo->messages;
    double mib = messages * (double)echo->options->size / (1024.0 * 1024.0);
    double p50 = (double)load_histogram_quantile(echo->histogram, 0.50) / 1000.0;
    double p99 = (double)load_histogram_quantile(echo->histogram, 0.99) / 1000.0;
    uint64_t server_cpu = echo->end.server_cpu - echo->begin.server_cpu;
    (void)printf("{\"connections\":%u,\"in_flight\":%u,\"size\":%u,\"messages\":%llu,"
                 "\"seconds\":%.4f,\"per_second\":%.1f,\"mib_per_second\":%.2f,"
                 "\"p50_us\":%.1f,\"p99_us\":%.1f,\"server_cpu_ns\":%llu,\"load_busy\":%.3f,"
                 "\"errors\":0}\n",
                 echo->options->connections, echo->options->in_flight, echo->options->size,
                 (unsigned long long)echo->messages, seconds, messages / seconds, mib / seconds,
                 p50, p99, (unsigned long long)server_cpu,
                 (double)(echo->end.own_cpu - echo->begin.own_cpu) / ns);
}

int load_echo_run(const struct load_options *options) {
    struct echo echo = {.options = options, .epoll = -1};
    int code = 1;
    if (!allocate(&echo)) {
        (void)fprintf(stderr, "berth_load: out of memory\n");
        goto out;
    }
    if (!open_all(&echo))
        goto out;
    start(&echo);
    pump(&echo);
    if (echo.fault != NULL) {
        (void)printf("{\"errors\":1,\"fault\":\"%s\"}\n", echo.fault);
        goto out;
    }
    report(&echo);
    code = 0;
out:
    finish(&echo);
    return code;
}
