#include "cli/args.h"

#include "app/config_value.h"
#include "app/near.h"
#include "berth/error.h"

/* One flag on its way from argv to its place in the arguments. */
struct flag {
    const char *name;
    const char *argument; /* NULL for a flag that stands alone */
    const char **place;
};

static bool takes_option(const struct berth_command *command, size_t id) {
    unsigned bit = 1U << id;
    unsigned usual = 1U << BERTH_OPTION_HELP;
    unsigned before = 1U << BERTH_OPTION_VERSION;
    return ((command != NULL ? command->options | usual : before | usual) & bit) != 0;
}

/* The flag of that number, counted through both tables; false when the command has it not. */
static bool flag_at(const struct berth_command *command, size_t number, struct berth_args *args,
                    struct flag *ret_flag) {
    if (number < BERTH_OPTIONS) {
        const struct berth_option *option = &berth_options[number];
        *ret_flag = (struct flag){option->flag, option->argument, &args->options[number]};
        return takes_option(command, number);
    }
    size_t id = number - BERTH_OPTIONS;
    const struct berth_setting *setting = &berth_settings[id];
    *ret_flag = (struct flag){setting->flag, setting->argument, &args->settings[id]};
    return command != NULL && berth_command_takes(command, (enum berth_setting_id)id);
}

static const size_t flag_count = BERTH_OPTIONS + BERTH_SETTINGS;

static bool find_flag(const struct berth_command *command, struct berth_view name,
                      struct berth_args *args, struct flag *ret_flag) {
    if (berth_view_equal(name, BERTH_VIEW("-h")))
        name = berth_view_of(berth_options[BERTH_OPTION_HELP].flag);
    for (size_t i = 0; i < flag_count; i++)
        if (flag_at(command, i, args, ret_flag) &&
            berth_view_equal(name, berth_view_of(ret_flag->name)))
            return true;
    return false;
}

static const char *gap(const struct berth_command *command) { return command != NULL ? " " : ""; }

static const char *name_of(const struct berth_command *command) {
    return command != NULL ? command->name : "";
}

static int refuse_flag(const struct berth_command *command, struct berth_view name,
                       struct berth_writer *why) {
    struct berth_args unused = {0};
    struct berth_view best = {NULL, 0};
    struct flag flag;
    for (size_t i = 0; i < flag_count; i++)
        if (flag_at(command, i, &unused, &flag))
            best = berth_near_better(name, best, berth_view_of(flag.name));
    berth_config_value_quote(name, why);
    berth_writer_format(why, " is no flag of berth%s%s: ", gap(command), name_of(command));
    if (best.size > 0)
        berth_writer_format(why, "did you mean %.*s?", BERTH_VIEW_ARG(best));
    else
        berth_writer_format(why, "see berth help%s%s", gap(command), name_of(command));
    return BERTH_E_INVALID;
}

/* Takes the flag at argv[*at], and its value behind "=" or in the next argument. */
static int take_flag(const struct berth_command *command, int argc, char *const *argv, int *at,
                     struct berth_writer *why, struct berth_args *args) {
    struct berth_view text = berth_view_of(argv[*at]);
    const char *equals = strchr(argv[*at], '=');
    struct berth_view name = {text.data, equals != NULL ? (size_t)(equals - text.data) : text.size};
    struct flag flag;
    if (!find_flag(command, name, args, &flag))
        return refuse_flag(command, name, why);
    if (flag.argument == NULL && equals != NULL) {
        berth_writer_format(why, "%s takes no value: leave out what stands from = on", flag.name);
        return BERTH_E_INVALID;
    }
    if (flag.argument == NULL) {
        *flag.place = "";
        return 0;
    }
    bool next = equals == NULL && *at + 1 < argc && strncmp(argv[*at + 1], "--", 2) != 0;
    if (equals == NULL && !next) {
        berth_writer_format(why, "%s needs a value: write %s %s", flag.name, flag.name,
                            flag.argument);
        return BERTH_E_INVALID;
    }
    *at += next ? 1 : 0;
    *flag.place = next ? argv[*at] : equals + 1;
    return 0;
}

static int take_operand(const struct berth_command *command, const char *text,
                        struct berth_writer *why, struct berth_args *args) {
    if (command != NULL && command->operand != NULL && args->operand == NULL) {
        args->operand = text;
        return 0;
    }
    berth_config_value_quote(berth_view_of(text), why);
    berth_writer_format(why, " is one argument too many: see berth help%s%s", gap(command),
                        name_of(command));
    return BERTH_E_INVALID;
}

int berth_args_parse(const struct berth_command *command, int argc, char *const *argv,
                     struct berth_writer *why, struct berth_args *ret_args) {
    struct berth_args args = {0};
    bool flags = true;
    for (int i = 0; i < argc; i++) {
        int error = 0;
        if (flags && strcmp(argv[i], "--") == 0)
            flags = false;
        else if (flags && argv[i][0] == '-' && argv[i][1] != '\0')
            error = take_flag(command, argc, argv, &i, why, &args);
        else
            error = take_operand(command, argv[i], why, &args);
        if (error < 0)
            return error;
    }
    *ret_args = args;
    return 0;
}
