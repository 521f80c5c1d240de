/* One instance at a time: the lock on an app's state, taken before any port; and what the app keeps
 * there for all its runs, its identity.
 *
 *     intptr_t lock;
 *     int error = berth_instance_lock(state_dir, app, &lock);   (BERTH_E_BUSY: another one runs)
 *     ...
 *     berth_instance_unlock(lock);
 *
 * Shape:   <state_dir>/<app>/lock and <state_dir>/<app>/identity.key (32 bytes of seed), 0600 in
 *          0700. The lock ends with the process, however that ends. The state folder is the same
 *          one under any name that leads to it (symlinks, bind mounts): what is locked is the file.
 *          The app's own folder in it may be no symlink. The lock's file is never removed: its name
 *          would then lead elsewhere than another's lock
 * Owns:    the lock is the caller's until berth_instance_unlock; an exec does not pass it on
 * Errors:  BERTH_E_BUSY; those of the file system; BERTH_E_INVALID for an app that is no name
 *          (port/name.h), and for an identity that is no key; BERTH_E_DENIED when the folder or a
 *          file in it is another user's, open to others, or a symlink. A key that is refused is
 *          never replaced: that is for its owner to decide
 * Threads: any
 * Proof:   instance_test.c
 */
#ifndef BERTH_PORT_INSTANCE_H
#define BERTH_PORT_INSTANCE_H

#include "proto/proof.h"

int berth_instance_lock(const char *state_dir, const char *app, intptr_t *ret_lock);

/* Is the file that we hold still the one in place? False when the folder was removed or replaced:
 * then another instance can have locked the new one. */
bool berth_instance_lock_is_ours(const char *state_dir, const char *app, intptr_t lock);

/* A negative lock is welcome. */
void berth_instance_unlock(intptr_t lock);

/* The app's identity; made, in one step, by whichever run comes first. */
int berth_instance_identity(const char *state_dir, const char *app,
                            struct berth_identity *ret_identity);

/* The public half of an identity that there is; nothing is made. For those who look for the app.
 * Errors: BERTH_E_NOT_FOUND when no run has made one yet; the others as above. */
int berth_instance_public_key(const char *state_dir, const char *app,
                              uint8_t public_key[BERTH_PROOF_PUBLIC_KEY_SIZE]);

#endif
