/* What surrounds all servers: proxy variables, the clock. */
#include "cli/doctor.h"

/* 2024-01-01; no version of this program is older. */
static const uint64_t oldest_ms = 1704067200000;

/* -- Proxy ------------------------------------------------------------------------------------- */

static const char *value_of(const struct berth_doctor_world *world, const char *name) {
    size_t size = strlen(name);
    for (const char *const *entry = world->environment; entry != NULL && *entry != NULL; entry++)
        if (strncmp(*entry, name, size) == 0 && (*entry)[size] == '=' && (*entry)[size + 1] != '\0')
            return *entry + size + 1;
    return NULL;
}

/* Does an entry of no_proxy ("localhost", ".local", "127.0.0.0/8", "*") leave the host out? */
static bool entry_covers(struct berth_view entry, struct berth_view host) {
    if (berth_view_equal(entry, BERTH_VIEW("*")) || berth_view_equal_nocase(entry, host))
        return true;
    bool four = berth_view_equal(host, BERTH_VIEW("127.0.0.1"));
    return four && (berth_view_equal(entry, BERTH_VIEW("127.0.0.0/8")) ||
                    berth_view_equal(entry, BERTH_VIEW("127.")));
}

static bool list_covers(const char *list, const char *host) {
    struct berth_view rest = berth_view_of(list);
    while (rest.size > 0) {
        struct berth_view entry = berth_view_trim(berth_view_cut(rest, ',', &rest));
        if (entry_covers(entry, berth_view_of(host)))
            return true;
    }
    return false;
}

/* Programs look at the one spelling or at the other: a host is left out when every spelling that is
 * set leaves it out. */
static bool is_left_out(const struct berth_doctor_world *world, const char *host) {
    const char *small = value_of(world, "no_proxy");
    const char *capital = value_of(world, "NO_PROXY");
    bool any = small != NULL || capital != NULL;
    return any && (small == NULL || list_covers(small, host)) &&
           (capital == NULL || list_covers(capital, host));
}

/* A URL without the name and password that may stand in it. */
static void write_url(const char *url, struct berth_writer *out) {
    const char *scheme_end = strstr(url, "://");
    const char *host = scheme_end != NULL ? scheme_end + 3 : url;
    const char *at = strrchr(host, '@');
    berth_writer_bytes(out, url, (size_t)(host - url));
    berth_writer_text(out, at != NULL ? at + 1 : host);
}

void berth_doctor_check_proxy(const struct berth_doctor_world *world,
                              struct berth_doctor_report *report) {
    static const char *const names[] = {"http_proxy", "HTTP_PROXY", "all_proxy",
                                        "ALL_PROXY",  "ws_proxy",   "WS_PROXY"};
    static const char *const hosts[] = {"127.0.0.1", "localhost", "::1"};
    char memory[64];
    struct berth_writer caught = berth_writer_on(memory, sizeof memory - 1);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (!is_left_out(world, hosts[i]))
            berth_writer_format(&caught, "%s%s", caught.size > 0 ? ", " : "", hosts[i]);
    memory[caught.size] = '\0';
    size_t before = report->count;
    for (size_t i = 0; caught.size > 0 && i < sizeof names / sizeof *names; i++) {
        const char *url = value_of(world, names[i]);
        char url_memory[200];
        struct berth_writer text = berth_writer_on(url_memory, sizeof url_memory - 1);
        if (url == NULL)
            continue;
        write_url(url, &text);
        url_memory[text.size] = '\0';
        berth_doctor_add(report, BERTH_DOCTOR_PROXY_CATCHES_LOOPBACK,
                         "%s is %s, and no_proxy does not leave out %s.", names[i], url_memory,
                         memory);
    }
    if (report->count == before)
        berth_doctor_add(report, BERTH_DOCTOR_PROXY, "None catches 127.0.0.1, localhost or ::1.");
}

/* -- Clock ------------------------------------------------------------------------------------- */

void berth_doctor_check_clock(const struct berth_doctor_world *world,
                              struct berth_doctor_report *report) {
    static const uint64_t slack_ms = 60 * 1000;
    size_t before = report->count;
    if (world->now_ms < oldest_ms)
        berth_doctor_add(report, BERTH_DOCTOR_CLOCK_UNSET, "The clock says %llu s since 1970.",
                         (unsigned long long)(world->now_ms / 1000));
    for (size_t i = 0; i < world->record_count; i++)
        if (world->records[i].started_ms > world->now_ms + slack_ms)
            berth_doctor_add(
                report, BERTH_DOCTOR_CLOCK_RECORD_FUTURE, "%s says that it starts in %llu s.",
                world->records[i].path,
                (unsigned long long)((world->records[i].started_ms - world->now_ms) / 1000));
    if (report->count == before)
        berth_doctor_add(report, BERTH_DOCTOR_CLOCK, "It is plausible.");
}
