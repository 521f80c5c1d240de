/* The codes: each has its words, its page in docs/doctor, and every page has its code. The pages
 * are written anew by running this with BERTH_WRITE_PAGES=1. */
#include "cli/doctor_codes.h"

#include "sys/files.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define PAGES BERTH_WIRE_DIR "/../../docs/doctor"

static void page_path(const char *name, char path[1024]) {
    snprintf(path, 1024, PAGES "/%s.md", name);
}

static void test_every_code_has_its_page(void **state) {
    (void)state;
    for (size_t i = 0; i < BERTH_DOCTOR_CODES; i++) {
        char memory[BERTH_DOCTOR_PAGE_MAX];
        char path[1024];
        struct berth_writer page = berth_writer_on(memory, sizeof memory);
        struct berth_buf file = berth_buf_make(BERTH_DOCTOR_PAGE_MAX);
        berth_doctor_code_page(&berth_doctor_codes[i], &page);
        assert_false(page.overflow);
        page_path(berth_doctor_codes[i].name, path);
        if (getenv("BERTH_WRITE_PAGES") != NULL)
            assert_int_equal(berth_sys_file_replace(path, berth_writer_result(&page), 0644), 0);
        if (berth_sys_file_read(path, &file) < 0 ||
            !berth_view_equal(berth_buf_view(&file), berth_writer_result(&page)))
            fail_msg("%s is not the code's page: write it with BERTH_WRITE_PAGES=1", path);
        berth_buf_free(&file);
    }
}

static void test_every_page_has_its_code(void **state) {
    (void)state;
    size_t pages = 0;
    DIR *dir = opendir(PAGES);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        struct berth_view name = berth_view_of(entry->d_name);
        if (entry->d_name[0] == '.')
            continue;
        pages++;
        assert_true(name.size > 3);
        name.size -= 3;
        if (berth_doctor_code_find(name) == NULL)
            fail_msg("docs/doctor/%s is the page of no code", entry->d_name);
    }
    closedir(dir);
    assert_int_equal(pages, BERTH_DOCTOR_CODES);
}

static bool is_sentence(const char *text) {
    size_t size = strlen(text);
    return size > 1 && strchr(".)", text[size - 1]) != NULL && strstr(text, "  ") == NULL;
}

static void test_words(void **state) {
    (void)state;
    for (size_t i = 0; i < BERTH_DOCTOR_CODES; i++) {
        const struct berth_doctor_code *code = &berth_doctor_codes[i];
        assert_non_null(code->name);
        assert_ptr_equal(berth_doctor_code_find(berth_view_of(code->name)), code);
        if (!is_sentence(code->means) || !is_sentence(code->cause) || !is_sentence(code->remedy))
            fail_msg("%s: a text that is no sentence", code->name);
        assert_int_not_equal(code->title[strlen(code->title) - 1], '.');
    }
    assert_null(berth_doctor_code_find(BERTH_VIEW("no-such-code")));
}

static void test_explanation_is_one_paragraph(void **state) {
    (void)state;
    char memory[BERTH_DOCTOR_PAGE_MAX];
    struct berth_writer out = berth_writer_on(memory, sizeof memory - 1);
    berth_doctor_code_explain(&berth_doctor_codes[BERTH_DOCTOR_PORT_FILE_STALE], &out);
    memory[out.size] = '\0';
    assert_ptr_equal(strchr(memory, '\n'), memory + out.size - 1);
    assert_non_null(strstr(memory, "port-file-stale (error): The port file names a port where "
                                   "nobody listens. A frontend"));
    assert_non_null(strstr(memory, "Start the server"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_has_its_page),
        cmocka_unit_test(test_every_page_has_its_code),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_explanation_is_one_paragraph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
