#include "sys/private.h"

#include "sys/error.h"
#include "sys/locks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* -- Folders ----------------------------------------------------------------------------------- */

/* With O_DIRECTORY a symlink reads as "not a folder": which of the two it is, has to be asked. */
static int why_no_folder(int in, const char *name, int number) {
    struct stat status;
    if (number != ENOTDIR || fstatat(in, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return berth_sys_error(number);
    return S_ISLNK(status.st_mode) ? BERTH_E_DENIED : BERTH_E_INVALID;
}

int berth_sys_private_dir_open(intptr_t in, const char *name, intptr_t *ret_dir) {
    int at = in < 0 ? AT_FDCWD : (int)in;
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return why_no_folder(at, name, errno);
    struct stat status;
    int error = 0;
    if (fstat(fd, &status) < 0)
        error = berth_sys_error(errno);
    else if (status.st_uid != geteuid() || (status.st_mode & 077) != 0)
        error = BERTH_E_DENIED;
    if (error < 0) {
        close(fd);
        return error;
    }
    *ret_dir = fd;
    return 0;
}

/* A walk has a place in the folder, which two descriptors of one open would share: so it opens the
 * folder for itself. */
int berth_sys_private_dir_walk(intptr_t dir, int (*each)(void *owner, const char *name),
                               void *owner) {
    int fd = openat((int)dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *walk = fd >= 0 ? fdopendir(fd) : NULL;
    if (walk == NULL) {
        int error = berth_sys_error(errno);
        if (fd >= 0)
            close(fd);
        return error;
    }
    int result = 0;
    const struct dirent *entry;
    while (result == 0 && (entry = readdir(walk)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            result = each(owner, entry->d_name);
    }
    closedir(walk);
    return result;
}

/* -- Files ------------------------------------------------------------------------------------- */

static int check_file(int fd, struct stat *status) {
    if (fstat(fd, status) < 0)
        return berth_sys_error(errno);
    if (!S_ISREG(status->st_mode))
        return BERTH_E_INVALID;
    if (status->st_uid != geteuid() || (status->st_mode & 077) != 0)
        return BERTH_E_DENIED;
    return 0;
}

int berth_sys_private_open(intptr_t dir, const char *name, enum berth_sys_private_use use,
                           struct berth_sys_file *ret_file) {
    int access = use == BERTH_SYS_PRIVATE_READ ? O_RDONLY : O_RDWR;
    int fd = openat((int)dir, name, access | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) /* ENXIO is a socket's */
        return errno == ENXIO ? BERTH_E_INVALID : berth_sys_error(errno);
    struct stat status;
    int error = check_file(fd, &status);
    if (error < 0) {
        close(fd);
        return error;
    }
    *ret_file = (struct berth_sys_file){
        .handle = fd,
        .size = (uint64_t)status.st_size,
        .modified_s = status.st_mtim.tv_sec,
        .modified_ns = (uint32_t)status.st_mtim.tv_nsec,
    };
    return 0;
}

/* As long as we have the file open, no other file can have its number. */
int berth_sys_private_leads_to(intptr_t dir, const char *name, intptr_t file, bool *ret_leads) {
    struct stat here;
    struct stat there;
    if (fstat((int)file, &here) < 0 || fstatat((int)dir, name, &there, AT_SYMLINK_NOFOLLOW) < 0)
        return berth_sys_error(errno);
    *ret_leads = here.st_dev == there.st_dev && here.st_ino == there.st_ino;
    return 0;
}

int berth_sys_private_remove(intptr_t dir, const char *name) {
    return unlinkat((int)dir, name, 0) < 0 ? berth_sys_error(errno) : 0;
}

/* The order counts. A life lock that is free stays free, for it is only ever taken before the file
 * has its name; so once the name is seen to lead to a dead file, only a holder of that file's NAME
 * lock could lead it elsewhere, and that is us. (A draft can come to life after all: it has no more
 * than its own name to lose, and is made again.) */
static int remove_if_dead(intptr_t dir, const char *name, intptr_t file) {
    bool held = true;
    bool leads = false;
    int error = berth_sys_lock_take(file, BERTH_SYS_LOCK_NAME, 0);
    if (error == 0)
        error = berth_sys_lock_ask(file, BERTH_SYS_LOCK_LIFE, &held);
    if (error == 0 && !held)
        error = berth_sys_private_leads_to(dir, name, file, &leads);
    return error == 0 && leads ? berth_sys_private_remove(dir, name) : error;
}

int berth_sys_private_remove_dead(intptr_t dir, const char *name) {
    struct berth_sys_file file;
    int error = berth_sys_private_open(dir, name, BERTH_SYS_PRIVATE_LOCK, &file);
    if (error < 0)
        return error;
    error = remove_if_dead(dir, name, file.handle);
    berth_sys_lock_drop(file.handle, BERTH_SYS_LOCK_NAME);
    berth_sys_file_close(&file);
    return error == BERTH_E_NOT_FOUND ? 0 : error;
}
