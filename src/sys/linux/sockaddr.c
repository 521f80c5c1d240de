#include "sys/linux/sockaddr.h"

#include "berth/error.h"

#include <netinet/in.h>

socklen_t berth_sys_sockaddr_from(const struct berth_addr *addr, struct sockaddr_storage *storage) {
    memset(storage, 0, sizeof *storage);
    if (addr->family == 4) {
        struct sockaddr_in *in = (struct sockaddr_in *)storage;
        in->sin_family = AF_INET;
        in->sin_port = htons(addr->port);
        memcpy(&in->sin_addr, addr->ip, 4);
        return sizeof *in;
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(addr->port);
    memcpy(&in6->sin6_addr, addr->ip, 16);
    return sizeof *in6;
}

int berth_sys_sockaddr_to(const struct sockaddr_storage *storage, struct berth_addr *ret_addr) {
    struct berth_addr addr = {0};
    if (storage->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)storage;
        addr.family = 4;
        addr.port = ntohs(in->sin_port);
        memcpy(addr.ip, &in->sin_addr, 4);
    } else if (storage->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)storage;
        addr.family = 6;
        addr.port = ntohs(in6->sin6_port);
        memcpy(addr.ip, &in6->sin6_addr, 16);
    } else {
        return BERTH_E_INVALID;
    }
    *ret_addr = addr;
    return 0;
}
