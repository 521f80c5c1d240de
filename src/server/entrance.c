#include "server/entrance.h"

#include "proto/base64.h"
#include "proto/proof.h"
#include "sys/entropy.h"

static int make_secret(char text[BERTH_ENTRANCE_SECRET_SIZE]) {
    uint8_t bytes[32];
    _Static_assert(BERTH_BASE64URL_SIZE(sizeof bytes) == BERTH_ENTRANCE_SECRET_SIZE, "a secret");
    int error = berth_sys_random(bytes, sizeof bytes);
    if (error == 0)
        berth_base64url_encode(bytes, sizeof bytes, text);
    return error;
}

int berth_entrance_init(struct berth_entrance *entrance, uint16_t port) {
    *entrance = (struct berth_entrance){.port = port};
    int error = make_secret(entrance->cookie);
    return error == 0 ? berth_sys_mutex_create(&entrance->mutex) : error;
}

void berth_entrance_finish(struct berth_entrance *entrance) {
    berth_sys_mutex_destroy(entrance->mutex);
}

static struct berth_view text_of(const struct berth_entrance_ticket *ticket) {
    return (struct berth_view){ticket->text, sizeof ticket->text};
}

int berth_entrance_give(struct berth_entrance *entrance, uint64_t now_ms,
                        char ret_ticket[BERTH_ENTRANCE_SECRET_SIZE]) {
    int error = make_secret(ret_ticket);
    if (error < 0)
        return error;
    berth_sys_mutex_take(entrance->mutex);
    struct berth_entrance_ticket *oldest = &entrance->tickets[0];
    for (size_t i = 1; i < BERTH_ENTRANCE_TICKETS; i++)
        if (entrance->tickets[i].until_ms < oldest->until_ms)
            oldest = &entrance->tickets[i];
    memcpy(oldest->text, ret_ticket, sizeof oldest->text);
    oldest->until_ms = now_ms + BERTH_ENTRANCE_TICKET_MS;
    berth_sys_mutex_give(entrance->mutex);
    return 0;
}

bool berth_entrance_use(struct berth_entrance *entrance, struct berth_view ticket,
                        uint64_t now_ms) {
    bool found = false;
    berth_sys_mutex_take(entrance->mutex);
    for (size_t i = 0; i < BERTH_ENTRANCE_TICKETS && !found; i++) {
        struct berth_entrance_ticket *given = &entrance->tickets[i];
        found = given->until_ms > now_ms && berth_proof_same(ticket, text_of(given));
        if (found)
            given->until_ms = 0;
    }
    berth_sys_mutex_give(entrance->mutex);
    return found;
}

static void write_name(const struct berth_entrance *entrance, struct berth_writer *out) {
    berth_writer_text(out, "berth-");
    berth_writer_number(out, entrance->port);
}

void berth_entrance_write_cookie(const struct berth_entrance *entrance, struct berth_writer *out) {
    write_name(entrance, out);
    berth_writer_char(out, '=');
    berth_writer_bytes(out, entrance->cookie, sizeof entrance->cookie);
    berth_writer_text(out, "; Path=/; HttpOnly; SameSite=Strict");
}

bool berth_entrance_knows(const struct berth_entrance *entrance, struct berth_view cookies) {
    char memory[16];
    struct berth_writer name = berth_writer_on(memory, sizeof memory);
    write_name(entrance, &name);
    while (cookies.data != NULL) {
        struct berth_view value;
        struct berth_view pair = berth_view_trim(berth_view_cut(cookies, ';', &cookies));
        struct berth_view key = berth_view_cut(pair, '=', &value);
        if (berth_view_equal(key, berth_writer_result(&name)) &&
            berth_proof_same(value, (struct berth_view){entrance->cookie, sizeof entrance->cookie}))
            return true;
    }
    return false;
}
