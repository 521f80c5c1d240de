/* Is this answer our server's, and how surely? Pure: what was asked and what came, in; a verdict
 * out.
 *
 *     struct berth_find_answer answer;
 *     int error = berth_find_judge(&question, 200, body, &answer);
 *     if (error == 0 && answer.outcome == BERTH_OUTCOME_READY)
 *         ... answer.verdict, answer.document ...
 *
 * Nothing that an answer says lifts its verdict, but a signature over this very question: fresh
 * random bytes, the app, the port that was asked. A copy of our document is worth a name, a
 * replayed or forwarded proof is worth nothing.
 *
 * Shape:   a known key and no proof by it is less than `least`, and so a stranger
 * Owns:    the question's texts and keys are loans; the answer is a value, its text a constant
 *          that follows the server's name: "refuses the connection"
 * Errors:  BERTH_E_MEMORY; whatever the peer did is an outcome
 * Limits:  BERTH_FIND_KEYS_MAX keys that are trusted
 * Threads: any
 * Source:  proto/proof.h
 * Proof:   judge_test.c
 */
#ifndef BERTH_FIND_JUDGE_H
#define BERTH_FIND_JUDGE_H

#include "berth/find.h"
#include "find/document.h"

#define BERTH_FIND_KEYS_MAX 16
#define BERTH_FIND_CHALLENGE_SIZE 32

/* What is known of the app's identity. */
struct berth_find_keys {
    uint8_t trusted[BERTH_FIND_KEYS_MAX][BERTH_PROOF_PUBLIC_KEY_SIZE]; /* given by the caller, or by
                                                                          this user's records */
    size_t trusted_count;
    bool has_pinned;
    bool incomplete; /* a place where keys are kept could not be read: a name is not enough then */
    uint8_t pinned[BERTH_PROOF_PUBLIC_KEY_SIZE]; /* seen first, and remembered */
};

/* Once is enough, and beyond the limit the first ones stay. */
void berth_find_keys_trust(struct berth_find_keys *keys, const uint8_t *public_key);

/* What `least` is when the caller leaves it to us. */
enum berth_verdict berth_find_keys_least(const struct berth_find_keys *keys);

struct berth_find_question {
    struct berth_addr address;
    const char *app;
    const char *instance; /* NULL for any */
    const struct berth_find_keys *keys;
    enum berth_verdict least; /* ANY: what berth_find_keys_least says when the answer is there */
    uint8_t challenge[BERTH_FIND_CHALLENGE_SIZE];
};

enum berth_find_outcome {
    BERTH_OUTCOME_REFUSED,  /* nobody listens */
    BERTH_OUTCOME_SILENT,   /* no answer in time, or a reset */
    BERTH_OUTCOME_STRANGER, /* an answer, and not good enough to be our server's */
    BERTH_OUTCOME_STARTING, /* ours, and not ready yet */
    BERTH_OUTCOME_DRAINING, /* ours, and no longer there for new work */
    BERTH_OUTCOME_READY,    /* ours */
    BERTH_OUTCOME_FAILED,   /* this machine could not ask: `error` */
};

struct berth_find_answer {
    enum berth_find_outcome outcome;
    enum berth_verdict verdict;
    int error;
    const char *text;
    bool holds_key; /* it has proved that it holds document.public_key, whoever's that is */
    struct berth_find_document document; /* STARTING, DRAINING, READY */
};

int berth_find_judge(const struct berth_find_question *question, int http_status,
                     struct berth_view body, struct berth_find_answer *ret_answer);

#endif
