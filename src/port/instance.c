#include "port/instance.h"

#include "base/writer.h"
#include "berth/error.h"
#include "port/name.h"
#include "sys/entropy.h"
#include "sys/locks.h"
#include "sys/private.h"

#include <limits.h>

#define LOCK_NAME "lock"
#define KEY_NAME "identity.key"

/* How often the file may be taken away between our making and our opening of it. */
#define TRIES 8

static int make_path(char *path, size_t capacity, const char *state_dir, const char *app) {
    if (!berth_port_name_is_good(berth_view_of(app)))
        return BERTH_E_INVALID;
    struct berth_writer out = berth_writer_on(path, capacity);
    berth_writer_format(&out, "%s/%s", state_dir, app);
    berth_writer_char(&out, 0);
    return out.overflow ? BERTH_E_INVALID : 0;
}

static int open_folder(const char *state_dir, const char *app, intptr_t *ret_dir) {
    char path[PATH_MAX];
    int error = make_path(path, sizeof path, state_dir, app);
    return error < 0 ? error : berth_sys_private_dir_open(-1, path, ret_dir);
}

static int make_folder(const char *state_dir, const char *app, intptr_t *ret_dir) {
    char path[PATH_MAX];
    int error = make_path(path, sizeof path, state_dir, app);
    if (error == 0)
        error = berth_sys_dir_make_private(path);
    return error < 0 ? error : berth_sys_private_dir_open(-1, path, ret_dir);
}

/* -- The lock ---------------------------------------------------------------------------------- */

static int open_lock(intptr_t dir, struct berth_sys_file *ret_file) {
    int error = berth_sys_private_open(dir, LOCK_NAME, BERTH_SYS_PRIVATE_LOCK, ret_file);
    if (error != BERTH_E_NOT_FOUND)
        return error;
    error = berth_sys_private_create(dir, LOCK_NAME, BERTH_VIEW(""));
    if (error < 0 && error != BERTH_E_EXISTS)
        return error;
    return berth_sys_private_open(dir, LOCK_NAME, BERTH_SYS_PRIVATE_LOCK, ret_file);
}

/* A lock counts when its file has the name: one that somebody has removed since we opened it keeps
 * nobody out. Errors: BERTH_E_NOT_FOUND: try again. */
static int lock_in(intptr_t dir, intptr_t *ret_lock) {
    struct berth_sys_file file;
    int error = open_lock(dir, &file);
    if (error < 0)
        return error;
    bool leads = false;
    error = berth_sys_lock_take(file.handle, BERTH_SYS_LOCK_LIFE, 0);
    if (error == 0)
        error = berth_sys_private_leads_to(dir, LOCK_NAME, file.handle, &leads);
    if (error == 0 && !leads)
        error = BERTH_E_NOT_FOUND;
    if (error < 0) {
        berth_sys_file_close(&file);
        return error;
    }
    *ret_lock = file.handle;
    return 0;
}

static int lock_once(const char *state_dir, const char *app, intptr_t *ret_lock) {
    intptr_t dir;
    int error = make_folder(state_dir, app, &dir);
    if (error < 0)
        return error;
    error = lock_in(dir, ret_lock);
    berth_sys_dir_close(dir);
    return error;
}

int berth_instance_lock(const char *state_dir, const char *app, intptr_t *ret_lock) {
    int error = BERTH_E_NOT_FOUND;
    for (int i = 0; i < TRIES && error == BERTH_E_NOT_FOUND; i++)
        error = lock_once(state_dir, app, ret_lock);
    return error;
}

bool berth_instance_lock_is_ours(const char *state_dir, const char *app, intptr_t lock) {
    intptr_t dir;
    bool leads = false;
    if (open_folder(state_dir, app, &dir) < 0)
        return false;
    int error = berth_sys_private_leads_to(dir, LOCK_NAME, lock, &leads);
    berth_sys_dir_close(dir);
    return error == 0 && leads;
}

void berth_instance_unlock(intptr_t lock) {
    struct berth_sys_file file = {.handle = lock};
    if (lock >= 0)
        berth_sys_lock_drop(lock, BERTH_SYS_LOCK_LIFE);
    berth_sys_file_close(&file);
}

/* -- The identity ------------------------------------------------------------------------------ */

/* One byte more than a seed is asked for: a file that has it is no key. */
static int read_seed(intptr_t dir, uint8_t seed[BERTH_PROOF_SEED_SIZE]) {
    struct berth_sys_file file;
    uint8_t bytes[BERTH_PROOF_SEED_SIZE + 1];
    size_t size = 0;
    int error = berth_sys_private_open(dir, KEY_NAME, BERTH_SYS_PRIVATE_READ, &file);
    if (error < 0)
        return error;
    error = berth_sys_file_read_at(&file, 0, bytes, sizeof bytes, &size);
    berth_sys_file_close(&file);
    if (error < 0)
        return error;
    if (size != BERTH_PROOF_SEED_SIZE)
        return BERTH_E_INVALID;
    memcpy(seed, bytes, BERTH_PROOF_SEED_SIZE);
    return 0;
}

static int make_seed(intptr_t dir) {
    uint8_t seed[BERTH_PROOF_SEED_SIZE];
    int error = berth_sys_random(seed, sizeof seed);
    if (error < 0)
        return error;
    error = berth_sys_private_create(dir, KEY_NAME, berth_view_bytes(seed, sizeof seed));
    berth_sys_private_sweep(dir); /* a start that was killed here has left a seed */
    return error == BERTH_E_EXISTS ? 0 : error;
}

/* Everybody, the maker too, uses what the file says: so all agree, whoever made it. */
static int read_or_make_seed(intptr_t dir, uint8_t seed[BERTH_PROOF_SEED_SIZE]) {
    int error = read_seed(dir, seed);
    if (error != BERTH_E_NOT_FOUND)
        return error;
    error = make_seed(dir);
    return error < 0 ? error : read_seed(dir, seed);
}

int berth_instance_identity(const char *state_dir, const char *app,
                            struct berth_identity *ret_identity) {
    intptr_t dir;
    uint8_t seed[BERTH_PROOF_SEED_SIZE];
    int error = make_folder(state_dir, app, &dir);
    if (error < 0)
        return error;
    error = read_or_make_seed(dir, seed);
    berth_sys_dir_close(dir);
    if (error == 0)
        berth_identity_make(seed, ret_identity);
    return error;
}

int berth_instance_public_key(const char *state_dir, const char *app,
                              uint8_t public_key[BERTH_PROOF_PUBLIC_KEY_SIZE]) {
    intptr_t dir;
    uint8_t seed[BERTH_PROOF_SEED_SIZE];
    struct berth_identity identity;
    int error = open_folder(state_dir, app, &dir);
    if (error < 0)
        return error;
    error = read_seed(dir, seed);
    berth_sys_dir_close(dir);
    if (error < 0)
        return error;
    berth_identity_make(seed, &identity);
    memcpy(public_key, identity.public_key, sizeof identity.public_key);
    return 0;
}
