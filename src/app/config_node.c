#include "app/config_node.h"

#include "app/config_expand.h"
#include "app/config_settle.h"
#include "app/config_syntax.h"
#include "app/config_value.h"
#include "base/assert.h"

#define SUBJECT_MAX 128

struct berth_config_place berth_config_node_place(const struct berth_config_reader *reader,
                                                  const yaml_node_t *node) {
    return berth_config_syntax_place(reader->config, node->start_mark);
}

yaml_node_t *berth_config_node_at(const struct berth_config_reader *reader, int index) {
    return yaml_document_get_node(reader->document, index);
}

struct berth_view berth_config_node_text(const yaml_node_t *node) {
    return berth_view_bytes(node->data.scalar.value, node->data.scalar.length);
}

/* What YAML reads as "no value": nothing, ~ or null, without quotes. */
bool berth_config_node_is_null(const yaml_node_t *node) {
    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    struct berth_view text = berth_config_node_text(node);
    return text.size == 0 || berth_view_equal(text, BERTH_VIEW("~")) ||
           berth_view_equal_nocase(text, BERTH_VIEW("null"));
}

void berth_config_node_complain(const struct berth_config_reader *reader, const yaml_node_t *node,
                                struct berth_view name, const char *what) {
    char memory[SUBJECT_MAX];
    struct berth_writer subject = berth_writer_on(memory, sizeof memory - 1);
    berth_config_value_quote(name, &subject);
    memory[subject.size] = '\0';
    berth_config_report(reader->config, BERTH_LOG_ERROR, berth_config_node_place(reader, node),
                        memory, "%s", what);
}

/* -- Values ------------------------------------------------------------------------------------ */

/* A tag such as !env asks for something that only another program knows how to do. */
static bool has_own_tag(const yaml_node_t *node) {
    return node->tag != NULL && !berth_view_starts(berth_view_of((const char *)node->tag),
                                                   BERTH_VIEW("tag:yaml.org,2002:"));
}

/* One value, expanded into `out`; false when a message says why not. */
static bool read_text(const struct berth_config_reader *reader, struct berth_view name,
                      const yaml_node_t *node, struct berth_writer *out) {
    char memory[BERTH_CONFIG_MESSAGE_MAX];
    struct berth_writer why = berth_writer_on(memory, sizeof memory - 1);
    if (node->type != YAML_SCALAR_NODE) {
        berth_config_node_complain(reader, node, name,
                                   node->type == YAML_SEQUENCE_NODE
                                       ? "here is a list: write one value"
                                       : "here is a map of keys: write one value");
        return false;
    }
    if (has_own_tag(node)) {
        berth_config_node_complain(
            reader, node, name,
            "a tag stands before the value, and tags mean nothing here: write the value "
            "itself, or ${NAME} for an environment variable");
        return false;
    }
    if (berth_config_node_is_null(node))
        return true;
    if (berth_config_expand(reader->config->context, berth_config_node_text(node), &why, out) == 0)
        return true;
    memory[why.size] = '\0';
    berth_config_node_complain(reader, node, name, memory);
    return false;
}

static int read_scalar(const struct berth_config_reader *reader,
                       const struct berth_setting *setting, const yaml_node_t *node) {
    char memory[BERTH_CONFIG_VALUE_MAX];
    struct berth_writer text = berth_writer_on(memory, sizeof memory);
    if (!read_text(reader, berth_view_of(berth_setting_key(setting)), node, &text))
        return 0;
    return berth_config_put(reader->config, berth_setting_id_of(setting),
                            berth_config_node_place(reader, node), berth_writer_result(&text));
}

/* An entry of a list (name is empty) or of the map of routes. */
static int read_item(const struct berth_config_reader *reader, enum berth_setting_id id,
                     struct berth_view name, const yaml_node_t *node) {
    char memory[BERTH_CONFIG_VALUE_MAX];
    struct berth_writer text = berth_writer_on(memory, sizeof memory);
    struct berth_view shown =
        name.size > 0 ? name : berth_view_of(berth_setting_key(&berth_settings[id]));
    if (!read_text(reader, shown, node, &text))
        return 0;
    char reason[BERTH_CONFIG_MESSAGE_MAX];
    struct berth_writer why = berth_writer_on(reason, sizeof reason - 1);
    uint64_t unused;
    if (berth_config_value_parse(&berth_settings[id], berth_writer_result(&text), &why, &unused) <
        0) {
        reason[why.size] = '\0';
        berth_config_node_complain(reader, node, shown, reason);
        return 0;
    }
    return berth_config_put_item(reader->config, id, berth_config_node_place(reader, node), name,
                                 berth_writer_result(&text));
}

bool berth_config_reader_has_room(const struct berth_config_reader *reader) {
    return reader->config->error_count < BERTH_CONFIG_MESSAGES_MAX;
}

static int read_list(const struct berth_config_reader *reader, const struct berth_setting *setting,
                     const yaml_node_t *node) {
    enum berth_setting_id id = berth_setting_id_of(setting);
    struct berth_view none = {NULL, 0};
    if (node->type == YAML_MAPPING_NODE) {
        berth_config_node_complain(
            reader, node, berth_view_of(berth_setting_key(setting)),
            "here is a map of keys: write a list, such as [\"https://example.org\"]");
        return 0;
    }
    if (berth_config_node_is_null(node))
        return 0;
    if (node->type == YAML_SCALAR_NODE)
        return read_item(reader, id, none, node);
    reader->config->values[id].place = berth_config_node_place(reader, node);
    int error = 0;
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         error == 0 && item < node->data.sequence.items.top && berth_config_reader_has_room(reader);
         item++)
        error = read_item(reader, id, none, berth_config_node_at(reader, *item));
    return error;
}

static int read_routes(const struct berth_config_reader *reader,
                       const struct berth_setting *setting, const yaml_node_t *node) {
    enum berth_setting_id id = berth_setting_id_of(setting);
    struct berth_view subject = berth_view_of(berth_setting_key(setting));
    if (berth_config_node_is_null(node))
        return 0;
    if (node->type != YAML_MAPPING_NODE) {
        berth_config_node_complain(
            reader, node, subject,
            "write a map of paths to backends here, such as {" BERTH_ROUTE_USUAL ": echo}");
        return 0;
    }
    reader->config->values[id].place = berth_config_node_place(reader, node);
    int error = 0;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         error == 0 && pair < node->data.mapping.pairs.top && berth_config_reader_has_room(reader);
         pair++) {
        const yaml_node_t *key = berth_config_node_at(reader, pair->key);
        const char *fault =
            berth_config_route_fault(key->type == YAML_SCALAR_NODE ? berth_config_node_text(key)
                                                                   : (struct berth_view){NULL, 0});
        if (fault != NULL)
            berth_config_node_complain(
                reader, key, key->type == YAML_SCALAR_NODE ? berth_config_node_text(key) : subject,
                fault);
        else if (berth_config_find_item(&reader->config->values[id], berth_config_node_text(key)) !=
                 NULL)
            berth_config_node_complain(reader, key, berth_config_node_text(key),
                                       "this route stands here twice: leave one out");
        else
            error = read_item(reader, id, berth_config_node_text(key),
                              berth_config_node_at(reader, pair->value));
    }
    return error;
}

int berth_config_node_read(const struct berth_config_reader *reader,
                           const struct berth_setting *setting, const yaml_node_t *node) {
    switch (setting->type) {
    case BERTH_SETTING_LIST:
        return read_list(reader, setting, node);
    case BERTH_SETTING_MAP:
        return read_routes(reader, setting, node);
    case BERTH_SETTING_TEXT:
    case BERTH_SETTING_PATH:
    case BERTH_SETTING_PORT:
    case BERTH_SETTING_NUMBER:
    case BERTH_SETTING_SWITCH:
    case BERTH_SETTING_CHOICE:
        return read_scalar(reader, setting, node);
    }
    berth_assert_failed("type is one of enum berth_setting_type", __FILE__, __LINE__);
}
