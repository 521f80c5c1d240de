#include "cli/config_syntax.h"

#include "berth/error.h"

#include <stdio.h>

struct berth_config_place berth_config_syntax_place(const struct berth_config *config,
                                                    yaml_mark_t mark) {
    return (struct berth_config_place){.source = BERTH_CONFIG_FROM_FILE,
                                       .name = config->path,
                                       .line = (unsigned)mark.line + 1,
                                       .column = (unsigned)mark.column + 1};
}

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

int berth_config_syntax_report(struct berth_config *config, const yaml_parser_t *parser,
                               struct berth_view text) {
    if (parser->error == YAML_MEMORY_ERROR)
        return BERTH_E_MEMORY;
    const char *problem = parser->problem != NULL ? parser->problem : "it cannot be read";
    if (parser->error == YAML_READER_ERROR) {
        yaml_mark_t mark = mark_of(text, parser->problem_offset);
        berth_config_report(config, BERTH_LOG_ERROR, berth_config_syntax_place(config, mark), NULL,
                            "this is not text in UTF-8: %s: save the file as UTF-8", problem);
        return 0;
    }
    struct berth_config_place place = berth_config_syntax_place(config, parser->problem_mark);
    char context[128] = "";
    if (parser->context != NULL)
        snprintf(context, sizeof context, " (%s from %zu:%zu on)", parser->context,
                 parser->context_mark.line + 1, parser->context_mark.column + 1);
    const char *fix = has_tab_indent(text, parser->problem_mark.line)
                          ? "indent with spaces, as YAML allows no tabs there"
                          : "look at this line and the one before it for a missing colon, quote or "
                            "bracket, or a wrong indent";
    berth_config_report(config, BERTH_LOG_ERROR, place, NULL, "this is not YAML: %s%s: %s", problem,
                        context, fix);
    return 0;
}
