#include "app/config_schema.h"

#include "base/assert.h"
#include "server/server.h"

static const char *const fallbacks[] = {"ephemeral", "fail", NULL}; /* enum berth_port_fallback */
static const char *const instances[] = {"many", "single", "attach", NULL}; /* claim.h */
static const char *const auths[] = {"token", "none", NULL};
static const char *const compressions[] = {"off", "shared", "own",
                                           NULL}; /* enum berth_compression */
static const char *const levels[] = {"debug", "info", "warning", "error", NULL}; /* base/log.h */
static const char *const formats[] = {"human", "json", NULL};

#define BERTH_SETTING_LIMIT(name, key, value, smallest, largest, measure, answer)                  \
    [BERTH_SETTING_LIMIT_##name] = {.path = "BERTH.LIMITS." key,                                   \
                                    .type = BERTH_SETTING_NUMBER,                                  \
                                    .initial = #value,                                             \
                                    .least = (smallest),                                           \
                                    .most = (largest),                                             \
                                    .unit = (measure),                                             \
                                    .variable = "BERTH_LIMITS_" key,                               \
                                    .summary = "at the limit: " answer},

const struct berth_setting berth_settings[BERTH_SETTINGS] = {
    [BERTH_SETTING_HOST] =
        {.path = "HOST",
         .type = BERTH_SETTING_TEXT,
         .initial = "127.0.0.1",
         .flag = "--host",
         .argument = "ADDRESS",
         .variable = "BERTH_HOST",
         .summary = "the address to listen on",
         .details = "An IP address or localhost. 127.0.0.1, ::1 and localhost all stand for this "
                    "machine alone. 0.0.0.0 is every network of the machine: other machines can "
                    "then reach the port, and are refused unless AUTH says none."},
    [BERTH_SETTING_SERVER_PORT] =
        {.path = "SERVER_PORT",
         .type = BERTH_SETTING_PORT,
         .initial = "1018",
         .flag = "--port",
         .argument = "PORT",
         .variable = "BERTH_PORT",
         .summary = "the port to try first",
         .details = "When it is taken, the ports above it are tried in turn (PORT_TRIES), then "
                    "FALLBACK decides. 0 asks the system for any free port at once. Frontends "
                    "learn the port that was had from the port file, or over HTTP."},
    [BERTH_SETTING_WEBSOCKET_PORT] =
        {.path = "WEBSOCKET_PORT",
         .type = BERTH_SETTING_PORT,
         .summary = "accepted for old configurations",
         .details = "There is one port for pages and WebSockets. Where both keys are given and "
                    "differ, SERVER_PORT is used and a warning says so; where only this one is "
                    "given, it is used."},
    [BERTH_SETTING_APP] =
        {.path = "BERTH.APP",
         .type = BERTH_SETTING_TEXT,
         .otherwise = "the name of the configuration's folder",
         .flag = "--app",
         .argument = "NAME",
         .variable = "BERTH_APP",
         .summary = "the app's name, by which frontends know their own server",
         .details = "1 to 64 characters: small letters, digits, '-', '_' and '.', beginning with a "
                    "letter or digit."},
    [BERTH_SETTING_STATIC] =
        {.path = "BERTH.STATIC",
         .type = BERTH_SETTING_PATH,
         .otherwise = "nothing is served",
         .flag = "--static",
         .argument = "FOLDER",
         .variable = "BERTH_STATIC",
         .summary = "the folder that is served under /static/",
         .details = "Everybody who may open the page may read everything in this folder."},
    [BERTH_SETTING_PORT_FILE] =
        {.path = "BERTH.PORT_FILE",
         .type = BERTH_SETTING_PATH,
         .otherwise = "server_port.txt beside the configuration",
         .flag = "--port-file",
         .argument = "FILE",
         .variable = "BERTH_PORT_FILE",
         .summary = "the file that tells frontends the port",
         .details = "It holds the decimal port and nothing else, appears in one step once the "
                    "server listens, and goes when the server ends. none turns it off."},
    [BERTH_SETTING_PORT_TRIES] =
        {.path = "BERTH.PORT_TRIES",
         .type = BERTH_SETTING_NUMBER,
         .initial = "13",
         .least = 1,
         .most = 1000,
         .unit = "ports",
         .variable = "BERTH_PORT_TRIES",
         .summary = "how many ports to try, SERVER_PORT included",
         .details = "Frontends that have no port file look at 1018 to 1030: a wider range is "
                    "found only through the port file."},
    [BERTH_SETTING_FALLBACK] =
        {.path = "BERTH.FALLBACK",
         .type = BERTH_SETTING_CHOICE,
         .initial = "ephemeral",
         .choices = fallbacks,
         .variable = "BERTH_FALLBACK",
         .summary = "what to do when all those ports are taken",
         .details = "ephemeral lets the system choose a free port. fail ends with status 3 and a "
                    "table of the ports tried."},
    [BERTH_SETTING_STICKY] =
        {.path = "BERTH.STICKY",
         .type = BERTH_SETTING_SWITCH,
         .initial = "true",
         .variable = "BERTH_STICKY",
         .summary = "try the port of the last run first",
         .details = "Only when it lies in the range asked for. A page keeps its origin then, and "
                    "with it what the browser stored for it."},
    [BERTH_SETTING_INSTANCE] =
        {.path = "BERTH.INSTANCE",
         .type = BERTH_SETTING_CHOICE,
         .initial = "many",
         .choices = instances,
         .flag = "--instance",
         .argument = "HOW",
         .variable = "BERTH_INSTANCE",
         .summary = "what a start does when the app is running already",
         .details = "many serves beside it, on another port. single ends with status 4 and names "
                    "the one that runs. attach prints that one's ready line and ends with status "
                    "0. For single and attach the state folder is locked before any port is "
                    "tried, so that of many starts at once exactly one serves."},
    [BERTH_SETTING_STATE_DIR] = {.path = "BERTH.STATE_DIR",
                                 .type = BERTH_SETTING_PATH,
                                 .otherwise = "$XDG_STATE_HOME/berth, else ~/.local/state/berth",
                                 .variable = "BERTH_STATE_DIR",
                                 .summary = "the folder for what has to outlive a run",
                                 .details = "It is made when needed, readable by its owner alone."},
    [BERTH_SETTING_ROUTES] =
        {.path = "BERTH.ROUTES",
         .type = BERTH_SETTING_MAP,
         .otherwise = BERTH_ROUTE_USUAL ": echo",
         .flag = "--ws",
         .flag_summary = "what answers on " BERTH_ROUTE_USUAL ": echo, hub or demo",
         .argument = "BACKEND",
         .variable = "BERTH_WS",
         .summary = "the paths that speak WebSocket, and what answers there",
         .details = "A map of paths to backends: echo sends every message back; hub sends it to "
                    "all the others in the room that ?room= names; demo answers as a small "
                    "assistant. A second word says what is done with a client that reads more "
                    "slowly than others send to it (hub drop-oldest): close, the default, closes "
                    "it with 4408 once SEND_QUEUE_SIZE waits for it; drop-oldest lets it miss the "
                    "oldest messages instead; pause-writer reads no further from those who send "
                    "to it until it has caught up. The map replaces the default as a whole; the "
                    "flag and the variable "
                    "set the backend of /client-ws and leave other routes as they are."},
    [BERTH_SETTING_ALLOWED_ORIGINS] =
        {.path = "BERTH.ALLOWED_ORIGINS",
         .type = BERTH_SETTING_LIST,
         .otherwise = "none",
         .variable = "BERTH_ALLOWED_ORIGINS",
         .summary = "the web pages that may connect, besides our own and those on this machine",
         .details = "Origins as browsers send them (https://example.org, without a path), as a "
                    "list or as one text. null stands for sandboxed pages and files opened in the "
                    "browser. \"*\" allows every page that the user's browser opens, and is "
                    "warned about. In the variable they are separated by commas."},
    [BERTH_SETTING_AUTH] =
        {.path = "BERTH.AUTH",
         .type = BERTH_SETTING_CHOICE,
         .initial = "token",
         .choices = auths,
         .variable = "BERTH_AUTH",
         .summary = "what other machines need in order to get in",
         .details = "With token they need the one of this run, which stands in its endpoint record "
                    "and nowhere else. With none everybody who reaches the port gets in."},
    [BERTH_SETTING_COMPRESSION] =
        {.path = "BERTH.COMPRESSION",
         .type = BERTH_SETTING_CHOICE,
         .initial = "shared",
         .choices = compressions,
         .variable = "BERTH_COMPRESSION",
         .summary = "whether WebSocket messages are compressed where the client offers it",
         .details = "shared compresses each message for itself: no connection costs memory for it, "
                    "and a hub compresses a message once for all who get it. own keeps what was "
                    "sent before in mind, which makes similar messages much smaller, and costs up "
                    "to 310 KB for each connection that uses it. off never compresses, which is "
                    "the fastest where clients are on this machine and messages are large."},
    [BERTH_SETTING_COMPRESSION_MIN] =
        {.path = "BERTH.COMPRESSION_MIN",
         .type = BERTH_SETTING_NUMBER,
         .initial = "1024",
         .least = 1,
         .most = 1073741824,
         .unit = "bytes",
         .variable = "BERTH_COMPRESSION_MIN",
         .summary = "smaller WebSocket messages are sent as they are",
         .details = "So is a message that compression does not make smaller. What clients send may "
                    "be compressed whatever its size."},
    [BERTH_SETTING_THREADS] =
        {.path = "BERTH.THREADS",
         .type = BERTH_SETTING_NUMBER,
         .initial = "1",
         .least = 1,
         .most = BERTH_SERVER_LOOPS_MAX,
         .unit = "threads",
         .variable = "BERTH_THREADS",
         .summary = "how many threads serve connections",
         .details = "One is enough for thousands of clients. More help where a single processor is "
                    "busy all the time; more than the machine has processors do not. Each new "
                    "connection goes to the thread that has the fewest, and stays there. A hub "
                    "reaches all of its clients, whichever thread they are in; between messages "
                    "of different clients in different threads there is no order."},
    [BERTH_SETTING_SPIN_US] =
        {.path = "BERTH.SPIN_US",
         .type = BERTH_SETTING_NUMBER,
         .initial = "0",
         .least = 0,
         .most = 1000,
         .unit = "microseconds",
         .variable = "BERTH_SPIN_US",
         .summary = "how long to look for the next message before sleeping",
         .details = "One client that asks and waits for each answer is served up to twice as fast "
                    "with 50, and a processor is busy meanwhile. Only while few connections are "
                    "active and messages follow each other that closely; an idle server sleeps. "
                    "On Linux; elsewhere it changes nothing."},
    [BERTH_SETTING_LOG_LEVEL] = {.path = "BERTH.LOG.LEVEL",
                                 .type = BERTH_SETTING_CHOICE,
                                 .initial = "info",
                                 .choices = levels,
                                 .flag = "--log-level",
                                 .argument = "LEVEL",
                                 .variable = "BERTH_LOG_LEVEL",
                                 .summary = "the least that is worth a line"},
    [BERTH_SETTING_LOG_FORMAT] =
        {.path = "BERTH.LOG.FORMAT",
         .type = BERTH_SETTING_CHOICE,
         .initial = "human",
         .choices = formats,
         .flag = "--log-format",
         .argument = "FORMAT",
         .variable = "BERTH_LOG_FORMAT",
         .summary = "the log's form on stderr",
         .details = "human is one line of text for each event, with the time and in colour on a "
                    "terminal (unless NO_COLOR is set). json is one object a line: time, level, "
                    "event, text."},
    BERTH_LIMITS(BERTH_SETTING_LIMIT)};

const char *berth_setting_key(const struct berth_setting *setting) {
    const char *dot = strrchr(setting->path, '.');
    return dot != NULL ? dot + 1 : setting->path;
}

const struct berth_setting *berth_setting_find(struct berth_view path) {
    for (size_t i = 0; i < BERTH_SETTINGS; i++)
        if (berth_view_equal(path, berth_view_of(berth_settings[i].path)))
            return &berth_settings[i];
    return NULL;
}

/* What of the setting's path stands behind the group's and its dot; empty when it lies elsewhere.
 */
static struct berth_view below(const struct berth_setting *setting, struct berth_view group) {
    struct berth_view path = berth_view_of(setting->path);
    if (group.size == 0)
        return path;
    if (!berth_view_starts(path, group) || path.size <= group.size || path.data[group.size] != '.')
        return (struct berth_view){NULL, 0};
    return (struct berth_view){path.data + group.size + 1, path.size - group.size - 1};
}

bool berth_setting_is_group(struct berth_view path) {
    for (size_t i = 0; i < BERTH_SETTINGS; i++)
        if (path.size > 0 && below(&berth_settings[i], path).size > 0)
            return true;
    return false;
}

void berth_setting_names(struct berth_view group, struct berth_setting_names *ret_names) {
    *ret_names = (struct berth_setting_names){.count = 0};
    for (size_t i = 0; i < BERTH_SETTINGS; i++) {
        struct berth_view rest;
        struct berth_view name = berth_view_cut(below(&berth_settings[i], group), '.', &rest);
        bool known = name.size == 0;
        for (size_t k = 0; k < ret_names->count; k++)
            known = known || berth_view_equal(name, ret_names->names[k]);
        if (!known)
            ret_names->names[ret_names->count++] = name;
    }
}

enum berth_setting_id berth_setting_id_of(const struct berth_setting *setting) {
    BERTH_ASSERT(setting >= berth_settings && setting < berth_settings + BERTH_SETTINGS);
    return (enum berth_setting_id)(setting - berth_settings);
}
