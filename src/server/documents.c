#include "server/internal.h"

#include "berth/error.h"
#include "proto/base64.h"
#include "proto/http_target.h"
#include "server/embedded.h"
#include "sys/clock.h"

/* -- Pages that travel inside the program -------------------------------------------------------
 */

static const char page_csp[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
                               "img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
                               "form-action 'none'; frame-ancestors 'none'";

static void answer_page(struct berth_request *request, struct berth_answer *answer,
                        const struct berth_embedded *page, const char *type) {
    answer->status = 200;
    answer->type = type;
    answer->csp = page_csp;
    answer->body = berth_view_bytes(page->data, page->size);
    berth_answer_send(request->conn, answer);
}

void berth_documents_status_html(struct berth_request *request, struct berth_answer *answer) {
    answer_page(request, answer, &berth_embedded_status_html, "text/html; charset=utf-8");
}

void berth_documents_status_css(struct berth_request *request, struct berth_answer *answer) {
    answer_page(request, answer, &berth_embedded_status_css, "text/css; charset=utf-8");
}

/* For every page, wherever it comes from: the client is how it finds out whether it may come in. */
void berth_documents_client_js(struct berth_request *request, struct berth_answer *answer) {
    answer_page(request, answer, &berth_embedded_client_js, "text/javascript; charset=utf-8");
}

void berth_documents_status_js(struct berth_request *request, struct berth_answer *answer) {
    answer_page(request, answer, &berth_embedded_status_js, "text/javascript; charset=utf-8");
}

/* -- Documents ----------------------------------------------------------------------------------
 */

static const char type_json[] = "application/json", type_text[] = "text/plain; charset=utf-8";

static void fill_answer(struct berth_answer *answer, int status, const char *type,
                        const struct berth_writer *document) {
    answer->status = status;
    answer->type = type;
    answer->cache = "no-store";
    answer->body = berth_writer_result(document);
}

static void answer_document(struct berth_request *request, struct berth_answer *answer, int status,
                            const char *type, const struct berth_writer *document) {
    if (document->overflow) {
        berth_answer_text(request->conn, 500, "The document is larger than it may be.");
        return;
    }
    fill_answer(answer, status, type, document);
    berth_answer_send(request->conn, answer);
}

static struct berth_writer scratch_writer(struct berth_request *request) {
    struct berth_server *server = request->conn->server;
    return berth_writer_on(server->scratch, sizeof server->scratch);
}

/* The challenge's signature as base64url, when there was a challenge and we have an identity.
 * Errors: BERTH_E_INVALID: it is no challenge. */
static int prove(const struct berth_request *request, char *text, struct berth_view *ret_proof) {
    const struct berth_server_options *options = request->conn->server->options;
    char value[BERTH_BASE64URL_SIZE(BERTH_PROOF_CHALLENGE_MAX)];
    struct berth_view encoded;
    *ret_proof = (struct berth_view){NULL, 0};
    int error = berth_http_query_get(request->query, "challenge", value, sizeof value, &encoded);
    if (error == BERTH_E_NOT_FOUND || options->identity == NULL)
        return 0;
    uint8_t challenge[BERTH_PROOF_CHALLENGE_MAX], signature[BERTH_PROOF_SIZE];
    size_t size;
    if (error < 0 || berth_base64url_decode(encoded, challenge, sizeof challenge, &size) < 0)
        return BERTH_E_INVALID;
    struct berth_proof_claim claim = {berth_view_of(options->app), berth_view_of(options->instance),
                                      options->port, berth_view_bytes(challenge, size)};
    error = berth_proof_sign(options->identity, &claim, signature);
    if (error < 0)
        return error;
    berth_base64url_encode(signature, sizeof signature, text);
    *ret_proof = (struct berth_view){text, BERTH_BASE64URL_SIZE(sizeof signature)};
    return 0;
}

static struct berth_endpoint describe(const struct berth_request *request) {
    const struct berth_server *server = request->conn->server;
    const struct berth_server_options *options = server->options;
    return (struct berth_endpoint){
        .app = options->app,
        .instance = options->instance,
        .version = options->version,
        .state = berth_server_endpoint_state(server),
        .port = options->port,
        .address = request->ends->local,
        .ws_path = berth_server_main_route(server),
        .public_key = options->identity != NULL ? options->identity->public_key : NULL,
    };
}

/* Nothing is asked of it that would make the answer another one. */
static bool is_usual(const struct berth_request *request, const struct berth_answer *answer) {
    const struct berth_http_head *head = request->head;
    return head->method == BERTH_HTTP_METHOD_GET && head->version_minor == 1 &&
           request->query.size == 0 && request->conn->http->keep_alive &&
           answer->access.cors == BERTH_ACCESS_CORS_ANY;
}

static bool is_kept(const struct berth_kept_health *kept, const struct berth_endpoint *endpoint,
                    int64_t unix_s) {
    return kept->size > 0 && kept->unix_s == unix_s && kept->state == endpoint->state &&
           kept->address.family == endpoint->address.family &&
           kept->address.port == endpoint->address.port &&
           berth_addr_same_ip(&kept->address, &endpoint->address);
}

/* Hot: clients ask for it again and again. False when it has to be written for this one alone. */
static bool send_kept(struct berth_request *request, struct berth_answer *answer) {
    struct berth_kept_health *kept = &request->conn->server->health;
    struct berth_endpoint endpoint = describe(request);
    int64_t now_s = (int64_t)berth_sys_clock_unix_s();
    if (endpoint.state == BERTH_ENDPOINT_DRAINING) /* its last answer says Connection: close */
        return false;
    if (!is_kept(kept, &endpoint, now_s)) {
        struct berth_writer document = scratch_writer(request);
        struct berth_writer whole = berth_writer_on(kept->text, sizeof kept->text);
        berth_endpoint_write(&endpoint, BERTH_ENDPOINT_HEALTH, &document);
        fill_answer(answer, berth_endpoint_http_status(endpoint.state), type_json, &document);
        berth_answer_write(request->conn, answer, &whole);
        kept->state = endpoint.state;
        kept->address = endpoint.address;
        kept->unix_s = now_s;
        kept->size = document.overflow || whole.overflow ? 0 : whole.size;
    }
    struct berth_view whole = {kept->text, kept->size};
    if (kept->size > 0)
        berth_conn_send(request->conn, &whole, 1);
    return kept->size > 0;
}

void berth_documents_health(struct berth_request *request, struct berth_answer *answer) {
    if (is_usual(request, answer) && send_kept(request, answer))
        return;
    char proof[BERTH_BASE64URL_SIZE(BERTH_PROOF_SIZE)];
    struct berth_endpoint endpoint = describe(request);
    if (prove(request, proof, &endpoint.proof) < 0) {
        answer->status = 400;
        answer->type = type_text;
        answer->body = BERTH_VIEW("A challenge is 16 to 64 bytes as base64url without padding.\n");
        berth_answer_send(request->conn, answer);
        return;
    }
    struct berth_writer document = scratch_writer(request);
    berth_endpoint_write(&endpoint, BERTH_ENDPOINT_HEALTH, &document);
    answer_document(request, answer, berth_endpoint_http_status(endpoint.state), type_json,
                    &document);
}

void berth_documents_port_file(struct berth_request *request, struct berth_answer *answer) {
    struct berth_writer document = scratch_writer(request);
    berth_writer_number(&document, request->conn->server->options->port);
    answer_document(request, answer, 200, type_text, &document);
}

void berth_documents_status_json(struct berth_request *request, struct berth_answer *answer) {
    struct berth_writer document = scratch_writer(request);
    berth_status_write(request->conn->server, &request->ends->local, &document);
    answer_document(request, answer, 200, type_json, &document);
}
