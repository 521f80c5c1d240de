/* Messages that cross from one loop to another, for sockets of the same route.
 *
 * Nothing is lost on the way, and nothing grows without bound: who sends more than another loop
 * takes is read no further until it has (slow.c). A route that pauses its writers leaves what comes
 * from other loops where it is while one of its own sockets is behind; so they feel it too. */
#include "server/internal.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "berth/error.h"

struct relayed {
    struct berth_net_letter letter; /* first */
    struct relayed *next;
    struct berth_server *to;
    size_t route; /* its place among the routes */
    size_t tag_size, size;
    enum berth_ws_opcode opcode;
    char bytes[]; /* the tag, then the message */
};

/* What is on its way to the sockets of one route. */
struct berth_relay_queue {
    atomic_size_t pending; /* bytes that no socket has been sent yet */
    struct relayed *first, **end;
};

static size_t index_of(const struct berth_server *server, const struct berth_server_route *route) {
    return (size_t)(route - server->options->routes);
}

static size_t mark_of(const struct berth_server *server) { return server->slow_mark; }

/* -- Arriving ---------------------------------------------------------------------------------- */

/* Has the writers that wait for room look again. */
static void call_writers(const struct berth_server *to) {
    const struct berth_team *team = to->team;
    for (size_t i = 0; i < team->size; i++) {
        struct berth_server *other = team->servers[i];
        if (other != to && atomic_load(&other->holding) &&
            !atomic_exchange(&other->look_again_put, true))
            (void)berth_net_inbox_put(other->inbox, &other->look_again, SIZE_MAX);
    }
}

static void tell(const struct relayed *relayed) {
    const struct berth_server *server = relayed->to;
    const struct berth_server_route *route = &server->options->routes[relayed->route];
    struct berth_view tag = {relayed->bytes, relayed->tag_size};
    struct berth_view message = {relayed->bytes + relayed->tag_size, relayed->size};
    route->handler->relayed(route->handler_owner, server->loop, tag, relayed->opcode, message);
}

void berth_relay_run(struct berth_server *server, const struct berth_server_route *route) {
    if (server->relays == NULL)
        return;
    struct berth_relay_queue *queue = &server->relays[index_of(server, route)];
    while (queue->first != NULL && !berth_slow_is_somebody_behind(server, route)) {
        struct relayed *relayed = queue->first;
        size_t size = relayed->letter.size, mark = mark_of(server);
        queue->first = relayed->next;
        if (queue->first == NULL)
            queue->end = &queue->first;
        server->relaying = true;
        tell(relayed);
        server->relaying = false;
        berth_free(relayed);
        size_t before = atomic_fetch_sub(&queue->pending, size);
        if (before > mark && before - size <= mark)
            call_writers(server);
    }
}

static void read_relayed(struct berth_net_letter *letter) {
    struct relayed *relayed = (struct relayed *)(void *)letter;
    struct berth_server *server = relayed->to;
    struct berth_relay_queue *queue = &server->relays[relayed->route];
    *queue->end = relayed;
    queue->end = &relayed->next;
    berth_relay_run(server, &server->options->routes[relayed->route]);
}

static void drop_relayed(struct berth_net_letter *letter) { berth_free(letter); }

/* -- Leaving ----------------------------------------------------------------------------------- */

static bool has_room(const struct berth_server *to, size_t route) {
    return atomic_load(&to->relays[route].pending) <= mark_of(to);
}

bool berth_relay_is_crowded(struct berth_server *server, const struct berth_server_route *route) {
    const struct berth_team *team = server->team;
    if (team->size == 1)
        return false;
    /* First said, then looked at: whoever makes room after our look sees that somebody waits. */
    atomic_store(&server->holding, true);
    for (size_t i = 0; i < team->size; i++)
        if (i != server->loop && !has_room(team->servers[i], index_of(server, route)))
            return true;
    return false;
}

static void read_look_again(struct berth_net_letter *letter) {
    struct berth_server *server =
        (struct berth_server *)(void *)((char *)letter - offsetof(struct berth_server, look_again));
    atomic_store(&server->look_again_put, false);
    atomic_store(&server->holding, false);
    for (size_t i = 0; i < server->options->route_count; i++)
        berth_slow_release(server, &server->options->routes[i]);
}

size_t berth_socket_loop(const struct berth_socket *socket) {
    return berth_socket_conn(socket)->server->loop;
}

int berth_socket_relay(struct berth_socket *from, size_t loop, struct berth_view tag,
                       enum berth_ws_opcode opcode, struct berth_view message) {
    struct berth_conn *conn = berth_socket_conn(from);
    struct berth_server *server = conn->server, *to = server->team->servers[loop];
    BERTH_ASSERT(loop < server->team->size && to != server);
    struct relayed *relayed = berth_alloc(sizeof *relayed + tag.size + message.size);
    if (relayed == NULL)
        return BERTH_E_MEMORY;
    *relayed = (struct relayed){
        .letter = {NULL, sizeof *relayed + tag.size + message.size, read_relayed, drop_relayed},
        .to = to,
        .route = index_of(server, from->route),
        .tag_size = tag.size,
        .size = message.size,
        .opcode = opcode,
    };
    if (tag.size > 0)
        memcpy(relayed->bytes, tag.data, tag.size);
    if (message.size > 0)
        memcpy(relayed->bytes + tag.size, message.data, message.size);
    atomic_fetch_add(&to->relays[relayed->route].pending, relayed->letter.size);
    (void)berth_net_inbox_put(to->inbox, &relayed->letter, SIZE_MAX);
    if (server->batch_conn == conn && berth_relay_is_crowded(server, from->route))
        conn->held_back = true;
    return 0;
}

/* -- Begin and end ----------------------------------------------------------------------------- */

int berth_relay_begin(struct berth_server *server) {
    size_t count = server->options->route_count;
    server->look_again = (struct berth_net_letter){.read = read_look_again};
    if (count == 0 || server->relays != NULL)
        return 0;
    server->relays = berth_alloc(count * sizeof *server->relays);
    if (server->relays == NULL)
        return BERTH_E_MEMORY;
    for (size_t i = 0; i < count; i++)
        server->relays[i].end = &server->relays[i].first;
    return 0;
}

void berth_relay_end(struct berth_server *server) {
    for (size_t i = 0; server->relays != NULL && i < server->options->route_count; i++) {
        while (server->relays[i].first != NULL) {
            struct relayed *relayed = server->relays[i].first;
            server->relays[i].first = relayed->next;
            berth_free(relayed);
        }
    }
    berth_free(server->relays);
    server->relays = NULL;
}
