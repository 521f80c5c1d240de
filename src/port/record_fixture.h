/* For the tests of records: a folder of their own, and what a list says of it. To be included after
 * sys/fixture.h, on which it stands. */
#ifndef BERTH_PORT_RECORD_FIXTURE_H
#define BERTH_PORT_RECORD_FIXTURE_H

#include "berth/error.h"
#include "port/record.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

/* The test's own folder, and the one for records in it. */
static char fixture_folder[32];
static char fixture_records[64];

static inline int fixture_records_make(void **state) {
    (void)state;
    fixture_folder_make(fixture_folder);
    snprintf(fixture_records, sizeof fixture_records, "%s/run", fixture_folder);
    return 0;
}

static inline int fixture_records_remove(void **state) {
    (void)state;
    fixture_folder_remove(fixture_folder);
    return 0;
}

/* A path in the folder for records; valid until the fourth call after this. */
static inline const char *fixture_in_records(const char *name) {
    static char paths[4][400];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", fixture_records, name);
    return path;
}

/* What a list told: the names in order, and the last content. */
struct fixture_seen {
    unsigned count;
    unsigned alive;
    unsigned max; /* 0 for all */
    char names[512];
    char content[64];
};

static inline bool fixture_see(void *owner, const struct berth_record_entry *entry) {
    struct fixture_seen *seen = owner;
    size_t used = strlen(seen->names);
    snprintf(seen->names + used, sizeof seen->names - used, "%s/%s%s ", entry->app, entry->instance,
             entry->alive ? "" : "(dead)");
    snprintf(seen->content, sizeof seen->content, "%.*s", BERTH_VIEW_ARG(entry->content));
    seen->alive += entry->alive ? 1 : 0;
    return ++seen->count != seen->max;
}

static inline struct fixture_seen fixture_list(const char *app) {
    struct fixture_seen seen = {0};
    FIXTURE_NEED(berth_record_list(fixture_records, app, fixture_see, &seen) == 0);
    return seen;
}

static inline struct berth_record *fixture_publish(const char *app, const char *instance,
                                                   const char *content) {
    struct berth_record *record;
    FIXTURE_NEED(berth_record_open(fixture_records, app, instance, &record) == 0);
    FIXTURE_NEED(berth_record_publish(record, berth_view_of(content)) == 0);
    return record;
}

static inline unsigned fixture_count_files(const char *path) {
    unsigned count = 0;
    DIR *dir = opendir(path);
    FIXTURE_NEED(dir != NULL);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2; /* "." and ".." */
}

/* A record as a process leaves it that was killed. */
static inline void fixture_put_file(const char *path, const char *content, mode_t mode) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size_t size = strlen(content);
    FIXTURE_NEED(fd >= 0 && write(fd, content, size) == (ssize_t)size);
    FIXTURE_NEED(fchmod(fd, mode) == 0 && close(fd) == 0);
}

/* A child that publishes, says so through the gate, and sleeps until a signal ends it. */
struct fixture_owner {
    const char *app;
    const char *instance;
    struct fixture_gate published;
};

static inline int fixture_own(void *argument) {
    struct fixture_owner *owner = argument;
    (void)fixture_publish(owner->app, owner->instance, "{}");
    fixture_gate_open(&owner->published);
    while (pause() < 0)
        continue;
    return 0;
}

static inline pid_t fixture_start_owner(const char *app, const char *instance) {
    struct fixture_owner owner = {app, instance, fixture_gate_make()};
    pid_t pid = fixture_fork(fixture_own, &owner);
    fixture_gate_wait(&owner.published);
    return pid;
}

static inline void fixture_kill(pid_t pid) {
    FIXTURE_NEED(kill(pid, SIGKILL) == 0);
    FIXTURE_NEED(fixture_wait(pid) == -1);
}

#endif
