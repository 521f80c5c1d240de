/* Log records: what a library has to say, handed to whoever can say it.
 *
 *     berth_log_write(log, BERTH_LOG_WARNING, "port.passed_over", "port %u: %s", port, why);
 *
 * Libraries report here and never print; the program decides on form and place.
 *
 * Shape:   level, a stable event name ("module.what") for machines, one sentence for people
 * Owns:    the record is a loan for the call
 * Limits:  a text is cut at BERTH_LOG_TEXT_MAX bytes
 * Threads: the sink's
 */
#ifndef BERTH_BASE_LOG_H
#define BERTH_BASE_LOG_H

#include "base/view.h"

#define BERTH_LOG_TEXT_MAX 1024

enum berth_log_level {
    BERTH_LOG_DEBUG,
    BERTH_LOG_INFO,
    BERTH_LOG_WARNING,
    BERTH_LOG_ERROR,
};

struct berth_log_record {
    enum berth_log_level level;
    const char *event;
    struct berth_view text;
};

/* A sink. `least` is checked before a text is made. */
struct berth_log {
    void (*write)(void *owner, const struct berth_log_record *record);
    void *owner;
    enum berth_log_level least;
};

/* Does nothing when log is NULL or the level is under its least. */
void berth_log_write(const struct berth_log *log, enum berth_log_level level, const char *event,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
