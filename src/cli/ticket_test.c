/* The token is shown to nobody but the server that was found: what has taken its port since then,
 * and answers as it likes, sees one question and no secret. */
#include "cli/ticket.h"

#include "berth/error.h"
#include "proto/base64.h"
#include "proto/endpoint.h"
#include "proto/proof.h"
#include "sys/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

#include <cmocka.h>

#define TOKEN "the-token-that-nobody-sees"

/* Shared with the process that plays the server. */
struct stage {
    int fd;
    uint16_t port;
    bool proves;
    bool replays; /* proves an older challenge */
    const char *ticket_answer;
    char heard[8192];
};

static struct stage *stage;
static struct berth_identity identity;

static void write_health(struct berth_view challenge, struct berth_writer *out) {
    uint8_t signature[BERTH_PROOF_SIZE];
    char proof[BERTH_BASE64URL_SIZE(BERTH_PROOF_SIZE)];
    struct berth_proof_claim claim = {BERTH_VIEW("assistant"), BERTH_VIEW("one"), stage->port,
                                      challenge};
    struct berth_endpoint endpoint = {.app = "assistant",
                                      .instance = "one",
                                      .version = "1.2.3",
                                      .state = BERTH_ENDPOINT_READY,
                                      .port = stage->port,
                                      .address = fixture_addr("127.0.0.1", stage->port),
                                      .public_key = identity.public_key};
    if (stage->proves && berth_proof_sign(&identity, &claim, signature) == 0) {
        berth_base64url_encode(signature, sizeof signature, proof);
        endpoint.proof = (struct berth_view){proof, sizeof proof};
    }
    berth_endpoint_write(&endpoint, BERTH_ENDPOINT_HEALTH, out);
}

static void answer_health(int fd, const char *request) {
    uint8_t challenge[64] = {0};
    size_t size = 32;
    char body[2048];
    char head[128];
    struct berth_writer out = berth_writer_on(body, sizeof body);
    const char *text = strstr(request, "challenge=") + 10;
    struct berth_view encoded = {text, strcspn(text, " ")};
    if (!stage->replays)
        FIXTURE_NEED(berth_base64url_decode(encoded, challenge, sizeof challenge, &size) == 0);
    write_health(berth_view_bytes(challenge, size), &out);
    int head_size =
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", out.size);
    FIXTURE_NEED(write(fd, head, (size_t)head_size) == head_size);
    FIXTURE_NEED(write(fd, body, out.size) == (ssize_t)out.size);
}

/* Answers on one connection until the peer ends it, and writes down every byte. */
static int serve(void *unused) {
    (void)unused;
    int fd = accept(stage->fd, NULL, NULL);
    size_t size = 0;
    for (;;) {
        size_t room = sizeof stage->heard - size - 1;
        ssize_t got = read(fd, stage->heard + size, room);
        if (got <= 0)
            return 0;
        const char *request = stage->heard + size;
        size += (size_t)got;
        if (strncmp(request, "GET /health?", 12) == 0)
            answer_health(fd, request);
        else if (stage->ticket_answer != NULL)
            FIXTURE_NEED(write(fd, stage->ticket_answer, strlen(stage->ticket_answer)) > 0);
    }
}

static int make(void **state) {
    (void)state;
    static const uint8_t seed[BERTH_PROOF_SEED_SIZE] = {3};
    stage = mmap(NULL, sizeof *stage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    FIXTURE_NEED(stage != MAP_FAILED);
    berth_identity_make(seed, &identity);
    stage->port = fixture_quiet_ports(1);
    stage->fd = fixture_listen("127.0.0.1", stage->port, 0);
    stage->proves = true;
    return 0;
}

static int clear(void **state) {
    (void)state;
    munmap(stage, sizeof *stage);
    return 0;
}

static char given[BERTH_TICKET_LINK_MAX];

static int get(const char *token) {
    struct berth_found found = {
        .app = "assistant", .instance = "one", .port = stage->port, .has_public_key = true};
    memcpy(found.public_key, identity.public_key, sizeof found.public_key);
    snprintf(found.http_url, sizeof found.http_url, "http://127.0.0.1:%u", (unsigned)stage->port);
    snprintf(found.token, sizeof found.token, "%s", token);
    pid_t pid = fixture_fork(serve, NULL);
    close(stage->fd);
    int error = berth_ticket_get(&found, given);
    kill(pid, SIGKILL);
    fixture_wait(pid);
    return error;
}

static const char *answer_with(const char *url) {
    static char answer[1024];
    char body[512];
    snprintf(body, sizeof body, "{\"ticket\":\"t\",\"url\":\"%s\"}", url);
    snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    return answer;
}

static const char *own_url(const char *path) {
    static char url[256];
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", (unsigned)stage->port, path);
    return url;
}

static void test_the_right_server_gives_a_link(void **state) {
    (void)state;
    stage->ticket_answer = answer_with(own_url("/berth/enter?ticket=t"));
    assert_int_equal(get(TOKEN), 0);
    assert_string_equal(given, own_url("/berth/enter?ticket=t"));
    assert_non_null(strstr(stage->heard, "\r\nAuthorization: Bearer " TOKEN "\r\n"));
}

static void test_a_link_that_leads_elsewhere_is_not_taken(void **state) {
    (void)state;
    stage->ticket_answer = answer_with("http://127.0.0.1:1/berth/enter?ticket=t");
    assert_int_equal(get(TOKEN), BERTH_E_UNSUPPORTED);
}

static void test_a_server_without_tickets(void **state) {
    (void)state;
    stage->ticket_answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    assert_int_equal(get(TOKEN), BERTH_E_UNSUPPORTED);
}

static void test_an_impostor_sees_no_token(void **state) {
    (void)state;
    stage->proves = false;
    assert_int_equal(get(TOKEN), BERTH_E_DENIED);
    assert_non_null(strstr(stage->heard, "GET /health?challenge="));
    assert_null(strstr(stage->heard, TOKEN));
    assert_null(strstr(stage->heard, "POST"));
}

static void test_a_replayed_proof_is_none(void **state) {
    (void)state;
    stage->replays = true;
    assert_int_equal(get(TOKEN), BERTH_E_DENIED);
    assert_null(strstr(stage->heard, TOKEN));
}

static void test_without_a_token_nobody_is_asked(void **state) {
    (void)state;
    assert_int_equal(get(""), BERTH_E_NOT_FOUND);
    assert_string_equal(stage->heard, "");
}

#define ON_A_STAGE(test) cmocka_unit_test_setup_teardown(test, make, clear)

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_A_STAGE(test_the_right_server_gives_a_link),
        ON_A_STAGE(test_a_link_that_leads_elsewhere_is_not_taken),
        ON_A_STAGE(test_a_server_without_tickets),
        ON_A_STAGE(test_an_impostor_sees_no_token),
        ON_A_STAGE(test_a_replayed_proof_is_none),
        ON_A_STAGE(test_without_a_token_nobody_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
