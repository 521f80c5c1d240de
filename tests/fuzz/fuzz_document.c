/* Any bytes as a record and as a health answer.
 *
 * What has to hold, whatever they say: a document that is taken is whole, its texts end within
 * their places and can be shown, and its addresses are those that may be connected to. And what the
 * judge makes of it without a key: a name at the most.
 */
#include "find/judge.h"

#include "base/assert.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct berth_addr asked = {4, 1018, {127, 0, 0, 1}};

static void check_text(const char *text, size_t capacity) {
    size_t size = strnlen(text, capacity);
    BERTH_ASSERT(size < capacity);
    for (size_t i = 0; i < size; i++)
        BERTH_ASSERT((unsigned char)text[i] >= 0x20 && text[i] != 0x7F);
}

static void check_document(const struct berth_find_document *document) {
    check_text(document->app, sizeof document->app);
    check_text(document->instance, sizeof document->instance);
    check_text(document->version, sizeof document->version);
    check_text(document->ws_path, sizeof document->ws_path);
    check_text(document->token, sizeof document->token);
    BERTH_ASSERT(document->app[0] != 0 && document->instance[0] != 0);
    BERTH_ASSERT(document->port > 0);
    BERTH_ASSERT(document->state <= BERTH_ENDPOINT_DRAINING);
    BERTH_ASSERT(document->ws_path[0] == 0 || document->ws_path[0] == '/');
}

static void check_record(struct berth_view json) {
    struct berth_find_document document;
    const char *fault = NULL;
    if (berth_find_record_read(json, &document, &fault) < 0) {
        BERTH_ASSERT(fault != NULL);
        return;
    }
    check_document(&document);
    BERTH_ASSERT(document.address.family == 4 || document.address.family == 6);
    BERTH_ASSERT(document.address.port == document.port);
    BERTH_ASSERT(!document.has_proof);
}

static void check_health(struct berth_view json) {
    struct berth_find_document document;
    const char *fault = NULL;
    if (berth_find_health_read(json, &asked, &document, &fault) < 0) {
        BERTH_ASSERT(fault != NULL);
        return;
    }
    check_document(&document);
    BERTH_ASSERT(berth_addr_same_ip(&document.address, &asked));
    BERTH_ASSERT(document.pid == 0 && document.token[0] == 0);
}

static void check_judge(struct berth_view json) {
    static const struct berth_find_keys keys;
    const struct berth_find_question question = {.address = asked, .app = "a", .keys = &keys};
    struct berth_find_answer answer;
    BERTH_ASSERT(berth_find_judge(&question, 200, json, &answer) == 0);
    BERTH_ASSERT(answer.text != NULL && answer.verdict <= BERTH_VERDICT_NAMED);
    if (answer.outcome == BERTH_OUTCOME_READY)
        BERTH_ASSERT(answer.document.port == asked.port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct berth_view json = berth_view_bytes(data, size);
    check_record(json);
    check_health(json);
    check_judge(json);
    return 0;
}
