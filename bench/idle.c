/* The idle load: what a connection costs in memory while nothing happens on it. */
#include "client.h"
#include "clock.h"
#include "frames.h"
#include "modes.h"
#include "usage.h"

#include <stdio.h>
#include <stdlib.h>

/* For a server to end what it began: timers, deferred frees, its garbage collection. */
#define SETTLE_NS LOAD_SECOND_NS

struct idle {
    const struct load_options *options;
    struct load_frames frames;
    int *fds;
    unsigned opened;
};

/* One message there and back; the floor's echo is masked, a server's is not. */
static int echo_one(const struct idle *idle, int fd) {
    uint8_t reply[256];
    const struct load_frames *frames = &idle->frames;
    enum load_echo kind = idle->options->raw ? LOAD_ECHO_RAW : LOAD_ECHO_PLAIN;
    struct load_check check = load_check_make(frames, kind, 0);
    size_t count = 0;
    if (load_client_write(fd, frames->wire, frames->frame_size) < 0)
        return -1;
    while (count == 0) {
        /* A byte at a time leaves nothing of the next frame behind, whatever the server sends. */
        if (load_client_read(fd, reply, 1) < 0 ||
            load_check_feed(&check, reply, 1, &count) != LOAD_FAULT_NONE)
            return -1;
    }
    return 0;
}

/* Open one, use it, close it: the server has done everything once before it is measured. */
static int warm_up(const struct idle *idle) {
    int fd = load_client_open(idle->options->port, idle->options->path);
    if (fd < 0)
        return -1;
    int error = echo_one(idle, fd);
    load_client_close(fd);
    return error;
}

static int open_all(struct idle *idle) {
    while (idle->opened < idle->options->connections) {
        int fd = load_client_open(idle->options->port, idle->options->path);
        if (fd < 0)
            return -1;
        idle->fds[idle->opened++] = fd;
    }
    return 0;
}

static int use_all(const struct idle *idle) {
    for (unsigned i = 0; i < idle->opened; i++)
        if (echo_one(idle, idle->fds[i]) < 0)
            return -1;
    return 0;
}

static int measure(const struct idle *idle, uint64_t *ret_bytes) {
    load_clock_sleep(SETTLE_NS);
    return load_usage_private_bytes(idle->options->pid, ret_bytes);
}

static void report(const struct idle *idle, uint64_t before, uint64_t opened, uint64_t used) {
    double connections = (double)idle->options->connections;
    (void)printf("{\"connections\":%u,\"before_bytes\":%llu,\"opened_bytes\":%llu,"
                 "\"used_bytes\":%llu,\"bytes_per_opened\":%.1f,\"bytes_per_used\":%.1f,"
                 "\"errors\":0}\n",
                 idle->options->connections, (unsigned long long)before, (unsigned long long)opened,
                 (unsigned long long)used, ((double)opened - (double)before) / connections,
                 ((double)used - (double)before) / connections);
}

static int run(struct idle *idle) {
    uint64_t before;
    uint64_t opened;
    uint64_t used;
    const char *fault = NULL;
    if (warm_up(idle) < 0)
        fault = "the first connection gave no echo";
    else if (measure(idle, &before) < 0)
        fault = "the server's memory cannot be read";
    else if (open_all(idle) < 0)
        fault = "not every connection could be opened";
    else if (measure(idle, &opened) < 0)
        fault = "the server's memory cannot be read";
    else if (use_all(idle) < 0)
        fault = "an idle connection gave no echo";
    else if (measure(idle, &used) < 0)
        fault = "the server's memory cannot be read";
    if (fault != NULL) {
        (void)printf("{\"errors\":1,\"fault\":\"%s\"}\n", fault);
        return 1;
    }
    report(idle, before, opened, used);
    return 0;
}

int load_idle_run(const struct load_options *options) {
    struct idle idle = {.options = options};
    int code = 1;
    load_launch_raise_files();
    idle.fds = calloc(options->connections, sizeof *idle.fds);
    if (idle.fds != NULL && load_frames_make(&idle.frames, 1, 20, LOAD_OPCODE_BINARY))
        code = run(&idle);
    else
        (void)fprintf(stderr, "berth_load: out of memory\n");
    for (unsigned i = 0; i < idle.opened; i++)
        load_client_close(idle.fds[i]);
    free(idle.fds);
    load_frames_free(&idle.frames);
    return code;
}
