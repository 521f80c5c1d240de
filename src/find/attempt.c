#include "find/attempt.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "berth/error.h"
#include "proto/base64.h"
#include "proto/http.h"
#include "proto/http_writer.h"
#include "sys/entropy.h"

#define HEAD_MAX 8192
#define REQUEST_MAX 512

struct berth_find_attempt {
    struct berth_find_question question;
    berth_find_attempt_answer on_answer; /* NULL once it was called, or cancelled */
    void *owner;
    struct berth_net_stream *stream;
    struct berth_net_timer *timer;
    struct berth_buf body;
    size_t received;
    int status; /* of the answer, once its head is there */
    struct berth_http_reader reader;
    char head[HEAD_MAX];
};

/* -- The end ----------------------------------------------------------------------------------- */

/* The stream's on_closed frees the rest. */
static void leave(struct berth_find_attempt *attempt) {
    attempt->on_answer = NULL;
    berth_net_timer_destroy(attempt->timer);
    attempt->timer = NULL;
    berth_net_stream_close(attempt->stream);
}

static void finish(struct berth_find_attempt *attempt, const struct berth_find_answer *answer) {
    berth_find_attempt_answer on_answer = attempt->on_answer;
    if (on_answer == NULL)
        return;
    leave(attempt);
    on_answer(attempt->owner, answer);
}

static void finish_as(struct berth_find_attempt *attempt, enum berth_find_outcome outcome,
                      int error, const char *text) {
    finish(attempt, &(struct berth_find_answer){.outcome = outcome, .error = error, .text = text});
}

static void finish_stranger(struct berth_find_attempt *attempt, const char *text) {
    finish_as(attempt, BERTH_OUTCOME_STRANGER, 0, text);
}

static void finish_failed(struct berth_find_attempt *attempt, int error) {
    if (error == BERTH_E_REFUSED)
        finish_as(attempt, BERTH_OUTCOME_REFUSED, error, "refuses the connection");
    else if (error == BERTH_E_NO_ADDRESS)
        finish_as(attempt, BERTH_OUTCOME_REFUSED, error, "is no address of this machine");
    else if (error == BERTH_E_DENIED)
        finish_as(attempt, BERTH_OUTCOME_REFUSED, error, "is closed to us by the system");
    else if (error == BERTH_E_RESET)
        finish_as(attempt, BERTH_OUTCOME_SILENT, error, "resets the connection");
    else if (error == BERTH_E_TIMEOUT)
        finish_as(attempt, BERTH_OUTCOME_SILENT, error, "gives no answer in time");
    else
        finish_as(attempt, BERTH_OUTCOME_FAILED, error, "could not be asked");
}

void berth_find_attempt_cancel(struct berth_find_attempt *attempt) {
    if (attempt != NULL)
        leave(attempt);
}

/* -- The answer -------------------------------------------------------------------------------- */

static void judge(struct berth_find_attempt *attempt) {
    struct berth_find_answer answer;
    int error = berth_find_judge(&attempt->question, attempt->status,
                                 berth_buf_view(&attempt->body), &answer);
    if (error < 0)
        finish_failed(attempt, error);
    else
        finish(attempt, &answer);
}

/* False when the answer is over, as it should be or not. */
static bool take_event(struct berth_find_attempt *attempt, const struct berth_http_event *event) {
    switch (event->type) {
    case BERTH_HTTP_NONE:
        return false;
    case BERTH_HTTP_HEAD:
        attempt->status = event->head->status;
        return true;
    case BERTH_HTTP_BODY: {
        int error = berth_buf_append(&attempt->body, event->body.data, event->body.size);
        if (error < 0)
            finish_failed(attempt, error);
        return error == 0;
    }
    case BERTH_HTTP_END:
        judge(attempt);
        return false;
    case BERTH_HTTP_FAIL:
        finish_stranger(attempt, event->status == 413 ? "says too much" : "does not speak HTTP");
        return false;
    }
    return false;
}

static void on_data(void *owner, uint8_t *data, size_t size) {
    struct berth_find_attempt *attempt = owner;
    attempt->received += size;
    if (attempt->received > BERTH_FIND_DOCUMENT_MAX) {
        finish_stranger(attempt, "says too much");
        return;
    }
    struct berth_http_event event;
    do {
        size_t used = berth_http_reader_feed(&attempt->reader, data, size, &event);
        data += used;
        size -= used;
    } while (take_event(attempt, &event));
}

static void on_end(void *owner) {
    struct berth_find_attempt *attempt = owner;
    struct berth_http_event event;
    berth_http_reader_close(&attempt->reader, &event);
    if (event.type == BERTH_HTTP_END)
        judge(attempt);
    else
        finish_stranger(attempt, attempt->received == 0 ? "hangs up without an answer"
                                                        : "hangs up inside its answer");
}

static void on_timeout(void *owner) {
    struct berth_find_attempt *attempt = owner;
    finish_as(attempt, BERTH_OUTCOME_SILENT, BERTH_E_TIMEOUT,
              attempt->received == 0 ? "gives no answer in time"
                                     : "does not end its answer in time");
}

/* -- The question ------------------------------------------------------------------------------ */

static void write_request(const struct berth_find_question *question, struct berth_writer *out) {
    char host_memory[BERTH_ADDR_TEXT_MAX];
    struct berth_writer host = berth_writer_on(host_memory, sizeof host_memory);
    berth_addr_write(&question->address, &host);
    char target_memory[128];
    struct berth_writer target = berth_writer_on(target_memory, sizeof target_memory);
    char challenge[BERTH_BASE64URL_SIZE(BERTH_FIND_CHALLENGE_SIZE)];
    berth_base64url_encode(question->challenge, sizeof question->challenge, challenge);
    berth_writer_text(&target, "/health?challenge=");
    berth_writer_bytes(&target, challenge, sizeof challenge);
    berth_http_request_begin(out, "GET", berth_writer_result(&target), berth_writer_result(&host));
    berth_http_field_text(out, "Accept", "application/json");
    berth_http_field_text(out, "Connection", "close");
    berth_http_head_end(out);
}

static void on_connect(void *owner, int error) {
    struct berth_find_attempt *attempt = owner;
    if (error == 0) {
        char memory[REQUEST_MAX];
        struct berth_writer request = berth_writer_on(memory, sizeof memory);
        write_request(&attempt->question, &request);
        struct berth_view part = berth_writer_result(&request);
        error = request.overflow ? BERTH_E_FULL : berth_net_send(attempt->stream, &part, 1);
    }
    if (error < 0)
        finish_failed(attempt, error);
}

static void on_drained(void *owner) { (void)owner; }

static void on_error(void *owner, int error) { finish_failed(owner, error); }

static void on_closed(void *owner) {
    struct berth_find_attempt *attempt = owner;
    /* Still waited for only when the whole net ends. */
    if (attempt->on_answer != NULL) {
        berth_find_attempt_answer on_answer = attempt->on_answer;
        attempt->on_answer = NULL;
        on_answer(attempt->owner, &(struct berth_find_answer){.outcome = BERTH_OUTCOME_FAILED,
                                                              .error = BERTH_E_CLOSED,
                                                              .text = "could not be asked"});
    }
    berth_net_timer_destroy(attempt->timer);
    berth_buf_free(&attempt->body);
    berth_free(attempt);
}

static const struct berth_net_stream_events events = {
    .on_connect = on_connect,
    .on_data = on_data,
    .on_end = on_end,
    .on_drained = on_drained,
    .on_error = on_error,
    .on_closed = on_closed,
};

int berth_find_attempt_start(struct berth_net *net, const struct berth_find_question *question,
                             uint32_t timeout_ms, berth_find_attempt_answer on_answer, void *owner,
                             struct berth_find_attempt **ret_attempt) {
    struct berth_find_attempt *attempt = berth_alloc(sizeof *attempt);
    if (attempt == NULL)
        return BERTH_E_MEMORY;
    attempt->question = *question;
    attempt->on_answer = on_answer;
    attempt->owner = owner;
    attempt->body = berth_buf_make(BERTH_FIND_DOCUMENT_MAX);
    struct berth_http_limits limits = BERTH_HTTP_LIMITS_DEFAULT;
    limits.body_size = BERTH_FIND_DOCUMENT_MAX;
    berth_http_reader_init(&attempt->reader, BERTH_HTTP_RESPONSES, attempt->head,
                           sizeof attempt->head, &limits);
    int error = berth_sys_random(attempt->question.challenge, BERTH_FIND_CHALLENGE_SIZE);
    if (error == 0)
        error = berth_net_timer_create(net, on_timeout, attempt, &attempt->timer);
    if (error == 0)
        error = berth_net_connect(net, &question->address, &events, attempt, &attempt->stream);
    if (error < 0) {
        berth_net_timer_destroy(attempt->timer);
        berth_free(attempt);
        return error;
    }
    berth_net_timer_start(attempt->timer, timeout_ms);
    *ret_attempt = attempt;
    return 0;
}
