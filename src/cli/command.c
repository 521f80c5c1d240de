#include "cli/command.h"

#define BIT(option) (1U << BERTH_OPTION_##option)

const struct berth_option berth_options[BERTH_OPTIONS] = {
    [BERTH_OPTION_STRICT_PORT] = {"--strict-port", NULL, "this port or none: never try another"},
    [BERTH_OPTION_JSON] = {"--json", NULL, "the result as JSON on stdout"},
    [BERTH_OPTION_READY_FD] = {"--ready-fd", "N",
                               "write a line end to descriptor N when ready, and close it"},
    [BERTH_OPTION_WAIT] = {"--wait", "SECONDS", "go on looking so long, and end when it is found"},
    [BERTH_OPTION_PRINT] = {"--print", "WHAT",
                            "what to print: url (the default), ws, port or json"},
    [BERTH_OPTION_URL] = {"--url", "URL", "ask this one alone"},
    [BERTH_OPTION_LEAST] = {"--least", "VERDICT",
                            "how sure it has to be: proved, pinned or named (proved where a key is "
                            "known, else named)"},
    [BERTH_OPTION_EVENTS] = {"--events", NULL, "say on stderr what happens on the way"},
    [BERTH_OPTION_ORIGIN] = {"--origin", "URL",
                             "see the server as the page at URL does: what it may read and open"},
    [BERTH_OPTION_EXPLAIN] = {"--explain", "CODE", "only say what a finding's code means"},
    [BERTH_OPTION_PATH] = {"--path", "PATH", "the WebSocket's path, in place of the published one"},
    [BERTH_OPTION_ONCE] = {"--once", NULL,
                           "end when the connection is lost, in place of looking "
                           "for the server again"},
    [BERTH_OPTION_LINGER] = {"--linger", "SECONDS",
                             "how long to wait for answers when the input has ended (1, on a "
                             "terminal 0)"},
    [BERTH_OPTION_PRINT_URL] = {"--print-url", NULL, "print the link, and open nothing"},
    [BERTH_OPTION_HELP] = {"--help", NULL, "this page"},
    [BERTH_OPTION_VERSION] = {"--version", NULL, "the program's version"},
};

const struct berth_command berth_commands[] = {
    {
        .name = "serve",
        .operand = "CONF",
        .summary = "serve static files, health and WebSocket routes",
        .details = "Takes a port that is free, starting with the one that the configuration asks "
                   "for, tells frontends which one it is, and serves until SIGINT or SIGTERM. "
                   "Without CONF it reads conf.yaml in the current folder, if there is one. A "
                   "first signal lets connections end in good order, a second one ends at once.",
        .takes_settings = true,
        .options = BIT(STRICT_PORT) | BIT(JSON) | BIT(READY_FD),
        .json = "print one line of JSON on stdout when ready: event, app, instance, port, urls and "
                "more",
        .run = berth_command_serve,
    },
    {
        .name = "find",
        .operand = "CONF",
        .summary = "print the address of the app's running server, proved",
        .details = "Asks every place where the server may be at once: the records of this user, "
                   "the port file, the endpoint that was good last time, the range of ports. The "
                   "first answer that is proved wins. The app is the one of CONF (conf.yaml in the "
                   "current folder, if there is one), or of --app. Ends with 5 when there is none, "
                   "and says on stderr what was asked and what came of it.",
        .takes_settings = true,
        .settings = BERTH_SETTING_BIT(APP) | BERTH_SETTING_BIT(PORT_FILE) |
                    BERTH_SETTING_BIT(LOG_LEVEL) | BERTH_SETTING_BIT(LOG_FORMAT),
        .options = BIT(WAIT) | BIT(PRINT) | BIT(URL) | BIT(LEAST) | BIT(EVENTS) | BIT(JSON),
        .json = "the same as --print json: app, instance, port, urls, verdict and more",
        .run = berth_command_find_server,
    },
    {
        .name = "list",
        .summary = "list every running instance of this user",
        .details = "Reads the records of this user's runtime folder. Dead ones are not shown.",
        .options = BIT(JSON),
        .json = "print an array of the records, without their tokens",
        .run = berth_command_list,
    },
    {
        .name = "connect",
        .operand = "URL",
        .summary = "talk to the server's WebSocket in the terminal",
        .details =
            "Finds the app's server, connects, sends each line of the standard input as a "
            "text message and prints each message that comes. Comes back by itself when the "
            "server restarts or moves. With URL, as ws://127.0.0.1:1018/client-ws, only that "
            "one is asked. Ends when the input has ended, or with Ctrl-C; with 5 when no "
            "server is found.",
        .takes_settings = true,
        .settings = BERTH_SETTING_BIT(APP),
        .options = BIT(PATH) | BIT(ONCE) | BIT(LINGER) | BIT(WAIT) | BIT(EVENTS),
        .run = berth_command_connect,
    },
    {
        .name = "open",
        .summary = "open the app's page in the browser, signed in",
        .details = "Finds the app's server, has it prove itself, asks it for a link that signs in "
                   "once within a minute, and opens that in the browser: the program that BROWSER "
                   "names, else the desktop's own. With 5 it ends when no server is found.",
        .takes_settings = true,
        .settings = BERTH_SETTING_BIT(APP),
        .options = BIT(PRINT_URL) | BIT(WAIT),
        .run = berth_command_open,
    },
    {
        .name = "doctor",
        .operand = "CONF",
        .summary = "say what is in the way, and what to do about it",
        .details = "Looks at the configuration, the port file, the records, every port of the "
                   "range and who holds it, the server and its proof, its WebSocket, both address "
                   "families, proxy variables, packet filters and the clock; all at once, in 1.5 s "
                   "at most, and without changing anything. Ends with 0 when all is well, with 1 "
                   "when a frontend would fail or might.",
        .takes_settings = true,
        .options = BIT(ORIGIN) | BIT(EXPLAIN) | BIT(JSON),
        .json = "print one object: app, version, origin, well, judgement, counts, server, ports, "
                "findings",
        .run = berth_command_doctor,
    },
    {
        .name = "check",
        .operand = "CONF",
        .summary = "say what a configuration means and what is wrong",
        .details = "Reads the configuration as serve does, with the same flags and environment, "
                   "and prints every setting with its value in effect and where that came from. "
                   "Ends with 2 when serve would refuse it.",
        .takes_settings = true,
        .options = BIT(JSON),
        .json = "print one object: file, valid, messages, settings",
        .run = berth_command_check,
    },
    {
        .name = "help",
        .operand = "COMMAND",
        .summary = "explain the program or a command",
        .details = "Without COMMAND it lists the commands.",
        .run = berth_command_help,
    },
    {.name = NULL},
};

const struct berth_command *berth_command_find(struct berth_view name) {
    for (const struct berth_command *command = berth_commands; command->name != NULL; command++)
        if (berth_view_equal(name, berth_view_of(command->name)))
            return command;
    return NULL;
}

bool berth_command_takes(const struct berth_command *command, enum berth_setting_id id) {
    bool chosen = command->settings == 0 || (command->settings & UINT64_C(1) << id) != 0;
    return command->takes_settings && chosen && berth_settings[id].flag != NULL;
}
