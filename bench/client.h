/* A WebSocket connection to 127.0.0.1, opened and shut; blocking, five seconds at most each.
 *
 * The Sec-WebSocket-Key is always the same one, so that the floor can answer with a constant.
 *
 * Owns:    the descriptor is the caller's
 * Errors:  -1, and what happened is said on stderr
 * Source:  RFC 6455 section 4.1
 */
#ifndef BERTH_BENCH_CLIENT_H
#define BERTH_BENCH_CLIENT_H

#include <stddef.h>
#include <stdint.h>

/* A connected TCP socket without Nagle's delay. Quiet: a refusal is -1 and errno. */
int load_client_connect(uint16_t port);

/* The same, upgraded; the server has sent nothing behind its 101. */
int load_client_open(uint16_t port, const char *path);

/* Writes all or reads exactly size bytes of a blocking socket: 0 or -1. */
int load_client_write(int fd, const void *data, size_t size);
int load_client_read(int fd, void *data, size_t size);

/* Sends a masked Close frame (1000) and closes the descriptor. */
void load_client_close(int fd);

#endif
