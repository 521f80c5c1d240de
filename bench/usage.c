#include "usage.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Servers fork workers, workers fork helpers; deeper trees are no server's. */
#define DEPTH_MAX 8

typedef int process_reader(pid_t pid, uint64_t *ret_value);

static FILE *open_proc(pid_t pid, pid_t task, const char *name) {
    char path[96];
    if (task > 0)
        (void)snprintf(path, sizeof path, "/proc/%d/task/%d/%s", (int)pid, (int)task, name);
    else
        (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return fopen(path, "re");
}

/* The next thread of a directory /proc/PID/task; 0 behind the last. */
static pid_t next_task(DIR *tasks) {
    for (struct dirent *entry = readdir(tasks); entry != NULL; entry = readdir(tasks)) {
        pid_t task = (pid_t)strtol(entry->d_name, NULL, 10);
        if (task > 0)
            return task;
    }
    return 0;
}

static DIR *open_tasks(pid_t pid) {
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    return opendir(path);
}

static int read_cpu(pid_t pid, uint64_t *ret_value) {
    DIR *tasks = open_tasks(pid);
    if (tasks == NULL)
        return -1;
    uint64_t sum = 0;
    bool seen = false;
    for (pid_t task = next_task(tasks); task > 0; task = next_task(tasks)) {
        uint64_t ns;
        FILE *file = open_proc(pid, task, "schedstat");
        if (file == NULL)
            continue; /* the thread ended in between */
        if (fscanf(file, "%" SCNu64, &ns) == 1) {
            sum += ns;
            seen = true;
        }
        (void)fclose(file);
    }
    (void)closedir(tasks);
    if (!seen)
        return -1;
    *ret_value = sum;
    return 0;
}

static int read_private(pid_t pid, uint64_t *ret_value) {
    FILE *file = open_proc(pid, 0, "smaps_rollup");
    if (file == NULL)
        return -1;
    char line[256];
    uint64_t sum = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        uint64_t kib;
        if (sscanf(line, "Private_Clean: %" SCNu64, &kib) == 1 ||
            sscanf(line, "Private_Dirty: %" SCNu64, &kib) == 1)
            sum += kib * 1024;
    }
    (void)fclose(file);
    if (sum == 0)
        return -1;
    *ret_value = sum;
    return 0;
}

static int sum_tree(pid_t pid, process_reader *read, unsigned depth, uint64_t *sum);

static void sum_children(pid_t pid, pid_t task, process_reader *read, unsigned depth,
                         uint64_t *sum) {
    FILE *file = open_proc(pid, task, "children");
    if (file == NULL)
        return;
    int child;
    while (fscanf(file, "%d", &child) == 1)
        (void)sum_tree(child, read, depth + 1, sum); /* a child that ended adds nothing */
    (void)fclose(file);
}

static int sum_tree(pid_t pid, process_reader *read, unsigned depth, uint64_t *sum) {
    uint64_t value;
    if (depth > DEPTH_MAX || read(pid, &value) < 0)
        return -1;
    *sum += value;
    DIR *tasks = open_tasks(pid);
    if (tasks == NULL)
        return -1;
    for (pid_t task = next_task(tasks); task > 0; task = next_task(tasks))
        sum_children(pid, task, read, depth, sum);
    (void)closedir(tasks);
    return 0;
}

static int read_tree(pid_t pid, process_reader *read, uint64_t *ret_value) {
    uint64_t sum = 0;
    if (sum_tree(pid, read, 0, &sum) < 0)
        return -1;
    *ret_value = sum;
    return 0;
}

int load_usage_cpu_ns(pid_t pid, uint64_t *ret_ns) { return read_tree(pid, read_cpu, ret_ns); }

int load_usage_private_bytes(pid_t pid, uint64_t *ret_bytes) {
    return read_tree(pid, read_private, ret_bytes);
}
