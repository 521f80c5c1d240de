/* Random bytes for masks, keys and jitter, fetched from the system 4 KiB at a time: a mask for each
 * frame costs no system call.
 *
 *     struct berth_client_random random = {.source = berth_sys_random};
 *     error = berth_client_random_take(&random, mask, sizeof mask);
 *
 * Shape:   every byte is given once; `source` is the system's, or a test's
 * Errors:  the source's
 * Limits:  one take is at most the size of the store
 * Threads: one
 * Proof:   client_outbox_test.c
 */
#ifndef BERTH_FIND_CLIENT_RANDOM_H
#define BERTH_FIND_CLIENT_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Zeroed but for the source, it is empty. */
struct berth_client_random {
    int (*source)(void *bytes, size_t size);
    size_t left;
    uint8_t store[4096];
};

int berth_client_random_take(struct berth_client_random *random, void *bytes, size_t size);

/* A number from 0 to max, each as likely as any other (but for one part in 2^32). */
int berth_client_random_up_to(struct berth_client_random *random, uint32_t max, uint32_t *ret);

#endif
