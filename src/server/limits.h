/* The server's limits: each with what happens at it.
 *
 * One list for the struct, the defaults, the configuration's keys (BERTH: LIMITS:) and their pages:
 * name, key, default, smallest, largest, unit, answer at the limit. Each is tried under, at and
 * over it by src/backend/server_limits_test.c, which fails when one is not. A time that begins anew
 * may end up to a 128th sooner (server/deadline.h).
 */
#ifndef BERTH_SERVER_LIMITS_H
#define BERTH_SERVER_LIMITS_H

#include <stdint.h>

#define BERTH_LIMITS(X)                                                                            \
    X(head_size, "HEAD_SIZE", 16384, 1024, 65535, "bytes", "431")                                  \
    X(head_fields, "HEAD_FIELDS", 100, 8, 100, "fields", "431")                                    \
    X(head_timeout_ms, "HEAD_TIMEOUT", 10000, 100, 3600000, "ms", "408")                           \
    X(idle_timeout_ms, "IDLE_TIMEOUT", 60000, 100, 86400000, "ms", "the connection is closed")     \
    X(body_size, "BODY_SIZE", 1048576, 0, 1073741824, "bytes", "413")                              \
    X(message_size, "MESSAGE_SIZE", 16777216, 125, 1073741824, "bytes", "close 1009")              \
    X(message_fragments, "MESSAGE_FRAGMENTS", 131072, 1, 16777216, "fragments", "close 1008")      \
    X(message_timeout_ms, "MESSAGE_TIMEOUT", 120000, 100, 86400000, "ms", "close 1008")            \
    X(send_queue_size, "SEND_QUEUE_SIZE", 4194304, 65536, 1073741824, "bytes", "close 4408")       \
    X(connections, "CONNECTIONS", 16384, 1, 1000000, "connections", "503")                         \
    X(ping_interval_ms, "PING_INTERVAL", 25000, 100, 86400000, "ms", "a ping is sent")             \
    X(pong_timeout_ms, "PONG_TIMEOUT", 20000, 100, 86400000, "ms", "the connection is closed")     \
    X(drain_timeout_ms, "DRAIN_TIMEOUT", 10000, 0, 3600000, "ms", "what is left is closed")

struct berth_limits {
#define BERTH_LIMIT_MEMBER(name, key, value, least, most, unit, answer) uint64_t name;
    BERTH_LIMITS(BERTH_LIMIT_MEMBER)
#undef BERTH_LIMIT_MEMBER
};

#define BERTH_LIMIT_DEFAULT(name, key, value, least, most, unit, answer) .name = (value),
#define BERTH_LIMITS_DEFAULT ((struct berth_limits){BERTH_LIMITS(BERTH_LIMIT_DEFAULT)})

#endif
