/* What is read from disk and from answers, with every fault that they can have. */
#include "berth/error.h"
#include "cli/doctor_gather.h"
#include "port/instance.h"
#include "port/record.h"
#include "proto/base64.h"
#include "proto/endpoint.h"
#include "sys/files.h"
#include "sys/fixture.h"
#include "sys/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[32];
static struct berth_doctor_world world;

static int make(void **state) {
    (void)state;
    fixture_folder_make(folder);
    world = (struct berth_doctor_world){.app = "assistant", .uid = berth_sys_uid()};
    return 0;
}

static int clear(void **state) {
    (void)state;
    fixture_folder_remove(folder);
    return 0;
}

static const char *path_of(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, struct berth_view text) {
    assert_int_equal(berth_sys_file_replace(path_of(name), text, 0600), 0);
}

/* -- Port file --------------------------------------------------------------------------------- */

static void test_port_file(void **state) {
    (void)state;
    static const struct {
        struct berth_view text;
        enum berth_doctor_file_state state;
        uint16_t port;
    } cases[] = {
        {{"1018", 4}, BERTH_DOCTOR_FILE_READ, 1018},
        {{"1018\n", 5}, BERTH_DOCTOR_FILE_READ, 1018},
        {{" 65535", 6}, BERTH_DOCTOR_FILE_READ, 65535},
        {{"", 0}, BERTH_DOCTOR_FILE_GARBAGE, 0},
        {{"0", 1}, BERTH_DOCTOR_FILE_GARBAGE, 0},
        {{"65536", 5}, BERTH_DOCTOR_FILE_GARBAGE, 0},
        {{"10 18", 5}, BERTH_DOCTOR_FILE_GARBAGE, 0},
        {{"port", 4}, BERTH_DOCTOR_FILE_GARBAGE, 0},
    };
    struct berth_doctor_port_file file;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_file("server_port.txt", cases[i].text);
        berth_doctor_gather_port_file(path_of("server_port.txt"), &file);
        assert_int_equal(file.state, cases[i].state);
        assert_int_equal(file.port, cases[i].port);
        assert_false(file.unwritable);
    }
}

static void test_port_file_of_no_text(void **state) {
    (void)state;
    static char large[8192];
    struct berth_doctor_port_file file;
    write_file("p", BERTH_VIEW("\033[2J\001 is what a terminal would act on"));
    berth_doctor_gather_port_file(path_of("p"), &file);
    assert_string_equal(file.text, "\\x1b[2J\\x01 is what a term...");
    write_file("p", berth_view_bytes(large, sizeof large));
    berth_doctor_gather_port_file(path_of("p"), &file);
    assert_int_equal(file.state, BERTH_DOCTOR_FILE_GARBAGE);
    berth_doctor_gather_port_file(folder, &file);
    assert_int_equal(file.state, BERTH_DOCTOR_FILE_UNREADABLE);
    berth_doctor_gather_port_file(path_of("none"), &file);
    assert_int_equal(file.state, BERTH_DOCTOR_FILE_MISSING);
    berth_doctor_gather_port_file(path_of("no/folder"), &file);
    assert_true(file.unwritable);
    berth_doctor_gather_port_file(NULL, &file);
    assert_int_equal(file.state, BERTH_DOCTOR_FILE_OFF);
}

static int see_as_ordinary(void *argument) {
    struct berth_doctor_port_file file;
    fixture_become_ordinary();
    berth_doctor_gather_port_file(argument, &file);
    return file.unwritable && file.state == BERTH_DOCTOR_FILE_UNREADABLE &&
                   file.error == BERTH_E_DENIED
               ? 0
               : 1;
}

static void test_port_file_of_another_user(void **state) {
    (void)state;
    char path[256];
    write_file("p", BERTH_VIEW("1018"));
    snprintf(path, sizeof path, "%s", path_of("p"));
    if (geteuid() != 0)
        assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(chmod(folder, geteuid() == 0 ? 0755 : 0500), 0);
    assert_int_equal(fixture_run(see_as_ordinary, path), 0);
    assert_int_equal(chmod(folder, 0700), 0);
}

/* -- Records ----------------------------------------------------------------------------------- */

static const char *record_of(uint16_t port) {
    static char memory[BERTH_ENDPOINT_MAX];
    struct berth_writer out = berth_writer_on(memory, sizeof memory - 1);
    uint8_t key[BERTH_PROOF_PUBLIC_KEY_SIZE] = {7};
    struct berth_endpoint endpoint = {.app = "assistant",
                                      .instance = "one",
                                      .version = "1.2.3",
                                      .host = "127.0.0.1",
                                      .state = BERTH_ENDPOINT_READY,
                                      .pid = 4242,
                                      .started_unix_ms = 1800000000123,
                                      .port = port,
                                      .requested_port = port,
                                      .address = fixture_addr("127.0.0.1", port),
                                      .ws_path = "/client-ws",
                                      .public_key = key};
    berth_endpoint_write(&endpoint, BERTH_ENDPOINT_RECORD, &out);
    assert_false(out.overflow);
    memory[out.size] = '\0';
    return memory;
}

static struct berth_record *publish(void) {
    struct berth_record *record;
    assert_int_equal(berth_record_open(folder, "assistant", "one", &record), 0);
    assert_int_equal(berth_record_publish(record, berth_view_of(record_of(1019))), 0);
    return record;
}

static void test_a_living_record(void **state) {
    (void)state;
    struct berth_record *record = publish();
    berth_doctor_gather_records(&world, folder);
    assert_int_equal(world.record_count, 1);
    assert_null(world.record_folder_fault);
    assert_int_equal(world.records[0].fault, BERTH_DOCTOR_RECORD_SOUND);
    assert_true(world.records[0].alive);
    assert_int_equal(world.records[0].port, 1019);
    assert_int_equal(world.records[0].pid, 4242);
    assert_string_equal(world.records[0].instance, "one");
    assert_int_equal(world.records[0].started_ms, 1800000000000); /* to the second */
    assert_true(world.has_key && world.key[0] == 7);
    berth_record_withdraw(record);
}

static void test_dead_and_broken_records(void **state) {
    (void)state;
    berth_record_withdraw(publish()); /* makes the folders */
    write_file("assistant/two.json", berth_view_of(record_of(1020)));
    write_file("assistant/three.json", BERTH_VIEW("{\"app\":"));
    write_file("assistant/notes.txt", BERTH_VIEW("of no interest"));
    berth_doctor_gather_records(&world, folder);
    assert_int_equal(world.record_count, 2);
    bool dead = world.records[0].fault == BERTH_DOCTOR_RECORD_SOUND && !world.records[0].alive;
    bool second = world.records[1].fault == BERTH_DOCTOR_RECORD_SOUND && !world.records[1].alive;
    assert_true(dead != second);
    assert_int_equal(world.records[dead ? 1 : 0].fault, BERTH_DOCTOR_RECORD_UNCLEAR);
    assert_false(world.has_key); /* the dead vouch for nobody */
}

static void test_records_of_others(void **state) {
    (void)state;
    berth_record_withdraw(publish());
    write_file("assistant/open.json", berth_view_of(record_of(1020)));
    assert_int_equal(chmod(path_of("assistant/open.json"), 0644), 0);
    berth_doctor_gather_records(&world, folder);
    assert_int_equal(world.record_count, 1);
    assert_int_equal(world.records[0].fault, BERTH_DOCTOR_RECORD_OPEN);
    assert_int_equal(world.records[0].mode, 0644);
    FIXTURE_NEED(unlink(path_of("assistant/open.json")) == 0);
    FIXTURE_NEED(symlink("/etc/passwd", path_of("assistant/link.json")) == 0);
    world.record_count = 0;
    berth_doctor_gather_records(&world, folder);
    assert_int_equal(world.record_count, 1);
    assert_int_equal(world.records[0].fault, BERTH_DOCTOR_RECORD_OF_OTHERS);
    world.record_count = 0;
    world.uid++;
    berth_doctor_gather_records(&world, folder);
    assert_string_equal(world.record_folder_fault, "belongs to another user");
}

static void test_record_folders(void **state) {
    (void)state;
    berth_doctor_gather_records(&world, path_of("missing"));
    assert_null(world.record_folder_fault);
    assert_int_equal(chmod(folder, 0755), 0);
    berth_doctor_gather_records(&world, folder);
    assert_string_equal(world.record_folder_fault, "lets others in");
    assert_int_equal(chmod(folder, 0700), 0);
    FIXTURE_NEED(symlink("/tmp", path_of("assistant")) == 0);
    berth_doctor_gather_records(&world, folder);
    assert_string_equal(world.record_folder_fault, "is a symbolic link");
    assert_int_equal(world.record_count, 0);
}

/* -- Identity ---------------------------------------------------------------------------------- */

static const char *identity_fault(void) {
    berth_doctor_gather_key(&world, folder);
    return world.identity_fault;
}

static void test_identity(void **state) {
    (void)state;
    struct berth_identity identity;
    assert_null(identity_fault());
    assert_false(world.has_key);
    assert_int_not_equal(access(path_of("assistant"), F_OK), 0); /* to look makes nothing */
    assert_int_equal(berth_instance_identity(folder, "assistant", &identity), 0);
    assert_null(identity_fault());
    assert_true(world.has_key);
    assert_memory_equal(world.key, identity.public_key, sizeof world.key);
    assert_int_equal(chmod(path_of("assistant/identity.key"), 0644), 0);
    assert_non_null(strstr(identity_fault(), "open to others"));
    assert_int_equal(chmod(path_of("assistant/identity.key"), 0600), 0);
    assert_int_equal(truncate(path_of("assistant/identity.key"), 31), 0);
    world.has_key = false;
    assert_non_null(strstr(identity_fault(), "32 bytes"));
    assert_string_equal(world.identity_path, path_of("assistant/identity.key"));
    assert_false(world.has_key);
}

/* -- Answers ----------------------------------------------------------------------------------- */

static struct berth_doctor_health health;

static void read_health(const struct berth_identity *identity, uint16_t says, uint16_t asked_port,
                        const uint8_t *challenge) {
    struct berth_doctor_answer answer = {.outcome = BERTH_DOCTOR_ANSWERED, .status = 200};
    struct berth_writer out = berth_writer_on(answer.body, sizeof answer.body);
    struct berth_addr asked = fixture_addr("127.0.0.1", asked_port);
    static const uint8_t sent[32] = {1, 2, 3};
    uint8_t signature[BERTH_PROOF_SIZE];
    char proof[BERTH_BASE64URL_SIZE(BERTH_PROOF_SIZE)];
    struct berth_proof_claim claim = {BERTH_VIEW("assistant"), BERTH_VIEW("one"), says,
                                      berth_view_bytes(challenge, 32)};
    assert_int_equal(berth_proof_sign(identity, &claim, signature), 0);
    berth_base64url_encode(signature, sizeof signature, proof);
    struct berth_endpoint endpoint = {.app = "assistant",
                                      .instance = "one",
                                      .version = "1.2.3",
                                      .state = BERTH_ENDPOINT_STARTING,
                                      .port = says,
                                      .address = fixture_addr("127.0.0.1", says),
                                      .ws_path = "/client-ws",
                                      .public_key = identity->public_key,
                                      .proof = {proof, sizeof proof}};
    berth_endpoint_write(&endpoint, BERTH_ENDPOINT_HEALTH, &out);
    answer.body_size = out.size;
    berth_doctor_health_read(&world, &answer, &asked, berth_view_bytes(sent, sizeof sent), &health);
}

static void test_proofs(void **state) {
    (void)state;
    static const uint8_t seeds[2][BERTH_PROOF_SEED_SIZE] = {{1}, {2}};
    static const uint8_t sent[32] = {1, 2, 3};
    static const uint8_t older[32] = {9};
    struct berth_identity ours;
    struct berth_identity other;
    berth_identity_make(seeds[0], &ours);
    berth_identity_make(seeds[1], &other);
    world.has_key = true;
    memcpy(world.key, ours.public_key, sizeof world.key);

    read_health(&ours, 1018, 1018, sent);
    assert_true(health.is_berth && health.has_proof && health.known_key && health.starting);
    assert_string_equal(health.ws_path, "/client-ws");
    read_health(&other, 1018, 1018, sent);
    assert_true(health.is_berth && health.has_proof && !health.known_key);
    read_health(&ours, 1018, 1018, older); /* replayed */
    assert_true(health.is_berth && !health.has_proof && !health.known_key);
    read_health(&ours, 1018, 1025, sent); /* forwarded */
    assert_true(health.is_berth && !health.has_proof && health.port == 1018);
}

static void test_answers_of_strangers(void **state) {
    (void)state;
    static const char *const bodies[] = {"", "OK", "{}", "[1]", "{\"status\":\"ok\"}"};
    struct berth_addr asked = fixture_addr("127.0.0.1", 1018);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct berth_doctor_answer answer = {.outcome = BERTH_DOCTOR_ANSWERED, .status = 200};
        answer.body_size = strlen(bodies[i]);
        memcpy(answer.body, bodies[i], answer.body_size);
        berth_doctor_health_read(&world, &answer, &asked, BERTH_VIEW("0123456789abcdef"), &health);
        assert_false(health.is_berth);
    }
}

/* -- Ports and names --------------------------------------------------------------------------- */

static void test_ports_are_in_order_and_once(void **state) {
    (void)state;
    static const uint32_t ports[] = {1020, 1018, 40000, 1020, 0, 65536, 6000};
    static const uint16_t sorted[] = {1018, 1020, 6000, 40000};
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++)
        berth_doctor_gather_port(&world, ports[i], true);
    assert_int_equal(world.port_count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(world.ports[i].port, sorted[i]);
    assert_true(world.ports[2].blocked);
    for (uint32_t port = 2000; port < 3000; port++)
        berth_doctor_gather_port(&world, port, false);
    assert_int_equal(world.port_count, BERTH_DOCTOR_PORTS_MAX);
}

static void test_localhost(void **state) {
    (void)state;
    struct berth_doctor_localhost localhost;
    berth_doctor_localhost_begin();
    berth_doctor_localhost_end(5000, &localhost);
    assert_int_equal(localhost.error, 0);
    assert_true(localhost.count >= 1);
    assert_true(berth_addr_is_loopback(&localhost.addresses[0]));
    berth_doctor_localhost_end(0, &localhost); /* without a begin */
    assert_int_equal(localhost.error, BERTH_E_TIMEOUT);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make, clear)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(test_port_file),
        IN_A_FOLDER(test_port_file_of_no_text),
        IN_A_FOLDER(test_port_file_of_another_user),
        IN_A_FOLDER(test_a_living_record),
        IN_A_FOLDER(test_dead_and_broken_records),
        IN_A_FOLDER(test_records_of_others),
        IN_A_FOLDER(test_record_folders),
        IN_A_FOLDER(test_identity),
        IN_A_FOLDER(test_proofs),
        IN_A_FOLDER(test_answers_of_strangers),
        IN_A_FOLDER(test_ports_are_in_order_and_once),
        IN_A_FOLDER(test_localhost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
