/* A WebSocket to our own server that stays: found, proved, connected, and found again.
 *
 *     struct berth_client_options options = {.find = {.app = "assistant"}, .events = &events};
 *     struct berth_client *client;
 *     int error = berth_client_create(net, &options, owner, &client);
 *     ... on_open, on_message, on_lost, on_open again, as the server comes and goes ...
 *     berth_client_send(client, true, "hello", 5);
 *     berth_client_close(client);            (on_closed is the last event)
 *
 * Every try begins with a search (find.h), and the server that was found proves itself once more on
 * the very connection that is then used: what has taken its port meanwhile is given no token.
 *
 * Shape:   between two tries full jitter: a random time up to 100 ms, doubled at each failure up to
 *          5 s, and from the start again once a connection has lasted a second or has reached
 *          another instance. A jump of the clock or a timer over 2 s late (sleep, or a stopped
 *          process) tries at once. A ping every heartbeat_ms, and nothing heard within as much
 *          again is a loss. No event is called from inside a call to these functions
 * Units:   milliseconds, bytes
 * Owns:    the client lives until on_closed returns, and the net must run until then; message bytes
 *          are loans for the call; the options and all they point to are loans until on_closed
 * Errors:  berth_client_create: BERTH_E_MEMORY, BERTH_E_INVALID, BERTH_E_CLOSED (the net ends).
 *          What goes wrong later is retried, and told to find.on_event
 * Limits:  queue_size of messages not yet handed to a connection, each with 16 bytes on top: a
 *          message that would pass it is not taken. message_size of one that comes in (1009)
 * Threads: the net's
 * Source:  RFC 6455
 * Proof:   client_test.c, client_life_test.c, client_outbox_test.c
 */
#ifndef BERTH_CLIENT_H
#define BERTH_CLIENT_H

#include "berth/find.h"

struct berth_net;
struct berth_client;

/* Any of them may be NULL; all may call the functions below. */
struct berth_client_events {
    void (*on_open)(void *owner, const struct berth_found *found);

    /* A whole message; of text, checked UTF-8. */
    void (*on_message)(void *owner, bool text, const void *data, size_t size);

    /* The connection is gone: the peer's close code, 1005 when it gave none, 1006 when it broke, or
     * our own where the peer broke the protocol (1002, 1007, 1008, 1009). A new search begins. */
    void (*on_lost)(void *owner, uint16_t code);

    /* Another instance, or another port, than before; comes before its on_open. */
    void (*on_moved)(void *owner, const struct berth_found *from, const struct berth_found *to);

    void (*on_closed)(void *owner);
};

struct berth_client_options {
    /* Its on_event hears the whole stream, connected and lost too. deadline_ms is that of one
     * search: 0 for 10000, or for "look once" together with `once`; attempt_ms also limits
     * connecting and the opening handshake. */
    struct berth_find_options find;
    const struct berth_client_events *events;
    const char *path;      /* NULL for the route that the server publishes */
    size_t queue_size;     /* 0 for 1 MiB */
    size_t message_size;   /* 0 for 16 MiB */
    uint32_t heartbeat_ms; /* 0 for 15000 */
    bool once;             /* one try, and no coming back after a loss: on_closed */
};

int berth_client_create(struct berth_net *net, const struct berth_client_options *options,
                        void *owner, struct berth_client **ret_client);

/* Now, or when connected again: in order, each message once at most. What was taken while no
 * connection took it waits for the next one, and is not lost. What was handed to a connection (the
 * kernel, or the batch of up to 64 KiB that waits for it) before that broke may not have arrived,
 * and is not sent again; a message of which only a part had left is dropped as a whole.
 * Errors: BERTH_E_FULL when it would pass queue_size, BERTH_E_CLOSED after the end has begun,
 * BERTH_E_MEMORY; the message was then not taken. */
int berth_client_send(struct berth_client *client, bool text, const void *data, size_t size);

/* Tries at once instead of waiting: the program knows that the network is back. On an open
 * connection, asks the server at once whether it is there. */
void berth_client_wake(struct berth_client *client);

/* Closing handshake (1000), then on_closed. What waits to be sent goes first where a connection is
 * open, within 5 s for all of it; without one it is dropped. Twice is once. */
void berth_client_close(struct berth_client *client);

#endif
