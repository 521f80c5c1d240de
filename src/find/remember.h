/* What was found last time: a place to look at first, and the key to expect.
 *
 * Shape:   <state_dir>/<app>/last: a line with the URL, a line with the public key, base64url
 *          (absent when none was seen). Only a file of this user's own, closed to others, counts:
 *          a key in it decides whom to believe
 * Errors:  those of the file system; BERTH_E_INVALID when the file is something else
 * Threads: any; several processes may write: the last one stands, and it is whole
 * Proof:   places_test.c
 */
#ifndef BERTH_FIND_REMEMBER_H
#define BERTH_FIND_REMEMBER_H

#include "base/addr.h"
#include "proto/proof.h"

struct berth_find_memory {
    struct berth_addr address;
    bool has_public_key;
    uint8_t public_key[BERTH_PROOF_PUBLIC_KEY_SIZE];
};

/* Errors: BERTH_E_NOT_FOUND when nothing was. */
int berth_find_remember_load(const char *state_dir, const char *app,
                             struct berth_find_memory *ret_memory);

/* Makes the folders when needed. */
int berth_find_remember_save(const char *state_dir, const char *app,
                             const struct berth_find_memory *memory);

/* Then there is nothing to save. */
bool berth_find_remember_same(const struct berth_find_memory *a, const struct berth_find_memory *b);

#endif
