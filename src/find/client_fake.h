/* A world for the client's tests: a finder that finds what the test says, and an owner that writes
 * down what it hears. For tests only. */
#ifndef BERTH_FIND_CLIENT_FAKE_H
#define BERTH_FIND_CLIENT_FAKE_H

#include "base/alloc.h"
#include "find/client_fake_server.h"
#include "find/client_internal.h"

#define FAKE_STARTS 256

struct fake_world {
    struct berth_net *net;
    struct berth_net_timer *stop; /* of fake_run */
    struct fake_server *server;   /* what a search finds; NULL for nothing */
    enum berth_verdict verdict;   /* of it */
    uint32_t search_ms;
    unsigned starts, cancels;
    uint64_t started_ms[FAKE_STARTS];
    uint64_t random;
    int64_t skew_ms; /* of the clock on the wall */
    bool no_random;

    struct berth_client *client;
    struct berth_client_options options;
    bool inside;    /* a call of ours: no event may come */
    char log[4096]; /* what came, a word each */
    unsigned opened, messages, closed;
    uint16_t lost_code;
    struct berth_buf received; /* as the server's log */
    char from[65], to[65];
    const char *close_at; /* the word of the event in which to close */
    size_t batched;       /* what waited when a message had been answered */
    const char *send_at;  /* ... and in which to send "again" */
};

static struct fake_world world;

struct berth_search {
    struct berth_net_timer *timer;
    berth_search_done on_done;
    void *owner;
};

static inline void fake_found(void *owner) {
    struct berth_search *search = owner;
    struct berth_found found = {.verdict = world.verdict, .source = BERTH_FIND_RECORD};
    const struct fake_server *server = world.server;
    int error = server == NULL ? BERTH_E_NOT_FOUND : 0;
    if (server != NULL) {
        snprintf(found.app, sizeof found.app, "assistant");
        snprintf(found.instance, sizeof found.instance, "%s", server->instance);
        snprintf(found.http_url, sizeof found.http_url, "http://127.0.0.1:%u", server->addr.port);
        snprintf(found.ws_url, sizeof found.ws_url, "ws://127.0.0.1:%u/client-ws",
                 server->addr.port);
        if (server->token != NULL)
            snprintf(found.token, sizeof found.token, "%s", server->token);
        found.port = server->addr.port;
        found.has_public_key = true;
        uint8_t seed[BERTH_PROOF_SEED_SIZE] = {1};
        struct berth_identity identity;
        berth_identity_make(seed, &identity);
        memcpy(found.public_key, identity.public_key, sizeof found.public_key);
    }
    search->on_done(search->owner, error, error == 0 ? &found : NULL);
    berth_net_timer_destroy(search->timer);
    berth_free(search);
}

static inline int fake_search(struct berth_net *net, const struct berth_find_options *options,
                              berth_search_done on_done, void *owner,
                              struct berth_search **ret_search) {
    (void)options;
    world.started_ms[world.starts++ % FAKE_STARTS] = berth_net_now_ms(net);
    struct berth_search *search = berth_alloc(sizeof *search);
    if (search == NULL)
        return BERTH_E_MEMORY;
    *search = (struct berth_search){.on_done = on_done, .owner = owner};
    int error = berth_net_timer_create(net, fake_found, search, &search->timer);
    if (error < 0) {
        berth_free(search);
        return error;
    }
    berth_net_timer_start(search->timer, world.search_ms);
    *ret_search = search;
    return 0;
}

static inline void fake_cancel(struct berth_search *search) {
    if (search == NULL)
        return;
    world.cancels++;
    berth_net_timer_destroy(search->timer);
    berth_free(search);
}

static inline int fake_random(void *bytes, size_t size) {
    if (world.no_random)
        return BERTH_E_SYSTEM;
    for (size_t i = 0; i < size; i++) {
        world.random = world.random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        ((uint8_t *)bytes)[i] = (uint8_t)(world.random >> 56);
    }
    return 0;
}

static inline uint64_t fake_unix_ms(void) {
    return UINT64_C(1700000000000) + berth_net_now_ms(world.net) + (uint64_t)world.skew_ms;
}

static const struct berth_client_world fake_outside = {
    .finder = {fake_search, fake_cancel},
    .random = fake_random,
    .unix_ms = fake_unix_ms,
};

static inline int fake_send(bool text, const void *data, size_t size) {
    bool inside = world.inside;
    world.inside = true;
    int error = berth_client_send(world.client, text, data, size);
    world.inside = inside;
    return error;
}

static inline void fake_end(void) {
    bool inside = world.inside;
    world.inside = true;
    berth_client_close(world.client);
    world.inside = inside;
}

static inline void fake_note(const char *word) {
    assert_false(world.inside);
    assert_int_equal(world.closed, 0);
    size_t size = strlen(world.log);
    if (size + strlen(word) + 2 < sizeof world.log)
        snprintf(world.log + size, sizeof world.log - size, "%s%s", size > 0 ? " " : "", word);
    if (world.send_at != NULL && strcmp(word, world.send_at) == 0)
        assert_int_equal(fake_send(true, "again", 5), 0);
    if (world.close_at != NULL && strcmp(word, world.close_at) == 0) {
        fake_end();
        assert_int_equal(fake_send(true, "", 0), BERTH_E_CLOSED);
        fake_end();
    }
}

static inline void fake_on_open(void *owner, const struct berth_found *found) {
    assert_ptr_equal(owner, &world);
    assert_string_equal(found->app, "assistant");
    world.opened++;
    fake_note("open");
}

static inline void fake_on_message(void *owner, bool text, const void *data, size_t size) {
    (void)owner;
    world.messages++;
    berth_buf_append(&world.received, text ? "t" : "b", 1);
    berth_buf_append(&world.received, data, size);
    berth_buf_append(&world.received, "\n", 1);
    fake_note("message");
    world.batched = world.client->batch.size;
}

static inline void fake_on_lost(void *owner, uint16_t code) {
    (void)owner;
    world.lost_code = code;
    fake_note("lost");
}

static inline void fake_on_moved(void *owner, const struct berth_found *from,
                                 const struct berth_found *to) {
    (void)owner;
    snprintf(world.from, sizeof world.from, "%s", from->instance);
    snprintf(world.to, sizeof world.to, "%s", to->instance);
    fake_note("moved");
}

static inline void fake_owner_closed(void *owner) {
    (void)owner;
    fake_note("closed");
    world.closed++;
    world.client = NULL;
}

static inline void fake_on_event(void *owner, const struct berth_find_event *event) {
    static const char *const words[] = {
        [BERTH_FIND_REFUSED] = "REFUSED",     [BERTH_FIND_TIMEOUT] = "TIMEOUT",
        [BERTH_FIND_STRANGER] = "STRANGER",   [BERTH_FIND_STARTING] = "STARTING",
        [BERTH_FIND_CONNECTED] = "CONNECTED", [BERTH_FIND_LOST] = "LOST",
        [BERTH_FIND_MOVED] = "MOVED",
    };
    assert_ptr_equal(owner, &world);
    assert_non_null(event->text);
    fake_note(words[event->type]);
}

static const struct berth_client_events fake_events = {
    fake_on_open, fake_on_message, fake_on_lost, fake_on_moved, fake_owner_closed,
};

static inline void fake_stop_loop(void *owner) { berth_net_stop(owner); }

/* A net, and the options of a client; fake_open makes it. */
static inline void fake_begin(const struct berth_net_sim_options *sim) {
    world =
        (struct fake_world){.random = sim->seed, .search_ms = 1, .verdict = BERTH_VERDICT_PROVED};
    world.received = berth_buf_make(64u << 20);
    world.options.find.app = "assistant";
    world.options.find.owner = &world;
    world.options.events = &fake_events;
    assert_int_equal(berth_net_sim_create(sim, &world.net), 0);
    assert_int_equal(berth_net_timer_create(world.net, fake_stop_loop, world.net, &world.stop), 0);
}

static inline void fake_open(void) {
    world.inside = true;
    assert_int_equal(
        berth_client_create_in(world.net, &fake_outside, &world.options, &world, &world.client), 0);
    world.inside = false;
}

/* Lets that much virtual time pass. */
static inline void fake_run(uint64_t ms) {
    berth_net_timer_start(world.stop, ms);
    berth_net_run(world.net);
}

/* Closes what is open; every life ends with one on_closed. */
static inline void fake_finish(void) {
    world.close_at = NULL;
    if (world.client != NULL)
        fake_end();
    fake_run(20000);
    assert_int_equal(world.closed, 1);
    berth_net_destroy(world.net);
    berth_buf_free(&world.received);
}

static inline void fake_dispose(struct fake_server *server) {
    assert_null(server->conns);
    berth_buf_free(&server->log);
}

/* Of a server's or the owner's log. */
static inline const char *fake_text(struct berth_buf *log) {
    berth_buf_append(log, "", 1);
    log->size--;
    return log->data + log->start;
}

#endif
