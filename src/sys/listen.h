/* Listening sockets: made in one step, or handed over by the process that started us.
 *
 *     intptr_t socket;
 *     uint16_t port;
 *     int error = berth_sys_listen(&address, 511, &port, &socket);
 *     ... listens on port; berth_net_listen takes the socket ...
 *     berth_sys_socket_close(socket);
 *
 * Shape:   TCP streams only. Every socket is non-blocking and close-on-exec, with exactly the
 *          options of berth_sys_socket_options
 * Owns:    the caller, until berth_sys_socket_close
 * Errors:  BERTH_E_IN_USE, BERTH_E_DENIED, BERTH_E_NO_ADDRESS (no such address, or no such family
 *          on this machine), BERTH_E_TOO_MANY_FILES, BERTH_E_MEMORY, BERTH_E_SYSTEM
 * Threads: any
 * Proof:   listen_test.c
 */
#ifndef BERTH_SYS_LISTEN_H
#define BERTH_SYS_LISTEN_H

#include "base/addr.h"

/* Socket, options, bind and listen, all or nothing: bind may succeed where listen does not, so
 * neither is an answer alone. address->port 0 lets the system choose; ret_port says which. */
int berth_sys_listen(const struct berth_addr *address, int backlog, uint16_t *ret_port,
                     intptr_t *ret_socket);

/* A negative socket is welcome. */
void berth_sys_socket_close(intptr_t socket);

/* The address that a socket is bound to. */
int berth_sys_socket_local(intptr_t socket, struct berth_addr *ret_local);

/* 0 when this is a TCP stream socket that listens.
 * Errors: BERTH_E_INVALID: it is anything else, or nothing. */
int berth_sys_socket_check_listening(intptr_t socket);

/* Can this machine listen on the address (its port does not matter)? */
bool berth_sys_has_address(const struct berth_addr *address);

/* The sockets that the starter of this process left open for it (systemd and its like), in order.
 * Each is set close-on-exec and non-blocking here, whatever it is, and LISTEN_FDS, LISTEN_PID and
 * LISTEN_FDNAMES are taken out of the environment, so that a child cannot take them for its own.
 * ret_count is 0 when there are none. Those over max are closed.
 * Errors: BERTH_E_INVALID: the variables are meant for us, and wrong.
 * Source: sd_listen_fds(3). */
int berth_sys_passed_sockets(intptr_t *sockets, size_t max, size_t *ret_count);

/* What is set on every listening socket before bind. Numbers are the system's own; family is 4, 6,
 * or 0 for both. For tests: SO_REUSEPORT, which would let another process share the port, must
 * never be among them. */
struct berth_sys_socket_option {
    uint8_t family;
    int level;
    int name;
    int value;
};

extern const struct berth_sys_socket_option berth_sys_socket_options[];
extern const size_t berth_sys_socket_options_count;

#endif
