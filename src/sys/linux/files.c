#include "sys/files.h"

#include "base/writer.h"
#include "sys/error.h"
#include "sys/linux/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 16384

/* -- Reading ----------------------------------------------------------------------------------- */

/* A FIFO without a writer must not hold us up in open; once it is open, a pipe with a writer is
 * waited for like any other. */
static int open_for_reading(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return berth_sys_error(errno);
    struct stat status;
    if (fstat(fd, &status) < 0 || S_ISDIR(status.st_mode) || fcntl(fd, F_SETFL, 0) < 0) {
        close(fd);
        return BERTH_E_INVALID;
    }
    return fd;
}

static int read_all(int fd, struct berth_buf *into) {
    char chunk[CHUNK];
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return berth_sys_error(errno);
        if (got == 0)
            return 0;
        int error = berth_buf_append(into, chunk, (size_t)got);
        if (error < 0)
            return error;
    }
}

int berth_sys_file_read(const char *path, struct berth_buf *into) {
    int fd = open_for_reading(path);
    if (fd < 0)
        return fd;
    size_t before = into->size;
    int error = read_all(fd, into);
    if (error < 0)
        into->size = before; /* appending only ever adds at the end */
    close(fd);
    return error;
}

/* -- Replacing --------------------------------------------------------------------------------- */

struct place {
    int folder;
    const char *name; /* within the folder: a part of the path that was given */
};

static int open_place(const char *path, struct place *ret_place) {
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    char folder[PATH_MAX];
    struct berth_writer out = berth_writer_on(folder, sizeof folder);
    if (slash == NULL)
        berth_writer_char(&out, '.');
    else
        berth_writer_bytes(&out, path, (size_t)(name - path));
    berth_writer_char(&out, 0);
    if (out.overflow || *name == 0)
        return BERTH_E_INVALID;

    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return berth_sys_error(errno);
    *ret_place = (struct place){fd, name};
    return 0;
}

/* The mode is set apart from open, so that the caller's umask has no say in it. */
static int write_temporary(int folder, const char *name, struct berth_view content, mode_t mode) {
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return berth_sys_error(errno);
    int error = berth_sys_write_all(fd, content);
    if (error == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
        error = berth_sys_error(errno);
    if (close(fd) < 0 && error == 0)
        error = berth_sys_error(errno);
    if (error < 0)
        unlinkat(folder, name, 0);
    return error;
}

static int replace_at(struct place place, struct berth_view content, mode_t mode) {
    char temporary[40];
    int error = berth_sys_temporary_name(".berth-", temporary, sizeof temporary);
    if (error == 0)
        error = write_temporary(place.folder, temporary, content, mode);
    if (error < 0)
        return error;
    if (renameat(place.folder, temporary, place.folder, place.name) < 0) {
        error = berth_sys_error(errno);
        unlinkat(place.folder, temporary, 0);
        return error;
    }
    /* Best effort: the file itself is whole already; this makes the name outlive a power cut. */
    (void)fsync(place.folder);
    return 0;
}

int berth_sys_file_replace(const char *path, struct berth_view content, unsigned mode) {
    struct place place;
    int error = open_place(path, &place);
    if (error < 0)
        return error;
    error = replace_at(place, content, (mode_t)mode);
    close(place.folder);
    return error;
}

int berth_sys_file_remove(const char *path) {
    return unlink(path) < 0 ? berth_sys_error(errno) : 0;
}
