#include "sys/thread.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "berth/error.h"

#include <pthread.h>
#include <signal.h>

/* -- Threads ----------------------------------------------------------------------------------- */

struct berth_sys_thread {
    pthread_t thread;
    void (*run)(void *owner);
    void *owner;
};

static void *begin(void *argument) {
    struct berth_sys_thread *thread = argument;
    thread->run(thread->owner);
    return NULL;
}

int berth_sys_thread_start(void (*run)(void *owner), void *owner,
                           struct berth_sys_thread **ret_thread) {
    struct berth_sys_thread *thread = berth_alloc(sizeof *thread);
    if (thread == NULL)
        return BERTH_E_MEMORY;
    *thread = (struct berth_sys_thread){.run = run, .owner = owner};
    /* A new thread has the mask of the one that makes it: from its first instruction on, signals go
     * to those who were there before. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = pthread_create(&thread->thread, NULL, begin, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (status != 0) {
        berth_free(thread);
        return BERTH_E_SYSTEM;
    }
    *ret_thread = thread;
    return 0;
}

void berth_sys_thread_join(struct berth_sys_thread *thread) {
    if (thread == NULL)
        return;
    int status = pthread_join(thread->thread, NULL);
    BERTH_ASSERT(status == 0);
    berth_free(thread);
}

/* -- Mutexes -------------------------------------------------------------------------------------
 */

struct berth_sys_mutex {
    pthread_mutex_t inner;
};

int berth_sys_mutex_create(struct berth_sys_mutex **ret_mutex) {
    struct berth_sys_mutex *mutex = berth_alloc(sizeof *mutex);
    if (mutex == NULL)
        return BERTH_E_MEMORY;
    int status = pthread_mutex_init(&mutex->inner, NULL);
    BERTH_ASSERT(status == 0); /* of a plain one it cannot fail */
    *ret_mutex = mutex;
    return 0;
}

void berth_sys_mutex_take(struct berth_sys_mutex *mutex) {
    int status = pthread_mutex_lock(&mutex->inner);
    BERTH_ASSERT(status == 0);
}

void berth_sys_mutex_give(struct berth_sys_mutex *mutex) {
    int status = pthread_mutex_unlock(&mutex->inner);
    BERTH_ASSERT(status == 0);
}

void berth_sys_mutex_destroy(struct berth_sys_mutex *mutex) {
    if (mutex == NULL)
        return;
    pthread_mutex_destroy(&mutex->inner);
    berth_free(mutex);
}
