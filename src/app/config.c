#include "app/config.h"

#include "app/config_value.h"
#include "base/alloc.h"
#include "berth/error.h"

#include <stdarg.h>
#include <stdio.h>

void berth_config_init(struct berth_config *config, const struct berth_config_context *context) {
    *config = (struct berth_config){.context = context};
}

void berth_config_clear_items(struct berth_config_value *value) {
    for (size_t i = 0; i < value->item_count; i++) {
        berth_free(value->items[i].name);
        berth_free(value->items[i].text);
    }
    berth_free(value->items);
    value->items = NULL;
    value->item_count = 0;
}

void berth_config_finish(struct berth_config *config) {
    for (size_t i = 0; i < BERTH_SETTINGS; i++) {
        berth_config_clear_items(&config->values[i]);
        berth_free(config->values[i].text);
    }
    berth_free(config->folder);
    berth_config_init(config, config->context);
}

const char *berth_config_variable(const struct berth_config_context *context,
                                  struct berth_view name) {
    for (const char *const *entry = context->environment; *entry != NULL; entry++)
        if (strncmp(*entry, name.data, name.size) == 0 && (*entry)[name.size] == '=')
            return *entry + name.size + 1;
    return NULL;
}

/* -- Messages ---------------------------------------------------------------------------------- */

void berth_config_place_write(struct berth_config_place place, struct berth_writer *out) {
    berth_writer_text(out, place.name != NULL ? place.name : "default");
    if (place.line > 0)
        berth_writer_format(out, ":%u:%u", place.line, place.column);
}

void berth_config_report(struct berth_config *config, enum berth_log_level level,
                         struct berth_config_place place, const char *subject, const char *format,
                         ...) {
    size_t *count = level == BERTH_LOG_ERROR ? &config->error_count : &config->warning_count;
    if (++*count > BERTH_CONFIG_MESSAGES_MAX)
        return;
    struct berth_config_message *message = &config->messages[config->message_count++];
    message->level = level;
    message->place = place;
    struct berth_writer out = berth_writer_on(message->text, sizeof message->text - 1);
    if (place.name != NULL) {
        berth_config_place_write(place, &out);
        berth_writer_text(&out, ": ");
    }
    if (subject != NULL)
        berth_writer_format(&out, "%s: ", subject);
    /* Cut at the end rather than lost: the place and the beginning matter most. */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message->text + out.size, sizeof message->text - out.size, format, arguments);
    va_end(arguments);
}

/* The name under which the user wrote the setting; a flag or variable is its own place already. */
static const char *subject_of(enum berth_setting_id id, struct berth_config_place place) {
    return place.source == BERTH_CONFIG_FROM_FILE ? berth_setting_key(&berth_settings[id]) : NULL;
}

/* -- Values ------------------------------------------------------------------------------------ */

int berth_config_set_text(struct berth_config_value *value, struct berth_view text) {
    char *copy = NULL;
    if (text.size > 0) {
        copy = berth_strndup(text.data, text.size);
        if (copy == NULL)
            return BERTH_E_MEMORY;
    }
    berth_free(value->text);
    value->text = copy;
    return 0;
}

struct berth_config_item *berth_config_find_item(struct berth_config_value *value,
                                                 struct berth_view name) {
    for (size_t i = 0; name.size > 0 && i < value->item_count; i++)
        if (berth_view_equal(name, berth_view_of(value->items[i].name)))
            return &value->items[i];
    return NULL;
}

static int append_item(struct berth_config_value *value, struct berth_view name,
                       struct berth_config_item **ret_item) {
    size_t size = (value->item_count + 1) * sizeof *value->items;
    struct berth_config_item *items = berth_realloc(value->items, size);
    if (items == NULL)
        return BERTH_E_MEMORY;
    value->items = items;
    struct berth_config_item item = {0};
    if (name.size > 0) {
        item.name = berth_strndup(name.data, name.size);
        if (item.name == NULL)
            return BERTH_E_MEMORY;
    }
    items[value->item_count] = item;
    *ret_item = &items[value->item_count++];
    return 0;
}

int berth_config_put_item(struct berth_config *config, enum berth_setting_id id,
                          struct berth_config_place place, struct berth_view name,
                          struct berth_view text) {
    struct berth_config_value *value = &config->values[id];
    struct berth_config_item *item = berth_config_find_item(value, name);
    char *copy;
    if (item == NULL && value->item_count == BERTH_CONFIG_ITEMS_MAX) {
        berth_config_report(config, BERTH_LOG_ERROR, place, subject_of(id, place),
                            "more than %d entries: leave some out", BERTH_CONFIG_ITEMS_MAX);
        return 0;
    }
    if (item == NULL) {
        int error = append_item(value, name, &item);
        if (error < 0)
            return error;
    }
    copy = berth_strndup(text.data, text.size);
    if (copy == NULL)
        return BERTH_E_MEMORY;
    berth_free(item->text);
    item->text = copy;
    item->place = place;
    value->place = place;
    return 0;
}

/* The list that a variable gives, with commas between its parts. */
static int put_list(struct berth_config *config, enum berth_setting_id id,
                    struct berth_config_place place, struct berth_view text) {
    berth_config_clear_items(&config->values[id]);
    while (text.size > 0) {
        struct berth_view part = berth_view_trim(berth_view_cut(text, ',', &text));
        if (part.size == 0)
            continue;
        int error = berth_config_put_item(config, id, place, (struct berth_view){NULL, 0}, part);
        if (error < 0)
            return error;
    }
    return 0;
}

int berth_config_put(struct berth_config *config, enum berth_setting_id id,
                     struct berth_config_place place, struct berth_view text) {
    const struct berth_setting *setting = &berth_settings[id];
    struct berth_config_value *value = &config->values[id];
    char memory[BERTH_CONFIG_MESSAGE_MAX];
    struct berth_writer why = berth_writer_on(memory, sizeof memory);
    uint64_t number = 0;
    if (berth_config_value_parse(setting, text, &why, &number) < 0) {
        berth_config_report(config, BERTH_LOG_ERROR, place, subject_of(id, place), "%.*s",
                            BERTH_VIEW_ARG(berth_writer_result(&why)));
        return 0;
    }
    if (setting->type == BERTH_SETTING_LIST)
        return put_list(config, id, place, text);
    if (setting->type == BERTH_SETTING_MAP)
        return berth_config_put_item(config, id, place, BERTH_VIEW(BERTH_ROUTE_USUAL), text);
    if (setting->type == BERTH_SETTING_CHOICE)
        text = berth_view_of(setting->choices[number]);
    if (setting->type == BERTH_SETTING_SWITCH)
        text = berth_view_of(number != 0 ? "true" : "false");
    int error = berth_config_set_text(value, text);
    if (error < 0)
        return error;
    value->number = number;
    value->place = place;
    return 0;
}
