#include "cli/session.h"

#include "base/json.h"
#include "cli/page.h"

#include <stdio.h>

/* Holds one value with every byte of it escaped; what is longer is written piece by piece. */
static char memory[BERTH_PAGE_MAX];

static void flush(struct berth_writer *out) {
    fwrite(out->data, 1, out->size, stdout);
    out->size = 0;
}

static const char *source_name(enum berth_config_source source) {
    switch (source) {
    case BERTH_CONFIG_FROM_DEFAULT:
        return "default";
    case BERTH_CONFIG_FROM_FILE:
        return "file";
    case BERTH_CONFIG_FROM_VARIABLE:
        return "variable";
    case BERTH_CONFIG_FROM_FLAG:
        return "flag";
    }
    return "";
}

/* -- For people -------------------------------------------------------------------------------- */

static void pad_to(struct berth_writer *out, size_t begin, size_t column) {
    berth_writer_char(out, ' ');
    do
        berth_writer_char(out, ' ');
    while (out->size - begin < column);
}

/* "BERTH: ROUTES: /client-ws  echo  conf.yaml:9:17", in columns. */
static void write_row(struct berth_writer *out, const struct berth_setting *setting,
                      const char *name, const char *text, struct berth_config_place place) {
    size_t begin = out->size;
    berth_page_path(setting, out);
    if (name != NULL) {
        berth_writer_text(out, ": ");
        berth_cli_text_escape(berth_view_of(name), out);
    }
    pad_to(out, begin, 34);
    berth_cli_text_escape(berth_view_of(text != NULL ? text : "none"), out);
    pad_to(out, begin, 56);
    berth_config_place_write(place, out);
    berth_writer_char(out, '\n');
    flush(out);
}

static void print_rows(const struct berth_config *config) {
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    for (size_t i = 0; i < BERTH_SETTINGS; i++) {
        const struct berth_config_value *value = &config->values[i];
        if (value->item_count == 0)
            write_row(&out, &berth_settings[i], NULL, value->text, value->place);
        for (size_t k = 0; k < value->item_count; k++)
            write_row(&out, &berth_settings[i], value->items[k].name, value->items[k].text,
                      value->items[k].place);
    }
}

/* -- For machines ------------------------------------------------------------------------------ */

/* 0 is "nowhere in particular". */
static void add_position(struct berth_json *json, const char *key, unsigned position) {
    berth_json_key(json, key);
    if (position > 0)
        berth_json_number(json, position);
    else
        berth_json_null(json);
}

static void add_place(struct berth_json *json, struct berth_config_place place) {
    berth_json_key(json, "source");
    berth_json_text(json, source_name(place.source));
    berth_json_key(json, "name");
    berth_json_text(json, place.name);
    add_position(json, "line", place.line);
    add_position(json, "column", place.column);
}

static void add_items(struct berth_json *json, const struct berth_setting *setting,
                      const struct berth_config_value *value) {
    bool map = setting->type == BERTH_SETTING_MAP;
    berth_json_open(json, map ? '{' : '[');
    for (size_t i = 0; i < value->item_count; i++) {
        if (map)
            berth_json_key(json, value->items[i].name);
        berth_json_text(json, value->items[i].text);
        flush(json->out);
    }
    berth_json_close(json, map ? '}' : ']');
}

static void add_value(struct berth_json *json, const struct berth_setting *setting,
                      const struct berth_config_value *value) {
    bool number = setting->type == BERTH_SETTING_PORT || setting->type == BERTH_SETTING_NUMBER;
    berth_json_key(json, "value");
    if (setting->type == BERTH_SETTING_LIST || setting->type == BERTH_SETTING_MAP)
        add_items(json, setting, value);
    else if (value->text != NULL && number)
        berth_json_number(json, value->number);
    else if (value->text != NULL && setting->type == BERTH_SETTING_SWITCH)
        berth_json_bool(json, value->number != 0);
    else
        berth_json_text(json, value->text);
}

static void print_json(const struct berth_config *config) {
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    struct berth_json json = berth_json_on(&out);
    berth_json_open(&json, '{');
    berth_json_key(&json, "file");
    berth_json_text(&json, config->path);
    berth_json_key(&json, "valid");
    berth_json_bool(&json, config->error_count == 0);
    berth_json_key(&json, "messages");
    berth_json_open(&json, '[');
    for (size_t i = 0; i < config->message_count; i++) {
        const struct berth_config_message *message = &config->messages[i];
        berth_json_open(&json, '{');
        berth_json_key(&json, "level");
        berth_json_text(&json, message->level == BERTH_LOG_ERROR ? "error" : "warning");
        add_place(&json, message->place);
        berth_json_key(&json, "text");
        berth_json_text(&json, message->text);
        berth_json_close(&json, '}');
        flush(&out);
    }
    berth_json_close(&json, ']');
    berth_json_key(&json, "settings");
    berth_json_open(&json, '[');
    for (size_t i = 0; i < BERTH_SETTINGS; i++) {
        berth_json_open(&json, '{');
        berth_json_key(&json, "key");
        berth_json_text(&json, berth_settings[i].path);
        add_value(&json, &berth_settings[i], &config->values[i]);
        add_place(&json, config->values[i].place);
        berth_json_close(&json, '}');
        flush(&out);
    }
    berth_json_close(&json, ']');
    berth_json_close(&json, '}');
    berth_writer_char(&out, '\n');
    flush(&out);
}

/* -- The command ------------------------------------------------------------------------------- */

enum berth_exit berth_command_check(const struct berth_args *args) {
    static struct berth_session session;
    enum berth_exit status = berth_session_begin(&session, args);
    if (status != BERTH_EXIT_DONE)
        return status;
    const struct berth_config *config = &session.config;
    if (args->options[BERTH_OPTION_JSON] != NULL) {
        print_json(config);
    } else {
        berth_session_report(&session);
        print_rows(config);
        const char *name = config->path != NULL ? config->path : "The default configuration";
        printf("%s is %s\n", name, config->error_count == 0 ? "valid" : "not valid");
    }
    status = config->error_count == 0 ? BERTH_EXIT_DONE : BERTH_EXIT_USAGE;
    if (fflush(stdout) != 0)
        status = BERTH_EXIT_FAILED;
    berth_session_end(&session);
    return status;
}
