#include "sys/thread.h"

#include "base/alloc.h"
#include "berth/error.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define THREADS 4
#define ROUNDS 20000

static struct berth_sys_mutex *mutex;
static unsigned counted; /* under the mutex */

static void count(void *owner) {
    (void)owner;
    for (int i = 0; i < ROUNDS; i++) {
        berth_sys_mutex_take(mutex);
        counted++;
        berth_sys_mutex_give(mutex);
    }
}

static void test_a_mutex_is_for_one_at_a_time(void **state) {
    (void)state;
    struct berth_sys_thread *threads[THREADS];
    counted = 0;
    assert_int_equal(berth_sys_mutex_create(&mutex), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(berth_sys_thread_start(count, NULL, &threads[i]), 0);
    for (int i = 0; i < THREADS; i++)
        berth_sys_thread_join(threads[i]);
    assert_int_equal(counted, THREADS * ROUNDS);
    berth_sys_mutex_destroy(mutex);
}

static void look_at_mask(void *owner) {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    *(bool *)owner = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGHUP) == 1;
}

static void test_signals_go_to_others(void **state) {
    (void)state;
    bool blocked = false;
    struct berth_sys_thread *thread;
    assert_int_equal(berth_sys_thread_start(look_at_mask, &blocked, &thread), 0);
    berth_sys_thread_join(thread);
    assert_true(blocked);
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    assert_int_equal(sigismember(&mask, SIGTERM), 0);
}

static void test_without_memory(void **state) {
    (void)state;
    struct berth_sys_thread *thread;
    berth_alloc_fail_at(1);
    assert_int_equal(berth_sys_thread_start(count, NULL, &thread), BERTH_E_MEMORY);
    berth_alloc_fail_at(1);
    assert_int_equal(berth_sys_mutex_create(&mutex), BERTH_E_MEMORY);
    berth_alloc_fail_at(0);
    berth_sys_thread_join(NULL);
    berth_sys_mutex_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_mutex_is_for_one_at_a_time),
        cmocka_unit_test(test_signals_go_to_others),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
