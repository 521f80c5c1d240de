/* An app over real sockets: its handlers, and what other threads ask of it. */
#include "berth/server.h"

#include "sys/fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MESSAGES 2000
#define SENDERS 4

/* -- A client by hand, in a thread of its own -------------------------------------------------- */

struct peer {
    uint16_t port;
    const char *say; /* a text to send once connected; NULL for none */
    int wanted;      /* messages to wait for; then it leaves */
    int got;
    int status;                    /* of the handshake */
    unsigned close_code;           /* that the server sent; 0 for none */
    int next_of[SENDERS];          /* what is to come next of each sender */
    bool is_disordered, is_broken; /* what came was not what was to come */
};

static bool read_all(int fd, void *bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t got = read(fd, (char *)bytes + done, size - done);
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

static bool shake_hands(struct peer *peer, int fd) {
    char head[1024];
    int size = snprintf(head, sizeof head,
                        "GET /ws?who=peer HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                        "Sec-WebSocket-Version: 13\r\n\r\n",
                        peer->port);
    if (write(fd, head, (size_t)size) != size)
        return false;
    size_t used = 0;
    do {
        if (used == sizeof head - 1 || !read_all(fd, head + used, 1))
            return false;
        head[++used] = '\0';
    } while (strstr(head, "\r\n\r\n") == NULL);
    peer->status = (int)strtol(head + 9, NULL, 10);
    return peer->status == 101;
}

/* "s 17": the 17th message of sender s. */
static void hear(struct peer *peer, char *text) {
    int sender = text[0] - '0', number = (int)strtol(text + 2, NULL, 10);
    peer->got++;
    if (peer->say != NULL)
        return;
    if (sender < 0 || sender >= SENDERS || number != peer->next_of[sender])
        peer->is_disordered = true;
    else
        peer->next_of[sender]++;
}

static bool read_frame(struct peer *peer, int fd) {
    unsigned char head[2];
    char payload[126];
    if (!read_all(fd, head, 2) || (head[1] & 0x7f) > 125 || !read_all(fd, payload, head[1] & 0x7f))
        return false;
    payload[head[1] & 0x7f] = '\0';
    if ((head[0] & 0x0f) == 8) {
        peer->close_code = (unsigned)(unsigned char)payload[0] << 8 | (unsigned char)payload[1];
        return false;
    }
    hear(peer, payload);
    return true;
}

static void *run_peer(void *argument) {
    struct peer *peer = argument;
    struct berth_addr address = fixture_addr("127.0.0.1", peer->port);
    int fd = fixture_connect(&address);
    bool good = fd >= 0 && shake_hands(peer, fd);
    if (good && peer->say != NULL) {
        unsigned char frame[128] = {0x81, (unsigned char)(0x80 | strlen(peer->say)), 0, 0, 0, 0};
        memcpy(frame + 6, peer->say, strlen(peer->say));
        good = write(fd, frame, 6 + strlen(peer->say)) > 0;
    }
    while (good && peer->got < peer->wanted)
        good = read_frame(peer, fd);
    peer->is_broken = !good;
    if (fd >= 0)
        close(fd);
    return NULL;
}

/* -- The app ----------------------------------------------------------------------------------- */

struct world {
    struct berth_app *app;
    struct berth_app_options options;
    struct berth_app_route route;
    char folder[32];
    char log[4096];
    int opened, messages, closed, ready;
    int refuse_with;
    uint16_t code;
    struct berth_ws *kept;
    pthread_t senders[SENDERS];
    int close_with;
};

static struct world world;

struct sender {
    int number;
    int failed;
};

static struct sender senders[SENDERS];

/* Sends in a row; waits where the app is behind. */
static void *run_sender(void *argument) {
    struct sender *sender = argument;
    char text[32];
    for (int i = 0; i < MESSAGES; i++) {
        int size = snprintf(text, sizeof text, "%d %d", sender->number, i);
        int error;
        while ((error = berth_ws_send(world.kept, true, text, (size_t)size)) == BERTH_E_FULL)
            usleep(1000);
        sender->failed += error != 0;
    }
    return NULL;
}

static int on_open(void *owner, struct berth_ws *ws, const char *query, size_t size) {
    assert_ptr_equal(owner, &world);
    assert_int_equal(size, 8);
    assert_memory_equal(query, "who=peer", 8);
    if (world.refuse_with != 0)
        return world.refuse_with;
    world.opened++;
    berth_ws_set_data(ws, &world.opened);
    return 0;
}

static void on_message(void *owner, struct berth_ws *ws, bool text, const void *data, size_t size) {
    (void)owner;
    assert_ptr_equal(berth_ws_data(ws), &world.opened);
    assert_true(text);
    world.messages++;
    assert_int_equal(berth_ws_send(ws, text, data, size), 0);
    if (world.close_with != 0)
        berth_ws_close(ws, (uint16_t)world.close_with, "enough");
}

static void on_close(void *owner, struct berth_ws *ws, uint16_t code) {
    (void)owner;
    world.closed++;
    world.code = code;
    assert_int_equal(berth_ws_send(ws, true, "x", 1), BERTH_E_CLOSED);
    berth_app_stop(world.app);
}

static void on_log(void *owner, enum berth_app_log_level level, const char *event,
                   const char *text) {
    (void)owner, (void)event;
    size_t used = strlen(world.log);
    if (level >= BERTH_APP_LOG_WARNING)
        snprintf(world.log + used, sizeof world.log - used, "%s\n", text);
}

static void on_ready(void *owner, struct berth_app *app) {
    (void)owner;
    assert_ptr_equal(app, world.app);
    world.ready++;
}

static const struct berth_ws_handler handler = {on_open, on_message, on_close};

static int set_up(void **state) {
    (void)state;
    world = (struct world){0};
    fixture_folder_make(world.folder);
    setenv("XDG_RUNTIME_DIR", world.folder, 1);
    setenv("XDG_STATE_HOME", world.folder, 1);
    assert_int_equal(chdir(world.folder), 0);
    world.route = (struct berth_app_route){"/ws", &handler, &world, BERTH_APP_SLOW_CLOSE};
    world.options = (struct berth_app_options){
        .app = "app-test",
        .port = BERTH_APP_PORT_ANY,
        .routes = &world.route,
        .route_count = 1,
        .on_log = on_log,
        .on_ready = on_ready,
        .owner = &world,
    };
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    assert_int_equal(chdir("/"), 0);
    fixture_folder_remove(world.folder);
    return 0;
}

static void create(void) {
    int error = berth_app_create(&world.options, &world.app);
    if (error != 0)
        fail_msg("%d: %s", error, world.log);
}

static void run_with(struct peer *peer) {
    pthread_t thread;
    peer->port = berth_app_port(world.app);
    assert_int_equal(pthread_create(&thread, NULL, run_peer, peer), 0);
    assert_int_equal(berth_app_run(world.app), 0);
    pthread_join(thread, NULL);
}

/* -- Tests ------------------------------------------------------------------------------------- */

static void a_message_goes_there_and_back(void **state) {
    (void)state;
    create();
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", berth_app_port(world.app));
    assert_string_equal(berth_app_url(world.app), url);
    struct peer peer = {.say = "hello", .wanted = 1};
    run_with(&peer);
    assert_false(peer.is_broken);
    assert_int_equal(peer.got, 1);
    assert_int_equal(world.ready, 1);
    assert_int_equal(world.opened, 1);
    assert_int_equal(world.messages, 1);
    assert_int_equal(world.closed, 1);
    assert_int_equal(world.code, 1006);
    berth_app_destroy(world.app);
}

static void the_handler_closes(void **state) {
    (void)state;
    world.close_with = 4001;
    create();
    struct peer peer = {.say = "hello", .wanted = 2};
    run_with(&peer);
    assert_int_equal(peer.got, 1);
    assert_int_equal(peer.close_code, 4001);
    berth_app_destroy(world.app);
}

static void *stop_soon(void *argument) {
    pthread_join(*(pthread_t *)argument, NULL);
    berth_app_stop(world.app);
    return NULL;
}

static void the_handler_refuses(void **state) {
    (void)state;
    world.refuse_with = 403;
    create();
    struct peer peer = {.port = berth_app_port(world.app), .wanted = 1};
    pthread_t thread, stopper;
    assert_int_equal(pthread_create(&thread, NULL, run_peer, &peer), 0);
    assert_int_equal(pthread_create(&stopper, NULL, stop_soon, &thread), 0);
    assert_int_equal(berth_app_run(world.app), 0);
    pthread_join(stopper, NULL);
    assert_int_equal(peer.status, 403);
    assert_int_equal(world.closed, 0);
    berth_app_destroy(world.app);
}

static int open_for_senders(void *owner, struct berth_ws *ws, const char *query, size_t size) {
    (void)owner, (void)query, (void)size;
    berth_ws_keep(ws);
    world.kept = ws;
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.number = i};
        assert_int_equal(pthread_create(&world.senders[i], NULL, run_sender, &senders[i]), 0);
    }
    return 0;
}

static void other_threads_send_in_order(void **state) {
    (void)state;
    static const struct berth_ws_handler sending = {open_for_senders, NULL, on_close};
    world.route.handler = &sending;
    create();
    struct peer peer = {.wanted = SENDERS * MESSAGES};
    run_with(&peer);
    for (int i = 0; i < SENDERS; i++) {
        pthread_join(world.senders[i], NULL);
        assert_int_equal(senders[i].failed, 0);
    }
    assert_int_equal(peer.got, SENDERS * MESSAGES);
    assert_false(peer.is_disordered);
    assert_int_equal(berth_ws_send(world.kept, true, "x", 1), BERTH_E_CLOSED);
    berth_ws_close(world.kept, 1000, NULL);
    berth_ws_release(world.kept);
    berth_app_destroy(world.app);
}

/* -- Several threads that serve ---------------------------------------------------------------- */

#define PEERS 6

static struct {
    atomic_int opened, closed, astray;
    pthread_t served_by[PEERS]; /* each written by its own thread */
} hosts;

/* Which thread it was opened in is where everything of it happens. */
static int open_here(void *owner, struct berth_ws *ws, const char *query, size_t size) {
    (void)owner, (void)query, (void)size;
    int number = atomic_fetch_add(&hosts.opened, 1);
    hosts.served_by[number] = pthread_self();
    berth_ws_set_data(ws, &hosts.served_by[number]);
    return 0;
}

static void answer_here(void *owner, struct berth_ws *ws, bool text, const void *data,
                        size_t size) {
    (void)owner;
    const pthread_t *host = berth_ws_data(ws);
    if (!pthread_equal(*host, pthread_self()))
        atomic_fetch_add(&hosts.astray, 1);
    (void)berth_ws_send(ws, text, data, size);
}

static void close_here(void *owner, struct berth_ws *ws, uint16_t code) {
    (void)owner, (void)code;
    const pthread_t *host = berth_ws_data(ws);
    if (!pthread_equal(*host, pthread_self()))
        atomic_fetch_add(&hosts.astray, 1);
    if (atomic_fetch_add(&hosts.closed, 1) == PEERS - 1)
        berth_app_stop(world.app);
}

static const struct berth_ws_handler spread = {open_here, answer_here, close_here};

/* How many threads have served the peers. */
static int serve_peers(void) {
    struct peer peers[PEERS];
    pthread_t threads[PEERS];
    memset(&hosts, 0, sizeof hosts);
    world.route.handler = &spread;
    create();
    for (int i = 0; i < PEERS; i++) {
        peers[i] = (struct peer){.port = berth_app_port(world.app), .say = "hello", .wanted = 1};
        assert_int_equal(pthread_create(&threads[i], NULL, run_peer, &peers[i]), 0);
    }
    assert_int_equal(berth_app_run(world.app), 0);
    int different = 0;
    for (int i = 0; i < PEERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(peers[i].got, 1);
        bool seen = false;
        for (int k = 0; k < i; k++)
            seen = seen || pthread_equal(hosts.served_by[k], hosts.served_by[i]);
        different += !seen;
    }
    assert_int_equal(atomic_load(&hosts.astray), 0);
    berth_app_destroy(world.app);
    return different;
}

static void a_connection_has_its_thread(void **state) {
    (void)state;
    world.options.threads = 3;
    assert_int_equal(serve_peers(), 3);
}

static void handlers_have_one_thread_until_said_otherwise(void **state) {
    (void)state;
    setenv("BERTH_THREADS", "2", 1);
    assert_int_equal(serve_peers(), 1);
    world.options.threads = BERTH_APP_THREADS_CONFIGURED;
    assert_int_equal(serve_peers(), 2);
    unsetenv("BERTH_THREADS");
}

static void a_wrong_setting_is_said(void **state) {
    (void)state;
    setenv("BERTH_HOST", "nowhere.example", 1);
    assert_int_equal(berth_app_create(&world.options, &world.app), BERTH_E_INVALID);
    unsetenv("BERTH_HOST");
    assert_non_null(strstr(world.log, "BERTH_HOST"));
    world.options.port = 70000;
    assert_int_equal(berth_app_create(&world.options, &world.app), BERTH_E_INVALID);
    world.options.port = 0;
    world.options.threads = 65;
    assert_int_equal(berth_app_create(&world.options, &world.app), BERTH_E_INVALID);
    world.options.threads = 0;
    world.route.path = "no-slash";
    assert_int_equal(berth_app_create(&world.options, &world.app), BERTH_E_INVALID);
}

static void one_that_never_ran_leaves_nothing(void **state) {
    (void)state;
    create();
    uint16_t port = berth_app_port(world.app);
    berth_app_destroy(world.app);
    assert_true(fixture_is_quiet(port));
    berth_app_destroy(NULL);
}

int main(void) {
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_message_goes_there_and_back), CASE(the_handler_closes),
        CASE(the_handler_refuses),           CASE(other_threads_send_in_order),
        CASE(a_connection_has_its_thread),   CASE(handlers_have_one_thread_until_said_otherwise),
        CASE(a_wrong_setting_is_said),       CASE(one_that_never_ran_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
