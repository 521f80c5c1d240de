#include "base/addr.h"

#include "berth/error.h"

#include <arpa/inet.h>

int berth_addr_parse(struct berth_view text, uint16_t port, struct berth_addr *ret_addr) {
    char copy[INET6_ADDRSTRLEN];
    if (text.size == 0 || text.size >= sizeof copy || memchr(text.data, 0, text.size) != NULL)
        return BERTH_E_INVALID;
    memcpy(copy, text.data, text.size);
    copy[text.size] = 0;

    struct berth_addr addr = {.port = port};
    if (inet_pton(AF_INET, copy, addr.ip) == 1)
        addr.family = 4;
    else if (inet_pton(AF_INET6, copy, addr.ip) == 1)
        addr.family = 6;
    else
        return BERTH_E_INVALID;
    *ret_addr = addr;
    return 0;
}

void berth_addr_write_ip(const struct berth_addr *addr, struct berth_writer *out) {
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(addr->family == 4 ? AF_INET : AF_INET6, addr->ip, text, sizeof text);
    berth_writer_text(out, text);
}

void berth_addr_write(const struct berth_addr *addr, struct berth_writer *out) {
    if (addr->family == 6)
        berth_writer_char(out, '[');
    berth_addr_write_ip(addr, out);
    if (addr->family == 6)
        berth_writer_char(out, ']');
    berth_writer_char(out, ':');
    berth_writer_number(out, addr->port);
}

bool berth_addr_same_ip(const struct berth_addr *a, const struct berth_addr *b) {
    return a->family == b->family && memcmp(a->ip, b->ip, a->family == 4 ? 4 : 16) == 0;
}

bool berth_addr_is_loopback(const struct berth_addr *addr) {
    static const uint8_t one[16] = {[15] = 1};
    static const uint8_t mapped[13] = {[10] = 0xFF, [11] = 0xFF, [12] = 127};
    if (addr->family == 4)
        return addr->ip[0] == 127;
    return memcmp(addr->ip, one, 16) == 0 || memcmp(addr->ip, mapped, sizeof mapped) == 0;
}

bool berth_addr_is_any(const struct berth_addr *addr) {
    static const uint8_t zero[16];
    return memcmp(addr->ip, zero, addr->family == 4 ? 4 : 16) == 0;
}
