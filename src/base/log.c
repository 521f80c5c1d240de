#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

void berth_log_write(const struct berth_log *log, enum berth_log_level level, const char *event,
                     const char *format, ...) {
    if (log == NULL || level < log->least)
        return;
    char text[BERTH_LOG_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size < 0)
        return;
    size_t written = (size_t)size < sizeof text ? (size_t)size : sizeof text - 1;
    log->write(log->owner, &(struct berth_log_record){level, event, {text, written}});
}
