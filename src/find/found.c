#include "find/found.h"

#include "base/assert.h"

static void copy(char *to, size_t capacity, const char *from) {
    size_t size = strlen(from);
    BERTH_ASSERT(size < capacity);
    memcpy(to, from, size + 1);
}

static void write_url(char *to, size_t capacity, const char *scheme, const struct berth_addr *addr,
                      const char *path) {
    struct berth_writer out = berth_writer_on(to, capacity);
    berth_writer_text(&out, scheme);
    berth_addr_write(addr, &out);
    berth_writer_text(&out, path);
    berth_writer_char(&out, 0);
    BERTH_ASSERT(!out.overflow);
}

/* What only the record tells, and only of the instance that has proved itself by its key. */
static void add_private(const struct berth_find_places *places,
                        const struct berth_find_answer *answer, struct berth_found *found) {
    const struct berth_find_record *record = berth_find_places_record(places, found->instance);
    if (record == NULL || !record->alive || !answer->holds_key ||
        answer->verdict != BERTH_VERDICT_PROVED)
        return;
    const struct berth_find_document *written = &record->document;
    if (!written->has_public_key || written->port != found->port ||
        memcmp(written->public_key, found->public_key, sizeof found->public_key) != 0)
        return;
    found->pid = written->pid;
    copy(found->token, sizeof found->token, written->token);
}

void berth_find_found_make(const struct berth_find_places *places,
                           const struct berth_find_place *place,
                           const struct berth_find_answer *answer, struct berth_found *ret_found) {
    const struct berth_find_document *document = &answer->document;
    struct berth_found found = {
        .port = place->address.port,
        .verdict = answer->verdict,
        .source = place->source,
        .has_public_key = answer->holds_key,
    };
    copy(found.app, sizeof found.app, document->app);
    copy(found.instance, sizeof found.instance, document->instance);
    copy(found.version, sizeof found.version, document->version);
    write_url(found.http_url, sizeof found.http_url, "http://", &place->address, "");
    if (document->ws_path[0] != 0)
        write_url(found.ws_url, sizeof found.ws_url, "ws://", &place->address, document->ws_path);
    if (answer->holds_key)
        memcpy(found.public_key, document->public_key, sizeof found.public_key);
    add_private(places, answer, &found);
    *ret_found = found;
}

bool berth_find_found_beats(const struct berth_found *a, const struct berth_found *b) {
    return a->verdict > b->verdict || (a->verdict == b->verdict && a->source < b->source);
}

/* A key that was proved replaces the one that we have; one that was only shown does not. */
static struct berth_find_memory memory_of(const struct berth_find_places *places,
                                          const struct berth_addr *address,
                                          const struct berth_found *found) {
    struct berth_find_memory memory = {.address = *address};
    bool had_key = places->has_memory && places->memory.has_public_key;
    if (found->has_public_key && (found->verdict > BERTH_VERDICT_NAMED || !had_key)) {
        memory.has_public_key = true;
        memcpy(memory.public_key, found->public_key, sizeof memory.public_key);
    } else if (had_key) {
        memory.has_public_key = true;
        memcpy(memory.public_key, places->memory.public_key, sizeof memory.public_key);
    }
    return memory;
}

void berth_find_found_remember(const struct berth_find_plan *plan,
                               const struct berth_find_places *places,
                               const struct berth_addr *address, const struct berth_found *found) {
    struct berth_find_memory memory = memory_of(places, address, found);
    if (plan->state_dir[0] == 0 || !berth_addr_is_loopback(address) ||
        (places->has_memory && berth_find_remember_same(&memory, &places->memory)))
        return;
    (void)berth_find_remember_save(plan->state_dir, plan->options.app, &memory);
}
