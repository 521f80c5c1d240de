#include "berth/find.h"

#include "find/search.h"

struct outcome {
    struct berth_net *net;
    struct berth_found *found;
    int error;
};

static void on_done(void *owner, int error, const struct berth_found *found) {
    struct outcome *outcome = owner;
    outcome->error = error;
    if (error == 0)
        *outcome->found = *found;
    berth_net_stop(outcome->net);
}

int berth_find(const struct berth_find_options *options, struct berth_found *ret_found) {
    struct outcome outcome = {.found = ret_found};
    struct berth_search *search;
    int error = berth_net_create(&outcome.net);
    if (error < 0)
        return error;
    error = berth_search_start(outcome.net, options, on_done, &outcome, &search);
    if (error == 0)
        error = berth_net_run(outcome.net);
    if (error == 0)
        error = outcome.error;
    berth_net_destroy(outcome.net);
    return error;
}
