/* What a server says of itself, read: its record, or its answer to GET /health.
 *
 *     struct berth_find_document document;
 *     const char *fault;
 *     int error = berth_find_health_read(body, &asked, &document, &fault);
 *     if (error < 0)
 *         ... a stranger: "it %s" ...
 *
 * Nothing here is believed: whether the document is true is judge.h's matter. But what comes out is
 * whole and of the right types, and fit to be shown.
 *
 * Shape:   the JSON of proto/endpoint.h. What is not known is left alone; null is as good as
 *          nothing; a name twice in one object is a fault
 * Owns:    the document is a value; fault is a constant sentence without its subject
 * Errors:  BERTH_E_INVALID and the fault, BERTH_E_MEMORY
 * Limits:  BERTH_FIND_DOCUMENT_MAX bytes of JSON; each text as large as its place
 * Threads: any
 * Proof:   document_test.c, tests/fuzz/fuzz_document.c
 */
#ifndef BERTH_FIND_DOCUMENT_H
#define BERTH_FIND_DOCUMENT_H

#include "base/addr.h"
#include "proto/endpoint.h"
#include "proto/proof.h"

#define BERTH_FIND_DOCUMENT_MAX 65536

struct berth_find_document {
    char app[65];
    char instance[65];
    char version[32];
    enum berth_endpoint_state state;
    uint16_t port;
    struct berth_addr address; /* where it is reached: as the record says, or where it was asked */
    char ws_path[256];         /* of the route that it publishes; empty for none */
    bool has_public_key;
    bool has_proof;
    uint8_t public_key[BERTH_PROOF_PUBLIC_KEY_SIZE];
    uint8_t proof[BERTH_PROOF_SIZE];
    uint32_t pid;    /* of a record; 0 when not known */
    char token[128]; /* of a record; empty for none */
};

/* A record: this user's own file, so that its address may be any literal. */
int berth_find_record_read(struct berth_view json, struct berth_find_document *ret_document,
                           const char **fault);

/* An answer of whoever was asked at that address. Its WebSocket URL must lead to the same port, and
 * to the same host or at least to loopback. */
int berth_find_health_read(struct berth_view json, const struct berth_addr *asked,
                           struct berth_find_document *ret_document, const char **fault);

#endif
