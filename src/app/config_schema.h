/* Every setting there is, in one table: the file's keys, the flags, the environment variables, the
 * help, the man page and docs/configuration.md all come from it.
 *
 *     const struct berth_setting *setting = &berth_settings[BERTH_SETTING_HOST];
 *     ... setting->path is "HOST", setting->flag "--host", setting->variable "BERTH_HOST" ...
 *
 * Shape:   one record a setting, in the order in which people read about them
 * Owns:    constants
 * Limits:  a path has at most BERTH_SETTING_DEPTH_MAX keys
 * Threads: any
 */
#ifndef BERTH_APP_CONFIG_SCHEMA_H
#define BERTH_APP_CONFIG_SCHEMA_H

#include "base/view.h"
#include "server/limits.h"

#define BERTH_SETTING_DEPTH_MAX 3

/* The route that frontends connect to. */
#define BERTH_ROUTE_USUAL "/client-ws"

enum berth_setting_id {
    BERTH_SETTING_HOST,
    BERTH_SETTING_SERVER_PORT,
    BERTH_SETTING_WEBSOCKET_PORT,
    BERTH_SETTING_APP,
    BERTH_SETTING_STATIC,
    BERTH_SETTING_PORT_FILE,
    BERTH_SETTING_PORT_TRIES,
    BERTH_SETTING_FALLBACK,
    BERTH_SETTING_STICKY,
    BERTH_SETTING_INSTANCE,
    BERTH_SETTING_STATE_DIR,
    BERTH_SETTING_ROUTES,
    BERTH_SETTING_ALLOWED_ORIGINS,
    BERTH_SETTING_AUTH,
    BERTH_SETTING_COMPRESSION,
    BERTH_SETTING_COMPRESSION_MIN,
    BERTH_SETTING_THREADS,
    BERTH_SETTING_SPIN_US,
    BERTH_SETTING_LOG_LEVEL,
    BERTH_SETTING_LOG_FORMAT,
#define BERTH_SETTING_LIMIT(name, key, value, least, most, unit, answer) BERTH_SETTING_LIMIT_##name,
    BERTH_LIMITS(BERTH_SETTING_LIMIT)
#undef BERTH_SETTING_LIMIT
        BERTH_SETTINGS,
};

enum berth_setting_type {
    BERTH_SETTING_TEXT,   /* any words; what they mean is checked at the end */
    BERTH_SETTING_PATH,   /* a file or folder; one from a file begins at that file's folder */
    BERTH_SETTING_PORT,   /* 0 to 65535 */
    BERTH_SETTING_NUMBER, /* least to most */
    BERTH_SETTING_SWITCH, /* true or false */
    BERTH_SETTING_CHOICE, /* one of choices; its number is its place among them */
    BERTH_SETTING_LIST,   /* texts; in a variable with commas between them */
    BERTH_SETTING_MAP,    /* routes to backends; a flag or variable sets BERTH_ROUTE_USUAL */
};

struct berth_setting {
    const char *path; /* "BERTH.LOG.LEVEL": the keys from the top of the file down */
    enum berth_setting_type type;
    const char *initial;        /* the default, as one would write it; NULL when there is none */
    const char *otherwise;      /* the default in words, where it depends on the place */
    uint64_t least;             /* NUMBER */
    uint64_t most;              /* NUMBER */
    const char *unit;           /* NUMBER: "bytes" */
    const char *const *choices; /* CHOICE; ends in NULL */
    const char *flag;           /* "--log-level"; NULL for none */
    const char *flag_summary;   /* what the flag does, where it is not what the summary says */
    const char *argument;       /* what stands behind the flag in help: "LEVEL" */
    const char *variable;       /* "BERTH_LOG_LEVEL"; NULL for none */
    const char *summary;        /* one line: lower case, no full stop */
    const char *details;        /* sentences, for the long pages; NULL for none */
};

extern const struct berth_setting berth_settings[BERTH_SETTINGS];

/* The last key of the path: "LEVEL". */
const char *berth_setting_key(const struct berth_setting *setting);

/* The setting of that path, or NULL. */
const struct berth_setting *berth_setting_find(struct berth_view path);

/* Is the path a map that settings lie under ("BERTH", "BERTH.LOG")? */
bool berth_setting_is_group(struct berth_view path);

/* The keys that may stand directly under a group; "" is the file's top level. */
struct berth_setting_names {
    struct berth_view names[BERTH_SETTINGS];
    size_t count;
};
void berth_setting_names(struct berth_view group, struct berth_setting_names *ret_names);

/* The place in the table. */
enum berth_setting_id berth_setting_id_of(const struct berth_setting *setting);

#endif
