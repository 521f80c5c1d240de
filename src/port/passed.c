#include "port/passed.h"

#include "base/alloc.h"
#include "base/writer.h"
#include "berth/error.h"

#define HOLDERS_MAX 64

/* -- The list ---------------------------------------------------------------------------------- */

/* Room grows in powers of two, so that the list needs to keep no capacity. */
static int make_room(struct berth_port *port) {
    size_t count = port->passed_count;
    if ((count & (count - 1)) != 0)
        return 0;
    size_t capacity = count > 0 ? count * 2 : 1;
    void *memory = berth_realloc(port->passed, capacity * sizeof *port->passed);
    if (memory == NULL)
        return BERTH_E_MEMORY;
    port->passed = memory;
    return 0;
}

/* What nobody holds is said once for a whole range. Holders are one each. */
static bool joins_last(const struct berth_port *port, const struct berth_port_passed *entry) {
    if (port->passed_count == 0 ||
        (entry->reason != BERTH_PORT_BLOCKED && entry->reason != BERTH_PORT_RESERVED))
        return false;
    const struct berth_port_passed *last = &port->passed[port->passed_count - 1];
    return last->reason == entry->reason && last->to + 1 == entry->from &&
           strcmp(last->text, entry->text) == 0;
}

int berth_port_passed_add(struct berth_port *port, const struct berth_port_passed *entry) {
    if (joins_last(port, entry)) {
        port->passed[port->passed_count - 1].to = entry->to;
        return 0;
    }
    int error = make_room(port);
    if (error < 0)
        return error;
    port->passed[port->passed_count++] = *entry;
    return 0;
}

/* -- Who holds it ------------------------------------------------------------------------------ */

/* How surely a socket bound to `held` keeps others from `wanted`; 0 is not at all. An IPv6 socket
 * for every interface takes IPv4 with it, unless it was told not to: that cannot be seen. */
static int conflict(const struct berth_addr *held, const struct berth_addr *wanted) {
    if (held->port != wanted->port)
        return 0;
    if (berth_addr_same_ip(held, wanted))
        return 3;
    bool any = berth_addr_is_any(held);
    if (held->family == wanted->family)
        return any || berth_addr_is_any(wanted) ? 2 : 0;
    return any && held->family == 6 ? 1 : 0;
}

static const struct berth_sys_holder *choose(const struct berth_sys_holder *holders, size_t count,
                                             const struct berth_addr *wanted) {
    const struct berth_sys_holder *best = NULL;
    int best_conflict = 0;
    for (size_t i = 0; i < count; i++) {
        int found = conflict(&holders[i].address, wanted);
        if (found > best_conflict) {
            best = &holders[i];
            best_conflict = found;
        }
    }
    return best;
}

static void write_holder(const struct berth_sys_holder *holder, struct berth_writer *out) {
    bool berth = strcmp(holder->program, "berth") == 0;
    if (holder->pid == 0)
        berth_writer_format(out, "held by a process of user %s", holder->user);
    else
        berth_writer_format(out, "held by %s (pid %u, user %s)",
                            berth ? "another Berth" : holder->program, holder->pid, holder->user);
}

static void explain(struct berth_port_passed *entry, const struct berth_sys_holder *holders,
                    size_t count) {
    struct berth_writer out = berth_writer_on(entry->text, sizeof entry->text - 1);
    const struct berth_sys_holder *holder = choose(holders, count, &entry->address);
    if (holder != NULL)
        write_holder(holder, &out);
    else
        berth_writer_text(&out, "in use (the system does not say by whom)");
    /* Whoever asks for 127.0.0.1 looks there first, and would find the port free. */
    if (entry->address.family == 6) {
        berth_writer_text(&out, " on ");
        berth_addr_write_ip(&entry->address, &out);
    }
    entry->text[out.size] = 0;
}

static size_t collect_ports(const struct berth_port *port, uint16_t *ports, size_t max) {
    size_t count = 0;
    for (size_t i = 0; i < port->passed_count && count < max; i++) {
        if (port->passed[i].reason == BERTH_PORT_IN_USE)
            ports[count++] = port->passed[i].from;
    }
    return count;
}

void berth_port_passed_explain(const struct berth_port_machine *machine, struct berth_port *port) {
    uint16_t ports[HOLDERS_MAX];
    size_t port_count = collect_ports(port, ports, HOLDERS_MAX);
    if (port_count == 0)
        return;
    struct berth_sys_holder holders[HOLDERS_MAX];
    size_t count = 0;
    if (machine->holders(ports, port_count, holders, HOLDERS_MAX, &count) < 0)
        count = 0;
    for (size_t i = 0; i < port->passed_count; i++) {
        if (port->passed[i].reason == BERTH_PORT_IN_USE)
            explain(&port->passed[i], holders, count);
    }
}
