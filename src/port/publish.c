#include "port/publish.h"

#include "base/writer.h"
#include "berth/error.h"
#include "sys/files.h"

#include <limits.h>

#define LOCK_WAIT_MS 1000

/* "65535" and room to see that a file holds more than a port. */
#define CONTENT_MAX 16

static struct berth_view write_port(uint16_t port, char *memory, size_t capacity) {
    struct berth_writer out = berth_writer_on(memory, capacity);
    berth_writer_number(&out, port);
    return berth_writer_result(&out);
}

/* The content of a small file. A large one is none of ours. */
static int read_small(const char *path, char *memory, size_t capacity,
                      struct berth_view *ret_content) {
    struct berth_buf buf = berth_buf_make(capacity);
    int error = berth_sys_file_read(path, &buf);
    if (error == 0) {
        struct berth_view content = berth_buf_view(&buf);
        if (content.size > 0)
            memcpy(memory, content.data, content.size);
        *ret_content = (struct berth_view){memory, content.size};
    }
    berth_buf_free(&buf);
    return error;
}

/* -- The port file ----------------------------------------------------------------------------- */

/* The lock on the file's folder, or -1 when it cannot be had: the file system has no locks, the
 * folder may not be read, or somebody sits on the lock. */
static intptr_t lock_folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX];
    struct berth_writer out = berth_writer_on(folder, sizeof folder);
    if (slash == NULL)
        berth_writer_char(&out, '.');
    else
        berth_writer_bytes(&out, path, (size_t)(slash - path) + 1);
    berth_writer_char(&out, 0);
    intptr_t lock;
    if (out.overflow || berth_sys_dir_lock(folder, LOCK_WAIT_MS, &lock) < 0)
        return -1;
    return lock;
}

/* Without the lock this is still safe for every reader, since the rename is one step. What the lock
 * adds is that no withdrawal which has just compared the old content removes the new. */
int berth_port_file_publish(const char *path, uint16_t port) {
    char memory[CONTENT_MAX];
    struct berth_view content = write_port(port, memory, sizeof memory);
    intptr_t lock = lock_folder_of(path);
    int error = berth_sys_file_replace(path, content, 0644);
    berth_sys_dir_unlock(lock);
    return error;
}

static bool is_gone(const char *path) {
    char memory[CONTENT_MAX];
    struct berth_view found;
    return read_small(path, memory, sizeof memory, &found) == BERTH_E_NOT_FOUND;
}

/* Looked at twice: the lock is not for a file that is in its place, as it is nearly always. */
int berth_port_file_keep(const char *path, uint16_t port) {
    char memory[CONTENT_MAX];
    if (!is_gone(path))
        return 0;
    intptr_t lock = lock_folder_of(path);
    int result = is_gone(path) ? 1 : 0;
    if (result == 1) {
        int error = berth_sys_file_replace(path, write_port(port, memory, sizeof memory), 0644);
        result = error < 0 ? error : 1;
    }
    berth_sys_dir_unlock(lock);
    return result;
}

static int remove_if_ours(const char *path, uint16_t port) {
    char ours_memory[CONTENT_MAX];
    char found_memory[CONTENT_MAX];
    struct berth_view found;
    int error = read_small(path, found_memory, sizeof found_memory, &found);
    if (error == BERTH_E_FULL)
        return 0;
    if (error < 0)
        return error;
    if (!berth_view_equal(found, write_port(port, ours_memory, sizeof ours_memory)))
        return 0;
    return berth_sys_file_remove(path);
}

/* Without the lock: as well as can be. The wrong file could go only if another server published
 * between the comparison and the removal. */
int berth_port_file_withdraw(const char *path, uint16_t port) {
    intptr_t lock = lock_folder_of(path);
    int error = remove_if_ours(path, port);
    berth_sys_dir_unlock(lock);
    return error == BERTH_E_NOT_FOUND ? 0 : error;
}

/* -- The port of the last run ------------------------------------------------------------------ */

/* One name that stays where it is put. */
static bool is_folder_name(const char *app) {
    struct berth_view name = berth_view_of(app);
    return name.size > 0 && name.size <= NAME_MAX && strchr(app, '/') == NULL &&
           strcmp(app, ".") != 0 && strcmp(app, "..") != 0;
}

static int make_path(char *path, size_t capacity, const char *state_dir, const char *app,
                     const char *file) {
    if (!is_folder_name(app))
        return BERTH_E_INVALID;
    struct berth_writer out = berth_writer_on(path, capacity);
    berth_writer_format(&out, "%s/%s%s", state_dir, app, file);
    berth_writer_char(&out, 0);
    return out.overflow ? BERTH_E_INVALID : 0;
}

uint16_t berth_port_sticky_load(const char *state_dir, const char *app) {
    char path[PATH_MAX];
    char memory[CONTENT_MAX];
    struct berth_view content;
    uint64_t port;
    if (make_path(path, sizeof path, state_dir, app, "/port") < 0 ||
        read_small(path, memory, sizeof memory, &content) < 0 ||
        berth_view_number(content, UINT16_MAX, &port) < 0)
        return 0;
    return (uint16_t)port;
}

int berth_port_sticky_save(const char *state_dir, const char *app, uint16_t port) {
    char folder[PATH_MAX];
    char path[PATH_MAX];
    char memory[CONTENT_MAX];
    int error = make_path(folder, sizeof folder, state_dir, app, "");
    if (error == 0)
        error = make_path(path, sizeof path, state_dir, app, "/port");
    if (error == 0)
        error = berth_sys_dir_make_private(folder);
    if (error == 0)
        error = berth_sys_file_replace(path, write_port(port, memory, sizeof memory), 0600);
    return error;
}
