#include "base/alloc.h"
#include "berth/error.h"
#include "net/sim_transport.h"

/* The simulated net has one thread: a ring is an event that is due at once. */
struct sim_bell {
    struct berth_net_bell base;
    struct berth_net_sim_event event;
};

static struct sim_bell *bell_of(struct berth_net_bell *bell) {
    return BERTH_NET_CONTAINER(bell, struct sim_bell, base);
}

static void on_ring(struct berth_net_sim_event *event) {
    struct sim_bell *bell = BERTH_NET_CONTAINER(event, struct sim_bell, event);
    bell->base.event(bell->base.owner);
}

int berth_net_sim_bell_create(struct berth_net *net, struct berth_net_bell **ret_bell) {
    (void)net;
    struct sim_bell *bell = berth_alloc(sizeof *bell);
    if (bell == NULL)
        return BERTH_E_MEMORY;
    berth_net_sim_event_init(&bell->event, on_ring);
    *ret_bell = &bell->base;
    return 0;
}

void berth_net_sim_bell_ring(struct berth_net_bell *bell) {
    if (!bell->net->ending)
        berth_net_sim_schedule(berth_net_sim_of(bell->net), &bell_of(bell)->event, 0);
}

void berth_net_sim_bell_stop(struct berth_net_bell *bell) {
    berth_net_sim_cancel(&bell_of(bell)->event);
}

void berth_net_sim_bell_destroy(struct berth_net_bell *bell) {
    berth_net_sim_cancel(&bell_of(bell)->event);
    berth_free(bell_of(bell));
}
