#include "sys/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void what_allocation_turns_on(void **state) {
    (void)state;
    assert_int_equal(berth_sys_error(EADDRINUSE), BERTH_E_IN_USE);
    assert_int_equal(berth_sys_error(EACCES), BERTH_E_DENIED);
    assert_int_equal(berth_sys_error(EPERM), BERTH_E_DENIED);
    assert_int_equal(berth_sys_error(EADDRNOTAVAIL), BERTH_E_NO_ADDRESS);
    assert_int_equal(berth_sys_error(EAFNOSUPPORT), BERTH_E_NO_ADDRESS);
    assert_int_equal(berth_sys_error(EMFILE), BERTH_E_TOO_MANY_FILES);
    assert_int_equal(berth_sys_error(EROFS), BERTH_E_READ_ONLY);
    assert_int_equal(berth_sys_error(EDQUOT), BERTH_E_NO_SPACE);
}

static void every_number_is_an_error(void **state) {
    (void)state;
    for (int number = -1; number < 200; number++)
        assert_true(berth_sys_error(number) < 0);
    assert_int_equal(berth_sys_error(0), BERTH_E_SYSTEM);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_allocation_turns_on),
        cmocka_unit_test(every_number_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
