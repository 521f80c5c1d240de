#include "server/entrance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void test_a_ticket_works_once_and_in_time(void **state) {
    (void)state;
    struct berth_entrance entrance;
    char ticket[BERTH_ENTRANCE_SECRET_SIZE];
    struct berth_view shown = {ticket, sizeof ticket};
    assert_int_equal(berth_entrance_init(&entrance, 1018), 0);
    assert_int_equal(berth_entrance_give(&entrance, 1000, ticket), 0);
    ticket[0] ^= 1;
    assert_false(berth_entrance_use(&entrance, shown, 1001));
    ticket[0] ^= 1;
    assert_true(berth_entrance_use(&entrance, shown, 1001));
    assert_false(berth_entrance_use(&entrance, shown, 1001));

    assert_int_equal(berth_entrance_give(&entrance, 1000, ticket), 0);
    assert_false(berth_entrance_use(&entrance, shown, 1000 + BERTH_ENTRANCE_TICKET_MS));
    assert_false(berth_entrance_use(&entrance, (struct berth_view){NULL, 0}, 0));
    berth_entrance_finish(&entrance);
}

static void test_the_oldest_ticket_gives_way(void **state) {
    (void)state;
    struct berth_entrance entrance;
    char first[BERTH_ENTRANCE_SECRET_SIZE], other[BERTH_ENTRANCE_SECRET_SIZE],
        second[BERTH_ENTRANCE_SECRET_SIZE];
    assert_int_equal(berth_entrance_init(&entrance, 1018), 0);
    assert_int_equal(berth_entrance_give(&entrance, 1, first), 0);
    assert_int_equal(berth_entrance_give(&entrance, 2, second), 0);
    for (uint64_t now = 3; now < 3 + BERTH_ENTRANCE_TICKETS - 1; now++)
        assert_int_equal(berth_entrance_give(&entrance, now, other), 0);
    assert_false(berth_entrance_use(&entrance, (struct berth_view){first, sizeof first}, 100));
    assert_true(berth_entrance_use(&entrance, (struct berth_view){second, sizeof second}, 100));
    berth_entrance_finish(&entrance);
}

static void test_the_cookie_is_known_among_others(void **state) {
    (void)state;
    struct berth_entrance entrance, other;
    char memory[128], field[256];
    struct berth_writer cookie = berth_writer_on(memory, sizeof memory - 1);
    assert_int_equal(berth_entrance_init(&entrance, 1018), 0);
    assert_int_equal(berth_entrance_init(&other, 1018), 0);
    berth_entrance_write_cookie(&entrance, &cookie);
    assert_false(cookie.overflow);
    size_t pair = strcspn(memory, ";");
    assert_int_equal(pair, sizeof "berth-1018=" - 1 + BERTH_ENTRANCE_SECRET_SIZE);

    snprintf(field, sizeof field, "berth-1019=x; a; =; %.*s; b=c", (int)pair, memory);
    assert_true(berth_entrance_knows(&entrance, berth_view_of(field)));
    assert_false(berth_entrance_knows(&other, berth_view_of(field)));
    snprintf(field, sizeof field, "x%.*s", (int)pair, memory);
    assert_false(berth_entrance_knows(&entrance, berth_view_of(field)));
    snprintf(field, sizeof field, "%.*sx", (int)pair, memory);
    assert_false(berth_entrance_knows(&entrance, berth_view_of(field)));
    assert_false(berth_entrance_knows(&entrance, (struct berth_view){NULL, 0}));
    berth_entrance_finish(&entrance);
    berth_entrance_finish(&other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_ticket_works_once_and_in_time),
        cmocka_unit_test(test_the_oldest_ticket_gives_way),
        cmocka_unit_test(test_the_cookie_is_known_among_others),
    };
    return cmocka_run_group_tests_name("server/entrance", tests, NULL, NULL);
}
