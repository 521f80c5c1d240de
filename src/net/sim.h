/* A network inside the process, on a clock of its own: every run with the same seed is the same.
 *
 *     struct berth_net_sim_options options = {.seed = 7, .short_reads = true, .delay_max_ms = 20};
 *     struct berth_net *net;
 *     int error = berth_net_sim_create(&options, &net);
 *     error = berth_net_sim_socket(net, &address, &port, &socket);
 *     error = berth_net_listen(net, socket, &listener_events, owner, &listener);
 *     error = berth_net_connect(net, &address, &stream_events, other_owner, &stream);
 *     error = berth_net_run(net);
 *
 * For tests: code over net.h meets slow links, cuts in any place, full windows and resets, without
 * a socket, a wait or chance. Every on_data has memory of its own, of exactly its size, that is
 * freed after the call: a sanitizer sees each use beyond the loan.
 *
 * Shape:   all addresses are on this one machine. As in TCP, a receiver that does not read fills
 *          its window, then the sender's queue grows; closing with bytes unread resets the peer;
 *          sending to a peer that is gone ends in a reset
 * Units:   virtual milliseconds: the clock jumps to the next event, berth_net_run never sleeps and
 *          returns when nothing is left that could happen
 * Owns:    the sockets that nobody listened on end with the net
 * Errors:  BERTH_E_MEMORY, BERTH_E_IN_USE
 * Limits:  the backlog has none
 * Threads: one
 * Proof:   conformance.c, sim_test.c
 */
#ifndef BERTH_NET_SIM_H
#define BERTH_NET_SIM_H

#include "net/net.h"

/* Zeroed: nothing is delayed, cut or lost. */
struct berth_net_sim_options {
    uint64_t seed;
    bool short_reads;  /* every delivery is cut at random */
    bool short_writes; /* a send takes a random part of the room in the window */
    size_t window;     /* bytes under way and unread in each direction; 0 for 64 KiB */
    uint32_t delay_min_ms;
    uint32_t delay_max_ms;
    uint32_t resets_per_million; /* how likely a delivery is a reset in its place */
};

/* The options are copied; delay_min_ms <= delay_max_ms. */
int berth_net_sim_create(const struct berth_net_sim_options *options, struct berth_net **ret_net);

/* A socket that listens, as berth_sys_listen gives one. Connections wait in its backlog until
 * berth_net_listen. Port 0 lets the net choose. */
int berth_net_sim_socket(struct berth_net *net, const struct berth_addr *addr, uint16_t *ret_port,
                         berth_net_socket *ret_socket);

/* Raises a signal, for those who hear of it; like a real one, it may come once for several. */
void berth_net_sim_raise(struct berth_net *net, int number);

/* Lets all who watch the folder of exactly this name hear of a change in it. The file system has no
 * say: the simulated net knows no folders. */
void berth_net_sim_touch(struct berth_net *net, const char *path);

#endif
