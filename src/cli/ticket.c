#include "cli/ticket.h"

#include "base/alloc.h"
#include "berth/error.h"
#include "find/judge.h"
#include "find/url.h"
#include "net/net.h"
#include "proto/base64.h"
#include "proto/http.h"
#include "proto/http_writer.h"
#include "sys/entropy.h"

#include <jansson.h>
#include <stdio.h>

#define BODY_MAX 16384

enum ticket_state {
    TICKET_PROVING, /* /health with a challenge was asked */
    TICKET_ASKING,  /* it has proved itself, and has the token */
    TICKET_DONE,    /* error says how it ended */
};

struct ticket {
    enum ticket_state state;
    int error;
    const struct berth_found *found;
    char *link;
    struct berth_net *net;
    struct berth_net_stream *stream;
    struct berth_find_keys keys;
    struct berth_find_question question;
    int status;
    size_t body_size;
    char body[BODY_MAX];
    char head[8192];
    struct berth_http_reader reader;
};

static void finish(struct ticket *ticket, int error) {
    if (ticket->state == TICKET_DONE)
        return;
    ticket->state = TICKET_DONE;
    ticket->error = error;
    berth_net_stop(ticket->net);
}

/* -- Requests ---------------------------------------------------------------------------------- */

static int begin_request(const struct ticket *ticket, const char *method, struct berth_view target,
                         struct berth_writer *out) {
    char memory[BERTH_ADDR_TEXT_MAX];
    struct berth_writer host = berth_writer_on(memory, sizeof memory);
    berth_addr_write(&ticket->question.address, &host);
    return berth_http_request_begin(out, method, target, berth_writer_result(&host));
}

static int send_request(struct ticket *ticket, struct berth_writer *out) {
    berth_http_head_end(out);
    struct berth_view part = berth_writer_result(out);
    return out->overflow ? BERTH_E_FULL : berth_net_send(ticket->stream, &part, 1);
}

static int ask_for_proof(struct ticket *ticket) {
    char memory[1024];
    char target[128] = "/health?challenge=";
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    uint8_t *challenge = ticket->question.challenge;
    int error = berth_sys_random(challenge, sizeof ticket->question.challenge);
    if (error < 0)
        return error;
    berth_base64url_encode(challenge, sizeof ticket->question.challenge, target + strlen(target));
    error = begin_request(ticket, "GET", berth_view_of(target), &out);
    return error < 0 ? error : send_request(ticket, &out);
}

static int ask_for_ticket(struct ticket *ticket) {
    char memory[1024];
    char shown[sizeof ticket->found->token + 8];
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    snprintf(shown, sizeof shown, "Bearer %s", ticket->found->token);
    int error = begin_request(ticket, "POST", BERTH_VIEW("/berth/ticket"), &out);
    if (error == 0)
        error = berth_http_field_view(&out, "Authorization", berth_view_of(shown));
    berth_http_field_number(&out, "Content-Length", 0);
    return error < 0 ? error : send_request(ticket, &out);
}

/* -- Answers ----------------------------------------------------------------------------------- */

static int judge_proof(struct ticket *ticket) {
    struct berth_find_answer answer;
    struct berth_view body = {ticket->body, ticket->body_size};
    int error = berth_find_judge(&ticket->question, ticket->status, body, &answer);
    if (error < 0)
        return error;
    if (answer.outcome != BERTH_OUTCOME_READY || answer.verdict != BERTH_VERDICT_PROVED)
        return BERTH_E_DENIED;
    ticket->state = TICKET_ASKING;
    return ask_for_ticket(ticket);
}

static int read_link(struct ticket *ticket) {
    const char *base = ticket->found->http_url;
    size_t size = strlen(base);
    if (ticket->status != 200)
        return BERTH_E_UNSUPPORTED;
    json_t *json = json_loadb(ticket->body, ticket->body_size, 0, NULL);
    const char *url = json_string_value(json_object_get(json, "url"));
    bool good = url != NULL && strncmp(url, base, size) == 0 && url[size] == '/' &&
                strlen(url) < BERTH_TICKET_LINK_MAX && strpbrk(url, " \"'\\\r\n\t") == NULL;
    if (good)
        snprintf(ticket->link, BERTH_TICKET_LINK_MAX, "%s", url);
    json_decref(json);
    return good ? 0 : BERTH_E_UNSUPPORTED;
}

static void take_answer(struct ticket *ticket) {
    int error = 0;
    switch (ticket->state) {
    case TICKET_PROVING:
        error = judge_proof(ticket);
        ticket->body_size = 0;
        if (error < 0)
            finish(ticket, error);
        return;
    case TICKET_ASKING:
        finish(ticket, read_link(ticket));
        return;
    case TICKET_DONE:
        return;
    }
}

static void take_event(struct ticket *ticket, const struct berth_http_event *event) {
    switch (event->type) {
    case BERTH_HTTP_NONE:
        return;
    case BERTH_HTTP_HEAD:
        ticket->status = event->head->status;
        return;
    case BERTH_HTTP_BODY:
        if (event->body.size > sizeof ticket->body - ticket->body_size) {
            finish(ticket, BERTH_E_UNSUPPORTED);
            return;
        }
        memcpy(ticket->body + ticket->body_size, event->body.data, event->body.size);
        ticket->body_size += event->body.size;
        return;
    case BERTH_HTTP_END:
        if (ticket->status >= 200)
            take_answer(ticket);
        return;
    case BERTH_HTTP_FAIL:
        finish(ticket, BERTH_E_UNSUPPORTED);
        return;
    }
}

/* -- The connection ---------------------------------------------------------------------------- */

static void on_connect(void *owner, int error) {
    struct ticket *ticket = owner;
    if (error == 0)
        error = ask_for_proof(ticket);
    if (error < 0)
        finish(ticket, error);
}

static void on_data(void *owner, uint8_t *data, size_t size) {
    struct ticket *ticket = owner;
    struct berth_http_event event = {.type = BERTH_HTTP_NONE};
    do {
        size_t used = berth_http_reader_feed(&ticket->reader, data, size, &event);
        data += used;
        size -= used;
        take_event(ticket, &event);
    } while (ticket->state != TICKET_DONE && event.type != BERTH_HTTP_NONE);
}

static void on_end(void *owner) { finish(owner, BERTH_E_RESET); }
static void on_drained(void *owner) { (void)owner; }
static void on_error(void *owner, int error) { finish(owner, error); }
static void on_closed(void *owner) { (void)owner; }
static void on_deadline(void *owner) { finish(owner, BERTH_E_TIMEOUT); }

static const struct berth_net_stream_events stream_events = {.on_connect = on_connect,
                                                             .on_data = on_data,
                                                             .on_end = on_end,
                                                             .on_drained = on_drained,
                                                             .on_error = on_error,
                                                             .on_closed = on_closed};

static int prepare(struct ticket *ticket) {
    const struct berth_found *found = ticket->found;
    struct berth_find_url url;
    if (found->token[0] == '\0' || !found->has_public_key)
        return BERTH_E_NOT_FOUND;
    if (berth_find_url_read(berth_view_of(found->http_url), "http", &url) < 0 ||
        berth_addr_parse(url.host, url.port, &ticket->question.address) < 0)
        return BERTH_E_NOT_FOUND;
    berth_find_keys_trust(&ticket->keys, found->public_key);
    ticket->question.app = found->app;
    ticket->question.instance = found->instance;
    ticket->question.keys = &ticket->keys;
    ticket->question.least = BERTH_VERDICT_PROVED;
    berth_http_reader_init(&ticket->reader, BERTH_HTTP_RESPONSES, ticket->head, sizeof ticket->head,
                           NULL);
    return 0;
}

static int run(struct ticket *ticket) {
    struct berth_net_timer *timer;
    int error = berth_net_timer_create(ticket->net, on_deadline, ticket, &timer);
    if (error < 0)
        return error;
    berth_net_timer_start(timer, BERTH_TICKET_MS);
    error = berth_net_connect(ticket->net, &ticket->question.address, &stream_events, ticket,
                              &ticket->stream);
    if (error == 0)
        error = berth_net_run(ticket->net);
    berth_net_timer_destroy(timer);
    return error < 0 ? error : ticket->error;
}

int berth_ticket_get(const struct berth_found *found, char link[BERTH_TICKET_LINK_MAX]) {
    struct ticket *ticket = berth_alloc(sizeof *ticket);
    if (ticket == NULL)
        return BERTH_E_MEMORY;
    ticket->found = found;
    ticket->link = link;
    int error = prepare(ticket);
    if (error == 0)
        error = berth_net_create(&ticket->net);
    if (error == 0)
        error = run(ticket);
    berth_net_destroy(ticket->net);
    berth_free(ticket);
    return error;
}
