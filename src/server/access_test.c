#include "server/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const struct berth_addr loopbacks[] = {
    {4, 1018, {127, 0, 0, 1}},
    {6, 1018, {[15] = 1}},
};
static const struct berth_addr any[] = {{4, 1018, {0, 0, 0, 0}}};
static const struct berth_addr one_lan[] = {{4, 1018, {192, 168, 1, 5}}};

static const struct berth_addr local4 = {4, 1018, {127, 0, 0, 1}};
static const struct berth_addr remote4 = {4, 40000, {127, 0, 0, 1}};
static const struct berth_addr lan_local = {4, 1018, {192, 168, 1, 5}};
static const struct berth_addr lan_remote = {4, 40000, {192, 168, 1, 9}};

static struct berth_access_policy policy_on(const struct berth_addr *addresses, size_t count) {
    return (struct berth_access_policy){
        .port = 1018, .addresses = addresses, .address_count = count};
}

static struct berth_access_question upgrade_from(const char *origin) {
    return (struct berth_access_question){
        .kind = BERTH_ACCESS_UPGRADE,
        .host = BERTH_VIEW("127.0.0.1:1018"),
        .origin_count = origin != NULL,
        .origin = berth_view_of(origin),
        .local = local4,
        .remote = remote4,
        .peer = BERTH_ACCESS_PEER_OURS,
    };
}

static int status_of(const struct berth_access_policy *policy,
                     const struct berth_access_question *question) {
    struct berth_access_answer answer = berth_access_decide(policy, question);
    assert_int_not_equal(answer.verdict, BERTH_ACCESS_ASK_PEER);
    if (answer.verdict == BERTH_ACCESS_ALLOWED)
        return 0;
    assert_non_null(answer.reason);
    assert_int_equal(answer.cors, BERTH_ACCESS_CORS_NONE);
    return answer.status;
}

/* -- Host -------------------------------------------------------------------------------------- */

static void test_host_on_loopback(void **state) {
    static const struct {
        const char *host;
        int status;
    } cases[] = {
        {"127.0.0.1:1018", 0},
        {"localhost:1018", 0},
        {"LOCALHOST:1018", 0},
        {"[::1]:1018", 0},
        {"[0:0:0:0:0:0:0:1]:1018", 0},
        {"", 421},
        {"127.0.0.1", 421},
        {"127.0.0.1:", 421},
        {"127.0.0.1:1019", 421},
        {"127.0.0.1:01018x", 421},
        {"127.0.0.1:66554", 421},
        {"127.0.0.1:1018:1018", 421},
        {"::1:1018", 421},
        {"[::1]", 421},
        {"[::1]1018", 421},
        {"[::1", 421},
        {"[127.0.0.1]:1018", 421},
        {"[localhost]:1018", 421},
        {"localhost.:1018", 421},
        {"localhost", 421},
        {"evil.example:1018", 421},
        {"evil.localhost:1018", 421},
        {"127.0.0.1.evil.example:1018", 421},
        {"127.0.0.1.nip.io:1018", 421},
        {"2130706433:1018", 421},
        {"0x7f.1:1018", 421},
        {"127.1:1018", 421},
        {"0177.0.0.1:1018", 421},
        {"0.0.0.0:1018", 421},
        {"[::]:1018", 421},
        {"192.168.1.5:1018", 421},
        {" 127.0.0.1:1018", 421},
        {"user@127.0.0.1:1018", 421},
        {"127.0.0.1:1018/", 421},
    };
    (void)state;
    struct berth_access_policy policy = policy_on(loopbacks, 2);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int kind = BERTH_ACCESS_DISCOVERY; kind <= BERTH_ACCESS_UPGRADE; kind++) {
            struct berth_access_question question = upgrade_from(NULL);
            question.kind = (enum berth_access_kind)kind;
            question.host = berth_view_of(cases[i].host);
            if (status_of(&policy, &question) != cases[i].status)
                fail_msg("Host %s, kind %d: not %d", cases[i].host, kind, cases[i].status);
        }
    }
}

static void test_host_without_port_is_port_80(void **state) {
    (void)state;
    struct berth_access_policy policy = policy_on(loopbacks, 2);
    struct berth_access_question question = upgrade_from(NULL);
    policy.port = 80;
    question.host = BERTH_VIEW("127.0.0.1");
    assert_int_equal(status_of(&policy, &question), 0);
    question.host = BERTH_VIEW("[::1]");
    assert_int_equal(status_of(&policy, &question), 0);
}

static void test_host_on_every_interface(void **state) {
    (void)state;
    struct berth_access_policy policy = policy_on(any, 1);
    struct berth_access_question question = upgrade_from(NULL);
    question.kind = BERTH_ACCESS_DISCOVERY;
    assert_int_equal(status_of(&policy, &question), 0);

    question.local = lan_local;
    question.remote = lan_remote;
    question.host = BERTH_VIEW("192.168.1.5:1018");
    assert_int_equal(status_of(&policy, &question), 0);
    question.host = BERTH_VIEW("192.168.1.6:1018");
    assert_int_equal(status_of(&policy, &question), 421);
    question.host = BERTH_VIEW("printer.lan:1018");
    assert_int_equal(status_of(&policy, &question), 421);
}

static void test_localhost_is_not_ours_when_we_listen_elsewhere(void **state) {
    (void)state;
    struct berth_access_policy policy = policy_on(one_lan, 1);
    struct berth_access_question question = upgrade_from(NULL);
    question.kind = BERTH_ACCESS_DISCOVERY;
    question.local = lan_local;
    question.host = BERTH_VIEW("localhost:1018");
    assert_int_equal(status_of(&policy, &question), 421);
    question.host = BERTH_VIEW("192.168.1.5:1018");
    assert_int_equal(status_of(&policy, &question), 0);
}

/* -- Origin ------------------------------------------------------------------------------------ */

static const struct {
    const char *origin;
    int status;
} origins[] = {
    {"http://127.0.0.1:1018", 0},
    {"http://localhost:1018", 0},
    {"http://[::1]:1018", 0},
    {"http://127.0.0.1:5173", 0},
    {"http://localhost", 0},
    {"https://localhost:8443", 0},
    {"https://127.0.0.1", 0},
    {"http://127.8.9.10:80", 0},
    {"null", 403},
    {"", 403},
    {"file://", 403},
    {"http://evil.example", 403},
    {"https://evil.example:1018", 403},
    {"http://127.0.0.1.evil.example", 403},
    {"http://127.0.0.1.evil.example:1018", 403},
    {"http://localhost.evil.example", 403},
    {"http://evil.localhost:1018", 403},
    {"http://localhost@evil.example", 403},
    {"http://evil.example/127.0.0.1", 403},
    {"http://[::1].evil.example", 403},
    {"http://[::2]:1018", 403},
    {"http://2130706433:1018", 403},
    {"http://0.0.0.0:1018", 403},
    {"http://192.168.1.5:1018", 403},
    {"HTTP://127.0.0.1:1018", 403},
    {"http:/127.0.0.1", 403},
    {"http://", 403},
    {"ftp://127.0.0.1", 403},
    {"ws://127.0.0.1:1018", 403},
    {"chrome-extension://abcdefgh", 403},
    {"http://127.0.0.1:99999", 403},
    {"http://127.0.0.1:1018, http://evil.example", 403},
};

static void test_origin_matrix(void **state) {
    (void)state;
    struct berth_access_policy policy = policy_on(loopbacks, 2);
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
        for (int kind = BERTH_ACCESS_DATA; kind <= BERTH_ACCESS_UPGRADE; kind++) {
            struct berth_access_question question = upgrade_from(origins[i].origin);
            question.kind = (enum berth_access_kind)kind;
            if (status_of(&policy, &question) != origins[i].status)
                fail_msg("Origin %s: not %d", origins[i].origin, origins[i].status);
        }
    }
}

static void test_discovery_answers_every_origin(void **state) {
    (void)state;
    struct berth_access_policy policy = policy_on(loopbacks, 2);
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
        struct berth_access_question question = upgrade_from(origins[i].origin);
        question.kind = BERTH_ACCESS_DISCOVERY;
        question.peer = BERTH_ACCESS_PEER_NOT_ASKED;
        struct berth_access_answer answer = berth_access_decide(&policy, &question);
        assert_int_equal(answer.verdict, BERTH_ACCESS_ALLOWED);
        assert_int_equal(answer.cors, BERTH_ACCESS_CORS_ANY);
    }
}

static void test_configured_origins(void **state) {
    (void)state;
    static const char *const some[] = {"https://app.example", "null"};
    static const char *const every[] = {"*"};
    struct berth_access_policy policy = policy_on(loopbacks, 2);
    policy.origins = some;
    policy.origin_count = 2;
    struct berth_access_question question = upgrade_from("https://app.example");
    assert_int_equal(status_of(&policy, &question), 0);
    assert_int_equal(berth_access_decide(&policy, &question).cors, BERTH_ACCESS_CORS_ECHO);
    question = upgrade_from("null");
    assert_int_equal(status_of(&policy, &question), 0);
    question = upgrade_from("https://app.example:444");
    assert_int_equal(status_of(&policy, &question), 403);
    question = upgrade_from("https://sub.app.example");
    assert_int_equal(status_of(&policy, &question), 403);

    policy.origins = every;
    policy.origin_count = 1;
    question = upgrade_from("https://evil.example");
    assert_int_equal(status_of(&policy, &question), 0);
    question.host = BERTH_VIEW("evil.example:1018"); /* "*" opens to pages, not to rebound names */
    assert_int_equal(status_of(&policy, &question), 421);
}

static void test_the_pages_own_origin_off_loopback(void **state) {
    (void)state;
    struct berth_access_policy policy = policy_on(any, 1);
    policy.auth_none = true;
    struct berth_access_question question = upgrade_from("http://192.168.1.5:1018");
    question.host = BERTH_VIEW("192.168.1.5:1018");
    question.local = lan_local;
    question.remote = lan_remote;
    assert_int_equal(status_of(&policy, &question), 0);
    question.origin = BERTH_VIEW("http://192.168.1.6:1018");
    assert_int_equal(status_of(&policy, &question), 403);
    question.origin = BERTH_VIEW("https://192.168.1.5:1018");
    assert_int_equal(status_of(&policy, &question), 403);
}

static void test_two_origins_are_none(void **state) {
    (void)state;
    struct berth_access_policy policy = policy_on(loopbacks, 2);
    struct berth_access_question question = upgrade_from("http://127.0.0.1:1018");
    question.origin_count = 2;
    assert_int_equal(status_of(&policy, &question), 403);
}

/* -- Tokens ------------------------------------------------------------------------------------ */

static void test_what_a_token_opens(void **state) {
    (void)state;
    struct berth_access_policy policy = policy_on(any, 1);
    struct berth_access_question question = upgrade_from("null");
    question.token = BERTH_ACCESS_TOKEN_SHOWN;
    assert_int_equal(status_of(&policy, &question), 0);
    question.token = BERTH_ACCESS_TOKEN_COOKIE; /* comes by itself, whoever asks */
    assert_int_equal(status_of(&policy, &question), 403);
    question.token = BERTH_ACCESS_TOKEN_WRONG;
    assert_int_equal(status_of(&policy, &question), 401);
    question.kind = BERTH_ACCESS_DISCOVERY;
    assert_int_equal(status_of(&policy, &question), 0);

    question = upgrade_from("https://evil.example"); /* not even with the token */
    question.token = BERTH_ACCESS_TOKEN_SHOWN;
    assert_int_equal(status_of(&policy, &question), 403);

    question = upgrade_from(NULL);
    question.peer = BERTH_ACCESS_PEER_OTHER;
    question.token = BERTH_ACCESS_TOKEN_SHOWN;
    assert_int_equal(status_of(&policy, &question), 0);
    question.token = BERTH_ACCESS_TOKEN_COOKIE;
    assert_int_equal(status_of(&policy, &question), 0);

    question.host = BERTH_VIEW("192.168.1.5:1018");
    question.local = lan_local;
    question.remote = lan_remote;
    assert_int_equal(status_of(&policy, &question), 0);
    question.token = BERTH_ACCESS_TOKEN_NONE;
    assert_int_equal(status_of(&policy, &question), 403);
    question.host = BERTH_VIEW("evil.example:1018"); /* nor does a token make a Host ours */
    question.token = BERTH_ACCESS_TOKEN_SHOWN;
    assert_int_equal(status_of(&policy, &question), 421);
}

static void test_a_preflight_comes_without_a_token(void **state) {
    (void)state;
    struct berth_access_policy policy = policy_on(loopbacks, 2);
    struct berth_access_question question = upgrade_from("null");
    question.kind = BERTH_ACCESS_DATA;
    question.peer = BERTH_ACCESS_PEER_NOT_ASKED;
    question.preflight = true;
    assert_int_equal(status_of(&policy, &question), 0);
    question.origin = BERTH_VIEW("https://evil.example");
    assert_int_equal(status_of(&policy, &question), 403);
}

static void test_a_ticket_speaks_for_itself(void **state) {
    (void)state;
    struct berth_access_policy policy = policy_on(loopbacks, 2);
    struct berth_access_question question = upgrade_from(NULL);
    question.kind = BERTH_ACCESS_TICKET;
    question.peer = BERTH_ACCESS_PEER_OTHER;
    assert_int_equal(status_of(&policy, &question), 0);
    question.host = BERTH_VIEW("evil.example:1018");
    assert_int_equal(status_of(&policy, &question), 421);
}

/* -- Peers ------------------------------------------------------------------------------------- */

static void test_the_peer_is_asked_for(void **state) {
    (void)state;
    struct berth_access_policy policy = policy_on(loopbacks, 2);
    struct berth_access_question question = upgrade_from(NULL);
    question.peer = BERTH_ACCESS_PEER_NOT_ASKED;
    assert_int_equal(berth_access_decide(&policy, &question).verdict, BERTH_ACCESS_ASK_PEER);
    question.peer = BERTH_ACCESS_PEER_OURS;
    assert_int_equal(status_of(&policy, &question), 0);
    question.peer = BERTH_ACCESS_PEER_OTHER;
    assert_int_equal(status_of(&policy, &question), 403);
    question.peer = BERTH_ACCESS_PEER_UNKNOWN;
    assert_int_equal(status_of(&policy, &question), 403);

    question = upgrade_from("http://localhost:1018");
    question.peer = BERTH_ACCESS_PEER_OTHER; /* an Origin is easily made up */
    assert_int_equal(status_of(&policy, &question), 403);
    question.peer = BERTH_ACCESS_PEER_UNKNOWN;
    assert_int_equal(status_of(&policy, &question), 0);

    policy.auth_none = true;
    question.peer = BERTH_ACCESS_PEER_OTHER;
    assert_int_equal(status_of(&policy, &question), 0);
}

static void test_peers_off_loopback(void **state) {
    (void)state;
    struct berth_access_policy policy = policy_on(any, 1);
    struct berth_access_question question = upgrade_from(NULL);
    question.host = BERTH_VIEW("192.168.1.5:1018");
    question.local = lan_local;
    question.remote = lan_remote;
    assert_int_equal(status_of(&policy, &question), 403);
    question.kind = BERTH_ACCESS_DISCOVERY;
    assert_int_equal(status_of(&policy, &question), 0);
    policy.auth_none = true;
    question.kind = BERTH_ACCESS_UPGRADE;
    assert_int_equal(status_of(&policy, &question), 0);
}

static void test_embedding_is_not_navigating(void **state) {
    (void)state;
    struct berth_access_policy policy = policy_on(loopbacks, 2);
    struct berth_access_question question = upgrade_from(NULL);
    question.kind = BERTH_ACCESS_DATA;
    question.fetch_site = BERTH_VIEW("cross-site");
    question.fetch_mode = BERTH_VIEW("no-cors");
    assert_int_equal(status_of(&policy, &question), 403);
    question.fetch_mode = BERTH_VIEW("navigate");
    assert_int_equal(status_of(&policy, &question), 0);
    question.fetch_site = BERTH_VIEW("same-origin");
    question.fetch_mode = BERTH_VIEW("no-cors");
    assert_int_equal(status_of(&policy, &question), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host_on_loopback),
        cmocka_unit_test(test_host_without_port_is_port_80),
        cmocka_unit_test(test_host_on_every_interface),
        cmocka_unit_test(test_localhost_is_not_ours_when_we_listen_elsewhere),
        cmocka_unit_test(test_origin_matrix),
        cmocka_unit_test(test_discovery_answers_every_origin),
        cmocka_unit_test(test_configured_origins),
        cmocka_unit_test(test_the_pages_own_origin_off_loopback),
        cmocka_unit_test(test_two_origins_are_none),
        cmocka_unit_test(test_what_a_token_opens),
        cmocka_unit_test(test_a_preflight_comes_without_a_token),
        cmocka_unit_test(test_a_ticket_speaks_for_itself),
        cmocka_unit_test(test_the_peer_is_asked_for),
        cmocka_unit_test(test_peers_off_loopback),
        cmocka_unit_test(test_embedding_is_not_navigating),
    };
    return cmocka_run_group_tests_name("server/access", tests, NULL, NULL);
}
