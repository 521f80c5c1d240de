/* The log on stderr: lines for people, or one JSON object a line for machines.
 *
 *     struct berth_cli_log log;
 *     berth_cli_log_init(&log, stderr, style);
 *     berth_log_write(&log.log, BERTH_LOG_INFO, "serve.ready", "...");
 *
 * Shape:   human: "warning: text" (info has no word), on a terminal with the time in front and in
 *          colour. JSON: time (UTC), level, event, text. One write a line, so that lines of several
 *          processes do not mix. What a terminal would act on is escaped
 * Owns:    nothing
 * Errors:  none: a log that cannot be written is lost
 * Limits:  a line has at most BERTH_CLI_LOG_LINE_MAX bytes
 * Threads: one
 * Proof:   log_test.c
 */
#ifndef BERTH_CLI_LOG_H
#define BERTH_CLI_LOG_H

#include "base/json.h"
#include "base/log.h"
#include "base/writer.h"

#include <stdio.h>

#define BERTH_CLI_LOG_LINE_MAX 8192

enum berth_cli_log_style {
    BERTH_CLI_LOG_PLAIN,  /* human, into a file or pipe */
    BERTH_CLI_LOG_TIMED,  /* human, on a terminal */
    BERTH_CLI_LOG_COLOUR, /* the same, in colour */
    BERTH_CLI_LOG_JSON,
};

struct berth_cli_log {
    struct berth_log log; /* what the libraries write to; its owner is this */
    FILE *out;
    enum berth_cli_log_style style;
};

void berth_cli_log_init(struct berth_cli_log *log, FILE *out, enum berth_cli_log_style style,
                        enum berth_log_level least);

/* The human style that stderr wants: by whether it is a terminal, and NO_COLOR. */
enum berth_cli_log_style berth_cli_log_style_of_stderr(void);

/* A line as it is, without level or time: for the banner. Nothing in JSON. */
void berth_cli_log_plain(struct berth_cli_log *log, struct berth_view line);

/* Begins a record in JSON (time, level, event, text are written); the caller adds fields and closes
 * the object and hands the line to berth_cli_log_put. */
struct berth_json berth_cli_log_json_open(const struct berth_log_record *record, uint64_t unix_ms,
                                          struct berth_writer *out);
void berth_cli_log_put(struct berth_cli_log *log, struct berth_writer *line);

/* -- For tests --------------------------------------------------------------------------------- */

/* One record as a line, without the line end. */
void berth_cli_log_format(enum berth_cli_log_style style, uint64_t unix_ms,
                          const struct berth_log_record *record, struct berth_writer *out);

/* "2026-11-23T16:52:16.123Z" */
void berth_cli_time_write(uint64_t unix_ms, struct berth_writer *out);

/* Text with controls, marks that turn the direction of writing, and broken UTF-8 made visible. */
void berth_cli_text_escape(struct berth_view text, struct berth_writer *out);

#endif
