/* A word to the service manager that started us (systemd's readiness protocol).
 *
 *     const char *socket = getenv("NOTIFY_SOCKET");
 *     if (socket != NULL)
 *         error = berth_sys_notify(socket, BERTH_VIEW("READY=1\nSTATUS=Serving"));
 *
 * Shape:   one datagram of lines NAME=value. The socket is a path, or a name behind '@' in Linux's
 *          space of names without files
 * Errors:  BERTH_E_INVALID: no such form of a name, or a longer one than a socket can have.
 *          BERTH_E_REFUSED, BERTH_E_NOT_FOUND: nobody reads there. BERTH_E_FULL: the reader does
 * not keep up; it is not waited for. Those of the system Threads: any Source:  sd_notify(3),
 * unix(7) Proof:   notify_test.c
 */
#ifndef BERTH_SYS_NOTIFY_H
#define BERTH_SYS_NOTIFY_H

#include "base/view.h"

int berth_sys_notify(const char *socket_name, struct berth_view lines);

#endif
