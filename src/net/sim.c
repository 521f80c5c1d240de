#include "net/sim.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "berth/error.h"
#include "net/sim_transport.h"

static const size_t window_default = 64 * 1024;

/* Not zero, so that nobody takes the clock for "time since the start". */
static const uint64_t first_ms = 1000;

static const uint16_t first_port = 32768;

/* -- Events ------------------------------------------------------------------------------------ */

void berth_net_sim_event_init(struct berth_net_sim_event *event,
                              void (*run)(struct berth_net_sim_event *event)) {
    berth_net_list_init(&event->link);
    event->run = run;
}

static struct berth_net_sim_event *event_of(struct berth_net_link *link) {
    return BERTH_NET_CONTAINER(link, struct berth_net_sim_event, link);
}

void berth_net_sim_schedule(struct berth_net_sim *net, struct berth_net_sim_event *event,
                            uint64_t delay_ms) {
    if (!berth_net_list_is_empty(&event->link))
        return;
    event->at_ms = net->now_ms + delay_ms;
    struct berth_net_link *after = net->events.previous;
    while (after != &net->events && event_of(after)->at_ms > event->at_ms)
        after = after->previous;
    berth_net_list_insert(after, &event->link);
}

void berth_net_sim_cancel(struct berth_net_sim_event *event) {
    berth_net_list_remove(&event->link);
}

static int run(struct berth_net *base) {
    struct berth_net_sim *net = berth_net_sim_of(base);
    while (!net->stopping && !berth_net_list_is_empty(&net->events)) {
        struct berth_net_sim_event *event = event_of(net->events.next);
        berth_net_sim_cancel(event);
        net->now_ms = event->at_ms;
        event->run(event);
    }
    net->stopping = false;
    return 0;
}

static void stop(struct berth_net *net) { berth_net_sim_of(net)->stopping = true; }

static uint64_t now_ms(const struct berth_net *net) {
    return ((const struct berth_net_sim *)net)->now_ms;
}

static void on_report(struct berth_net_sim_event *event) {
    struct berth_net_sim *net = BERTH_NET_CONTAINER(event, struct berth_net_sim, report);
    berth_net_report_failures(&net->base);
}

static void wake(struct berth_net *base) {
    struct berth_net_sim *net = berth_net_sim_of(base);
    berth_net_sim_schedule(net, &net->report, 0);
}

/* -- Chance ------------------------------------------------------------------------------------ */

/* A xorshift generator with a multiplied output (Vigna, 2016): small, and good enough to choose
 * where to cut. */
static uint64_t next_random(struct berth_net_sim *net) {
    net->random ^= net->random >> 12;
    net->random ^= net->random << 25;
    net->random ^= net->random >> 27;
    return net->random * UINT64_C(0x2545F4914F6CDD1D) >> 16;
}

size_t berth_net_sim_part(struct berth_net_sim *net, size_t max, bool any) {
    return any ? 1 + next_random(net) % max : max;
}

bool berth_net_sim_chance(struct berth_net_sim *net, uint32_t per_million) {
    return per_million > 0 && next_random(net) % 1000000 < per_million;
}

uint64_t berth_net_sim_delay(struct berth_net_sim *net) {
    uint64_t range = (uint64_t)net->options.delay_max_ms - net->options.delay_min_ms + 1;
    return net->options.delay_min_ms + (range > 1 ? next_random(net) % range : 0);
}

uint16_t berth_net_sim_port(struct berth_net_sim *net) {
    struct berth_net_link *link = net->sockets.next;
    net->last_port = net->last_port == UINT16_MAX ? first_port : (uint16_t)(net->last_port + 1);
    while (link != &net->sockets) {
        if (BERTH_NET_CONTAINER(link, struct berth_net_sim_listener, link)->addr.port !=
            net->last_port) {
            link = link->next;
            continue;
        }
        net->last_port = net->last_port == UINT16_MAX ? first_port : (uint16_t)(net->last_port + 1);
        link = net->sockets.next;
    }
    return net->last_port;
}

/* -- The net ----------------------------------------------------------------------------------- */

static void destroy(struct berth_net *base) {
    struct berth_net_sim *net = berth_net_sim_of(base);
    berth_net_sim_sockets_free(net);
    berth_free(net);
}

static const struct berth_net_ops ops = {
    .run = run,
    .stop = stop,
    .now_ms = now_ms,
    .wake = wake,
    .destroy = destroy,
    .socket_close = berth_net_sim_socket_close,
    .adopt = berth_net_sim_adopt,
    .listen = berth_net_sim_listen,
    .listener_close = berth_net_sim_listener_close,
    .connect = berth_net_sim_connect,
    .read_start = berth_net_sim_read_start,
    .read_stop = berth_net_sim_read_stop,
    .write = berth_net_sim_write,
    .flush = berth_net_sim_flush,
    .shutdown = berth_net_sim_shutdown,
    .stream_close = berth_net_sim_stream_close,
    .local = berth_net_sim_local,
    .remote = berth_net_sim_remote,
    .timer_create = berth_net_sim_timer_create,
    .timer_start = berth_net_sim_timer_start,
    .timer_stop = berth_net_sim_timer_stop,
    .timer_destroy = berth_net_sim_timer_destroy,
    .signal_create = berth_net_sim_signal_create,
    .signal_stop = berth_net_sim_signal_stop,
    .signal_destroy = berth_net_sim_signal_destroy,
    .bell_create = berth_net_sim_bell_create,
    .bell_ring = berth_net_sim_bell_ring,
    .bell_stop = berth_net_sim_bell_stop,
    .bell_destroy = berth_net_sim_bell_destroy,
    .watch_create = berth_net_sim_watch_create,
    .watch_stop = berth_net_sim_watch_stop,
    .watch_destroy = berth_net_sim_watch_destroy,
};

int berth_net_sim_create(const struct berth_net_sim_options *options, struct berth_net **ret_net) {
    BERTH_ASSERT(options->delay_min_ms <= options->delay_max_ms);
    struct berth_net_sim *net = berth_alloc(sizeof *net);
    if (net == NULL)
        return BERTH_E_MEMORY;
    berth_net_init(&net->base, &ops);
    berth_net_list_init(&net->events);
    berth_net_list_init(&net->sockets);
    berth_net_sim_event_init(&net->report, on_report);
    net->options = *options;
    if (net->options.window == 0)
        net->options.window = window_default;
    net->now_ms = first_ms;
    /* Zero is the one state that the generator never leaves. */
    net->random = options->seed * 2 + 1;
    net->last_port = first_port;
    *ret_net = &net->base;
    return 0;
}
