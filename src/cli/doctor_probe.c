#include "cli/doctor_probe.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "berth/error.h"
#include "net/net.h"
#include "proto/http.h"
#include "proto/http_writer.h"
#include "proto/ws_handshake.h"
#include "sys/entropy.h"

struct round;

/* One question on its way. */
struct asking {
    struct round *round;
    const struct berth_doctor_probe *probe;
    struct berth_net_stream *stream;
    bool connected;
    bool settled;
    bool waited_for;
    char key[BERTH_WS_KEY_SIZE];
    char head[8192];
    struct berth_http_reader reader;
};

/* All the questions that are asked together. */
struct round {
    struct berth_net *net;
    struct asking *askings;
    size_t open; /* those that are waited for */
    uint64_t started_ms;
};

const char *berth_doctor_outcome_text(enum berth_doctor_outcome outcome) {
    switch (outcome) {
    case BERTH_DOCTOR_NOT_ASKED:
        return "it was not asked";
    case BERTH_DOCTOR_NO_ADDRESS:
        return "the machine has no such address";
    case BERTH_DOCTOR_REFUSED:
        return "the connection is refused";
    case BERTH_DOCTOR_UNREACHED:
        return "no connection comes about in time";
    case BERTH_DOCTOR_RESET:
        return "the connection is cut before an answer";
    case BERTH_DOCTOR_SILENT:
        return "it accepts the connection and does not answer";
    case BERTH_DOCTOR_NOT_HTTP:
        return "its answer is no HTTP";
    case BERTH_DOCTOR_ANSWERED:
        return "it answers";
    case BERTH_DOCTOR_UNASKABLE:
        return "the system does not let us connect";
    }
    berth_assert_failed("outcome is one of enum berth_doctor_outcome", __FILE__, __LINE__);
}

static void stop_waiting(struct asking *asking) {
    if (asking->waited_for && --asking->round->open == 0)
        berth_net_stop(asking->round->net);
    asking->waited_for = false;
}

static void settle(struct asking *asking, enum berth_doctor_outcome outcome) {
    struct round *round = asking->round;
    if (asking->settled)
        return;
    asking->settled = true;
    asking->probe->answer->outcome = outcome;
    asking->probe->answer->elapsed_ms =
        (uint32_t)(berth_net_now_ms(round->net) - round->started_ms);
    if (asking->stream != NULL)
        berth_net_stream_close(asking->stream);
    stop_waiting(asking);
}

/* -- The question ------------------------------------------------------------------------------ */

static int write_upgrade(struct asking *asking, struct berth_writer *out) {
    uint8_t random[16];
    int error = berth_sys_random(random, sizeof random);
    if (error < 0)
        return error;
    berth_ws_key_make(random, asking->key);
    berth_http_field_text(out, "Connection", "Upgrade");
    berth_http_field_text(out, "Upgrade", "websocket");
    berth_http_field_number(out, "Sec-WebSocket-Version", BERTH_WS_VERSION);
    return berth_http_field_view(out, "Sec-WebSocket-Key",
                                 berth_view_bytes(asking->key, sizeof asking->key));
}

static int send_question(struct asking *asking) {
    char memory[2048];
    char host_memory[BERTH_ADDR_TEXT_MAX];
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    struct berth_writer host = berth_writer_on(host_memory, sizeof host_memory);
    const struct berth_doctor_probe *probe = asking->probe;
    berth_addr_write(&probe->to, &host);
    int error = berth_http_request_begin(&out, "GET", berth_view_of(probe->target),
                                         berth_writer_result(&host));
    if (error == 0 && probe->origin != NULL)
        error = berth_http_field_view(&out, "Origin", berth_view_of(probe->origin));
    if (error == 0 && probe->upgrade)
        error = write_upgrade(asking, &out);
    else if (error == 0)
        berth_http_field_text(&out, "Connection", "close");
    berth_http_head_end(&out);
    if (error == 0 && out.overflow)
        error = BERTH_E_FULL;
    struct berth_view part = berth_writer_result(&out);
    return error == 0 ? berth_net_send(asking->stream, &part, 1) : error;
}

/* -- The answer -------------------------------------------------------------------------------- */

static void read_upgrade(struct asking *asking, const struct berth_http_head *head) {
    struct berth_doctor_answer *answer = asking->probe->answer;
    struct berth_ws_response response = {.status = head->status};
    for (size_t i = 0; i < head->field_count; i++)
        berth_ws_response_field(&response, berth_http_head_field_name(head, i),
                                berth_http_head_field_value(head, i));
    struct berth_view reason;
    answer->upgraded =
        berth_ws_response_check(&response, berth_view_bytes(asking->key, sizeof asking->key),
                                (struct berth_view){NULL, 0}, &reason) == 0;
    answer->upgrade_fault = answer->upgraded ? NULL : reason.data;
}

static void take_head(struct asking *asking, const struct berth_http_head *head) {
    struct berth_doctor_answer *answer = asking->probe->answer;
    struct berth_view origin;
    answer->status = head->status;
    if (berth_http_head_find(head, "Access-Control-Allow-Origin", &origin) == 0 &&
        origin.size < sizeof answer->allow_origin)
        memcpy(answer->allow_origin, origin.data, origin.size);
    if (head->status == 101) {
        read_upgrade(asking, head);
        settle(asking, BERTH_DOCTOR_ANSWERED);
    }
}

static void take_body(struct berth_doctor_answer *answer, struct berth_view body) {
    size_t room = BERTH_DOCTOR_BODY_MAX - answer->body_size;
    size_t size = body.size < room ? body.size : room;
    memcpy(answer->body + answer->body_size, body.data, size);
    answer->body_size += size;
}

/* An interim answer (100, 103) is no answer yet. */
static bool is_interim(const struct berth_doctor_answer *answer) {
    return answer->status >= 100 && answer->status < 200;
}

static void take_event(struct asking *asking, const struct berth_http_event *event) {
    switch (event->type) {
    case BERTH_HTTP_NONE:
        break;
    case BERTH_HTTP_HEAD:
        take_head(asking, event->head);
        break;
    case BERTH_HTTP_BODY:
        take_body(asking->probe->answer, event->body);
        break;
    case BERTH_HTTP_END:
        if (!is_interim(asking->probe->answer))
            settle(asking, BERTH_DOCTOR_ANSWERED);
        break;
    case BERTH_HTTP_FAIL: /* a body over the limit is an answer all the same */
        settle(asking,
               asking->probe->answer->status > 0 ? BERTH_DOCTOR_ANSWERED : BERTH_DOCTOR_NOT_HTTP);
        break;
    }
}

static void on_data(void *owner, uint8_t *data, size_t size) {
    struct asking *asking = owner;
    struct berth_http_event event = {.type = BERTH_HTTP_NONE};
    do {
        size_t used = berth_http_reader_feed(&asking->reader, data, size, &event);
        data += used;
        size -= used;
        take_event(asking, &event);
    } while (!asking->settled && event.type != BERTH_HTTP_NONE);
}

static void on_end(void *owner) {
    struct asking *asking = owner;
    struct berth_http_event event;
    berth_http_reader_close(&asking->reader, &event);
    take_event(asking, &event);
    settle(asking, BERTH_DOCTOR_RESET);
}

/* -- The connection ---------------------------------------------------------------------------- */

static enum berth_doctor_outcome outcome_of(int error) {
    if (error == BERTH_E_REFUSED)
        return BERTH_DOCTOR_REFUSED;
    if (error == BERTH_E_NO_ADDRESS)
        return BERTH_DOCTOR_NO_ADDRESS;
    if (error == BERTH_E_TIMEOUT)
        return BERTH_DOCTOR_UNREACHED;
    return error == BERTH_E_RESET ? BERTH_DOCTOR_RESET : BERTH_DOCTOR_UNASKABLE;
}

static void on_connect(void *owner, int error) {
    struct asking *asking = owner;
    asking->connected = error == 0;
    if (error == 0)
        error = send_question(asking);
    if (error < 0)
        settle(asking, outcome_of(error));
    else if (asking->probe->expects_silence)
        stop_waiting(asking);
}

static void on_error(void *owner, int error) {
    struct asking *asking = owner;
    (void)error;
    settle(asking, BERTH_DOCTOR_RESET);
}

static void on_drained(void *owner) { (void)owner; }

static void on_closed(void *owner) {
    struct asking *asking = owner;
    asking->stream = NULL;
}

static const struct berth_net_stream_events stream_events = {.on_connect = on_connect,
                                                             .on_data = on_data,
                                                             .on_end = on_end,
                                                             .on_drained = on_drained,
                                                             .on_error = on_error,
                                                             .on_closed = on_closed};

static void begin(struct asking *asking) {
    *asking->probe->answer = (struct berth_doctor_answer){.outcome = BERTH_DOCTOR_NOT_ASKED};
    berth_http_reader_init(&asking->reader, BERTH_HTTP_RESPONSES, asking->head, sizeof asking->head,
                           NULL);
    int error = berth_net_connect(asking->round->net, &asking->probe->to, &stream_events, asking,
                                  &asking->stream);
    if (error < 0)
        settle(asking, outcome_of(error));
}

static void on_deadline(void *owner) {
    struct round *round = owner;
    berth_net_stop(round->net);
}

/* What the time was over for. */
static void end_late(struct round *round, size_t count) {
    for (size_t i = 0; i < count; i++)
        settle(&round->askings[i],
               round->askings[i].connected ? BERTH_DOCTOR_SILENT : BERTH_DOCTOR_UNREACHED);
}

static int run(struct round *round, const struct berth_doctor_probe *probes, size_t count,
               uint32_t deadline_ms) {
    struct berth_net_timer *timer;
    int error = berth_net_timer_create(round->net, on_deadline, round, &timer);
    if (error < 0)
        return error;
    berth_net_timer_start(timer, deadline_ms);
    round->started_ms = berth_net_now_ms(round->net);
    round->open = count;
    for (size_t i = 0; i < count; i++) {
        round->askings[i].round = round;
        round->askings[i].probe = &probes[i];
        round->askings[i].waited_for = true;
        begin(&round->askings[i]);
    }
    error = berth_net_run(round->net);
    end_late(round, count);
    berth_net_timer_destroy(timer);
    return error;
}

int berth_doctor_probe_all(const struct berth_doctor_probe *probes, size_t count,
                           uint32_t deadline_ms) {
    if (count == 0)
        return 0;
    struct round round = {.askings = berth_alloc(count * sizeof *round.askings)};
    if (round.askings == NULL)
        return BERTH_E_MEMORY;
    int error = berth_net_create(&round.net);
    if (error == 0)
        error = run(&round, probes, count, deadline_ms);
    berth_net_destroy(round.net);
    berth_free(round.askings);
    return error;
}
