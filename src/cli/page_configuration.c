#include "cli/page.h"

#include "app/config_value.h"

static const char intro[] =
    "# Configuration\n\n"
    "<!-- Written by `berth-docs configuration` from src/app/config_schema.c; change it there. "
    "-->\n\n"
    "`berth serve` and `berth check` read `conf.yaml`, or the file that they are given. The file "
    "is the app's own:\nits top level may hold any keys, and those that are not in this list are "
    "left alone. One that looks like a\nslip of the keyboard is reported (`SEVER_PORT: did you "
    "mean SERVER_PORT?`). Under `BERTH:` every key is ours,\nand one that is not known is an "
    "error.\n\n"
    "```yaml\n"
    "HOST: 127.0.0.1\n"
    "SERVER_PORT: 1018\n"
    "BERTH:\n"
    "  APP: assistant\n"
    "  STATIC: static\n"
    "  ROUTES:\n"
    "    /client-ws: echo\n"
    "```\n\n"
    "* **Order.** A flag beats the environment, the environment beats the file, the file beats the "
    "default. An empty\n  variable is one that is not set. `berth check` shows each value and "
    "where it came from.\n"
    "* **Variables.** In a value of ours `${NAME}` and `${NAME:-default}` stand for an environment "
    "variable, `$$` for a\n  dollar sign. A variable that is not set (or empty) and has no "
    "default is an error. What a variable holds is not\n  expanded again.\n"
    "* **Numbers.** Digits only, without a zero in front. Quotes make no difference: `\"1018\"` is "
    "1018, so that\n  `${PORT}` works.\n"
    "* **Paths.** A relative path begins at the file's folder; one in a flag or a variable, at the "
    "current folder.\n"
    "* **Limits.** A file has at most 1 MiB, a value 4096 bytes, a list or map of ours 64 "
    "entries.\n"
    "* **Errors** name the file, line and column, what is wrong and what to write. All of them "
    "are shown (the first\n  20), and the program ends with status 2.\n";

static const char *type_of(const struct berth_setting *setting) {
    switch (setting->type) {
    case BERTH_SETTING_TEXT:
        return "a text";
    case BERTH_SETTING_PATH:
        return "a path";
    case BERTH_SETTING_PORT:
        return "a port, 0 to 65535";
    case BERTH_SETTING_NUMBER:
        return "a number";
    case BERTH_SETTING_SWITCH:
        return "true or false";
    case BERTH_SETTING_CHOICE:
        return "one of ";
    case BERTH_SETTING_LIST:
        return "a list of texts, or one text";
    case BERTH_SETTING_MAP:
        return "a map";
    }
    return "";
}

static void write_sentence(struct berth_writer *out, const char *text) {
    berth_writer_char(out, (char)(*text >= 'a' && *text <= 'z' ? *text - ('a' - 'A') : *text));
    berth_writer_format(out, "%s.\n", text + 1);
}

/* Sentences, each on a line of its own, so that a change shows as one. */
static void write_details(struct berth_writer *out, const char *text) {
    for (; *text != '\0'; text++)
        berth_writer_char(out, *text == ' ' && text[-1] == '.' ? '\n' : *text);
    berth_writer_char(out, '\n');
}

static void write_setting(struct berth_writer *out, const struct berth_setting *setting) {
    berth_writer_text(out, "\n## `");
    berth_page_path(setting, out);
    berth_writer_text(out, "`\n\n");
    write_sentence(out, setting->summary);
    if (setting->details != NULL)
        write_details(out, setting->details);
    berth_writer_format(out, "\n* value: %s", type_of(setting));
    if (setting->choices != NULL)
        berth_config_value_choices(setting->choices, out);
    if (setting->type == BERTH_SETTING_NUMBER)
        berth_writer_format(out, " of %s, %llu to %llu", setting->unit,
                            (unsigned long long)setting->least, (unsigned long long)setting->most);
    berth_writer_format(out, "\n* default: %s\n", berth_page_default(setting));
    if (setting->flag != NULL)
        berth_writer_format(out, "* flag: `%s %s`\n", setting->flag, setting->argument);
    if (setting->variable != NULL)
        berth_writer_format(out, "* variable: `%s`\n", setting->variable);
}

static bool is_limit(const struct berth_setting *setting) {
    return berth_view_starts(berth_view_of(setting->path), BERTH_VIEW("BERTH.LIMITS."));
}

static void write_limits(struct berth_writer *out) {
    berth_writer_text(out, "\n## `BERTH: LIMITS`\n\n"
                           "A map of limits: what a peer may ask for, and what happens when it "
                           "asks for more.\n"
                           "The variable of each is `BERTH_LIMITS_` and its name.\n\n"
                           "| limit | default | from | to | unit | at the limit |\n"
                           "|---|--:|--:|--:|---|---|\n");
#define BERTH_LIMIT_ROW(name, key, value, least, most, unit, answer)                               \
    berth_writer_text(out, "| `" key "` | " #value " | " #least " | " #most " | " unit             \
                           " | " answer " |\n");
    BERTH_LIMITS(BERTH_LIMIT_ROW)
#undef BERTH_LIMIT_ROW
}

void berth_page_configuration(struct berth_writer *out) {
    berth_writer_text(out, intro);
    for (size_t i = 0; i < BERTH_SETTINGS; i++)
        if (!is_limit(&berth_settings[i]))
            write_setting(out, &berth_settings[i]);
    write_limits(out);
}
