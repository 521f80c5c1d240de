#include "sys/peer.h"

#include "sys/error.h"
#include "sys/linux/table.h"

#include <unistd.h>

void berth_sys_peers_init(struct berth_sys_peers *peers) {
    *peers = (struct berth_sys_peers){.table = -1};
}

void berth_sys_peers_finish(struct berth_sys_peers *peers) {
    if (peers == NULL)
        return;
    if (peers->table >= 0)
        close((int)peers->table);
    peers->table = -1;
}

static int ask_kernel(struct berth_sys_peers *peers, const struct berth_addr *local,
                      const struct berth_addr *remote, struct berth_sys_table_row *ret_row) {
    if (peers->table < 0) {
        int error = berth_sys_table_open(&peers->table);
        if (error < 0)
            return error;
    }
    peers->asked++;
    return berth_sys_table_find(peers->table, peers->asked, local, remote, ret_row);
}

struct search {
    const struct berth_addr *local;
    const struct berth_addr *remote;
    struct berth_sys_table_row found;
    bool done;
};

static bool same_end(const struct berth_addr *a, const struct berth_addr *b) {
    return a->port == b->port && berth_addr_same_ip(a, b);
}

static void look_at_row(void *owner, const struct berth_sys_table_row *row) {
    struct search *search = owner;
    if (row->state != BERTH_SYS_TABLE_LISTEN && same_end(&row->local, search->local) &&
        same_end(&row->remote, search->remote)) {
        search->found = *row;
        search->done = true;
    }
}

static int read_table(const struct berth_addr *local, const struct berth_addr *remote,
                      struct berth_sys_table_row *ret_row) {
    struct search search = {.local = local, .remote = remote};
    int error = berth_sys_table_read(look_at_row, &search);
    if (error < 0)
        return error;
    if (!search.done)
        return BERTH_E_NOT_FOUND;
    *ret_row = search.found;
    return 0;
}

int berth_sys_peers_uid(struct berth_sys_peers *peers, const struct berth_addr *local,
                        const struct berth_addr *remote, uint32_t *ret_uid) {
    /* Their socket has our addresses the other way round. */
    struct berth_addr theirs = berth_sys_table_plain(remote);
    struct berth_addr ours = berth_sys_table_plain(local);
    if (theirs.family != ours.family)
        return BERTH_E_INVALID;

    struct berth_sys_table_row row;
    int error = ask_kernel(peers, &theirs, &ours, &row);
    if (error < 0 && error != BERTH_E_NOT_FOUND)
        error = read_table(&theirs, &ours, &row);
    if (error < 0)
        return error;
    *ret_uid = row.uid;
    return 0;
}
