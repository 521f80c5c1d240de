/* libyaml parses and keeps the places; what the keys mean is this file's. Nothing that is not ours
 * is looked into, and no alias is followed further than our own settings are deep. */
#include "cli/config.h"

#include "base/assert.h"
#include "berth/error.h"
#include "cli/config_expand.h"
#include "cli/config_syntax.h"
#include "cli/config_value.h"
#include "cli/near.h"

#include <yaml.h>

#define PATH_MAX_SIZE 128

/* A merge ("<<: [*a, *b]") of more maps than this is not looked through. */
static const ptrdiff_t merged_maps_max = 16;

struct reader {
    struct berth_config *config;
    yaml_document_t *document;
};

static struct berth_config_place place_of(const struct reader *reader, const yaml_node_t *node) {
    return berth_config_syntax_place(reader->config, node->start_mark);
}

static yaml_node_t *node_at(const struct reader *reader, int index) {
    return yaml_document_get_node(reader->document, index);
}

static struct berth_view scalar(const yaml_node_t *node) {
    return berth_view_bytes(node->data.scalar.value, node->data.scalar.length);
}

/* What YAML reads as "no value": nothing, ~ or null, without quotes. */
static bool is_null(const yaml_node_t *node) {
    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    struct berth_view text = scalar(node);
    return text.size == 0 || berth_view_equal(text, BERTH_VIEW("~")) ||
           berth_view_equal_nocase(text, BERTH_VIEW("null"));
}

static void complain(const struct reader *reader, const yaml_node_t *node, struct berth_view name,
                     const char *what) {
    char memory[PATH_MAX_SIZE];
    struct berth_writer subject = berth_writer_on(memory, sizeof memory - 1);
    berth_config_value_quote(name, &subject);
    memory[subject.size] = '\0';
    berth_config_report(reader->config, BERTH_LOG_ERROR, place_of(reader, node), memory, "%s",
                        what);
}

/* -- Values ------------------------------------------------------------------------------------ */

/* A tag such as !env asks for something that only another program knows how to do. */
static bool has_own_tag(const yaml_node_t *node) {
    return node->tag != NULL && !berth_view_starts(berth_view_of((const char *)node->tag),
                                                   BERTH_VIEW("tag:yaml.org,2002:"));
}

/* One value, expanded into `out`; false when a message says why not. */
static bool read_text(const struct reader *reader, struct berth_view name, const yaml_node_t *node,
                      struct berth_writer *out) {
    char memory[BERTH_CONFIG_MESSAGE_MAX];
    struct berth_writer why = berth_writer_on(memory, sizeof memory - 1);
    if (node->type != YAML_SCALAR_NODE) {
        complain(reader, node, name,
                 node->type == YAML_SEQUENCE_NODE ? "here is a list: write one value"
                                                  : "here is a map of keys: write one value");
        return false;
    }
    if (has_own_tag(node)) {
        complain(reader, node, name,
                 "a tag stands before the value, and tags mean nothing here: write the value "
                 "itself, or ${NAME} for an environment variable");
        return false;
    }
    if (is_null(node))
        return true;
    if (berth_config_expand(reader->config->context, scalar(node), &why, out) == 0)
        return true;
    memory[why.size] = '\0';
    complain(reader, node, name, memory);
    return false;
}

static int read_scalar(const struct reader *reader, const struct berth_setting *setting,
                       const yaml_node_t *node) {
    char memory[BERTH_CONFIG_VALUE_MAX];
    struct berth_writer text = berth_writer_on(memory, sizeof memory);
    if (!read_text(reader, berth_view_of(berth_setting_key(setting)), node, &text))
        return 0;
    return berth_config_put(reader->config, berth_setting_id_of(setting), place_of(reader, node),
                            berth_writer_result(&text));
}

/* An entry of a list (name is empty) or of the map of routes. */
static int read_item(const struct reader *reader, enum berth_setting_id id, struct berth_view name,
                     const yaml_node_t *node) {
    char memory[BERTH_CONFIG_VALUE_MAX];
    struct berth_writer text = berth_writer_on(memory, sizeof memory);
    struct berth_view shown =
        name.size > 0 ? name : berth_view_of(berth_setting_key(&berth_settings[id]));
    if (!read_text(reader, shown, node, &text))
        return 0;
    if (text.size == 0) {
        complain(reader, node, shown, "there is no value: write one, or leave the entry out");
        return 0;
    }
    return berth_config_put_item(reader->config, id, place_of(reader, node), name,
                                 berth_writer_result(&text));
}

static bool has_room(const struct reader *reader) {
    return reader->config->error_count < BERTH_CONFIG_MESSAGES_MAX;
}

static int read_list(const struct reader *reader, const struct berth_setting *setting,
                     const yaml_node_t *node) {
    enum berth_setting_id id = berth_setting_id_of(setting);
    struct berth_view none = {NULL, 0};
    if (node->type == YAML_MAPPING_NODE) {
        complain(reader, node, berth_view_of(berth_setting_key(setting)),
                 "here is a map of keys: write a list, such as [\"https://example.org\"]");
        return 0;
    }
    if (is_null(node))
        return 0;
    if (node->type == YAML_SCALAR_NODE)
        return read_item(reader, id, none, node);
    reader->config->values[id].place = place_of(reader, node);
    int error = 0;
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         error == 0 && item < node->data.sequence.items.top && has_room(reader); item++)
        error = read_item(reader, id, none, node_at(reader, *item));
    return error;
}

static int read_routes(const struct reader *reader, const struct berth_setting *setting,
                       const yaml_node_t *node) {
    enum berth_setting_id id = berth_setting_id_of(setting);
    struct berth_view subject = berth_view_of(berth_setting_key(setting));
    if (is_null(node))
        return 0;
    if (node->type != YAML_MAPPING_NODE) {
        complain(reader, node, subject,
                 "write a map of paths to backends here, such as {" BERTH_ROUTE_USUAL ": echo}");
        return 0;
    }
    reader->config->values[id].place = place_of(reader, node);
    int error = 0;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         error == 0 && pair < node->data.mapping.pairs.top && has_room(reader); pair++) {
        const yaml_node_t *key = node_at(reader, pair->key);
        if (key->type != YAML_SCALAR_NODE || key->data.scalar.length == 0)
            complain(reader, key, subject, "a route is a path: write " BERTH_ROUTE_USUAL);
        else if (berth_config_find_item(&reader->config->values[id], scalar(key)) != NULL)
            complain(reader, key, scalar(key), "this route stands here twice: leave one out");
        else
            error = read_item(reader, id, scalar(key), node_at(reader, pair->value));
    }
    return error;
}

static int read_setting(const struct reader *reader, const struct berth_setting *setting,
                        const yaml_node_t *node) {
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

/* -- Keys that are not known ------------------------------------------------------------------- */

/* The file's top level is the app's: only what looks like one of our names gets a word. */
static void warn_near(const struct reader *reader, const yaml_node_t *key) {
    struct berth_setting_names known;
    berth_setting_names((struct berth_view){NULL, 0}, &known);
    for (size_t i = 0; i < known.count; i++)
        if (berth_near_slip(scalar(key), known.names[i])) {
            berth_config_report(reader->config, BERTH_LOG_WARNING, place_of(reader, key), NULL,
                                "%.*s: did you mean %.*s?", BERTH_VIEW_ARG(scalar(key)),
                                BERTH_VIEW_ARG(known.names[i]));
            return;
        }
}

/* Says so when a map that is merged into the top level holds one of our keys; true then. */
static bool warn_merged_map(const struct reader *reader, const yaml_node_t *map) {
    if (map->type != YAML_MAPPING_NODE)
        return false;
    for (const yaml_node_pair_t *pair = map->data.mapping.pairs.start;
         pair < map->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = node_at(reader, pair->key);
        if (key->type != YAML_SCALAR_NODE ||
            (berth_setting_find(scalar(key)) == NULL && !berth_setting_is_group(scalar(key))))
            continue;
        berth_config_report(reader->config, BERTH_LOG_WARNING, place_of(reader, key), NULL,
                            "%.*s: merged in with <<, which is not followed for this key: write "
                            "it at the top level",
                            BERTH_VIEW_ARG(scalar(key)));
        return true;
    }
    return false;
}

static void warn_merged(const struct reader *reader, const yaml_node_t *value) {
    if (value->type != YAML_SEQUENCE_NODE) {
        warn_merged_map(reader, value);
        return;
    }
    const yaml_node_item_t *items = value->data.sequence.items.start;
    ptrdiff_t count = value->data.sequence.items.top - items;
    for (ptrdiff_t i = 0; i < count && i < merged_maps_max; i++)
        if (warn_merged_map(reader, node_at(reader, items[i])))
            return;
}

static void refuse_unknown(const struct reader *reader, struct berth_view group,
                           const yaml_node_t *key) {
    struct berth_setting_names known;
    berth_setting_names(group, &known);
    struct berth_view best = {NULL, 0};
    for (size_t i = 0; i < known.count; i++)
        best = berth_near_better(scalar(key), best, known.names[i]);

    char memory[BERTH_CONFIG_MESSAGE_MAX];
    struct berth_writer text = berth_writer_on(memory, sizeof memory - 1);
    berth_writer_format(&text, "%.*s has no such key: ", BERTH_VIEW_ARG(group));
    if (best.size > 0) {
        berth_writer_format(&text, "did you mean %.*s?", BERTH_VIEW_ARG(best));
    } else {
        berth_writer_text(&text, "it has ");
        for (size_t i = 0; i < known.count; i++) {
            berth_writer_text(&text, i > 0 ? ", " : "");
            berth_writer_view(&text, known.names[i]);
        }
    }
    memory[text.size] = '\0';
    complain(reader, key, scalar(key), memory);
}

/* -- Maps of settings -------------------------------------------------------------------------- */

static const yaml_node_t *earlier_key(const struct reader *reader, const yaml_node_t *map,
                                      const yaml_node_pair_t *until) {
    struct berth_view name = scalar(node_at(reader, until->key));
    for (const yaml_node_pair_t *pair = map->data.mapping.pairs.start; pair < until; pair++) {
        const yaml_node_t *key = node_at(reader, pair->key);
        if (key->type == YAML_SCALAR_NODE && berth_view_equal(scalar(key), name))
            return key;
    }
    return NULL;
}

static int read_map(const struct reader *reader, const yaml_node_t *map, struct berth_view group);

/* A key that is ours: a setting, or a group of them. */
static int read_known(const struct reader *reader, const yaml_node_t *map,
                      const yaml_node_pair_t *pair, struct berth_view path) {
    const yaml_node_t *key = node_at(reader, pair->key);
    const yaml_node_t *value = node_at(reader, pair->value);
    const yaml_node_t *earlier = earlier_key(reader, map, pair);
    const struct berth_setting *setting = berth_setting_find(path);
    if (earlier != NULL) {
        char text[96];
        snprintf(text, sizeof text, "this key stands in line %zu already: leave one of them out",
                 earlier->start_mark.line + 1);
        complain(reader, key, scalar(key), text);
        return 0;
    }
    if (setting != NULL)
        return read_setting(reader, setting, value);
    if (is_null(value))
        return 0;
    if (value->type == YAML_MAPPING_NODE)
        return read_map(reader, value, path);
    complain(reader, value, scalar(key), "write a map of settings here, one \"KEY: value\" a line");
    return 0;
}

/* Recursion ends with the settings' own depth: a path that is no group is not entered. */
static int read_map(const struct reader *reader, const yaml_node_t *map, struct berth_view group) {
    int error = 0;
    for (const yaml_node_pair_t *pair = map->data.mapping.pairs.start;
         error == 0 && pair < map->data.mapping.pairs.top && has_room(reader); pair++) {
        const yaml_node_t *key = node_at(reader, pair->key);
        char memory[PATH_MAX_SIZE];
        struct berth_writer path = berth_writer_on(memory, sizeof memory);
        berth_writer_view(&path, group);
        if (group.size > 0)
            berth_writer_char(&path, '.');
        bool word = key->type == YAML_SCALAR_NODE &&
                    memchr(scalar(key).data, '.', scalar(key).size) == NULL;
        if (word)
            berth_writer_view(&path, scalar(key));
        struct berth_view name = berth_writer_result(&path);
        bool known = word && !path.overflow &&
                     (berth_setting_find(name) != NULL || berth_setting_is_group(name));
        if (known)
            error = read_known(reader, map, pair, name);
        else if (group.size > 0 && key->type == YAML_SCALAR_NODE)
            refuse_unknown(reader, group, key);
        else if (group.size > 0)
            complain(reader, key, group, "a key is a single word here");
        else if (word && berth_view_equal(name, BERTH_VIEW("<<")))
            warn_merged(reader, node_at(reader, pair->value));
        else if (word)
            warn_near(reader, key);
    }
    return error;
}

static int read_document(struct berth_config *config, yaml_document_t *document) {
    struct reader reader = {config, document};
    const yaml_node_t *root = yaml_document_get_root_node(document);
    if (root == NULL || is_null(root))
        return 0;
    if (root->type == YAML_MAPPING_NODE)
        return read_map(&reader, root, (struct berth_view){NULL, 0});
    berth_config_report(config, BERTH_LOG_ERROR, place_of(&reader, root), NULL,
                        "the file holds %s, not settings: write one \"KEY: value\" a line, such as "
                        "SERVER_PORT: 1018",
                        root->type == YAML_SEQUENCE_NODE ? "a list" : "a single value");
    return 0;
}

/* What stands behind the first document has to be nothing. */
static int read_end(struct berth_config *config, yaml_parser_t *parser, struct berth_view text) {
    yaml_document_t document;
    if (!yaml_parser_load(parser, &document))
        return berth_config_syntax_report(config, parser, text);
    if (yaml_document_get_root_node(&document) != NULL)
        berth_config_report(config, BERTH_LOG_ERROR,
                            berth_config_syntax_place(config, document.start_mark), NULL,
                            "a second document begins here: keep the settings in one, without "
                            "a line of three dashes between them");
    yaml_document_delete(&document);
    return 0;
}

int berth_config_read_yaml(struct berth_config *config, struct berth_view text) {
    yaml_parser_t parser;
    yaml_document_t document;
    if (!yaml_parser_initialize(&parser))
        return BERTH_E_MEMORY;
    const char *bytes = text.size > 0 ? text.data : "";
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, text.size);
    int error;
    if (yaml_parser_load(&parser, &document)) {
        error = read_document(config, &document);
        yaml_document_delete(&document);
        if (error == 0)
            error = read_end(config, &parser, text);
    } else {
        error = berth_config_syntax_report(config, &parser, text);
    }
    yaml_parser_delete(&parser);
    return error;
}
