#include "sys/holder.h"

#include "base/writer.h"
#include "sys/error.h"
#include "sys/linux/owner.h"
#include "sys/linux/table.h"
#include "sys/process.h"

#include <unistd.h>

/* More sockets than can stand in a table for people. */
#define FOUND_MAX 64

struct search {
    const uint16_t *ports;
    size_t port_count;
    size_t count;
    struct berth_sys_table_row found[FOUND_MAX];
};

static size_t rank(const struct search *search, const struct berth_sys_table_row *row) {
    size_t i = 0;
    while (i < search->port_count && search->ports[i] != row->local.port)
        i++;
    return row->state == BERTH_SYS_TABLE_LISTEN ? i : search->port_count + i;
}

/* A listener's accepted connections have its port, too: it speaks for all of those. A socket that
 * does not listen speaks for the others at its own address. */
static bool speaks_for(const struct berth_sys_table_row *one,
                       const struct berth_sys_table_row *other) {
    if (other->state == BERTH_SYS_TABLE_LISTEN || one->local.port != other->local.port)
        return false;
    return berth_addr_same_ip(&one->local, &other->local) ||
           (one->state == BERTH_SYS_TABLE_LISTEN && berth_addr_is_any(&one->local));
}

static bool is_spoken_for(const struct search *search, const struct berth_sys_table_row *row) {
    for (size_t i = 0; i < search->count; i++) {
        if (speaks_for(&search->found[i], row))
            return true;
    }
    return false;
}

static void drop_spoken_for(struct search *search, const struct berth_sys_table_row *by) {
    size_t kept = 0;
    for (size_t i = 0; i < search->count; i++) {
        if (!speaks_for(by, &search->found[i]))
            search->found[kept++] = search->found[i];
    }
    search->count = kept;
}

/* Keeps the rows in the order that the header promises. */
static void insert(struct search *search, const struct berth_sys_table_row *row) {
    size_t at = search->count < FOUND_MAX ? search->count++ : FOUND_MAX;
    size_t place = rank(search, row);
    while (at > 0 && rank(search, &search->found[at - 1]) > place) {
        if (at < FOUND_MAX)
            search->found[at] = search->found[at - 1];
        at--;
    }
    if (at < FOUND_MAX)
        search->found[at] = *row;
}

static void look_at_row(void *owner, const struct berth_sys_table_row *row) {
    struct search *search = owner;
    bool wanted = false;
    for (size_t i = 0; i < search->port_count; i++)
        wanted = wanted || search->ports[i] == row->local.port;
    if (!wanted || is_spoken_for(search, row))
        return;
    drop_spoken_for(search, row);
    insert(search, row);
}

static int list_sockets(struct search *search) {
    uint16_t from = UINT16_MAX;
    uint16_t to = 0;
    for (size_t i = 0; i < search->port_count; i++) {
        from = search->ports[i] < from ? search->ports[i] : from;
        to = search->ports[i] > to ? search->ports[i] : to;
    }
    intptr_t table;
    int error = berth_sys_table_open(&table);
    if (error == 0) {
        error = berth_sys_table_list(table, from, to, look_at_row, search);
        close((int)table);
    }
    if (error < 0) {
        search->count = 0;
        error = berth_sys_table_read(look_at_row, search);
    }
    return error;
}

static void name_user(uint32_t uid, char *user, size_t capacity) {
    if (berth_sys_user_name(uid, user, capacity) == 0)
        return;
    struct berth_writer out = berth_writer_on(user, capacity);
    berth_writer_number(&out, uid);
    berth_writer_char(&out, 0);
}

static void describe(const struct berth_sys_table_row *row, const struct berth_sys_owner *owner,
                     struct berth_sys_holder *holder) {
    *holder = (struct berth_sys_holder){
        .address = row->local,
        .listening = row->state == BERTH_SYS_TABLE_LISTEN,
        .pid = owner->pid,
        .uid = row->uid,
    };
    if (owner->pid != 0)
        berth_sys_owner_program(owner->pid, holder->program, sizeof holder->program);
    name_user(row->uid, holder->user, sizeof holder->user);
}

int berth_sys_port_holders(const uint16_t *ports, size_t port_count,
                           struct berth_sys_holder *holders, size_t max, size_t *ret_count) {
    struct search search = {.ports = ports, .port_count = port_count};
    int error = port_count > 0 ? list_sockets(&search) : 0;
    if (error < 0)
        return error;

    struct berth_sys_owner owners[FOUND_MAX];
    size_t count = search.count < max ? search.count : max;
    for (size_t i = 0; i < count; i++)
        owners[i] = (struct berth_sys_owner){search.found[i].inode, search.found[i].uid, 0};
    berth_sys_owners_find(owners, count);
    for (size_t i = 0; i < count; i++)
        describe(&search.found[i], &owners[i], &holders[i]);
    *ret_count = count;
    return 0;
}
