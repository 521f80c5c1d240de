#include "proto/ws.h"

/* The bytes i to i + 7 of the payload are masked with the same word for every i that is a multiple
 * of 4: four bytes of mask, twice, turned to the phase. */
void berth_ws_mask(uint8_t *bytes, size_t size, const uint8_t mask[4], size_t phase) {
    uint8_t turned[8];
    for (size_t i = 0; i < sizeof turned; i++)
        turned[i] = mask[(phase + i) & 3];
    uint64_t key;
    memcpy(&key, turned, sizeof key);

    /* Hot. The memcpy are plain loads and stores, of any alignment. */
    for (; size >= sizeof key; bytes += sizeof key, size -= sizeof key) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        word ^= key;
        memcpy(bytes, &word, sizeof word);
    }
    for (size_t i = 0; i < size; i++)
        bytes[i] ^= turned[i];
}
