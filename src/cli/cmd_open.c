#include "berth/error.h"
#include "cli/seek.h"
#include "cli/ticket.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASK_MS 3000

/* Where the page is: signed in where the server does that, else plain. */
static void make_link(const struct berth_found *found, char link[BERTH_TICKET_LINK_MAX]) {
    int error = berth_ticket_get(found, link);
    if (error == 0)
        return;
    snprintf(link, BERTH_TICKET_LINK_MAX, "%s/", found->http_url);
    fprintf(stderr, "berth: no sign-in from %s (%s): the link is its plain page\n", found->app,
            error == BERTH_E_NOT_FOUND ? "there is no record with its token"
                                       : berth_error_text(error));
}

/* -- The browser ------------------------------------------------------------------------------- */

/* Waits until the program has begun to run (0, and it goes on by itself) or could not be run
 * (its errno): the pipe closes at exec. */
static int start(const char *const *argv) {
    int ends[2];
    int failure = 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        setsid(); /* Ctrl-C in this terminal is not meant for the browser */
        signal(SIGPIPE, SIG_DFL);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        failure = errno;
        (void)!write(ends[1], &failure, sizeof failure);
        _exit(127);
    }
    close(ends[1]);
    if (pid < 0)
        failure = errno;
    else if (read(ends[0], &failure, sizeof failure) == (ssize_t)sizeof failure)
        waitpid(pid, NULL, 0);
    close(ends[0]);
    return failure;
}

/* One entry of $BROWSER: a program, with %s where the URL goes, or behind it. */
static bool start_entry(struct berth_view entry, const char *link) {
    char memory[1024];
    const char *argv[16] = {NULL};
    size_t count = 0;
    bool placed = false;
    if (entry.size == 0 || entry.size >= sizeof memory)
        return false;
    memcpy(memory, entry.data, entry.size);
    memory[entry.size] = '\0';
    char *rest = memory;
    for (char *word = strsep(&rest, " "); word != NULL && count < 14; word = strsep(&rest, " ")) {
        bool is_place = strcmp(word, "%s") == 0;
        placed = placed || is_place;
        if (*word != '\0')
            argv[count++] = is_place ? link : word;
    }
    if (!placed)
        argv[count] = link;
    return count > 0 && start(argv) == 0;
}

/* $BROWSER is a list with colons, as xdg-open and others read it; else the desktop decides. */
static bool open_browser(const char *link) {
    const char *browser = getenv("BROWSER");
    struct berth_view rest = berth_view_of(browser);
    while (rest.size > 0)
        if (start_entry(berth_view_cut(rest, ':', &rest), link))
            return true;
    bool desktop = getenv("DISPLAY") != NULL || getenv("WAYLAND_DISPLAY") != NULL;
    return browser == NULL && desktop && start_entry(BERTH_VIEW("xdg-open"), link);
}

/* -- The command ------------------------------------------------------------------------------- */

static enum berth_exit print(const char *link) {
    puts(link);
    return fflush(stdout) == 0 ? BERTH_EXIT_DONE : BERTH_EXIT_FAILED;
}

static enum berth_exit open_found(const struct berth_found *found, bool only_print) {
    char link[BERTH_TICKET_LINK_MAX];
    make_link(found, link);
    if (only_print)
        return print(link);
    if (open_browser(link)) {
        fprintf(stderr, "%s is opened in the browser\n", found->app);
        return BERTH_EXIT_DONE;
    }
    fprintf(stderr, "berth: there is no browser to open here: open this link in one on this "
                    "machine, within a minute, or name a program in BROWSER\n");
    (void)print(link);
    return BERTH_EXIT_FAILED;
}

enum berth_exit berth_command_open(const struct berth_args *args) {
    static struct berth_seek seek;
    struct berth_found found;
    enum berth_exit status = berth_seek_begin(&seek, args, NULL);
    if (status == BERTH_EXIT_DONE) {
        int error = berth_find(&seek.find, &found);
        status = error < 0 ? berth_seek_complain(&seek, error)
                           : open_found(&found, args->options[BERTH_OPTION_PRINT_URL] != NULL);
    }
    berth_seek_end(&seek);
    return status;
}
