#include "sys/linux/owner.h"

#include "base/writer.h"
#include "sys/program.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROC_PATH_MAX 48

static bool all_found(const struct berth_sys_owner *owners, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (owners[i].pid == 0)
            return false;
    }
    return true;
}

static void note_socket(struct berth_sys_owner *owners, size_t count, uint64_t inode,
                        uint32_t pid) {
    for (size_t i = 0; i < count; i++) {
        if (owners[i].inode == inode && owners[i].pid == 0)
            owners[i].pid = pid;
    }
}

/* A socket's link reads "socket:[1234]". */
static bool read_socket_link(int dir, const char *name, uint64_t *ret_inode) {
    char link[40];
    ssize_t size = readlinkat(dir, name, link, sizeof link);
    struct berth_view view = {link, size > 0 ? (size_t)size : 0};
    struct berth_view head = BERTH_VIEW("socket:[");
    if (!berth_view_starts(view, head) || view.data[view.size - 1] != ']')
        return false;
    view = (struct berth_view){view.data + head.size, view.size - head.size - 1};
    return berth_view_number(view, UINT64_MAX, ret_inode) == 0;
}

static void look_into_process(int proc, uint32_t pid, struct berth_sys_owner *owners,
                              size_t count) {
    char path[PROC_PATH_MAX];
    snprintf(path, sizeof path, "%u/fd", pid);
    int fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        uint64_t inode;
        if (read_socket_link(fd, entry->d_name, &inode))
            note_socket(owners, count, inode, pid);
    }
    closedir(dir);
}

static bool belongs_to_one(int proc, const char *name, const struct berth_sys_owner *owners,
                           size_t count) {
    struct stat status;
    if (fstatat(proc, name, &status, 0) < 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (owners[i].pid == 0 && owners[i].uid == status.st_uid)
            return true;
    }
    return false;
}

/* One walk over the processes: those of the sockets' users, or all the others. */
static void walk(DIR *proc, bool of_users, struct berth_sys_owner *owners, size_t count) {
    rewinddir(proc);
    for (struct dirent *entry; !all_found(owners, count) && (entry = readdir(proc)) != NULL;) {
        uint64_t pid;
        if (berth_view_number(berth_view_of(entry->d_name), INT_MAX, &pid) == 0 &&
            belongs_to_one(dirfd(proc), entry->d_name, owners, count) == of_users)
            look_into_process(dirfd(proc), (uint32_t)pid, owners, count);
    }
}

void berth_sys_owners_find(struct berth_sys_owner *owners, size_t count) {
    if (all_found(owners, count))
        return;
    DIR *proc = opendir("/proc");
    if (proc == NULL)
        return;
    walk(proc, true, owners, count);
    walk(proc, false, owners, count);
    closedir(proc);
}

static size_t read_proc_file(uint32_t pid, const char *name, char *bytes, size_t capacity) {
    char path[PROC_PATH_MAX];
    snprintf(path, sizeof path, "/proc/%u/%s", pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t size = read(fd, bytes, capacity);
    close(fd);
    return size > 0 ? (size_t)size : 0;
}

/* The executable's path; where that is hidden, the name that the kernel keeps (15 bytes at most).
 */
static struct berth_view read_executable(uint32_t pid, char *bytes, size_t capacity) {
    char path[PROC_PATH_MAX];
    snprintf(path, sizeof path, "/proc/%u/exe", pid);
    ssize_t size = readlink(path, bytes, capacity);
    if (size <= 0) {
        size_t comm_size = read_proc_file(pid, "comm", bytes, capacity);
        return (struct berth_view){bytes, comm_size > 0 ? comm_size - 1 : 0};
    }
    struct berth_view view = {bytes, (size_t)size};
    struct berth_view gone = BERTH_VIEW(" (deleted)"); /* replaced by an update while it runs */
    if (view.size > gone.size &&
        memcmp(view.data + view.size - gone.size, gone.data, gone.size) == 0)
        view.size -= gone.size;
    return view;
}

void berth_sys_owner_program(uint32_t pid, char *name, size_t capacity) {
    char executable[PATH_MAX];
    char arguments[4096];
    struct berth_view path = read_executable(pid, executable, sizeof executable);
    size_t size = read_proc_file(pid, "cmdline", arguments, sizeof arguments);
    berth_sys_program_name(path, (struct berth_view){arguments, size}, name, capacity);
}
