/* Files and folders: read whole, replaced in one step, locked, served from beneath a root.
 *
 *     struct berth_buf text = berth_buf_make(1024 * 1024);
 *     int error = berth_sys_file_read("conf.yaml", &text);
 *     ...
 *     berth_buf_free(&text);
 *
 * Shape:   paths are NUL-terminated; every descriptor is close-on-exec
 * Owns:    what an `open` or a `lock` gives is the caller's until its `close` or `unlock`
 * Errors:  BERTH_E_NOT_FOUND, BERTH_E_DENIED, BERTH_E_READ_ONLY, BERTH_E_NO_SPACE,
 *          BERTH_E_TOO_MANY_FILES, BERTH_E_INVALID (not the kind of thing it should be, or a path
 *          that is too long), BERTH_E_SYSTEM; more where a function says so
 * Threads: any
 * Proof:   files_test.c
 */
#ifndef BERTH_SYS_FILES_H
#define BERTH_SYS_FILES_H

#include "base/buf.h"
#include "base/writer.h"

/* Appends the whole content; a pipe is read to its end. Errors: BERTH_E_FULL past the buffer's
 * maximum, BERTH_E_INVALID for a folder; the buffer is then as it was. */
int berth_sys_file_read(const char *path, struct berth_buf *into);

/* Puts a file there in one step: a temporary in the same folder, fsync, rename. A reader sees the
 * old content or the new; after a failure the old file stands and no temporary is left. A symlink
 * at `path` is replaced, not followed. */
int berth_sys_file_replace(const char *path, struct berth_view content, unsigned mode);

/* Errors: BERTH_E_NOT_FOUND when there is none. */
int berth_sys_file_remove(const char *path);

/* Makes the folder, and the missing ones above it, for this user alone (0700).
 * Errors: BERTH_E_DENIED when it is there and belongs to another user, is a symlink, or lets others
 * in; BERTH_E_INVALID when it is no folder. */
int berth_sys_dir_make_private(const char *path);

/* Locks a folder against other processes that do the same, without leaving a lock file in it.
 * Errors: BERTH_E_BUSY when another holds it for longer than wait_ms. */
int berth_sys_dir_lock(const char *path, unsigned wait_ms, intptr_t *ret_lock);

/* A negative lock is welcome. */
void berth_sys_dir_unlock(intptr_t lock);

/* -- Files beneath a root: for requests from the network ----------------------------------------
 */

struct berth_sys_file {
    intptr_t handle;
    uint64_t size;
    int64_t modified_s; /* since 1970-01-01 UTC */
    uint32_t modified_ns;
    uint64_t id;    /* tells it from every other file of its file system */
    bool aliased;   /* it has other names, or its path led through a symlink: who watches the folder
                       may not see it change */
    bool is_folder; /* the handle is a folder's: there is nothing to read */
};

/* The folder to serve from, held open: it stays this one even when its name goes to another. */
int berth_sys_dir_open(const char *path, intptr_t *ret_dir);

/* A negative handle is welcome. */
void berth_sys_dir_close(intptr_t dir);

/* Writes a path, and a NUL, by which this process reaches what lies beneath the held folder,
 * wherever its name has gone. "" is the folder itself. */
void berth_sys_dir_path(intptr_t dir, struct berth_view relative, struct berth_writer *out);

/* Opens what `relative` names beneath the folder; "" and "." are the folder itself. The file cannot
 * lie outside, whatever "..", symlinks or races there are: the kernel itself resolves the path with
 * that limit (before Linux 5.6: no symlink at all is followed).
 * Errors: BERTH_E_DENIED when the path leads out or is absolute; BERTH_E_INVALID for anything but a
 * regular file or a folder. */
int berth_sys_file_open_beneath(intptr_t dir, const char *relative,
                                struct berth_sys_file *ret_file);

/* Reads up to size bytes from offset on; ret_size is less only at the file's end. */
int berth_sys_file_read_at(const struct berth_sys_file *file, uint64_t offset, void *bytes,
                           size_t size, size_t *ret_size);

/* The whole file as memory, which others of its users share. Reading it with a pointer is death
 * when the file has shrunk meanwhile: hand it to the system alone. Errors: BERTH_E_INVALID for an
 * empty one, BERTH_E_MEMORY. */
int berth_sys_file_map(const struct berth_sys_file *file, const char **ret_bytes);
void berth_sys_file_unmap(const char *bytes, uint64_t size);

/* Twice is once. */
void berth_sys_file_close(struct berth_sys_file *file);

#endif
