/* The program's commands and the flags that they share: tables, from which the parser, the help and
 * the man page come.
 *
 * Owns:    constants
 * Threads: any
 */
#ifndef BERTH_CLI_COMMAND_H
#define BERTH_CLI_COMMAND_H

#include "app/config_schema.h"

#include <assert.h>

/* What the program ends with. */
#define BERTH_EXITS(X)                                                                             \
    X(BERTH_EXIT_DONE, 0, "done")                                                                  \
    X(BERTH_EXIT_FAILED, 1, "failed")                                                              \
    X(BERTH_EXIT_USAGE, 2, "the command line or the configuration is wrong")                       \
    X(BERTH_EXIT_NO_PORT, 3, "no port could be had")                                               \
    X(BERTH_EXIT_RUNNING, 4, "another instance is running already")                                \
    X(BERTH_EXIT_NOT_FOUND, 5, "no server was found")

enum berth_exit {
#define BERTH_EXIT_ENUM(name, code, text) name = (code),
    BERTH_EXITS(BERTH_EXIT_ENUM)
#undef BERTH_EXIT_ENUM
};

/* Flags that are not settings. */
enum berth_option_id {
    BERTH_OPTION_STRICT_PORT,
    BERTH_OPTION_JSON,
    BERTH_OPTION_READY_FD,
    BERTH_OPTION_WAIT,
    BERTH_OPTION_PRINT,
    BERTH_OPTION_URL,
    BERTH_OPTION_LEAST,
    BERTH_OPTION_EVENTS,
    BERTH_OPTION_ORIGIN,
    BERTH_OPTION_EXPLAIN,
    BERTH_OPTION_PATH,
    BERTH_OPTION_ONCE,
    BERTH_OPTION_LINGER,
    BERTH_OPTION_PRINT_URL,
    BERTH_OPTION_HELP,
    BERTH_OPTION_VERSION,
    BERTH_OPTIONS,
};

struct berth_option {
    const char *flag;     /* "--ready-fd" */
    const char *argument; /* "N"; NULL for a flag that stands alone */
    const char *summary;
};

extern const struct berth_option berth_options[BERTH_OPTIONS];

/* What a command line said. Loans of argv. */
struct berth_args {
    const char *settings[BERTH_SETTINGS]; /* the text behind each setting's flag, or NULL */
    const char *options[BERTH_OPTIONS];   /* likewise; "" for a flag that stands alone */
    const char *operand;                  /* NULL when there was none */
};

#define BERTH_SETTING_BIT(id) (UINT64_C(1) << BERTH_SETTING_##id)
static_assert(BERTH_SETTINGS <= 64, "every setting has a bit");

struct berth_command {
    const char *name;
    const char *operand; /* "CONF"; NULL for none; it may always be left out */
    const char *summary;
    const char *details;
    bool takes_settings;
    uint64_t settings; /* those that it takes, BERTH_SETTING_BIT each; 0 for all */
    unsigned options;  /* 1 << BERTH_OPTION_..., one bit each */
    const char *json;  /* what --json does here; NULL when it does nothing */
    enum berth_exit (*run)(const struct berth_args *args);
};

/* The table; its last entry has no name. */
extern const struct berth_command berth_commands[];

/* NULL when there is none of that name. */
const struct berth_command *berth_command_find(struct berth_view name);

/* Does the command take this setting's flag? */
bool berth_command_takes(const struct berth_command *command, enum berth_setting_id id);

/* The commands themselves: what they print is printed when they return. */
enum berth_exit berth_command_serve(const struct berth_args *args);
enum berth_exit berth_command_find_server(const struct berth_args *args);
enum berth_exit berth_command_list(const struct berth_args *args);
enum berth_exit berth_command_check(const struct berth_args *args);
enum berth_exit berth_command_connect(const struct berth_args *args);
enum berth_exit berth_command_open(const struct berth_args *args);
enum berth_exit berth_command_doctor(const struct berth_args *args);
enum berth_exit berth_command_help(const struct berth_args *args);

#endif
