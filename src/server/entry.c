#include "server/internal.h"

#include "base/json.h"
#include "proto/http_target.h"

/* /berth/ticket and /berth/enter: see entrance.h. */

static const char used_text[] = "This link was used already, or it is older than a minute. Run "
                                "\"berth open\" for a new one.";

static void write_ticket(const struct berth_request *request, struct berth_view ticket,
                         struct berth_writer *out) {
    char memory[256];
    struct berth_writer url = berth_writer_on(memory, sizeof memory);
    berth_writer_text(&url, "http://");
    berth_addr_write(&request->ends->local, &url);
    berth_writer_text(&url, "/berth/enter?ticket=");
    berth_writer_view(&url, ticket);
    struct berth_json json = berth_json_on(out);
    berth_json_open(&json, '{');
    berth_json_key(&json, "ticket");
    berth_json_string(&json, ticket);
    berth_json_key(&json, "url");
    berth_json_string(&json, berth_writer_result(&url));
    berth_json_close(&json, '}');
}

void berth_entry_ticket(struct berth_request *request, struct berth_answer *answer) {
    struct berth_server *server = request->conn->server;
    if (request->token != BERTH_ACCESS_TOKEN_SHOWN) {
        berth_answer_text(request->conn, 401, "A ticket is given for the token of this server.");
        return;
    }
    char ticket[BERTH_ENTRANCE_SECRET_SIZE];
    if (berth_entrance_give(&server->team->entrance, berth_net_now_ms(server->net), ticket) < 0) {
        berth_answer_text(request->conn, 503, "The system has no random bytes to give.");
        return;
    }
    char memory[512];
    struct berth_writer document = berth_writer_on(memory, sizeof memory);
    write_ticket(request, (struct berth_view){ticket, sizeof ticket}, &document);
    answer->status = 200;
    answer->type = "application/json";
    answer->cache = "no-store";
    answer->body = berth_writer_result(&document);
    berth_answer_send(request->conn, answer);
}

void berth_entry_enter(struct berth_request *request, struct berth_answer *answer) {
    struct berth_server *server = request->conn->server;
    char memory[BERTH_ENTRANCE_SECRET_SIZE];
    struct berth_view ticket;
    if (berth_http_query_get(request->query, "ticket", memory, sizeof memory, &ticket) < 0 ||
        !berth_entrance_use(&server->team->entrance, ticket, berth_net_now_ms(server->net))) {
        berth_answer_text(request->conn, 401, used_text);
        return;
    }
    char value[128];
    struct berth_writer cookie = berth_writer_on(value, sizeof value);
    berth_entrance_write_cookie(&server->team->entrance, &cookie);
    answer->status = 303;
    answer->cache = "no-store";
    answer->location = server->static_dir >= 0 ? BERTH_VIEW("/static/") : BERTH_VIEW("/");
    answer->cookie = berth_writer_result(&cookie);
    berth_answer_send(request->conn, answer);
}
