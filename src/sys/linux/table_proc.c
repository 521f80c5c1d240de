#include "sys/linux/table.h"

#include "sys/error.h"

#include <errno.h>
#include <stdio.h>

/* The table writes an address as 32-bit words in the machine's own order, in hexadecimal. */
static bool read_ip(const char *text, struct berth_addr *addr) {
    size_t digits = strlen(text);
    if (digits != 8 && digits != 32)
        return false;
    addr->family = digits == 8 ? 4 : 6;
    for (size_t i = 0; i < digits / 8; i++) {
        uint32_t word;
        if (sscanf(text + 8 * i, "%8x", &word) != 1)
            return false;
        memcpy(addr->ip + 4 * i, &word, sizeof word);
    }
    return true;
}

static bool read_addr(const char *ip, unsigned port, struct berth_addr *ret_addr) {
    struct berth_addr addr = {.port = (uint16_t)port};
    if (port > UINT16_MAX || !read_ip(ip, &addr))
        return false;
    *ret_addr = berth_sys_table_plain(&addr);
    return true;
}

static bool read_row(const char *line, struct berth_sys_table_row *row) {
    char local[33];
    char remote[33];
    unsigned local_port;
    unsigned remote_port;
    unsigned state;
    unsigned long long inode;
    int count = sscanf(line, " %*u: %32[0-9A-F]:%x %32[0-9A-F]:%x %x %*s %*s %*s %u %*u %llu",
                       local, &local_port, remote, &remote_port, &state, &row->uid, &inode);
    if (count != 7)
        return false;
    row->state = (uint8_t)state;
    row->inode = inode;
    return read_addr(local, local_port, &row->local) &&
           read_addr(remote, remote_port, &row->remote);
}

/* Lines that are no rows (the title is one) are passed over. */
static void show_rows(FILE *file, berth_sys_table_event event, void *owner) {
    char line[512];
    while (fgets(line, sizeof line, file) != NULL) {
        struct berth_sys_table_row row;
        if (read_row(line, &row) && row.inode != 0)
            event(owner, &row);
    }
}

int berth_sys_table_read(berth_sys_table_event event, void *owner) {
    static const char *const paths[] = {"/proc/net/tcp", "/proc/net/tcp6"};
    for (size_t i = 0; i < 2; i++) {
        FILE *file = fopen(paths[i], "re");
        if (file == NULL && errno == ENOENT && i > 0)
            break; /* a machine without IPv6 */
        if (file == NULL)
            return berth_sys_error(errno);
        show_rows(file, event, owner);
        fclose(file);
    }
    return 0;
}

struct berth_addr berth_sys_table_plain(const struct berth_addr *addr) {
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    if (addr->family == 4 || memcmp(addr->ip, mapped, sizeof mapped) != 0)
        return *addr;
    struct berth_addr plain = {.family = 4, .port = addr->port};
    memcpy(plain.ip, addr->ip + 12, 4);
    return plain;
}
