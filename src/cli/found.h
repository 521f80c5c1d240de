/* A server that was found, as JSON.
 *
 * Shape:   one object: app, instance, pid, version, port, urls {http, ws, health}, verdict, source,
 *          public_key; null for what is not known. Its token is not shown: whoever needs it reads
 *          the record
 * Owns:    nothing
 * Threads: any
 * Proof:   found_test.c
 */
#ifndef BERTH_CLI_FOUND_H
#define BERTH_CLI_FOUND_H

#include "base/writer.h"
#include "berth/find.h"

void berth_found_write_json(const struct berth_found *found, struct berth_writer *out);

#endif
