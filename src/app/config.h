/* The configuration in effect: every setting's value, where it came from, and what is wrong.
 *
 *     static struct berth_config config;
 *     berth_config_init(&config, &context);
 *     int error = berth_config_load(&config, path, flags);
 *     if (error == 0 && config.error_count == 0)
 *         ... config.values[BERTH_SETTING_SERVER_PORT].number ...
 *     berth_config_finish(&config);
 *
 * Flags beat the environment, the environment beats the file, the file beats the default. All
 * errors are collected, not only the first.
 *
 * Shape:   values[id].text is the value as text, values[id].number what it means (a port, a count,
 *          0 or 1, the place among the choices); lists and maps are items instead. text is NULL
 *          for what is off or has no default
 * Owns:    its texts and items, until finish; the context, the path and the flags are loans for
 *          its whole life
 * Errors:  BERTH_E_MEMORY and nothing else; what the user did wrong is a message
 * Limits:  a file of BERTH_CONFIG_FILE_MAX bytes, BERTH_CONFIG_ITEMS_MAX items in a list or map,
 *          BERTH_CONFIG_VALUE_MAX bytes in a value, BERTH_CONFIG_MESSAGES_MAX errors and as many
 *          warnings; a file is read no further than that many errors
 * Threads: one
 * Proof:   config_test.c, config_memory_test.c, tests/fuzz/fuzz_config.c
 */
#ifndef BERTH_APP_CONFIG_H
#define BERTH_APP_CONFIG_H

#include "app/config_schema.h"
#include "base/log.h"
#include "base/writer.h"
#include "server/server.h"

#define BERTH_CONFIG_FILE_MAX (1024 * 1024)
#define BERTH_CONFIG_FILE_USUAL "conf.yaml"
#define BERTH_CONFIG_ITEMS_MAX 64
#define BERTH_CONFIG_VALUE_MAX 4096
#define BERTH_CONFIG_MESSAGES_MAX 20
#define BERTH_CONFIG_MESSAGE_MAX 512

enum berth_config_source {
    BERTH_CONFIG_FROM_DEFAULT,
    BERTH_CONFIG_FROM_FILE,
    BERTH_CONFIG_FROM_VARIABLE,
    BERTH_CONFIG_FROM_FLAG,
};

struct berth_config_place {
    enum berth_config_source source;
    const char *name; /* the file, the variable, the flag; NULL for a default */
    unsigned line;    /* in a file, from 1; 0 when it concerns the file as a whole */
    unsigned column;  /* in characters, from 1 */
};

struct berth_config_item {
    char *name; /* of a map: the route's path; NULL in a list */
    char *text;
    struct berth_config_place place;
};

struct berth_config_value {
    struct berth_config_place place;
    char *text;
    uint64_t number;
    struct berth_config_item *items;
    size_t item_count;
};

struct berth_config_message {
    enum berth_log_level level; /* warning or error */
    struct berth_config_place place;
    char text[BERTH_CONFIG_MESSAGE_MAX]; /* "conf.yaml:3:14: SERVER_PORT: what is wrong: the fix" */
};

/* The world around a configuration. */
struct berth_config_context {
    const char *const *environment; /* "NAME=value", ending in NULL */
    const char *here;               /* the current folder, absolute */
    const char *const *backends;    /* the names that a route may have, ending in NULL */
};

struct berth_config {
    const struct berth_config_context *context;
    struct berth_config_value values[BERTH_SETTINGS];
    const char *path; /* the file that was read, as it was named; NULL for none */
    char *folder;     /* the file's folder, absolute; the current one without a file */
    struct berth_config_message messages[2 * BERTH_CONFIG_MESSAGES_MAX];
    size_t message_count;
    size_t error_count;   /* those that had no room included */
    size_t warning_count; /* likewise */
};

void berth_config_init(struct berth_config *config, const struct berth_config_context *context);
void berth_config_finish(struct berth_config *config);

/* Reads everything and settles it. path NULL: conf.yaml in the current folder if there is one; "":
 * no file.
 * flags[id] is the text behind a setting's flag, NULL for those not given. */
int berth_config_load(struct berth_config *config, const char *path, const char *const *flags);

/* -- The parts, in the order in which load uses them ------------------------------------------- */

/* A file's content; config->path and config->folder are set by then. */
int berth_config_read_yaml(struct berth_config *config, struct berth_view text);

/* The settings that the environment gives. An empty variable is one that is not set. */
int berth_config_read_environment(struct berth_config *config);

/* Fills in what was not said, checks what depends on more than one value, makes paths absolute. */
int berth_config_settle(struct berth_config *config);

/* What stands at a route: the backend's name, and what is done with slow readers. The view lies in
 * the text. */
struct berth_view berth_config_route_backend(const char *text, enum berth_slow *ret_slow);

/* -- For those parts --------------------------------------------------------------------------- */

/* Sets a value from its text, or reports why the text is none. */
int berth_config_put(struct berth_config *config, enum berth_setting_id id,
                     struct berth_config_place place, struct berth_view text);

/* Adds an item, or replaces the one of that name; name is empty in a list. */
int berth_config_put_item(struct berth_config *config, enum berth_setting_id id,
                          struct berth_config_place place, struct berth_view name,
                          struct berth_view text);

/* Frees the items of a list or map. */
void berth_config_clear_items(struct berth_config_value *value);

/* The item of that name, or NULL. */
struct berth_config_item *berth_config_find_item(struct berth_config_value *value,
                                                 struct berth_view name);

/* Replaces a value's text; an empty view leaves NULL. */
int berth_config_set_text(struct berth_config_value *value, struct berth_view text);

/* Adds a message: the place, the subject (NULL for none), the format. */
void berth_config_report(struct berth_config *config, enum berth_log_level level,
                         struct berth_config_place place, const char *subject, const char *format,
                         ...) __attribute__((format(printf, 5, 6)));

/* "conf.yaml:3:14", "--port", "BERTH_PORT" or "default". */
void berth_config_place_write(struct berth_config_place place, struct berth_writer *out);

/* The variable's value, NULL when it is not set. */
const char *berth_config_variable(const struct berth_config_context *context,
                                  struct berth_view name);

#endif
