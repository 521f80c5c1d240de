#include "cli/doctor.h"

#include "base/assert.h"

#include <stdarg.h>
#include <stdio.h>

static const struct check {
    const char *title;
    void (*run)(const struct berth_doctor_world *world, struct berth_doctor_report *report);
} checks[] = {
    {"Configuration", berth_doctor_check_configuration},
    {"Server", berth_doctor_check_server},
    {"Port file", berth_doctor_check_port_file},
    {"Records", berth_doctor_check_records},
    {"Ports", berth_doctor_check_ports},
    {"WebSocket", berth_doctor_check_websocket},
    {"Page", berth_doctor_check_page},
    {"Families", berth_doctor_check_families},
    {"Loopback", berth_doctor_check_loopback},
    {"Proxy", berth_doctor_check_proxy},
    {"Clock", berth_doctor_check_clock},
};

void berth_doctor_judge(const struct berth_doctor_world *world,
                        struct berth_doctor_report *report) {
    *report = (struct berth_doctor_report){0};
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        report->check = checks[i].title;
        checks[i].run(world, report);
    }
}

void berth_doctor_add(struct berth_doctor_report *report, enum berth_doctor_code_id code,
                      const char *seen, ...) {
    const struct berth_doctor_code *about = &berth_doctor_codes[code];
    report->counts[about->severity]++;
    if (about->severity > report->worst)
        report->worst = about->severity;
    if (report->count == BERTH_DOCTOR_FINDINGS_MAX)
        return;
    struct berth_doctor_finding *finding = &report->findings[report->count++];
    finding->code = about;
    finding->check = report->check;
    va_list arguments;
    va_start(arguments, seen);
    vsnprintf(finding->seen, sizeof finding->seen, seen, arguments);
    va_end(arguments);
}

/* -- Who is on a port -------------------------------------------------------------------------- */

static bool has_holder(const struct berth_doctor_port *port, enum berth_doctor_family family) {
    for (size_t i = 0; i < port->holder_count; i++) {
        const struct berth_addr *address = &port->holders[i].address;
        bool same = address->family == (family == BERTH_DOCTOR_IPV4 ? 4 : 6);
        /* An IPv6 socket for every interface takes IPv4 with it, unless it was told not to. */
        if (same || (address->family == 6 && berth_addr_is_any(address)))
            return true;
    }
    return false;
}

static bool is_empty(enum berth_doctor_outcome outcome) {
    return outcome == BERTH_DOCTOR_NOT_ASKED || outcome == BERTH_DOCTOR_NO_ADDRESS ||
           outcome == BERTH_DOCTOR_REFUSED;
}

enum berth_doctor_who berth_doctor_who_in(const struct berth_doctor_world *world,
                                          const struct berth_doctor_port *port,
                                          enum berth_doctor_family family) {
    const struct berth_doctor_health *health = &port->health[family];
    if (is_empty(port->answers[family].outcome))
        return has_holder(port, family) ? BERTH_DOCTOR_STRANGER : BERTH_DOCTOR_FREE;
    if (!health->is_berth)
        return BERTH_DOCTOR_STRANGER;
    if (strcmp(health->app, world->app) != 0)
        return BERTH_DOCTOR_OTHER_APP;
    return world->has_key && !health->known_key && health->port == port->port
               ? BERTH_DOCTOR_IMPOSTOR
               : BERTH_DOCTOR_OURS;
}

enum berth_doctor_who berth_doctor_who(const struct berth_doctor_world *world,
                                       const struct berth_doctor_port *port) {
    /* The most telling answer of the two families, in this order. */
    static const enum berth_doctor_who order[] = {BERTH_DOCTOR_OURS, BERTH_DOCTOR_IMPOSTOR,
                                                  BERTH_DOCTOR_OTHER_APP, BERTH_DOCTOR_STRANGER};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (berth_doctor_who_in(world, port, BERTH_DOCTOR_IPV4) == order[i] ||
            berth_doctor_who_in(world, port, BERTH_DOCTOR_IPV6) == order[i])
            return order[i];
    if (port->blocked)
        return BERTH_DOCTOR_REFUSED_BY_BROWSERS;
    return port->denied ? BERTH_DOCTOR_DENIED : BERTH_DOCTOR_FREE;
}

const char *berth_doctor_who_name(enum berth_doctor_who who) {
    switch (who) {
    case BERTH_DOCTOR_FREE:
        return "free";
    case BERTH_DOCTOR_OURS:
        return "ours";
    case BERTH_DOCTOR_IMPOSTOR:
        return "impostor";
    case BERTH_DOCTOR_OTHER_APP:
        return "other_app";
    case BERTH_DOCTOR_STRANGER:
        return "stranger";
    case BERTH_DOCTOR_DENIED:
        return "reserved";
    case BERTH_DOCTOR_REFUSED_BY_BROWSERS:
        return "blocked_by_browsers";
    }
    berth_assert_failed("who is one of enum berth_doctor_who", __FILE__, __LINE__);
}

const struct berth_doctor_port *berth_doctor_port_of(const struct berth_doctor_world *world,
                                                     uint16_t port) {
    for (size_t i = 0; i < world->port_count; i++)
        if (world->ports[i].port == port)
            return &world->ports[i];
    return NULL;
}

void berth_doctor_holder_write(const struct berth_doctor_port *port, struct berth_writer *out) {
    const struct berth_sys_holder *holder = &port->holders[0];
    if (port->holder_count == 0)
        berth_writer_text(out, "held by nobody that the system names");
    else if (holder->pid == 0)
        berth_writer_format(out, "held by a process of user %s", holder->user);
    else
        berth_writer_format(out, "held by %s (pid %u, user %s)", holder->program, holder->pid,
                            holder->user);
}

/* -- Versions ---------------------------------------------------------------------------------- */

/* The number at the head of the view, which is moved behind it; negative when none stands there. */
static int64_t take_number(struct berth_view *text) {
    int64_t number = -1;
    while (text->size > 0 && text->data[0] >= '0' && text->data[0] <= '9' && number < INT32_MAX) {
        number = (number < 0 ? 0 : number) * 10 + (text->data[0] - '0');
        *text = (struct berth_view){text->data + 1, text->size - 1};
    }
    return number;
}

int berth_doctor_version_compare(const char *a, const char *b) {
    struct berth_view left = berth_view_of(a);
    struct berth_view right = berth_view_of(b);
    for (size_t part = 0; part < 3; part++) {
        int64_t x = take_number(&left);
        int64_t y = take_number(&right);
        if (x < 0 || y < 0 || x != y)
            return x < 0 || y < 0 ? 0 : x < y ? -1 : 1;
        if (left.size == 0 || right.size == 0 || left.data[0] != '.' || right.data[0] != '.')
            return 0;
        left = (struct berth_view){left.data + 1, left.size - 1};
        right = (struct berth_view){right.data + 1, right.size - 1};
    }
    return 0;
}
