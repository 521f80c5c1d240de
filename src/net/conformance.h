/* What the tests of the transports share: each test runs on every one of them.
 *
 *     static void test_something(void **state) {
 *         struct world *world = world_open(*state);
 *         world_serve(world, react_as_server);
 *         world_connect(world, react_as_client);
 *         world_run(world);
 *         world_close(world);
 *     }
 *     ... const struct CMUnitTest tests[] = {ON_ALL(test_something)}; ...
 *
 * Shape:   every end of a connection is a struct end, which counts and checks what it hears and
 *          then calls its test's react function. Bytes on a connection follow a pattern by their
 *          position, so that a loss, a double or a swap shows at once
 * Limits:  ENDS_MAX ends in a test
 */
#ifndef BERTH_NET_CONFORMANCE_H
#define BERTH_NET_CONFORMANCE_H

#include "base/alloc.h"
#include "berth/error.h"
#include "net/sim.h"
#include "sys/listen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define ENDS_MAX 4096

/* -- Transports -------------------------------------------------------------------------------- */

struct transport {
    const char *name;
    int (*create)(struct berth_net **ret_net);
    int (*socket)(struct berth_net *net, const struct berth_addr *addr, uint16_t *ret_port,
                  berth_net_socket *ret_socket);
    bool is_real; /* sockets, signals and folders are the system's own */
};

static inline int real_socket(struct berth_net *net, const struct berth_addr *addr,
                              uint16_t *ret_port, berth_net_socket *ret_socket) {
    (void)net;
    return berth_sys_listen(addr, 1024, ret_port, ret_socket);
}

static inline int smooth_create(struct berth_net **ret_net) {
    const struct berth_net_sim_options options = {.seed = 1};
    return berth_net_sim_create(&options, ret_net);
}

static inline int rough_create(struct berth_net **ret_net) {
    const struct berth_net_sim_options options = {
        .seed = 2,
        .short_reads = true,
        .short_writes = true,
        .window = 5000,
        .delay_max_ms = 9,
    };
    return berth_net_sim_create(&options, ret_net);
}

static const struct transport transport_epoll = {"epoll", berth_net_epoll_create, real_socket,
                                                 true};
static const struct transport transport_uv = {"uv", berth_net_uv_create, real_socket, true};
static const struct transport transport_smooth = {"sim", smooth_create, berth_net_sim_socket,
                                                  false};
static const struct transport transport_rough = {"rough sim", rough_create, berth_net_sim_socket,
                                                 false};

#define ON(transport, test)                                                                        \
    { #transport ": " #test, test, NULL, NULL, (void *)(uintptr_t)&transport }
#define ON_REAL(test) ON(transport_epoll, test), ON(transport_uv, test)
#define ON_ALL(test) ON_REAL(test), ON(transport_smooth, test), ON(transport_rough, test)

/* -- Ends -------------------------------------------------------------------------------------- */

enum happening { ACCEPTED, CONNECTED, DATA, ENDED, DRAINED, FAILED, CLOSED };

struct end;
typedef void (*reaction)(struct end *end, enum happening what);

struct end {
    struct world *world;
    struct berth_net_stream *stream;
    reaction react;
    struct berth_net_timer *timer; /* a test's own */
    uint8_t *place;                /* where it receives; NULL for the loop's memory */
    size_t place_size;             /* how much at most; 0 for as much as there is */
    const uint8_t *data;           /* while DATA is told */
    size_t size;
    size_t received;
    size_t sent;
    int count[CLOSED + 1]; /* how often each thing happened */
    int error;             /* of CONNECTED and FAILED */
    bool close_called;
};

struct world {
    const struct transport *transport;
    struct berth_net *net;
    struct berth_addr addr;
    struct berth_net_listener *listener;
    reaction server_react;
    struct end *ends;
    size_t end_count;
    size_t open_count; /* streams that have not told CLOSED */
    int listener_closed;
    int listener_errors;
    int listener_error;
    bool calling; /* a function of net.h runs: no event may come */
};

/* Calls a function of net.h; an event that came from inside of it would see `calling`. */
#define QUIETLY(world, call)                                                                       \
    do {                                                                                           \
        bool calling_before = (world)->calling;                                                    \
        (world)->calling = true;                                                                   \
        call;                                                                                      \
        (world)->calling = calling_before;                                                         \
    } while (0)

static inline uint8_t pattern(size_t position) {
    return (uint8_t)(position * 131 + (position >> 8) * 29 + (position >> 16));
}

static inline uint8_t *pattern_from(size_t position, size_t size) {
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = pattern(position + i);
    return bytes;
}

/* Sends the next bytes of the pattern; they are gone when this returns. */
static inline int end_send(struct end *end, size_t size) {
    uint8_t *bytes = pattern_from(end->sent, size);
    struct berth_view view = berth_view_bytes(bytes, size);
    int error;
    QUIETLY(end->world, error = berth_net_send(end->stream, &view, 1));
    free(bytes);
    if (error == 0)
        end->sent += size;
    return error;
}

/* Sends to a peer that does not read, until so much waits that the system will not take it by
 * itself: its buffers grow for a while. */
static inline void end_fill(struct end *end) {
    while (berth_net_stream_pending(end->stream) < 2u << 20)
        assert_int_equal(end_send(end, 16384), 0);
}

static inline void end_close(struct end *end) {
    end->close_called = true;
    QUIETLY(end->world, berth_net_stream_close(end->stream));
}

static inline void tell(struct end *end, enum happening what) {
    assert_false(end->world->calling);
    assert_int_equal(end->count[CLOSED], 0);
    if (what != CLOSED) {
        assert_false(end->close_called);
        assert_int_equal(end->count[FAILED], 0);
    }
    end->count[what]++;
    if (end->react != NULL)
        end->react(end, what);
}

static inline void on_connect(void *owner, int error) {
    struct end *end = owner;
    end->error = error;
    tell(end, CONNECTED);
}

static inline uint8_t *on_place(void *owner, size_t *ret_size) {
    struct end *end = owner;
    assert_false(end->world->calling || end->close_called);
    if (end->place_size > 0 && end->place_size < *ret_size)
        *ret_size = end->place_size;
    return end->place;
}

static inline void on_data(void *owner, uint8_t *data, size_t size) {
    struct end *end = owner;
    assert_int_equal(end->count[ENDED], 0);
    assert_true(size > 0);
    assert_true(end->place == NULL || data == end->place);
    assert_true(end->place_size == 0 || size <= end->place_size);
    for (size_t i = 0; i < size; i++) {
        if (data[i] != pattern(end->received + i))
            fail_msg("byte %zu is wrong", end->received + i);
    }
    end->data = data;
    end->size = size;
    end->received += size;
    tell(end, DATA);
    end->data = NULL;
}

static inline void on_end(void *owner) { tell(owner, ENDED); }

static inline void on_drained(void *owner) {
    struct end *end = owner;
    assert_int_equal(berth_net_stream_pending(end->stream), 0);
    tell(end, DRAINED);
}

static inline void on_error(void *owner, int error) {
    struct end *end = owner;
    assert_true(error < 0);
    end->error = error;
    tell(end, FAILED);
}

static inline void on_closed(void *owner) {
    struct end *end = owner;
    end->world->open_count--;
    tell(end, CLOSED);
}

static const struct berth_net_stream_events end_events = {
    .on_connect = on_connect,
    .place = on_place,
    .on_data = on_data,
    .on_end = on_end,
    .on_drained = on_drained,
    .on_error = on_error,
    .on_closed = on_closed,
};

static inline struct end *end_open(struct world *world, reaction react) {
    assert_true(world->end_count < ENDS_MAX);
    struct end *end = &world->ends[world->end_count++];
    *end = (struct end){.world = world, .react = react};
    world->open_count++;
    return end;
}

/* -- The world --------------------------------------------------------------------------------- */

static inline struct world *world_open(const struct transport *transport) {
    /* A test that waits for what never comes ends here. */
    alarm(60);
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->ends = calloc(ENDS_MAX, sizeof *world->ends);
    assert_non_null(world->ends);
    world->transport = transport;
    assert_int_equal(transport->create(&world->net), 0);
    return world;
}

static inline void on_accept(void *owner, struct berth_net_stream *stream) {
    struct world *world = owner;
    assert_false(world->calling);
    struct end *end = end_open(world, world->server_react);
    end->stream = stream;
    QUIETLY(world, berth_net_stream_start(stream, &end_events, end));
    tell(end, ACCEPTED);
}

static inline void on_listener_error(void *owner, int error) {
    struct world *world = owner;
    assert_false(world->calling);
    world->listener_errors++;
    world->listener_error = error;
}

static inline void on_listener_closed(void *owner) {
    struct world *world = owner;
    assert_false(world->calling);
    world->listener_closed++;
    world->listener = NULL;
}

static const struct berth_net_listener_events listener_events = {
    .on_accept = on_accept,
    .on_error = on_listener_error,
    .on_closed = on_listener_closed,
};

/* Listens on `ip`, on a port that the system gives. */
static inline void world_serve_at(struct world *world, const char *ip, reaction react) {
    world->server_react = react;
    assert_int_equal(berth_addr_parse(berth_view_of(ip), 0, &world->addr), 0);
    berth_net_socket socket;
    assert_int_equal(world->transport->socket(world->net, &world->addr, &world->addr.port, &socket),
                     0);
    assert_int_equal(
        berth_net_listen(world->net, socket, &listener_events, world, &world->listener), 0);
}

static inline void world_serve(struct world *world, reaction react) {
    world_serve_at(world, "127.0.0.1", react);
}

static inline struct end *world_connect(struct world *world, reaction react) {
    struct end *end = end_open(world, react);
    int error;
    QUIETLY(world,
            error = berth_net_connect(world->net, &world->addr, &end_events, end, &end->stream));
    assert_int_equal(error, 0);
    return end;
}

static inline void world_run(struct world *world) {
    assert_int_equal(berth_net_run(world->net), 0);
}

static inline void stop_when_all_closed(struct end *end) {
    if (end->world->open_count == 0)
        berth_net_stop(end->world->net);
}

/* Runs until a timer's end: what has not happened by then does not happen. */
static inline void stop_owner(void *owner) { berth_net_stop(owner); }

static inline void world_run_for(struct world *world, uint64_t ms) {
    struct berth_net_timer *timer;
    assert_int_equal(berth_net_timer_create(world->net, stop_owner, world->net, &timer), 0);
    berth_net_timer_start(timer, ms);
    world_run(world);
    berth_net_timer_destroy(timer);
}

/* Runs until `done`, for ten seconds at most. */
static inline void world_run_until(struct world *world, bool (*done)(const struct world *world)) {
    for (int i = 0; i < 1000 && !done(world); i++)
        world_run_for(world, 10);
    assert_true(done(world));
}

/* Everything that is still open has its CLOSED in here. */
static inline void world_close(struct world *world) {
    berth_net_destroy(world->net);
    assert_int_equal(world->open_count, 0);
    assert_null(world->listener);
    free(world->ends);
    free(world);
}

#endif
