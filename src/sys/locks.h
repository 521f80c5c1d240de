/* Locks on open files, which end with the process that holds them, however it ends.
 *
 *     error = berth_sys_lock_take(file, BERTH_SYS_LOCK_LIFE, 0);     (BERTH_E_BUSY: another has it)
 *     ...
 *     error = berth_sys_lock_ask(file, BERTH_SYS_LOCK_LIFE, &held);  (another process, any time)
 *
 * A lock belongs to the open file, not to the process: two opens of one file exclude each other in
 * one process too, and to close another open of the same file does not give the lock up. A child
 * that is forked shares the open file until it calls exec, where close-on-exec ends its share.
 *
 * Shape:   a file has two locks, which know nothing of each other. All of `sys` opens close-on-exec
 * Owns:    the lock goes with the last descriptor of the open file, or with a drop
 * Errors:  BERTH_E_UNSUPPORTED: the file system or the kernel has no such locks; BERTH_E_INVALID:
 *          to take one, the file has to be open for writing; BERTH_E_SYSTEM
 * Threads: any
 * Source:  fcntl(2), open file description locks
 * Proof:   locks_test.c
 */
#ifndef BERTH_SYS_LOCKS_H
#define BERTH_SYS_LOCKS_H

#include <stdbool.h>
#include <stdint.h>

enum berth_sys_lock {
    BERTH_SYS_LOCK_LIFE, /* the process that the file speaks for lives */
    BERTH_SYS_LOCK_NAME, /* somebody else is about to take the file's name away from it */
};

/* Errors: BERTH_E_BUSY when another holds it for longer than wait_ms. */
int berth_sys_lock_take(intptr_t file, enum berth_sys_lock lock, unsigned wait_ms);

/* Does another open of this file hold it? The asker takes nothing and needs only to have the file
 * open for reading, so askers disturb neither each other nor the owner. */
int berth_sys_lock_ask(intptr_t file, enum berth_sys_lock lock, bool *ret_held);

/* Gives it up now, also where a forked child still has the open file. */
void berth_sys_lock_drop(intptr_t file, enum berth_sys_lock lock);

#endif
