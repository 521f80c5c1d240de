/* Nodes of a YAML document as settings: their places, their texts, the values that they give.
 *
 * Shape:   a reader is a configuration and the document that it is being read from
 * Owns:    nothing; texts are loans of the document
 * Errors:  BERTH_E_MEMORY; what the user did wrong is a message
 * Threads: the configuration's
 */
#ifndef BERTH_APP_CONFIG_NODE_H
#define BERTH_APP_CONFIG_NODE_H

#include "app/config.h"

#include <yaml.h>

struct berth_config_reader {
    struct berth_config *config;
    yaml_document_t *document;
    struct berth_setting_names top; /* what the file's top level may hold of ours */
};

/* Gives the setting what the node holds. */
int berth_config_node_read(const struct berth_config_reader *reader,
                           const struct berth_setting *setting, const yaml_node_t *node);

/* The node of that number, which is the document's own. */
yaml_node_t *berth_config_node_at(const struct berth_config_reader *reader, int index);

/* What YAML reads as "no value": nothing, ~ or null, without quotes. */
bool berth_config_node_is_null(const yaml_node_t *node);

/* A scalar's text. */
struct berth_view berth_config_node_text(const yaml_node_t *node);

/* Where the node begins; for an alias, where what it stands for begins. */
struct berth_config_place berth_config_node_place(const struct berth_config_reader *reader,
                                                  const yaml_node_t *node);

/* Adds an error at the node's place. */
void berth_config_node_complain(const struct berth_config_reader *reader, const yaml_node_t *node,
                                struct berth_view subject, const char *what);

/* Is there room for one more error? Reading ends when there is not. */
bool berth_config_reader_has_room(const struct berth_config_reader *reader);

#endif
