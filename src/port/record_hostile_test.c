/* What may stand where records should: made by somebody else, or made to be no record. */
#include "port/record.h"

#include "sys/clock.h"
#include "sys/fixture.h"

#include "port/record_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/un.h>

#include <cmocka.h>

static int list_error(const char *folder, const char *app) {
    struct fixture_seen seen = {0};
    int error = berth_record_list(folder, app, fixture_see, &seen);
    FIXTURE_NEED(seen.count == 0);
    return error;
}

static void is_refused(const char *folder, int expected) {
    struct berth_record *record;
    assert_int_equal(berth_record_open(folder, "app", "a", &record), expected);
    assert_int_equal(list_error(folder, "app"), expected);
    berth_record_sweep(folder, "app");
}

/* -- Folders ----------------------------------------------------------------------------------- */

/* Another user was first, and would be glad of a token. As an ordinary user: root's folder. */
static void a_folder_made_beforehand(void **state) {
    (void)state;
    if (geteuid() != 0) {
        is_refused("/etc", BERTH_E_DENIED);
        return;
    }
    assert_int_equal(mkdir(fixture_records, 0700), 0);
    assert_int_equal(mkdir(fixture_in_records("app"), 0700), 0);
    fixture_put_file(fixture_in_records("app/x.json"), "{}", 0600);
    assert_int_equal(chown(fixture_records, FIXTURE_NOBODY, FIXTURE_NOBODY), 0);
    is_refused(fixture_records, BERTH_E_DENIED);
    assert_int_equal(list_error(fixture_records, NULL), BERTH_E_DENIED);

    /* The folder is ours, what is in it for the app is not. */
    assert_int_equal(chown(fixture_records, 0, 0), 0);
    assert_int_equal(chown(fixture_in_records("app"), FIXTURE_NOBODY, FIXTURE_NOBODY), 0);
    is_refused(fixture_records, BERTH_E_DENIED);
    assert_int_equal(list_error(fixture_records, NULL), 0);
    assert_int_equal(fixture_count_files(fixture_in_records("app")), 1);
}

static void folders_open_to_others(void **state) {
    (void)state;
    static const mode_t modes[] = {0777, 01777, 0755, 0701, 0710};
    berth_record_withdraw(fixture_publish("app", "a", "{}"));
    fixture_put_file(fixture_in_records("app/x.json"), "{}", 0600);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod(fixture_records, modes[i]), 0);
        is_refused(fixture_records, BERTH_E_DENIED);
        assert_int_equal(chmod(fixture_records, 0700), 0);
        assert_int_equal(chmod(fixture_in_records("app"), modes[i]), 0);
        is_refused(fixture_records, BERTH_E_DENIED);
        assert_int_equal(chmod(fixture_in_records("app"), 0700), 0);
    }
    assert_int_equal(fixture_count_files(fixture_in_records("app")), 1);
}

static void folders_that_are_links(void **state) {
    (void)state;
    char elsewhere[64];
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", fixture_folder);
    assert_int_equal(mkdir(elsewhere, 0700), 0);
    assert_int_equal(symlink(elsewhere, fixture_records), 0);
    is_refused(fixture_records, BERTH_E_DENIED);
    assert_int_equal(unlink(fixture_records), 0);

    assert_int_equal(mkdir(fixture_records, 0700), 0);
    assert_int_equal(symlink(elsewhere, fixture_in_records("app")), 0);
    is_refused(fixture_records, BERTH_E_DENIED);
    assert_int_equal(fixture_count_files(elsewhere), 0);
}

static void a_file_for_a_folder(void **state) {
    (void)state;
    fixture_put_file(fixture_records, "", 0600);
    is_refused(fixture_records, BERTH_E_INVALID);
}

/* The folder is opened up while the server runs: it says so, and never writes there. */
static void opened_up_later(void **state) {
    (void)state;
    struct berth_record *record = fixture_publish("app", "a", "{}");
    assert_int_equal(chmod(fixture_in_records("app"), 0777), 0);
    assert_int_equal(berth_record_check(record), BERTH_RECORD_GONE);
    assert_int_equal(berth_record_publish(record, BERTH_VIEW("secret")), BERTH_E_DENIED);
    assert_int_equal(fixture_count_files(fixture_in_records("app")), 1);
    berth_record_withdraw(record);
    assert_int_equal(chmod(fixture_in_records("app"), 0700), 0);
    assert_string_equal(fixture_list("app").names, "app/a(dead) ");
}

/* -- Files ------------------------------------------------------------------------------------- */

static void put_socket(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FIXTURE_NEED(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
    close(fd);
}

/* What is no record, under names that records have. Gives how many there are. */
static unsigned put_what_is_no_record(void) {
    fixture_put_file(fixture_in_records("app/public.json"), "{}", 0644);
    fixture_put_file(fixture_in_records("app/large.json"), "", 0600);
    FIXTURE_NEED(truncate(fixture_in_records("app/large.json"), 1 << 30) == 0);
    FIXTURE_NEED(symlink("/etc/passwd", fixture_in_records("app/link.json")) == 0);
    FIXTURE_NEED(symlink("living.json", fixture_in_records("app/alias.json")) == 0);
    FIXTURE_NEED(symlink("loop.json", fixture_in_records("app/loop.json")) == 0);
    FIXTURE_NEED(mkfifo(fixture_in_records("app/fifo.json"), 0600) == 0);
    FIXTURE_NEED(mkdir(fixture_in_records("app/folder.json"), 0700) == 0);
    put_socket(fixture_in_records("app/socket.json"));
    if (geteuid() != 0)
        return 8;
    fixture_put_file(fixture_in_records("app/others.json"), "{}", 0600);
    FIXTURE_NEED(chown(fixture_in_records("app/others.json"), FIXTURE_NOBODY, 0) == 0);
    return 9;
}

static unsigned put_what_is_named_otherwise(void) {
    static const char *const names[] = {"app/notes.txt", "app/.json",  "app/A.json",
                                        "app/a.json~",   "app/a.JSON", "app/.hidden.json",
                                        "app/json"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        fixture_put_file(fixture_in_records(names[i]), "{}", 0600);
    return sizeof names / sizeof names[0];
}

static void what_is_no_record_is_passed_over(void **state) {
    (void)state;
    struct berth_record *living = fixture_publish("app", "living", "{}");
    unsigned no_records = put_what_is_no_record();
    unsigned others = put_what_is_named_otherwise();
    uint64_t start = berth_sys_clock_monotonic_ns();
    assert_string_equal(fixture_list("app").names, "app/living ");
    assert_string_equal(fixture_list(NULL).names, "app/living ");
    berth_record_sweep(fixture_records, "app");
    assert_true(berth_sys_clock_monotonic_ns() - start < 1000000000);

    /* The large one is a dead file of ours under a record's name. All the rest is not for us. */
    assert_int_equal(fixture_count_files(fixture_in_records("app")), 1 + no_records - 1 + others);
    assert_int_equal(access(fixture_in_records("app/large.json"), F_OK), -1);
    berth_record_withdraw(living);
}

/* Truncated or empty, as a full disk leaves it: who reads it parses with care. */
static void rubbish_is_handed_on_as_it_is(void **state) {
    (void)state;
    berth_record_withdraw(fixture_publish("app", "a", "{}"));
    fixture_put_file(fixture_in_records("app/empty.json"), "", 0600);
    assert_string_equal(fixture_list("app").names, "app/empty(dead) ");
    assert_string_equal(fixture_list("app").content, "");
    fixture_put_file(fixture_in_records("app/empty.json"), "{\"por", 0600);
    assert_string_equal(fixture_list("app").content, "{\"por");
}

static void publish_over(const char *instance) {
    struct berth_record *record = fixture_publish("app", instance, "ours");
    assert_int_equal(berth_record_check(record), BERTH_RECORD_OURS);
    assert_string_equal(fixture_list("app").content, "ours");
    berth_record_withdraw(record);
    assert_int_equal(fixture_list("app").count, 0);
}

/* Nothing that stands in the record's place is written through, or waited for. */
static void published_in_place_of_it(void **state) {
    (void)state;
    char victim[64];
    snprintf(victim, sizeof victim, "%s/victim", fixture_folder);
    fixture_put_file(victim, "precious", 0600);
    berth_record_withdraw(fixture_publish("app", "a", "{}"));
    assert_int_equal(symlink(victim, fixture_in_records("app/link.json")), 0);
    assert_int_equal(mkfifo(fixture_in_records("app/fifo.json"), 0600), 0);
    fixture_put_file(fixture_in_records("app/public.json"), "{}", 0644);
    put_socket(fixture_in_records("app/socket.json"));
    publish_over("link");
    publish_over("fifo");
    publish_over("public");
    publish_over("socket");

    struct stat status;
    assert_int_equal(stat(victim, &status), 0);
    assert_int_equal(status.st_size, strlen("precious"));

    struct berth_record *record;
    assert_int_equal(mkdir(fixture_in_records("app/folder.json"), 0700), 0);
    assert_int_equal(berth_record_open(fixture_records, "app", "folder", &record), 0);
    assert_int_equal(berth_record_publish(record, BERTH_VIEW("{}")), BERTH_E_INVALID);
    berth_record_withdraw(record);
    assert_int_equal(fixture_count_files(fixture_in_records("app")), 1);
}

static int look_as_another(void *argument) {
    (void)argument;
    fixture_become_ordinary();
    return -list_error(fixture_records, "app");
}

/* Another user learns nothing, even where the folder's name is known. */
static void another_user_looks(void **state) {
    (void)state;
    struct berth_record *record = fixture_publish("app", "a", "{}");
    if (geteuid() == 0)
        assert_int_equal(fixture_run(look_as_another, NULL), -BERTH_E_DENIED);
    assert_int_equal(list_error("/", NULL), BERTH_E_DENIED);
    berth_record_withdraw(record);
}

#define WITH_FOLDER(test)                                                                          \
    cmocka_unit_test_setup_teardown(test, fixture_records_make, fixture_records_remove)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(a_folder_made_beforehand),
        WITH_FOLDER(folders_open_to_others),
        WITH_FOLDER(folders_that_are_links),
        WITH_FOLDER(a_file_for_a_folder),
        WITH_FOLDER(opened_up_later),
        WITH_FOLDER(what_is_no_record_is_passed_over),
        WITH_FOLDER(rubbish_is_handed_on_as_it_is),
        WITH_FOLDER(published_in_place_of_it),
        WITH_FOLDER(another_user_looks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
