/* One candidate, asked: a connection of its own, GET /health with a fresh challenge, one answer.
 *
 *     int error = berth_find_attempt_start(net, &question, 1500, on_answer, owner, &attempt);
 *     ... on_answer(owner, &answer) comes once, unless berth_find_attempt_cancel came before ...
 *
 * Nothing secret is sent, so that an impostor learns nothing: who asks for which app is all. It
 * cannot hold us either: what comes late, drips, or is too large ends the attempt.
 *
 * Shape:   one request, Connection: close; the first final answer counts
 * Units:   milliseconds, for all of it: connecting, asking, reading
 * Owns:    the attempt frees itself; the pointer is good until on_answer is called, or cancel. The
 *          question is copied; its texts and keys are loans until then
 * Errors:  BERTH_E_MEMORY, BERTH_E_CLOSED, BERTH_E_SYSTEM (no random bytes)
 * Limits:  64 KiB of answer
 * Threads: the net's
 * Proof:   search_test.c
 */
#ifndef BERTH_FIND_ATTEMPT_H
#define BERTH_FIND_ATTEMPT_H

#include "find/judge.h"
#include "net/net.h"

struct berth_find_attempt;

/* The answer is a loan for the call. */
typedef void (*berth_find_attempt_answer)(void *owner, const struct berth_find_answer *answer);

/* The question's challenge is made here. */
int berth_find_attempt_start(struct berth_net *net, const struct berth_find_question *question,
                             uint32_t timeout_ms, berth_find_attempt_answer on_answer, void *owner,
                             struct berth_find_attempt **ret_attempt);

/* Nothing is called any more. NULL is welcome. */
void berth_find_attempt_cancel(struct berth_find_attempt *attempt);

#endif
