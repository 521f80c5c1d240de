#include "port/machine.h"

#include "base/alloc.h"
#include "base/writer.h"
#include "berth/error.h"
#include "port/passed.h"
#include "port/set.h"

#define DEFAULT_BACKLOG 511

/* How often the system is asked for a port of its choice. It knows nothing of ::1 when it chooses
 * for 127.0.0.1, so a choice can turn out taken; this often in a row it does not. */
#define SYSTEM_TRIES 64

/* A step of the search ends with 0 (had), an error (the search is over), or this. */
#define GO_ON 1

struct search {
    const struct berth_port_machine *machine;
    const struct berth_port_options *options;
    struct berth_port_set set;
    struct berth_port port; /* what is being built */
    struct berth_addr at;   /* the address and port of the last failure */
    uint16_t sticky_passed; /* the range leaves this one out: it was tried already */
};

/* -- One port ---------------------------------------------------------------------------------- */

static void close_sockets(struct search *search) {
    for (size_t i = 0; i < search->port.count; i++)
        search->machine->close(search->port.sockets[i]);
    search->port.count = 0;
}

static int listen_on(struct search *search, size_t i, uint16_t port) {
    struct berth_addr address = search->set.addresses[i];
    address.port = port;
    search->at = address;
    int backlog = search->options->backlog > 0 ? search->options->backlog : DEFAULT_BACKLOG;
    int error = search->machine->listen(&address, backlog, &address.port, &search->port.sockets[i]);
    if (error < 0)
        return error;
    search->port.addresses[i] = address;
    search->port.count = i + 1;
    search->port.port = address.port;
    return 0;
}

/* Listens on every address of the set, or on none. Port 0 is the system's choice on the first, and
 * that choice on the others. */
static int listen_on_all(struct search *search, uint16_t port) {
    for (size_t i = 0; i < search->set.count; i++) {
        int error = listen_on(search, i, i == 0 ? port : search->port.port);
        if (error == BERTH_E_NO_ADDRESS && i > 0) {
            search->port.without_ipv6 = true;
            search->set.count = i;
        } else if (error < 0) {
            close_sockets(search);
            return error;
        }
    }
    return 0;
}

/* -- Why not ----------------------------------------------------------------------------------- */

static enum berth_port_reason reason_of(int error) {
    if (error == BERTH_E_IN_USE)
        return BERTH_PORT_IN_USE;
    if (error == BERTH_E_DENIED)
        return BERTH_PORT_RESERVED;
    return error == BERTH_E_NO_ADDRESS ? BERTH_PORT_NO_ADDRESS : BERTH_PORT_FAILED;
}

/* These do not depend on the port: the next one would fail the same way. */
static bool ends_search(int error) {
    return error == BERTH_E_NO_ADDRESS || error == BERTH_E_TOO_MANY_FILES ||
           error == BERTH_E_MEMORY;
}

static uint32_t last_of_range(const struct berth_port_options *options) {
    uint32_t count = options->strict ? 1 : options->tries;
    uint32_t room = (uint32_t)UINT16_MAX + 1 - options->port;
    return options->port + (count < room ? count : room) - 1;
}

/* A denied port below the first unprivileged one stands for all of those up to it. */
static uint16_t end_of_reserved(const struct search *search, uint16_t port) {
    uint32_t first_free = search->machine->first_unprivileged();
    uint32_t last = last_of_range(search->options);
    if (port == 0 || port >= first_free || port > last)
        return port;
    return (uint16_t)(first_free - 1 < last ? first_free - 1 : last);
}

static void write_why(const struct search *search, struct berth_port_passed *entry) {
    struct berth_writer out = berth_writer_on(entry->text, sizeof entry->text - 1);
    switch (entry->reason) {
    case BERTH_PORT_IN_USE:
        break; /* the holders of all ports are looked for at the end, at once */
    case BERTH_PORT_RESERVED:
        berth_writer_text(&out, "reserved by the system: ");
        if (entry->from != 0 && entry->from < search->machine->first_unprivileged())
            berth_writer_format(&out,
                                "ports below %u need root (or net.ipv4.ip_unprivileged_port_start)",
                                search->machine->first_unprivileged());
        else
            berth_writer_text(&out, "it denies this program the port");
        break;
    case BERTH_PORT_BLOCKED:
        berth_writer_text(&out, "browsers refuse to connect to this port");
        break;
    case BERTH_PORT_NO_ADDRESS:
        berth_writer_text(&out, "this machine has no address ");
        berth_addr_write_ip(&entry->address, &out);
        break;
    case BERTH_PORT_FAILED:
        berth_writer_text(&out, berth_error_text(entry->error));
        break;
    }
    entry->text[out.size] = 0;
}

static int pass_over(struct search *search, uint16_t port, int error) {
    struct berth_port_passed entry = {
        .from = port,
        .to = error == BERTH_E_DENIED ? end_of_reserved(search, port) : port,
        .reason = reason_of(error),
        .error = error,
        .address = search->at,
    };
    write_why(search, &entry);
    int added = berth_port_passed_add(&search->port, &entry);
    if (added < 0)
        return added;
    return ends_search(error) || port == 0 ? BERTH_E_NO_PORT : GO_ON;
}

static int pass_over_blocked(struct search *search, uint16_t port) {
    struct berth_port_passed entry = {
        .from = port,
        .to = port,
        .reason = BERTH_PORT_BLOCKED,
        .address = search->set.addresses[0],
    };
    entry.address.port = port;
    write_why(search, &entry);
    int added = berth_port_passed_add(&search->port, &entry);
    return added < 0 ? added : GO_ON;
}

/* -- The steps of the search ------------------------------------------------------------------- */

/* For a failure that has no port of its own. */
static int pass_over_all(struct search *search, int error, const char *why) {
    close_sockets(search);
    struct berth_port_passed entry = {.reason = BERTH_PORT_FAILED, .error = error};
    struct berth_writer out = berth_writer_on(entry.text, sizeof entry.text - 1);
    berth_writer_text(&out, why);
    int added = berth_port_passed_add(&search->port, &entry);
    return added < 0 ? added : BERTH_E_NO_PORT;
}

/* Whoever passes sockets has decided on the port. When they are not fit to serve on, that is said;
 * to go looking for another port would leave the starter's clients with nobody. */
static int try_passed(struct search *search) {
    struct berth_port *port = &search->port;
    int error = search->machine->passed(port->sockets, BERTH_PORT_ADDRESSES_MAX, &port->count);
    if (error < 0)
        return pass_over_all(search, BERTH_E_INVALID,
                             "LISTEN_FDS does not name open descriptors; unset it, or mend "
                             "what starts this program");
    if (port->count == 0)
        return GO_ON;
    for (size_t i = 0; i < port->count; i++) {
        if (search->machine->check_listening(port->sockets[i]) < 0 ||
            search->machine->local(port->sockets[i], &port->addresses[i]) < 0)
            return pass_over_all(search, BERTH_E_INVALID,
                                 "a descriptor passed in by LISTEN_FDS is no TCP socket "
                                 "that listens");
        if (port->addresses[i].port != port->addresses[0].port)
            return pass_over_all(search, BERTH_E_INVALID,
                                 "the sockets passed in by LISTEN_FDS listen on different "
                                 "ports; one server has one port");
    }
    port->port = port->addresses[0].port;
    port->source = BERTH_PORT_FROM_PARENT;
    return 0;
}

/* A sticky port that is denied is left to the range, which says so once for all that are: it was
 * had by another user, as a rule by root. */
static int try_sticky(struct search *search) {
    const struct berth_port_options *options = search->options;
    uint16_t sticky = options->sticky;
    if (sticky < options->port || sticky > last_of_range(options) || sticky == 0 ||
        berth_port_is_blocked(sticky))
        return GO_ON;
    search->port.source = BERTH_PORT_FROM_STICKY;
    int error = listen_on_all(search, sticky);
    if (error == 0)
        return 0;
    if (error == BERTH_E_DENIED)
        return GO_ON;
    search->sticky_passed = sticky;
    return pass_over(search, sticky, error);
}

static int try_range_port(struct search *search, uint16_t port) {
    if (berth_port_is_blocked(port))
        return pass_over_blocked(search, port);
    int error = listen_on_all(search, port);
    return error == 0 ? 0 : pass_over(search, port, error);
}

static int try_range(struct search *search) {
    search->port.source = BERTH_PORT_FROM_RANGE;
    uint32_t port = search->options->port;
    while (port <= last_of_range(search->options)) {
        if (port == search->sticky_passed) {
            port++;
            continue;
        }
        int outcome = try_range_port(search, (uint16_t)port);
        if (outcome != GO_ON)
            return outcome;
        port = (uint32_t)search->port.passed[search->port.passed_count - 1].to + 1;
    }
    return GO_ON;
}

/* The system's choice can be taken in between, by a socket that was bound to it and listened first:
 * that, too, is only known when listen has failed. */
static int try_system_once(struct search *search) {
    int error = listen_on_all(search, 0);
    if (error == 0 && berth_port_is_blocked(search->port.port)) {
        close_sockets(search);
        return pass_over_blocked(search, search->port.port);
    }
    if (error == 0)
        return 0;
    if (error == BERTH_E_IN_USE && search->at.port == 0)
        return GO_ON;
    return pass_over(search, search->at.port, error);
}

static int try_system(struct search *search) {
    search->port.source = BERTH_PORT_FROM_SYSTEM;
    for (int i = 0; i < SYSTEM_TRIES; i++) {
        int outcome = try_system_once(search);
        if (outcome != GO_ON)
            return outcome;
    }
    return pass_over_all(search, BERTH_E_IN_USE, "the system has no free port to give");
}

static int run(struct search *search) {
    const struct berth_port_options *options = search->options;
    int outcome = options->accept_passed ? try_passed(search) : GO_ON;
    if (outcome == GO_ON && options->port == 0)
        return try_system(search);
    if (outcome == GO_ON)
        outcome = try_sticky(search);
    if (outcome == GO_ON)
        outcome = try_range(search);
    if (outcome == GO_ON && !options->strict && options->fallback == BERTH_PORT_FALLBACK_EPHEMERAL)
        outcome = try_system(search);
    return outcome;
}

int berth_port_allocate_on(const struct berth_port_machine *machine,
                           const struct berth_port_options *options, struct berth_port *ret_port) {
    struct search search = {.machine = machine, .options = options};
    int error = berth_port_set_make(options->host, &search.set);
    if (error < 0)
        return error;
    int outcome = run(&search);
    if (outcome == BERTH_E_MEMORY) {
        berth_free(search.port.passed);
        return outcome;
    }
    if (outcome != 0) {
        outcome = BERTH_E_NO_PORT;
        search.port.port = 0;
    }
    berth_port_passed_explain(machine, &search.port);
    *ret_port = search.port;
    return outcome;
}
