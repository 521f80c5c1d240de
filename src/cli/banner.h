/* The banner: where the server is, in the words that frontends' people look for.
 *
 * Shape:   six or seven lines between two rules, then one more when the port is not the one asked
 *          for. In a log of JSON, one record with the same as fields
 * Owns:    nothing
 * Limits:  BERTH_BANNER_MAX bytes hold it
 * Threads: one
 * Proof:   banner_test.c: line for line what was there before Berth
 */
#ifndef BERTH_CLI_BANNER_H
#define BERTH_CLI_BANNER_H

#include "base/writer.h"
#include "cli/log.h"

#define BERTH_BANNER_MAX 4096

struct berth_banner {
    const char *host; /* as configured: what stands in the URLs */
    uint16_t port;
    uint16_t requested_port;
    const char *ws_path; /* NULL for no WebSocket */
    bool serves_static;
    const char *why; /* why it is another port: "1018 is held by …"; NULL when it is not */
};

/* The lines, each with its line end. */
void berth_banner_write(const struct berth_banner *banner, struct berth_writer *out);

/* The same into the log, in its style. */
void berth_banner_log(const struct berth_banner *banner, struct berth_cli_log *log);

/* "http://127.0.0.1:1018/health"; an IPv6 address gets its brackets. */
void berth_banner_url(const char *scheme, const char *host, uint16_t port, const char *path,
                      struct berth_writer *out);

#endif
