/* Accepting connections, and being told of broken ones without a signal.
 *
 *     intptr_t accepted;
 *     while ((got = berth_sys_accept(listening, &accepted)) == 1)
 *         ... the connection is ours to close ...
 *     if (got < 0)
 *         ... wait before the next try: the cause does not go away by itself ...
 *
 * libuv accepts too, but when descriptors run out it drops every waiting connection and says
 * nothing; here they stay in the backlog, and the caller hears of it.
 *
 * Shape:   an accepted socket is non-blocking and close-on-exec
 * Owns:    the caller, until berth_sys_socket_close
 * Errors:  BERTH_E_TOO_MANY_FILES, BERTH_E_MEMORY, BERTH_E_DENIED, BERTH_E_SYSTEM
 * Threads: any
 * Proof:   net/real_test.c
 */
#ifndef BERTH_SYS_ACCEPT_H
#define BERTH_SYS_ACCEPT_H

#include <stdint.h>

/* Gives 1 when there was a connection, 0 when none waits. */
int berth_sys_accept(intptr_t listening, intptr_t *ret_accepted);

/* Writing to a connection that the peer has ended fails with an error, in place of SIGPIPE's
 * default: the end of the process. A handler that the program has set stands. */
void berth_sys_ignore_broken_pipes(void);

#endif
