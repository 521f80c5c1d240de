/* The loop that clients and servers run on: what a program needs of it.
 *
 *     struct berth_net *net;
 *     int error = berth_net_create(&net);
 *     ... berth_client_create(net, ...) ...
 *     berth_net_run(net);
 *     berth_net_destroy(net);
 *
 * Shape:   everything that is made on a net has its events in the thread that runs it
 * Owns:    what was made on it, which is closed by destroy at the latest
 * Errors:  BERTH_E_MEMORY, BERTH_E_TOO_MANY_FILES
 * Threads: one per net
 */
#ifndef BERTH_NET_H
#define BERTH_NET_H

#include "berth/error.h"

struct berth_net;

/* The best transport that this system has. */
int berth_net_create(struct berth_net **ret_net);

/* Runs events until berth_net_stop, or until nothing is left that could happen. */
int berth_net_run(struct berth_net *net);

/* Lets berth_net_run return soon: events that are due already may still come. Called while nothing
 * runs, it ends the next run before it waits. */
void berth_net_stop(struct berth_net *net);

/* Closes everything on it and frees all. NULL is welcome. */
void berth_net_destroy(struct berth_net *net);

#endif
