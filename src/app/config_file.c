/* libyaml parses and keeps the places; what the keys mean is this file's. Nothing that is not ours
 * is looked into, and no alias is followed further than our own settings are deep. */
#include "app/config_node.h"
#include "app/config_syntax.h"
#include "app/near.h"
#include "berth/error.h"

#include <stdio.h>

/* Longer than any path of keys that there is: what does not fit is no key of ours. */
#define PATH_SIZE_MAX 128

/* A merge ("<<: [*a, *b]") of more maps than this is not looked through. */
static const ptrdiff_t merged_maps_max = 16;

/* -- Keys that are not known ------------------------------------------------------------------- */

/* The file's top level is the app's: only what looks like one of our names gets a word. */
static void warn_near(const struct berth_config_reader *reader, const yaml_node_t *key) {
    const struct berth_setting_names *known = &reader->top;
    for (size_t i = 0; i < known->count; i++)
        if (berth_near_slip(berth_config_node_text(key), known->names[i])) {
            berth_config_report(
                reader->config, BERTH_LOG_WARNING, berth_config_node_place(reader, key), NULL,
                "%.*s: did you mean %.*s?", BERTH_VIEW_ARG(berth_config_node_text(key)),
                BERTH_VIEW_ARG(known->names[i]));
            return;
        }
}

/* Says so when a map that is merged into the top level holds one of our keys; true then. */
static bool warn_merged_map(const struct berth_config_reader *reader, const yaml_node_t *map) {
    if (map->type != YAML_MAPPING_NODE)
        return false;
    for (const yaml_node_pair_t *pair = map->data.mapping.pairs.start;
         pair < map->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = berth_config_node_at(reader, pair->key);
        if (key->type != YAML_SCALAR_NODE ||
            (berth_setting_find(berth_config_node_text(key)) == NULL &&
             !berth_setting_is_group(berth_config_node_text(key))))
            continue;
        berth_config_report(reader->config, BERTH_LOG_WARNING, berth_config_node_place(reader, key),
                            NULL,
                            "%.*s: merged in with <<, which is not followed for this key: write "
                            "it at the top level",
                            BERTH_VIEW_ARG(berth_config_node_text(key)));
        return true;
    }
    return false;
}

static void warn_merged(const struct berth_config_reader *reader, const yaml_node_t *value) {
    if (value->type != YAML_SEQUENCE_NODE) {
        warn_merged_map(reader, value);
        return;
    }
    const yaml_node_item_t *items = value->data.sequence.items.start;
    ptrdiff_t count = value->data.sequence.items.top - items;
    for (ptrdiff_t i = 0; i < count && i < merged_maps_max; i++)
        if (warn_merged_map(reader, berth_config_node_at(reader, items[i])))
            return;
}

static void refuse_unknown(const struct berth_config_reader *reader, struct berth_view group,
                           const yaml_node_t *key) {
    struct berth_setting_names known;
    berth_setting_names(group, &known);
    struct berth_view best = {NULL, 0};
    for (size_t i = 0; i < known.count; i++)
        best = berth_near_better(berth_config_node_text(key), best, known.names[i]);

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
    berth_config_node_complain(reader, key, berth_config_node_text(key), memory);
}

/* -- Maps of settings -------------------------------------------------------------------------- */

static const yaml_node_t *earlier_key(const struct berth_config_reader *reader,
                                      const yaml_node_t *map, const yaml_node_pair_t *until) {
    struct berth_view name = berth_config_node_text(berth_config_node_at(reader, until->key));
    for (const yaml_node_pair_t *pair = map->data.mapping.pairs.start; pair < until; pair++) {
        const yaml_node_t *key = berth_config_node_at(reader, pair->key);
        if (key->type == YAML_SCALAR_NODE && berth_view_equal(berth_config_node_text(key), name))
            return key;
    }
    return NULL;
}

static int read_map(const struct berth_config_reader *reader, const yaml_node_t *map,
                    struct berth_view group);

/* A key that is ours: a setting, or a group of them. */
static int read_known(const struct berth_config_reader *reader, const yaml_node_t *map,
                      const yaml_node_pair_t *pair, struct berth_view path) {
    const yaml_node_t *key = berth_config_node_at(reader, pair->key);
    const yaml_node_t *value = berth_config_node_at(reader, pair->value);
    const yaml_node_t *earlier = earlier_key(reader, map, pair);
    const struct berth_setting *setting = berth_setting_find(path);
    if (earlier != NULL) {
        char text[96];
        snprintf(text, sizeof text, "this key stands in line %zu already: leave one of them out",
                 earlier->start_mark.line + 1);
        berth_config_node_complain(reader, key, berth_config_node_text(key), text);
        return 0;
    }
    if (setting != NULL)
        return berth_config_node_read(reader, setting, value);
    if (berth_config_node_is_null(value))
        return 0;
    if (value->type == YAML_MAPPING_NODE)
        return read_map(reader, value, path);
    berth_config_node_complain(reader, value, berth_config_node_text(key),
                               "write a map of settings here, one \"KEY: value\" a line");
    return 0;
}

/* The path of a key in its group; empty when it cannot be one of ours. */
static struct berth_view path_of(struct berth_view group, const yaml_node_t *key, char *memory) {
    struct berth_writer path = berth_writer_on(memory, PATH_SIZE_MAX);
    struct berth_view none = {NULL, 0};
    if (key->type != YAML_SCALAR_NODE)
        return none;
    struct berth_view name = berth_config_node_text(key);
    if (name.size == 0 || memchr(name.data, '.', name.size) != NULL)
        return none;
    berth_writer_view(&path, group);
    if (group.size > 0)
        berth_writer_char(&path, '.');
    berth_writer_view(&path, name);
    return path.overflow ? none : berth_writer_result(&path);
}

static void read_unknown(const struct berth_config_reader *reader, const yaml_node_pair_t *pair,
                         struct berth_view group) {
    const yaml_node_t *key = berth_config_node_at(reader, pair->key);
    bool word = key->type == YAML_SCALAR_NODE;
    if (group.size > 0 && word)
        refuse_unknown(reader, group, key);
    else if (group.size > 0)
        berth_config_node_complain(reader, key, group, "a key is a single word here");
    else if (word && berth_view_equal(berth_config_node_text(key), BERTH_VIEW("<<")))
        warn_merged(reader, berth_config_node_at(reader, pair->value));
    else if (word)
        warn_near(reader, key);
}

/* Recursion ends with the settings' own depth: a path that is no group is not entered. */
static int read_map(const struct berth_config_reader *reader, const yaml_node_t *map,
                    struct berth_view group) {
    int error = 0;
    for (const yaml_node_pair_t *pair = map->data.mapping.pairs.start;
         error == 0 && pair < map->data.mapping.pairs.top && berth_config_reader_has_room(reader);
         pair++) {
        char memory[PATH_SIZE_MAX];
        struct berth_view path = path_of(group, berth_config_node_at(reader, pair->key), memory);
        if (berth_setting_find(path) != NULL || berth_setting_is_group(path))
            error = read_known(reader, map, pair, path);
        else
            read_unknown(reader, pair, group);
    }
    return error;
}

static int read_document(struct berth_config *config, yaml_document_t *document) {
    struct berth_config_reader reader = {.config = config, .document = document};
    berth_setting_names((struct berth_view){NULL, 0}, &reader.top);
    const yaml_node_t *root = yaml_document_get_root_node(document);
    if (root == NULL || berth_config_node_is_null(root))
        return 0;
    if (root->type == YAML_MAPPING_NODE)
        return read_map(&reader, root, (struct berth_view){NULL, 0});
    berth_config_report(config, BERTH_LOG_ERROR, berth_config_node_place(&reader, root), NULL,
                        "the file holds %s, not settings: write one \"KEY: value\" a line, such as "
                        "SERVER_PORT: 1018",
                        root->type == YAML_SEQUENCE_NODE ? "a list" : "a single value");
    return 0;
}

int berth_config_read_yaml(struct berth_config *config, struct berth_view text) {
    yaml_parser_t parser;
    yaml_document_t document;
    if (text.size == 0)
        return 0;
    size_t errors = config->error_count;
    int error = berth_config_syntax_check(config, text);
    if (error < 0 || config->error_count > errors)
        return error;
    if (!yaml_parser_initialize(&parser))
        return BERTH_E_MEMORY;
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.data, text.size);
    if (yaml_parser_load(&parser, &document)) {
        error = read_document(config, &document);
        yaml_document_delete(&document);
    } else {
        error = berth_config_syntax_report(config, &parser, text);
    }
    yaml_parser_delete(&parser);
    return error;
}
