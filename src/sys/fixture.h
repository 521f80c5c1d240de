/* For tests: quiet ports, child processes, another user, sockets in every wrong state.
 *
 * Shape:   all in this header, so that nothing of it is in the library
 * Errors:  none: a step that does not work ends the process, since no test may go on without it
 * Threads: one
 */
#ifndef BERTH_SYS_FIXTURE_H
#define BERTH_SYS_FIXTURE_H

#include "base/addr.h"
#include "sys/linux/sockaddr.h"

#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIXTURE_NOBODY 65534

#define FIXTURE_NEED(condition)                                                                    \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition, strerror(errno));  \
            _exit(99);                                                                             \
        }                                                                                          \
    } while (0)

/* -- Addresses and sockets --------------------------------------------------------------------- */

static inline struct berth_addr fixture_addr(const char *ip, uint16_t port) {
    struct berth_addr addr;
    FIXTURE_NEED(berth_addr_parse(berth_view_of(ip), port, &addr) == 0);
    return addr;
}

/* A TCP socket, bound; option is SO_REUSEADDR, SO_REUSEPORT, or 0. Negative when it is taken. */
static inline int fixture_try_bind(const struct berth_addr *addr, int option) {
    int fd = socket(addr->family == 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FIXTURE_NEED(fd >= 0);
    int on = 1;
    if (option != 0)
        FIXTURE_NEED(setsockopt(fd, SOL_SOCKET, option, &on, sizeof on) == 0);
    if (addr->family == 6)
        FIXTURE_NEED(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0);
    struct sockaddr_storage storage;
    socklen_t size = berth_sys_sockaddr_from(addr, &storage);
    if (bind(fd, (struct sockaddr *)&storage, size) == 0)
        return fd;
    close(fd);
    return -1;
}

static inline int fixture_bind(const struct berth_addr *addr, int option) {
    int fd = fixture_try_bind(addr, option);
    FIXTURE_NEED(fd >= 0);
    return fd;
}

static inline int fixture_listen(const char *ip, uint16_t port, int option) {
    struct berth_addr addr = fixture_addr(ip, port);
    int fd = fixture_bind(&addr, option);
    FIXTURE_NEED(listen(fd, 8) == 0);
    return fd;
}

/* A socket of the address's own family, connected to it. */
static inline int fixture_connect(const struct berth_addr *addr) {
    int fd = socket(addr->family == 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FIXTURE_NEED(fd >= 0);
    struct sockaddr_storage storage;
    socklen_t size = berth_sys_sockaddr_from(addr, &storage);
    FIXTURE_NEED(connect(fd, (struct sockaddr *)&storage, size) == 0);
    return fd;
}

static inline struct berth_addr fixture_name(int fd, bool of_peer) {
    struct sockaddr_storage storage;
    struct sockaddr *name = (struct sockaddr *)&storage;
    socklen_t size = sizeof storage;
    struct berth_addr addr;
    int error = of_peer ? getpeername(fd, name, &size) : getsockname(fd, name, &size);
    FIXTURE_NEED(error == 0 && berth_sys_sockaddr_to(&storage, &addr) == 0);
    return addr;
}

static inline bool fixture_is_quiet(uint16_t port) {
    struct berth_addr any[2] = {fixture_addr("0.0.0.0", port), fixture_addr("::", port)};
    bool quiet = true;
    for (size_t i = 0; i < 2; i++) {
        int fd = fixture_try_bind(&any[i], 0);
        quiet = quiet && fd >= 0;
        if (fd >= 0)
            close(fd);
    }
    return quiet;
}

static inline unsigned fixture_random(unsigned below) {
    unsigned number;
    FIXTURE_NEED(getrandom(&number, sizeof number, 0) == sizeof number);
    return number % below;
}

/* The first of `count` ports in a row that nobody holds on any address. They lie where the system
 * gives nothing away and no browser minds, at random, so that tests can run side by side. */
static inline uint16_t fixture_quiet_ports(unsigned count) {
    for (int tries = 0;; tries++) {
        FIXTURE_NEED(tries < 1000);
        uint16_t base = (uint16_t)(11000 + fixture_random(20000));
        unsigned quiet = 0;
        while (quiet < count && fixture_is_quiet((uint16_t)(base + quiet)))
            quiet++;
        if (quiet == count)
            return base;
    }
}

/* -- Processes --------------------------------------------------------------------------------- */

/* Runs body in a child, whose exit status is what it returns. */
static inline pid_t fixture_fork(int (*body)(void *argument), void *argument) {
    fflush(NULL);
    pid_t pid = fork();
    FIXTURE_NEED(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(body(argument));
    }
    return pid;
}

/* A child's exit status; -1 when a signal ended it. */
static inline int fixture_wait(pid_t pid) {
    int status;
    FIXTURE_NEED(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline int fixture_run(int (*body)(void *argument), void *argument) {
    return fixture_wait(fixture_fork(body, argument));
}

static inline uint32_t fixture_ordinary_uid(void) {
    return geteuid() == 0 ? FIXTURE_NOBODY : geteuid();
}

/* An ordinary user from here on: "nobody" for root, else whoever it is already. To change the user
 * makes a process opaque, even to itself; that is undone. */
static inline void fixture_become_ordinary(void) {
    if (geteuid() != 0)
        return;
    FIXTURE_NEED(setgroups(0, NULL) == 0 && setgid(FIXTURE_NOBODY) == 0);
    FIXTURE_NEED(setuid(FIXTURE_NOBODY) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0);
}

/* A gate: those who wait go on once it is opened, and so does everybody who comes later. */
struct fixture_gate {
    int ends[2];
};

static inline struct fixture_gate fixture_gate_make(void) {
    struct fixture_gate gate;
    FIXTURE_NEED(pipe(gate.ends) == 0);
    return gate;
}

static inline void fixture_gate_wait(struct fixture_gate *gate) {
    char byte;
    close(gate->ends[1]);
    FIXTURE_NEED(read(gate->ends[0], &byte, 1) == 0);
    close(gate->ends[0]);
}

/* Every process that has the gate opens it or waits at it; the last to open it lets them through.
 */
static inline void fixture_gate_open(struct fixture_gate *gate) {
    close(gate->ends[0]);
    close(gate->ends[1]);
}

/* -- Folders ----------------------------------------------------------------------------------- */

static inline void fixture_folder_make(char path[32]) {
    snprintf(path, 32, "/tmp/berth-test-XXXXXX");
    FIXTURE_NEED(mkdtemp(path) != NULL);
}

static inline void fixture_folder_remove(const char *path) {
    char command[256];
    FIXTURE_NEED(strncmp(path, "/tmp/berth-test-", 16) == 0);
    snprintf(command, sizeof command, "rm -rf -- '%s'", path);
    FIXTURE_NEED(system(command) == 0);
}

#endif
