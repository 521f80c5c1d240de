#include "base/alloc.h"
#include "berth/error.h"
#include "net/sim_transport.h"

/* -- Timers ------------------------------------------------------------------------------------ */

struct sim_timer {
    struct berth_net_timer base;
    struct berth_net_sim_event event;
};

static struct sim_timer *timer_of(struct berth_net_timer *timer) {
    return BERTH_NET_CONTAINER(timer, struct sim_timer, base);
}

static void on_timer(struct berth_net_sim_event *event) {
    struct sim_timer *timer = BERTH_NET_CONTAINER(event, struct sim_timer, event);
    timer->base.event(timer->base.owner);
}

int berth_net_sim_timer_create(struct berth_net *net, struct berth_net_timer **ret_timer) {
    (void)net;
    struct sim_timer *timer = berth_alloc(sizeof *timer);
    if (timer == NULL)
        return BERTH_E_MEMORY;
    berth_net_sim_event_init(&timer->event, on_timer);
    *ret_timer = &timer->base;
    return 0;
}

void berth_net_sim_timer_start(struct berth_net_timer *timer, uint64_t delay_ms) {
    berth_net_sim_cancel(&timer_of(timer)->event);
    berth_net_sim_schedule(berth_net_sim_of(timer->net), &timer_of(timer)->event, delay_ms);
}

void berth_net_sim_timer_stop(struct berth_net_timer *timer) {
    berth_net_sim_cancel(&timer_of(timer)->event);
}

void berth_net_sim_timer_destroy(struct berth_net_timer *timer) {
    berth_net_sim_cancel(&timer_of(timer)->event);
    berth_free(timer_of(timer));
}

/* -- Signals ----------------------------------------------------------------------------------- */

struct sim_signal {
    struct berth_net_signal base;
    struct berth_net_sim_event event;
};

static struct sim_signal *signal_of(struct berth_net_signal *signal) {
    return BERTH_NET_CONTAINER(signal, struct sim_signal, base);
}

static void on_signal(struct berth_net_sim_event *event) {
    struct sim_signal *signal = BERTH_NET_CONTAINER(event, struct sim_signal, event);
    signal->base.event(signal->base.owner, signal->base.number);
}

int berth_net_sim_signal_create(struct berth_net *net, int number,
                                struct berth_net_signal **ret_signal) {
    (void)net;
    (void)number;
    struct sim_signal *signal = berth_alloc(sizeof *signal);
    if (signal == NULL)
        return BERTH_E_MEMORY;
    berth_net_sim_event_init(&signal->event, on_signal);
    *ret_signal = &signal->base;
    return 0;
}

void berth_net_sim_signal_stop(struct berth_net_signal *signal) {
    berth_net_sim_cancel(&signal_of(signal)->event);
}

void berth_net_sim_signal_destroy(struct berth_net_signal *signal) {
    berth_net_sim_cancel(&signal_of(signal)->event);
    berth_free(signal_of(signal));
}

void berth_net_sim_raise(struct berth_net *net, int number) {
    for (struct berth_net_link *link = net->signals.next; link != &net->signals;
         link = link->next) {
        struct berth_net_signal *signal = BERTH_NET_CONTAINER(link, struct berth_net_signal, link);
        if (signal->number == number)
            berth_net_sim_schedule(berth_net_sim_of(net), &signal_of(signal)->event, 0);
    }
}
