/* An IP address and a port, as a value: parsed, written, compared; no socket, no name lookup.
 *
 * Shape:   family 4 or 6; ip in network order, the first 4 or all 16 bytes; port in host order
 * Limits:  BERTH_ADDR_TEXT_MAX bytes hold every address as text, with brackets, port and NUL
 * Source:  RFC 3986 section 3.2.2 (literals), RFC 5952 (IPv6 as text)
 */
#ifndef BERTH_BASE_ADDR_H
#define BERTH_BASE_ADDR_H

#include "base/writer.h"

#define BERTH_ADDR_TEXT_MAX 56

struct berth_addr {
    uint8_t family;
    uint16_t port;
    uint8_t ip[16];
};

/* "127.0.0.1" or "::1" (no brackets), strictly: four decimal parts without leading zeros.
 * Errors: BERTH_E_INVALID. */
int berth_addr_parse(struct berth_view text, uint16_t port, struct berth_addr *ret_addr);

/* "127.0.0.1" or "::1". */
void berth_addr_write_ip(const struct berth_addr *addr, struct berth_writer *out);

/* "127.0.0.1:1018" or "[::1]:1018": what stands in a URL. */
void berth_addr_write(const struct berth_addr *addr, struct berth_writer *out);

bool berth_addr_same_ip(const struct berth_addr *a, const struct berth_addr *b);
bool berth_addr_is_loopback(const struct berth_addr *addr); /* 127/8, ::1, and ::ffff:127/104 */
bool berth_addr_is_any(const struct berth_addr *addr);      /* 0.0.0.0 or :: */

#endif
