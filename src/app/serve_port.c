#include "app/serve_port.h"

#include "berth/error.h"
#include "port/publish.h"

static uint16_t sticky_port(const struct berth_config *config) {
    const char *folder = config->values[BERTH_SETTING_STATE_DIR].text;
    if (folder == NULL || config->values[BERTH_SETTING_STICKY].number == 0)
        return 0;
    return berth_port_sticky_load(folder, config->values[BERTH_SETTING_APP].text);
}

/* "Port 1018: ", "Ports 1018 to 1023: "; nothing where it was not about a certain port. */
static void write_ports(const struct berth_port_passed *passed, const char *what,
                        struct berth_writer *out) {
    if (passed->from == 0)
        return;
    if (passed->from == passed->to)
        berth_writer_format(out, "Port %u%s: ", (unsigned)passed->from, what);
    else
        berth_writer_format(out, "Ports %u to %u%s: ", (unsigned)passed->from, (unsigned)passed->to,
                            what);
}

static void log_passed(const struct berth_port *port, enum berth_log_level level, const char *what,
                       const struct berth_log *log) {
    for (size_t i = 0; i < port->passed_count; i++) {
        char memory[64];
        struct berth_writer ports = berth_writer_on(memory, sizeof memory);
        write_ports(&port->passed[i], what, &ports);
        berth_log_write(log, level, "port.passed_over", "%.*s%s",
                        BERTH_VIEW_ARG(berth_writer_result(&ports)), port->passed[i].text);
    }
}

/* What to do, going by what stood in the way of the last try. */
static const char *advice_on(const struct berth_port *port, bool strict) {
    enum berth_port_reason reason =
        port->passed_count > 0 ? port->passed[port->passed_count - 1].reason : BERTH_PORT_FAILED;
    switch (reason) {
    case BERTH_PORT_NO_ADDRESS:
        return "set HOST to an address that this machine has, or to 127.0.0.1";
    case BERTH_PORT_RESERVED:
        return "ask for a port above these with --port";
    case BERTH_PORT_BLOCKED:
        return "ask for a port that browsers connect to with --port";
    case BERTH_PORT_FAILED:
        return "mend what the next line names";
    case BERTH_PORT_IN_USE:
        break;
    }
    return strict ? "stop what holds it, ask for another with --port, or leave out --strict-port"
                  : "stop one of them, ask for other ports with --port, or let the system choose "
                    "with --port 0";
}

static void log_failure(const struct berth_config *config, const struct berth_port *port,
                        bool strict, int error, const struct berth_log *log) {
    const char *host = config->values[BERTH_SETTING_HOST].text;
    if (error != BERTH_E_NO_PORT) {
        berth_log_write(log, BERTH_LOG_ERROR, "port.failed", "No port on %s: %s", host,
                        berth_error_text(error));
        return;
    }
    berth_log_write(log, BERTH_LOG_ERROR, "port.none", "No port could be had on %s: %s", host,
                    advice_on(port, strict));
    log_passed(port, BERTH_LOG_ERROR, "", log);
}

int berth_serve_port(const struct berth_config *config, bool strict, const struct berth_log *log,
                     struct berth_port *ret_port) {
    const struct berth_config_value *values = config->values;
    struct berth_port_options options = {
        .host = values[BERTH_SETTING_HOST].text,
        .port = (uint16_t)values[BERTH_SETTING_SERVER_PORT].number,
        .tries = (unsigned)values[BERTH_SETTING_PORT_TRIES].number,
        .strict = strict,
        .fallback = (enum berth_port_fallback)values[BERTH_SETTING_FALLBACK].number,
        .sticky = sticky_port(config),
        .accept_passed = true,
    };
    *ret_port = (struct berth_port){0};
    int error = berth_port_allocate(&options, ret_port);
    if (error < 0) {
        log_failure(config, ret_port, strict, error, log);
        return error;
    }
    log_passed(ret_port, BERTH_LOG_INFO, " passed over", log);
    if (ret_port->without_ipv6)
        berth_log_write(log, BERTH_LOG_DEBUG, "port.without_ipv6",
                        "This machine has no ::1: only 127.0.0.1 is listened on");
    return 0;
}

void berth_serve_port_why(const struct berth_port *port, uint16_t requested,
                          struct berth_writer *out) {
    if (requested == 0 || port->port == requested)
        return;
    if (port->source == BERTH_PORT_FROM_PARENT) {
        berth_writer_text(out, "it was passed in by the program that started this one");
        return;
    }
    if (port->source == BERTH_PORT_FROM_STICKY) {
        berth_writer_text(out, "it is the port of the last run");
        return;
    }
    for (size_t i = 0; i < port->passed_count; i++) {
        const struct berth_port_passed *passed = &port->passed[i];
        if (passed->from <= requested && requested <= passed->to) {
            berth_writer_format(out, "%u is %s", (unsigned)requested, passed->text);
            return;
        }
    }
    berth_writer_format(out, "%u could not be had", (unsigned)requested);
}
