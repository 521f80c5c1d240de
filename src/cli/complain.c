#include "cli/complain.h"

#include "app/config_value.h"
#include "app/near.h"
#include "base/writer.h"
#include "cli/log.h"
#include "cli/page.h"

#include <stdio.h>

enum berth_exit berth_complain(struct berth_view text) {
    char memory[8 * BERTH_COMPLAINT_MAX]; /* every byte may become an escape */
    struct berth_writer line = berth_writer_on(memory, sizeof memory);
    berth_writer_text(&line, "berth: ");
    berth_cli_text_escape(text, &line);
    berth_writer_char(&line, '\n');
    fwrite(memory, 1, line.size, stderr);
    return BERTH_EXIT_USAGE;
}

enum berth_exit berth_complain_usage(void) {
    static char memory[BERTH_PAGE_MAX];
    struct berth_writer page = berth_writer_on(memory, sizeof memory);
    berth_page_help(&page);
    fwrite(memory, 1, page.size, stderr);
    return BERTH_EXIT_USAGE;
}

/* Did the user leave out the command and begin with the file? */
static bool is_file(struct berth_view name) {
    return name.size > 5 && memchr(name.data, '.', name.size) != NULL &&
           (berth_view_equal(berth_view_bytes(name.data + name.size - 5, 5), BERTH_VIEW(".yaml")) ||
            berth_view_equal(berth_view_bytes(name.data + name.size - 4, 4), BERTH_VIEW(".yml")));
}

enum berth_exit berth_complain_command(const char *name) {
    char memory[BERTH_COMPLAINT_MAX];
    struct berth_writer text = berth_writer_on(memory, sizeof memory);
    struct berth_view best = {NULL, 0};
    for (const struct berth_command *command = berth_commands; command->name != NULL; command++)
        best = berth_near_better(berth_view_of(name), best, berth_view_of(command->name));
    berth_writer_text(&text, "there is no command ");
    berth_config_value_quote(berth_view_of(name), &text);
    if (is_file(berth_view_of(name))) {
        berth_writer_text(&text, ": did you mean berth serve ");
        berth_config_value_quote(berth_view_of(name), &text);
        berth_writer_char(&text, '?');
    } else if (best.size > 0) {
        berth_writer_format(&text, ": did you mean %.*s?", BERTH_VIEW_ARG(best));
    } else {
        berth_writer_text(&text, ": see berth help");
    }
    return berth_complain(berth_writer_result(&text));
}
