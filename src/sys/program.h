/* A process named as people name it: "nginx", but "python3 server.py" for an interpreter.
 *
 * Shape:   NUL-terminated; what is not printable ASCII becomes "?", since the name comes from a
 *          stranger's process and goes to terminals and logs
 * Limits:  cut at the capacity given
 * Threads: any
 * Proof:   program_test.c
 */
#ifndef BERTH_SYS_PROGRAM_H
#define BERTH_SYS_PROGRAM_H

#include "base/view.h"

/* executable: its path, or only its name. arguments: as the system keeps them, each with a NUL byte
 * behind it, the program's own name first; may be empty. */
void berth_sys_program_name(struct berth_view executable, struct berth_view arguments, char *name,
                            size_t capacity);

#endif
