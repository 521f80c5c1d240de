#include "base/assert.h"
#include "berth/error.h"
#include "find/client_internal.h"
#include "find/tell.h"
#include "proto/base64.h"
#include "proto/http_writer.h"

/* -- The question ------------------------------------------------------------------------------ */

/* The same server as the search has found: the same instance, and where it has proved a key, be it
 * one seen for the first time, the same key. */
static int make_question(struct berth_client *client) {
    struct berth_client_conn *conn = &client->conn;
    bool by_key = client->found.has_public_key;
    if (by_key)
        berth_find_keys_trust(&conn->keys, client->found.public_key);
    conn->question.address = client->place.address;
    conn->question.app = client->found.app;
    conn->question.instance = client->found.instance;
    conn->question.keys = &conn->keys;
    conn->question.least = by_key ? BERTH_VERDICT_PROVED : BERTH_VERDICT_NAMED;
    return berth_client_random_take(&client->random, conn->question.challenge,
                                    sizeof conn->question.challenge);
}

static void write_question(const struct berth_find_question *question, struct berth_writer *out) {
    char target_memory[128], host_memory[BERTH_ADDR_TEXT_MAX];
    char challenge[BERTH_BASE64URL_SIZE(BERTH_FIND_CHALLENGE_SIZE)];
    struct berth_writer target = berth_writer_on(target_memory, sizeof target_memory);
    struct berth_writer host = berth_writer_on(host_memory, sizeof host_memory);
    berth_base64url_encode(question->challenge, sizeof question->challenge, challenge);
    berth_writer_text(&target, "/health?challenge=");
    berth_writer_bytes(&target, challenge, sizeof challenge);
    berth_addr_write(&question->address, &host);
    berth_http_request_begin(out, "GET", berth_writer_result(&target), berth_writer_result(&host));
    berth_http_head_end(out);
}

void berth_client_proof_ask(struct berth_client *client) {
    struct berth_client_conn *conn = &client->conn;
    struct berth_http_limits limits = BERTH_HTTP_LIMITS_DEFAULT;
    limits.body_size = BERTH_FIND_DOCUMENT_MAX;
    berth_http_reader_init(&conn->reader, BERTH_HTTP_RESPONSES, conn->head, sizeof conn->head,
                           &limits);
    conn->body = berth_buf_make(BERTH_FIND_DOCUMENT_MAX);
    if (make_question(client) < 0) {
        berth_client_leave(client, BERTH_WS_CLOSE_ABNORMAL);
        return;
    }
    struct berth_writer request =
        berth_writer_on(client->batch.memory, sizeof client->batch.memory);
    write_question(&conn->question, &request);
    client->state = BERTH_CLIENT_ASKING;
    berth_client_request(client, &request);
}

/* -- The answer -------------------------------------------------------------------------------- */

static void judge(struct berth_client *client) {
    struct berth_client_conn *conn = &client->conn;
    struct berth_find_answer answer;
    int error =
        berth_find_judge(&conn->question, conn->status, berth_buf_view(&conn->body), &answer);
    berth_buf_free(&conn->body);
    if (error < 0)
        berth_client_leave(client, BERTH_WS_CLOSE_ABNORMAL);
    else if (answer.outcome == BERTH_OUTCOME_READY)
        berth_client_handshake_ask(client);
    else
        berth_client_refuse(client, berth_find_tell_type(answer.outcome), answer.text);
}

void berth_client_proof_take(struct berth_client *client, const struct berth_http_event *event) {
    struct berth_client_conn *conn = &client->conn;
    switch (event->type) {
    case BERTH_HTTP_NONE:
        return;
    case BERTH_HTTP_HEAD:
        conn->status = event->head->status;
        /* An interim answer (1xx) is none; the real one follows. */
        if (conn->status >= 200 && !event->head->keep_alive)
            berth_client_refuse(client, BERTH_FIND_STRANGER, "hangs up after its proof");
        return;
    case BERTH_HTTP_BODY:
        if (berth_buf_append(&conn->body, event->body.data, event->body.size) < 0)
            berth_client_leave(client, BERTH_WS_CLOSE_ABNORMAL);
        return;
    case BERTH_HTTP_END:
        if (conn->status >= 200)
            judge(client);
        return;
    case BERTH_HTTP_FAIL:
        berth_client_refuse(client, BERTH_FIND_STRANGER, "does not speak HTTP");
        return;
    }
    berth_assert_failed("type is one of enum berth_http_event_type", __FILE__, __LINE__);
}
