/* The entrance: how a browser is let in without a token in any address or page.
 *
 *     a program that knows the token:  POST /berth/ticket           → a ticket
 *     the browser that it opens:       GET /berth/enter?ticket=…    → the cookie, and the page
 *
 * A ticket works once and for a minute, so an address that is found later in a history, a log or
 * another process's arguments opens nothing. The cookie is this run's own secret, not the token.
 *
 * Shape:   cookies do not know of ports, so the cookie's name has the server's port in it
 * Owns:    nothing outside
 * Errors:  BERTH_E_SYSTEM when there are no random bytes
 * Limits:  16 tickets at a time; the next one takes the place of the oldest
 * Threads: any, once it is made
 * Source:  RFC 6265 (cookies)
 * Proof:   entrance_test.c
 */
#ifndef BERTH_SERVER_ENTRANCE_H
#define BERTH_SERVER_ENTRANCE_H

#include "base/writer.h"
#include "sys/thread.h"

#define BERTH_ENTRANCE_TICKETS 16
#define BERTH_ENTRANCE_TICKET_MS 60000
#define BERTH_ENTRANCE_SECRET_SIZE 43 /* base64url of 32 bytes */

struct berth_entrance_ticket {
    char text[BERTH_ENTRANCE_SECRET_SIZE];
    uint64_t until_ms; /* 0: used, or never given */
};

struct berth_entrance {
    struct berth_entrance_ticket tickets[BERTH_ENTRANCE_TICKETS];
    char cookie[BERTH_ENTRANCE_SECRET_SIZE];
    uint16_t port;
    struct berth_sys_mutex *mutex; /* of the tickets */
};

int berth_entrance_init(struct berth_entrance *entrance, uint16_t port);
void berth_entrance_finish(struct berth_entrance *entrance);

/* A new ticket. */
int berth_entrance_give(struct berth_entrance *entrance, uint64_t now_ms,
                        char ret_ticket[BERTH_ENTRANCE_SECRET_SIZE]);

/* True once for each ticket, in its time. */
bool berth_entrance_use(struct berth_entrance *entrance, struct berth_view ticket, uint64_t now_ms);

/* The value of Set-Cookie. */
void berth_entrance_write_cookie(const struct berth_entrance *entrance, struct berth_writer *out);

/* Does this value of a Cookie field hold our cookie? */
bool berth_entrance_knows(const struct berth_entrance *entrance, struct berth_view cookies);

#endif
