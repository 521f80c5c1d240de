#include "server/deadline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_the_earliest_is_first(void **state) {
    (void)state;
    struct berth_deadline_queue queue;
    struct berth_deadline a = {0}, b = {0}, c = {0};
    berth_deadline_queue_init(&queue, 100);
    assert_null(berth_deadline_first(&queue));
    berth_deadline_set(&a, &queue, 1);
    berth_deadline_set(&b, &queue, 2);
    berth_deadline_set(&c, &queue, 3);
    assert_ptr_equal(berth_deadline_first(&queue), &a);
    assert_int_equal(a.at_ms, 101);
    berth_deadline_set(&a, &queue, 4); /* set anew: goes to the end */
    assert_ptr_equal(berth_deadline_first(&queue), &b);
    berth_deadline_clear(&b);
    assert_ptr_equal(berth_deadline_first(&queue), &c);
    berth_deadline_clear(&c);
    assert_ptr_equal(berth_deadline_first(&queue), &a);
    berth_deadline_clear(&a);
    assert_null(berth_deadline_first(&queue));
}

static void test_a_deadline_moves_between_queues(void **state) {
    (void)state;
    struct berth_deadline_queue soon, late;
    struct berth_deadline deadline = {0};
    berth_deadline_queue_init(&soon, 10);
    berth_deadline_queue_init(&late, 1000);
    assert_false(berth_deadline_is_set(&deadline));
    berth_deadline_set(&deadline, &soon, 5);
    berth_deadline_set(&deadline, &late, 5);
    assert_null(berth_deadline_first(&soon));
    assert_ptr_equal(berth_deadline_first(&late), &deadline);
    assert_int_equal(deadline.at_ms, 1005);
    berth_deadline_clear(&deadline);
    berth_deadline_clear(&deadline); /* twice is once */
    assert_false(berth_deadline_is_set(&deadline));
}

static void test_what_was_set_just_now_is_fresh(void **state) {
    (void)state;
    struct berth_deadline_queue queue;
    struct berth_deadline deadline = {0};
    berth_deadline_queue_init(&queue, 25600);
    assert_false(berth_deadline_is_fresh(&deadline, &queue, 0)); /* it is not set */
    berth_deadline_set(&deadline, &queue, 1000);
    assert_true(berth_deadline_is_fresh(&deadline, &queue, 1000));
    assert_true(berth_deadline_is_fresh(&deadline, &queue, 1200));
    assert_false(berth_deadline_is_fresh(&deadline, &queue, 1201));
    berth_deadline_queue_init(&queue, 100);
    berth_deadline_set(&deadline, &queue, 1000);
    assert_true(berth_deadline_is_fresh(&deadline, &queue, 1000));
    assert_false(berth_deadline_is_fresh(&deadline, &queue, 1001));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_earliest_is_first),
        cmocka_unit_test(test_a_deadline_moves_between_queues),
        cmocka_unit_test(test_what_was_set_just_now_is_fresh),
    };
    return cmocka_run_group_tests_name("server/deadline", tests, NULL, NULL);
}
