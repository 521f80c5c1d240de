#include "cli/page.h"

#include "app/config_value.h"

static const size_t width = 80;
static const size_t column = 26; /* where summaries begin */

static void pad(struct berth_writer *out, size_t count) {
    for (size_t i = 0; i < count; i++)
        berth_writer_char(out, ' ');
}

/* Words from `at` on, in lines that begin at `indent`. */
static void wrap(struct berth_writer *out, size_t at, size_t indent, const char *text) {
    struct berth_view rest = berth_view_of(text);
    bool first = true;
    while (rest.size > 0) {
        struct berth_view word = berth_view_cut(rest, ' ', &rest);
        if (!first && at + 1 + word.size > width) {
            berth_writer_char(out, '\n');
            pad(out, indent);
            at = indent;
        } else if (!first) {
            berth_writer_char(out, ' ');
            at++;
        }
        berth_writer_view(out, word);
        at += word.size;
        first = false;
    }
    berth_writer_char(out, '\n');
}

static void write_row(struct berth_writer *out, const char *name, const char *argument,
                      const char *summary) {
    size_t begin = out->size;
    berth_writer_format(out, "  %s", name);
    if (argument != NULL)
        berth_writer_format(out, " %s", argument);
    size_t used = out->size - begin;
    if (used + 1 > column)
        berth_writer_char(out, '\n');
    pad(out, used + 1 > column ? column : column - used);
    wrap(out, column, column, summary);
}

const char *berth_page_default(const struct berth_setting *setting) {
    if (setting->initial != NULL)
        return setting->initial;
    return setting->otherwise != NULL ? setting->otherwise : "none";
}

const char *berth_page_flag_summary(const struct berth_setting *setting) {
    return setting->flag_summary != NULL ? setting->flag_summary : setting->summary;
}

const char *berth_page_option_summary(const struct berth_command *command,
                                      enum berth_option_id option) {
    if (command != NULL && command->json != NULL && option == BERTH_OPTION_JSON)
        return command->json;
    return berth_options[option].summary;
}

void berth_page_path(const struct berth_setting *setting, struct berth_writer *out) {
    for (const char *c = setting->path; *c != '\0'; c++) {
        berth_writer_char(out, *c == '.' ? ':' : *c);
        if (*c == '.')
            berth_writer_char(out, ' ');
    }
}

static void write_setting_row(struct berth_writer *out, const struct berth_setting *setting) {
    char memory[512];
    struct berth_writer text = berth_writer_on(memory, sizeof memory - 1);
    berth_writer_text(&text, berth_page_flag_summary(setting));
    if (setting->choices != NULL) {
        berth_writer_text(&text, ": ");
        berth_config_value_choices(setting->choices, &text);
    }
    if (setting->flag_summary == NULL)
        berth_writer_format(&text, " (%s)", berth_page_default(setting));
    memory[text.size] = '\0';
    write_row(out, setting->flag, setting->argument, memory);
}

void berth_page_command_help(const struct berth_command *command, struct berth_writer *out) {
    berth_writer_format(out, "Usage: berth %s", command->name);
    if (command->operand != NULL)
        berth_writer_format(out, " [%s]", command->operand);
    berth_writer_text(out, " [FLAGS]\n\n");
    wrap(out, 0, 0, command->details);
    berth_writer_text(out, "\nFlags:\n");
    for (size_t i = 0; i < BERTH_SETTINGS; i++)
        if (berth_command_takes(command, (enum berth_setting_id)i))
            write_setting_row(out, &berth_settings[i]);
    for (size_t i = 0; i < BERTH_OPTIONS; i++)
        if ((command->options & 1U << i) != 0 || i == BERTH_OPTION_HELP)
            write_row(out, berth_options[i].flag, berth_options[i].argument,
                      berth_page_option_summary(command, (enum berth_option_id)i));
    if (command->takes_settings)
        berth_writer_text(out, "\nFlags beat the environment (BERTH_PORT and its like), the "
                               "environment beats\nthe file. Every setting is explained in "
                               "berth(1).\n");
}

void berth_page_help(struct berth_writer *out) {
    berth_writer_text(out, "Usage: berth COMMAND [FLAGS]\n\n");
    wrap(out, 0, 0,
         "Serves an app's pages and WebSockets on a port that is always free, and tells every "
         "frontend where it is.");
    berth_writer_text(out, "\nCommands:\n");
    for (const struct berth_command *command = berth_commands; command->name != NULL; command++) {
        char usage[64];
        struct berth_writer name = berth_writer_on(usage, sizeof usage - 1);
        berth_writer_format(&name, "[%s]", command->operand != NULL ? command->operand : "");
        usage[name.size] = '\0';
        write_row(out, command->name, command->operand != NULL ? usage : NULL, command->summary);
    }
    berth_writer_text(out, "\nFlags:\n");
    write_row(out, berth_options[BERTH_OPTION_HELP].flag, NULL,
              "explain a command, when it stands behind one");
    write_row(out, berth_options[BERTH_OPTION_VERSION].flag, NULL,
              berth_options[BERTH_OPTION_VERSION].summary);
    berth_writer_text(out, "\nExit status:\n");
#define BERTH_EXIT_ROW(name, code, text) write_row(out, #code, NULL, text);
    BERTH_EXITS(BERTH_EXIT_ROW)
#undef BERTH_EXIT_ROW
}
