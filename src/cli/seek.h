/* Which server a command is meant for: by URL, by app, or by the configuration that lies here.
 *
 *     static struct berth_seek seek;
 *     enum berth_exit status = berth_seek_begin(&seek, args, url);
 *     if (status == BERTH_EXIT_DONE && (error = berth_find(&seek.find, &found)) < 0)
 *         status = berth_seek_complain(&seek, error);
 *     berth_seek_end(&seek);
 *
 * Shape:   the app is what --app says, else what conf.yaml of this folder says, else the folder's
 *          name. With a URL and no --app it is whoever answers there
 * Owns:    the configuration and the texts that `find` points to, until end (after a failed begin
 *          too); args and url are loans until then
 * Errors:  those that a command ends with, said on stderr by then
 * Threads: one
 * Proof:   tests/e2e/connect.test.js
 */
#ifndef BERTH_CLI_SEEK_H
#define BERTH_CLI_SEEK_H

#include "berth/find.h"
#include "cli/session.h"

struct berth_seek {
    struct berth_session session;
    struct berth_find_options find;
    bool has_session;
    char url[128];  /* "http://127.0.0.1:1018"; empty when none was given */
    char path[256]; /* of the URL; empty when it has none */
    char app[65];   /* who answered at the URL */
};

/* url: NULL, or "http://…" or "ws://…" with an IP literal or localhost. */
enum berth_exit berth_seek_begin(struct berth_seek *seek, const struct berth_args *args,
                                 const char *url);

/* Says that nothing was found, and what to do; or what else went wrong. */
enum berth_exit berth_seek_complain(const struct berth_seek *seek, int error);

void berth_seek_end(struct berth_seek *seek);

#endif
