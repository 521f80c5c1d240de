#include "port/record.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/writer.h"
#include "berth/error.h"
#include "port/record_place.h"
#include "sys/locks.h"
#include "sys/private.h"
#include "sys/process.h"

#include <limits.h>

/* How often to begin again when another process changes the folder under our hands: it removes the
 * folder, sweeps our draft, or puts a file where there was none. Each of these is rare. */
#define TRIES 16

/* For a sweeper that is about to remove the dead file in our place: it needs a few system calls. */
#define SWEEPER_WAIT_MS 1000

struct berth_record {
    char *folder;
    char app[BERTH_PORT_NAME_MAX + 1];
    char name[BERTH_RECORD_NAME_SIZE];
    struct berth_sys_file file; /* in place and held; the handle is negative before the first */
    struct berth_buf content;   /* what we have written there */
};

int berth_record_folder(char *path, size_t capacity) {
    return berth_sys_runtime_dir(path, capacity);
}

/* -- The folder -------------------------------------------------------------------------------- */

/* Makes what is missing, each time: those who clean up /tmp take away what looks old. */
static int open_folder(const struct berth_record *record, intptr_t *ret_dir) {
    char path[PATH_MAX];
    struct berth_writer out = berth_writer_on(path, sizeof path);
    berth_writer_format(&out, "%s/%s", record->folder, record->app);
    berth_writer_char(&out, 0);
    if (out.overflow)
        return BERTH_E_INVALID;
    int error = berth_sys_dir_make_private(record->folder);
    if (error == 0)
        error = berth_sys_dir_make_private(path);
    return error < 0 ? error : berth_record_place_open(record->folder, record->app, ret_dir);
}

static void end(struct berth_record *record) {
    berth_sys_file_close(&record->file);
    berth_buf_free(&record->content);
    berth_free(record->folder);
    berth_free(record);
}

int berth_record_open(const char *folder, const char *app, const char *instance,
                      struct berth_record **ret_record) {
    if (!berth_port_name_is_good(berth_view_of(app)) ||
        !berth_port_name_is_good(berth_view_of(instance)))
        return BERTH_E_INVALID;
    struct berth_record *record = berth_alloc(sizeof *record);
    if (record == NULL)
        return BERTH_E_MEMORY;
    record->file.handle = -1;
    record->content = berth_buf_make(BERTH_RECORD_MAX);
    memcpy(record->app, app, strlen(app));
    struct berth_writer name = berth_writer_on(record->name, sizeof record->name - 1);
    berth_writer_format(&name, "%s" BERTH_RECORD_SUFFIX, instance);
    record->folder = berth_strndup(folder, strlen(folder));

    intptr_t dir = -1;
    int error = record->folder == NULL ? BERTH_E_MEMORY : open_folder(record, &dir);
    berth_sys_dir_close(dir);
    if (error < 0) {
        end(record);
        return error;
    }
    *ret_record = record;
    return 0;
}

/* -- Publishing -------------------------------------------------------------------------------- */

/* Is the file in place the one that we hold? */
static int is_ours(const struct berth_record *record, intptr_t dir, bool *ret_ours) {
    if (record->file.handle < 0) {
        *ret_ours = false;
        return 0;
    }
    return berth_sys_private_leads_to(dir, record->name, record->file.handle, ret_ours);
}

/* Takes the name from a record that is dead, with the lock that keeps sweepers from taking the same
 * name from ours a moment later. */
static int put_over_dead(intptr_t dir, const struct berth_sys_draft *draft, const char *name,
                         intptr_t other) {
    bool held = true;
    bool leads = false;
    int error = berth_sys_lock_take(other, BERTH_SYS_LOCK_NAME, SWEEPER_WAIT_MS);
    if (error == 0)
        error = berth_sys_lock_ask(other, BERTH_SYS_LOCK_LIFE, &held);
    if (error == 0 && held)
        error = BERTH_E_BUSY;
    if (error == 0)
        error = berth_sys_private_leads_to(dir, name, other, &leads);
    if (error == 0 && !leads)
        error = BERTH_E_EXISTS;
    if (error == 0)
        error = berth_sys_draft_put_over(dir, draft, name);
    return error;
}

/* What cannot be opened as a record (a symlink, a FIFO, a file that is open to others) is nobody's,
 * and nobody has a lock to wait for. */
static int put_where_not_ours(intptr_t dir, const struct berth_sys_draft *draft, const char *name) {
    struct berth_sys_file other;
    int error = berth_sys_private_open(dir, name, BERTH_SYS_PRIVATE_LOCK, &other);
    if (error == BERTH_E_NOT_FOUND)
        return berth_sys_draft_put(dir, draft, name);
    if (error == BERTH_E_DENIED || error == BERTH_E_INVALID)
        return berth_sys_draft_put_over(dir, draft, name);
    if (error < 0)
        return error;
    error = put_over_dead(dir, draft, name, other.handle);
    berth_sys_file_close(&other);
    return error;
}

static int put(const struct berth_record *record, intptr_t dir,
               const struct berth_sys_draft *draft) {
    bool ours = false;
    int error = is_ours(record, dir, &ours);
    if (error < 0 && error != BERTH_E_NOT_FOUND)
        return error;
    return ours ? berth_sys_draft_put_over(dir, draft, record->name)
                : put_where_not_ours(dir, draft, record->name);
}

/* The old file is let go only when the new one, held already, has its name: at every moment the
 * file in place is held. */
static int publish_once(struct berth_record *record, struct berth_view content) {
    intptr_t dir;
    int error = open_folder(record, &dir);
    if (error < 0)
        return error;
    struct berth_sys_draft draft = {.handle = -1};
    error = berth_sys_draft_make(dir, content, &draft);
    if (error == 0)
        error = put(record, dir, &draft);
    if (error == 0) {
        berth_sys_file_close(&record->file);
        record->file.handle = draft.handle;
    } else {
        berth_sys_draft_drop(dir, &draft);
    }
    berth_sys_dir_close(dir);
    return error;
}

int berth_record_publish(struct berth_record *record, struct berth_view content) {
    if (content.size > BERTH_RECORD_MAX)
        return BERTH_E_FULL;
    berth_buf_consume(&record->content, record->content.size);
    int error = berth_buf_append(&record->content, content.data, content.size);
    if (error < 0)
        return error;
    error = BERTH_E_EXISTS;
    for (int i = 0; i < TRIES && (error == BERTH_E_EXISTS || error == BERTH_E_NOT_FOUND); i++)
        error = publish_once(record, content);
    return error;
}

/* -- Checking and withdrawing ------------------------------------------------------------------ */

/* Does the file that we hold still say what we wrote? Somebody may have emptied it in place. */
static bool is_whole(const struct berth_record *record) {
    char found[1024];
    struct berth_view left = berth_buf_view(&record->content);
    uint64_t offset = 0;
    for (;;) {
        size_t size;
        if (berth_sys_file_read_at(&record->file, offset, found, sizeof found, &size) < 0)
            return false;
        if (size == 0)
            return left.size == 0;
        if (size > left.size || memcmp(found, left.data, size) != 0)
            return false;
        left.data += size;
        left.size -= size;
        offset += size;
    }
}

enum berth_record_health berth_record_check(const struct berth_record *record) {
    intptr_t dir;
    bool ours = false;
    if (record->file.handle < 0 || berth_record_place_open(record->folder, record->app, &dir) < 0)
        return BERTH_RECORD_GONE;
    int error = is_ours(record, dir, &ours);
    berth_sys_dir_close(dir);
    if (error < 0)
        return BERTH_RECORD_GONE;
    if (!ours)
        return BERTH_RECORD_REPLACED;
    return is_whole(record) ? BERTH_RECORD_OURS : BERTH_RECORD_GONE;
}

/* Between the look and the removal nobody else can take the name from our file: we hold it. */
static void remove_if_ours(const struct berth_record *record) {
    intptr_t dir;
    bool ours = false;
    if (berth_record_place_open(record->folder, record->app, &dir) < 0)
        return;
    if (is_ours(record, dir, &ours) == 0 && ours)
        (void)berth_sys_private_remove(dir, record->name);
    berth_sys_dir_close(dir);
}

void berth_record_withdraw(struct berth_record *record) {
    if (record == NULL)
        return;
    remove_if_ours(record);
    end(record);
}
