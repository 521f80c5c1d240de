#include "berth/error.h"
#include "cli/doctor_gather.h"

#include <netdb.h>
#include <pthread.h>
#include <time.h>

/* Not on the stack and not on the heap: a look-up that is late may still write here when nobody
 * waits for it any more. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool running;
    bool done;
    struct berth_doctor_localhost found;
} lookup = {.lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};

/* An address with a scope is no literal that anybody could be told; it is left out. */
static void take(const struct addrinfo *list, struct berth_doctor_localhost *found) {
    size_t max = sizeof found->addresses / sizeof *found->addresses;
    for (; list != NULL && found->count < max; list = list->ai_next) {
        char text[NI_MAXHOST];
        if (getnameinfo(list->ai_addr, list->ai_addrlen, text, sizeof text, NULL, 0,
                        NI_NUMERICHOST) == 0 &&
            berth_addr_parse(berth_view_of(text), 0, &found->addresses[found->count]) == 0)
            found->count++;
    }
}

static void *look_up(void *unused) {
    (void)unused;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct berth_doctor_localhost found = {0};
    struct addrinfo *list = NULL;
    if (getaddrinfo("localhost", NULL, &hints, &list) != 0)
        found.error = BERTH_E_NOT_FOUND;
    else
        take(list, &found);
    if (list != NULL)
        freeaddrinfo(list);
    pthread_mutex_lock(&lookup.lock);
    lookup.found = found;
    lookup.done = true;
    pthread_cond_signal(&lookup.ended);
    pthread_mutex_unlock(&lookup.lock);
    return NULL;
}

void berth_doctor_localhost_begin(void) {
    pthread_t thread;
    lookup.done = false;
    lookup.running = pthread_create(&thread, NULL, look_up, NULL) == 0;
    if (lookup.running)
        pthread_detach(thread);
}

static struct timespec time_in(uint32_t wait_ms) {
    struct timespec until = {0};
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(wait_ms / 1000);
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    return until;
}

void berth_doctor_localhost_end(uint32_t wait_ms, struct berth_doctor_localhost *ret_localhost) {
    struct timespec until = time_in(wait_ms);
    int late = 0;
    *ret_localhost = (struct berth_doctor_localhost){.error = BERTH_E_TIMEOUT};
    if (!lookup.running)
        return;
    lookup.running = false;
    pthread_mutex_lock(&lookup.lock);
    while (!lookup.done && late == 0)
        late = pthread_cond_timedwait(&lookup.ended, &lookup.lock, &until);
    if (lookup.done)
        *ret_localhost = lookup.found;
    pthread_mutex_unlock(&lookup.lock);
}
