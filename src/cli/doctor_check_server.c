/* The server itself, and what a page can do with it. */
#include "cli/doctor.h"

#include <stdio.h>

/* -- Server ------------------------------------------------------------------------------------ */

static bool is_ours_or_claims(enum berth_doctor_who who) {
    return who == BERTH_DOCTOR_OURS || who == BERTH_DOCTOR_IMPOSTOR;
}

static void judge_version(const struct berth_doctor_world *world,
                          const struct berth_doctor_port *port,
                          const struct berth_doctor_health *health,
                          struct berth_doctor_report *report) {
    int compared = berth_doctor_version_compare(health->version, world->version);
    if (compared == 0)
        return;
    berth_doctor_add(report, compared < 0 ? BERTH_DOCTOR_SERVER_OLDER : BERTH_DOCTOR_SERVER_NEWER,
                     "Port %u answers with version %s; this is %s.", (unsigned)port->port,
                     health->version, world->version);
}

static void judge_identity(const struct berth_doctor_world *world,
                           const struct berth_doctor_port *port,
                           const struct berth_doctor_health *health,
                           struct berth_doctor_report *report) {
    unsigned number = port->port;
    char memory[256];
    struct berth_writer holder = berth_writer_on(memory, sizeof memory - 1);
    berth_doctor_holder_write(port, &holder);
    memory[holder.size] = '\0';
    if (health->port != port->port)
        berth_doctor_add(report, BERTH_DOCTOR_SERVER_FORWARDED,
                         "Port %u answers, and says that it is port %u.", number,
                         (unsigned)health->port);
    else if (world->has_key && !health->known_key)
        berth_doctor_add(report, BERTH_DOCTOR_SERVER_UNPROVED,
                         "Port %u says that it is %s and %s; it is %s.", number, health->app,
                         health->has_proof ? "proves another key than the app's" : "has no proof",
                         memory);
    else if (!health->has_proof && world->identity_fault == NULL)
        berth_doctor_add(report, BERTH_DOCTOR_SERVER_WITHOUT_KEY,
                         "Port %u says that it is %s, version %s, and gives no proof.", number,
                         health->app, health->version);
}

static void judge_state(const struct berth_doctor_port *port,
                        const struct berth_doctor_health *health,
                        struct berth_doctor_report *report) {
    if (health->starting)
        berth_doctor_add(report, BERTH_DOCTOR_SERVER_STARTING, "Port %u says: starting.",
                         (unsigned)port->port);
    if (health->draining)
        berth_doctor_add(report, BERTH_DOCTOR_SERVER_DRAINING, "Port %u says: draining.",
                         (unsigned)port->port);
}

/* One server answers on both families with one instance: it is judged once. */
static const struct berth_doctor_health *health_of(const struct berth_doctor_world *world,
                                                   const struct berth_doctor_port *port) {
    for (size_t i = 0; i < BERTH_DOCTOR_FAMILIES_MAX; i++)
        if (is_ours_or_claims(berth_doctor_who_in(world, port, (enum berth_doctor_family)i)))
            return &port->health[i];
    return NULL;
}

void berth_doctor_check_server(const struct berth_doctor_world *world,
                               struct berth_doctor_report *report) {
    size_t before = report->count;
    size_t ours = 0;
    if (world->identity_fault != NULL)
        berth_doctor_add(report, BERTH_DOCTOR_IDENTITY_UNUSABLE, "%s %s.", world->identity_path,
                         world->identity_fault);
    for (size_t i = 0; i < world->port_count; i++) {
        const struct berth_doctor_port *port = &world->ports[i];
        const struct berth_doctor_health *health = health_of(world, port);
        if (health == NULL)
            continue;
        ours += berth_doctor_who(world, port) == BERTH_DOCTOR_OURS ? 1 : 0;
        judge_identity(world, port, health, report);
        judge_version(world, port, health, report);
        judge_state(port, health, report);
    }
    if (ours == 0)
        berth_doctor_add(report, BERTH_DOCTOR_SERVER_ABSENT,
                         "Nobody answers as %s on the %zu "
                         "ports that were asked.",
                         world->app, world->port_count);
    if (ours > 1)
        berth_doctor_add(report, BERTH_DOCTOR_SERVER_SEVERAL, "%zu ports answer as %s.", ours,
                         world->app);
    if (report->count == before && world->server != NULL)
        berth_doctor_add(report, BERTH_DOCTOR_SERVER, "%s answers on port %u, ready, %s.",
                         world->app, (unsigned)world->server->port,
                         world->has_key ? "and has proved that it is the right one"
                                        : "with a key that is not known here");
}

/* -- WebSocket --------------------------------------------------------------------------------- */

/* The server's own words, short. */
static void body_text(const struct berth_doctor_answer *answer, char memory[160]) {
    size_t size = strcspn(answer->body, "\r\n");
    snprintf(memory, 160, "%.*s", (int)(size < 150 ? size : 150), answer->body);
}

static void judge_upgrade_status(const struct berth_doctor_answer *answer, const char *path,
                                 struct berth_doctor_report *report) {
    char words[160];
    body_text(answer, words);
    if (answer->status == 101)
        berth_doctor_add(report, BERTH_DOCTOR_WEBSOCKET_MANGLED, "%s: 101, but: %s", path,
                         answer->upgrade_fault);
    else if (answer->status == 426 || answer->status < 300)
        berth_doctor_add(report, BERTH_DOCTOR_WEBSOCKET_STRIPPED,
                         "%s was asked for with Upgrade: websocket and answers %d: \"%s\"", path,
                         answer->status, words);
    else
        berth_doctor_add(report, BERTH_DOCTOR_WEBSOCKET_REFUSED, "%s answers %d: \"%s\"", path,
                         answer->status, words);
}

void berth_doctor_check_websocket(const struct berth_doctor_world *world,
                                  struct berth_doctor_report *report) {
    if (world->server == NULL)
        return;
    const struct berth_doctor_answer *answer = &world->upgrade;
    const char *path = world->server->health[world->server_family].ws_path;
    switch (answer->outcome) {
    case BERTH_DOCTOR_NOT_ASKED:
        berth_doctor_add(report, BERTH_DOCTOR_WEBSOCKET_NO_ROUTE, "/health names no WebSocket.");
        return;
    case BERTH_DOCTOR_NO_ADDRESS:
    case BERTH_DOCTOR_UNASKABLE:
    case BERTH_DOCTOR_REFUSED:
    case BERTH_DOCTOR_RESET:
    case BERTH_DOCTOR_NOT_HTTP:
        berth_doctor_add(report, BERTH_DOCTOR_WEBSOCKET_CUT,
                         "/health answers, and at the upgrade of %s %s.", path,
                         berth_doctor_outcome_text(answer->outcome));
        return;
    case BERTH_DOCTOR_UNREACHED:
    case BERTH_DOCTOR_SILENT:
        berth_doctor_add(report, BERTH_DOCTOR_WEBSOCKET_SILENT,
                         "/health answers, and the upgrade of %s does not in %u ms.", path,
                         answer->elapsed_ms);
        return;
    case BERTH_DOCTOR_ANSWERED:
        if (answer->upgraded)
            berth_doctor_add(report, BERTH_DOCTOR_WEBSOCKET, "%s opens in %u ms.", path,
                             answer->elapsed_ms);
        else
            judge_upgrade_status(answer, path, report);
        return;
    }
}

/* -- Page -------------------------------------------------------------------------------------- */

/* The host of "scheme://host:port", without the brackets of an IPv6 literal. */
static struct berth_view host_of(const char *origin) {
    const char *authority = strstr(origin, "://");
    struct berth_view rest = berth_view_of(authority != NULL ? authority + 3 : "");
    if (rest.size > 0 && rest.data[0] == '[')
        return berth_view_cut((struct berth_view){rest.data + 1, rest.size - 1}, ']', &rest);
    return berth_view_cut(rest, ':', &rest);
}

static bool is_loopback_origin(const char *origin) {
    struct berth_view host = host_of(origin);
    struct berth_addr address;
    if (berth_addr_parse(host, 0, &address) == 0)
        return berth_addr_is_loopback(&address);
    return berth_view_equal_nocase(host, BERTH_VIEW("localhost"));
}

static bool may_read(const struct berth_doctor_answer *answer, const char *origin) {
    return strcmp(answer->allow_origin, "*") == 0 || strcmp(answer->allow_origin, origin) == 0;
}

static bool is_refused(const struct berth_doctor_answer *answer) {
    return answer->outcome == BERTH_DOCTOR_ANSWERED &&
           (answer->status == 401 || answer->status == 403);
}

static void judge_refusal(const struct berth_doctor_world *world,
                          struct berth_doctor_report *report) {
    bool null_origin =
        strcmp(world->origin, "null") == 0 || strncmp(world->origin, "file:", 5) == 0;
    const struct berth_doctor_answer *answer =
        is_refused(&world->page_data) ? &world->page_data : &world->page_upgrade;
    char words[160];
    body_text(answer, words);
    berth_doctor_add(report,
                     null_origin ? BERTH_DOCTOR_PAGE_NULL_ORIGIN : BERTH_DOCTOR_PAGE_ORIGIN_REFUSED,
                     "With Origin: %s, %s: \"%s\" (%d); /health answers %d.", world->origin,
                     answer == &world->page_data ? "data is refused" : "the WebSocket is refused",
                     words, answer->status, world->page_health.status);
}

static void judge_cors(const struct berth_doctor_world *world, const char *what,
                       const struct berth_doctor_answer *answer,
                       struct berth_doctor_report *report) {
    if (answer->outcome != BERTH_DOCTOR_ANSWERED || answer->status >= 400 ||
        may_read(answer, world->origin))
        return;
    if (answer->allow_origin[0] == '\0')
        berth_doctor_add(report, BERTH_DOCTOR_PAGE_CORS_MISSING,
                         "%s answers %d without Access-Control-Allow-Origin for %s.", what,
                         answer->status, world->origin);
    else
        berth_doctor_add(report, BERTH_DOCTOR_PAGE_CORS_MISSING, "%s may be read by %s, not by %s.",
                         what, answer->allow_origin, world->origin);
}

static void judge_place(const struct berth_doctor_world *world,
                        struct berth_doctor_report *report) {
    struct berth_view origin = berth_view_of(world->origin);
    if (is_loopback_origin(world->origin) || !berth_view_starts(origin, BERTH_VIEW("http")))
        return;
    berth_doctor_add(report, BERTH_DOCTOR_PAGE_LOCAL_NETWORK,
                     "%s is not this machine, and the server is.", world->origin);
    if (berth_view_starts(origin, BERTH_VIEW("https://")))
        berth_doctor_add(report, BERTH_DOCTOR_PAGE_MIXED_CONTENT,
                         "%s is https, the server is http.", world->origin);
}

void berth_doctor_check_page(const struct berth_doctor_world *world,
                             struct berth_doctor_report *report) {
    if (world->origin == NULL || world->server == NULL)
        return;
    size_t before = report->count;
    if (is_refused(&world->page_data) || is_refused(&world->page_upgrade))
        judge_refusal(world, report);
    judge_cors(world, "/health", &world->page_health, report);
    judge_cors(world, "/berth/status.json", &world->page_data, report);
    judge_place(world, report);
    if (report->count == before)
        berth_doctor_add(report, BERTH_DOCTOR_PAGE, "%s may read /health and data%s.",
                         world->origin,
                         world->page_upgrade.upgraded ? ", and open the WebSocket" : "");
}
