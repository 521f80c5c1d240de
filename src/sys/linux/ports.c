#include "sys/ports.h"

#include <stdio.h>

/* Reads up to two numbers from a file below /proc/sys. How many there were is the result. */
static int read_numbers(const char *path, unsigned *a, unsigned *b) {
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    int count = fscanf(file, "%u %u", a, b);
    fclose(file);
    return count;
}

struct berth_sys_port_range berth_sys_ports_ephemeral(void) {
    unsigned from;
    unsigned to;
    int count = read_numbers("/proc/sys/net/ipv4/ip_local_port_range", &from, &to);
    if (count != 2 || from > to || to > UINT16_MAX)
        return (struct berth_sys_port_range){32768, 60999};
    return (struct berth_sys_port_range){(uint16_t)from, (uint16_t)to};
}

uint32_t berth_sys_ports_first_unprivileged(void) {
    unsigned start;
    unsigned unused;
    int count = read_numbers("/proc/sys/net/ipv4/ip_unprivileged_port_start", &start, &unused);
    return count >= 1 ? start : 1024;
}
