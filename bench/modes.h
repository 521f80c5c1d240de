/* The things that berth_load does; load.c reads the options and calls one of them.
 *
 * Shape:   each returns the program's exit code; results are one line of JSON on stdout,
 *          what went wrong is a sentence on stderr
 */
#ifndef BERTH_BENCH_MODES_H
#define BERTH_BENCH_MODES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct load_options {
    uint16_t port;
    const char *path;
    pid_t pid; /* the server's, for its time and memory; 0 when not asked for */
    int cpu;   /* the processor to run on; -1 for any */
    int server_cpu;
    unsigned connections;
    unsigned in_flight; /* messages on the way per connection */
    uint32_t size;      /* of a message */
    double seconds;
    double warmup;
    unsigned runs;
    bool text;
    bool waves; /* the next messages leave when all echoes are back, not one for one */
    bool awake; /* asks again and again what has come, and never sleeps */
    bool raw;   /* the server is the floor: it sends back the very bytes */
    char **command;
};

int load_echo_run(const struct load_options *options);
int load_idle_run(const struct load_options *options);
int load_start_run(const struct load_options *options);
int load_http_run(const struct load_options *options);
int load_shake_run(const struct load_options *options);
int load_fan_run(const struct load_options *options);

/* Becomes the command: pinned, with every descriptor that the system allows, and killed by the
 * kernel when the process that started it ends. */
int load_launch_run(const struct load_options *options);

/* Keeps this process on one processor; -1 and a sentence when that is not possible. */
int load_launch_pin(int cpu);

/* Lets this process open as many files as it may. */
void load_launch_raise_files(void);

#endif
