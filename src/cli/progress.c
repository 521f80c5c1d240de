#include "cli/progress.h"

#include "base/alloc.h"
#include "berth/error.h"
#include "sys/process.h"

#include <stdio.h>

#define LINE_MAX 160

static const uint64_t first_ms = 1000;
static const uint64_t again_ms = 500;

struct berth_progress {
    struct berth_net *net;
    struct berth_net_timer *timer;
    berth_progress_write write;
    void *owner;
    uint64_t since_ms;
    bool shown;
};

static void show(void *owner) {
    struct berth_progress *progress = owner;
    char line[LINE_MAX];
    struct berth_writer out = berth_writer_on(line, sizeof line);
    progress->write(progress->owner, berth_net_now_ms(progress->net) - progress->since_ms, &out);
    fprintf(stderr, "\r\033[K%.*s", BERTH_VIEW_ARG(berth_writer_result(&out)));
    fflush(stderr);
    progress->shown = true;
    berth_net_timer_start(progress->timer, again_ms);
}

int berth_progress_create(struct berth_net *net, berth_progress_write write, void *owner,
                          struct berth_progress **ret_progress) {
    *ret_progress = NULL;
    if (!berth_sys_is_terminal(2))
        return 0;
    struct berth_progress *progress = berth_alloc(sizeof *progress);
    if (progress == NULL)
        return BERTH_E_MEMORY;
    *progress = (struct berth_progress){
        .net = net, .write = write, .owner = owner, .since_ms = berth_net_now_ms(net)};
    int error = berth_net_timer_create(net, show, progress, &progress->timer);
    if (error < 0) {
        berth_free(progress);
        return error;
    }
    berth_net_timer_start(progress->timer, first_ms);
    *ret_progress = progress;
    return 0;
}

void berth_progress_destroy(struct berth_progress *progress) {
    if (progress == NULL)
        return;
    berth_net_timer_destroy(progress->timer);
    if (progress->shown)
        fputs("\r\033[K", stderr);
    berth_free(progress);
}
