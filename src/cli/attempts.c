#include "cli/attempts.h"

#include "base/json.h"
#include "cli/log.h"

#include <stdio.h>

/* -- Names ------------------------------------------------------------------------------------- */

const char *berth_attempts_type_name(enum berth_find_event_type type) {
    switch (type) {
    case BERTH_FIND_CANDIDATE:
        return "candidate";
    case BERTH_FIND_REFUSED:
        return "refused";
    case BERTH_FIND_TIMEOUT:
        return "timeout";
    case BERTH_FIND_STRANGER:
        return "stranger";
    case BERTH_FIND_STARTING:
        return "starting";
    case BERTH_FIND_PROVED:
        return "proved";
    case BERTH_FIND_CONNECTED:
        return "connected";
    case BERTH_FIND_LOST:
        return "lost";
    case BERTH_FIND_MOVED:
        break;
    }
    return "moved";
}

const char *berth_attempts_source_name(enum berth_find_source source) {
    switch (source) {
    case BERTH_FIND_TOLD:
        return "told";
    case BERTH_FIND_RECORD:
        return "record";
    case BERTH_FIND_PORT_FILE:
        return "port_file";
    case BERTH_FIND_REMEMBERED:
        return "remembered";
    case BERTH_FIND_RANGE:
        break;
    }
    return "range";
}

const char *berth_attempts_verdict_name(enum berth_verdict verdict) {
    switch (verdict) {
    case BERTH_VERDICT_ANY:
        return "any";
    case BERTH_VERDICT_NAMED:
        return "named";
    case BERTH_VERDICT_PINNED:
        return "pinned";
    case BERTH_VERDICT_PROVED:
        break;
    }
    return "proved";
}

/* For people. */
static const char *source_words(enum berth_find_source source) {
    switch (source) {
    case BERTH_FIND_TOLD:
        return "as told";
    case BERTH_FIND_RECORD:
        return "a record";
    case BERTH_FIND_PORT_FILE:
        return "the port file";
    case BERTH_FIND_REMEMBERED:
        return "last time";
    case BERTH_FIND_RANGE:
        break;
    }
    return "the range";
}

/* -- Gathering --------------------------------------------------------------------------------- */

static struct berth_attempt *place_for(struct berth_attempts *attempts,
                                       enum berth_find_source source, const char *url) {
    for (size_t i = 0; i < attempts->count; i++)
        if (attempts->items[i].source == source && strcmp(attempts->items[i].url, url) == 0)
            return &attempts->items[i];
    if (attempts->count == BERTH_ATTEMPTS_MAX) {
        attempts->left_out++;
        return NULL;
    }
    return &attempts->items[attempts->count++];
}

void berth_attempts_note(struct berth_attempts *attempts, const struct berth_find_event *event) {
    const char *url = event->url != NULL ? event->url : "";
    char key[sizeof attempts->items->url];
    snprintf(key, sizeof key, "%s", url);
    struct berth_attempt *attempt = place_for(attempts, event->source, key);
    if (attempt == NULL)
        return;
    *attempt = (struct berth_attempt){.source = event->source, .type = event->type};
    snprintf(attempt->url, sizeof attempt->url, "%s", key);
    snprintf(attempt->text, sizeof attempt->text, "%s", event->text != NULL ? event->text : url);
}

/* -- The table --------------------------------------------------------------------------------- */

static void pad_to(struct berth_writer *out, size_t begin, size_t column) {
    berth_writer_char(out, ' ');
    do
        berth_writer_char(out, ' ');
    while (out->size - begin < column && !out->overflow);
}

static void write_row(const struct berth_attempt *attempt, struct berth_writer *out) {
    size_t begin = out->size;
    berth_writer_format(out, "  %s", source_words(attempt->source));
    pad_to(out, begin, 17);
    berth_writer_text(out, berth_attempts_type_name(attempt->type));
    pad_to(out, begin, 28);
    berth_cli_text_escape(berth_view_of(attempt->text), out);
    berth_writer_char(out, '\n');
}

void berth_attempts_write(const struct berth_attempts *attempts, struct berth_writer *out) {
    size_t quiet = 0;
    for (size_t i = 0; i < attempts->count; i++) {
        const struct berth_attempt *attempt = &attempts->items[i];
        if (attempt->source == BERTH_FIND_RANGE && attempt->type == BERTH_FIND_REFUSED)
            quiet++;
        else
            write_row(attempt, out);
    }
    if (quiet > 0)
        berth_writer_format(out, "  %zu of the usual addresses: nobody listens there\n", quiet);
    if (attempts->left_out > 0)
        berth_writer_format(out, "  and %zu more\n", attempts->left_out);
    if (attempts->count == 0)
        berth_writer_text(out, "  nothing: there was no place to ask at\n");
}

/* -- One event --------------------------------------------------------------------------------- */

void berth_attempts_write_event(const struct berth_find_event *event, struct berth_writer *out) {
    size_t begin = out->size;
    berth_writer_format(out, "%6llu ms  %s", (unsigned long long)event->elapsed_ms,
                        berth_attempts_type_name(event->type));
    pad_to(out, begin, 22);
    berth_writer_text(out, source_words(event->source));
    pad_to(out, begin, 37);
    berth_cli_text_escape(berth_view_of(event->text != NULL ? event->text : event->url), out);
    berth_writer_char(out, '\n');
}

void berth_attempts_write_event_json(const struct berth_find_event *event,
                                     struct berth_writer *out) {
    struct berth_json json = berth_json_on(out);
    berth_json_open(&json, '{');
    berth_json_key(&json, "event");
    berth_json_text(&json, berth_attempts_type_name(event->type));
    berth_json_key(&json, "source");
    berth_json_text(&json, berth_attempts_source_name(event->source));
    berth_json_key(&json, "url");
    berth_json_text(&json, event->url);
    berth_json_key(&json, "verdict");
    berth_json_text(&json, event->verdict == BERTH_VERDICT_ANY
                               ? NULL
                               : berth_attempts_verdict_name(event->verdict));
    berth_json_key(&json, "elapsed_ms");
    berth_json_number(&json, event->elapsed_ms);
    berth_json_key(&json, "text");
    berth_json_text(&json, event->text);
    berth_json_close(&json, '}');
    berth_writer_char(out, '\n');
}
