#include "cli/cmd_list.h"

#include "berth/error.h"
#include "cli/complain.h"
#include "cli/log.h"
#include "port/record.h"

#include <limits.h>
#include <stdio.h>

/* Room for one record, whatever it holds, every byte of it escaped. */
static char memory[8 * BERTH_ENDPOINT_MAX];

struct listing {
    bool json;
    size_t count;
};

static void pad_to(struct berth_writer *out, size_t column) {
    berth_writer_char(out, ' ');
    do
        berth_writer_char(out, ' ');
    while (out->size < column);
}

void berth_list_write_head(struct berth_writer *out) {
    berth_writer_text(out, "APP");
    pad_to(out, 20);
    berth_writer_text(out, "PID");
    pad_to(out, 30);
    berth_writer_text(out, "PORT");
    pad_to(out, 37);
    berth_writer_text(out, "STATE");
    pad_to(out, 47);
    berth_writer_text(out, "SINCE");
    pad_to(out, 69);
    berth_writer_text(out, "URL\n");
}

void berth_list_write_row(const struct berth_running *running, struct berth_writer *out) {
    struct berth_view rest;
    struct berth_view since = berth_view_cut(berth_view_of(running->started_at), '.', &rest);
    berth_cli_text_escape(berth_view_of(running->app), out);
    pad_to(out, 20);
    berth_writer_number(out, running->pid);
    pad_to(out, 30);
    berth_writer_number(out, running->port);
    pad_to(out, 37);
    berth_writer_text(out, berth_endpoint_state_name(running->state));
    pad_to(out, 47);
    berth_cli_text_escape(since, out);
    berth_writer_char(out, 'Z');
    pad_to(out, 69);
    berth_cli_text_escape(berth_view_of(running->http_url), out);
    berth_writer_char(out, '\n');
}

static void print(const struct berth_writer *out) { fwrite(out->data, 1, out->size, stdout); }

static bool print_one(void *owner, const struct berth_record_entry *entry) {
    static struct berth_running running;
    struct listing *listing = owner;
    if (!entry->alive || berth_running_read(entry->content, &running) < 0)
        return true;
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    if (listing->json)
        berth_writer_format(&out, "%s%s", listing->count > 0 ? "," : "", running.public_line);
    else if (listing->count == 0)
        berth_list_write_head(&out);
    print(&out);
    out.size = 0;
    if (!listing->json)
        berth_list_write_row(&running, &out);
    print(&out);
    listing->count++;
    return true;
}

static enum berth_exit fail(const char *folder, int error) {
    char text[BERTH_COMPLAINT_MAX];
    struct berth_writer out = berth_writer_on(text, sizeof text);
    berth_writer_format(&out, "the records in %.300s cannot be read: %s", folder,
                        berth_error_text(error));
    (void)berth_complain(berth_writer_result(&out));
    return BERTH_EXIT_FAILED;
}

enum berth_exit berth_command_list(const struct berth_args *args) {
    char folder[PATH_MAX] = "the runtime folder";
    struct listing listing = {.json = args->options[BERTH_OPTION_JSON] != NULL};
    int error = berth_record_folder(folder, sizeof folder);
    if (listing.json)
        fputs("[", stdout);
    if (error == 0)
        error = berth_record_list(folder, NULL, print_one, &listing);
    if (listing.json)
        fputs("]\n", stdout);
    if (error < 0)
        return fail(folder, error);
    if (!listing.json && listing.count == 0)
        fputs("Nothing is running.\n", stderr);
    return fflush(stdout) == 0 ? BERTH_EXIT_DONE : BERTH_EXIT_FAILED;
}
