#include "berth/error.h"
#include "cli/doctor_gather.h"
#include "sys/linux/sockaddr.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <time.h>

/* Not on the stack and not on the heap: a look-up that is late may still write here when nobody
 * waits for it any more. */
static struct {
    pthread_t thread;
    bool running;
    struct berth_doctor_localhost found;
} lookup;

static void take(const struct addrinfo *list, struct berth_doctor_localhost *found) {
    size_t max = sizeof found->addresses / sizeof *found->addresses;
    for (; list != NULL && found->count < max; list = list->ai_next) {
        struct sockaddr_storage storage = {0};
        if (list->ai_addrlen > sizeof storage)
            continue;
        memcpy(&storage, list->ai_addr, list->ai_addrlen);
        if (berth_sys_sockaddr_to(&storage, &found->addresses[found->count]) == 0)
            found->count++;
    }
}

static void *look_up(void *unused) {
    (void)unused;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    if (getaddrinfo("localhost", NULL, &hints, &list) != 0)
        lookup.found.error = BERTH_E_NOT_FOUND;
    else
        take(list, &lookup.found);
    if (list != NULL)
        freeaddrinfo(list);
    return NULL;
}

void berth_doctor_localhost_begin(void) {
    lookup.found = (struct berth_doctor_localhost){0};
    lookup.running = pthread_create(&lookup.thread, NULL, look_up, NULL) == 0;
}

void berth_doctor_localhost_end(uint32_t wait_ms, struct berth_doctor_localhost *ret_localhost) {
    struct timespec until;
    *ret_localhost = (struct berth_doctor_localhost){.error = BERTH_E_TIMEOUT};
    if (!lookup.running || clock_gettime(CLOCK_REALTIME, &until) != 0)
        return;
    until.tv_sec += (time_t)(wait_ms / 1000);
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    if (pthread_timedjoin_np(lookup.thread, NULL, &until) == 0)
        *ret_localhost = lookup.found;
    else
        pthread_detach(lookup.thread);
    lookup.running = false;
}
