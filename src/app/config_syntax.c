#include "app/config_syntax.h"

#include "berth/error.h"

#include <stdio.h>

struct berth_config_place berth_config_syntax_place(const struct berth_config *config,
                                                    yaml_mark_t mark) {
    return (struct berth_config_place){.source = BERTH_CONFIG_FROM_FILE,
                                       .name = config->path,
                                       .line = (unsigned)mark.line + 1,
                                       .column = (unsigned)mark.column + 1};
}

/* Deeper than any configuration is, and than what makes libyaml slow: its work for each token grows
 * with the depth of brackets, and for each anchor with the anchors before it. */
static const unsigned depth_max = 100;
static const unsigned anchors_max = 1000;

/* The place of a byte; libyaml gives no more than its number where the text cannot be read. */
static yaml_mark_t mark_of(struct berth_view text, size_t offset) {
    yaml_mark_t mark = {0};
    for (size_t i = 0; i < offset && i < text.size; i++) {
        mark.column++;
        if (text.data[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else if (((unsigned char)text.data[i] & 0xC0) == 0x80) {
            mark.column--; /* the same character goes on */
        }
    }
    return mark;
}

/* Does a tab stand among the blanks that the line begins with? */
static bool has_tab_indent(struct berth_view text, size_t line) {
    while (line > 0 && text.size > 0) {
        berth_view_cut(text, '\n', &text);
        line--;
    }
    for (size_t i = 0; i < text.size && (text.data[i] == ' ' || text.data[i] == '\t'); i++)
        if (text.data[i] == '\t')
            return true;
    return false;
}

/* What libyaml says, and what mostly lies behind it. */
static const char *fix_of(const yaml_parser_t *parser, struct berth_view text) {
    static const struct {
        const char *words;
        const char *fix;
    } fixes[] = {
        {"mapping values are not allowed", "put a value that holds a colon into quotes"},
        {"undefined alias", "put a value that begins with * into quotes"},
        {"alphabetic or numeric", "put a value that begins with * or & into quotes"},
        {"cannot start any token", "put a value that begins with %, @ or ` into quotes"},
    };
    if (has_tab_indent(text, parser->problem_mark.line))
        return "indent with spaces, as YAML allows no tabs there";
    for (size_t i = 0; parser->problem != NULL && i < sizeof fixes / sizeof *fixes; i++)
        if (strstr(parser->problem, fixes[i].words) != NULL)
            return fixes[i].fix;
    return "look at this line and the one before it for a missing colon, quote or bracket, or a "
           "wrong indent";
}

/* Bytes that are no text: libyaml knows no line of those. */
static void report_bytes(struct berth_config *config, const yaml_parser_t *parser,
                         struct berth_view text) {
    struct berth_config_place place =
        berth_config_syntax_place(config, mark_of(text, parser->problem_offset));
    if (parser->problem != NULL && strstr(parser->problem, "control") != NULL)
        berth_config_report(config, BERTH_LOG_ERROR, place, NULL,
                            "here is a control character, which YAML does not allow: take it out");
    else
        berth_config_report(config, BERTH_LOG_ERROR, place, NULL,
                            "this is not text in UTF-8 (%s): save the file as UTF-8",
                            parser->problem != NULL ? parser->problem : "it cannot be read");
}

int berth_config_syntax_report(struct berth_config *config, const yaml_parser_t *parser,
                               struct berth_view text) {
    if (parser->error == YAML_MEMORY_ERROR)
        return BERTH_E_MEMORY;
    if (parser->error == YAML_READER_ERROR) {
        report_bytes(config, parser, text);
        return 0;
    }
    char context[128] = "";
    if (parser->context != NULL)
        snprintf(context, sizeof context, " (%s from %zu:%zu on)", parser->context,
                 parser->context_mark.line + 1, parser->context_mark.column + 1);
    berth_config_report(config, BERTH_LOG_ERROR,
                        berth_config_syntax_place(config, parser->problem_mark), NULL,
                        "this is not YAML: %s%s: %s",
                        parser->problem != NULL ? parser->problem : "it cannot be read", context,
                        fix_of(parser, text));
    return 0;
}

/* -- A first look ------------------------------------------------------------------------------ */

struct totals {
    unsigned depth;
    unsigned anchors;
    unsigned documents;
};

static void count(struct totals *totals, const yaml_event_t *event) {
    bool anchor = false;
    switch (event->type) {
    case YAML_MAPPING_START_EVENT:
        totals->depth++;
        anchor = event->data.mapping_start.anchor != NULL;
        break;
    case YAML_SEQUENCE_START_EVENT:
        totals->depth++;
        anchor = event->data.sequence_start.anchor != NULL;
        break;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        totals->depth--;
        break;
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor != NULL;
        break;
    case YAML_DOCUMENT_START_EVENT:
        totals->documents++;
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_ALIAS_EVENT:
        break;
    }
    totals->anchors += anchor;
}

/* What is wrong with the whole, NULL for nothing. */
static const char *fault_of(const struct totals *totals) {
    if (totals->depth > depth_max)
        return "lists and maps are nested more than 100 deep here: is this the right file?";
    if (totals->anchors > anchors_max)
        return "there are more than 1000 anchors (&name): is this the right file?";
    if (totals->documents > 1)
        return "a second document begins here: keep the settings in one, without a line of three "
               "dashes between them";
    return NULL;
}

int berth_config_syntax_check(struct berth_config *config, struct berth_view text) {
    yaml_parser_t parser;
    yaml_event_t event;
    struct totals totals = {0};
    bool ended = false;
    int error = 0;
    if (!yaml_parser_initialize(&parser))
        return BERTH_E_MEMORY;
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.data, text.size);
    while (!ended) {
        if (!yaml_parser_parse(&parser, &event)) {
            error = berth_config_syntax_report(config, &parser, text);
            break;
        }
        count(&totals, &event);
        const char *fault = fault_of(&totals);
        ended = event.type == YAML_STREAM_END_EVENT || fault != NULL;
        if (fault != NULL)
            berth_config_report(config, BERTH_LOG_ERROR,
                                berth_config_syntax_place(config, event.start_mark), NULL, "%s",
                                fault);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return error;
}
