#include "backend/kinds.h"

#include "base/alloc.h"
#include "berth/error.h"
#include "proto/http_target.h"

#include <stdatomic.h>

#define ROOM_NAME_MAX 128
#define BUCKETS 256 /* a power of two; rooms of one bucket are searched one by one */

struct member {
    struct member *next, *previous;
    struct room *room;
    struct berth_socket *socket;
};

/* There as long as it has members. */
struct room {
    struct room *next, *previous; /* in its bucket */
    struct member *members;
    size_t bucket;
    size_t name_size;
    char name[ROOM_NAME_MAX];
};

/* The members that live in one loop, in its thread's hands. */
struct part {
    struct room *rooms[BUCKETS];
    atomic_size_t members[BUCKETS]; /* how many, for others: whom nobody hears need not be told */
};

struct hub {
    size_t part_count;
    struct part parts[];
};

/* -- Rooms ------------------------------------------------------------------------------------- */

static size_t bucket_of(struct berth_view name) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < name.size; i++)
        hash = (hash ^ (unsigned char)name.data[i]) * 16777619u;
    return hash & (BUCKETS - 1);
}

static struct room *find_room(struct part *part, struct berth_view name) {
    struct room *room = part->rooms[bucket_of(name)];
    while (room != NULL &&
           !berth_view_equal(name, (struct berth_view){room->name, room->name_size}))
        room = room->next;
    return room;
}

static struct room *make_room(struct part *part, struct berth_view name) {
    struct room *room = berth_alloc(sizeof *room);
    if (room == NULL)
        return NULL;
    room->bucket = bucket_of(name);
    room->name_size = name.size;
    if (name.size > 0)
        memcpy(room->name, name.data, name.size);
    room->next = part->rooms[room->bucket];
    if (room->next != NULL)
        room->next->previous = room;
    part->rooms[room->bucket] = room;
    return room;
}

static void drop_room(struct part *part, struct room *room) {
    if (room->previous != NULL)
        room->previous->next = room->next;
    else
        part->rooms[room->bucket] = room->next;
    if (room->next != NULL)
        room->next->previous = room->previous;
    berth_free(room);
}

/* -- Events ------------------------------------------------------------------------------------ */

static int on_open(void *owner, struct berth_socket *socket, struct berth_view query) {
    struct part *part = &((struct hub *)owner)->parts[berth_socket_loop(socket)];
    char memory[ROOM_NAME_MAX];
    struct berth_view name = {memory, 0};
    int error = berth_http_query_get(query, "room", memory, sizeof memory, &name);
    if (error < 0 && error != BERTH_E_NOT_FOUND) /* no ?room= is the room without a name */
        return 400;
    struct member *member = berth_alloc(sizeof *member);
    if (member == NULL)
        return 503;
    struct room *room = find_room(part, name);
    if (room == NULL)
        room = make_room(part, name);
    if (room == NULL) {
        berth_free(member);
        return 503;
    }
    *member = (struct member){.next = room->members, .room = room, .socket = socket};
    if (member->next != NULL)
        member->next->previous = member;
    room->members = member;
    atomic_fetch_add(&part->members[room->bucket], 1);
    berth_socket_set_data(socket, member);
    return 0;
}

static void send_to_all(const struct room *room, const struct member *but,
                        enum berth_ws_opcode opcode, struct berth_view message) {
    struct berth_socket_frame frame = berth_socket_frame_make(opcode, message.data, message.size);
    for (const struct member *member = room->members; member != NULL; member = member->next)
        if (member != but)
            (void)berth_socket_send_frame(member->socket, &frame); /* who is too slow is closed */
}

static void on_message(void *owner, struct berth_socket *socket, enum berth_ws_opcode opcode,
                       struct berth_view message) {
    struct hub *hub = owner;
    const struct member *sender = berth_socket_data(socket);
    const struct room *room = sender->room;
    struct berth_view name = {room->name, room->name_size};
    send_to_all(room, sender, opcode, message);
    int error = 0;
    for (size_t loop = 0; loop < hub->part_count && error == 0; loop++)
        if (loop != berth_socket_loop(socket) &&
            atomic_load_explicit(&hub->parts[loop].members[room->bucket], memory_order_relaxed) > 0)
            error = berth_socket_relay(socket, loop, name, opcode, message);
    if (error < 0)
        berth_socket_close(socket, BERTH_WS_CLOSE_INTERNAL_ERROR, "out of memory");
}

static void on_relayed(void *owner, size_t loop, struct berth_view name,
                       enum berth_ws_opcode opcode, struct berth_view message) {
    struct hub *hub = owner;
    const struct room *room = find_room(&hub->parts[loop], name);
    if (room != NULL)
        send_to_all(room, NULL, opcode, message);
}

static void on_closed(void *owner, struct berth_socket *socket, uint16_t code) {
    (void)code;
    struct part *part = &((struct hub *)owner)->parts[berth_socket_loop(socket)];
    struct member *member = berth_socket_data(socket);
    struct room *room = member->room;
    if (member->previous != NULL)
        member->previous->next = member->next;
    else
        room->members = member->next;
    if (member->next != NULL)
        member->next->previous = member->previous;
    atomic_fetch_sub(&part->members[room->bucket], 1);
    berth_free(member);
    if (room->members == NULL)
        drop_room(part, room);
}

static int create(size_t loops, void **ret_owner) {
    struct hub *hub = berth_alloc(sizeof *hub + loops * sizeof *hub->parts);
    if (hub == NULL)
        return BERTH_E_MEMORY;
    hub->part_count = loops;
    *ret_owner = hub;
    return 0;
}

const struct berth_backend_kind berth_backend_hub = {
    .handler = {.open = on_open, .message = on_message, .relayed = on_relayed, .closed = on_closed},
    .create = create,
    .destroy = berth_free,
};
