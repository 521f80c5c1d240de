#include "cli/stdin.h"

#include "berth/error.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#define READ_SIZE 65536
#define RETRY_MS 10

/* One for the process, and never freed: the thread may outlive everybody who hears of it. */
struct berth_stdin {
    const struct berth_stdin_events *events;
    void *owner;
    struct berth_net_signal *woken;
    struct berth_net_timer *retry;
    bool ended; /* on_end was called */

    /* What is below is the thread's too, under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t taken;
    bool heard; /* there is a loop to wake */
    bool at_end;
    size_t size;
    char bytes[BERTH_STDIN_LINE_MAX + 1]; /* a line and its end */
};

static struct berth_stdin the_input = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                       .taken = PTHREAD_COND_INITIALIZER};

/* -- The thread -------------------------------------------------------------------------------- */

/* Under the lock, so that there is a handler as long as this can come. */
static void wake(struct berth_stdin *input) {
    if (input->heard)
        kill(getpid(), SIGIO);
}

/* Waits for the loop when there is no room. */
static void hand_over(struct berth_stdin *input, const char *bytes, size_t size) {
    pthread_mutex_lock(&input->lock);
    while (size > 0) {
        while (input->size == sizeof input->bytes)
            pthread_cond_wait(&input->taken, &input->lock);
        size_t room = sizeof input->bytes - input->size;
        size_t part = size < room ? size : room;
        memcpy(input->bytes + input->size, bytes, part);
        input->size += part;
        bytes += part;
        size -= part;
        wake(input);
    }
    pthread_mutex_unlock(&input->lock);
}

/* An input that cannot be read has ended. */
static void *read_all(void *argument) {
    static char bytes[READ_SIZE];
    struct berth_stdin *input = argument;
    ssize_t got;
    do {
        got = read(STDIN_FILENO, bytes, sizeof bytes);
        if (got > 0)
            hand_over(input, bytes, (size_t)got);
    } while (got > 0 || (got < 0 && errno == EINTR));
    pthread_mutex_lock(&input->lock);
    input->at_end = true;
    wake(input);
    pthread_mutex_unlock(&input->lock);
    return NULL;
}

/* -- The loop ---------------------------------------------------------------------------------- */

/* Hands out the line at `from`, and moves it behind that; false when there is none, or it was not
 * taken. */
static bool hand_out(struct berth_stdin *input, size_t *from) {
    const char *line = input->bytes + *from;
    size_t left = input->size - *from;
    const char *end = memchr(line, '\n', left);
    size_t size = end != NULL ? (size_t)(end - line) : left;
    if (end == NULL && (left == 0 || !input->at_end))
        return false;
    if (!input->events->on_line(input->owner, (struct berth_view){line, size})) {
        berth_net_timer_start(input->retry, RETRY_MS);
        return false;
    }
    *from += size + (end != NULL ? 1 : 0);
    return true;
}

static void end(struct berth_stdin *input, int error) {
    if (input->ended)
        return;
    input->ended = true;
    input->events->on_end(input->owner, error);
}

static void take(void *owner) {
    struct berth_stdin *input = owner;
    size_t from = 0;
    pthread_mutex_lock(&input->lock);
    while (!input->ended && hand_out(input, &from)) {
    }
    input->size -= from;
    memmove(input->bytes, input->bytes + from, input->size);
    bool empty = input->at_end && input->size == 0;
    bool stuck =
        input->size == sizeof input->bytes && memchr(input->bytes, '\n', input->size) == NULL;
    pthread_cond_signal(&input->taken);
    pthread_mutex_unlock(&input->lock);
    if (empty || stuck)
        end(input, stuck ? BERTH_E_FULL : 0);
}

static void on_signal(void *owner, int number) {
    (void)number;
    take(owner);
}

/* -- Begin and end ----------------------------------------------------------------------------- */

static int start_thread(struct berth_stdin *input) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, read_all, input) != 0)
        return BERTH_E_SYSTEM;
    pthread_detach(thread);
    return 0;
}

int berth_stdin_create(struct berth_net *net, const struct berth_stdin_events *events, void *owner,
                       struct berth_stdin **ret_stdin) {
    struct berth_stdin *input = &the_input;
    input->events = events;
    input->owner = owner;
    int error = berth_net_timer_create(net, take, input, &input->retry);
    if (error == 0)
        error = berth_net_signal_create(net, SIGIO, on_signal, input, &input->woken);
    if (error == 0) {
        input->heard = true;
        error = start_thread(input);
    }
    if (error < 0) {
        berth_stdin_destroy(input);
        return error;
    }
    *ret_stdin = input;
    return 0;
}

void berth_stdin_destroy(struct berth_stdin *input) {
    if (input == NULL)
        return;
    pthread_mutex_lock(&input->lock);
    input->heard = false;
    input->ended = true;
    pthread_mutex_unlock(&input->lock);
    berth_net_signal_destroy(input->woken);
    berth_net_timer_destroy(input->retry);
    input->woken = NULL;
    input->retry = NULL;
}
