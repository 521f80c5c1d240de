/* This process, its user, and the user's folders.
 *
 * Shape:   paths are NUL-terminated, without a slash at the end
 * Errors:  BERTH_E_FULL: the text does not fit the memory given. BERTH_E_NOT_FOUND: the system does
 *          not know
 * Threads: any, while nobody changes the environment
 * Source:  XDG Base Directory Specification 0.8
 */
#ifndef BERTH_SYS_PROCESS_H
#define BERTH_SYS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* This process, as its own PID namespace numbers it. */
uint32_t berth_sys_pid(void);

/* The effective user: what the system judges by. */
uint32_t berth_sys_uid(void);

/* The name that the user database has for a uid. */
int berth_sys_user_name(uint32_t uid, char *name, size_t capacity);

/* $HOME, else what the user database says. */
int berth_sys_home_dir(char *path, size_t capacity);

/* $XDG_STATE_HOME/berth, else ~/.local/state/berth. Not made by this. A relative XDG_STATE_HOME is
 * ignored, as the specification asks. */
int berth_sys_state_dir(char *path, size_t capacity);

/* $XDG_RUNTIME_DIR/berth, else /tmp/berth-<uid>. Not made by this. An XDG_RUNTIME_DIR that is
 * relative, missing, another user's (as after su) or open to others is ignored. */
int berth_sys_runtime_dir(char *path, size_t capacity);

/* What the system calls its present run, as a text; another one after every boot.
 * Errors: BERTH_E_NOT_FOUND where it has no name for it. */
int berth_sys_boot_id(char *id, size_t capacity);

/* The current folder, absolute.
 * Errors: BERTH_E_NOT_FOUND when it was deleted, BERTH_E_SYSTEM. */
int berth_sys_current_dir(char *path, size_t capacity);

/* "NAME=value", ending in NULL. */
const char *const *berth_sys_environment(void);

/* Is this descriptor (1 for stdout, 2 for stderr) a terminal? */
bool berth_sys_is_terminal(int descriptor);

#endif
