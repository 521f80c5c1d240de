#include "cli/ready.h"

#include "berth/error.h"
#include "sys/notify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void berth_ready_print(struct berth_view line, const struct berth_log *log) {
    if (fwrite(line.data, 1, line.size, stdout) != line.size || fflush(stdout) != 0)
        berth_log_write(log, BERTH_LOG_WARNING, "ready.unwritten",
                        "The ready line could not be written to the standard output (%s); serving "
                        "goes on",
                        strerror(errno));
}

void berth_ready_signal(int descriptor, const struct berth_log *log) {
    if (write(descriptor, "\n", 1) != 1)
        berth_log_write(log, BERTH_LOG_WARNING, "ready.unwritten",
                        "Descriptor %d of --ready-fd could not be written (%s); serving goes on",
                        descriptor, strerror(errno));
    close(descriptor);
}

void berth_ready_notify(struct berth_view lines, const struct berth_log *log) {
    const char *name = getenv("NOTIFY_SOCKET");
    if (name == NULL || name[0] == '\0')
        return;
    int error = berth_sys_notify(name, lines);
    if (error < 0)
        berth_log_write(log, BERTH_LOG_WARNING, "ready.unwritten",
                        "The service manager could not be told through NOTIFY_SOCKET, %s (%s); "
                        "serving goes on",
                        name, berth_error_text(error));
}
