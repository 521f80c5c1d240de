#include "find/remember.h"

#include "berth/error.h"
#include "find/url.h"
#include "proto/base64.h"
#include "sys/files.h"
#include "sys/private.h"

#include <limits.h>

#define FILE_NAME "last"
#define CONTENT_MAX 256
#define KEY_TEXT_SIZE BERTH_BASE64URL_SIZE(BERTH_PROOF_PUBLIC_KEY_SIZE)

static int write_path(char *path, size_t capacity, const char *state_dir, const char *app,
                      const char *file) {
    struct berth_writer out = berth_writer_on(path, capacity);
    berth_writer_format(&out, "%s/%s%s", state_dir, app, file);
    berth_writer_char(&out, 0);
    return out.overflow ? BERTH_E_INVALID : 0;
}

/* -- Reading ----------------------------------------------------------------------------------- */

static int read_content(const char *state_dir, const char *app, char *memory, size_t capacity,
                        struct berth_view *ret_content) {
    char path[PATH_MAX];
    intptr_t folder;
    struct berth_sys_file file;
    size_t size;
    int error = write_path(path, sizeof path, state_dir, app, "");
    if (error == 0)
        error = berth_sys_private_dir_open(-1, path, &folder);
    if (error < 0)
        return error;
    error = berth_sys_private_open(folder, FILE_NAME, BERTH_SYS_PRIVATE_READ, &file);
    berth_sys_dir_close(folder);
    if (error < 0)
        return error;
    error = berth_sys_file_read_at(&file, 0, memory, capacity, &size);
    berth_sys_file_close(&file);
    if (error == 0)
        *ret_content = (struct berth_view){memory, size};
    return error;
}

static int read_key(struct berth_view text, struct berth_find_memory *memory) {
    size_t size;
    memory->has_public_key = text.size > 0;
    if (text.size == 0)
        return 0;
    int error = berth_base64url_decode(text, memory->public_key, sizeof memory->public_key, &size);
    return error < 0 || size != sizeof memory->public_key ? BERTH_E_INVALID : 0;
}

static int read_memory(struct berth_view content, struct berth_find_memory *memory) {
    struct berth_view rest;
    struct berth_find_url url;
    struct berth_view line = berth_view_cut(content, '\n', &rest);
    if (berth_find_url_read(line, "http", &url) < 0)
        return BERTH_E_INVALID;
    int error = berth_addr_parse(url.host, url.port, &memory->address);
    return error < 0 ? error : read_key(berth_view_cut(rest, '\n', &rest), memory);
}

int berth_find_remember_load(const char *state_dir, const char *app,
                             struct berth_find_memory *ret_memory) {
    char bytes[CONTENT_MAX];
    struct berth_view content;
    struct berth_find_memory memory = {0};
    int error = read_content(state_dir, app, bytes, sizeof bytes, &content);
    if (error == 0)
        error = read_memory(content, &memory);
    if (error == 0)
        *ret_memory = memory;
    return error;
}

/* -- Writing ----------------------------------------------------------------------------------- */

static void write_content(const struct berth_find_memory *memory, struct berth_writer *out) {
    berth_writer_text(out, "http://");
    berth_addr_write(&memory->address, out);
    berth_writer_char(out, '\n');
    if (!memory->has_public_key)
        return;
    char key[KEY_TEXT_SIZE];
    berth_base64url_encode(memory->public_key, sizeof memory->public_key, key);
    berth_writer_bytes(out, key, sizeof key);
    berth_writer_char(out, '\n');
}

int berth_find_remember_save(const char *state_dir, const char *app,
                             const struct berth_find_memory *memory) {
    char folder[PATH_MAX];
    char path[PATH_MAX];
    char bytes[CONTENT_MAX];
    struct berth_writer content = berth_writer_on(bytes, sizeof bytes);
    write_content(memory, &content);
    int error = write_path(folder, sizeof folder, state_dir, app, "");
    if (error == 0)
        error = write_path(path, sizeof path, state_dir, app, "/" FILE_NAME);
    if (error == 0)
        error = berth_sys_dir_make_private(folder);
    if (error == 0)
        error = berth_sys_file_replace(path, berth_writer_result(&content), 0600);
    return error;
}

bool berth_find_remember_same(const struct berth_find_memory *a,
                              const struct berth_find_memory *b) {
    return a->address.port == b->address.port && berth_addr_same_ip(&a->address, &b->address) &&
           a->has_public_key == b->has_public_key &&
           (!a->has_public_key || memcmp(a->public_key, b->public_key, sizeof a->public_key) == 0);
}
