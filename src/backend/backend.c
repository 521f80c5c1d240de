#include "backend/backend.h"

#include "backend/kinds.h"
#include "base/alloc.h"
#include "berth/error.h"

struct berth_backend {
    const struct berth_backend_kind *kind;
    void *owner;
};

static const char *const names[] = {"echo", "hub", "demo", NULL};
static const struct berth_backend_kind *const kinds[] = {
    &berth_backend_echo,
    &berth_backend_hub,
    &berth_backend_demo,
};

static const struct berth_backend_kind *find_kind(struct berth_view name) {
    for (size_t i = 0; names[i] != NULL; i++)
        if (berth_view_equal(name, berth_view_of(names[i])))
            return kinds[i];
    return NULL;
}

int berth_backend_create(struct berth_view name, size_t loops, struct berth_backend **ret_backend) {
    const struct berth_backend_kind *kind = find_kind(name);
    if (kind == NULL)
        return BERTH_E_NOT_FOUND;
    struct berth_backend *backend = berth_alloc(sizeof *backend);
    if (backend == NULL)
        return BERTH_E_MEMORY;
    backend->kind = kind;
    int error = kind->create != NULL ? kind->create(loops, &backend->owner) : 0;
    if (error < 0) {
        berth_free(backend);
        return error;
    }
    *ret_backend = backend;
    return 0;
}

const struct berth_socket_handler *berth_backend_handler(const struct berth_backend *backend) {
    return &backend->kind->handler;
}

void *berth_backend_owner(const struct berth_backend *backend) { return backend->owner; }

void berth_backend_destroy(struct berth_backend *backend) {
    if (backend == NULL)
        return;
    if (backend->kind->destroy != NULL)
        backend->kind->destroy(backend->owner);
    berth_free(backend);
}

const char *const *berth_backend_names(void) { return names; }
