/* A machine for the tests of searching: a simulated net, real folders, and servers of every kind
 * that a port can be held by.
 *
 *     struct world world;
 *     world_open(&world, 1);
 *     struct fake *ours = world_serve(&world, 1018, FAKE_OURS);
 *     world_search(&world);              (runs until it is done)
 *     assert_int_equal(world.error, 0);
 *     world_close(&world);
 *
 * Shape:   every fake records all that it is sent; the world, all events. Nothing here is slow: the
 *          clock is the simulated net's
 * Limits:  FAKES_MAX servers, EVENTS_MAX events
 */
#ifndef BERTH_FIND_FAKE_WORLD_H
#define BERTH_FIND_FAKE_WORLD_H

#include "base/alloc.h"
#include "berth/error.h"
#include "find/search.h"
#include "net/sim.h"
#include "port/record.h"
#include "proto/base64.h"
#include "proto/endpoint.h"
#include "proto/http_writer.h"
#include "proto/proof.h"

#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define FAKES_MAX 64
#define PEERS_MAX 512
#define EVENTS_MAX 4096

enum fake_kind {
    FAKE_OURS,
    FAKE_COPY,     /* our document, word for word, without a proof */
    FAKE_REPLAY,   /* our document with a proof that we once gave */
    FAKE_THIEF,    /* shows our key, signs with its own */
    FAKE_OTHER,    /* our app by name, honest, with another key */
    FAKE_PROMISE,  /* says for ever that it is our app and starting, without a proof */
    FAKE_FOREIGN,  /* a server of Berth's, of another app */
    FAKE_HELLO,    /* 200 and a page for everything */
    FAKE_MISSING,  /* 404 */
    FAKE_REDIRECT, /* to our server */
    FAKE_NOISE,    /* no HTTP */
    FAKE_HANGUP,   /* closes when it was asked */
    FAKE_RESET,    /* the same, rudely */
    FAKE_TARPIT,   /* accepts, and says nothing */
    FAKE_BACKLOG,  /* does not even accept */
    FAKE_DRIP,     /* a byte from time to time, for ever */
    FAKE_GIANT,    /* a body that does not end */
    FAKE_CRUMBS,   /* a body that is small, in chunks that are not */
    FAKE_HEADS,    /* a head that does not end */
    FAKE_KINDS
};

struct fake {
    struct world *world;
    enum fake_kind kind;
    struct berth_addr address;
    struct berth_net_listener *listener;
    const struct berth_identity *identity;
    char instance[16];
    enum berth_endpoint_state state;
    uint64_t slow_ms; /* before it answers what was true when it was asked */
    unsigned asked;   /* requests */
    unsigned sent;    /* answers of which the first byte went out */
};

/* One connection to a fake. */
struct peer {
    struct fake *fake;
    struct berth_net_stream *stream;
    struct berth_net_timer *timer; /* of those who drip, or reset */
    size_t dripped;
    char received[1024];
    size_t size;
    enum berth_endpoint_state state; /* of the fake, when it was asked */
    bool answered;
    bool closed;
};

struct heard {
    enum berth_find_event_type type;
    enum berth_find_source source;
    enum berth_verdict verdict;
    uint64_t elapsed_ms;
    char url[80];
    char text[160];
};

struct world {
    struct berth_net *net;
    char folder[32];
    char runtime_dir[64];
    char state_dir[64];
    char port_file[64];
    struct berth_identity ours, other;
    struct fake fakes[FAKES_MAX];
    size_t fake_count;
    struct peer *peers; /* PEERS_MAX */
    size_t peer_count;
    struct berth_find_options options;
    struct berth_search *search;
    void (*on_heard)(struct world *world, const struct heard *heard); /* a test's own */
    struct heard *heard;
    size_t heard_count;
    uint64_t started_ms, done_ms;
    int done; /* how often */
    int error;
    struct berth_found found;
};

/* -- Answers ----------------------------------------------------------------------------------- */

static inline void peer_send(struct peer *peer, struct berth_view bytes) {
    peer->fake->sent += !peer->answered;
    peer->answered = true;
    (void)berth_net_send(peer->stream, &bytes, 1);
}

static inline void peer_answer(struct peer *peer, int status, struct berth_view body) {
    char memory[8192];
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    berth_http_response_begin(&out, status);
    if (status == 302)
        berth_http_field_text(&out, "Location", "http://127.0.0.1:1020/health");
    berth_http_field_number(&out, "Content-Length", body.size);
    berth_http_head_end(&out);
    berth_writer_view(&out, body);
    assert_false(out.overflow);
    peer_send(peer, berth_writer_result(&out));
    berth_net_stream_shutdown(peer->stream);
}

/* The bytes of the challenge that this request holds. */
static inline size_t peer_challenge(const struct peer *peer, uint8_t *bytes, size_t capacity) {
    const char *at = strstr(peer->received, "challenge=");
    size_t size = 0;
    assert_non_null(at);
    at += strlen("challenge=");
    assert_int_equal(
        berth_base64url_decode((struct berth_view){at, strcspn(at, " &")}, bytes, capacity, &size),
        0);
    return size;
}

/* The health document, with a proof by `signer` of this question, or of one of long ago. */
static inline void peer_health(struct peer *peer, const struct berth_identity *shown,
                               const struct berth_identity *signer, bool replayed) {
    const struct fake *fake = peer->fake;
    uint8_t challenge[BERTH_PROOF_CHALLENGE_MAX] = {0};
    size_t size = replayed ? 32 : peer_challenge(peer, challenge, sizeof challenge);
    struct berth_endpoint endpoint = {
        .app = fake->kind == FAKE_FOREIGN ? "other" : "assistant",
        .instance = fake->instance,
        .version = "0.1.0",
        .state = peer->state,
        .port = fake->address.port,
        .address = fake->address,
        .ws_path = "/client-ws",
        .public_key = shown->public_key,
    };
    struct berth_proof_claim claim = {
        .app = berth_view_of(endpoint.app),
        .instance = berth_view_of(endpoint.instance),
        .port = endpoint.port,
        .challenge = berth_view_bytes(challenge, size),
    };
    uint8_t signature[BERTH_PROOF_SIZE];
    char text[BERTH_BASE64URL_SIZE(BERTH_PROOF_SIZE)];
    if (signer != NULL) {
        assert_int_equal(berth_proof_sign(signer, &claim, signature), 0);
        berth_base64url_encode(signature, sizeof signature, text);
        endpoint.proof = (struct berth_view){text, sizeof text};
    }
    char memory[4096];
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    berth_endpoint_write(&endpoint, BERTH_ENDPOINT_HEALTH, &out);
    peer_answer(peer, berth_endpoint_http_status(peer->state), berth_writer_result(&out));
}

static inline void peer_drip(void *owner) {
    struct peer *peer = owner;
    static const char text[] = "HTTP/1.1 200 OK\r\nX: ";
    size_t at = peer->dripped++;
    peer_send(peer, (struct berth_view){at < sizeof text - 1 ? &text[at] : "x", 1});
    berth_net_timer_start(peer->timer, 100);
}

static inline void peer_close(void *owner) {
    struct peer *peer = owner;
    berth_net_stream_close(peer->stream);
}

static inline void peer_later(struct peer *peer, uint64_t ms, berth_net_timer_event event) {
    assert_int_equal(berth_net_timer_create(peer->fake->world->net, event, peer, &peer->timer), 0);
    berth_net_timer_start(peer->timer, ms);
}

static inline void peer_flood(struct peer *peer, const char *begin) {
    char memory[4096];
    memset(memory, 'x', sizeof memory);
    peer_send(peer, berth_view_of(begin));
    for (int i = 0; i < 256; i++)
        peer_send(peer, (struct berth_view){memory, sizeof memory});
}

static inline void peer_crumble(struct peer *peer) {
    peer_send(peer, BERTH_VIEW("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 20000; i++)
        peer_send(peer, BERTH_VIEW("1\r\nx\r\n"));
    peer_send(peer, BERTH_VIEW("0\r\n\r\n"));
}

static inline void peer_react(void *owner) {
    struct peer *peer = owner;
    struct fake *fake = peer->fake;
    switch (fake->kind) {
    case FAKE_OURS:
    case FAKE_OTHER:
    case FAKE_FOREIGN:
        peer_health(peer, fake->identity, fake->identity, false);
        break;
    case FAKE_COPY:
    case FAKE_PROMISE:
        peer_health(peer, &fake->world->ours, NULL, false);
        break;
    case FAKE_REPLAY:
        peer_health(peer, &fake->world->ours, &fake->world->ours, true);
        break;
    case FAKE_THIEF:
        peer_health(peer, &fake->world->ours, &fake->world->other, false);
        break;
    case FAKE_HELLO:
        peer_answer(peer, 200, BERTH_VIEW("<h1>assistant</h1>"));
        break;
    case FAKE_MISSING:
        peer_answer(peer, 404, BERTH_VIEW("{}"));
        break;
    case FAKE_REDIRECT:
        peer_answer(peer, 302, BERTH_VIEW(""));
        break;
    case FAKE_NOISE:
        peer_send(peer, BERTH_VIEW("220 mail.example ESMTP\r\n"));
        break;
    case FAKE_HANGUP:
        berth_net_stream_close(peer->stream);
        break;
    case FAKE_DRIP:
        peer_later(peer, 10, peer_drip);
        break;
    case FAKE_GIANT:
        peer_flood(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n");
        break;
    case FAKE_CRUMBS:
        peer_crumble(peer);
        break;
    case FAKE_HEADS:
        peer_flood(peer, "HTTP/1.1 200 OK\r\nX: ");
        break;
    case FAKE_RESET:
    case FAKE_TARPIT:
    case FAKE_BACKLOG:
    case FAKE_KINDS:
        break;
    }
}

/* -- Servers ----------------------------------------------------------------------------------- */

static inline void on_peer_data(void *owner, uint8_t *data, size_t size) {
    struct peer *peer = owner;
    assert_true(peer->size + size < sizeof peer->received);
    memcpy(peer->received + peer->size, data, size);
    peer->size += size;
    peer->received[peer->size] = 0;
    if (strstr(peer->received, "\r\n\r\n") == NULL)
        return;
    peer->fake->asked++;
    peer->state = peer->fake->state;
    if (peer->fake->slow_ms > 0)
        peer_later(peer, peer->fake->slow_ms, peer_react);
    else
        peer_react(peer);
}

static inline void on_peer_end(void *owner) {
    struct peer *peer = owner;
    berth_net_stream_close(peer->stream);
}

static inline void on_peer_error(void *owner, int error) {
    (void)error;
    on_peer_end(owner);
}

static inline void on_peer_drained(void *owner) { (void)owner; }

static inline void on_peer_closed(void *owner) {
    struct peer *peer = owner;
    peer->closed = true;
    berth_net_timer_destroy(peer->timer);
    peer->timer = NULL;
}

static const struct berth_net_stream_events peer_events = {
    .on_data = on_peer_data,
    .on_end = on_peer_end,
    .on_drained = on_peer_drained,
    .on_error = on_peer_error,
    .on_closed = on_peer_closed,
};

static inline void on_accept(void *owner, struct berth_net_stream *stream) {
    struct fake *fake = owner;
    struct world *world = fake->world;
    assert_true(world->peer_count < PEERS_MAX);
    struct peer *peer = &world->peers[world->peer_count++];
    *peer = (struct peer){.fake = fake, .stream = stream};
    berth_net_stream_start(stream, &peer_events, peer);
    if (fake->kind == FAKE_RESET) { /* what is unread at the close is a reset */
        berth_net_stream_pause(stream);
        peer_later(peer, 10, peer_close);
    }
}

static inline void on_listener_closed(void *owner) { ((struct fake *)owner)->listener = NULL; }

static const struct berth_net_listener_events listener_events = {
    .on_accept = on_accept,
    .on_closed = on_listener_closed,
};

static inline struct berth_addr at_ip4(uint16_t port) {
    return (struct berth_addr){4, port, {127, 0, 0, 1}};
}

static inline struct berth_addr at_ip6(uint16_t port) {
    return (struct berth_addr){6, port, {[15] = 1}};
}

static inline void fake_listen(struct fake *fake) {
    berth_net_socket socket;
    uint16_t port;
    assert_int_equal(berth_net_sim_socket(fake->world->net, &fake->address, &port, &socket), 0);
    if (fake->kind != FAKE_BACKLOG)
        assert_int_equal(
            berth_net_listen(fake->world->net, socket, &listener_events, fake, &fake->listener), 0);
}

/* An instance of its own for each: i1018, and so on. */
static inline struct fake *world_serve_at(struct world *world, struct berth_addr address,
                                          enum fake_kind kind) {
    assert_true(world->fake_count < FAKES_MAX);
    struct fake *fake = &world->fakes[world->fake_count++];
    bool starting = kind == FAKE_PROMISE;
    *fake = (struct fake){
        .world = world,
        .kind = kind,
        .address = address,
        .identity = kind == FAKE_OURS ? &world->ours : &world->other,
        .state = starting ? BERTH_ENDPOINT_STARTING : BERTH_ENDPOINT_READY,
    };
    snprintf(fake->instance, sizeof fake->instance, "i%u", (unsigned)address.port);
    fake_listen(fake);
    return fake;
}

static inline struct fake *world_serve(struct world *world, uint16_t port, enum fake_kind kind) {
    return world_serve_at(world, at_ip4(port), kind);
}

/* -- Records ----------------------------------------------------------------------------------- */

static inline struct berth_writer record_of(const struct fake *fake, char *memory,
                                            size_t capacity) {
    struct berth_writer out = berth_writer_on(memory, capacity);
    const struct berth_endpoint endpoint = {
        .app = "assistant",
        .instance = fake->instance,
        .version = "0.1.0",
        .host = "127.0.0.1",
        .state = fake->state,
        .pid = 4711,
        .port = fake->address.port,
        .requested_port = 1018,
        .address = fake->address,
        .ws_path = "/client-ws",
        .state_dir = fake->world->state_dir,
        .public_key = fake->identity->public_key,
        .token = "the-token",
    };
    berth_endpoint_write(&endpoint, BERTH_ENDPOINT_RECORD, &out);
    assert_false(out.overflow);
    return out;
}

static inline void fake_publish(const struct fake *fake, struct berth_record *record) {
    char memory[BERTH_ENDPOINT_MAX];
    struct berth_writer out = record_of(fake, memory, sizeof memory);
    assert_int_equal(berth_record_publish(record, berth_writer_result(&out)), 0);
}

static inline struct berth_record *fake_record(const struct fake *fake) {
    struct berth_record *record;
    assert_int_equal(
        berth_record_open(fake->world->runtime_dir, "assistant", fake->instance, &record), 0);
    fake_publish(fake, record);
    return record;
}

/* A process of its own that holds the fake's record, until it is killed. */
static inline pid_t fake_record_elsewhere(const struct fake *fake) {
    int pipes[2];
    char byte;
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(60);
        fake_record(fake);
        _exit(write(pipes[1], "", 1) == 1 && pause() == 0);
    }
    close(pipes[1]);
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    close(pipes[0]);
    return child;
}

static inline void kill_holder(pid_t child) {
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

/* Lets watchers hear of a change in the folder of records. */
static inline void world_touch(struct world *world) {
    char path[96];
    snprintf(path, sizeof path, "%s/assistant", world->runtime_dir);
    berth_net_sim_touch(world->net, path);
}

/* -- The world --------------------------------------------------------------------------------- */

static inline void on_event(void *owner, const struct berth_find_event *event) {
    struct world *world = owner;
    assert_true(world->heard_count < EVENTS_MAX);
    assert_int_equal(world->done, 0);
    struct heard *heard = &world->heard[world->heard_count++];
    *heard = (struct heard){.type = event->type,
                            .source = event->source,
                            .verdict = event->verdict,
                            .elapsed_ms = event->elapsed_ms};
    snprintf(heard->url, sizeof heard->url, "%s", event->url);
    snprintf(heard->text, sizeof heard->text, "%s", event->text);
    if (world->on_heard != NULL)
        world->on_heard(world, heard);
}

static inline void on_done(void *owner, int error, const struct berth_found *found) {
    struct world *world = owner;
    world->done++;
    world->done_ms = berth_net_now_ms(world->net) - world->started_ms;
    world->error = error;
    world->search = NULL;
    assert_true((found != NULL) == (error == 0));
    if (found != NULL)
        world->found = *found;
    berth_net_stop(world->net);
}

static inline int world_create(struct world *world, const struct berth_net_sim_options *sim) {
    /* A test that waits for what never comes ends here. */
    alarm(100);
    *world = (struct world){.folder = "/tmp/berth-find-XXXXXX"};
    assert_non_null(mkdtemp(world->folder));
    snprintf(world->runtime_dir, sizeof world->runtime_dir, "%s/run", world->folder);
    snprintf(world->state_dir, sizeof world->state_dir, "%s/state", world->folder);
    snprintf(world->port_file, sizeof world->port_file, "%s/server_port.txt", world->folder);
    assert_int_equal(mkdir(world->runtime_dir, 0700), 0);
    assert_int_equal(mkdir(world->state_dir, 0700), 0);
    world->heard = calloc(EVENTS_MAX, sizeof *world->heard);
    world->peers = calloc(PEERS_MAX, sizeof *world->peers);
    assert_true(world->heard != NULL && world->peers != NULL);
    berth_identity_make((const uint8_t[BERTH_PROOF_SEED_SIZE]){1}, &world->ours);
    berth_identity_make((const uint8_t[BERTH_PROOF_SEED_SIZE]){2}, &world->other);
    world->options = (struct berth_find_options){
        .app = "assistant",
        .runtime_dir = world->runtime_dir,
        .state_dir = world->state_dir,
        .public_key = world->ours.public_key,
        .on_event = on_event,
        .owner = world,
    };
    return berth_net_sim_create(sim, &world->net);
}

/* Every byte may come alone, and everything takes a little while. */
static inline void world_open(struct world *world, uint64_t seed) {
    const struct berth_net_sim_options sim = {
        .seed = seed, .short_reads = true, .short_writes = true, .delay_max_ms = 3};
    assert_int_equal(world_create(world, &sim), 0);
}

static inline void world_start(struct world *world) {
    world->done = 0;
    world->heard_count = 0;
    world->started_ms = berth_net_now_ms(world->net);
    assert_int_equal(
        berth_search_start(world->net, &world->options, on_done, world, &world->search), 0);
}

static inline void stop_net(void *owner) { berth_net_stop(owner); }

static inline void world_run_for(struct world *world, uint64_t ms) {
    struct berth_net_timer *timer;
    assert_int_equal(berth_net_timer_create(world->net, stop_net, world->net, &timer), 0);
    berth_net_timer_start(timer, ms);
    berth_net_run(world->net);
    berth_net_timer_destroy(timer);
}

/* Until it is done, for ten virtual minutes at most. */
static inline void world_search(struct world *world) {
    world_start(world);
    world_run_for(world, 600000);
    assert_int_equal(world->done, 1);
}

static inline int remove_entry(const char *path, const struct stat *status, int kind,
                               struct FTW *walk) {
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

static inline void world_close(struct world *world) {
    berth_search_cancel(world->search);
    berth_net_destroy(world->net);
    free(world->heard);
    free(world->peers);
    nftw(world->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* -- What was heard ---------------------------------------------------------------------------- */

static inline size_t heard_of(const struct world *world, enum berth_find_event_type type,
                              const char *text) {
    size_t count = 0;
    for (size_t i = 0; i < world->heard_count; i++)
        count += world->heard[i].type == type && strstr(world->heard[i].text, text) != NULL;
    return count;
}

static inline void assert_heard(const struct world *world, enum berth_find_event_type type,
                                const char *text) {
    if (heard_of(world, type, text) > 0)
        return;
    for (size_t i = 0; i < world->heard_count; i++)
        print_message("%d %s\n", (int)world->heard[i].type, world->heard[i].text);
    fail_msg("nobody said \"%s\"", text);
}

static inline void assert_found(const struct world *world, const struct fake *fake,
                                enum berth_verdict verdict) {
    if (world->error < 0)
        fail_msg("%s", berth_error_text(world->error));
    assert_string_equal(world->found.instance, fake->instance);
    assert_int_equal(world->found.port, fake->address.port);
    assert_int_equal(world->found.verdict, verdict);
}

#endif
