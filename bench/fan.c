/* Hub load: one connection sends, all the others receive; the next message leaves when the last one
 * has reached everybody. */
#include "client.h"
#include "clock.h"
#include "modes.h"
#include "usage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 1024
#define PAYLOAD_SIZE 100
#define FRAME_SIZE (2 + PAYLOAD_SIZE) /* from a server: without a mask */
#define STALL_NS (10 * LOAD_SECOND_NS)

struct receiver {
    int fd;
    size_t got; /* of the frame under way */
};

struct fan {
    const struct load_options *options;
    int epoll;
    int sender;
    struct receiver *receivers;
    uint64_t messages;
    const char *fault;
};

static bool open_all(struct fan *fan) {
    const struct load_options *options = fan->options;
    load_launch_raise_files();
    fan->epoll = epoll_create1(EPOLL_CLOEXEC);
    fan->receivers = calloc(options->connections, sizeof *fan->receivers);
    fan->sender = load_client_open(options->port, options->path);
    if (fan->epoll < 0 || fan->receivers == NULL || fan->sender < 0)
        return false;
    for (unsigned i = 0; i < options->connections; i++) {
        struct receiver *receiver = &fan->receivers[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = receiver};
        receiver->fd = load_client_open(options->port, options->path);
        if (receiver->fd < 0 || epoll_ctl(fan->epoll, EPOLL_CTL_ADD, receiver->fd, &event) < 0)
            return false;
    }
    return true;
}

static bool say(const struct fan *fan) {
    static unsigned char frame[6 + PAYLOAD_SIZE] = {0x82,
                                                    0x80 | PAYLOAD_SIZE}; /* a mask of zeros */
    return load_client_write(fan->sender, frame, sizeof frame) == 0;
}

/* Gives whether the receiver now has the whole message. */
static bool receive(struct fan *fan, struct receiver *receiver) {
    unsigned char bytes[2 * FRAME_SIZE];
    ssize_t got = recv(receiver->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return false;
    if (got <= 0 || receiver->got + (size_t)got > FRAME_SIZE) {
        fan->fault = got == 0  ? "the server closed a connection"
                     : got < 0 ? strerror(errno)
                               : "a receiver got more than one message";
        return false;
    }
    receiver->got = (receiver->got + (size_t)got) % FRAME_SIZE;
    return receiver->got == 0;
}

/* One message to all. */
static void run_message(struct fan *fan) {
    struct epoll_event events[EVENTS_MAX];
    unsigned missing = fan->options->connections;
    uint64_t limit = load_clock_ns() + STALL_NS;
    if (!say(fan))
        fan->fault = "the sender's connection broke";
    while (missing > 0 && fan->fault == NULL) {
        int count = epoll_wait(fan->epoll, events, EVENTS_MAX, 100);
        for (int i = 0; i < count && fan->fault == NULL; i++)
            missing -= receive(fan, events[i].data.ptr);
        if (load_clock_ns() > limit)
            fan->fault = "a message did not reach everybody in 10 s";
    }
    fan->messages++;
}

static void run_for(struct fan *fan, double seconds) {
    uint64_t end = load_clock_ns() + (uint64_t)(seconds * (double)LOAD_SECOND_NS);
    while (fan->fault == NULL && load_clock_ns() < end)
        run_message(fan);
}

static void measure(struct fan *fan) {
    const struct load_options *options = fan->options;
    uint64_t before = 0, after = 0;
    run_for(fan, options->warmup);
    fan->messages = 0;
    uint64_t begin = load_clock_ns(), own = load_clock_read(CLOCK_PROCESS_CPUTIME_ID);
    if (options->pid > 0 && load_usage_cpu_ns(options->pid, &before) < 0)
        fan->fault = "the server's processor time cannot be read";
    run_for(fan, options->seconds);
    uint64_t end = load_clock_ns();
    own = load_clock_read(CLOCK_PROCESS_CPUTIME_ID) - own;
    if (options->pid > 0 && load_usage_cpu_ns(options->pid, &after) < 0)
        fan->fault = "the server's processor time cannot be read";
    if (fan->fault != NULL)
        return;
    double seconds = (double)(end - begin) / (double)LOAD_SECOND_NS;
    double deliveries = (double)fan->messages * (double)options->connections;
    (void)printf(
        "{\"connections\":%u,\"messages\":%.0f,\"per_second\":%.1f,\"mib_per_second\":%.2f,"
        "\"p50_us\":%.1f,\"p99_us\":0,\"server_cpu_ns\":%llu,\"load_busy\":%.3f,"
        "\"errors\":0}\n",
        options->connections, deliveries, deliveries / seconds,
        deliveries * PAYLOAD_SIZE / seconds / (1024.0 * 1024.0),
        seconds * 1e6 / (double)fan->messages, (unsigned long long)(after - before),
        (double)own / (double)(end - begin));
}

int load_fan_run(const struct load_options *options) {
    struct fan fan = {.options = options, .epoll = -1, .sender = -1};
    if (open_all(&fan))
        measure(&fan);
    else
        fan.fault = "the connections could not be opened";
    if (fan.fault != NULL)
        (void)printf("{\"errors\":1,\"fault\":\"%s\"}\n", fan.fault);
    free(fan.receivers); /* the sockets go with the process */
    return fan.fault == NULL ? 0 : 1;
}
