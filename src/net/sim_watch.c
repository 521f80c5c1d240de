#include "base/alloc.h"
#include "berth/error.h"
#include "net/sim_transport.h"

struct sim_watch {
    struct berth_net_watch base;
    struct berth_net_sim_event event;
    char *path;
};

static struct sim_watch *watch_of(struct berth_net_watch *watch) {
    return BERTH_NET_CONTAINER(watch, struct sim_watch, base);
}

static void on_change(struct berth_net_sim_event *event) {
    struct sim_watch *watch = BERTH_NET_CONTAINER(event, struct sim_watch, event);
    watch->base.event(watch->base.owner);
}

int berth_net_sim_watch_create(struct berth_net *net, const char *path,
                               struct berth_net_watch **ret_watch) {
    (void)net;
    struct sim_watch *watch = berth_alloc(sizeof *watch);
    char *copy = berth_strndup(path, strlen(path));
    if (watch == NULL || copy == NULL) {
        berth_free(watch);
        berth_free(copy);
        return BERTH_E_MEMORY;
    }
    watch->path = copy;
    berth_net_sim_event_init(&watch->event, on_change);
    *ret_watch = &watch->base;
    return 0;
}

void berth_net_sim_watch_stop(struct berth_net_watch *watch) {
    berth_net_sim_cancel(&watch_of(watch)->event);
}

void berth_net_sim_watch_destroy(struct berth_net_watch *watch) {
    berth_net_sim_cancel(&watch_of(watch)->event);
    berth_free(watch_of(watch)->path);
    berth_free(watch_of(watch));
}

void berth_net_sim_touch(struct berth_net *net, const char *path) {
    for (struct berth_net_link *link = net->watches.next; link != &net->watches;
         link = link->next) {
        struct sim_watch *watch = watch_of(BERTH_NET_CONTAINER(link, struct berth_net_watch, link));
        if (strcmp(watch->path, path) == 0)
            berth_net_sim_schedule(berth_net_sim_of(net), &watch->event, 0);
    }
}
