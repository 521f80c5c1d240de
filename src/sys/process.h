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

/* Is this descriptor (1 for stdout, 2 for stderr) a terminal? */
bool berth_sys_is_terminal(int descriptor);

#endif
