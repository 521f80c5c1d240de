#include "cli/args.h"
#include "cli/complain.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* A program that was started with a closed stdin, stdout or stderr would get that number for its
 * next file or socket, and then write its log into it. */
static void fill_standard_descriptors(void) {
    for (int descriptor = 0; descriptor <= 2; descriptor++)
        if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
            _exit(BERTH_EXIT_FAILED);
}

static enum berth_exit print_version(void) {
    puts("berth " BERTH_VERSION);
    return fflush(stdout) == 0 ? BERTH_EXIT_DONE : BERTH_EXIT_FAILED;
}

/* Flags before any command: only --help and --version say anything there. */
static enum berth_exit run_flags(int argc, char *const *argv) {
    struct berth_args args;
    char memory[BERTH_COMPLAINT_MAX];
    struct berth_writer why = berth_writer_on(memory, sizeof memory);
    if (berth_args_parse(NULL, argc, argv, &why, &args) < 0)
        return berth_complain(berth_writer_result(&why));
    if (args.options[BERTH_OPTION_VERSION] != NULL)
        return print_version();
    return berth_command_help(&args);
}

static enum berth_exit run_command(const struct berth_command *command, int argc,
                                   char *const *argv) {
    struct berth_args args;
    char memory[BERTH_COMPLAINT_MAX];
    struct berth_writer why = berth_writer_on(memory, sizeof memory);
    if (berth_args_parse(command, argc, argv, &why, &args) < 0)
        return berth_complain(berth_writer_result(&why));
    if (args.options[BERTH_OPTION_HELP] != NULL)
        return berth_command_help(&(struct berth_args){.operand = command->name});
    return command->run(&args);
}

static enum berth_exit run(int argc, char *const *argv) {
    if (argc < 2)
        return berth_complain_usage();
    if (argv[1][0] == '-')
        return run_flags(argc - 1, argv + 1);
    const struct berth_command *command = berth_command_find(berth_view_of(argv[1]));
    if (command == NULL)
        return berth_complain_command(argv[1]);
    return run_command(command, argc - 2, argv + 2);
}

int main(int argc, char **argv) {
    fill_standard_descriptors();
    /* A reader that went away is an error of that write, never the end of the program. */
    signal(SIGPIPE, SIG_IGN);
    return (int)run(argc, argv);
}
