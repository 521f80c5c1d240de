/* What a search tried and what came of it, gathered from its events: for the person who wants to
 * know why nothing was found, and for the one who watches.
 *
 *     static struct berth_attempts attempts;
 *     ... on_event: berth_attempts_note(&attempts, event) ...
 *     berth_attempts_write(&attempts, &writer);
 *
 * Shape:   one attempt a source and address: the last thing that was heard of it. Where nobody
 *          listens in the range of ports is one row for all
 * Owns:    everything is inside
 * Limits:  BERTH_ATTEMPTS_MAX; what is beyond is counted, and not shown
 * Threads: one
 * Proof:   attempts_test.c
 */
#ifndef BERTH_CLI_ATTEMPTS_H
#define BERTH_CLI_ATTEMPTS_H

#include "base/writer.h"
#include "berth/find.h"

#define BERTH_ATTEMPTS_MAX 128
#define BERTH_ATTEMPTS_PAGE_MAX 65536

struct berth_attempt {
    enum berth_find_source source;
    enum berth_find_event_type type;
    char url[96];
    char text[192];
};

struct berth_attempts {
    struct berth_attempt items[BERTH_ATTEMPTS_MAX];
    size_t count;
    size_t left_out;
};

void berth_attempts_note(struct berth_attempts *attempts, const struct berth_find_event *event);

/* The table, without the refused places of the range; then a line that counts those. */
void berth_attempts_write(const struct berth_attempts *attempts, struct berth_writer *out);

/* One event as it comes: "    12 ms  proved    a record    http://127.0.0.1:1018 is our server".
 * With a line end. */
void berth_attempts_write_event(const struct berth_find_event *event, struct berth_writer *out);

/* The same as one line of JSON. */
void berth_attempts_write_event_json(const struct berth_find_event *event,
                                     struct berth_writer *out);

/* The words for machines: "proved", "port_file", "pinned". */
const char *berth_attempts_type_name(enum berth_find_event_type type);
const char *berth_attempts_source_name(enum berth_find_source source);
const char *berth_attempts_verdict_name(enum berth_verdict verdict);

#endif
