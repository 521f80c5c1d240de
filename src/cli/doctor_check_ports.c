/* The ports of the range, and the ways to them: families, loopback. */
#include "cli/doctor.h"

#include <stdio.h>

/* What frontends look through when nobody tells them. */
static const uint16_t searched_first = 1018;
static const uint16_t searched_last = 1030;

/* "1018", or "1018 to 1023". */
static const char *range_text(uint16_t from, uint16_t to, char memory[32]) {
    if (from == to)
        snprintf(memory, 32, "%u", (unsigned)from);
    else
        snprintf(memory, 32, "%u to %u", (unsigned)from, (unsigned)to);
    return memory;
}

/* -- One port ---------------------------------------------------------------------------------- */

static void note_stranger(const struct berth_doctor_port *port,
                          struct berth_doctor_report *report) {
    char memory[256];
    struct berth_writer holder = berth_writer_on(memory, sizeof memory - 1);
    berth_doctor_holder_write(port, &holder);
    memory[holder.size] = '\0';
    berth_doctor_add(report, BERTH_DOCTOR_PORT_STRANGER, "Port %u is %s.", (unsigned)port->port,
                     memory);
}

/* A socket that listens, by the system's own word, and a connection that does not come about. */
static bool is_filtered(const struct berth_doctor_port *port, enum berth_doctor_family family) {
    enum berth_doctor_outcome outcome = port->answers[family].outcome;
    for (size_t i = 0; i < port->holder_count; i++) {
        const struct berth_sys_holder *holder = &port->holders[i];
        bool here =
            holder->address.family == (family == BERTH_DOCTOR_IPV4 ? 4 : 6) &&
            (berth_addr_is_loopback(&holder->address) || berth_addr_is_any(&holder->address));
        if (here && holder->listening &&
            (outcome == BERTH_DOCTOR_REFUSED || outcome == BERTH_DOCTOR_UNREACHED))
            return true;
    }
    return false;
}

static void check_filter(const struct berth_doctor_port *port, struct berth_doctor_report *report) {
    static const char *const names[] = {"127.0.0.1", "::1"};
    for (size_t i = 0; i < BERTH_DOCTOR_FAMILIES_MAX; i++)
        if (is_filtered(port, (enum berth_doctor_family)i))
            berth_doctor_add(report, BERTH_DOCTOR_PORT_FILTERED,
                             "Port %u on %s: %s listens there (pid %u), and %s.",
                             (unsigned)port->port, names[i], port->holders[0].program,
                             port->holders[0].pid,
                             berth_doctor_outcome_text(port->answers[i].outcome));
}

/* What is to be said about a run of ports of the same kind; FREE and OURS are no finding. */
static void note_run(const struct berth_doctor_port *first, const struct berth_doctor_port *last,
                     enum berth_doctor_who who, struct berth_doctor_report *report) {
    char ports[32];
    const char *text = range_text(first->port, last->port, ports);
    switch (who) {
    case BERTH_DOCTOR_FREE:
    case BERTH_DOCTOR_OURS:
    case BERTH_DOCTOR_IMPOSTOR: /* the server's check says that */
        return;
    case BERTH_DOCTOR_OTHER_APP:
        berth_doctor_add(report, BERTH_DOCTOR_PORT_OTHER_APP, "Port %s: the app %s.", text,
                         first->health[first->health[0].is_berth ? 0 : 1].app);
        return;
    case BERTH_DOCTOR_STRANGER:
        note_stranger(first, report);
        return;
    case BERTH_DOCTOR_DENIED:
        berth_doctor_add(report, BERTH_DOCTOR_PORT_RESERVED, "Port %s: this user may not listen.",
                         text);
        return;
    case BERTH_DOCTOR_REFUSED_BY_BROWSERS:
        berth_doctor_add(report, BERTH_DOCTOR_PORT_BLOCKED, "Port %s.", text);
        return;
    }
}

/* Only reserved and blocked ports are alike enough to be said in one. */
static bool joins(enum berth_doctor_who who) {
    return who == BERTH_DOCTOR_DENIED || who == BERTH_DOCTOR_REFUSED_BY_BROWSERS;
}

static void note_ports(const struct berth_doctor_world *world, struct berth_doctor_report *report) {
    for (size_t i = 0; i < world->port_count;) {
        const struct berth_doctor_port *first = &world->ports[i];
        enum berth_doctor_who who = berth_doctor_who(world, first);
        size_t last = i;
        while (joins(who) && last + 1 < world->port_count &&
               world->ports[last + 1].port == world->ports[last].port + 1 &&
               berth_doctor_who(world, &world->ports[last + 1]) == who)
            last++;
        if (first->in_range)
            note_run(first, &world->ports[last], who, report);
        i = last + 1;
    }
}

/* -- The range --------------------------------------------------------------------------------- */

static size_t count_who(const struct berth_doctor_world *world, enum berth_doctor_who who) {
    size_t count = 0;
    for (size_t i = 0; i < world->port_count; i++)
        if (world->ports[i].in_range && berth_doctor_who(world, &world->ports[i]) == who)
            count++;
    return count;
}

static void check_range(const struct berth_doctor_world *world,
                        struct berth_doctor_report *report) {
    unsigned last = world->server_port + world->port_tries - 1;
    if (world->server_port >= world->ephemeral.from && world->server_port <= world->ephemeral.to)
        berth_doctor_add(report, BERTH_DOCTOR_PORT_EPHEMERAL,
                         "SERVER_PORT is %u; the system takes %u to %u.",
                         (unsigned)world->server_port, (unsigned)world->ephemeral.from,
                         (unsigned)world->ephemeral.to);
    if (world->server_port < searched_first || last > searched_last)
        berth_doctor_add(report, BERTH_DOCTOR_RANGE_UNSEARCHED,
                         "The range is %u to %u; frontends look through %u to %u.",
                         (unsigned)world->server_port, last, (unsigned)searched_first,
                         (unsigned)searched_last);
}

void berth_doctor_check_ports(const struct berth_doctor_world *world,
                              struct berth_doctor_report *report) {
    if (world->server_port == 0) {
        berth_doctor_add(report, BERTH_DOCTOR_PORTS, "The system is to choose the port.");
        return;
    }
    size_t ours = count_who(world, BERTH_DOCTOR_OURS);
    size_t spare = count_who(world, BERTH_DOCTOR_FREE);
    note_ports(world, report);
    for (size_t i = 0; i < world->port_count; i++)
        check_filter(&world->ports[i], report);
    check_range(world, report);
    char memory[32];
    const char *range = range_text(world->server_port,
                                   (uint16_t)(world->server_port + world->port_tries - 1), memory);
    if (ours + spare == 0 && world->port_tries <= BERTH_DOCTOR_RANGE_MAX)
        berth_doctor_add(report, BERTH_DOCTOR_PORTS_ALL_TAKEN, "%s: none is free%s.", range,
                         world->falls_back ? "; the system will choose one" : "");
    else
        berth_doctor_add(report, BERTH_DOCTOR_PORTS, "%s: %zu free, %zu ours.", range, spare, ours);
}

/* -- Families ---------------------------------------------------------------------------------- */

static void check_split(const struct berth_doctor_world *world,
                        const struct berth_doctor_port *port, struct berth_doctor_report *report) {
    enum berth_doctor_who four = berth_doctor_who_in(world, port, BERTH_DOCTOR_IPV4);
    enum berth_doctor_who six = berth_doctor_who_in(world, port, BERTH_DOCTOR_IPV6);
    const struct berth_doctor_health *health = port->health;
    bool ours = four == BERTH_DOCTOR_OURS || six == BERTH_DOCTOR_OURS;
    bool same = strcmp(health[0].instance, health[1].instance) == 0;
    if (!ours || four == BERTH_DOCTOR_FREE || six == BERTH_DOCTOR_FREE || (four == six && same))
        return;
    berth_doctor_add(report, BERTH_DOCTOR_FAMILIES_DIFFER,
                     "Port %u: on 127.0.0.1 is %s, on ::1 is %s.", (unsigned)port->port,
                     health[0].is_berth ? health[0].app : "another program",
                     health[1].is_berth ? health[1].app : "another program");
}

static void check_localhost(const struct berth_doctor_world *world,
                            struct berth_doctor_report *report) {
    const struct berth_doctor_localhost *localhost = &world->localhost;
    if (localhost->error < 0 || localhost->count == 0) {
        berth_doctor_add(report, BERTH_DOCTOR_LOCALHOST_UNKNOWN, "localhost has no address.");
        return;
    }
    for (size_t i = 0; i < localhost->count; i++) {
        const struct berth_addr *address = &localhost->addresses[i];
        if (berth_addr_is_loopback(address))
            continue;
        char memory[BERTH_ADDR_TEXT_MAX];
        struct berth_writer text = berth_writer_on(memory, sizeof memory - 1);
        berth_addr_write_ip(address, &text);
        memory[text.size] = '\0';
        berth_doctor_add(report, BERTH_DOCTOR_LOCALHOST_ELSEWHERE, "localhost is %s.", memory);
        return;
    }
    enum berth_doctor_family first =
        localhost->addresses[0].family == 4 ? BERTH_DOCTOR_IPV4 : BERTH_DOCTOR_IPV6;
    if (world->server != NULL &&
        berth_doctor_who_in(world, world->server, first) == BERTH_DOCTOR_FREE &&
        (world->has_ipv6 || localhost->count == 1))
        berth_doctor_add(report, BERTH_DOCTOR_LOCALHOST_OTHER_FAMILY,
                         "localhost is %s first, and the server on port %u is not there.",
                         first == BERTH_DOCTOR_IPV4 ? "127.0.0.1" : "::1",
                         (unsigned)world->server->port);
}

void berth_doctor_check_families(const struct berth_doctor_world *world,
                                 struct berth_doctor_report *report) {
    size_t before = report->count;
    for (size_t i = 0; i < world->port_count; i++)
        check_split(world, &world->ports[i], report);
    check_localhost(world, report);
    if (!world->has_ipv6)
        berth_doctor_add(report, BERTH_DOCTOR_IPV6_MISSING, "There is no ::1 here.");
    if (report->count == before)
        berth_doctor_add(report, BERTH_DOCTOR_FAMILIES,
                         "127.0.0.1 and ::1 are there, and "
                         "localhost leads to them.");
}

/* -- Loopback ---------------------------------------------------------------------------------- */

void berth_doctor_check_loopback(const struct berth_doctor_world *world,
                                 struct berth_doctor_report *report) {
    const struct berth_doctor_answer *answer = &world->loopback;
    const char *text = berth_doctor_outcome_text(answer->outcome);
    switch (answer->outcome) {
    case BERTH_DOCTOR_UNASKABLE:
    case BERTH_DOCTOR_NO_ADDRESS:
        berth_doctor_add(report, BERTH_DOCTOR_LOOPBACK_DOWN, "To 127.0.0.1: %s.", text);
        return;
    case BERTH_DOCTOR_REFUSED:
        berth_doctor_add(report, BERTH_DOCTOR_LOOPBACK_REFUSED,
                         "To a listener of the doctor's own: %s.", text);
        return;
    case BERTH_DOCTOR_UNREACHED:
        berth_doctor_add(report, BERTH_DOCTOR_LOOPBACK_TIMEOUT,
                         "To a listener of the doctor's own: %s.", text);
        return;
    case BERTH_DOCTOR_RESET:
    case BERTH_DOCTOR_NOT_HTTP:
    case BERTH_DOCTOR_ANSWERED: /* the listener never says a word: somebody else did */
        berth_doctor_add(report, BERTH_DOCTOR_LOOPBACK_RESET,
                         "To a listener of the doctor's own: %s.", text);
        return;
    case BERTH_DOCTOR_SILENT: /* connected to a listener that never answers: as it should be */
    case BERTH_DOCTOR_NOT_ASKED:
        berth_doctor_add(report, BERTH_DOCTOR_LOOPBACK,
                         "A connection to a listener of the doctor's own came about.");
        return;
    }
}
