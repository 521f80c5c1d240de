/* What stands behind a WebSocket route, made from its name in the configuration.
 *
 *     struct berth_backend *backend;
 *     int error = berth_backend_create(BERTH_VIEW("hub"), 1, &backend);
 *     route.handler = berth_backend_handler(backend);
 *     route.handler_owner = berth_backend_owner(backend);
 *
 * Shape:   `echo` sends every message back; `hub` sends it to all the others in the room that
 *          ?room= names; `demo` is a small assistant that answers in the assistant's own JSON
 * Owns:    a backend lives longer than every connection on its routes
 * Errors:  BERTH_E_NOT_FOUND for a name that there is not, BERTH_E_MEMORY
 * Limits:  a room's name has at most 128 bytes (else 400)
 * Threads: those of the server's loops
 */
#ifndef BERTH_BACKEND_BACKEND_H
#define BERTH_BACKEND_BACKEND_H

#include "server/socket.h"

struct berth_backend;

/* For a server with that many loops. */
int berth_backend_create(struct berth_view name, size_t loops, struct berth_backend **ret_backend);

const struct berth_socket_handler *berth_backend_handler(const struct berth_backend *backend);
void *berth_backend_owner(const struct berth_backend *backend);

/* After the last connection is gone. NULL is welcome. */
void berth_backend_destroy(struct berth_backend *backend);

/* The names there are, with a NULL behind the last one. */
const char *const *berth_backend_names(void);

#endif
