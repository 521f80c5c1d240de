#include "sys/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Arguments as the system keeps them: a NUL byte behind each. */
#define ARGUMENTS(literal) ((struct berth_view){"" literal, sizeof(literal)})

static void named(struct berth_view executable, struct berth_view arguments, const char *expected) {
    char name[64];
    berth_sys_program_name(executable, arguments, name, sizeof name);
    assert_string_equal(name, expected);
}

static void a_program_has_its_own_name(void **state) {
    (void)state;
    named(BERTH_VIEW("/usr/sbin/nginx"), ARGUMENTS("nginx: master process"), "nginx");
    named(BERTH_VIEW("nginx"), (struct berth_view){0}, "nginx");
    named(BERTH_VIEW("/usr/bin/nodeenv"), ARGUMENTS("nodeenv\0x.js"), "nodeenv");
    named(BERTH_VIEW("/opt/shelf"), ARGUMENTS("shelf\0x"), "shelf");
    named((struct berth_view){0}, (struct berth_view){0}, "");
}

static void an_interpreter_is_named_with_its_script(void **state) {
    (void)state;
    named(BERTH_VIEW("/usr/bin/python3.11"), ARGUMENTS("python3\0server.py"), "python3 server.py");
    named(BERTH_VIEW("/usr/bin/python3.11"), ARGUMENTS("/venv/bin/python\0-u\0/srv/a/app.py\0x"),
          "python app.py");
    named(BERTH_VIEW("/usr/bin/python3.11"), ARGUMENTS("python3\0-m\0http.server\08000"),
          "python3 http.server");
    named(BERTH_VIEW("/usr/bin/node"), ARGUMENTS("node\0--inspect\0index.js"), "node index.js");
    named(BERTH_VIEW("/usr/bin/node"), ARGUMENTS("vite"), "node");
    named(BERTH_VIEW("/usr/bin/dash"), ARGUMENTS("sh\0-c\0exec nc -l 80"), "sh");
    named(BERTH_VIEW("/usr/bin/python3.11"), (struct berth_view){0}, "python3.11");
}

static void strange_bytes_do_not_reach_a_terminal(void **state) {
    (void)state;
    named(BERTH_VIEW("/tmp/\x1b[31mred\n"), (struct berth_view){0}, "?[31mred?");
    named(BERTH_VIEW("/usr/bin/node"), ARGUMENTS("node\0\xc3\xa9.js"), "node ??.js");
}

static void a_long_name_is_cut(void **state) {
    (void)state;
    char name[8];
    berth_sys_program_name(BERTH_VIEW("/usr/bin/python3"), ARGUMENTS("python3\0server.py"), name,
                           sizeof name);
    assert_string_equal(name, "python3");
    berth_sys_program_name(BERTH_VIEW("/usr/bin/python3"), ARGUMENTS("python3\0server.py"), name,
                           1);
    assert_string_equal(name, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_has_its_own_name),
        cmocka_unit_test(an_interpreter_is_named_with_its_script),
        cmocka_unit_test(strange_bytes_do_not_reach_a_terminal),
        cmocka_unit_test(a_long_name_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
