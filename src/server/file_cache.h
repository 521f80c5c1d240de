/* Files in memory, so that a request for one costs no call but the read and the write: small ones
 * copied, larger ones mapped, as the system has them in its own memory anyway.
 *
 *     const struct berth_cached_file *cached = berth_file_cache_find(cache, name, order);
 *     if (cached == NULL && berth_file_cache_watch(cache, name)) {
 *         ... open the file ...
 *         cached = berth_file_cache_put(cache, name, order, &version, &file);
 *     }
 *
 * Shape:   a file is kept under its name and the order of codings that it was chosen for. The
 *          folders on the way to it are watched first and the file is read after that, so that no
 *          change falls between; any change in a folder drops what lies beneath it. What a watch
 *          cannot see (memory-mapped writes, a file system of another machine) is seen two seconds
 *          later: nothing older is handed out
 * Owns:    its entries; what find and put give is a loan until the next call, or the loop's next
 *          turn, and for longer to who holds it
 * Errors:  a file that cannot be kept is NULL: too large, no memory, no more watches
 * Limits:  copies of up to 64 KiB, 8 MiB in all; mappings of up to 64 MiB, 256 MiB in all, and only
 *          where `maps`; the least recently used goes. 64 folders (files in further ones are not
 *          kept)
 * Threads: the net's
 * Proof:   file_cache_test.c, tests/e2e/files.test.js
 */
#ifndef BERTH_SERVER_FILE_CACHE_H
#define BERTH_SERVER_FILE_CACHE_H

#include "base/view.h"
#include "net/net.h"
#include "proto/http_accept.h"
#include "sys/files.h"

#define BERTH_FILE_CACHE_COPY_MAX ((size_t)64 * 1024)
#define BERTH_FILE_CACHE_COPIES_MAX ((size_t)8 * 1024 * 1024)
#define BERTH_FILE_CACHE_MAP_MAX ((size_t)64 * 1024 * 1024)
#define BERTH_FILE_CACHE_MAPS_MAX ((size_t)256 * 1024 * 1024)
#define BERTH_FILE_CACHE_FOLDERS_MAX 64
#define BERTH_FILE_CACHE_AGE_MS 2000

struct berth_file_cache;

/* What is known of a file, in the coding in which it is sent. */
struct berth_file_version {
    enum berth_http_coding coding;
    uint64_t id;
    uint64_t size;
    int64_t modified_s;
    uint32_t modified_ns;
    uint64_t reading; /* not 0: read when it was so new that a change may not show in its time */
};

struct berth_cached_file {
    struct berth_file_version version;
    const char *bytes; /* version.size */
    bool is_mapped;    /* for the system alone to look at */
};

/* For files beneath that folder, which has to stay open as long. */
int berth_file_cache_create(struct berth_net *net, intptr_t dir, bool maps,
                            struct berth_file_cache **ret_cache);

/* NULL is welcome. */
void berth_file_cache_destroy(struct berth_file_cache *cache);

/* `order` is any number that stands for the order of codings. */
const struct berth_cached_file *berth_file_cache_find(struct berth_file_cache *cache,
                                                      struct berth_view name, unsigned order);

/* Sees to it that changes on the way to that file are heard of. False when they will not be. */
bool berth_file_cache_watch(struct berth_file_cache *cache, struct berth_view name);

/* Has it stay as it is, whatever becomes of the file's entry or of the cache, until it is released.
 */
void berth_file_cache_hold(const struct berth_cached_file *file);
void berth_file_cache_release(const struct berth_cached_file *file);

/* Reads or maps the file, which was opened after the watch. */
const struct berth_cached_file *berth_file_cache_put(struct berth_file_cache *cache,
                                                     struct berth_view name, unsigned order,
                                                     const struct berth_file_version *version,
                                                     const struct berth_sys_file *file);

#endif
