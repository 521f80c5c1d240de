/* The endpoint record: where every instance of this user says that it is, and lives.
 *
 *     struct berth_record *record;
 *     int error = berth_record_open(folder, app, instance, &record);
 *     error = berth_record_publish(record, content);        (on every change of state)
 *     enum berth_record_health health = berth_record_check(record);   (every few seconds)
 *     berth_record_withdraw(record);
 *
 * The file is <folder>/<app>/<instance>.json, 0600 in 0700. The process holds a lock on it while it
 * lives, so a record whose lock is free is dead, whoever has its pid now. A new content is a new
 * file, locked before it is renamed into place: a reader never sees one that is whole and not held.
 *
 * Shape:   folder is berth_record_folder's, or a test's own; app and instance as in port/name.h. An
 *          instance's name is its own: two that live never have the same one
 * Owns:    berth_record_withdraw removes the file when it is still our own, and frees
 * Errors:  those of the file system; BERTH_E_INVALID for a bad name; BERTH_E_DENIED when the folder
 *          is not this user's alone (owner, mode, no symlink); BERTH_E_UNSUPPORTED: no locks there
 * Limits:  a content has BERTH_RECORD_MAX bytes, a list BERTH_RECORD_LIST_MAX records
 * Threads: one per record; berth_record_list and berth_record_sweep: any
 * Proof:   record_test.c, record_hostile_test.c, record_churn_test.c;
 *          docs/decisions/0007-a-record-is-as-alive-as-its-lock.md
 */
#ifndef BERTH_PORT_RECORD_H
#define BERTH_PORT_RECORD_H

#include "base/view.h"

#define BERTH_RECORD_MAX 65536
#define BERTH_RECORD_LIST_MAX 4096

struct berth_record;

/* $XDG_RUNTIME_DIR/berth, else /tmp/berth-<uid>. Errors: BERTH_E_FULL. */
int berth_record_folder(char *path, size_t capacity);

/* Makes the folders that are missing; there is no file before the first publish. */
int berth_record_open(const char *folder, const char *app, const char *instance,
                      struct berth_record **ret_record);

/* Puts the content in place in one step; after a failure the old one stands. A record in place that
 * is not ours is replaced when it is dead. Errors: BERTH_E_BUSY when it is alive; BERTH_E_FULL for
 * a content that is too large. */
int berth_record_publish(struct berth_record *record, struct berth_view content);

enum berth_record_health {
    BERTH_RECORD_OURS,    /* the file in place is the one we hold */
    BERTH_RECORD_GONE,    /* somebody removed it, or changed it in place: publish again */
    BERTH_RECORD_REPLACED /* another file is in its place: publish again, and hear whether a living
                             successor holds it (BERTH_E_BUSY) */
};

enum berth_record_health berth_record_check(const struct berth_record *record);

/* NULL is welcome. */
void berth_record_withdraw(struct berth_record *record);

/* -- Reading ----------------------------------------------------------------------------------- */

/* One record of an app, as found on disk. */
struct berth_record_entry {
    const char *path;
    const char *app;
    const char *instance;
    bool alive;                /* its lock is held */
    struct berth_view content; /* as somebody wrote it: to be parsed with care */
};

/* Calls `each` for every record of the app (every app's when app is NULL), the youngest first, with
 * loans for the call; false from `each` ends it. Records of other owners, open to others, and over
 * BERTH_RECORD_MAX are passed over. A record whose owner publishes again while we read is read
 * again, until either its lock is held or a file without one stands in its place: the lock of a
 * file that was just replaced is free, and its owner alive. 0 also when there are none. */
int berth_record_list(const char *folder, const char *app,
                      bool (*each)(void *owner, const struct berth_record_entry *entry),
                      void *owner);

/* Removes the dead records of an app, and what killed writers left half done; for starters. A
 * living record stays, whatever happens at the same time. */
void berth_record_sweep(const char *folder, const char *app);

#endif
