#include "server/internal.h"

#include "base/assert.h"
#include "proto/health.h"
#include "proto/http_target.h"
#include "server/embedded.h"
#include "sys/process.h"

#include <string.h>

/* A request as the routes see it. */
struct request {
    struct berth_conn *conn;
    const struct berth_http_head *head;
    struct berth_view path; /* as it was sent, escapes and all */
    struct berth_view query;
    struct berth_addr local;
    const struct berth_server_route *socket_route; /* NULL when the path is not one */
};

/* -- Pages that travel inside the program -------------------------------------------------------
 */

static const char page_csp[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
                               "img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
                               "form-action 'none'; frame-ancestors 'none'";

static void answer_page(struct request *request, struct berth_answer *answer,
                        const struct berth_embedded *page, const char *type) {
    answer->status = 200;
    answer->type = type;
    answer->csp = page_csp;
    answer->body = berth_view_bytes(page->data, page->size);
    berth_answer_send(request->conn, answer);
}

static void answer_status_html(struct request *request, struct berth_answer *answer) {
    answer_page(request, answer, &berth_embedded_status_html, "text/html; charset=utf-8");
}

static void answer_status_css(struct request *request, struct berth_answer *answer) {
    answer_page(request, answer, &berth_embedded_status_css, "text/css; charset=utf-8");
}

static void answer_status_js(struct request *request, struct berth_answer *answer) {
    answer_page(request, answer, &berth_embedded_status_js, "text/javascript; charset=utf-8");
}

/* -- Documents ----------------------------------------------------------------------------------
 */

static void answer_document(struct request *request, struct berth_answer *answer,
                            const struct berth_writer *document, const char *type) {
    if (document->overflow) {
        berth_answer_text(request->conn, 500, "The document is larger than it may be.");
        return;
    }
    answer->type = type;
    answer->cache = "no-store";
    answer->body = berth_writer_result(document);
    berth_answer_send(request->conn, answer);
}

static struct berth_writer scratch_writer(struct request *request) {
    struct berth_server *server = request->conn->server;
    return berth_writer_on(server->scratch, sizeof server->scratch);
}

static void answer_health(struct request *request, struct berth_answer *answer) {
    const struct berth_server *server = request->conn->server;
    const struct berth_server_options *options = server->options;
    struct berth_health health = {
        .app = options->app,
        .instance = options->instance,
        .version = options->version,
        .state = berth_server_health_state(server),
        .address = request->local,
        .ws_path = berth_server_main_route(server),
    };
    struct berth_writer document = scratch_writer(request);
    berth_health_write(&health, &document);
    answer->status = berth_health_http_status(health.state);
    answer_document(request, answer, &document, "application/json");
}

static void answer_port_file(struct request *request, struct berth_answer *answer) {
    struct berth_writer document = scratch_writer(request);
    berth_writer_number(&document, request->conn->server->options->port);
    answer->status = 200;
    answer_document(request, answer, &document, "text/plain; charset=utf-8");
}

static void answer_status_json(struct request *request, struct berth_answer *answer) {
    struct berth_writer document = scratch_writer(request);
    berth_status_write(request->conn->server, &request->local, &document);
    answer->status = 200;
    answer_document(request, answer, &document, "application/json");
}

/* -- Files ------------------------------------------------------------------------------------- */

static const struct berth_view static_prefix = {"/static/", 8};

static void answer_file(struct request *request, struct berth_answer *answer) {
    char memory[4096];
    struct berth_view path;
    if (berth_http_path_decode(request->path, memory, sizeof memory - 1, &path) < 0) {
        berth_answer_text(request->conn, 400, "This path cannot be the name of a file.");
        return;
    }
    path.data += static_prefix.size;
    path.size -= static_prefix.size;
    berth_files_answer(request->conn, path, answer);
}

/* -- The table --------------------------------------------------------------------------------- */

static const struct route {
    const char *path;
    enum berth_access_kind kind;
    void (*answer)(struct request *request, struct berth_answer *answer);
} routes[] = {
    {"/", BERTH_ACCESS_DATA, answer_status_html},
    {"/health", BERTH_ACCESS_DISCOVERY, answer_health},
    {"/server_port.txt", BERTH_ACCESS_DISCOVERY, answer_port_file},
    {"/berth/status.json", BERTH_ACCESS_DATA, answer_status_json},
    {"/berth/status.css", BERTH_ACCESS_DATA, answer_status_css},
    {"/berth/status.js", BERTH_ACCESS_DATA, answer_status_js},
};

static const struct route *find_route(struct berth_view path) {
    static const struct route files = {"/static/", BERTH_ACCESS_DATA, answer_file};
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (berth_view_equal(path, berth_view_of(routes[i].path)))
            return &routes[i];
    return berth_view_starts(path, static_prefix) ? &files : NULL;
}

static const struct berth_server_route *find_socket_route(const struct berth_server *server,
                                                          struct berth_view path) {
    for (size_t i = 0; i < server->options->route_count; i++)
        if (berth_view_equal(path, berth_view_of(server->options->routes[i].path)))
            return &server->options->routes[i];
    return NULL;
}

/* -- Access ------------------------------------------------------------------------------------ */

static enum berth_access_peer ask_peer(struct berth_server *server,
                                       const struct berth_access_question *question) {
    uint32_t uid;
    if (berth_sys_peers_uid(&server->peers, &question->local, &question->remote, &uid) < 0)
        return BERTH_ACCESS_PEER_UNKNOWN;
    return uid == server->uid || uid == 0 ? BERTH_ACCESS_PEER_OURS : BERTH_ACCESS_PEER_OTHER;
}

static struct berth_access_answer decide(struct request *request, enum berth_access_kind kind) {
    struct berth_server *server = request->conn->server;
    const struct berth_http_head *head = request->head;
    struct berth_access_question question = {
        .kind = kind,
        .host = berth_http_head_host(head),
        .origin_count = (unsigned)berth_http_head_count(head, "Origin"),
        .local = request->local,
        .remote = berth_net_stream_remote(request->conn->stream),
    };
    /* A field that is absent leaves its view empty. */
    (void)berth_http_head_find(head, "Origin", &question.origin);
    (void)berth_http_head_find(head, "Sec-Fetch-Site", &question.fetch_site);
    (void)berth_http_head_find(head, "Sec-Fetch-Mode", &question.fetch_mode);

    struct berth_access_answer answer = berth_access_decide(&server->policy, &question);
    if (answer.verdict == BERTH_ACCESS_ASK_PEER) {
        question.peer = ask_peer(server, &question);
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

/* -- The answer -------------------------------------------------------------------------------- */

static void answer_options(struct request *request, struct berth_answer *answer) {
    answer->status = 204;
    answer->allow = "GET, HEAD, OPTIONS";
    answer->preflight = true;
    berth_answer_send(request->conn, answer);
}

static void answer_method(struct request *request, struct berth_answer *answer,
                          const struct route *route) {
    switch (request->head->method) {
    case BERTH_HTTP_METHOD_GET:
    case BERTH_HTTP_METHOD_HEAD:
        if (route != NULL)
            route->answer(request, answer);
        else if (request->socket_route != NULL)
            berth_answer_text(request->conn, 426, "This address speaks WebSocket only.");
        else
            berth_answer_text(request->conn, 404,
                              "There is nothing at this address. See / for what there is.");
        return;
    case BERTH_HTTP_METHOD_OPTIONS:
        answer_options(request, answer);
        return;
    case BERTH_HTTP_METHOD_OTHER:
    case BERTH_HTTP_METHOD_POST:
    case BERTH_HTTP_METHOD_PUT:
    case BERTH_HTTP_METHOD_PATCH:
    case BERTH_HTTP_METHOD_DELETE:
    case BERTH_HTTP_METHOD_CONNECT:
    case BERTH_HTTP_METHOD_TRACE:
        answer->status = 405;
        answer->allow = "GET, HEAD, OPTIONS";
        answer->type = "text/plain; charset=utf-8";
        answer->body = BERTH_VIEW("This address can only be read: use GET.\n");
        berth_answer_send(request->conn, answer);
        return;
    }
    berth_assert_failed("method is one of enum berth_http_method", __FILE__, __LINE__);
}

void berth_routes_answer(struct berth_conn *conn) {
    struct request request = {
        .conn = conn,
        .head = conn->http->head,
        .local = berth_net_stream_local(conn->stream),
    };
    struct berth_http_target target;
    if (berth_http_target_split(request.head->target, &target) < 0) {
        berth_answer_text(conn, 400, "The address of this request is not well-formed.");
        return;
    }
    request.path = target.path;
    request.query = target.query;
    request.socket_route = find_socket_route(conn->server, target.path);
    const struct route *route = find_route(target.path);
    bool upgrade = request.socket_route != NULL && request.head->upgrade;

    enum berth_access_kind kind = BERTH_ACCESS_DATA;
    if (upgrade)
        kind = BERTH_ACCESS_UPGRADE;
    else if (route != NULL)
        kind = route->kind;
    struct berth_access_answer access = decide(&request, kind);
    if (access.verdict != BERTH_ACCESS_ALLOWED) {
        berth_answer_text(conn, access.status, access.reason);
        return;
    }
    if (upgrade) {
        berth_socket_upgrade(conn, request.socket_route, request.query);
        return;
    }
    struct berth_answer answer = BERTH_ANSWER(0);
    answer.access = access;
    (void)berth_http_head_find(request.head, "Origin", &answer.origin);
    answer_method(&request, &answer, route);
}
