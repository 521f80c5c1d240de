#include "find/client_random.h"

#include "base/assert.h"

#include <string.h>

/* Hot: once for every frame. */
int berth_client_random_take(struct berth_client_random *random, void *bytes, size_t size) {
    BERTH_ASSERT(size <= sizeof random->store);
    if (random->left < size) {
        int error = random->source(random->store, sizeof random->store);
        if (error < 0)
            return error;
        random->left = sizeof random->store;
    }
    memcpy(bytes, random->store + sizeof random->store - random->left, size);
    random->left -= size;
    return 0;
}

int berth_client_random_up_to(struct berth_client_random *random, uint32_t max, uint32_t *ret) {
    uint32_t number;
    int error = berth_client_random_take(random, &number, sizeof number);
    if (error < 0)
        return error;
    *ret = (uint32_t)(number * ((uint64_t)max + 1) >> 32);
    return 0;
}
