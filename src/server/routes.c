#include "server/internal.h"

#include "proto/http_target.h"

/* -- Files ------------------------------------------------------------------------------------- */

static const struct berth_view static_prefix = {"/static/", 8};

static void answer_file(struct berth_request *request, struct berth_answer *answer) {
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

#define PATH(text)                                                                                 \
    { text, sizeof(text) - 1 }

static const struct route {
    struct berth_view path;
    enum berth_access_kind kind;
    void (*answer)(struct berth_request *request, struct berth_answer *answer);
    bool posted; /* it changes something: POST, and nothing else */
} routes[] = {
    {PATH("/"), BERTH_ACCESS_DATA, berth_documents_status_html, false},
    {PATH("/health"), BERTH_ACCESS_DISCOVERY, berth_documents_health, false},
    {PATH("/server_port.txt"), BERTH_ACCESS_DISCOVERY, berth_documents_port_file, false},
    {PATH("/berth/client.js"), BERTH_ACCESS_DISCOVERY, berth_documents_client_js, false},
    {PATH("/berth/status.json"), BERTH_ACCESS_DATA, berth_documents_status_json, false},
    {PATH("/berth/status.css"), BERTH_ACCESS_DATA, berth_documents_status_css, false},
    {PATH("/berth/status.js"), BERTH_ACCESS_DATA, berth_documents_status_js, false},
    {PATH("/berth/ticket"), BERTH_ACCESS_DATA, berth_entry_ticket, true},
    {PATH("/berth/enter"), BERTH_ACCESS_TICKET, berth_entry_enter, false},
};

static const struct route *find_route(struct berth_view path) {
    static const struct route files = {PATH("/static/"), BERTH_ACCESS_DATA, answer_file, false};
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (berth_view_equal(path, routes[i].path))
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

/* -- The answer -------------------------------------------------------------------------------- */

static const char *methods_of(const struct route *route) {
    return route != NULL && route->posted ? "POST, OPTIONS" : "GET, HEAD, OPTIONS";
}

static void answer_options(struct berth_request *request, struct berth_answer *answer,
                           const struct route *route) {
    answer->status = 204;
    answer->allow = methods_of(route);
    answer->preflight = true;
    berth_answer_send(request->conn, answer);
}

static void answer_method(struct berth_request *request, struct berth_answer *answer,
                          const struct route *route) {
    answer->status = 405;
    answer->allow = methods_of(route);
    answer->type = "text/plain; charset=utf-8";
    answer->body = BERTH_VIEW("This address takes other methods; see Allow.\n");
    berth_answer_send(request->conn, answer);
}

static bool is_of(enum berth_http_method method, const struct route *route) {
    if (route != NULL && route->posted)
        return method == BERTH_HTTP_METHOD_POST;
    return method == BERTH_HTTP_METHOD_GET || method == BERTH_HTTP_METHOD_HEAD;
}

static void answer_allowed(struct berth_request *request, struct berth_answer *answer,
                           const struct route *route) {
    if (request->head->method == BERTH_HTTP_METHOD_OPTIONS)
        answer_options(request, answer, route);
    else if (!is_of(request->head->method, route))
        answer_method(request, answer, route);
    else if (route != NULL)
        route->answer(request, answer);
    else if (request->socket_route != NULL)
        berth_answer_text(request->conn, 426, "This address speaks WebSocket only.");
    else
        berth_answer_text(request->conn, 404,
                          "There is nothing at this address. See / for what there is.");
}

void berth_routes_answer(struct berth_conn *conn) {
    struct berth_request request = {
        .conn = conn,
        .head = conn->http->head,
        .ends = berth_conn_ends(conn),
    };
    if (request.ends == NULL) {
        berth_answer_text(conn, 503, "The server is out of memory.");
        return;
    }
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
    struct berth_access_answer access = berth_request_ask(&request, kind);
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
    if (access.cors == BERTH_ACCESS_CORS_ECHO)
        (void)berth_http_head_find(request.head, "Origin", &answer.origin);
    answer_allowed(&request, &answer, route);
}
