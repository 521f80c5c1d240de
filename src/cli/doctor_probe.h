/* Questions to servers, all asked at once, each on a connection of its own, in a bounded time.
 *
 *     struct berth_doctor_probe probes[2] = {
 *         {.to = address, .target = "/health", .answer = &answers[0]},
 *         {.to = address, .target = "/client-ws", .upgrade = true, .answer = &answers[1]},
 *     };
 *     int error = berth_doctor_probe_all(probes, 2, 750);
 *     ... every answers[i].outcome says how it ended ...
 *
 * Shape:   blocks until every question has its outcome, or the time is over; asks nothing of a
 *          server that it could not hear from a stranger: no token, no cookie
 * Units:   milliseconds
 * Owns:    probes and answers are the caller's
 * Errors:  BERTH_E_MEMORY and those of making a loop; what happens to a question is its outcome
 * Limits:  of a body the first BERTH_DOCTOR_BODY_MAX bytes are kept
 * Threads: any
 * Source:  RFC 9112, RFC 6455 section 4.1
 * Proof:   doctor_probe_test.c
 */
#ifndef BERTH_CLI_DOCTOR_PROBE_H
#define BERTH_CLI_DOCTOR_PROBE_H

#include "base/addr.h"

#define BERTH_DOCTOR_BODY_MAX 2048

enum berth_doctor_outcome {
    BERTH_DOCTOR_NOT_ASKED,
    BERTH_DOCTOR_NO_ADDRESS, /* the machine has no such address */
    BERTH_DOCTOR_REFUSED,    /* nobody listens, or a filter rejects */
    BERTH_DOCTOR_UNREACHED,  /* no connection in the time given */
    BERTH_DOCTOR_RESET,      /* connected, then cut before an answer was whole */
    BERTH_DOCTOR_SILENT,     /* connected, and no whole answer in the time given */
    BERTH_DOCTOR_NOT_HTTP,   /* an answer that is no HTTP */
    BERTH_DOCTOR_ANSWERED,   /* HTTP; status and the rest are set */
    BERTH_DOCTOR_UNASKABLE,  /* the system gave another error */
};

struct berth_doctor_answer {
    enum berth_doctor_outcome outcome;
    int status;
    bool upgraded;                        /* 101, and all of the handshake fits */
    const char *upgrade_fault;            /* 101 and it does not: a constant sentence */
    char allow_origin[256];               /* Access-Control-Allow-Origin; empty when absent */
    char body[BERTH_DOCTOR_BODY_MAX + 1]; /* NUL-terminated */
    size_t body_size;
    uint32_t elapsed_ms;
};

struct berth_doctor_probe {
    struct berth_addr to;
    const char *target;
    const char *origin; /* NULL for none */
    bool upgrade;
    bool expects_silence; /* once it is connected, the others are not kept waiting for it */
    struct berth_doctor_answer *answer;
};

int berth_doctor_probe_all(const struct berth_doctor_probe *probes, size_t count,
                           uint32_t deadline_ms);

/* "the connection is refused", "it does not answer": the outcome in words. */
const char *berth_doctor_outcome_text(enum berth_doctor_outcome outcome);

#endif
