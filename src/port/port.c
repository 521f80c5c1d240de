#include "port/port.h"

#include "base/alloc.h"
#include "port/machine.h"
#include "sys/listen.h"
#include "sys/ports.h"

static const struct berth_port_machine this_machine = {
    .listen = berth_sys_listen,
    .close = berth_sys_socket_close,
    .passed = berth_sys_passed_sockets,
    .check_listening = berth_sys_socket_check_listening,
    .local = berth_sys_socket_local,
    .holders = berth_sys_port_holders,
    .first_unprivileged = berth_sys_ports_first_unprivileged,
};

int berth_port_allocate(const struct berth_port_options *options, struct berth_port *ret_port) {
    return berth_port_allocate_on(&this_machine, options, ret_port);
}

void berth_port_release(struct berth_port *port) {
    if (port == NULL)
        return;
    for (size_t i = 0; i < port->count; i++)
        berth_sys_socket_close(port->sockets[i]);
    berth_free(port->passed);
    *port = (struct berth_port){0};
}

const char *berth_port_reason_name(enum berth_port_reason reason) {
    switch (reason) {
    case BERTH_PORT_IN_USE:
        return "in_use";
    case BERTH_PORT_RESERVED:
        return "reserved";
    case BERTH_PORT_BLOCKED:
        return "blocked_by_browsers";
    case BERTH_PORT_NO_ADDRESS:
        return "no_address";
    case BERTH_PORT_FAILED:
        break;
    }
    return "failed";
}

bool berth_port_in_ephemeral_range(uint16_t port) {
    struct berth_sys_port_range range = berth_sys_ports_ephemeral();
    return port >= range.from && port <= range.to;
}
