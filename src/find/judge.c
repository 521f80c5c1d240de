#include "find/judge.h"

#include "base/assert.h"
#include "berth/error.h"

/* -- Keys -------------------------------------------------------------------------------------- */

static bool same_key(const uint8_t *a, const uint8_t *b) {
    return memcmp(a, b, BERTH_PROOF_PUBLIC_KEY_SIZE) == 0;
}

static bool is_trusted(const struct berth_find_keys *keys, const uint8_t *public_key) {
    for (size_t i = 0; i < keys->trusted_count; i++) {
        if (same_key(keys->trusted[i], public_key))
            return true;
    }
    return false;
}

void berth_find_keys_trust(struct berth_find_keys *keys, const uint8_t *public_key) {
    if (keys->trusted_count == BERTH_FIND_KEYS_MAX || is_trusted(keys, public_key))
        return;
    memcpy(keys->trusted[keys->trusted_count++], public_key, BERTH_PROOF_PUBLIC_KEY_SIZE);
}

enum berth_verdict berth_find_keys_least(const struct berth_find_keys *keys) {
    if (keys->trusted_count > 0 || keys->incomplete)
        return BERTH_VERDICT_PROVED;
    return keys->has_pinned ? BERTH_VERDICT_PINNED : BERTH_VERDICT_NAMED;
}

/* -- Judging ----------------------------------------------------------------------------------- */

static int stranger(struct berth_find_answer *answer, const char *text) {
    *answer = (struct berth_find_answer){.outcome = BERTH_OUTCOME_STRANGER, .text = text};
    return 0;
}

/* What the document must say to be an answer to this question; NULL when it says so. */
static const char *contradiction(const struct berth_find_question *question, int http_status,
                                 const struct berth_find_document *document) {
    if (strcmp(document->app, question->app) != 0)
        return "is another app";
    if (question->instance != NULL && strcmp(document->instance, question->instance) != 0)
        return "is another instance than the one asked for";
    if (document->port != question->address.port)
        return "says that it is on another port";
    if (berth_endpoint_http_status(document->state) != http_status)
        return "contradicts itself: its status and its state differ";
    return NULL;
}

/* Has it signed this question with the key that it shows? */
static bool holds_its_key(const struct berth_find_question *question,
                          const struct berth_find_document *document) {
    struct berth_proof_claim claim = {
        .app = berth_view_of(document->app),
        .instance = berth_view_of(document->instance),
        .port = question->address.port,
        .challenge = berth_view_bytes(question->challenge, sizeof question->challenge),
    };
    return document->has_public_key &&
           berth_proof_verify(document->public_key, &claim,
                              berth_view_bytes(document->proof, sizeof document->proof)) == 0;
}

static enum berth_verdict verdict_of(const struct berth_find_keys *keys,
                                     const struct berth_find_answer *answer) {
    if (!answer->holds_key)
        return BERTH_VERDICT_NAMED;
    if (is_trusted(keys, answer->document.public_key))
        return BERTH_VERDICT_PROVED;
    if (keys->has_pinned && same_key(keys->pinned, answer->document.public_key))
        return BERTH_VERDICT_PINNED;
    return BERTH_VERDICT_NAMED;
}

static enum berth_verdict least_of(const struct berth_find_question *question) {
    return question->least != BERTH_VERDICT_ANY ? question->least
                                                : berth_find_keys_least(question->keys);
}

static const char *shortfall(const struct berth_find_question *question,
                             const struct berth_find_answer *answer) {
    bool key_known = question->keys->trusted_count > 0 || question->keys->has_pinned;
    if (!answer->holds_key)
        return "gives no proof of what it is";
    if (!key_known)
        return "has a proof, but its key is not known here";
    return answer->verdict == BERTH_VERDICT_PINNED ? "is known from before only"
                                                   : "holds another key than our server's";
}

static const char *ready_text(enum berth_verdict verdict) {
    switch (verdict) {
    case BERTH_VERDICT_PROVED:
        return "has proved that it is our server";
    case BERTH_VERDICT_PINNED:
        return "has proved that it is the server we know from before";
    case BERTH_VERDICT_NAMED:
    case BERTH_VERDICT_ANY:
        return "says that it is our server";
    }
    berth_assert_failed("verdict is one of enum berth_verdict", __FILE__, __LINE__);
}

static void settle_state(struct berth_find_answer *answer) {
    switch (answer->document.state) {
    case BERTH_ENDPOINT_STARTING:
        answer->outcome = BERTH_OUTCOME_STARTING;
        answer->text = "is starting";
        return;
    case BERTH_ENDPOINT_READY:
        answer->outcome = BERTH_OUTCOME_READY;
        answer->text = ready_text(answer->verdict);
        return;
    case BERTH_ENDPOINT_DRAINING:
        answer->outcome = BERTH_OUTCOME_DRAINING;
        answer->text = "is about to end";
        return;
    }
    berth_assert_failed("state is one of enum berth_endpoint_state", __FILE__, __LINE__);
}

int berth_find_judge(const struct berth_find_question *question, int http_status,
                     struct berth_view body, struct berth_find_answer *ret_answer) {
    struct berth_find_answer answer = {0};
    const char *fault;
    if (http_status >= 300 && http_status < 400)
        return stranger(ret_answer, "redirects to elsewhere");
    if (http_status != 200 && http_status != 503)
        return stranger(ret_answer, "knows nothing of our health document");
    int error = berth_find_health_read(body, &question->address, &answer.document, &fault);
    if (error == BERTH_E_MEMORY)
        return error;
    if (error < 0)
        return stranger(ret_answer, fault);
    const char *text = contradiction(question, http_status, &answer.document);
    if (text != NULL)
        return stranger(ret_answer, text);
    answer.holds_key = answer.document.has_proof && holds_its_key(question, &answer.document);
    if (answer.document.has_proof && !answer.holds_key)
        return stranger(ret_answer, "gives a proof that does not hold");
    answer.verdict = verdict_of(question->keys, &answer);
    if (answer.verdict < least_of(question))
        return stranger(ret_answer, shortfall(question, &answer));
    settle_state(&answer);
    *ret_answer = answer;
    return 0;
}
