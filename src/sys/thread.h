/* Threads, and mutexes between them.
 *
 *     error = berth_sys_thread_start(run, owner, &thread);
 *     ... run(owner) runs beside this ...
 *     berth_sys_thread_join(thread);
 *
 * Shape:   a thread runs one function; signals of the process never come to it
 * Owns:    a thread until it is joined, a mutex until it is destroyed
 * Errors:  BERTH_E_MEMORY, BERTH_E_SYSTEM (the system's limit on threads)
 * Threads: any
 * Proof:   thread_test.c
 */
#ifndef BERTH_SYS_THREAD_H
#define BERTH_SYS_THREAD_H

struct berth_sys_thread;
struct berth_sys_mutex;

int berth_sys_thread_start(void (*run)(void *owner), void *owner,
                           struct berth_sys_thread **ret_thread);

/* Waits for its end and frees it. NULL is welcome. */
void berth_sys_thread_join(struct berth_sys_thread *thread);

int berth_sys_mutex_create(struct berth_sys_mutex **ret_mutex);

/* One at a time, and not twice in one thread. */
void berth_sys_mutex_take(struct berth_sys_mutex *mutex);
void berth_sys_mutex_give(struct berth_sys_mutex *mutex);

/* NULL is welcome. */
void berth_sys_mutex_destroy(struct berth_sys_mutex *mutex);

#endif
