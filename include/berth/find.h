/* Finding the server that is ours: every place where it may be is asked at once, and the first
 * answer that is proved wins.
 *
 *     struct berth_find_options options = {.app = "assistant", .deadline_ms = 10000};
 *     struct berth_found found;
 *     int error = berth_find(&options, &found);
 *     if (error == 0)
 *         printf("%s\n", found.ws_url);
 *
 * The places, all started within a few tens of milliseconds: an explicit URL, or what BERTH_URL
 * says; the records of this user; the port file; the endpoint that was good last time; the range
 * 1018-1030 on 127.0.0.1 and ::1. A tarpit, a stranger or a dead file costs nothing.
 *
 * Whom to believe is a matter of keys: the caller's; else those of this user's records, dead ones
 * too; else the one that was seen first, which is remembered. Nothing secret is sent to find out.
 *
 * Shape:   `least` is the least verdict that is accepted; zero means proved where a key is known,
 *          pinned where one is remembered, else named. Where a record cannot be read, a key may be
 *          hidden, and zero means proved
 * Units:   milliseconds
 * Owns:    options and what they point to are loans for the call (or the search); found is a value
 * Errors:  BERTH_E_NOT_FOUND (nobody, or only strangers), BERTH_E_TIMEOUT (it is starting, and the
 *          deadline came), BERTH_E_CLOSED (it was starting, and died), BERTH_E_INVALID (a name that
 *          is none, a URL that is no http://IP-literal:port or http://localhost:port),
 *          BERTH_E_MEMORY, BERTH_E_TOO_MANY_FILES
 * Limits:  64 candidates at a time, 32 records; an answer of 64 KiB
 * Threads: any; each search is its own
 * Proof:   src/find/search_test.c, search_wait_test.c, search_fault_test.c
 */
#ifndef BERTH_FIND_H
#define BERTH_FIND_H

#include "berth/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum berth_verdict {
    BERTH_VERDICT_ANY = 0,
    BERTH_VERDICT_NAMED,  /* it says the app's name, and nothing more is known */
    BERTH_VERDICT_PINNED, /* it holds the key that was seen first, and remembered */
    BERTH_VERDICT_PROVED, /* it holds the key that the record or the caller gave */
};

/* What happens on the way; the same words as in the JavaScript client. */
enum berth_find_event_type {
    BERTH_FIND_CANDIDATE, /* asked */
    BERTH_FIND_REFUSED,   /* nobody listens, or nobody any more */
    BERTH_FIND_TIMEOUT,   /* no answer in time, or a reset */
    BERTH_FIND_STRANGER,  /* an answer, and not our server's: `text` says what is wrong */
    BERTH_FIND_STARTING,  /* ours, not ready yet */
    BERTH_FIND_PROVED,    /* ours; `verdict` says how surely */
    BERTH_FIND_CONNECTED, /* a WebSocket to it is open */
    BERTH_FIND_LOST,      /* that connection is gone */
    BERTH_FIND_MOVED,     /* ours, but another instance or port than before */
};

enum berth_find_source {
    BERTH_FIND_TOLD,   /* the caller, BERTH_URL */
    BERTH_FIND_RECORD, /* the runtime folder */
    BERTH_FIND_PORT_FILE,
    BERTH_FIND_REMEMBERED, /* the last good one */
    BERTH_FIND_RANGE,
};

struct berth_find_event {
    enum berth_find_event_type type;
    enum berth_find_source source;
    enum berth_verdict verdict;
    const char *url;  /* "http://127.0.0.1:1018"; NULL where there is none */
    const char *text; /* a sentence for people, which begins with the URL */
    uint64_t elapsed_ms;
};

struct berth_find_options {
    const char *app;
    const char *url;         /* only this one is asked; NULL for all places */
    const char *port_file;   /* NULL for none */
    const char *runtime_dir; /* where records are; NULL for the user's own */
    const char *state_dir;   /* where the identity and the last endpoint are; NULL likewise */
    const uint8_t *public_key;
    const char *instance; /* this instance only; NULL for any */
    enum berth_verdict least;
    uint16_t range_first; /* 0 for 1018 */
    uint16_t range_count; /* 0 for 13; UINT16_MAX for no range at all */
    uint32_t attempt_ms;  /* how long one candidate may take; 0 for 1500 */
    uint32_t deadline_ms; /* go on looking (records are watched) until then; 0: look once */
    void (*on_event)(void *owner, const struct berth_find_event *event); /* may be NULL */
    void *owner;
};

struct berth_found {
    char app[65];
    char instance[65];
    char version[32];
    char http_url[80]; /* "http://127.0.0.1:1018" */
    char ws_url[320];  /* empty when it has no route */
    char token[128];   /* from the record, only after a proof; else empty */
    uint16_t port;
    uint32_t pid; /* 0 when not known */
    enum berth_verdict verdict;
    enum berth_find_source source;
    bool has_public_key;
    uint8_t public_key[32];
};

/* Looks, and blocks until it is done. */
int berth_find(const struct berth_find_options *options, struct berth_found *ret_found);

#endif
