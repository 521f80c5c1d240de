#include "cli/doctor_print.h"

#include "base/assert.h"
#include "base/json.h"
#include "cli/log.h"

static const size_t width = 96;
static const size_t indent = 25; /* where texts begin */

static bool is_well(const struct berth_doctor_report *report) {
    return report->worst <= BERTH_DOCTOR_NOTE;
}

/* -- For people -------------------------------------------------------------------------------- */

static const char *colour_of(enum berth_doctor_severity severity) {
    switch (severity) {
    case BERTH_DOCTOR_OK:
        return "\033[32m"; /* green */
    case BERTH_DOCTOR_NOTE:
        return "\033[36m"; /* cyan */
    case BERTH_DOCTOR_WARNING:
        return "\033[33m"; /* yellow */
    case BERTH_DOCTOR_ERROR:
        return "\033[1;31m"; /* bold red */
    }
    berth_assert_failed("severity is one of enum berth_doctor_severity", __FILE__, __LINE__);
}

static void pad(struct berth_writer *out, size_t count) {
    for (size_t i = 0; i < count; i++)
        berth_writer_char(out, ' ');
}

/* Columns that a text takes; what is escaped by then is one byte a column, or one character. */
static size_t columns_of(struct berth_view text) {
    size_t columns = 0;
    for (size_t i = 0; i < text.size; i++)
        columns += ((unsigned char)text.data[i] & 0xC0) != 0x80 ? 1 : 0;
    return columns;
}

/* Words from `at` on, in lines that begin at `begin`. */
static void wrap(struct berth_writer *out, size_t at, size_t begin, const char *text) {
    char memory[4096];
    struct berth_writer safe = berth_writer_on(memory, sizeof memory);
    berth_cli_text_escape(berth_view_of(text), &safe);
    struct berth_view rest = berth_writer_result(&safe);
    bool first = true;
    while (rest.size > 0) {
        struct berth_view word = berth_view_cut(rest, ' ', &rest);
        size_t size = columns_of(word);
        if (!first && at + 1 + size > width) {
            berth_writer_char(out, '\n');
            pad(out, begin);
            at = begin;
        } else if (!first) {
            berth_writer_char(out, ' ');
            at++;
        }
        berth_writer_view(out, word);
        at += size;
        first = false;
    }
    berth_writer_char(out, '\n');
}

static void write_head(const struct berth_doctor_finding *finding, bool colour,
                       struct berth_writer *out) {
    enum berth_doctor_severity severity = finding->code->severity;
    const char *name = berth_doctor_severity_name(severity);
    berth_writer_text(out, colour ? colour_of(severity) : "");
    berth_writer_text(out, name);
    berth_writer_text(out, colour ? "\033[0m" : "");
    pad(out, 9 - strlen(name));
    berth_writer_text(out, finding->check);
    pad(out, indent - 9 - strlen(finding->check));
}

static void write_part(const char *name, const char *text, struct berth_writer *out) {
    static const size_t column = 11;
    pad(out, indent - column);
    berth_writer_text(out, name);
    pad(out, column - strlen(name));
    wrap(out, indent, indent, text);
}

static bool was_said(const struct berth_doctor_report *report, size_t index) {
    for (size_t i = 0; i < index; i++)
        if (report->findings[i].code == report->findings[index].code)
            return true;
    return false;
}

/* A note says what is seen; what it means stands in its page. */
static void write_finding(const struct berth_doctor_report *report, size_t index, bool colour,
                          struct berth_writer *out) {
    const struct berth_doctor_finding *finding = &report->findings[index];
    const struct berth_doctor_code *code = finding->code;
    write_head(finding, colour, out);
    if (code->severity == BERTH_DOCTOR_OK) {
        wrap(out, indent, indent, finding->seen);
        return;
    }
    char memory[1024];
    struct berth_writer title = berth_writer_on(memory, sizeof memory - 1);
    if (code->severity == BERTH_DOCTOR_NOTE)
        berth_writer_format(&title, "%s (%s)", finding->seen, code->name);
    else
        berth_writer_format(&title, "%s (%s)", code->title, code->name);
    memory[title.size] = '\0';
    wrap(out, indent, indent, memory);
    if (code->severity == BERTH_DOCTOR_NOTE)
        return;
    write_part("seen", finding->seen, out);
    if (was_said(report, index))
        return;
    write_part("means", code->means, out);
    write_part("to do", code->remedy, out);
}

static void write_count(size_t count, const char *what, struct berth_writer *out) {
    if (count > 0)
        berth_writer_format(out, "%s%zu %s%s", out->size > 0 ? ", " : "", count, what,
                            count > 1 ? "s" : "");
}

/* The last line. */
static void write_judgement(const struct berth_doctor_world *world,
                            const struct berth_doctor_report *report, struct berth_writer *out) {
    char memory[128];
    struct berth_writer counts = berth_writer_on(memory, sizeof memory - 1);
    write_count(report->counts[BERTH_DOCTOR_ERROR], "error", &counts);
    write_count(report->counts[BERTH_DOCTOR_WARNING], "warning", &counts);
    memory[counts.size] = '\0';
    if (is_well(report))
        berth_writer_text(out, "All is well.");
    else if (world->server == NULL && report->counts[BERTH_DOCTOR_ERROR] == 0 &&
             report->counts[BERTH_DOCTOR_WARNING] == 1)
        berth_writer_text(out, "Nothing is in the way: no server runs. Start it.");
    else
        berth_writer_format(out, "Not all is well: %s.", memory);
}

void berth_doctor_print_text(const struct berth_doctor_world *world,
                             const struct berth_doctor_report *report, bool colour,
                             struct berth_writer *out) {
    for (size_t i = 0; i < report->count; i++)
        write_finding(report, i, colour, out);
    berth_writer_char(out, '\n');
    berth_writer_text(out, colour ? colour_of(report->worst) : "");
    write_judgement(world, report, out);
    berth_writer_text(out, colour ? "\033[0m" : "");
    if (!is_well(report))
        berth_writer_text(out, " More on each: berth doctor --explain CODE");
    berth_writer_char(out, '\n');
}

/* -- For machines ------------------------------------------------------------------------------ */

static void add_text(struct berth_json *json, const char *key, const char *text) {
    berth_json_key(json, key);
    berth_json_text(json, text);
}

static void add_server(const struct berth_doctor_world *world, struct berth_json *json) {
    berth_json_key(json, "server");
    if (world->server == NULL) {
        berth_json_null(json);
        return;
    }
    const struct berth_doctor_health *health = &world->server->health[world->server_family];
    berth_json_open(json, '{');
    berth_json_key(json, "port");
    berth_json_number(json, world->server->port);
    add_text(json, "instance", health->instance);
    add_text(json, "version", health->version);
    add_text(json, "verdict", health->known_key ? "proved" : "named");
    berth_json_close(json, '}');
}

static void add_holder(const struct berth_doctor_port *port, struct berth_json *json) {
    const struct berth_sys_holder *holder = &port->holders[0];
    berth_json_key(json, "holder");
    if (port->holder_count == 0) {
        berth_json_null(json);
        return;
    }
    berth_json_open(json, '{');
    berth_json_key(json, "pid");
    if (holder->pid != 0)
        berth_json_number(json, holder->pid);
    else
        berth_json_null(json);
    add_text(json, "program", holder->pid != 0 ? holder->program : NULL);
    add_text(json, "user", holder->user);
    berth_json_close(json, '}');
}

static void add_ports(const struct berth_doctor_world *world, struct berth_json *json) {
    berth_json_key(json, "ports");
    berth_json_open(json, '[');
    for (size_t i = 0; i < world->port_count; i++) {
        const struct berth_doctor_port *port = &world->ports[i];
        berth_json_open(json, '{');
        berth_json_key(json, "port");
        berth_json_number(json, port->port);
        berth_json_key(json, "in_range");
        berth_json_bool(json, port->in_range);
        add_text(json, "state", berth_doctor_who_name(berth_doctor_who(world, port)));
        add_text(json, "127.0.0.1", berth_doctor_outcome_text(port->answers[0].outcome));
        add_text(json, "::1", berth_doctor_outcome_text(port->answers[1].outcome));
        add_holder(port, json);
        berth_json_close(json, '}');
    }
    berth_json_close(json, ']');
}

static void add_findings(const struct berth_doctor_report *report, struct berth_json *json) {
    berth_json_key(json, "findings");
    berth_json_open(json, '[');
    for (size_t i = 0; i < report->count; i++) {
        const struct berth_doctor_finding *finding = &report->findings[i];
        berth_json_open(json, '{');
        add_text(json, "code", finding->code->name);
        add_text(json, "severity", berth_doctor_severity_name(finding->code->severity));
        add_text(json, "check", finding->check);
        add_text(json, "title", finding->code->title);
        add_text(json, "seen", finding->seen);
        add_text(json, "means", finding->code->means);
        add_text(json, "to_do", finding->code->remedy);
        berth_json_close(json, '}');
    }
    berth_json_close(json, ']');
}

void berth_doctor_print_json(const struct berth_doctor_world *world,
                             const struct berth_doctor_report *report, struct berth_writer *out) {
    char memory[256];
    struct berth_writer judgement = berth_writer_on(memory, sizeof memory);
    struct berth_json json = berth_json_on(out);
    write_judgement(world, report, &judgement);
    berth_json_open(&json, '{');
    add_text(&json, "app", world->app);
    add_text(&json, "version", world->version);
    add_text(&json, "origin", world->origin);
    berth_json_key(&json, "well");
    berth_json_bool(&json, is_well(report));
    berth_json_key(&json, "judgement");
    berth_json_string(&json, berth_writer_result(&judgement));
    berth_json_key(&json, "counts");
    berth_json_open(&json, '{');
    for (size_t i = 0; i <= BERTH_DOCTOR_ERROR; i++) {
        berth_json_key(&json, berth_doctor_severity_name((enum berth_doctor_severity)i));
        berth_json_number(&json, report->counts[i]);
    }
    berth_json_close(&json, '}');
    add_server(world, &json);
    add_ports(world, &json);
    add_findings(report, &json);
    berth_json_close(&json, '}');
    berth_writer_char(out, '\n');
}
