/* Who can reach the server, checked: the address to listen on, the origins that may connect. */
#include "app/config_settle.h"
#include "base/addr.h"
#include "berth/error.h"

static const char *subject(struct berth_config_place place, const char *key) {
    return place.source == BERTH_CONFIG_FROM_FILE ? key : NULL;
}

/* -- HOST -------------------------------------------------------------------------------------- */

/* What to write in place of a text that is no address. */
static const char *host_advice(struct berth_view host) {
    if (berth_view_equal(host, BERTH_VIEW("*")))
        return "write 0.0.0.0 for every network of this machine";
    if (host.data[0] == '[')
        return "write an IPv6 address without brackets, such as ::1";
    if (memchr(host.data, '%', host.size) != NULL)
        return "an address with a zone does not work in a browser: use one without";
    if (memchr(host.data, '/', host.size) != NULL)
        return "write the address alone, such as 127.0.0.1, and the port as SERVER_PORT";
    const char *colon = memchr(host.data, ':', host.size);
    if (colon != NULL && memchr(host.data, '.', host.size) != NULL)
        return "write the address alone, such as 127.0.0.1, and the port as SERVER_PORT";
    if (colon != NULL || strspn(host.data, "0123456789.") == host.size)
        return "write it in full, such as 127.0.0.1 or ::1";
    return "a name can stand for another machine tomorrow: write 127.0.0.1 for this machine alone, "
           "or 0.0.0.0 for every network of it";
}

void berth_config_check_host(struct berth_config *config) {
    const struct berth_config_value *host = &config->values[BERTH_SETTING_HOST];
    const struct berth_config_value *auth = &config->values[BERTH_SETTING_AUTH];
    struct berth_addr addr;
    if (host->text == NULL || strcmp(host->text, "localhost") == 0)
        return;
    if (berth_addr_parse(berth_view_of(host->text), 0, &addr) < 0)
        berth_config_report(config, BERTH_LOG_ERROR, host->place, subject(host->place, "HOST"),
                            "%.60s is no IP address: %s", host->text,
                            host_advice(berth_view_of(host->text)));
    else if (!berth_addr_is_loopback(&addr) && strcmp(auth->text, "none") != 0)
        berth_config_report(config, BERTH_LOG_WARNING, host->place, subject(host->place, "HOST"),
                            "%s is open to other machines, and they are refused: they can read "
                            "/health and nothing else. This version has no tokens yet; to let in "
                            "everybody who reaches the port, set AUTH: none under BERTH:",
                            host->text);
}

/* -- ALLOWED_ORIGINS --------------------------------------------------------------------------- */

static bool is_scheme(struct berth_view scheme) {
    for (size_t i = 0; i < scheme.size; i++) {
        char c = scheme.data[i];
        bool letter = c >= 'a' && c <= 'z';
        bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!letter && (i == 0 || !other))
            return false;
    }
    return scheme.size > 0;
}

static bool is_default_port(struct berth_view scheme, struct berth_view port) {
    return (berth_view_equal(scheme, BERTH_VIEW("http")) &&
            berth_view_equal(port, BERTH_VIEW("80"))) ||
           (berth_view_equal(scheme, BERTH_VIEW("https")) &&
            berth_view_equal(port, BERTH_VIEW("443")));
}

/* "example.org", "example.org:8080", "[::1]:8080": what is wrong with it, NULL for nothing. */
static const char *authority_fault(struct berth_view scheme, struct berth_view authority) {
    for (size_t i = 0; i < authority.size; i++) {
        char c = authority.data[i];
        if (c == '*')
            return "a pattern matches nothing here: write each origin out, or \"*\" alone for all";
        if (c == '/' || c == '?' || c == '#')
            return "an origin has no path: leave out what stands from the slash on";
        if (c >= 'A' && c <= 'Z')
            return "browsers send origins in small letters: write it so";
        if (c <= ' ' || c >= 0x7F || c == '@' || c == '\\' || c == '"')
            return "this is no host: write scheme://host or scheme://host:port, a name that is "
                   "not ASCII as xn--…";
    }
    const char *bracket = authority.size > 0 ? memchr(authority.data, ']', authority.size) : NULL;
    size_t skip = bracket != NULL ? (size_t)(bracket - authority.data) : 0;
    struct berth_view tail = {authority.data + skip, authority.size - skip};
    struct berth_view port;
    struct berth_view host = berth_view_cut(tail, ':', &port);
    uint64_t number;
    if (host.size == 0)
        return "the host is missing: write scheme://host";
    if (host.size == tail.size)
        return NULL;
    if (berth_view_number(port, UINT16_MAX, &number) < 0 || port.data[0] == '0')
        return "what stands behind the colon is no port";
    if (is_default_port(scheme, port))
        return "browsers leave out the usual port, so this matches nothing: leave it out too";
    return NULL;
}

static const char *origin_fault(struct berth_view origin) {
    if (berth_view_equal(origin, BERTH_VIEW("*")) || berth_view_equal(origin, BERTH_VIEW("null")) ||
        berth_view_equal(origin, BERTH_VIEW("file://")))
        return NULL;
    const char *colon = memchr(origin.data, ':', origin.size);
    size_t size = colon != NULL ? (size_t)(colon - origin.data) : 0;
    struct berth_view rest = {origin.data + size, origin.size - size};
    if (!berth_view_starts(rest, BERTH_VIEW("://")))
        return "this is no origin: write scheme://host or scheme://host:port, such as "
               "https://example.org";
    struct berth_view scheme = {origin.data, size};
    if (!is_scheme(scheme))
        return "the scheme is not one: write http, https or your app's own, in small letters";
    return authority_fault(scheme, (struct berth_view){rest.data + 3, rest.size - 3});
}

void berth_config_check_origins(struct berth_config *config) {
    const struct berth_config_value *origins = &config->values[BERTH_SETTING_ALLOWED_ORIGINS];
    for (size_t i = 0; i < origins->item_count; i++) {
        const struct berth_config_item *item = &origins->items[i];
        const char *fault = origin_fault(berth_view_of(item->text));
        const char *name = subject(item->place, "ALLOWED_ORIGINS");
        if (fault != NULL)
            berth_config_report(config, BERTH_LOG_ERROR, item->place, name, "%.60s: %s", item->text,
                                fault);
        else if (strcmp(item->text, "*") == 0)
            berth_config_report(config, BERTH_LOG_WARNING, item->place, name,
                                "* lets any web page that a browser on this machine opens talk to "
                                "this server: name the origins that need it");
    }
}
