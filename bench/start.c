/* How long a server takes from exec to its first 200 on a path. */
#include "client.h"
#include "clock.h"
#include "modes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Long enough for the slowest interpreter, short enough to wait for. */
#define START_LIMIT_NS (10 * LOAD_SECOND_NS)
#define STOP_LIMIT_NS (5 * LOAD_SECOND_NS)
/* Between tries: a twentieth of a millisecond, well under what is measured. */
#define TRY_NS (LOAD_MS_NS / 20)

/* The server that runs, for the handler of signals; 0 when there is none. */
static volatile sig_atomic_t running;

static void on_signal(int number) {
    if (running > 0)
        (void)kill((pid_t)running, SIGKILL);
    _exit(128 + number);
}

static pid_t spawn(const struct load_options *options) {
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0)
        (void)dup2(null, STDOUT_FILENO);
    if (load_launch_pin(options->server_cpu) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
        getppid() == parent) {
        (void)execvp(options->command[0], options->command);
        (void)fprintf(stderr, "berth_load: cannot run %s: %s\n", options->command[0],
                      strerror(errno));
    }
    _exit(127);
}

/* One GET: true when the answer is a 200. */
static bool answers(const struct load_options *options) {
    char request[512];
    char reply[16] = "";
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n\r\n",
                        options->path, (unsigned)options->port);
    int fd = load_client_connect(options->port);
    if (fd < 0)
        return false;
    bool good = load_client_write(fd, request, (size_t)size) == 0 &&
                load_client_read(fd, reply, 12) == 0 && memcmp(reply, "HTTP/1.", 7) == 0 &&
                memcmp(reply + 8, " 200", 4) == 0;
    (void)close(fd);
    return good;
}

static bool wait_ready(const struct load_options *options, pid_t pid, uint64_t start) {
    while (!answers(options)) {
        if (load_clock_ns() - start > START_LIMIT_NS || waitpid(pid, NULL, WNOHANG) == pid)
            return false;
        load_clock_sleep(TRY_NS);
    }
    return true;
}

/* Politely first; a server that does not go is killed. */
static void stop(pid_t pid) {
    uint64_t start = load_clock_ns();
    (void)kill(pid, SIGTERM);
    while (waitpid(pid, NULL, WNOHANG) == 0) {
        if (load_clock_ns() - start > STOP_LIMIT_NS)
            (void)kill(pid, SIGKILL);
        load_clock_sleep(LOAD_MS_NS);
    }
}

/* Milliseconds from the fork to the answer; negative when none came. */
static double run_once(const struct load_options *options) {
    uint64_t start = load_clock_ns();
    pid_t pid = spawn(options);
    if (pid < 0)
        return -1;
    running = pid;
    bool ready = wait_ready(options, pid, start);
    uint64_t end = load_clock_ns();
    stop(pid);
    running = 0;
    return ready ? (double)(end - start) / (double)LOAD_MS_NS : -1;
}

static int compare(const void *a, const void *b) {
    double left = *(const double *)a;
    double right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static void report(double *times, unsigned count) {
    qsort(times, count, sizeof *times, compare);
    double median = (times[(count - 1) / 2] + times[count / 2]) / 2;
    (void)printf("{\"runs\":%u,\"min_ms\":%.2f,\"median_ms\":%.2f,\"max_ms\":%.2f,"
                 "\"errors\":0}\n",
                 count, times[0], median, times[count - 1]);
}

int load_start_run(const struct load_options *options) {
    const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        (void)signal(signals[i], on_signal);
    double *times = calloc(options->runs, sizeof *times);
    const char *fault = times == NULL ? "out of memory" : NULL;
    if (fault == NULL && answers(options))
        fault = "another server answers on the port";
    for (unsigned i = 0; i < options->runs && fault == NULL; i++) {
        times[i] = run_once(options);
        if (times[i] < 0)
            fault = "the server ended, or gave no 200 within 10 s";
    }
    if (fault == NULL)
        report(times, options->runs);
    else
        (void)printf("{\"errors\":1,\"fault\":\"%s\"}\n", fault);
    free(times);
    return fault == NULL ? 0 : 1;
}
