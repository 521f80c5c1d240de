/* Who may have what: every rule about Host, Origin and peer, decided by one pure function.
 *
 *     struct berth_access_answer answer = berth_access_decide(&policy, &question);
 *     if (answer.verdict == BERTH_ACCESS_ASK_PEER) {
 *         question.peer = ... whose socket is at the other end ...;
 *         answer = berth_access_decide(&policy, &question);
 *     }
 *
 * The rules, in order:
 *   1. Host is a literal that we serve, with our port (else 421): no name that somebody else's DNS
 *      could point at us, but "localhost", which is a literal in all but spelling.
 *   2. Discovery (health, port file) answers everyone; any page may read it.
 *   3. A token that is shown and is wrong is refused (401). A good one, or the cookie that stands
 *      for it, lets in peers off loopback and other users.
 *   4. A peer off loopback is refused without it (403), unless `auth_none`.
 *   5. An Origin, where there is one, is the page's own, loopback, or configured (else 403). "null"
 *      and "file://" stand for any sandboxed page and any file: only when configured, or with the
 *      token itself. A cookie, which comes by itself, makes no Origin better.
 *   6. What a page of another site embeds without saying its Origin is refused (403), as told by
 *      Sec-Fetch-Site; opening a page by a link is not embedding.
 *   7. A peer on loopback belongs to our user, or is root (else 403). Where the system does not
 *      know the peer, a good Origin is enough, and without one it is refused.
 *
 * Shape:   no socket, no clock; ASK_PEER comes only while question.peer is NOT_ASKED
 * Owns:    nothing; `reason` is a constant, a full sentence that may be shown to the peer
 * Threads: any
 * Source:  RFC 9110 7.2 and 15.5.20, RFC 6454, RFC 6455 10.2, Fetch Metadata
 * Proof:   access_test.c: matrices of Host and of Origin
 */
#ifndef BERTH_SERVER_ACCESS_H
#define BERTH_SERVER_ACCESS_H

#include "base/addr.h"
#include "base/view.h"

struct berth_access_policy {
    uint16_t port;
    const struct berth_addr *addresses; /* what we listen on */
    size_t address_count;
    const char *const *origins; /* as configured; "*" is any */
    size_t origin_count;
    bool auth_none;
};

enum berth_access_kind {
    BERTH_ACCESS_DISCOVERY, /* /health, /server_port.txt: for everybody */
    BERTH_ACCESS_TICKET,    /* /berth/enter: the ticket itself decides */
    BERTH_ACCESS_DATA,      /* all else that is read */
    BERTH_ACCESS_UPGRADE,   /* a WebSocket */
};

enum berth_access_peer {
    BERTH_ACCESS_PEER_NOT_ASKED,
    BERTH_ACCESS_PEER_OURS,    /* our user, or root */
    BERTH_ACCESS_PEER_OTHER,   /* another user of this machine */
    BERTH_ACCESS_PEER_UNKNOWN, /* the system does not say */
};

enum berth_access_token {
    BERTH_ACCESS_TOKEN_NONE,
    BERTH_ACCESS_TOKEN_COOKIE, /* not shown, but this browser was let in by a ticket */
    BERTH_ACCESS_TOKEN_SHOWN,  /* the right one */
    BERTH_ACCESS_TOKEN_WRONG,
};

struct berth_access_question {
    enum berth_access_kind kind;
    bool preflight; /* a browser asks whether a page may ask: no token can come with it */
    enum berth_access_token token;
    struct berth_view host; /* empty when there was none */
    unsigned origin_count;  /* how many Origin fields there were */
    struct berth_view origin;
    struct berth_view fetch_site; /* Sec-Fetch-Site, Sec-Fetch-Mode; empty when absent */
    struct berth_view fetch_mode;
    struct berth_addr local; /* the two ends of the connection */
    struct berth_addr remote;
    enum berth_access_peer peer;
};

enum berth_access_verdict {
    BERTH_ACCESS_ALLOWED,
    BERTH_ACCESS_REFUSED,
    BERTH_ACCESS_ASK_PEER,
};

/* What the answer says to the browser about who may read it. */
enum berth_access_cors {
    BERTH_ACCESS_CORS_NONE,
    BERTH_ACCESS_CORS_ANY,  /* Access-Control-Allow-Origin: * */
    BERTH_ACCESS_CORS_ECHO, /* the question's origin, with Vary: Origin */
};

struct berth_access_answer {
    enum berth_access_verdict verdict;
    enum berth_access_cors cors;
    int status; /* REFUSED: 401, 403 or 421 */
    const char *reason;
};

struct berth_access_answer berth_access_decide(const struct berth_access_policy *policy,
                                               const struct berth_access_question *question);

#endif
