#include "app/config_value.h"

#include "base/utf8.h"
#include "berth/error.h"

static const size_t quote_max = 60;

void berth_config_value_quote(struct berth_view text, struct berth_writer *out) {
    struct berth_view rest = text;
    while (rest.size > 0) {
        size_t size = berth_utf8_length(rest);
        size = size > 0 ? size : 1;
        if (text.size - rest.size + size > quote_max)
            break;
        rest = (struct berth_view){rest.data + size, rest.size - size};
    }
    berth_writer_bytes(out, text.data, text.size - rest.size);
    if (rest.size > 0)
        berth_writer_text(out, "…");
}

static bool is_digits(struct berth_view text) {
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return text.size > 0;
}

static void write_range(const struct berth_setting *setting, struct berth_writer *why) {
    if (setting->type == BERTH_SETTING_PORT)
        berth_writer_text(why, "a port is 0 (the system chooses) to 65535");
    else
        berth_writer_format(why, "write %llu to %llu (%s)", (unsigned long long)setting->least,
                            (unsigned long long)setting->most, setting->unit);
}

static int parse_number(const struct berth_setting *setting, struct berth_view text,
                        struct berth_writer *why, uint64_t *ret_number) {
    bool port = setting->type == BERTH_SETTING_PORT;
    uint64_t least = port ? 0 : setting->least;
    uint64_t most = port ? UINT16_MAX : setting->most;
    struct berth_view plain = text;
    while (plain.size > 1 && plain.data[0] == '0')
        plain = (struct berth_view){plain.data + 1, plain.size - 1};
    bool negative = text.size > 1 && text.data[0] == '-' &&
                    is_digits((struct berth_view){text.data + 1, text.size - 1});

    berth_config_value_quote(text, why);
    if (!negative && !is_digits(text)) {
        berth_writer_text(why, " is not a whole number: write digits only, such as ");
        berth_writer_text(why, setting->initial != NULL ? setting->initial : "1018");
    } else if (!negative && plain.size < text.size) {
        berth_writer_text(why, " begins with a zero, which some programs read as octal: write ");
        berth_config_value_quote(plain, why);
    } else if (negative || berth_view_number(text, most, ret_number) < 0) {
        berth_writer_text(why, negative ? " is below 0: " : " is too large: ");
        write_range(setting, why);
    } else if (*ret_number < least) {
        berth_writer_text(why, " is too small: ");
        write_range(setting, why);
    } else {
        return 0;
    }
    return BERTH_E_INVALID;
}

static int parse_switch(struct berth_view text, struct berth_writer *why, uint64_t *ret_number) {
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (berth_view_equal_nocase(text, berth_view_of(words[i]))) {
            *ret_number = i % 2;
            return 0;
        }
    berth_config_value_quote(text, why);
    berth_writer_text(why, " is neither true nor false: write one of the two");
    return BERTH_E_INVALID;
}

void berth_config_value_choices(const char *const *choices, struct berth_writer *out) {
    for (size_t i = 0; choices[i] != NULL; i++) {
        if (i > 0)
            berth_writer_text(out, choices[i + 1] != NULL ? ", " : " or ");
        berth_writer_text(out, choices[i]);
    }
}

static int parse_choice(const struct berth_setting *setting, struct berth_view text,
                        struct berth_writer *why, uint64_t *ret_number) {
    for (size_t i = 0; setting->choices[i] != NULL; i++)
        if (berth_view_equal_nocase(text, berth_view_of(setting->choices[i]))) {
            *ret_number = i;
            return 0;
        }
    berth_config_value_quote(text, why);
    berth_writer_text(why, " is not known here: write ");
    berth_config_value_choices(setting->choices, why);
    return BERTH_E_INVALID;
}

static bool has_control(struct berth_view text) {
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7F)
            return true;
    return false;
}

int berth_config_value_parse(const struct berth_setting *setting, struct berth_view text,
                             struct berth_writer *why, uint64_t *ret_number) {
    if (has_control(text)) {
        berth_writer_text(why, "the value holds a line end or another control character: write it "
                               "on one line");
        return BERTH_E_INVALID;
    }
    if (text.size == 0 && setting->type != BERTH_SETTING_PATH) {
        berth_writer_text(why, "there is no value: write one, or leave the setting out");
        return BERTH_E_INVALID;
    }
    switch (setting->type) {
    case BERTH_SETTING_PORT:
    case BERTH_SETTING_NUMBER:
        return parse_number(setting, text, why, ret_number);
    case BERTH_SETTING_SWITCH:
        return parse_switch(text, why, ret_number);
    case BERTH_SETTING_CHOICE:
        return parse_choice(setting, text, why, ret_number);
    case BERTH_SETTING_TEXT:
    case BERTH_SETTING_PATH:
    case BERTH_SETTING_LIST:
    case BERTH_SETTING_MAP:
        break;
    }
    *ret_number = 0;
    return 0;
}
