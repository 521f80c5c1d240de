/* Loaded into a program (LD_PRELOAD), this makes what is rare happen every time.
 *
 *     SHIM_STOP="renameat server_port.txt 2"   it stops itself (SIGSTOP) before its second renameat
 *                              onto a name that ends like this; "-" where any name will do
 *     SHIM_DELAY="listen 50"   each listen comes up to 50 ms late
 *     SHIM_DENY="12000 12003"  bind fails with EACCES on these ports
 *     SHIM_LOG=PATH            the calls are written there, a line each: "renameat server_port.txt"
 *     SHIM_SLEEPER=1           SIGUSR2 makes it start a child, `sleep 60`, as a careless library
 *                              would: nothing is closed for it
 *
 * Shape:   the calls that are seen are those at the end of this file
 * Threads: one
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static bool ends_with(const char *text, const char *end) {
    size_t size = strlen(text);
    size_t end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* Counts down by itself: true for the call that was asked for. */
static bool is_to_stop(const char *call, const char *name) {
    static unsigned seen;
    const char *text = getenv("SHIM_STOP");
    char asked_call[32];
    char asked_name[128];
    unsigned asked_count;
    if (text == NULL || sscanf(text, "%31s %127s %u", asked_call, asked_name, &asked_count) != 3 ||
        strcmp(asked_call, call) != 0 ||
        (strcmp(asked_name, "-") != 0 && !ends_with(name, asked_name)))
        return false;
    return ++seen == asked_count;
}

static void delay(const char *call) {
    const char *text = getenv("SHIM_DELAY");
    char asked_call[32];
    unsigned most_ms;
    unsigned random = 0;
    if (text == NULL || sscanf(text, "%31s %u", asked_call, &most_ms) != 2 ||
        strcmp(asked_call, call) != 0 || getrandom(&random, sizeof random, 0) < 0)
        return;
    unsigned late_ms = random % (most_ms + 1);
    struct timespec rest = {late_ms / 1000, (long)(late_ms % 1000) * 1000000};
    nanosleep(&rest, NULL);
}

static void write_down(const char *call, const char *name) {
    const char *path = getenv("SHIM_LOG");
    FILE *file = path != NULL ? fopen(path, "ae") : NULL;
    if (file == NULL)
        return;
    fprintf(file, "%s %s\n", call, name);
    fclose(file);
}

/* name: of the file that the call is about; "" for others. */
static void before(const char *call, const char *name) {
    write_down(call, name);
    if (is_to_stop(call, name))
        raise(SIGSTOP);
    delay(call);
}

/* 0 for what has none. Both families have it in the same place. */
static unsigned port_of(const struct sockaddr *address) {
    if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
        return 0;
    return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
}

static bool is_denied(const struct sockaddr *address) {
    const char *text = getenv("SHIM_DENY");
    unsigned from;
    unsigned to;
    unsigned port = port_of(address);
    return text != NULL && port != 0 && sscanf(text, "%u %u", &from, &to) == 2 && from <= port &&
           port <= to;
}

static void start_sleeper(int number) {
    (void)number;
    if (fork() == 0) {
        execlp("sleep", "sleep", "60", (char *)NULL);
        _exit(127);
    }
}

__attribute__((constructor)) static void set_up(void) {
    struct sigaction action = {.sa_handler = start_sleeper, .sa_flags = SA_RESTART};
    if (getenv("SHIM_SLEEPER") != NULL)
        sigaction(SIGUSR2, &action, NULL);
}

/* -- The calls --------------------------------------------------------------------------------- */

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* One that is seen, and otherwise done as it is. */
#define SEEN(name, file, parameters, arguments)                                                    \
    int name parameters {                                                                          \
        before(#name, file);                                                                       \
        return NEXT(name) arguments;                                                               \
    }

SEEN(listen, "", (int fd, int backlog), (fd, backlog))
SEEN(fsync, "", (int fd), (fd))
SEEN(rename, to, (const char *from, const char *to), (from, to))
SEEN(renameat, to, (int dir, const char *from, int to_dir, const char *to), (dir, from, to_dir, to))
SEEN(linkat, to, (int dir, const char *from, int to_dir, const char *to, int flags),
     (dir, from, to_dir, to, flags))
SEEN(unlink, path, (const char *path), (path))
SEEN(unlinkat, path, (int dir, const char *path, int flags), (dir, path, flags))

/* Its name is where it leads: "127.0.0.1:12000", "[::1]:12000". */
int connect(int fd, const struct sockaddr *address, socklen_t size) {
    const struct sockaddr_in *v4 = (const void *)address;
    const struct sockaddr_in6 *v6 = (const void *)address;
    bool is_v6 = address->sa_family == AF_INET6;
    char ip[INET6_ADDRSTRLEN] = "";
    char name[INET6_ADDRSTRLEN + 10];
    if (port_of(address) != 0)
        inet_ntop(address->sa_family, is_v6 ? (const void *)&v6->sin6_addr : &v4->sin_addr, ip,
                  sizeof ip);
    snprintf(name, sizeof name, is_v6 ? "[%s]:%u" : "%s:%u", ip, port_of(address));
    before("connect", name);
    return NEXT(connect)(fd, address, size);
}

int bind(int fd, const struct sockaddr *address, socklen_t size) {
    before("bind", "");
    if (is_denied(address)) {
        errno = EACCES;
        return -1;
    }
    return NEXT(bind)(fd, address, size);
}
