/* The pages and the tables say the same. */
#include "cli/page.h"

#include "base/buf.h"
#include "sys/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static char memory[BERTH_PAGE_MAX];

/* `berth-docs man >docs/man/berth.1` and `berth-docs configuration >docs/configuration.md` mend a
 * page that is behind. */
static void same_as_file(const char *path, const struct berth_writer *page) {
    struct berth_buf file = berth_buf_make(BERTH_PAGE_MAX);
    assert_false(page->overflow);
    assert_int_equal(berth_sys_file_read(path, &file), 0);
    assert_true(berth_view_equal(berth_buf_view(&file), berth_writer_result(page)));
    berth_buf_free(&file);
}

static void test_manual_is_current(void **state) {
    (void)state;
    struct berth_writer page = berth_writer_on(memory, sizeof memory);
    berth_page_manual(&page);
    same_as_file(BERTH_WIRE_DIR "/../../docs/man/berth.1", &page);
}

static void test_reference_is_current(void **state) {
    (void)state;
    struct berth_writer page = berth_writer_on(memory, sizeof memory);
    berth_page_configuration(&page);
    same_as_file(BERTH_WIRE_DIR "/../../docs/configuration.md", &page);
}

static void test_help_names_everything(void **state) {
    (void)state;
    for (const struct berth_command *command = berth_commands; command->name != NULL; command++) {
        struct berth_writer page = berth_writer_on(memory, sizeof memory - 1);
        berth_page_command_help(command, &page);
        memory[page.size] = '\0';
        assert_non_null(strstr(memory, command->name));
        for (size_t i = 0; i < BERTH_SETTINGS; i++)
            if (berth_command_takes(command, (enum berth_setting_id)i))
                assert_non_null(strstr(memory, berth_settings[i].flag));
    }
    struct berth_writer page = berth_writer_on(memory, sizeof memory - 1);
    berth_page_help(&page);
    memory[page.size] = '\0';
    for (const struct berth_command *command = berth_commands; command->name != NULL; command++)
        assert_non_null(strstr(memory, command->summary));
}

static void test_help_fits_a_terminal(void **state) {
    (void)state;
    struct berth_writer page = berth_writer_on(memory, sizeof memory);
    berth_page_help(&page);
    for (const struct berth_command *command = berth_commands; command->name != NULL; command++)
        berth_page_command_help(command, &page);
    struct berth_view rest = berth_writer_result(&page);
    while (rest.size > 0)
        assert_in_range(berth_view_cut(rest, '\n', &rest).size, 0, 80);
}

/* Two settings, flags or variables of one name would hide each other. */
static void test_names_are_unique(void **state) {
    (void)state;
    for (size_t i = 0; i < BERTH_SETTINGS; i++) {
        const struct berth_setting *a = &berth_settings[i];
        assert_non_null(a->summary);
        assert_ptr_equal(berth_setting_find(berth_view_of(a->path)), a);
        for (size_t k = 0; k < i; k++) {
            const struct berth_setting *b = &berth_settings[k];
            assert_string_not_equal(a->path, b->path);
            assert_true(a->flag == NULL || b->flag == NULL || strcmp(a->flag, b->flag) != 0);
            assert_true(a->variable == NULL || b->variable == NULL ||
                        strcmp(a->variable, b->variable) != 0);
        }
        for (size_t k = 0; a->flag != NULL && k < BERTH_OPTIONS; k++)
            assert_string_not_equal(a->flag, berth_options[k].flag);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manual_is_current),     cmocka_unit_test(test_reference_is_current),
        cmocka_unit_test(test_help_names_everything), cmocka_unit_test(test_help_fits_a_terminal),
        cmocka_unit_test(test_names_are_unique),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
