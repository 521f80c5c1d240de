#include "cli/page.h"

#include "app/config_value.h"

/* The width of the source's lines, for people who read its changes; mdoc fills lines anew. */
static const size_t line_max = 79;

static void write_word(struct berth_writer *out, struct berth_view word) {
    for (size_t i = 0; i < word.size; i++)
        if (word.data[i] == '\\')
            berth_writer_text(out, "\\e");
        else
            berth_writer_char(out, word.data[i]);
}

/* Text for mdoc: one sentence a line, as mdoc asks; a line never begins with what mdoc would take
 * for a macro. Without a line end. */
static void write_text(struct berth_writer *out, const char *text) {
    struct berth_view rest = berth_view_of(text);
    size_t used = 0;
    bool ended = false;
    while (rest.size > 0) {
        struct berth_view word = berth_view_cut(rest, ' ', &rest);
        bool fits = used + 1 + word.size <= line_max;
        if (used > 0)
            berth_writer_char(out, fits && !ended ? ' ' : '\n');
        used = used > 0 && fits && !ended ? used + 1 : 0;
        if (used == 0 && word.size > 0 && (word.data[0] == '.' || word.data[0] == '\''))
            berth_writer_text(out, "\\&");
        write_word(out, word);
        used += word.size;
        ended = word.size > 0 && word.data[word.size - 1] == '.';
    }
}

/* The summary as a sentence. */
static void write_sentence(struct berth_writer *out, const char *text) {
    if (*text >= 'a' && *text <= 'z') {
        berth_writer_char(out, (char)(*text - ('a' - 'A')));
        text++;
    }
    write_text(out, text);
    berth_writer_text(out, ".\n");
}

static void write_flag(struct berth_writer *out, const char *flag, const char *argument) {
    berth_writer_format(out, ".It Fl %s", flag + 1); /* mdoc writes the first dash */
    if (argument != NULL)
        berth_writer_format(out, " Ar %s", argument);
    berth_writer_char(out, '\n');
}

static void write_commands(struct berth_writer *out) {
    berth_writer_text(out, ".Sh COMMANDS\n.Bl -tag -width Ds\n");
    for (const struct berth_command *command = berth_commands; command->name != NULL; command++) {
        berth_writer_format(out, ".It Cm %s", command->name);
        if (command->operand != NULL)
            berth_writer_format(out, " Op Ar %s", command->operand);
        berth_writer_char(out, '\n');
        write_sentence(out, command->summary);
        write_text(out, command->details);
        berth_writer_char(out, '\n');
    }
    berth_writer_text(out, ".El\n");
}

static void write_option(struct berth_writer *out, enum berth_option_id option) {
    write_flag(out, berth_options[option].flag, berth_options[option].argument);
    for (const struct berth_command *command = berth_commands; command->name != NULL; command++)
        if (option == BERTH_OPTION_JSON && command->json != NULL) {
            berth_writer_format(out, "With\n.Cm %s :\n", command->name);
            write_text(out, command->json);
            berth_writer_text(out, ".\n");
        }
    if (option != BERTH_OPTION_JSON)
        write_sentence(out, berth_options[option].summary);
}

static void write_flags(struct berth_writer *out) {
    berth_writer_text(out, ".Sh FLAGS\n"
                           "A value stands behind its flag, or behind an equals sign.\n"
                           "The last of several equal flags counts.\n"
                           ".Bl -tag -width Ds\n");
    for (size_t i = 0; i < BERTH_SETTINGS; i++)
        if (berth_settings[i].flag != NULL) {
            write_flag(out, berth_settings[i].flag, berth_settings[i].argument);
            write_sentence(out, berth_page_flag_summary(&berth_settings[i]));
        }
    for (size_t i = 0; i < BERTH_OPTIONS; i++)
        write_option(out, (enum berth_option_id)i);
    berth_writer_text(out, ".El\n");
}

static void write_setting(struct berth_writer *out, const struct berth_setting *setting) {
    berth_writer_text(out, ".It Cm ");
    berth_page_path(setting, out);
    berth_writer_char(out, '\n');
    write_sentence(out, setting->summary);
    if (setting->choices != NULL) {
        berth_writer_text(out, "One of ");
        berth_config_value_choices(setting->choices, out);
        berth_writer_text(out, ".\n");
    }
    if (setting->details != NULL) {
        write_text(out, setting->details);
        berth_writer_char(out, '\n');
    }
    if (setting->type == BERTH_SETTING_NUMBER)
        berth_writer_format(out, "%llu to %llu %s.\n", (unsigned long long)setting->least,
                            (unsigned long long)setting->most, setting->unit);
    berth_writer_text(out, "Default: ");
    write_text(out, berth_page_default(setting));
    berth_writer_text(out, ".\n");
    if (setting->variable != NULL)
        berth_writer_format(out, "Variable:\n.Ev %s .\n", setting->variable);
}

static void write_settings(struct berth_writer *out) {
    berth_writer_text(
        out, ".Sh CONFIGURATION\n"
             "The file is YAML, and the app's own: keys at its top level that are not ours\n"
             "are left alone.\n"
             "A key under BERTH that is not known is an error.\n"
             "In a value,\n.Li ${NAME}\nand\n.Li ${NAME:-default}\n"
             "stand for an environment variable, and\n.Li $$\nfor a dollar sign.\n"
             "A relative path begins at the file's folder; one in a flag or variable, at the\n"
             "current one.\n"
             ".Bl -tag -width Ds\n");
    for (size_t i = 0; i < BERTH_SETTINGS; i++)
        write_setting(out, &berth_settings[i]);
    berth_writer_text(out, ".El\n");
}

static void write_exits(struct berth_writer *out) {
    berth_writer_text(out, ".Sh EXIT STATUS\n.Bl -tag -width Ds\n");
#define BERTH_EXIT_ITEM(name, code, text)                                                          \
    berth_writer_text(out, ".It " #code "\n");                                                     \
    write_sentence(out, text);
    BERTH_EXITS(BERTH_EXIT_ITEM)
#undef BERTH_EXIT_ITEM
    berth_writer_text(out, ".El\n");
}

void berth_page_manual(struct berth_writer *out) {
    berth_writer_text(out, ".Dd November 23, 2026\n.Dt BERTH 1\n.Os\n"
                           ".Sh NAME\n.Nm berth\n"
                           ".Nd serve an app on a port that is always free\n"
                           ".Sh SYNOPSIS\n");
    for (const struct berth_command *command = berth_commands; command->name != NULL; command++) {
        berth_writer_format(out, ".Nm\n.Cm %s\n", command->name);
        if (command->takes_settings)
            berth_writer_text(out, ".Op Ar FLAGS\n");
        if (command->operand != NULL)
            berth_writer_format(out, ".Op Ar %s\n", command->operand);
    }
    berth_writer_text(out, ".Nm\n.Fl -version\n"
                           ".Sh DESCRIPTION\n"
                           "Serves an app's pages and WebSockets on a port that is always free,\n"
                           "and tells every frontend where it is.\n"
                           "Logs go to the standard error, results to the standard output.\n");
    write_commands(out);
    write_flags(out);
    write_settings(out);
    berth_writer_text(out, ".Sh ENVIRONMENT\n"
                           "A flag beats a variable, a variable beats the file.\n"
                           "An empty variable is one that is not set.\n"
                           "The settings name theirs; besides them:\n"
                           ".Bl -tag -width Ds\n"
                           ".It Ev NO_COLOR\nWhen set to anything, the log is without colour.\n"
                           ".It Ev LISTEN_FDS , LISTEN_PID\n"
                           "A listening socket that the starter of the program passed in is used\n"
                           "before any port is tried.\n"
                           ".It Ev NOTIFY_SOCKET\n"
                           "Where a service manager hears that the server is ready, or ending\n"
                           "(sd_notify).\n"
                           ".It Ev BERTH_URL\n"
                           "Where a search looks first.\n"
                           ".It Ev XDG_RUNTIME_DIR\n"
                           "Where endpoint records lie; without it, below /tmp.\n"
                           ".It Ev XDG_STATE_HOME\n"
                           "Where the state folder lies, unless STATE_DIR says.\n"
                           ".El\n"
                           ".Sh FILES\n.Bl -tag -width Ds\n"
                           ".It Pa conf.yaml\nThe configuration.\n"
                           ".It Pa server_port.txt\n"
                           "The port that was had, as decimal digits, while the server runs.\n"
                           ".It Pa $XDG_RUNTIME_DIR/berth/APP/INSTANCE.json\n"
                           "The endpoint record of a running server: where it is, its public key\n"
                           "and its token.\n"
                           "It is alive as long as the file is locked.\n"
                           ".It Pa $XDG_STATE_HOME/berth/APP/identity.key\n"
                           "The key with which the app's servers prove themselves.\n"
                           ".El\n");
    write_exits(out);
    berth_writer_text(out, ".Sh EXAMPLES\n"
                           "Serve a folder, with rooms behind /client-ws:\n"
                           ".Dl berth serve --static public --ws hub\n"
                           ".Pp\n"
                           "Wait up to ten seconds for the app of this folder, and open it:\n"
                           ".Dl xdg-open $(berth find --wait 10)\n"
                           ".Pp\n"
                           "Start it unless it runs, and learn where it is in both cases:\n"
                           ".Dl berth serve --json --instance attach\n"
                           ".Pp\n"
                           "Say what a configuration means:\n"
                           ".Dl berth check conf.yaml\n");
}
