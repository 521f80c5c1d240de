/* Prints a generated page: `berth-docs man`, `berth-docs configuration`. Used at build time. */
#include "cli/page.h"

#include <stdio.h>

int main(int argc, char **argv) {
    static char memory[BERTH_PAGE_MAX];
    struct berth_writer page = berth_writer_on(memory, sizeof memory);
    struct berth_view name = berth_view_of(argc == 2 ? argv[1] : "");
    if (berth_view_equal(name, BERTH_VIEW("man"))) {
        berth_page_manual(&page);
    } else if (berth_view_equal(name, BERTH_VIEW("configuration"))) {
        berth_page_configuration(&page);
    } else {
        fputs("usage: berth-docs man|configuration\n", stderr);
        return BERTH_EXIT_USAGE;
    }
    bool written = fwrite(memory, 1, page.size, stdout) == page.size && fflush(stdout) == 0;
    return written && !page.overflow ? BERTH_EXIT_DONE : BERTH_EXIT_FAILED;
}
