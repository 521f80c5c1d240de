/* What a head means: each line is judged as soon as the reader has it whole, the rest at the end.
 * For http_reader.c only.
 *
 * Shape:   *known gathers one bit for each thing that some field has said
 * Errors:  a fault, with status 0 when there is none
 * Source:  RFC 9112 3, 4, 6, 9; RFC 9110 7.2, 7.6.1, 8.6, 10.1.1
 */
#ifndef BERTH_PROTO_HTTP_HEAD_H
#define BERTH_PROTO_HTTP_HEAD_H

#include "proto/http.h"

struct berth_http_fault {
    int status;
    const char *reason;
};

#define BERTH_HTTP_NO_FAULT ((struct berth_http_fault){0, NULL})

/* Each line of a head, in the order in which they come. */
struct berth_http_fault berth_http_head_take_version(struct berth_http_head *head,
                                                     struct berth_view version);
struct berth_http_fault berth_http_head_take_method(struct berth_http_head *head,
                                                    struct berth_view name);
struct berth_http_fault berth_http_head_take_target(struct berth_http_head *head,
                                                    struct berth_view target);
struct berth_http_fault berth_http_head_take_status(struct berth_http_head *head,
                                                    struct berth_view code);
struct berth_http_fault berth_http_head_take_field(struct berth_http_head *head,
                                                   struct berth_http_span field, uint16_t *known);

/* The blank line was read: what only the whole head can say. */
struct berth_http_fault berth_http_head_finish(struct berth_http_head *head,
                                               const struct berth_http_reader *reader);

#endif
