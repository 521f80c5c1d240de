/* The kinds of backend: what each file of this folder gives to backend.c. */
#ifndef BERTH_BACKEND_KINDS_H
#define BERTH_BACKEND_KINDS_H

#include "server/socket.h"

/* A kind makes the owner that its handler works on; both functions are NULL when it needs none. */
struct berth_backend_kind {
    struct berth_socket_handler handler;
    int (*create)(size_t loops, void **ret_owner);
    void (*destroy)(void *owner);
};

extern const struct berth_backend_kind berth_backend_echo;
extern const struct berth_backend_kind berth_backend_hub;
extern const struct berth_backend_kind berth_backend_demo;

#endif
