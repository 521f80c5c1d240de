#include "server/access.h"

#include "base/assert.h"

/* -- Host -------------------------------------------------------------------------------------- */

struct authority {
    struct berth_view host; /* an IPv6 literal without its brackets */
    bool bracketed;
    uint16_t port;
};

/* Splits "host", "host:port", "[v6]" and "[v6]:port"; false when it is none of these. */
static bool split_authority(struct berth_view text, uint16_t default_port,
                            struct authority *ret_authority) {
    struct authority authority = {.port = default_port};
    struct berth_view port = {NULL, 0};
    if (text.size > 0 && text.data[0] == '[') {
        struct berth_view rest;
        authority.host =
            berth_view_cut((struct berth_view){text.data + 1, text.size - 1}, ']', &rest);
        authority.bracketed = true;
        if (rest.data == NULL || (rest.size > 0 && rest.data[0] != ':'))
            return false;
        if (rest.size > 0)
            port = (struct berth_view){rest.data + 1, rest.size - 1};
    } else {
        authority.host = berth_view_cut(text, ':', &port);
    }
    if (port.data != NULL) {
        uint64_t number;
        if (berth_view_number(port, UINT16_MAX, &number) < 0)
            return false;
        authority.port = (uint16_t)number;
    }
    *ret_authority = authority;
    return authority.host.size > 0;
}

/* "localhost" or the literal of a loopback address, spelled as such. */
static bool names_loopback(const struct authority *authority) {
    if (!authority->bracketed && berth_view_equal_nocase(authority->host, BERTH_VIEW("localhost")))
        return true;
    struct berth_addr addr;
    return berth_addr_parse(authority->host, 0, &addr) == 0 &&
           (addr.family == 6) == authority->bracketed && berth_addr_is_loopback(&addr);
}

static bool listens_on_loopback(const struct berth_access_policy *policy) {
    for (size_t i = 0; i < policy->address_count; i++)
        if (berth_addr_is_loopback(&policy->addresses[i]) ||
            berth_addr_is_any(&policy->addresses[i]))
            return true;
    return false;
}

static bool is_listened_on(const struct berth_access_policy *policy,
                           const struct berth_addr *addr) {
    for (size_t i = 0; i < policy->address_count; i++)
        if (berth_addr_same_ip(&policy->addresses[i], addr))
            return true;
    return false;
}

static bool host_is_ours(const struct berth_access_policy *policy,
                         const struct berth_access_question *question) {
    struct authority authority;
    if (!split_authority(question->host, 80, &authority) || authority.port != policy->port)
        return false;
    if (!authority.bracketed && berth_view_equal_nocase(authority.host, BERTH_VIEW("localhost")))
        return listens_on_loopback(policy);
    struct berth_addr addr;
    if (berth_addr_parse(authority.host, 0, &addr) < 0 ||
        (addr.family == 6) != authority.bracketed || berth_addr_is_any(&addr))
        return false;
    return is_listened_on(policy, &addr) || berth_addr_same_ip(&addr, &question->local) ||
           (berth_addr_is_loopback(&addr) && listens_on_loopback(policy) &&
            berth_addr_is_loopback(&question->local));
}

/* -- Origin ------------------------------------------------------------------------------------ */

static bool origin_is_configured(const struct berth_access_policy *policy,
                                 struct berth_view origin) {
    for (size_t i = 0; i < policy->origin_count; i++) {
        struct berth_view configured = berth_view_of(policy->origins[i]);
        if (berth_view_equal(configured, BERTH_VIEW("*")) ||
            berth_view_equal_nocase(configured, origin))
            return true;
    }
    return false;
}

/* Any sandboxed page, and any file that is opened in a browser. */
static bool origin_is_anybody(struct berth_view origin) {
    return berth_view_equal(origin, BERTH_VIEW("null")) ||
           berth_view_equal(origin, BERTH_VIEW("file://"));
}

static bool origin_is_good(const struct berth_access_policy *policy,
                           const struct berth_access_question *question) {
    struct berth_view origin = question->origin;
    if (origin_is_configured(policy, origin))
        return true;
    if (origin_is_anybody(origin))
        return question->token == BERTH_ACCESS_TOKEN_SHOWN || question->preflight;
    uint16_t default_port = 80;
    struct berth_view rest = {NULL, 0};
    if (berth_view_starts(origin, BERTH_VIEW("http://"))) {
        rest = (struct berth_view){origin.data + 7, origin.size - 7};
    } else if (berth_view_starts(origin, BERTH_VIEW("https://"))) {
        rest = (struct berth_view){origin.data + 8, origin.size - 8};
        default_port = 443;
    }
    struct authority authority;
    if (rest.size == 0 || !split_authority(rest, default_port, &authority))
        return false;
    /* The page's own: rule 1 has found Host to be ours, so a page that names the same place in its
     * Origin came from us. */
    return names_loopback(&authority) ||
           (default_port == 80 && berth_view_equal_nocase(rest, question->host));
}

/* -- The decision ------------------------------------------------------------------------------ */

static struct berth_access_answer refuse(int status, const char *reason) {
    return (struct berth_access_answer){BERTH_ACCESS_REFUSED, BERTH_ACCESS_CORS_NONE, status,
                                        reason};
}

static bool is_embedded_by_another_site(const struct berth_access_question *question) {
    return berth_view_equal(question->fetch_site, BERTH_VIEW("cross-site")) &&
           !berth_view_equal(question->fetch_mode, BERTH_VIEW("navigate"));
}

static struct berth_access_answer judge_peer(const struct berth_access_question *question,
                                             struct berth_access_answer allowed) {
    switch (question->peer) {
    case BERTH_ACCESS_PEER_NOT_ASKED:
        return (struct berth_access_answer){.verdict = BERTH_ACCESS_ASK_PEER};
    case BERTH_ACCESS_PEER_OURS:
        return allowed;
    case BERTH_ACCESS_PEER_OTHER:
        return refuse(403, "This server belongs to another user of this machine.");
    case BERTH_ACCESS_PEER_UNKNOWN:
        if (question->origin_count > 0)
            return allowed;
        return refuse(403, "The system does not say whose connection this is. Set AUTH: none under "
                           "BERTH: in conf.yaml to let any user of this machine in.");
    }
    berth_assert_failed("peer is one of enum berth_access_peer", __FILE__, __LINE__);
}

struct berth_access_answer berth_access_decide(const struct berth_access_policy *policy,
                                               const struct berth_access_question *question) {
    if (!host_is_ours(policy, question))
        return refuse(421, "The Host of this request is not an address of this server. Use "
                           "http://127.0.0.1 with the server's port.");
    if (question->kind == BERTH_ACCESS_DISCOVERY)
        return (struct berth_access_answer){.verdict = BERTH_ACCESS_ALLOWED,
                                            .cors = BERTH_ACCESS_CORS_ANY};
    if (question->kind == BERTH_ACCESS_TICKET)
        return (struct berth_access_answer){.verdict = BERTH_ACCESS_ALLOWED};
    if (question->token == BERTH_ACCESS_TOKEN_WRONG)
        return refuse(401, "This is not the token of this server. It is made anew at each start: "
                           "read it from the endpoint record.");

    bool known = policy->auth_none || question->token == BERTH_ACCESS_TOKEN_SHOWN ||
                 question->token == BERTH_ACCESS_TOKEN_COOKIE;
    if (!known && !berth_addr_is_loopback(&question->remote))
        return refuse(403, "This server lets in other machines only with its token. Set AUTH: none "
                           "under BERTH: in conf.yaml to let everybody in.");

    struct berth_access_answer allowed = {.verdict = BERTH_ACCESS_ALLOWED};
    if (question->origin_count > 1)
        return refuse(403, "The request has more than one Origin.");
    if (question->origin_count == 1) {
        if (!origin_is_good(policy, question))
            return refuse(403, "Pages of this origin may not use this server. Add the origin to "
                               "ALLOWED_ORIGINS under BERTH: in conf.yaml to let them in.");
        allowed.cors = BERTH_ACCESS_CORS_ECHO;
    } else if (is_embedded_by_another_site(question)) {
        return refuse(403, "A page of another site may not embed what this server has.");
    }
    return known || question->preflight ? allowed : judge_peer(question, allowed);
}
