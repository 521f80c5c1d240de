/* The judge, as a table: every lie that an answer can tell, and what each verdict needs. */
#include "find/judge.h"

#include "berth/error.h"
#include "proto/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* -- An answer, to be spoilt ------------------------------------------------------------------- */

struct scene {
    struct berth_identity ours, other;
    struct berth_find_keys keys;
    struct berth_find_question question;
    /* What the server says, */
    const char *app, *instance;
    enum berth_endpoint_state state;
    uint16_t port;
    const struct berth_identity *shows; /* the key that it shows; NULL for none */
    int http_status;
    /* and what it signs. */
    const struct berth_identity *signs; /* NULL for no proof */
    struct berth_proof_claim claim;
    uint8_t signature[BERTH_PROOF_SIZE];
};

static void scene_open(struct scene *scene) {
    *scene = (struct scene){.app = "assistant",
                            .instance = "i1",
                            .state = BERTH_ENDPOINT_READY,
                            .port = 1018,
                            .http_status = 200};
    berth_identity_make((const uint8_t[BERTH_PROOF_SEED_SIZE]){1}, &scene->ours);
    berth_identity_make((const uint8_t[BERTH_PROOF_SEED_SIZE]){2}, &scene->other);
    scene->question = (struct berth_find_question){
        .address = {4, 1018, {127, 0, 0, 1}},
        .app = "assistant",
        .keys = &scene->keys,
        .challenge = {9, 8, 7},
    };
    scene->shows = scene->signs = &scene->ours;
    scene->claim = (struct berth_proof_claim){
        .app = berth_view_of("assistant"),
        .instance = berth_view_of("i1"),
        .port = 1018,
        .challenge = berth_view_bytes(scene->question.challenge, BERTH_FIND_CHALLENGE_SIZE),
    };
    berth_find_keys_trust(&scene->keys, scene->ours.public_key);
}

static struct berth_find_answer ask(struct scene *scene) {
    struct berth_endpoint endpoint = {
        .app = scene->app,
        .instance = scene->instance,
        .version = "1",
        .state = scene->state,
        .port = scene->port,
        .address = scene->question.address,
        .public_key = scene->shows != NULL ? scene->shows->public_key : NULL,
    };
    char proof[BERTH_BASE64URL_SIZE(BERTH_PROOF_SIZE)];
    if (scene->signs != NULL) {
        assert_int_equal(berth_proof_sign(scene->signs, &scene->claim, scene->signature), 0);
        berth_base64url_encode(scene->signature, sizeof scene->signature, proof);
        endpoint.proof = (struct berth_view){proof, sizeof proof};
    }
    char memory[BERTH_ENDPOINT_MAX];
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    berth_endpoint_write(&endpoint, BERTH_ENDPOINT_HEALTH, &out);
    struct berth_find_answer answer;
    assert_int_equal(
        berth_find_judge(&scene->question, scene->http_status, berth_writer_result(&out), &answer),
        0);
    return answer;
}

static void expect_stranger(struct scene *scene, const char *why) {
    struct berth_find_answer answer = ask(scene);
    if (answer.outcome != BERTH_OUTCOME_STRANGER || strstr(answer.text, why) == NULL)
        fail_msg("outcome %d, \"%s\" in place of \"%s\"", (int)answer.outcome, answer.text, why);
    assert_int_equal(answer.verdict, BERTH_VERDICT_ANY);
}

static void expect(struct scene *scene, enum berth_find_outcome outcome,
                   enum berth_verdict verdict) {
    struct berth_find_answer answer = ask(scene);
    if (answer.outcome != outcome)
        fail_msg("outcome %d: %s", (int)answer.outcome, answer.text);
    assert_int_equal(answer.verdict, verdict);
}

/* -- Verdicts ---------------------------------------------------------------------------------- */

static void test_a_trusted_key_proves(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene);
    expect(&scene, BERTH_OUTCOME_READY, BERTH_VERDICT_PROVED);
    berth_find_keys_trust(&scene.keys, scene.other.public_key);
    expect(&scene, BERTH_OUTCOME_READY, BERTH_VERDICT_PROVED);
    scene.shows = scene.signs = &scene.other;
    expect(&scene, BERTH_OUTCOME_READY, BERTH_VERDICT_PROVED);
}

static void test_a_remembered_key_pins(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene);
    scene.keys = (struct berth_find_keys){.has_pinned = true};
    memcpy(scene.keys.pinned, scene.ours.public_key, sizeof scene.keys.pinned);
    expect(&scene, BERTH_OUTCOME_READY, BERTH_VERDICT_PINNED);
    scene.question.least = BERTH_VERDICT_PROVED;
    expect_stranger(&scene, "from before only");
    scene.question.least = BERTH_VERDICT_ANY;
    scene.shows = scene.signs = &scene.other;
    expect_stranger(&scene, "another key");
    scene.signs = NULL;
    expect_stranger(&scene, "no proof");
}

static void test_without_any_key_a_name_is_all(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene);
    scene.keys = (struct berth_find_keys){0};
    expect(&scene, BERTH_OUTCOME_READY, BERTH_VERDICT_NAMED);
    assert_true(ask(&scene).holds_key);
    scene.shows = scene.signs = NULL;
    expect(&scene, BERTH_OUTCOME_READY, BERTH_VERDICT_NAMED);
    assert_false(ask(&scene).holds_key);
    scene.question.least = BERTH_VERDICT_PROVED;
    expect_stranger(&scene, "no proof");
    scene.shows = scene.signs = &scene.ours;
    expect_stranger(&scene, "not known here");
}

static void test_a_caller_can_be_content_with_a_name(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene);
    scene.question.least = BERTH_VERDICT_NAMED;
    scene.shows = scene.signs = &scene.other;
    expect(&scene, BERTH_OUTCOME_READY, BERTH_VERDICT_NAMED);
    scene.signs = NULL;
    expect(&scene, BERTH_OUTCOME_READY, BERTH_VERDICT_NAMED);
    scene.shows = scene.signs = &scene.ours;
    expect(&scene, BERTH_OUTCOME_READY, BERTH_VERDICT_PROVED);
}

static void test_states(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene);
    scene.http_status = 503;
    scene.state = BERTH_ENDPOINT_STARTING;
    expect(&scene, BERTH_OUTCOME_STARTING, BERTH_VERDICT_PROVED);
    scene.state = BERTH_ENDPOINT_DRAINING;
    expect(&scene, BERTH_OUTCOME_DRAINING, BERTH_VERDICT_PROVED);
    scene.state = BERTH_ENDPOINT_READY;
    expect_stranger(&scene, "contradicts itself");
}

/* An impostor cannot make us wait either. */
static void test_starting_needs_the_proof_too(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene);
    scene.http_status = 503;
    scene.state = BERTH_ENDPOINT_STARTING;
    scene.signs = NULL;
    expect_stranger(&scene, "no proof");
}

/* -- Lies -------------------------------------------------------------------------------------- */

static void test_a_copy_of_our_document_proves_nothing(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene);
    scene.signs = NULL;
    expect_stranger(&scene, "no proof");
}

static void test_a_proof_of_something_else_does_not_hold(void **state) {
    static const uint8_t earlier[BERTH_FIND_CHALLENGE_SIZE] = {1, 2, 3};
    struct scene scene;
    (void)state;
    scene_open(&scene);
    scene.claim.challenge = berth_view_bytes(earlier, sizeof earlier); /* replayed */
    expect_stranger(&scene, "does not hold");
    scene_open(&scene);
    scene.claim.port = 1019; /* forwarded from our server on another port */
    expect_stranger(&scene, "does not hold");
    scene_open(&scene);
    scene.claim.app = berth_view_of("other");
    expect_stranger(&scene, "does not hold");
    scene_open(&scene);
    scene.claim.instance = berth_view_of("i2");
    expect_stranger(&scene, "does not hold");
}

static void test_a_key_is_not_its_holder(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene);
    scene.signs = &scene.other; /* shows our key, signs with its own */
    expect_stranger(&scene, "does not hold");
    scene.shows = &scene.other; /* shows its own as well */
    expect_stranger(&scene, "another key");
    scene.shows = NULL; /* shows none */
    expect_stranger(&scene, "does not hold");
}

static void test_others_say_what_they_are(void **state) {
    struct scene scene;
    (void)state;
    scene_open(&scene);
    scene.app = "other";
    expect_stranger(&scene, "another app");
    scene_open(&scene);
    scene.app = "assistant2";
    expect_stranger(&scene, "another app");
    scene_open(&scene);
    scene.question.instance = "i2";
    expect_stranger(&scene, "another instance");
    scene.question.instance = "i1";
    expect(&scene, BERTH_OUTCOME_READY, BERTH_VERDICT_PROVED);
    scene_open(&scene);
    scene.port = 1019;
    expect_stranger(&scene, "another port");
}

static void test_other_statuses_are_strangers(void **state) {
    static const struct {
        int status;
        const char *why;
    } cases[] = {{100, "nothing of"}, {204, "nothing of"}, {301, "redirects"},  {302, "redirects"},
                 {307, "redirects"},  {401, "nothing of"}, {403, "nothing of"}, {404, "nothing of"},
                 {500, "nothing of"}, {502, "nothing of"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene scene;
        scene_open(&scene);
        scene.http_status = cases[i].status;
        expect_stranger(&scene, cases[i].why);
    }
}

/* -- Keys -------------------------------------------------------------------------------------- */

static void test_keys_are_kept_once_and_within_their_limit(void **state) {
    struct berth_find_keys keys = {0};
    (void)state;
    assert_int_equal(berth_find_keys_least(&keys), BERTH_VERDICT_NAMED);
    keys.has_pinned = true;
    assert_int_equal(berth_find_keys_least(&keys), BERTH_VERDICT_PINNED);
    for (uint8_t i = 0; i < 2 * BERTH_FIND_KEYS_MAX; i++) {
        const uint8_t key[BERTH_PROOF_PUBLIC_KEY_SIZE] = {i};
        berth_find_keys_trust(&keys, key);
        berth_find_keys_trust(&keys, key);
        assert_int_equal(keys.trusted_count, i < BERTH_FIND_KEYS_MAX ? i + 1 : BERTH_FIND_KEYS_MAX);
    }
    assert_int_equal(keys.trusted[0][0], 0);
    assert_int_equal(berth_find_keys_least(&keys), BERTH_VERDICT_PROVED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_trusted_key_proves),
        cmocka_unit_test(test_a_remembered_key_pins),
        cmocka_unit_test(test_without_any_key_a_name_is_all),
        cmocka_unit_test(test_a_caller_can_be_content_with_a_name),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_starting_needs_the_proof_too),
        cmocka_unit_test(test_a_copy_of_our_document_proves_nothing),
        cmocka_unit_test(test_a_proof_of_something_else_does_not_hold),
        cmocka_unit_test(test_a_key_is_not_its_holder),
        cmocka_unit_test(test_others_say_what_they_are),
        cmocka_unit_test(test_other_statuses_are_strangers),
        cmocka_unit_test(test_keys_are_kept_once_and_within_their_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
