#include "server/file_cache.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/writer.h"
#include "berth/error.h"

#include <string.h>

#define BUCKETS 256
#define PATH_MAX_SIZE 4200 /* a name of 4 KiB behind the path of the folder that it is in */

struct entry {
    struct berth_cached_file file; /* first: what callers hold */
    struct entry *next_in_bucket;
    struct entry *newer, *older; /* by the time of their last use */
    uint64_t read_at_ms;
    size_t holds; /* the cache's own, and others' */
    uint32_t hash;
    unsigned order;
    struct berth_view name; /* its bytes lie behind this struct, and behind them a copied file's */
};

struct folder {
    struct berth_file_cache *cache;
    struct berth_net_watch *watch;
    struct berth_view path; /* from the root, without a slash at its end; "" is the root */
    bool is_stale;          /* another folder may have taken its name since it is watched */
    char memory[];
};

struct berth_file_cache {
    struct berth_net *net;
    intptr_t dir;
    bool maps;
    size_t copied, mapped; /* bytes of all entries */
    struct entry *newest, *oldest;
    struct entry *buckets[BUCKETS];
    size_t folder_count;
    struct folder *folders[BERTH_FILE_CACHE_FOLDERS_MAX];
};

/* -- Entries ----------------------------------------------------------------------------------- */

/* FNV-1a. */
static uint32_t hash_of(struct berth_view name, unsigned order) {
    uint32_t hash = 2166136261u ^ order;
    for (size_t i = 0; i < name.size; i++)
        hash = (hash ^ (uint8_t)name.data[i]) * 16777619u;
    return hash;
}

/* What the limits count. */
static void count(struct berth_file_cache *cache, const struct entry *entry, bool comes) {
    size_t copied = sizeof *entry + entry->name.size;
    size_t mapped = 0;
    *(entry->file.is_mapped ? &mapped : &copied) += (size_t)entry->file.version.size;
    cache->copied += comes ? copied : 0 - copied;
    cache->mapped += comes ? mapped : 0 - mapped;
}

static void unlink_use(struct berth_file_cache *cache, struct entry *entry) {
    *(entry->newer != NULL ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void link_use(struct berth_file_cache *cache, struct entry *entry) {
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static struct entry *entry_of(const struct berth_cached_file *file) {
    return (struct entry *)(uintptr_t)file;
}

void berth_file_cache_hold(const struct berth_cached_file *file) { entry_of(file)->holds++; }

void berth_file_cache_release(const struct berth_cached_file *file) {
    struct entry *entry = entry_of(file);
    BERTH_ASSERT(entry->holds > 0);
    if (--entry->holds > 0)
        return;
    if (file->is_mapped)
        berth_sys_file_unmap(file->bytes, file->version.size);
    berth_free(entry);
}

static void drop(struct berth_file_cache *cache, struct entry *entry) {
    struct entry **at = &cache->buckets[entry->hash % BUCKETS];
    while (*at != entry)
        at = &(*at)->next_in_bucket;
    *at = entry->next_in_bucket;
    unlink_use(cache, entry);
    count(cache, entry, false);
    berth_file_cache_release(&entry->file);
}

static struct entry *find(struct berth_file_cache *cache, struct berth_view name, unsigned order) {
    uint32_t hash = hash_of(name, order);
    struct entry *entry = cache->buckets[hash % BUCKETS];
    while (entry != NULL &&
           (entry->hash != hash || entry->order != order || !berth_view_equal(entry->name, name)))
        entry = entry->next_in_bucket;
    return entry;
}

/* Hot: once for every request for a small file. */
const struct berth_cached_file *berth_file_cache_find(struct berth_file_cache *cache,
                                                      struct berth_view name, unsigned order) {
    struct entry *entry = find(cache, name, order);
    if (entry == NULL)
        return NULL;
    if (berth_net_now_ms(cache->net) - entry->read_at_ms > BERTH_FILE_CACHE_AGE_MS) {
        drop(cache, entry);
        return NULL;
    }
    unlink_use(cache, entry);
    link_use(cache, entry);
    return &entry->file;
}

/* The file's bytes behind the name. */
static bool copy_file(struct entry *entry, const struct berth_sys_file *file) {
    char *bytes = (char *)(entry + 1) + entry->name.size;
    size_t size = (size_t)entry->file.version.size, got = 0;
    entry->file.bytes = bytes;
    return berth_sys_file_read_at(file, 0, bytes, size, &got) == 0 && got == size;
}

static bool map_file(struct entry *entry, const struct berth_sys_file *file) {
    entry->file.is_mapped = true;
    return berth_sys_file_map(file, &entry->file.bytes) == 0;
}

static struct entry *make_entry(struct berth_view name, const struct berth_file_version *version,
                                const struct berth_sys_file *file) {
    bool is_small = version->size <= BERTH_FILE_CACHE_COPY_MAX;
    size_t copied = is_small ? (size_t)version->size : 0;
    struct entry *entry = berth_alloc(sizeof *entry + name.size + copied);
    if (entry == NULL)
        return NULL;
    memcpy(entry + 1, name.data, name.size);
    entry->name = (struct berth_view){(char *)(entry + 1), name.size};
    entry->file.version = *version;
    entry->holds = 1;
    if (is_small ? copy_file(entry, file) : map_file(entry, file))
        return entry;
    berth_free(entry); /* a file that is being written to, or no memory */
    return NULL;
}

static void make_room(struct berth_file_cache *cache) {
    while (cache->oldest != NULL && (cache->copied > BERTH_FILE_CACHE_COPIES_MAX ||
                                     cache->mapped > BERTH_FILE_CACHE_MAPS_MAX))
        drop(cache, cache->oldest);
}

const struct berth_cached_file *berth_file_cache_put(struct berth_file_cache *cache,
                                                     struct berth_view name, unsigned order,
                                                     const struct berth_file_version *version,
                                                     const struct berth_sys_file *file) {
    size_t max = cache->maps ? BERTH_FILE_CACHE_MAP_MAX : BERTH_FILE_CACHE_COPY_MAX;
    if (version->size > max || find(cache, name, order) != NULL)
        return NULL;
    struct entry *entry = make_entry(name, version, file);
    if (entry == NULL)
        return NULL;
    entry->order = order;
    entry->hash = hash_of(name, order);
    entry->read_at_ms = berth_net_now_ms(cache->net);
    count(cache, entry, true);
    make_room(cache);
    entry->next_in_bucket = cache->buckets[entry->hash % BUCKETS];
    cache->buckets[entry->hash % BUCKETS] = entry;
    link_use(cache, entry);
    return &entry->file;
}

/* -- Folders ----------------------------------------------------------------------------------- */

static bool lies_beneath(struct berth_view name, struct berth_view folder) {
    return folder.size == 0 || (name.size > folder.size && name.data[folder.size] == '/' &&
                                berth_view_starts(name, folder));
}

static void on_change(void *owner) {
    struct folder *folder = owner;
    struct berth_file_cache *cache = folder->cache;
    struct entry *older;
    for (struct entry *entry = cache->newest; entry != NULL; entry = older) {
        older = entry->older;
        if (lies_beneath(entry->name, folder->path))
            drop(cache, entry);
    }
    for (size_t i = 0; i < cache->folder_count; i++) {
        struct folder *other = cache->folders[i];
        if (other != folder && other->path.size > 0 && lies_beneath(other->path, folder->path))
            other->is_stale = true;
    }
}

static bool start_watch(struct folder *folder) {
    char memory[PATH_MAX_SIZE];
    struct berth_writer path = berth_writer_on(memory, sizeof memory);
    berth_sys_dir_path(folder->cache->dir, folder->path, &path);
    folder->watch = NULL;
    return !path.overflow && berth_net_watch_create(folder->cache->net, memory, on_change, folder,
                                                    &folder->watch) == 0;
}

static void forget_folder(struct berth_file_cache *cache, size_t index) {
    struct folder *folder = cache->folders[index];
    berth_net_watch_destroy(folder->watch);
    berth_free(folder);
    cache->folders[index] = cache->folders[--cache->folder_count];
}

static bool add_folder(struct berth_file_cache *cache, struct berth_view path) {
    if (cache->folder_count == BERTH_FILE_CACHE_FOLDERS_MAX)
        return false;
    struct folder *folder = berth_alloc(sizeof *folder + path.size + 1);
    if (folder == NULL)
        return false;
    if (path.size > 0)
        memcpy(folder->memory, path.data, path.size);
    folder->path = (struct berth_view){folder->memory, path.size};
    folder->cache = cache;
    if (!start_watch(folder)) {
        berth_free(folder);
        return false;
    }
    cache->folders[cache->folder_count++] = folder;
    return true;
}

static bool watch_folder(struct berth_file_cache *cache, struct berth_view path) {
    for (size_t i = 0; i < cache->folder_count; i++) {
        if (!berth_view_equal(cache->folders[i]->path, path))
            continue;
        if (!cache->folders[i]->is_stale)
            return true;
        forget_folder(cache, i);
        break;
    }
    return add_folder(cache, path);
}

bool berth_file_cache_watch(struct berth_file_cache *cache, struct berth_view name) {
    if (!watch_folder(cache, (struct berth_view){name.data, 0}))
        return false;
    for (size_t i = 1; i < name.size; i++)
        if (name.data[i] == '/' && !watch_folder(cache, (struct berth_view){name.data, i}))
            return false;
    return true;
}

/* -- Life -------------------------------------------------------------------------------------- */

int berth_file_cache_create(struct berth_net *net, intptr_t dir, bool maps,
                            struct berth_file_cache **ret_cache) {
    struct berth_file_cache *cache = berth_alloc(sizeof *cache);
    if (cache == NULL)
        return BERTH_E_MEMORY;
    cache->net = net;
    cache->dir = dir;
    cache->maps = maps;
    *ret_cache = cache;
    return 0;
}

void berth_file_cache_destroy(struct berth_file_cache *cache) {
    if (cache == NULL)
        return;
    while (cache->newest != NULL)
        drop(cache, cache->newest);
    while (cache->folder_count > 0)
        forget_folder(cache, cache->folder_count - 1);
    BERTH_ASSERT(cache->copied == 0 && cache->mapped == 0);
    berth_free(cache);
}
