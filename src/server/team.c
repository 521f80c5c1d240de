/* Servers that are one to their clients: each on a loop of its own, for a thread of its own. The
 * first one accepts, and hands connections out; what they have in common is in struct berth_team.
 */
#include "server/internal.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "berth/error.h"
#include "sys/clock.h"

/* -- What they have in common ------------------------------------------------------------------ */

int berth_team_create(struct berth_net *net, const struct berth_server_options *options,
                      struct berth_team **ret_team) {
    struct berth_team *team = berth_alloc(sizeof *team);
    if (team == NULL)
        return BERTH_E_MEMORY;
    int error = berth_entrance_init(&team->entrance, options->port);
    if (error < 0) {
        berth_free(team);
        return error;
    }
    atomic_init(&team->state, BERTH_STATE_STARTING);
    team->started_unix_ms = berth_sys_clock_unix_ms();
    team->started_ms = berth_net_now_ms(net);
    *ret_team = team;
    return 0;
}

void berth_team_destroy(struct berth_team *team) {
    berth_entrance_finish(&team->entrance);
    berth_free(team);
}

size_t berth_team_conn_count(const struct berth_team *team) {
    size_t count = 0;
    for (size_t i = 0; i < team->size; i++)
        count += atomic_load(&team->servers[i]->conn_count);
    return count;
}

/* -- Handing out ------------------------------------------------------------------------------- */

/* A connection on its way to another server. */
struct newcomer {
    struct berth_net_letter letter; /* first */
    struct berth_server *to;
    berth_net_socket socket;
    bool too_many;
};

static void adopt(struct berth_server *server, berth_net_socket socket, bool too_many) {
    struct berth_net_stream *stream;
    int error = berth_net_adopt(server->net, socket, &stream);
    if (error == 0) {
        berth_conn_accept(server, stream, too_many);
        return;
    }
    berth_server_log_lost(server, error);
    berth_server_conn_less(server);
}

static void read_newcomer(struct berth_net_letter *letter) {
    struct newcomer newcomer = *(struct newcomer *)(void *)letter;
    berth_free(letter);
    adopt(newcomer.to, newcomer.socket, newcomer.too_many);
}

static void drop_newcomer(struct berth_net_letter *letter) {
    struct newcomer *newcomer = (struct newcomer *)(void *)letter;
    berth_net_socket_close(newcomer->to->net, newcomer->socket);
    atomic_fetch_sub(&newcomer->to->conn_count, 1);
    berth_free(newcomer);
}

/* The one with the fewest connections; of several, the one after who had the last. */
static struct berth_server *idlest(const struct berth_team *team) {
    size_t start = team->last_given + 1, best = start % team->size;
    for (size_t i = 1; i < team->size; i++) {
        size_t at = (start + i) % team->size;
        if (atomic_load(&team->servers[at]->conn_count) <
            atomic_load(&team->servers[best]->conn_count))
            best = at;
    }
    return team->servers[best];
}

void berth_team_give(struct berth_team *team, berth_net_socket socket) {
    struct berth_server *first = team->servers[0], *to = idlest(team);
    bool too_many;
    if (!berth_server_conn_more(to, &too_many)) {
        berth_net_socket_close(first->net, socket);
        return;
    }
    team->last_given = to->loop;
    if (to == first) {
        adopt(first, socket, too_many);
        return;
    }
    struct newcomer *newcomer = berth_alloc(sizeof *newcomer);
    if (newcomer == NULL) {
        berth_server_log_lost(first, BERTH_E_MEMORY);
        berth_net_socket_close(first->net, socket);
        atomic_fetch_sub(&to->conn_count, 1);
        return;
    }
    *newcomer = (struct newcomer){{NULL, 0, read_newcomer, drop_newcomer}, to, socket, too_many};
    (void)berth_net_inbox_put(to->inbox, &newcomer->letter, SIZE_MAX);
}

/* -- Ending ------------------------------------------------------------------------------------ */

static struct berth_server *server_of(struct berth_net_letter *letter, size_t offset) {
    return (struct berth_server *)(void *)((char *)letter - offset);
}

/* One more of them has ended; in the first one's thread. */
static void count_ended(struct berth_team *team) {
    BERTH_ASSERT(team->draining > 0);
    if (--team->draining == 0)
        team->on_drained(team->on_drained_owner);
}

static void read_ended(struct berth_net_letter *letter) {
    count_ended(server_of(letter, offsetof(struct berth_server, ended))->team);
}

void berth_team_server_ended(struct berth_server *server) {
    struct berth_server *first = server->team->servers[0];
    if (server == first)
        count_ended(server->team);
    else
        (void)berth_net_inbox_put(first->inbox, &server->ended, SIZE_MAX);
}

static void read_drain(struct berth_net_letter *letter) {
    berth_server_drain_own(server_of(letter, offsetof(struct berth_server, drain)));
}

void berth_server_drain(struct berth_server *first, void (*on_drained)(void *owner), void *owner) {
    struct berth_team *team = first->team;
    if (first->drain_begun)
        return;
    atomic_store(&team->state, BERTH_STATE_DRAINING);
    team->draining = team->size;
    team->on_drained = on_drained;
    team->on_drained_owner = owner;
    for (size_t i = 1; i < team->size; i++)
        (void)berth_net_inbox_put(team->servers[i]->inbox, &team->servers[i]->drain, SIZE_MAX);
    berth_server_drain_own(first);
}

/* Letters are parts of the servers: all inboxes go before the first server does. */
void berth_team_end_letters(struct berth_team *team) {
    for (size_t i = 0; i < team->size; i++) {
        berth_net_inbox_destroy(team->servers[i]->inbox);
        team->servers[i]->inbox = NULL;
    }
}

/* -- Joining ----------------------------------------------------------------------------------- */

static int equip(struct berth_server *server) {
    if (server->inbox != NULL)
        return 0;
    server->drain = (struct berth_net_letter){.read = read_drain};
    server->ended = (struct berth_net_letter){.read = read_ended};
    int error = berth_relay_begin(server);
    return error == 0 ? berth_net_inbox_create(server->net, &server->inbox) : error;
}

int berth_server_create_beside(struct berth_server *first, struct berth_net *net,
                               struct berth_server **ret_server) {
    struct berth_team *team = first->team;
    BERTH_ASSERT(first->loop == 0 && team->size < BERTH_SERVER_LOOPS_MAX);
    BERTH_ASSERT(first->listener_count == 0);
    int error = equip(first);
    if (error < 0)
        return error;
    struct berth_server *server;
    error = berth_server_create_in(team, net, first->options, &server);
    if (error < 0)
        return error;
    error = equip(server);
    if (error < 0) {
        berth_server_destroy(server);
        return error;
    }
    *ret_server = server;
    return 0;
}
