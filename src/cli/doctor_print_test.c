/* The report as people and as machines read it. */
#include "cli/doctor_print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

static char memory[BERTH_DOCTOR_TEXT_MAX];
static struct berth_doctor_world world;
static struct berth_doctor_report report;

static int make(void **state) {
    (void)state;
    world = (struct berth_doctor_world){
        .app = "assistant", .version = "1.2.3", .port_count = 1, .ports = {{.port = 1018}}};
    report = (struct berth_doctor_report){.check = "Ports"};
    return 0;
}

static const char *text_of(bool colour) {
    struct berth_writer out = berth_writer_on(memory, sizeof memory - 1);
    berth_doctor_print_text(&world, &report, colour, &out);
    assert_false(out.overflow);
    memory[out.size] = '\0';
    return memory;
}

static bool says(const char *part) { return strstr(text_of(false), part) != NULL; }

static void test_what_is_well_takes_a_line(void **state) {
    (void)state;
    berth_doctor_add(&report, BERTH_DOCTOR_PORTS, "1018 to 1030: 13 free, 0 ours.");
    assert_string_equal(
        text_of(false),
        "ok       Ports           1018 to 1030: 13 free, 0 ours.\n\nAll is well.\n");
    assert_non_null(strstr(text_of(true), "\033[32mok\033[0m       Ports"));
}

static void test_a_note_takes_a_line_and_is_well(void **state) {
    (void)state;
    berth_doctor_add(&report, BERTH_DOCTOR_PORT_STRANGER, "Port 1019 is held.");
    assert_true(
        says("note     Ports           Port 1019 is held. (port-stranger)\n\nAll is well."));
}

static void test_a_finding_says_all_and_once(void **state) {
    (void)state;
    world.server = &world.ports[0];
    berth_doctor_add(&report, BERTH_DOCTOR_PORT_FILE_STALE, "The file says %d.", 1018);
    berth_doctor_add(&report, BERTH_DOCTOR_PORT_FILE_STALE, "Another says 1019.");
    berth_doctor_add(&report, BERTH_DOCTOR_CLOCK_UNSET, "It is 1970.");
    assert_true(says("error    Ports           The port file names a port where nobody listens "
                     "(port-file-stale)\n              seen       The file says 1018.\n"));
    assert_true(says("              means      A frontend that believes"));
    assert_true(says("              to do      Start the server"));
    assert_true(says("seen       Another says 1019.\nwarning  Ports"));
    assert_true(says("\n\nNot all is well: 2 errors, 1 warning. More on each: berth doctor "
                     "--explain CODE\n"));
}

static void test_only_the_server_is_missing(void **state) {
    (void)state;
    berth_doctor_add(&report, BERTH_DOCTOR_SERVER_ABSENT, "Nobody.");
    assert_true(says("Nothing is in the way: no server runs. Start it."));
}

static void test_lines_are_short_and_safe(void **state) {
    (void)state;
    berth_doctor_add(&report, BERTH_DOCTOR_PORT_STRANGER, "Port 1019 is held by \033[2J%s.",
                     "a program with a name so long that it has to go on in the next line, and in "
                     "the one after that too, since programs may be called what they like");
    const char *text = text_of(false);
    assert_null(strchr(text, '\033'));
    assert_non_null(strstr(text, "\\x1b[2J"));
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
        assert_true((size_t)(strchr(line, '\n') - line) <= 96);
}

static void test_json(void **state) {
    (void)state;
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    berth_doctor_add(&report, BERTH_DOCTOR_PORT_FILE_STALE, "The file \"says\" 1018.");
    berth_doctor_print_json(&world, &report, &out);
    assert_int_equal(memory[out.size - 1], '\n');
    json_t *json = json_loadb(memory, out.size, 0, NULL);
    assert_non_null(json);
    assert_true(json_is_false(json_object_get(json, "well")));
    assert_true(json_is_null(json_object_get(json, "server")));
    json_t *finding = json_array_get(json_object_get(json, "findings"), 0);
    assert_string_equal(json_string_value(json_object_get(finding, "code")), "port-file-stale");
    assert_string_equal(json_string_value(json_object_get(finding, "severity")), "error");
    assert_string_equal(json_string_value(json_object_get(finding, "seen")),
                        "The file \"says\" 1018.");
    assert_non_null(json_object_get(finding, "means"));
    assert_non_null(json_object_get(finding, "to_do"));
    json_t *port = json_array_get(json_object_get(json, "ports"), 0);
    assert_int_equal(json_integer_value(json_object_get(port, "port")), 1018);
    assert_string_equal(json_string_value(json_object_get(port, "state")), "free");
    json_decref(json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_what_is_well_takes_a_line, make),
        cmocka_unit_test_setup(test_a_note_takes_a_line_and_is_well, make),
        cmocka_unit_test_setup(test_a_finding_says_all_and_once, make),
        cmocka_unit_test_setup(test_only_the_server_is_missing, make),
        cmocka_unit_test_setup(test_lines_are_short_and_safe, make),
        cmocka_unit_test_setup(test_json, make),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
