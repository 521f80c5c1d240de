#include "cli/complain.h"
#include "cli/page.h"

#include <stdio.h>

enum berth_exit berth_command_help(const struct berth_args *args) {
    static char memory[BERTH_PAGE_MAX];
    struct berth_writer page = berth_writer_on(memory, sizeof memory);
    const struct berth_command *command = NULL;
    if (args->operand != NULL) {
        command = berth_command_find(berth_view_of(args->operand));
        if (command == NULL)
            return berth_complain_command(args->operand);
        berth_page_command_help(command, &page);
    } else {
        berth_page_help(&page);
    }
    fwrite(memory, 1, page.size, stdout);
    return fflush(stdout) == 0 ? BERTH_EXIT_DONE : BERTH_EXIT_FAILED;
}
