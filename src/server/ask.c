#include "server/internal.h"

#include "sys/process.h"

/* -- The token --------------------------------------------------------------------------------- */

static const struct berth_view protocol_prefix = {"berth.token.", 12};

/* What a client that cannot set fields of its own says as a subprotocol. */
static bool protocol_token(struct berth_view list, struct berth_view *ret_token) {
    while (list.data != NULL) {
        struct berth_view item = berth_view_trim(berth_view_cut(list, ',', &list));
        if (berth_view_starts(item, protocol_prefix)) {
            *ret_token = (struct berth_view){item.data + protocol_prefix.size,
                                             item.size - protocol_prefix.size};
            return true;
        }
    }
    return false;
}

/* A token that is shown, in whichever way. RFC 6750 2.1: "Bearer" and one space. */
static bool shown_token(const struct berth_http_head *head, struct berth_view *ret_token) {
    static const struct berth_view scheme = {"Bearer ", 7};
    struct berth_view value;
    if (berth_http_head_find(head, "Authorization", &value) == 0 && value.size > scheme.size &&
        berth_view_equal_nocase((struct berth_view){value.data, scheme.size}, scheme)) {
        *ret_token = (struct berth_view){value.data + scheme.size, value.size - scheme.size};
        return true;
    }
    size_t index = 0;
    while (berth_http_head_next(head, "Sec-WebSocket-Protocol", &index, &value))
        if (protocol_token(value, ret_token))
            return true;
    return false;
}

static enum berth_access_token judge_token(const struct berth_server *server,
                                           const struct berth_http_head *head) {
    struct berth_view token, cookies;
    if (server->options->token == NULL)
        return BERTH_ACCESS_TOKEN_NONE;
    if (shown_token(head, &token))
        return berth_proof_same(token, berth_view_of(server->options->token))
                   ? BERTH_ACCESS_TOKEN_SHOWN
                   : BERTH_ACCESS_TOKEN_WRONG;
    size_t index = 0;
    while (berth_http_head_next(head, "Cookie", &index, &cookies))
        if (berth_entrance_knows(&server->team->entrance, cookies))
            return BERTH_ACCESS_TOKEN_COOKIE;
    return BERTH_ACCESS_TOKEN_NONE;
}

/* -- The question ------------------------------------------------------------------------------ */

/* A socket stays its maker's, so that one answer of the kernel is good for the whole connection. */
static enum berth_access_peer ask_peer(struct berth_server *server, struct berth_ends *ends) {
    uint32_t uid;
    if (ends->peer == BERTH_ACCESS_PEER_UNKNOWN &&
        berth_sys_peers_uid(&server->peers, &ends->local, &ends->remote, &uid) == 0)
        ends->peer =
            uid == server->uid || uid == 0 ? BERTH_ACCESS_PEER_OURS : BERTH_ACCESS_PEER_OTHER;
    return ends->peer;
}

/* Who asks, and from which page. Not looked for where anybody may know. */
static void describe_asker(const struct berth_server *server, const struct berth_http_head *head,
                           struct berth_access_question *question) {
    question->preflight = head->method == BERTH_HTTP_METHOD_OPTIONS;
    question->token = judge_token(server, head);
    question->origin_count = (unsigned)berth_http_head_count(head, "Origin");
    /* A field that is absent leaves its view empty. */
    (void)berth_http_head_find(head, "Origin", &question->origin);
    (void)berth_http_head_find(head, "Sec-Fetch-Site", &question->fetch_site);
    (void)berth_http_head_find(head, "Sec-Fetch-Mode", &question->fetch_mode);
}

struct berth_access_answer berth_request_ask(struct berth_request *request,
                                             enum berth_access_kind kind) {
    struct berth_server *server = request->conn->server;
    struct berth_access_question question = {
        .kind = kind,
        .host = berth_http_head_host(request->head),
        .local = request->ends->local,
        .remote = request->ends->remote,
    };
    if (kind != BERTH_ACCESS_DISCOVERY)
        describe_asker(server, request->head, &question);
    request->token = question.token;

    struct berth_access_answer answer = berth_access_decide(&server->policy, &question);
    if (answer.verdict == BERTH_ACCESS_ASK_PEER) {
        question.peer = ask_peer(server, request->ends);
        answer = berth_access_decide(&server->policy, &question);
    }
    if (answer.verdict == BERTH_ACCESS_REFUSED) {
        bool by_host = answer.status == 421;
        berth_server_log_refusal(server, by_host ? "access.host" : "access.refused",
                                 by_host ? "Host" : "Origin",
                                 by_host ? question.host : question.origin, answer.reason);
    }
    return answer;
}
