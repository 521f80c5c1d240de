#include "base/alloc.h"
#include "base/buf.h"
#include "base/writer.h"
#include "berth/error.h"
#include "port/record.h"
#include "port/record_place.h"
#include "sys/locks.h"
#include "sys/private.h"

#include <limits.h>
#include <stdlib.h>

/* How often a record may be replaced while we look at it. */
#define LOOKS 16

struct item {
    char app[BERTH_PORT_NAME_MAX + 1];
    char name[BERTH_RECORD_NAME_SIZE];
    int64_t modified_s;
    uint32_t modified_ns;
};

/* A walk through the folder: what there is, before any of it is looked at. */
struct walk {
    const char *app;
    intptr_t dir;
    struct berth_buf items;
};

/* Says an error something of this process, and not only of the one file? */
static bool ends_listing(int error) {
    return error == BERTH_E_MEMORY || error == BERTH_E_TOO_MANY_FILES ||
           error == BERTH_E_UNSUPPORTED;
}

/* -- What there is ----------------------------------------------------------------------------- */

static int add_item(struct walk *walk, const char *name) {
    struct berth_sys_file file;
    int error = berth_sys_private_open(walk->dir, name, BERTH_SYS_PRIVATE_READ, &file);
    if (error < 0)
        return ends_listing(error) ? error : 0;
    berth_sys_file_close(&file);
    struct item item = {.modified_s = file.modified_s, .modified_ns = file.modified_ns};
    memcpy(item.app, walk->app, strlen(walk->app));
    memcpy(item.name, name, strlen(name));
    error = berth_buf_append(&walk->items, &item, sizeof item);
    return error == BERTH_E_FULL ? 0 : error;
}

static int walk_file(void *owner, const char *name) {
    struct berth_view instance;
    return berth_record_place_instance(name, &instance) == 0 ? add_item(owner, name) : 0;
}

static int walk_app(struct walk *walk, const char *folder, const char *app) {
    int error = berth_record_place_open(folder, app, &walk->dir);
    if (error < 0)
        return error;
    walk->app = app;
    error = berth_sys_private_dir_walk(walk->dir, walk_file, walk);
    berth_sys_dir_close(walk->dir);
    return error;
}

struct walk_of_all {
    struct walk *walk;
    const char *folder;
};

static int walk_any_app(void *owner, const char *name) {
    const struct walk_of_all *all = owner;
    int error = walk_app(all->walk, all->folder, name);
    return ends_listing(error) ? error : 0;
}

static int walk_all(struct walk *walk, const char *folder) {
    struct walk_of_all all = {walk, folder};
    intptr_t root;
    int error = berth_sys_private_dir_open(-1, folder, &root);
    if (error < 0)
        return error;
    error = berth_sys_private_dir_walk(root, walk_any_app, &all);
    berth_sys_dir_close(root);
    return error;
}

/* The youngest first; their names decide between twins, so that the order is always the same. */
static int compare(const void *left, const void *right) {
    const struct item *a = left;
    const struct item *b = right;
    if (a->modified_s != b->modified_s)
        return a->modified_s > b->modified_s ? -1 : 1;
    if (a->modified_ns != b->modified_ns)
        return a->modified_ns > b->modified_ns ? -1 : 1;
    int by_app = strcmp(a->app, b->app);
    return by_app != 0 ? by_app : strcmp(a->name, b->name);
}

/* -- Looking at one ---------------------------------------------------------------------------- */

struct look {
    char *memory; /* BERTH_RECORD_MAX bytes, and one by which more is seen */
    size_t size;
    bool alive;
    bool settled; /* alive, or dead and still in place */
};

static int look_at(intptr_t dir, const char *name, intptr_t file, struct look *look) {
    int error = berth_sys_lock_ask(file, BERTH_SYS_LOCK_LIFE, &look->alive);
    look->settled = look->alive;
    if (error < 0 || look->alive)
        return error;
    return berth_sys_private_leads_to(dir, name, file, &look->settled);
}

static int look_once(intptr_t dir, const char *name, struct look *look) {
    struct berth_sys_file file;
    int error = berth_sys_private_open(dir, name, BERTH_SYS_PRIVATE_READ, &file);
    if (error < 0)
        return error;
    error = berth_sys_file_read_at(&file, 0, look->memory, BERTH_RECORD_MAX + 1, &look->size);
    if (error == 0 && look->size > BERTH_RECORD_MAX)
        error = BERTH_E_FULL;
    if (error == 0)
        error = look_at(dir, name, file.handle, look);
    berth_sys_file_close(&file);
    return error;
}

/* An owner that publishes again lets the old file go, and we may be the ones who have it open: its
 * lock is free then, and nobody is dead. But the owner does so only after the name leads to its new
 * file. So a free lock means death only while the name leads to that very file; else we look again,
 * at the new one. Who replaces it as often as we can look is alive for certain. */
static int look_until_settled(intptr_t dir, const char *name, struct look *look) {
    look->settled = false;
    for (int i = 0; i < LOOKS && !look->settled; i++) {
        int error = look_once(dir, name, look);
        if (error < 0)
            return error;
    }
    look->alive = look->alive || !look->settled;
    return 0;
}

static int look_for(const char *folder, const struct item *item, struct look *look) {
    intptr_t dir;
    int error = berth_record_place_open(folder, item->app, &dir);
    if (error < 0)
        return error;
    error = look_until_settled(dir, item->name, look);
    berth_sys_dir_close(dir);
    return error;
}

/* -- Telling ----------------------------------------------------------------------------------- */

struct telling {
    const char *folder;
    bool (*each)(void *owner, const struct berth_record_entry *entry);
    void *owner;
};

/* False when the caller has heard enough, or the path is longer than paths can be. */
static bool tell(const struct telling *telling, const struct item *item, const struct look *look) {
    char path[PATH_MAX];
    char instance[BERTH_RECORD_NAME_SIZE] = "";
    struct berth_view name;
    struct berth_writer out = berth_writer_on(path, sizeof path);
    berth_writer_format(&out, "%s/%s/%s", telling->folder, item->app, item->name);
    berth_writer_char(&out, 0);
    if (out.overflow || berth_record_place_instance(item->name, &name) < 0)
        return false;
    memcpy(instance, name.data, name.size);
    const struct berth_record_entry entry = {
        .path = path,
        .app = item->app,
        .instance = instance,
        .alive = look->alive,
        .content = {look->memory, look->size},
    };
    return telling->each(telling->owner, &entry);
}

static int tell_all(const struct telling *telling, struct berth_view items, char *memory) {
    const char *at = items.data;
    for (size_t i = 0; i < items.size / sizeof(struct item); i++, at += sizeof(struct item)) {
        struct item item;
        memcpy(&item, at, sizeof item);
        struct look look = {.memory = memory};
        int error = look_for(telling->folder, &item, &look);
        if (ends_listing(error))
            return error;
        if (error == 0 && !tell(telling, &item, &look))
            return 0;
    }
    return 0;
}

static int list(struct walk *walk, const struct telling *telling, const char *app) {
    int error =
        app != NULL ? walk_app(walk, telling->folder, app) : walk_all(walk, telling->folder);
    if (error < 0 || walk->items.size == 0)
        return error == BERTH_E_NOT_FOUND ? 0 : error;
    qsort(walk->items.data + walk->items.start, walk->items.size / sizeof(struct item),
          sizeof(struct item), compare);
    char *memory = berth_alloc(BERTH_RECORD_MAX + 1);
    if (memory == NULL)
        return BERTH_E_MEMORY;
    error = tell_all(telling, berth_buf_view(&walk->items), memory);
    berth_free(memory);
    return error;
}

int berth_record_list(const char *folder, const char *app,
                      bool (*each)(void *owner, const struct berth_record_entry *entry),
                      void *owner) {
    const struct telling telling = {folder, each, owner};
    struct walk walk = {.items = berth_buf_make(BERTH_RECORD_LIST_MAX * sizeof(struct item))};
    int error = list(&walk, &telling, app);
    berth_buf_free(&walk.items);
    return error;
}

/* -- Sweeping ---------------------------------------------------------------------------------- */

static int sweep_record(void *owner, const char *name) {
    const intptr_t *dir = owner;
    struct berth_view instance;
    if (berth_record_place_instance(name, &instance) == 0)
        (void)berth_sys_private_remove_dead(*dir, name);
    return 0;
}

void berth_record_sweep(const char *folder, const char *app) {
    intptr_t dir;
    if (berth_record_place_open(folder, app, &dir) < 0)
        return;
    berth_sys_private_sweep(dir);
    (void)berth_sys_private_dir_walk(dir, sweep_record, &dir);
    berth_sys_dir_close(dir);
}
