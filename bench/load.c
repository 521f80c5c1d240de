/* berth_load: a WebSocket load generator, and the launcher and meters around it. */
#include "modes.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: berth_load echo --port P [options]          echo load on a server\n"
    "       berth_load idle --port P --pid N [options]  memory of idle connections\n"
    "       berth_load http --port P --path F [options] GETs on connections that stay\n"
    "       berth_load shake --port P [options]         a connection and an upgrade each time\n"
    "       berth_load fan --port P [options]           one sends, all the others receive\n"
    "       berth_load start --port P -- CMD...         time from exec to the first 200\n"
    "       berth_load launch [--cpu C] -- CMD...       become CMD, pinned\n"
    "\n"
    "  --port P          the server's port on 127.0.0.1\n"
    "  --path PATH       of the request (/client-ws; for start /health)\n"
    "  --pid N           the server's process: its time or memory is reported\n"
    "  --cpu C           stay on this processor\n"
    "  --server-cpu C    start: keep the server on this one\n"
    "  --connections N   1 to 16000 (64; idle 10000)\n"
    "  --in-flight N     messages on the way per connection, 1 to 1024 (1)\n"
    "  --size N          bytes of a message, up to 16 MiB (20)\n"
    "  --seconds S       to measure, up to 15 (2)\n"
    "  --warmup S        before that, up to 5 (0.5)\n"
    "  --runs N          start: how often, up to 1000 (20)\n"
    "  --text            text messages instead of binary ones\n"
    "  --waves           echo: send again when all echoes are back, not one for one\n"
    "  --awake           echo: never sleep\n"
    "  --raw             the server sends back the very bytes (berth_raw_echo)\n";

struct mode {
    const char *name;
    int (*run)(const struct load_options *options);
    bool needs_port, needs_pid, needs_command;
    struct load_options defaults;
};

static const struct mode modes[] = {
    {"echo", load_echo_run, true, false, false, {.path = "/client-ws", .connections = 64}},
    {"idle", load_idle_run, true, true, false, {.path = "/client-ws", .connections = 10000}},
    {"http", load_http_run, true, false, false, {.path = "/health", .connections = 64}},
    {"shake", load_shake_run, true, false, false, {.path = "/client-ws", .connections = 16}},
    {"fan", load_fan_run, true, false, false, {.path = "/client-ws", .connections = 1000}},
    {"start", load_start_run, true, false, true, {.path = "/health"}},
    {"launch", load_launch_run, false, false, true, {.path = ""}},
};

static const struct mode *find_mode(const char *name) {
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(modes[i].name, name) == 0)
            return &modes[i];
    return NULL;
}

static bool read_number(const char *text, double min, double max, double *ret_number) {
    char *end;
    errno = 0;
    double number = strtod(text, &end);
    if (errno != 0 || end == text || *end != '\0' || !(number >= min && number <= max)) {
        (void)fprintf(stderr, "berth_load: %s is not a number from %g to %g\n", text, min, max);
        return false;
    }
    *ret_number = number;
    return true;
}

enum load_option {
    OPTION_PORT = 1,
    OPTION_PATH,
    OPTION_PID,
    OPTION_CPU,
    OPTION_SERVER_CPU,
    OPTION_CONNECTIONS,
    OPTION_IN_FLIGHT,
    OPTION_SIZE,
    OPTION_SECONDS,
    OPTION_WARMUP,
    OPTION_RUNS,
    OPTION_TEXT,
    OPTION_WAVES,
    OPTION_AWAKE,
    OPTION_RAW,
};

static const struct option long_options[] = {
    {"port", required_argument, NULL, OPTION_PORT},
    {"path", required_argument, NULL, OPTION_PATH},
    {"pid", required_argument, NULL, OPTION_PID},
    {"cpu", required_argument, NULL, OPTION_CPU},
    {"server-cpu", required_argument, NULL, OPTION_SERVER_CPU},
    {"connections", required_argument, NULL, OPTION_CONNECTIONS},
    {"in-flight", required_argument, NULL, OPTION_IN_FLIGHT},
    {"size", required_argument, NULL, OPTION_SIZE},
    {"seconds", required_argument, NULL, OPTION_SECONDS},
    {"warmup", required_argument, NULL, OPTION_WARMUP},
    {"runs", required_argument, NULL, OPTION_RUNS},
    {"text", no_argument, NULL, OPTION_TEXT},
    {"waves", no_argument, NULL, OPTION_WAVES},
    {"awake", no_argument, NULL, OPTION_AWAKE},
    {"raw", no_argument, NULL, OPTION_RAW},
    {NULL, 0, NULL, 0},
};

/* What each numeric option may be. */
static const struct {
    double min, max;
} ranges[] = {
    [OPTION_PORT] = {1, 65535},        [OPTION_PID] = {1, 4194304},
    [OPTION_CPU] = {0, 1023},          [OPTION_SERVER_CPU] = {0, 1023},
    [OPTION_CONNECTIONS] = {1, 16000}, [OPTION_IN_FLIGHT] = {1, 1024},
    [OPTION_SIZE] = {0, 16777216},     [OPTION_SECONDS] = {0.01, 15},
    [OPTION_WARMUP] = {0, 5},          [OPTION_RUNS] = {1, 1000},
};

static bool set_number(struct load_options *options, enum load_option option, const char *text) {
    double number;
    if (!read_number(text, ranges[option].min, ranges[option].max, &number))
        return false;
    switch (option) {
    case OPTION_PORT:
        options->port = (uint16_t)number;
        return true;
    case OPTION_PID:
        options->pid = (pid_t)number;
        return true;
    case OPTION_CPU:
        options->cpu = (int)number;
        return true;
    case OPTION_SERVER_CPU:
        options->server_cpu = (int)number;
        return true;
    case OPTION_CONNECTIONS:
        options->connections = (unsigned)number;
        return true;
    case OPTION_IN_FLIGHT:
        options->in_flight = (unsigned)number;
        return true;
    case OPTION_SIZE:
        options->size = (uint32_t)number;
        return true;
    case OPTION_SECONDS:
        options->seconds = number;
        return true;
    case OPTION_WARMUP:
        options->warmup = number;
        return true;
    case OPTION_RUNS:
        options->runs = (unsigned)number;
        return true;
    case OPTION_PATH:
    case OPTION_TEXT:
    case OPTION_WAVES:
    case OPTION_AWAKE:
    case OPTION_RAW:
        break;
    }
    return false;
}

static bool read_options(int argc, char **argv, struct load_options *options) {
    for (;;) {
        int option = getopt_long(argc, argv, "+", long_options, NULL);
        if (option == -1)
            break;
        if (option == '?')
            return false;
        if (option == OPTION_PATH)
            options->path = optarg;
        else if (option == OPTION_TEXT)
            options->text = true;
        else if (option == OPTION_WAVES)
            options->waves = true;
        else if (option == OPTION_AWAKE)
            options->awake = true;
        else if (option == OPTION_RAW)
            options->raw = true;
        else if (!set_number(options, (enum load_option)option, optarg))
            return false;
    }
    options->command = argv + optind;
    return true;
}

static const char *missing(const struct mode *mode, const struct load_options *options) {
    if (mode->needs_port && options->port == 0)
        return "--port is missing";
    if (mode->needs_pid && options->pid == 0)
        return "--pid is missing";
    if (mode->needs_command && options->command[0] == NULL)
        return "the command is missing; it stands behind --";
    if (!mode->needs_command && options->command[0] != NULL)
        return "there is an argument too many";
    return NULL;
}

int main(int argc, char **argv) {
    const struct mode *mode = argc > 1 ? find_mode(argv[1]) : NULL;
    if (mode == NULL) {
        (void)fputs(usage, argc > 1 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
        return argc > 1 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    struct load_options options = mode->defaults;
    options.cpu = options.server_cpu = -1;
    options.in_flight = 1;
    options.size = 20;
    options.seconds = 2;
    options.warmup = 0.5;
    options.runs = 20;
    if (!read_options(argc - 1, argv + 1, &options))
        return 2;
    const char *problem = missing(mode, &options);
    if (problem != NULL) {
        (void)fprintf(stderr, "berth_load %s: %s; see berth_load --help\n", mode->name, problem);
        return 2;
    }
    if (mode->run != load_launch_run && load_launch_pin(options.cpu) < 0)
        return 1;
    return mode->run(&options);
}
