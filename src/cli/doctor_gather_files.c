/* Facts on disk: the port file and the records. */
#include "base/alloc.h"
#include "berth/error.h"
#include "cli/doctor_gather.h"
#include "cli/log.h"
#include "find/document.h"
#include "port/record.h"
#include "sys/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* -- Port file --------------------------------------------------------------------------------- */

static struct berth_view without_space(struct berth_view text) {
    while (text.size > 0 && strchr(" \t\r\n", text.data[text.size - 1]) != NULL)
        text.size--;
    while (text.size > 0 && strchr(" \t\r\n", text.data[0]) != NULL)
        text = (struct berth_view){text.data + 1, text.size - 1};
    return text;
}

static void read_port(struct berth_view text, struct berth_doctor_port_file *file) {
    uint64_t number;
    struct berth_writer out = berth_writer_on(file->text, sizeof file->text - 1);
    if (berth_view_number(without_space(text), UINT16_MAX, &number) == 0 && number > 0) {
        file->state = BERTH_DOCTOR_FILE_READ;
        file->port = (uint16_t)number;
        return;
    }
    file->state = BERTH_DOCTOR_FILE_GARBAGE;
    berth_cli_text_escape((struct berth_view){text.data, text.size < 20 ? text.size : 20}, &out);
    if (text.size > 20)
        berth_writer_text(&out, "...");
    file->text[out.size] = '\0';
}

/* May this user make a file beside it? A folder that is not there is one where nobody may. */
static bool is_unwritable(const char *path) {
    const char *slash = strrchr(path, '/');
    char folder[BERTH_CONFIG_VALUE_MAX];
    if (slash == NULL || (size_t)(slash - path) >= sizeof folder)
        return false;
    snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) != 0;
}

void berth_doctor_gather_port_file(const char *path, struct berth_doctor_port_file *ret_file) {
    *ret_file = (struct berth_doctor_port_file){.path = path, .state = BERTH_DOCTOR_FILE_OFF};
    if (path == NULL)
        return;
    struct berth_buf text = berth_buf_make(4096);
    int error = berth_sys_file_read(path, &text);
    if (error == 0)
        read_port(berth_buf_view(&text), ret_file);
    else if (error == BERTH_E_FULL)
        read_port(BERTH_VIEW("(more than 4096 bytes)"), ret_file);
    else if (error == BERTH_E_NOT_FOUND)
        ret_file->state = BERTH_DOCTOR_FILE_MISSING;
    else
        ret_file->state = BERTH_DOCTOR_FILE_UNREADABLE;
    ret_file->error = error;
    ret_file->unwritable = is_unwritable(path);
    berth_buf_free(&text);
}

/* -- Records ----------------------------------------------------------------------------------- */

static struct berth_doctor_record *add_record(struct berth_doctor_world *world, const char *path) {
    if (world->record_count == BERTH_DOCTOR_RECORDS_MAX)
        return NULL;
    struct berth_doctor_record *record = &world->records[world->record_count++];
    *record = (struct berth_doctor_record){.fault = BERTH_DOCTOR_RECORD_UNCLEAR};
    snprintf(record->path, sizeof record->path, "%s", path);
    return record;
}

/* "2026-11-23T16:52:16.123Z", as the member started_at; 0 when it is not there. Nobody but this
 * user could have written it, and it decides nothing, so that to look for it is enough. */
static uint64_t started_of(struct berth_view json) {
    static const char name[] = "\"started_at\":\"";
    char text[25] = "";
    struct tm at = {0};
    const char *found = memmem(json.data, json.size, name, sizeof name - 1);
    if (found == NULL || (size_t)(json.data + json.size - found) < sizeof name + sizeof text)
        return 0;
    memcpy(text, found + sizeof name - 1, sizeof text - 1);
    if (strptime(text, "%Y-%m-%dT%H:%M:%S", &at) == NULL)
        return 0;
    time_t seconds = timegm(&at);
    return seconds > 0 ? (uint64_t)seconds * 1000 : 0;
}

/* A living server's record says the key too, where the identity lies in another state folder. */
static void take_key(struct berth_doctor_world *world, const struct berth_find_document *document) {
    if (world->has_key || !document->has_public_key)
        return;
    world->has_key = true;
    memcpy(world->key, document->public_key, sizeof world->key);
}

static bool take_record(void *owner, const struct berth_record_entry *entry) {
    struct berth_doctor_world *world = owner;
    struct berth_doctor_record *record = add_record(world, entry->path);
    struct berth_find_document document;
    const char *fault;
    if (record == NULL)
        return false;
    record->alive = entry->alive;
    if (berth_find_record_read(entry->content, &document, &fault) < 0)
        return true;
    record->fault = BERTH_DOCTOR_RECORD_SOUND;
    record->port = document.port;
    record->pid = document.pid;
    record->started_ms = started_of(entry->content);
    memcpy(record->instance, document.instance, sizeof record->instance);
    if (record->alive)
        take_key(world, &document);
    return true;
}

/* What the list passes over: a file that is not this user's alone. */
static void look_at(struct berth_doctor_world *world, const char *folder, const char *name) {
    char path[sizeof world->records[0].path];
    struct stat status;
    size_t size = strlen(name);
    if (name[0] == '.' || size < 5 || strcmp(name + size - 5, ".json") != 0 ||
        snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path ||
        lstat(path, &status) != 0)
        return;
    bool foreign = status.st_uid != world->uid || !S_ISREG(status.st_mode);
    if (!foreign && (status.st_mode & 077) == 0)
        return;
    struct berth_doctor_record *record = add_record(world, path);
    if (record == NULL)
        return;
    record->fault = foreign ? BERTH_DOCTOR_RECORD_OF_OTHERS : BERTH_DOCTOR_RECORD_OPEN;
    record->uid = status.st_uid;
    record->mode = status.st_mode & 07777;
}

static void look_through(struct berth_doctor_world *world, const char *folder) {
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        look_at(world, folder, entry->d_name);
    closedir(dir);
}

/* NULL when it is this user's alone, or not there. */
static const char *fault_of_folder(const char *path, uint32_t uid) {
    struct stat status;
    if (lstat(path, &status) != 0)
        return NULL;
    if (S_ISLNK(status.st_mode))
        return "is a symbolic link";
    if (!S_ISDIR(status.st_mode))
        return "is no folder";
    if (status.st_uid != uid)
        return "belongs to another user";
    return (status.st_mode & 077) != 0 ? "lets others in" : NULL;
}

void berth_doctor_gather_records(struct berth_doctor_world *world, const char *folder) {
    static char app_folder[BERTH_CONFIG_VALUE_MAX];
    snprintf(app_folder, sizeof app_folder, "%s/%s", folder, world->app);
    world->record_folder = folder;
    world->record_folder_fault = fault_of_folder(folder, world->uid);
    if (world->record_folder_fault == NULL) {
        world->record_folder = app_folder;
        world->record_folder_fault = fault_of_folder(app_folder, world->uid);
    }
    if (world->record_folder_fault != NULL)
        return;
    look_through(world, app_folder);
    /* What cannot be listed is in no worse state than what cannot be found. */
    (void)berth_record_list(folder, world->app, take_record, world);
}
