/* A port that is had: found, bound, listening on every address of the set, and kept.
 *
 *     struct berth_port_options options = {.host = "127.0.0.1", .port = 1018, .tries = 13, ...};
 *     struct berth_port port;
 *     int error = berth_port_allocate(&options, &port);
 *     ... port.sockets[i] listens on port.addresses[i]; whoever takes a socket sets it to -1 ...
 *     berth_port_release(&port);
 *
 * A port is never probed: bind and listen are one step, and the sockets that succeed are the ones
 * that serve. 127.0.0.1 and ::1 are one unit, so that "localhost" cannot reach somebody else.
 *
 * Shape:   the order is: a socket passed in (LISTEN_FDS), the sticky port, the range from `port`
 *          up, then one that the system gives
 * Owns:    berth_port_release closes the sockets left in it and frees the list
 * Errors:  BERTH_E_NO_PORT: nothing could be had; ret_port is filled all the same, with the list
 *          of what was tried, and has to be released. BERTH_E_INVALID: host is no address.
 *          BERTH_E_MEMORY
 * Limits:  BERTH_PORT_ADDRESSES_MAX addresses; 64 tries for a port that the system gives
 * Threads: any, one at a time per object
 * Proof:   port_test.c (real sockets), allocate_test.c (all that a machine can answer)
 */
#ifndef BERTH_PORT_PORT_H
#define BERTH_PORT_PORT_H

#include "base/addr.h"

#define BERTH_PORT_ADDRESSES_MAX 8

enum berth_port_fallback {
    BERTH_PORT_FALLBACK_EPHEMERAL, /* then let the system choose */
    BERTH_PORT_FALLBACK_FAIL,      /* then give up */
};

struct berth_port_options {
    const char *host; /* NULL, "", "localhost", "127.0.0.1": both loopbacks, as one unit; "::":
                         every interface of both families, as one unit; "0.0.0.0": every interface,
                         IPv4 alone; else one literal */
    uint16_t port;    /* the first port of the range; 0 asks the system at once */
    unsigned tries;   /* how many ports the range has */
    bool strict;      /* `port` or nothing; a socket passed in is still taken, whatever its port */
    enum berth_port_fallback fallback;
    uint16_t sticky;    /* the port of the last run; 0 for none. Tried only inside the range. */
    int backlog;        /* 0 is 511 */
    bool accept_passed; /* look at LISTEN_FDS and LISTEN_PID */
};

enum berth_port_source {
    BERTH_PORT_FROM_PARENT, /* LISTEN_FDS */
    BERTH_PORT_FROM_STICKY,
    BERTH_PORT_FROM_RANGE,
    BERTH_PORT_FROM_SYSTEM,
};

enum berth_port_reason {
    BERTH_PORT_IN_USE,     /* somebody listens there, or holds it */
    BERTH_PORT_RESERVED,   /* the system keeps it: privileged or reserved, nobody need listen */
    BERTH_PORT_BLOCKED,    /* browsers refuse to connect to it (the Fetch standard's bad ports) */
    BERTH_PORT_NO_ADDRESS, /* the machine has no such address */
    BERTH_PORT_FAILED,     /* anything else; `error` and the text say what */
};

/* A port, or a whole range of them, that was passed over. */
struct berth_port_passed {
    uint16_t from; /* 0 when the system was to choose, and could not */
    uint16_t to;   /* the same as `from` for one port */
    enum berth_port_reason reason;
    int error;
    struct berth_addr address; /* the address of the set that it failed on */
    char text[256]; /* for people, NUL-terminated: "held by python3 server.py (pid 4242, user
                       alice)", "reserved by the system: …" */
};

struct berth_port {
    uint16_t port;
    enum berth_port_source source;
    size_t count;
    intptr_t sockets[BERTH_PORT_ADDRESSES_MAX];
    struct berth_addr addresses[BERTH_PORT_ADDRESSES_MAX];
    struct berth_port_passed *passed;
    size_t passed_count;
    bool without_ipv6; /* asked for both loopbacks, and the machine has no ::1 */
};

int berth_port_allocate(const struct berth_port_options *options, struct berth_port *ret_port);

/* NULL is welcome. */
void berth_port_release(struct berth_port *port);

/* The reason's name, for machines: "in_use", "reserved", "blocked_by_browsers", "no_address",
 * "failed". */
const char *berth_port_reason_name(enum berth_port_reason reason);

/* A port that browsers refuse. Source: the Fetch standard, "port blocking". */
bool berth_port_is_blocked(uint16_t port);

/* A port that the system may give to any outgoing connection at any time: a poor choice to ask for,
 * and one that a waiting client can end up holding itself. */
bool berth_port_in_ephemeral_range(uint16_t port);

#endif
