/* What only a real system can do to us: no descriptors, no memory, signals, sockets of others. */
#include "net/conformance.h"
#include "net/epoll_transport.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void test_a_stream_is_small(void **state) {
    (void)state;
    assert_true(sizeof(struct berth_net_uv_stream) < 400);
    assert_true(sizeof(struct berth_net_epoll_stream) <= 160);
}

/* -- Sockets ----------------------------------------------------------------------------------- */

static void stop_when_connected(struct end *end, enum happening what) {
    if (what == CONNECTED && end->world->end_count == 2)
        berth_net_stop(end->world->net);
    if (what == ACCEPTED && end->world->ends[0].count[CONNECTED] == 1)
        berth_net_stop(end->world->net);
}

static int option_of(int descriptor, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(descriptor, level, name, &value, &size) == 0 ? value : -1;
}

static void test_every_socket_is_close_on_exec_and_without_delay(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, stop_when_connected);
    world_connect(world, stop_when_connected);
    world_run(world);
    int connected = 0;
    int listening = 0;
    for (int descriptor = 3; descriptor < 256; descriptor++) {
        if (option_of(descriptor, SOL_SOCKET, SO_PROTOCOL) != IPPROTO_TCP)
            continue;
        assert_true((fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
        assert_true((fcntl(descriptor, F_GETFL) & O_NONBLOCK) != 0);
        if (option_of(descriptor, SOL_SOCKET, SO_ACCEPTCONN) == 1) {
            listening++;
            continue;
        }
        connected++;
        assert_int_equal(option_of(descriptor, IPPROTO_TCP, TCP_NODELAY), 1);
    }
    assert_int_equal(listening, 1);
    assert_int_equal(connected, 2);
    world_close(world);
}

/* Whatever the system's own choice is (BBR paces). Of both ends, but for libuv's own connecting. */
static void test_nothing_is_paced_on_loopback(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, stop_when_connected);
    world_connect(world, stop_when_connected);
    world_run(world);
    int unpaced = 0;
    for (int descriptor = 3; descriptor < 256; descriptor++) {
        char name[16] = "";
        socklen_t size = sizeof name;
        if (option_of(descriptor, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP &&
            getsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, name, &size) == 0)
            unpaced += strcmp(name, "reno") == 0;
    }
    assert_true(unpaced >= (world->transport == &transport_uv ? 2 : 3)); /* with the listener */
    world_close(world);
}

static void test_only_a_listening_socket_is_listened_on(void **state) {
    struct world *world = world_open(*state);
    int plain = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct berth_net_listener *listener;
    assert_int_equal(berth_net_listen(world->net, plain, &listener_events, world, &listener),
                     BERTH_E_INVALID);
    assert_int_equal(fcntl(plain, F_GETFD), -1); /* taken, also on failure */
    assert_int_equal(berth_net_listen(world->net, plain, &listener_events, world, &listener),
                     BERTH_E_INVALID);
    world_close(world);
}

/* -- Resets ------------------------------------------------------------------------------------ */

/* A peer that is not ours: blocking, and gone with SO_LINGER 0, as after a crash of a middlebox. */
static int raw_connect(const struct world *world) {
    struct sockaddr_storage address = berth_net_uv_sockaddr(&world->addr);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(descriptor >= 0);
    assert_int_equal(connect(descriptor, (struct sockaddr *)&address, sizeof(struct sockaddr_in)),
                     0);
    return descriptor;
}

static void raw_reset(int descriptor) {
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    close(descriptor);
}

static void close_when_failed(struct end *end, enum happening what) {
    if (what == FAILED)
        end_close(end);
    if (what == CLOSED)
        berth_net_stop(end->world->net);
}

static void test_a_reset_by_a_stranger(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, close_when_failed);
    int raw = raw_connect(world);
    world_run_for(world, 20);
    raw_reset(raw);
    world_run(world);
    assert_int_equal(world->ends[0].error, BERTH_E_RESET);
    assert_int_equal(world->ends[0].count[ENDED], 0);
    assert_int_equal(world->ends[0].count[CLOSED], 1);
    world_close(world);
}

/* SIGPIPE would end the process, and with it this test: the first send is answered with a reset,
 * the second finds a broken pipe. */
static void test_writing_to_a_broken_connection_raises_no_signal(void **state) {
    signal(SIGPIPE, SIG_DFL);
    struct world *world = world_open(*state);
    world_serve(world, close_when_failed);
    int raw = raw_connect(world);
    world_run_for(world, 20);
    struct end *end = &world->ends[0];
    berth_net_stream_pause(end->stream);
    close(raw);
    assert_int_equal(end_send(end, 10), 0);
    assert_int_equal(end_send(end, 10), 0);
    assert_int_equal(end_send(end, 10), BERTH_E_CLOSED);
    assert_int_equal(end->count[FAILED], 0);
    world_run(world);
    assert_int_equal(end->error, BERTH_E_RESET);
    world_close(world);
}

/* What came before the reset is not lost because our own sending found it first. */
static void test_last_words_are_heard_before_the_failure(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, close_when_failed);
    int raw = raw_connect(world);
    world_run_for(world, 20);
    uint8_t *bytes = pattern_from(0, 100);
    assert_int_equal(send(raw, bytes, 100, 0), 100);
    free(bytes);
    raw_reset(raw);
    struct end *end = &world->ends[0];
    assert_int_equal(end_send(end, 10), 0);
    world_run(world);
    assert_int_equal(end->received, 100);
    assert_int_equal(end->count[FAILED], 1);
    world_close(world);
}

static void test_a_programs_own_handler_stands(void **state) {
    struct sigaction before;
    struct sigaction ours = {.sa_handler = SIG_IGN, .sa_flags = SA_RESTART};
    sigaction(SIGPIPE, &ours, &before);
    const struct transport *transport = *state;
    struct berth_net *net;
    assert_int_equal(transport->create(&net), 0);
    berth_net_destroy(net);
    struct sigaction after;
    sigaction(SIGPIPE, &before, &after);
    assert_true((after.sa_flags & SA_RESTART) != 0);
}

/* -- Out of descriptors ------------------------------------------------------------------------ */

/* Leaves room for `spare` more descriptors than are open now. */
static struct rlimit lower_limit(int spare) {
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(0);
    assert_true(next >= 0);
    close(next);
    struct rlimit lower = {.rlim_cur = (rlim_t)(next + spare), .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &lower), 0);
    return before;
}

static void count_wake_ups(uv_prepare_t *handle) { (*(int *)handle->data)++; }

static bool six_are_there(const struct world *world) { return world->end_count == 6; }

static void test_without_descriptors_connections_wait(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, NULL);
    int raw[6];
    for (int i = 0; i < 6; i++)
        raw[i] = raw_connect(world);
    int turns = 0;
    uv_prepare_t prepare = {.data = &turns};
    uv_prepare_init(&berth_net_uv_of(world->net)->loop, &prepare);
    uv_prepare_start(&prepare, count_wake_ups);

    /* Two connections; and the descriptor that libuv keeps in reserve from its first stream on. */
    bool has_reserve = world->transport == &transport_uv;
    struct rlimit before = lower_limit(has_reserve ? 3 : 2);
    world_run_for(world, 350);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(world->end_count, 2);
    assert_in_range(world->listener_errors, 2, 4);
    assert_int_equal(world->listener_error, BERTH_E_TOO_MANY_FILES);
    assert_true(turns < 30); /* it slept, and did not spin */

    /* None was dropped: with room, all the others are there. */
    world_run_until(world, six_are_there);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(world->ends[i].count[ENDED], 0);
        close(raw[i]);
    }
    uv_close((uv_handle_t *)&prepare, NULL);
    world_close(world);
}

static void test_connecting_without_descriptors(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, NULL);
    struct rlimit before = lower_limit(0);
    struct end *client = world_connect(world, NULL);
    assert_int_equal(client->count[CONNECTED], 0);
    world_run_for(world, 20);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(client->count[CONNECTED], 1);
    assert_int_equal(client->error, BERTH_E_TOO_MANY_FILES);
    world_close(world);
}

static void close_listener_on_error(void *owner, int error) {
    struct world *world = owner;
    on_listener_error(owner, error);
    berth_net_listener_close(world->listener);
}

static void test_closing_the_listener_in_its_error(void **state) {
    static const struct berth_net_listener_events events = {
        .on_accept = on_accept,
        .on_error = close_listener_on_error,
        .on_closed = on_listener_closed,
    };
    struct world *world = world_open(*state);
    berth_net_socket socket;
    assert_int_equal(berth_addr_parse(BERTH_VIEW("127.0.0.1"), 0, &world->addr), 0);
    assert_int_equal(real_socket(world->net, &world->addr, &world->addr.port, &socket), 0);
    assert_int_equal(berth_net_listen(world->net, socket, &events, world, &world->listener), 0);
    int raw = raw_connect(world);
    struct rlimit before = lower_limit(0);
    world_run_for(world, 50);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(world->listener_errors, 1);
    assert_int_equal(world->listener_closed, 1);
    close(raw);
    world_close(world);
}

/* -- Out of memory ----------------------------------------------------------------------------- */

static bool one_is_there(const struct world *world) { return world->end_count == 1; }

static void test_without_memory_connections_wait(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, NULL);
    int raw = raw_connect(world);
    struct berth_net_timer *timer;
    assert_int_equal(berth_net_timer_create(world->net, stop_owner, world->net, &timer), 0);
    berth_net_timer_start(timer, 50);
    berth_alloc_fail_at(1);
    world_run(world);
    berth_alloc_fail_at(0);
    assert_int_equal(world->listener_errors, 1);
    assert_int_equal(world->listener_error, BERTH_E_MEMORY);
    assert_int_equal(world->end_count, 0);
    world_run_until(world, one_is_there);
    close(raw);
    world_close(world);
}

static void test_whatever_allocation_fails_is_an_error(void **state) {
    const struct transport *transport = *state;
    struct berth_net *net;
    for (size_t nth = 1; nth <= 2; nth++) {
        berth_alloc_fail_at(nth);
        assert_int_equal(transport->create(&net), BERTH_E_MEMORY);
    }
    berth_alloc_fail_at(0);
    struct world *world = world_open(*state);
    world_serve(world, NULL);
    struct berth_net_stream *stream;
    size_t connecting = transport == &transport_uv ? 2 : 1; /* libuv's request is the second */
    for (size_t nth = 1; nth <= connecting; nth++) {
        berth_alloc_fail_at(nth);
        assert_int_equal(berth_net_connect(world->net, &world->addr, &end_events, world, &stream),
                         BERTH_E_MEMORY);
    }
    berth_alloc_fail_at(1);
    struct berth_net_timer *timer;
    assert_int_equal(berth_net_timer_create(world->net, stop_owner, NULL, &timer), BERTH_E_MEMORY);
    berth_alloc_fail_at(1);
    struct berth_net_signal *signal;
    assert_int_equal(berth_net_signal_create(world->net, SIGHUP, NULL, NULL, &signal),
                     BERTH_E_MEMORY);
    berth_alloc_fail_at(0);
    assert_int_equal(berth_net_signal_create(world->net, SIGKILL, NULL, NULL, &signal),
                     BERTH_E_INVALID);
    world_close(world);
}

static void pause_at_once(struct end *end, enum happening what) {
    if (what == ACCEPTED)
        QUIETLY(end->world, berth_net_stream_pause(end->stream));
}

/* The kernel took a part and there is no memory for the rest: the stream cannot go on. */
static void test_half_a_send_without_memory_is_a_failure(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, pause_at_once);
    struct end *client = world_connect(world, close_when_failed);
    world_run_for(world, 20);
    size_t huge = (size_t)64 * 1024 * 1024;
    berth_net_stream_limit(client->stream, huge);
    berth_alloc_fail_at(1);
    assert_int_equal(end_send(client, huge), 0);
    berth_alloc_fail_at(0);
    assert_int_equal(end_send(client, 1), BERTH_E_CLOSED);
    world_run(world);
    assert_int_equal(client->error, BERTH_E_MEMORY);
    world_close(world);
}

/* -- The steady path --------------------------------------------------------------------------- */

static const int rounds = 1000;

static void ping_pong(struct end *end, enum happening what) {
    if (what == CONNECTED)
        assert_int_equal(end_send(end, 200), 0);
    if (what != DATA)
        return;
    if (end->count[DATA] == 10)
        berth_alloc_fail_at(0); /* counts from here */
    if (end->count[DATA] >= rounds)
        berth_net_stop(end->world->net);
    else
        assert_int_equal(end_send(end, end->size), 0);
}

/* Messages, timers and ends come as ever; a loop that has nothing to do sleeps. */
static void test_spinning_changes_only_the_time(void **state) {
    struct world *world = world_open(*state);
    berth_net_spin(world->net, 1000);
    world_serve(world, ping_pong);
    struct end *client = world_connect(world, ping_pong);
    world_run(world);
    assert_int_equal(client->count[DATA] + world->ends[1].count[DATA], 2 * rounds - 1);
    struct timespec before, after;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    world_run_for(world, 200);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    long busy_us =
        (after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000;
    assert_true(busy_us < 100000);
    end_close(client);
    world_close(world);
}

/* Two peers with an end each. The first has always said the next thing before it is looked for; the
 * second speaks while the first is heard, and again once it was heard itself. */
static struct hasty {
    bool asked_for;
    int talker, other; /* sockets of the test's own */
    size_t talker_said, other_said;
    int waited; /* what the talker said meanwhile, since the other spoke */
    int waited_max;
} hasty;

static void say(int socket, size_t *said) {
    uint8_t byte = pattern((*said)++);
    assert_int_equal(write(socket, &byte, 1), 1);
}

static void hear_both(struct end *end, enum happening what) {
    if (what == ACCEPTED && hasty.asked_for)
        QUIETLY(end->world, berth_net_stream_hasten(end->stream));
    if (what != DATA)
        return;
    struct end *talker = &end->world->ends[0], *other = &end->world->ends[1];
    if (end == other) {
        hasty.waited = 0;
        return;
    }
    if (++hasty.waited > hasty.waited_max)
        hasty.waited_max = hasty.waited;
    if (other->received == hasty.other_said)
        say(hasty.other, &hasty.other_said);
    if (talker->count[DATA] == rounds)
        assert_int_equal(shutdown(hasty.talker, SHUT_WR), 0);
    else
        say(hasty.talker, &hasty.talker_said);
}

static bool talker_ended(const struct world *world) { return world->ends[0].count[ENDED] == 1; }

static bool both_are_there(const struct world *world) { return world->end_count == 2; }

static void talk(struct world *world, bool asked_for) {
    berth_net_spin(world->net, 1000);
    world_serve(world, hear_both);
    hasty = (struct hasty){.asked_for = asked_for, .talker = raw_connect(world)};
    hasty.other = raw_connect(world);
    world_run_until(world, both_are_there);
    say(hasty.talker, &hasty.talker_said);
    world_run_until(world, talker_ended);
    assert_int_equal(world->ends[0].count[DATA], rounds);
    assert_int_equal(world->ends[1].received, hasty.other_said);
    end_close(&world->ends[0]);
    end_close(&world->ends[1]);
    close(hasty.talker);
    close(hasty.other);
}

/* While it spins, the loop asks first who always has more to say, and yet hears others soon. */
static void test_a_hasty_stream_keeps_nobody_waiting(void **state) {
    struct world *world = world_open(*state);
    talk(world, true);
    assert_in_range(hasty.waited_max, 1, 11);
    if (world->transport == &transport_epoll) /* where it is heeded */
        assert_in_range(hasty.other_said, rounds / 11, rounds / 4);
    world_close(world);
}

/* A request must not be heard before the change of a file that came before it. */
static void test_no_other_stream_is_heard_out_of_turn(void **state) {
    struct world *world = world_open(*state);
    talk(world, false);
    assert_in_range(hasty.waited_max, 1, 2);
    world_close(world);
}

static void test_no_allocation_for_a_message(void **state) {
    struct world *world = world_open(*state);
    world_serve(world, ping_pong);
    struct end *client = world_connect(world, ping_pong);
    world_run(world);
    assert_int_equal(client->count[DATA] + world->ends[1].count[DATA], 2 * rounds - 1);
    assert_int_equal(berth_alloc_count(), 0);
    world_close(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_REAL(test_a_stream_is_small),
        ON_REAL(test_every_socket_is_close_on_exec_and_without_delay),
        ON_REAL(test_nothing_is_paced_on_loopback),
        ON_REAL(test_only_a_listening_socket_is_listened_on),
        ON_REAL(test_a_reset_by_a_stranger),
        ON_REAL(test_writing_to_a_broken_connection_raises_no_signal),
        ON_REAL(test_last_words_are_heard_before_the_failure),
        ON_REAL(test_a_programs_own_handler_stands),
        ON_REAL(test_without_descriptors_connections_wait),
        ON_REAL(test_connecting_without_descriptors),
        ON_REAL(test_closing_the_listener_in_its_error),
        ON_REAL(test_without_memory_connections_wait),
        ON_REAL(test_whatever_allocation_fails_is_an_error),
        ON_REAL(test_half_a_send_without_memory_is_a_failure),
        ON_REAL(test_spinning_changes_only_the_time),
        ON_REAL(test_a_hasty_stream_keeps_nobody_waiting),
        ON_REAL(test_no_other_stream_is_heard_out_of_turn),
        ON_REAL(test_no_allocation_for_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
