#include "base/alloc.h"
#include "base/assert.h"
#include "berth/error.h"
#include "find/client_internal.h"
#include "find/tell.h"

#include <string.h>

static uint64_t now_ms(const struct berth_client *client) { return berth_net_now_ms(client->net); }

void berth_client_report(struct berth_client *client, enum berth_find_event_type type,
                         const char *text) {
    const struct berth_find_news news = {type, &client->place, client->found.verdict, text};
    berth_find_tell(&client->find, now_ms(client) - client->try_began_ms, &news);
}

/* -- Clocks ------------------------------------------------------------------------------------ */

void berth_client_expect(struct berth_client *client, uint64_t delay_ms) {
    client->timer_at_ms = now_ms(client) + delay_ms;
    berth_net_timer_start(client->timer, delay_ms);
}

void berth_client_compare_clocks(struct berth_client *client) {
    client->clock_ms = client->world->unix_ms();
    client->clock_net_ms = now_ms(client);
}

/* The machine slept (the loop's clock may have stood still), or the process did (the timer is
 * late). Somebody who sets the clock looks the same, and costs a ping or an early try. */
static bool has_slept(struct berth_client *client) {
    uint64_t by_wall = client->world->unix_ms() - client->clock_ms;
    uint64_t by_net = now_ms(client) - client->clock_net_ms;
    uint64_t due_ms = client->timer_at_ms;
    uint64_t late = now_ms(client) > due_ms ? now_ms(client) - due_ms : 0;
    uint64_t apart = by_wall > by_net ? by_wall - by_net : by_net - by_wall;
    berth_client_compare_clocks(client);
    return apart > BERTH_CLIENT_SLEPT_MS || late > BERTH_CLIENT_SLEPT_MS;
}

/* -- Tries ------------------------------------------------------------------------------------- */

uint32_t berth_client_backoff_ms(unsigned failures) {
    uint32_t ms = BERTH_CLIENT_BACKOFF_MIN_MS;
    while (failures-- > 0 && ms < BERTH_CLIENT_BACKOFF_MAX_MS)
        ms *= 2;
    return ms < BERTH_CLIENT_BACKOFF_MAX_MS ? ms : BERTH_CLIENT_BACKOFF_MAX_MS;
}

/* To the next try, or to the next look at the clocks before it. */
static void wait(struct berth_client *client) {
    uint64_t left = client->retry_at_ms - now_ms(client);
    berth_client_expect(client, left < BERTH_CLIENT_WATCH_MS ? left : BERTH_CLIENT_WATCH_MS);
}

/* This try is over; whether there is another one is the owner's choice. */
static void try_again(struct berth_client *client) {
    if (client->options->once) {
        client->state = BERTH_CLIENT_ENDING;
        berth_client_expect(client, 0);
        return;
    }
    uint32_t most_ms = berth_client_backoff_ms(client->failures++);
    uint32_t delay_ms;
    if (berth_client_random_up_to(&client->random, most_ms, &delay_ms) < 0)
        delay_ms = most_ms;
    client->state = BERTH_CLIENT_WAITING;
    client->retry_at_ms = now_ms(client) + delay_ms;
    berth_client_compare_clocks(client);
    wait(client);
}

static void on_found(void *owner, int error, const struct berth_found *found) {
    struct berth_client *client = owner;
    client->search = NULL;
    if (client->state != BERTH_CLIENT_SEARCHING) /* closed meanwhile: the timer ends it */
        return;
    if (error == 0) {
        client->found = *found;
        error = berth_client_connect(client);
    }
    if (error < 0)
        try_again(client);
}

static int search(struct berth_client *client) {
    client->try_began_ms = now_ms(client);
    client->state = BERTH_CLIENT_SEARCHING;
    berth_net_timer_stop(client->timer);
    return client->world->finder.start(client->net, &client->find, on_found, client,
                                       &client->search);
}

static void go_on_waiting(struct berth_client *client, bool slept) {
    if (!slept && now_ms(client) < client->retry_at_ms)
        wait(client);
    else if (search(client) < 0)
        try_again(client);
}

/* -- Events of a connection's life ------------------------------------------------------------- */

static bool is_elsewhere(const struct berth_found *a, const struct berth_found *b) {
    return a->port != b->port || strcmp(a->instance, b->instance) != 0;
}

void berth_client_opened(struct berth_client *client) {
    const struct berth_client_events *events = client->options->events;
    bool moved = client->has_last && is_elsewhere(&client->last, &client->found);
    struct berth_found from = client->last;
    client->last = client->found;
    client->has_last = true;
    if (moved) {
        client->failures = 0;
        berth_client_report(client, BERTH_FIND_MOVED, "is another server than before");
        if (client->state == BERTH_CLIENT_OPEN && events->on_moved != NULL)
            events->on_moved(client->owner, &from, &client->found);
    }
    if (client->state == BERTH_CLIENT_OPEN)
        berth_client_report(client, BERTH_FIND_CONNECTED, "has opened its WebSocket");
    if (client->state == BERTH_CLIENT_OPEN && events->on_open != NULL)
        events->on_open(client->owner, &client->found);
}

static void forget_connection(struct berth_client *client) {
    berth_buf_free(&client->conn.body);
    memset(&client->conn, 0, sizeof client->conn);
    berth_buf_free(&client->message);
    berth_client_outbox_lost(&client->outbox);
    client->batch.size = 0;
}

static void destroy(struct berth_client *client) {
    berth_net_timer_destroy(client->timer);
    berth_buf_free(&client->message);
    berth_client_outbox_free(&client->outbox);
    berth_free(client);
}

static void end(struct berth_client *client) {
    client->world->finder.cancel(client->search);
    client->search = NULL;
    if (client->options->events->on_closed != NULL)
        client->options->events->on_closed(client->owner);
    destroy(client);
}

void berth_client_gone(struct berth_client *client) {
    bool was_open = client->conn.opened;
    uint64_t lasted_ms = now_ms(client) - client->conn.opened_ms;
    uint16_t code = client->conn.close_code;
    forget_connection(client);
    if (client->closing) {
        end(client);
        return;
    }
    if (was_open && lasted_ms >= BERTH_CLIENT_STEADY_MS)
        client->failures = 0;
    try_again(client);
    if (!was_open)
        return;
    berth_client_report(client, BERTH_FIND_LOST, "is connected no more");
    if (!client->closing && client->options->events->on_lost != NULL)
        client->options->events->on_lost(client->owner, code);
}

/* -- The timer --------------------------------------------------------------------------------- */

static void on_timer(void *owner) {
    struct berth_client *client = owner;
    bool slept = has_slept(client);
    switch (client->state) {
    case BERTH_CLIENT_WAITING:
        go_on_waiting(client, slept);
        return;
    case BERTH_CLIENT_CONNECTING:
    case BERTH_CLIENT_ASKING:
    case BERTH_CLIENT_SHAKING:
        berth_client_refuse(client, BERTH_FIND_TIMEOUT, "gives no answer in time");
        return;
    case BERTH_CLIENT_OPEN:
        berth_client_beat(client, slept);
        return;
    case BERTH_CLIENT_CLOSING:
    case BERTH_CLIENT_LINGERING:
        berth_client_leave(client, client->conn.close_code);
        return;
    case BERTH_CLIENT_ENDING:
        end(client);
        return;
    case BERTH_CLIENT_SEARCHING:
    case BERTH_CLIENT_LEAVING:
        break;
    }
    berth_assert_failed("the timer runs only in states that set it", __FILE__, __LINE__);
}

/* -- What the owner calls ---------------------------------------------------------------------- */

static uint32_t or_default(uint32_t value, uint32_t fallback) {
    return value != 0 ? value : fallback;
}

static void take_options(struct berth_client *client, const struct berth_client_options *options) {
    size_t message_size =
        options->message_size != 0 ? options->message_size : BERTH_WS_MESSAGE_MAX_DEFAULT;
    client->options = options;
    client->find = options->find;
    if (!options->once)
        client->find.deadline_ms = or_default(options->find.deadline_ms, BERTH_CLIENT_SEARCH_MS);
    client->attempt_ms = or_default(options->find.attempt_ms, BERTH_CLIENT_ATTEMPT_MS);
    client->heartbeat_ms = or_default(options->heartbeat_ms, 15000);
    client->queue_size = options->queue_size != 0 ? options->queue_size : 1u << 20;
    client->limits = berth_ws_limits_default();
    client->limits.message_max = message_size;
    client->message = berth_buf_make(message_size);
}

int berth_client_create_in(struct berth_net *net, const struct berth_client_world *world,
                           const struct berth_client_options *options, void *owner,
                           struct berth_client **ret_client) {
    if (options->events == NULL)
        return BERTH_E_INVALID;
    struct berth_client *client = berth_alloc(sizeof *client);
    if (client == NULL)
        return BERTH_E_MEMORY;
    client->net = net;
    client->world = world;
    client->owner = owner;
    client->random.source = world->random;
    client->batch.random = &client->random;
    take_options(client, options);
    int error = berth_net_timer_create(net, on_timer, client, &client->timer);
    if (error == 0)
        error = search(client);
    if (error < 0) {
        destroy(client);
        return error;
    }
    *ret_client = client;
    return 0;
}

void berth_client_wake(struct berth_client *client) {
    client->failures = 0;
    if (client->state == BERTH_CLIENT_WAITING) {
        client->retry_at_ms = now_ms(client);
        wait(client);
    } else if (client->state == BERTH_CLIENT_OPEN) {
        berth_client_hurry(client);
        berth_client_pump(client);
    }
}

void berth_client_close(struct berth_client *client) {
    client->closing = true;
    switch (client->state) {
    case BERTH_CLIENT_WAITING:
    case BERTH_CLIENT_SEARCHING:
        client->state = BERTH_CLIENT_ENDING;
        berth_client_expect(client, 0);
        return;
    case BERTH_CLIENT_CONNECTING:
    case BERTH_CLIENT_ASKING:
    case BERTH_CLIENT_SHAKING:
        berth_client_leave(client, BERTH_WS_CLOSE_ABNORMAL);
        return;
    case BERTH_CLIENT_OPEN:
        client->state = BERTH_CLIENT_CLOSING;
        berth_client_expect(client, BERTH_CLIENT_CLOSE_MS);
        berth_client_say_bye(client, BERTH_WS_CLOSE_NORMAL, BERTH_VIEW(""));
        return;
    case BERTH_CLIENT_CLOSING:
    case BERTH_CLIENT_LINGERING:
    case BERTH_CLIENT_LEAVING:
    case BERTH_CLIENT_ENDING:
        return;
    }
    berth_assert_failed("state is one of enum berth_client_state", __FILE__, __LINE__);
}
