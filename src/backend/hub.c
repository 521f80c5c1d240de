#include "backend/kinds.h"

#include "base/alloc.h"
#include "berth/error.h"
#include "proto/http_target.h"

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

struct hub {
    struct room *rooms[BUCKETS];
};

/* -- Rooms ------------------------------------------------------------------------------------- */

static size_t bucket_of(struct berth_view name) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < name.size; i++)
        hash = (hash ^ (unsigned char)name.data[i]) * 16777619u;
    return hash & (BUCKETS - 1);
}

static struct room *find_room(struct hub *hub, struct berth_view name) {
    struct room *room = hub->rooms[bucket_of(name)];
    while (room != NULL &&
           !berth_view_equal(name, (struct berth_view){room->name, room->name_size}))
        room = room->next;
    return room;
}

static struct room *make_room(struct hub *hub, struct berth_view name) {
    struct room *room = berth_alloc(sizeof *room);
    if (room == NULL)
        return NULL;
    room->bucket = bucket_of(name);
    room->name_size = name.size;
    if (name.size > 0)
        memcpy(room->name, name.data, name.size);
    room->next = hub->rooms[room->bucket];
    if (room->next != NULL)
        room->next->previous = room;
    hub->rooms[room->bucket] = room;
    return room;
}

static void drop_room(struct hub *hub, struct room *room) {
    if (room->previous != NULL)
        room->previous->next = room->next;
    else
        hub->rooms[room->bucket] = room->next;
    if (room->next != NULL)
        room->next->previous = room->previous;
    berth_free(room);
}

/* -- Events ------------------------------------------------------------------------------------ */

static int on_open(void *owner, struct berth_socket *socket, struct berth_view query) {
    struct hub *hub = owner;
    char memory[ROOM_NAME_MAX];
    struct berth_view name = {memory, 0};
    int error = berth_http_query_get(query, "room", memory, sizeof memory, &name);
    if (error < 0 && error != BERTH_E_NOT_FOUND) /* no ?room= is the room without a name */
        return 400;
    struct member *member = berth_alloc(sizeof *member);
    if (member == NULL)
        return 503;
    struct room *room = find_room(hub, name);
    if (room == NULL)
        room = make_room(hub, name);
    if (room == NULL) {
        berth_free(member);
        return 503;
    }
    *member = (struct member){.next = room->members, .room = room, .socket = socket};
    if (member->next != NULL)
        member->next->previous = member;
    room->members = member;
    berth_socket_set_data(socket, member);
    return 0;
}

static void on_message(void *owner, struct berth_socket *socket, enum berth_ws_opcode opcode,
                       struct berth_view message) {
    (void)owner;
    const struct member *sender = berth_socket_data(socket);
    struct berth_socket_frame frame = berth_socket_frame_make(opcode, message.data, message.size);
    for (const struct member *member = sender->room->members; member != NULL; member = member->next)
        if (member != sender)
            (void)berth_socket_send_frame(member->socket, &frame); /* who is too slow is closed */
}

static void on_closed(void *owner, struct berth_socket *socket, uint16_t code) {
    (void)code;
    struct member *member = berth_socket_data(socket);
    struct room *room = member->room;
    if (member->previous != NULL)
        member->previous->next = member->next;
    else
        room->members = member->next;
    if (member->next != NULL)
        member->next->previous = member->previous;
    berth_free(member);
    if (room->members == NULL)
        drop_room(owner, room);
}

static int create(void **ret_owner) {
    struct hub *hub = berth_alloc(sizeof *hub);
    if (hub == NULL)
        return BERTH_E_MEMORY;
    *ret_owner = hub;
    return 0;
}

const struct berth_backend_kind berth_backend_hub = {
    .handler = {.open = on_open, .message = on_message, .closed = on_closed},
    .create = create,
    .destroy = berth_free,
};
