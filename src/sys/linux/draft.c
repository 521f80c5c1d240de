#include "sys/private.h"

#include "sys/error.h"
#include "sys/linux/temporary.h"
#include "sys/locks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Not the prefix of berth_sys_file_replace's temporaries: those have no locks, and a sweeper would
 * take them all for abandoned. */
#define DRAFT_PREFIX ".draft-"

/* A draft is lost to a sweeper when that looks at it between its open and its lock, two system
 * calls in a row. That this happens so many times running is not to be expected. */
#define TRIES 16

/* -- Making and putting ------------------------------------------------------------------------ */

/* The mode is set apart from open, so that the caller's umask has no say in it. */
static int fill(int fd, struct berth_view content) {
    int error = berth_sys_lock_take(fd, BERTH_SYS_LOCK_LIFE, 0);
    if (error == 0 && fchmod(fd, 0600) < 0)
        error = berth_sys_error(errno);
    if (error == 0)
        error = berth_sys_write_all(fd, content);
    if (error == 0 && fsync(fd) < 0)
        error = berth_sys_error(errno);
    return error;
}

int berth_sys_draft_make(intptr_t dir, struct berth_view content,
                         struct berth_sys_draft *ret_draft) {
    struct berth_sys_draft draft = {.handle = -1};
    int error = berth_sys_temporary_name(DRAFT_PREFIX, draft.name, sizeof draft.name);
    if (error < 0)
        return error;
    int fd = openat((int)dir, draft.name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return berth_sys_error(errno);
    draft.handle = fd;
    error = fill(fd, content);
    if (error < 0) {
        berth_sys_draft_drop(dir, &draft);
        return error;
    }
    *ret_draft = draft;
    return 0;
}

/* A link, unlike a rename, fails where the name is taken, and file systems that keep owner and mode
 * have it. The draft's own name goes afterwards; should we end before that, a sweeper takes it. */
int berth_sys_draft_put(intptr_t dir, const struct berth_sys_draft *draft, const char *name) {
    if (linkat((int)dir, draft->name, (int)dir, name, 0) < 0)
        return berth_sys_error(errno);
    unlinkat((int)dir, draft->name, 0);
    return 0;
}

int berth_sys_draft_put_over(intptr_t dir, const struct berth_sys_draft *draft, const char *name) {
    return renameat((int)dir, draft->name, (int)dir, name) < 0 ? berth_sys_error(errno) : 0;
}

void berth_sys_draft_drop(intptr_t dir, struct berth_sys_draft *draft) {
    if (draft->handle < 0)
        return;
    unlinkat((int)dir, draft->name, 0);
    close((int)draft->handle);
    draft->handle = -1;
}

/* -- Once and for all -------------------------------------------------------------------------- */

static int create_once(intptr_t dir, const char *name, struct berth_view content) {
    struct berth_sys_draft draft;
    int error = berth_sys_draft_make(dir, content, &draft);
    if (error < 0)
        return error;
    error = berth_sys_draft_put(dir, &draft, name);
    if (error < 0) {
        berth_sys_draft_drop(dir, &draft);
        return error;
    }
    close((int)draft.handle);
    /* Best effort: the file itself is whole already; this makes the name outlive a power cut. */
    (void)fsync((int)dir);
    return 0;
}

int berth_sys_private_create(intptr_t dir, const char *name, struct berth_view content) {
    int error = BERTH_E_NOT_FOUND;
    for (int i = 0; i < TRIES && error == BERTH_E_NOT_FOUND; i++)
        error = create_once(dir, name, content);
    return error;
}

/* -- Sweeping ---------------------------------------------------------------------------------- */

static int sweep_draft(void *owner, const char *name) {
    const intptr_t *dir = owner;
    if (berth_sys_temporary_is(DRAFT_PREFIX, name))
        (void)berth_sys_private_remove_dead(*dir, name);
    return 0;
}

void berth_sys_private_sweep(intptr_t dir) {
    (void)berth_sys_private_dir_walk(dir, sweep_draft, &dir);
}
