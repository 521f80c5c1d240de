/* A ring of links: objects in exactly one of several lists, moved and removed without a search.
 *
 * Shape:   a list is a link of its own; empty, it points at itself
 * Owns:    nothing
 * Threads: the net's
 */
#ifndef BERTH_NET_LIST_H
#define BERTH_NET_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct berth_net_link {
    struct berth_net_link *previous;
    struct berth_net_link *next;
};

/* The object whose member is at `pointer`. */
#define BERTH_NET_CONTAINER(pointer, type, member)                                                 \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static inline void berth_net_list_init(struct berth_net_link *list) {
    list->previous = list;
    list->next = list;
}

static inline bool berth_net_list_is_empty(const struct berth_net_link *list) {
    return list->next == list;
}

/* Behind `after`; with the list's own previous as `after`, at its end. */
static inline void berth_net_list_insert(struct berth_net_link *after,
                                         struct berth_net_link *link) {
    link->previous = after;
    link->next = after->next;
    after->next->previous = link;
    after->next = link;
}

/* The link then is an empty list: removing it once more does nothing. */
static inline void berth_net_list_remove(struct berth_net_link *link) {
    link->previous->next = link->next;
    link->next->previous = link->previous;
    berth_net_list_init(link);
}

/* To the end of another list. */
static inline void berth_net_list_move(struct berth_net_link *list, struct berth_net_link *link) {
    berth_net_list_remove(link);
    berth_net_list_insert(list->previous, link);
}

#endif
