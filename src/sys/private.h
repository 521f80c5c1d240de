/* Files in a folder that is this user's alone: what other processes of the same user read and
 * replace at any moment, and nobody else can touch.
 *
 *     struct berth_sys_draft draft;
 *     int error = berth_sys_draft_make(dir, content, &draft);     (whole, locked, under no name
 * yet) if (error == 0) error = berth_sys_draft_put(dir, &draft, "name");       (BERTH_E_EXISTS) if
 * (error < 0) berth_sys_draft_drop(dir, &draft);
 *     ... the file stands, and draft.handle holds its life lock ...
 *
 * Shape:   names are within `dir`, without a slash; symlinks are never followed. A file counts only
 *          when it is a regular one, this user's own, and closed to others
 * Owns:    handles are the caller's, until berth_sys_file_close or berth_sys_dir_close
 * Errors:  as in files.h. BERTH_E_DENIED: a symlink, another user's, or open to others;
 *          BERTH_E_INVALID: not the kind of thing it should be
 * Threads: any
 * Proof:   private_test.c
 */
#ifndef BERTH_SYS_PRIVATE_H
#define BERTH_SYS_PRIVATE_H

#include "sys/files.h"

/* Opens a folder, and checks what it opened. `in` is the folder that the name is in; negative: it
 * is a path of its own, of which only the last part may not be a symlink. */
int berth_sys_private_dir_open(intptr_t in, const char *name, intptr_t *ret_dir);

/* Calls `each` for every name in the folder, in no order; other than 0 from it ends the walk and is
 * given back. */
int berth_sys_private_dir_walk(intptr_t dir, int (*each)(void *owner, const char *name),
                               void *owner);

enum berth_sys_private_use {
    BERTH_SYS_PRIVATE_READ,
    BERTH_SYS_PRIVATE_LOCK, /* open for writing too, as a lock needs it */
};

/* A FIFO or a device in the file's place does not hold us up. */
int berth_sys_private_open(intptr_t dir, const char *name, enum berth_sys_private_use use,
                           struct berth_sys_file *ret_file);

/* Does the name lead to the very file that we have open? */
int berth_sys_private_leads_to(intptr_t dir, const char *name, intptr_t file, bool *ret_leads);

/* Errors: BERTH_E_NOT_FOUND when there is none. */
int berth_sys_private_remove(intptr_t dir, const char *name);

/* Removes the file when nobody holds its life lock, and leaves it alone (0) when somebody does, or
 * when another file came into its place. Whoever takes the name away from a file that is not its
 * own holds that file's NAME lock meanwhile; so no two of them act on what the other has changed.
 * Errors: BERTH_E_BUSY: somebody is just about to do it. */
int berth_sys_private_remove_dead(intptr_t dir, const char *name);

/* -- Drafts: files that are whole and held before they have their name ------------------------- */

struct berth_sys_draft {
    intptr_t handle; /* open for reading and writing; its life lock is held through it */
    char name[40];
};

/* Writes a new file, 0600, and has it reach the disk. */
int berth_sys_draft_make(intptr_t dir, struct berth_view content,
                         struct berth_sys_draft *ret_draft);

/* Gives it its name, in one step, where nothing has that name. Errors: BERTH_E_EXISTS;
 * BERTH_E_NOT_FOUND: a sweeper took it for abandoned, in the moment between its making and its
 * lock; make another one. */
int berth_sys_draft_put(intptr_t dir, const struct berth_sys_draft *draft, const char *name);

/* The same, whatever has the name now; a symlink is replaced. */
int berth_sys_draft_put_over(intptr_t dir, const struct berth_sys_draft *draft, const char *name);

/* Removes and closes one that was not put. */
void berth_sys_draft_drop(intptr_t dir, struct berth_sys_draft *draft);

/* Puts a file with this content where there is none, and holds nothing afterwards. However many do
 * so at once: one of them puts its content, the others see BERTH_E_EXISTS and a whole file. */
int berth_sys_private_create(intptr_t dir, const char *name, struct berth_view content);

/* Removes the drafts of processes that ended before they could put or drop them. */
void berth_sys_private_sweep(intptr_t dir);

#endif
