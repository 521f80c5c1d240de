#include "modes.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

int load_launch_pin(int cpu) {
    if (cpu < 0)
        return 0;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((unsigned)cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) == 0)
        return 0;
    (void)fprintf(stderr, "berth_load: cannot run on processor %d: %s\n", cpu, strerror(errno));
    return -1;
}

void load_launch_raise_files(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int load_launch_run(const struct load_options *options) {
    pid_t parent = getppid();
    if (load_launch_pin(options->cpu) < 0)
        return 1;
    load_launch_raise_files();
    /* The parent may have ended before the kernel was told to watch it. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        return 1;
    (void)execvp(options->command[0], options->command);
    (void)fprintf(stderr, "berth_load: cannot run %s: %s\n", options->command[0], strerror(errno));
    return 127;
}
