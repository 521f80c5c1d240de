/* What is left on disk for others to find: the port file, and the port to come back to.
 *
 *     berth_port_file_publish("server_port.txt", port);
 *     berth_port_file_keep("server_port.txt", port);         (every few seconds)
 *     ...
 *     berth_port_file_withdraw("server_port.txt", port);     (before the listeners are closed)
 *
 * Shape:   the port file holds the decimal port and nothing else, not even a line end
 * Errors:  those of the file system, as codes; `publish` leaves the old file whole on failure
 * Threads: any; other processes may do the same to the same file at the same time
 * Proof:   publish_test.c
 */
#ifndef BERTH_PORT_PUBLISH_H
#define BERTH_PORT_PUBLISH_H

#include <stdint.h>

/* Puts the file there in one step: a reader sees the old content or the new, never a part. */
int berth_port_file_publish(const char *path, uint16_t port);

/* Takes the file away when it still says `port`; leaves it alone when another server has written
 * its own since. 0 in both cases, and when there is no file. To be called while the port is still
 * held: once it is given up, the next server may have it, and the same number in the file is that
 * server's. */
int berth_port_file_withdraw(const char *path, uint16_t port);

/* For every few seconds: puts the file there again when it is gone, and leaves it alone when there
 * is one, whoever's. 1 when it was put back. A server that was held up on its way out (a sleep of
 * the machine, a debugger) can take the file of the next one with it. */
int berth_port_file_keep(const char *path, uint16_t port);

/* The port of this app's last run, as kept in <state_dir>/<app>/port; 0 when there is none. The
 * folder is made when needed, 0700. Errors: BERTH_E_INVALID: the app's name cannot be a folder's;
 * BERTH_E_DENIED: the folder is another user's, or open to others. */
uint16_t berth_port_sticky_load(const char *state_dir, const char *app);
int berth_port_sticky_save(const char *state_dir, const char *app, uint16_t port);

#endif
