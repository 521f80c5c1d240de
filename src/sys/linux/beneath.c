#include "sys/linux/beneath.h"

#include "sys/error.h"
#include "sys/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A FIFO must not hold us up; what is no regular file is refused once it is open. */
#define READ_FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

/* The kernel asks for another try when a folder was moved while it looked at "..". Whoever moves
 * folders all the time gets an error, not our whole attention. */
#define RETRIES 16

static long open_how(int dir, const char *relative, uint64_t resolve) {
    struct open_how how = {
        .flags = READ_FLAGS,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve,
    };
    long fd = -1;
    for (int i = 0; i < RETRIES; i++) {
        fd = syscall(SYS_openat2, dir, relative, &how, sizeof how);
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
            break;
    }
    return fd;
}

int berth_sys_beneath_by_kernel(int dir, const char *relative, bool *ret_aliased) {
    long fd = open_how(dir, relative, RESOLVE_NO_SYMLINKS);
    *ret_aliased = fd < 0 && errno == ELOOP;
    if (*ret_aliased)
        fd = open_how(dir, relative, 0);
    if (fd >= 0)
        return (int)fd;
    if (errno == ENOSYS || errno == EPERM)
        return BERTH_E_UNSUPPORTED;
    return errno == EXDEV ? BERTH_E_DENIED : berth_sys_error(errno);
}

/* Opens one part. With O_DIRECTORY a symlink reads as "not a folder", so that is looked up. */
static int open_part(int dir, const char *part, int flags) {
    if (strcmp(part, "..") == 0)
        return BERTH_E_DENIED;
    int fd = openat(dir, part, READ_FLAGS | O_NOFOLLOW | flags);
    if (fd >= 0)
        return fd;
    int error = berth_sys_error(errno);
    struct stat status;
    if (errno == ENOTDIR && fstatat(dir, part, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISLNK(status.st_mode))
        return BERTH_E_DENIED;
    return error;
}

int berth_sys_beneath_by_parts(int dir, const char *relative) {
    if (relative[0] == '/')
        return BERTH_E_DENIED;
    int at = open_part(dir, ".", O_DIRECTORY);
    struct berth_view rest = berth_view_of(relative);
    while (at >= 0 && rest.size > 0) {
        struct berth_view view = berth_view_cut(rest, '/', &rest);
        char part[NAME_MAX + 1];
        int next = BERTH_E_INVALID;
        if (view.size < sizeof part) {
            memcpy(part, view.data, view.size);
            part[view.size] = 0;
            int flags = view.data[view.size] == '/' ? O_DIRECTORY : 0;
            next = open_part(at, view.size > 0 ? part : ".", flags);
        }
        close(at);
        at = next;
    }
    return at;
}

static int describe(int fd, bool aliased, struct berth_sys_file *ret_file) {
    struct stat status;
    if (fstat(fd, &status) < 0)
        return berth_sys_error(errno);
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
        return BERTH_E_INVALID;
    *ret_file = (struct berth_sys_file){
        .handle = fd,
        .size = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0,
        .modified_s = status.st_mtim.tv_sec,
        .modified_ns = (uint32_t)status.st_mtim.tv_nsec,
        .id = status.st_ino,
        .aliased = aliased || status.st_nlink > 1,
        .is_folder = S_ISDIR(status.st_mode),
    };
    return 0;
}

int berth_sys_file_open_beneath(intptr_t dir, const char *relative,
                                struct berth_sys_file *ret_file) {
    const char *path = *relative != 0 ? relative : ".";
    bool aliased = false;
    int fd = berth_sys_beneath_by_kernel((int)dir, path, &aliased);
    if (fd == BERTH_E_UNSUPPORTED)
        fd = berth_sys_beneath_by_parts((int)dir, path);
    if (fd < 0)
        return fd;
    int error = describe(fd, aliased, ret_file);
    if (error < 0)
        close(fd);
    return error;
}

void berth_sys_dir_path(intptr_t dir, struct berth_view relative, struct berth_writer *out) {
    berth_writer_format(out, "/proc/self/fd/%d/", (int)dir);
    berth_writer_view(out, relative);
    berth_writer_char(out, 0);
}

int berth_sys_file_read_at(const struct berth_sys_file *file, uint64_t offset, void *bytes,
                           size_t size, size_t *ret_size) {
    size_t done = 0;
    while (done < size) {
        ssize_t got =
            pread((int)file->handle, (char *)bytes + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return berth_sys_error(errno);
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *ret_size = done;
    return 0;
}

int berth_sys_file_map(const struct berth_sys_file *file, const char **ret_bytes) {
    if (file->size == 0 || file->size > SIZE_MAX / 2)
        return BERTH_E_INVALID;
    void *bytes = mmap(NULL, (size_t)file->size, PROT_READ, MAP_SHARED, (int)file->handle, 0);
    if (bytes == MAP_FAILED)
        return berth_sys_error(errno);
    *ret_bytes = bytes;
    return 0;
}

void berth_sys_file_unmap(const char *bytes, uint64_t size) {
    munmap((void *)(uintptr_t)bytes, (size_t)size);
}

void berth_sys_file_close(struct berth_sys_file *file) {
    if (file->handle >= 0)
        close((int)file->handle);
    file->handle = -1;
}
