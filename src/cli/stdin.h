/* The standard input in a loop, line by line, whatever it is: a terminal, a pipe, a file.
 *
 *     struct berth_stdin *input;
 *     int error = berth_stdin_create(net, &events, owner, &input);
 *     ... on_line(owner, line) ..., on_end(owner) ...
 *     berth_stdin_destroy(input);
 *
 * A regular file cannot be waited for, and a terminal that is set non-blocking stays so for the
 * shell behind us: so a thread of its own reads, blocking, into a bounded buffer, and wakes the
 * loop with SIGIO, the one door that a loop has for other threads.
 *
 * Shape:   a line comes without its line end; what stands behind the last one is a line too.
 *          on_line that gives false has not taken it: it comes again after a short while
 * Owns:    destroy leaves the thread, which may be waiting for input for ever, to the process's end
 * Errors:  BERTH_E_MEMORY, BERTH_E_SYSTEM; on_end tells BERTH_E_FULL for a line that is too long
 * Limits:  a line has at most BERTH_STDIN_LINE_MAX bytes; one for each process
 * Threads: the net's, and one of its own
 * Proof:   tests/e2e/connect.test.js
 */
#ifndef BERTH_CLI_STDIN_H
#define BERTH_CLI_STDIN_H

#include "base/view.h"
#include "net/net.h"

#define BERTH_STDIN_LINE_MAX (1024 * 1024)

struct berth_stdin;

struct berth_stdin_events {
    bool (*on_line)(void *owner, struct berth_view line);
    void (*on_end)(void *owner, int error); /* once, behind the last line */
};

int berth_stdin_create(struct berth_net *net, const struct berth_stdin_events *events, void *owner,
                       struct berth_stdin **ret_stdin);

/* NULL is welcome. Nothing is called any more. */
void berth_stdin_destroy(struct berth_stdin *input);

#endif
