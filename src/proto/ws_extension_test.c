/* Every vector of tests/wire/ws/extensions.txt, which says how it is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/ws_extension.h"
#include "proto/ws_script.h"

struct vector {
    char name[128];
    struct berth_ws_deflate_policy policy;
    bool bad;
    bool found;
    struct berth_ws_deflate agreed;
};

static void begin_case(struct vector *vector, struct berth_view name) {
    *vector = (struct vector){0};
    snprintf(vector->name, sizeof vector->name, "%.*s", BERTH_VIEW_ARG(name));
}

static void read_policy(struct vector *vector, struct berth_view name) {
    bool shared = berth_view_equal(name, BERTH_VIEW("shared"));
    assert_true(shared || berth_view_equal(name, BERTH_VIEW("own")));
    vector->policy = (struct berth_ws_deflate_policy){shared, shared};
}

/* From memory of exactly its size, so that AddressSanitizer finds what is read behind it. */
static void read_offer(struct vector *vector, struct berth_view value) {
    char *bytes = malloc(value.size > 0 ? value.size : 1);
    assert_non_null(bytes);
    if (value.size > 0)
        memcpy(bytes, value.data, value.size);
    struct berth_ws_deflate agreed;
    int found =
        berth_ws_deflate_choose((struct berth_view){bytes, value.size}, &vector->policy, &agreed);
    vector->bad = vector->bad || found < 0;
    if (found == 1 && !vector->found)
        vector->agreed = agreed;
    vector->found = vector->found || found == 1;
    free(bytes);
}

static void check_answer(struct vector *vector, struct berth_view want) {
    char memory[BERTH_WS_DEFLATE_TEXT_MAX];
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    if (vector->bad)
        berth_writer_text(&out, "bad");
    else if (!vector->found)
        berth_writer_text(&out, "none");
    else
        berth_ws_deflate_write(&vector->agreed, &out);
    assert_false(out.overflow);
    if (!berth_view_equal(berth_writer_result(&out), want))
        fail_msg("%s\n  want: %.*s\n  have: %.*s", vector->name, BERTH_VIEW_ARG(want),
                 BERTH_VIEW_ARG(berth_writer_result(&out)));
}

static void vectors(void **state) {
    (void)state;
    struct vector vector = {0};
    struct ws_script script = ws_script_open("extensions.txt");
    struct berth_view word, rest;
    size_t answers = 0;
    while (ws_script_next(&script, &word, &rest)) {
        if (berth_view_equal(word, BERTH_VIEW("case"))) {
            begin_case(&vector, rest);
        } else if (berth_view_equal(word, BERTH_VIEW("policy"))) {
            read_policy(&vector, rest);
        } else if (berth_view_equal(word, BERTH_VIEW("offer"))) {
            read_offer(&vector, rest);
        } else if (berth_view_equal(word, BERTH_VIEW("answer"))) {
            check_answer(&vector, rest);
            answers++;
        } else if (!berth_view_equal(word, BERTH_VIEW("section"))) {
            ws_script_die(&script, "an unknown word");
        }
    }
    print_message("%s: %zu vectors\n", script.name, answers);
    assert_true(answers > 0);
}

static struct berth_ws_deflate agree(const char *offer, bool shared) {
    struct berth_ws_deflate_policy policy = {shared, shared};
    struct berth_ws_deflate agreed = {0};
    assert_int_equal(berth_ws_deflate_choose(berth_view_of(offer), &policy, &agreed), 1);
    return agreed;
}

/* What stands in no answer holds all the same. */
static void what_is_not_named_is_the_largest(void **state) {
    (void)state;
    struct berth_ws_deflate agreed = agree("permessage-deflate; client_max_window_bits", false);
    assert_int_equal(agreed.server_max_window_bits, 15);
    assert_int_equal(agreed.client_max_window_bits, 15);
    agreed = agree("permessage-deflate; client_max_window_bits=8; server_max_window_bits=9", true);
    assert_int_equal(agreed.server_max_window_bits, 9);
    assert_int_equal(agreed.client_max_window_bits, 8);
}

static void the_longest_answer_fits(void **state) {
    (void)state;
    char memory[BERTH_WS_DEFLATE_TEXT_MAX];
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    struct berth_ws_deflate all = {true, true, true, true, 15, 15};
    berth_ws_deflate_write(&all, &out);
    assert_false(out.overflow);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(what_is_not_named_is_the_largest),
        cmocka_unit_test(the_longest_answer_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
