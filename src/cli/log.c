#include "cli/log.h"

#include "base/assert.h"
#include "base/utf8.h"
#include "sys/clock.h"
#include "sys/process.h"

#include <stdlib.h>
#include <time.h>

/* -- Pieces ------------------------------------------------------------------------------------ */

static struct tm utc_of(uint64_t unix_ms) {
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm parts = {0};
    gmtime_r(&seconds, &parts);
    return parts;
}

void berth_cli_time_write(uint64_t unix_ms, struct berth_writer *out) {
    struct tm at = utc_of(unix_ms);
    berth_writer_format(out, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", at.tm_year + 1900,
                        at.tm_mon + 1, at.tm_mday, at.tm_hour, at.tm_min, at.tm_sec,
                        (unsigned)(unix_ms % 1000));
}

/* The time of day where the reader sits. */
static void write_clock(uint64_t unix_ms, struct berth_writer *out) {
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm at = {0};
    localtime_r(&seconds, &at);
    berth_writer_format(out, "%02d:%02d:%02d.%03u", at.tm_hour, at.tm_min, at.tm_sec,
                        (unsigned)(unix_ms % 1000));
}

/* The code point of a whole character. */
static uint32_t code_of(const char *bytes, size_t size) {
    uint32_t code = (unsigned char)bytes[0];
    if (size > 1)
        code &= 0xFFU >> (size + 1);
    for (size_t i = 1; i < size; i++)
        code = code << 6 | ((unsigned char)bytes[i] & 0x3F);
    return code;
}

/* What a terminal acts on, or what makes a line read as another one. */
static bool is_harmful(uint32_t code) {
    bool control = code < 0x20 || (code >= 0x7F && code <= 0x9F);
    bool line_end = code == 0x2028 || code == 0x2029;
    bool direction = code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
                     (code >= 0x2066 && code <= 0x2069);
    return control || line_end || direction;
}

void berth_cli_text_escape(struct berth_view text, struct berth_writer *out) {
    while (text.size > 0) {
        size_t size = berth_utf8_length(text);
        uint32_t code = size > 0 ? code_of(text.data, size) : 0;
        if (size == 0)
            berth_writer_format(out, "\\x%02x", (unsigned)(unsigned char)text.data[0]);
        else if (!is_harmful(code))
            berth_writer_bytes(out, text.data, size);
        else if (code == '\n' || code == '\t')
            berth_writer_text(out, code == '\n' ? "\\n" : "\\t");
        else
            berth_writer_format(out, code < 0x80 ? "\\x%02x" : "\\u%04x", (unsigned)code);
        size = size > 0 ? size : 1;
        text = (struct berth_view){text.data + size, text.size - size};
    }
}

static const char *level_name(enum berth_log_level level) {
    switch (level) {
    case BERTH_LOG_DEBUG:
        return "debug";
    case BERTH_LOG_INFO:
        return "info";
    case BERTH_LOG_WARNING:
        return "warning";
    case BERTH_LOG_ERROR:
        return "error";
    }
    berth_assert_failed("level is one of enum berth_log_level", __FILE__, __LINE__);
}

static const char *level_colour(enum berth_log_level level) {
    switch (level) {
    case BERTH_LOG_DEBUG:
    case BERTH_LOG_INFO:
        return "\033[2m"; /* dim */
    case BERTH_LOG_WARNING:
        return "\033[33m"; /* yellow */
    case BERTH_LOG_ERROR:
        return "\033[1;31m"; /* bold red */
    }
    berth_assert_failed("level is one of enum berth_log_level", __FILE__, __LINE__);
}

/* -- Lines ------------------------------------------------------------------------------------- */

struct berth_json berth_cli_log_json_open(const struct berth_log_record *record, uint64_t unix_ms,
                                          struct berth_writer *out) {
    char memory[32];
    struct berth_writer at = berth_writer_on(memory, sizeof memory);
    berth_cli_time_write(unix_ms, &at);
    struct berth_json json = berth_json_on(out);
    berth_json_open(&json, '{');
    berth_json_key(&json, "time");
    berth_json_string(&json, berth_writer_result(&at));
    berth_json_key(&json, "level");
    berth_json_text(&json, level_name(record->level));
    berth_json_key(&json, "event");
    berth_json_text(&json, record->event);
    berth_json_key(&json, "text");
    berth_json_string(&json, record->text);
    return json;
}

static void format_human(enum berth_cli_log_style style, uint64_t unix_ms,
                         const struct berth_log_record *record, struct berth_writer *out) {
    bool colour = style == BERTH_CLI_LOG_COLOUR;
    if (style != BERTH_CLI_LOG_PLAIN) {
        berth_writer_text(out, colour ? "\033[2m" : "");
        write_clock(unix_ms, out);
        berth_writer_text(out, colour ? "\033[0m " : " ");
    }
    if (record->level != BERTH_LOG_INFO) {
        berth_writer_text(out, colour ? level_colour(record->level) : "");
        berth_writer_format(out, "%s:", level_name(record->level));
        berth_writer_text(out, colour ? "\033[0m " : " ");
    }
    berth_cli_text_escape(record->text, out);
}

void berth_cli_log_format(enum berth_cli_log_style style, uint64_t unix_ms,
                          const struct berth_log_record *record, struct berth_writer *out) {
    if (style == BERTH_CLI_LOG_JSON) {
        struct berth_json json = berth_cli_log_json_open(record, unix_ms, out);
        berth_json_close(&json, '}');
    } else {
        format_human(style, unix_ms, record, out);
    }
}

void berth_cli_log_put(struct berth_cli_log *log, struct berth_writer *line) {
    /* An overflow lost the end of the line; the room for its end is kept by the caller. */
    line->overflow = false;
    line->capacity = BERTH_CLI_LOG_LINE_MAX;
    berth_writer_char(line, '\n');
    fwrite(line->data, 1, line->size, log->out);
    fflush(log->out);
}

static void write_record(void *owner, const struct berth_log_record *record) {
    struct berth_cli_log *log = owner;
    char memory[BERTH_CLI_LOG_LINE_MAX];
    struct berth_writer line = berth_writer_on(memory, sizeof memory - 1);
    berth_cli_log_format(log->style, berth_sys_clock_unix_ms(), record, &line);
    berth_cli_log_put(log, &line);
}

void berth_cli_log_plain(struct berth_cli_log *log, struct berth_view text) {
    char memory[BERTH_CLI_LOG_LINE_MAX];
    struct berth_writer line = berth_writer_on(memory, sizeof memory - 1);
    if (log->style == BERTH_CLI_LOG_JSON || log->log.least > BERTH_LOG_INFO)
        return;
    berth_cli_text_escape(text, &line);
    berth_cli_log_put(log, &line);
}

/* -- Set up ------------------------------------------------------------------------------------ */

enum berth_cli_log_style berth_cli_log_style_of_stderr(void) {
    const char *no_colour = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    if (!berth_sys_is_terminal(2))
        return BERTH_CLI_LOG_PLAIN;
    bool plain = (no_colour != NULL && *no_colour != '\0') ||
                 (terminal != NULL && strcmp(terminal, "dumb") == 0);
    return plain ? BERTH_CLI_LOG_TIMED : BERTH_CLI_LOG_COLOUR;
}

void berth_cli_log_init(struct berth_cli_log *log, FILE *out, enum berth_cli_log_style style,
                        enum berth_log_level least) {
    *log = (struct berth_cli_log){{write_record, log, least}, out, style};
}
