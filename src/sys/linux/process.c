#include "sys/process.h"

#include "base/writer.h"
#include "sys/error.h"
#include "sys/files.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* More than any user database entry is known to need. */
#define PASSWD_SIZE 16384

uint32_t berth_sys_pid(void) { return (uint32_t)getpid(); }

uint32_t berth_sys_uid(void) { return geteuid(); }

bool berth_sys_is_terminal(int descriptor) { return isatty(descriptor) == 1; }

/* Writes first and second, one behind the other, as a NUL-terminated text. */
static int join(char *out, size_t capacity, const char *first, const char *second) {
    struct berth_writer writer = berth_writer_on(out, capacity);
    berth_writer_text(&writer, first);
    berth_writer_text(&writer, second);
    berth_writer_char(&writer, 0);
    return writer.overflow ? BERTH_E_FULL : 0;
}

static int find_user(uint32_t uid, struct passwd *entry, char *memory, size_t size) {
    struct passwd *found = NULL;
    int number = getpwuid_r(uid, entry, memory, size, &found);
    if (number == ERANGE)
        return BERTH_E_FULL;
    return found != NULL ? 0 : BERTH_E_NOT_FOUND;
}

int berth_sys_user_name(uint32_t uid, char *name, size_t capacity) {
    struct passwd entry;
    char memory[PASSWD_SIZE];
    int error = find_user(uid, &entry, memory, sizeof memory);
    return error < 0 ? error : join(name, capacity, entry.pw_name, "");
}

int berth_sys_home_dir(char *path, size_t capacity) {
    const char *home = getenv("HOME");
    if (home != NULL && home[0] == '/')
        return join(path, capacity, home, "");

    struct passwd entry;
    char memory[PASSWD_SIZE];
    int error = find_user(berth_sys_uid(), &entry, memory, sizeof memory);
    if (error < 0)
        return error;
    return entry.pw_dir[0] == '/' ? join(path, capacity, entry.pw_dir, "") : BERTH_E_NOT_FOUND;
}

int berth_sys_state_dir(char *path, size_t capacity) {
    const char *state = getenv("XDG_STATE_HOME");
    if (state != NULL && state[0] == '/')
        return join(path, capacity, state, "/berth");

    char home[4096];
    int error = berth_sys_home_dir(home, sizeof home);
    return error < 0 ? error : join(path, capacity, home, "/.local/state/berth");
}

static bool is_private_folder(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
           (status.st_mode & 077) == 0;
}

/* The folder in /tmp can be made beforehand by anybody: who uses it checks it as it is opened. */
int berth_sys_runtime_dir(char *path, size_t capacity) {
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (runtime != NULL && runtime[0] == '/' && is_private_folder(runtime))
        return join(path, capacity, runtime, "/berth");

    char uid[16];
    struct berth_writer out = berth_writer_on(uid, sizeof uid);
    berth_writer_number(&out, berth_sys_uid());
    berth_writer_char(&out, 0);
    return join(path, capacity, "/tmp/berth-", uid);
}

int berth_sys_boot_id(char *id, size_t capacity) {
    struct berth_buf text = berth_buf_make(64);
    int error = berth_sys_file_read("/proc/sys/kernel/random/boot_id", &text);
    if (error == 0) {
        struct berth_view line;
        struct berth_view rest;
        line = berth_view_cut(berth_buf_view(&text), '\n', &rest);
        struct berth_writer out = berth_writer_on(id, capacity);
        berth_writer_view(&out, line);
        berth_writer_char(&out, 0);
        error = out.overflow ? BERTH_E_FULL : 0;
    }
    berth_buf_free(&text);
    return error;
}

int berth_sys_current_dir(char *path, size_t capacity) {
    return getcwd(path, capacity) != NULL ? 0 : berth_sys_error(errno);
}

extern char **environ;

const char *const *berth_sys_environment(void) { return (const char *const *)environ; }
