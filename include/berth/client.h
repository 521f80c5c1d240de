/* A WebSocket to our own server that stays: found, proved, connected, and found again.
 *
 *     struct berth_client_options options = {.find = {.app = "assistant"}, .events = &events};
 *     struct berth_client *client;
 *     int error = berth_client_create(net, &options, owner, &client);
 *     ... on_open, on_message, on_lost, on_open again, as the server comes and goes ...
 *     berth_client_send(client, true, "hello", 5);
 *     berth_client_close(client);            (on_closed is the last event)
 *
 * Shape:   every try begins with a search (find.h). Between tries full jitter: a random time up to
 *          100 ms, doubled at each failure up to 5 s, and from the start again once connected. A
 *          clock that jumps (wake-up) tries at once. A ping every heartbeat_ms, and no pong within
 *          as much again is a loss, so that a half-open connection is noticed
 * Units:   milliseconds, bytes
 * Owns:    the client lives until on_closed returns; message bytes are loans for the call; the
 *          options and all they point to are loans until on_closed
 * Errors:  berth_client_send: BERTH_E_FULL when the queue (offline or unsent) would pass
 * queue_size, BERTH_E_CLOSED after berth_client_close, BERTH_E_MEMORY Limits:  queue_size of
 * messages not yet sent; message_size of one that comes in (1009) Threads: the net's Source:  RFC
 * 6455
 */
#ifndef BERTH_CLIENT_H
#define BERTH_CLIENT_H

#include "berth/find.h"

struct berth_net;
struct berth_client;

struct berth_client_events {
    void (*on_open)(void *owner, const struct berth_found *found);
    void (*on_message)(void *owner, bool text, const void *data, size_t size);
    /* The connection is gone (the peer's close code, 1006 when it broke); a new search begins. */
    void (*on_lost)(void *owner, uint16_t code);
    /* Another instance, or another port, than before; comes before its on_open. */
    void (*on_moved)(void *owner, const struct berth_found *from, const struct berth_found *to);
    void (*on_closed)(void *owner);
};

struct berth_client_options {
    struct berth_find_options
        find; /* its on_event hears the whole stream, connected and lost too */
    const struct berth_client_events *events;
    const char *path;      /* NULL for the route that the server publishes */
    size_t queue_size;     /* 0 for 1 MiB */
    size_t message_size;   /* 0 for 16 MiB */
    uint32_t heartbeat_ms; /* 0 for 15000 */
    bool once;             /* do not come back after a loss */
};

int berth_client_create(struct berth_net *net, const struct berth_client_options *options,
                        void *owner, struct berth_client **ret_client);

/* Now, or when connected again: in order, each message once at most. */
int berth_client_send(struct berth_client *client, bool text, const void *data, size_t size);

/* Tries at once instead of waiting: the program knows that the network is back. */
void berth_client_wake(struct berth_client *client);

/* Closing handshake (1000), then on_closed. Twice is once. */
void berth_client_close(struct berth_client *client);

#endif
