#include "find/client_internal.h"
#include "sys/clock.h"
#include "sys/entropy.h"

int berth_client_create(struct berth_net *net, const struct berth_client_options *options,
                        void *owner, struct berth_client **ret_client) {
    static const struct berth_client_world world = {
        .finder = {berth_search_start, berth_search_cancel},
        .random = berth_sys_random,
        .unix_ms = berth_sys_clock_unix_ms,
    };
    return berth_client_create_in(net, &world, options, owner, ret_client);
}
