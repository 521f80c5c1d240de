/* What is on disk: the configuration, the port file, the records. */
#include "cli/doctor.h"

#include "berth/error.h"

/* -- Configuration ----------------------------------------------------------------------------- */

static enum berth_doctor_code_id code_of(const struct berth_config_message *message) {
    if (message->level == BERTH_LOG_ERROR)
        return BERTH_DOCTOR_CONFIG_INVALID;
    if (strstr(message->text, "there is one port") != NULL)
        return BERTH_DOCTOR_CONFIG_PORTS_DIFFER;
    if (strstr(message->text, "outgoing connections") != NULL)
        return BERTH_DOCTOR_PORT_EPHEMERAL;
    return strstr(message->text, "did you mean") != NULL ? BERTH_DOCTOR_CONFIG_NEAR_MISS
                                                         : BERTH_DOCTOR_CONFIG_WARNING;
}

void berth_doctor_check_configuration(const struct berth_doctor_world *world,
                                      struct berth_doctor_report *report) {
    size_t before = report->count;
    for (size_t i = 0; i < world->message_count; i++) {
        enum berth_doctor_code_id code = code_of(&world->messages[i]);
        const char *text = world->messages[i].text;
        const char *end = text[0] != '\0' && strchr(".?!", text[strlen(text) - 1]) ? "" : ".";
        if (code != BERTH_DOCTOR_PORT_EPHEMERAL) /* the ports' own check says that */
            berth_doctor_add(report, code, "%s%s", text, end);
    }
    if (world->config_path == NULL)
        berth_doctor_add(report, BERTH_DOCTOR_CONFIG_MISSING,
                         "No file was read; the app is called %s.", world->app);
    if (report->count == before)
        berth_doctor_add(report, BERTH_DOCTOR_CONFIGURATION, "%s is valid, the app is called %s.",
                         world->config_path, world->app);
}

/* -- Port file --------------------------------------------------------------------------------- */

/* Somebody listens, and no answer comes: a connection that is refused all the same is a filter's
 * doing, and says nothing of who listens. */
static bool is_unanswered(const struct berth_doctor_port *port, size_t family) {
    enum berth_doctor_outcome outcome = port->answers[family].outcome;
    return outcome == BERTH_DOCTOR_SILENT || outcome == BERTH_DOCTOR_UNREACHED ||
           (outcome == BERTH_DOCTOR_REFUSED && port->holder_count > 0 &&
            port->holders[0].listening);
}

static bool is_silent(const struct berth_doctor_port *port) {
    bool answered = false;
    bool unanswered = false;
    for (size_t i = 0; i < BERTH_DOCTOR_FAMILIES_MAX; i++) {
        answered = answered || port->answers[i].outcome == BERTH_DOCTOR_ANSWERED;
        unanswered = unanswered || is_unanswered(port, i);
    }
    return unanswered && !answered;
}

static void judge_stranger(const struct berth_doctor_world *world,
                           const struct berth_doctor_port *port,
                           struct berth_doctor_report *report) {
    char memory[256];
    struct berth_writer holder = berth_writer_on(memory, sizeof memory - 1);
    berth_doctor_holder_write(port, &holder);
    memory[holder.size] = '\0';
    bool silent = is_silent(port);
    berth_doctor_add(report,
                     silent ? BERTH_DOCTOR_PORT_FILE_SILENT : BERTH_DOCTOR_PORT_FILE_STRANGER,
                     "%s says %u, which is %s%s.", world->port_file.path, (unsigned)port->port,
                     memory, silent ? " and does not answer" : "");
}

static void judge_port(const struct berth_doctor_world *world, const struct berth_doctor_port *port,
                       struct berth_doctor_report *report) {
    const char *path = world->port_file.path;
    unsigned number = port->port;
    switch (berth_doctor_who(world, port)) {
    case BERTH_DOCTOR_FREE:
    case BERTH_DOCTOR_DENIED:
    case BERTH_DOCTOR_REFUSED_BY_BROWSERS:
        berth_doctor_add(report, BERTH_DOCTOR_PORT_FILE_STALE,
                         "%s says %u, and nobody listens there.", path, number);
        return;
    case BERTH_DOCTOR_OTHER_APP:
        berth_doctor_add(report, BERTH_DOCTOR_PORT_FILE_OTHER_APP,
                         "%s says %u, where the app %s answers.", path, number,
                         port->health[port->health[0].is_berth ? 0 : 1].app);
        return;
    case BERTH_DOCTOR_IMPOSTOR:
    case BERTH_DOCTOR_STRANGER:
        judge_stranger(world, port, report);
        return;
    case BERTH_DOCTOR_OURS:
        berth_doctor_add(report, BERTH_DOCTOR_PORT_FILE, "%s says %u, where %s answers.", path,
                         number, world->app);
        return;
    }
}

void berth_doctor_check_port_file(const struct berth_doctor_world *world,
                                  struct berth_doctor_report *report) {
    const struct berth_doctor_port_file *file = &world->port_file;
    const struct berth_doctor_port *port = NULL;
    switch (file->state) {
    case BERTH_DOCTOR_FILE_OFF:
        berth_doctor_add(report, BERTH_DOCTOR_PORT_FILE, "PORT_FILE is none: there is to be none.");
        return;
    case BERTH_DOCTOR_FILE_MISSING:
        if (world->server != NULL)
            berth_doctor_add(report, BERTH_DOCTOR_PORT_FILE_MISSING,
                             "%s is not there, though a server answers on port %u.", file->path,
                             (unsigned)world->server->port);
        break;
    case BERTH_DOCTOR_FILE_GARBAGE:
        berth_doctor_add(report, BERTH_DOCTOR_PORT_FILE_GARBAGE, "%s holds \"%s\".", file->path,
                         file->text);
        break;
    case BERTH_DOCTOR_FILE_UNREADABLE:
        berth_doctor_add(report, BERTH_DOCTOR_PORT_FILE_UNREADABLE, "%s: %s.", file->path,
                         berth_error_text(file->error));
        break;
    case BERTH_DOCTOR_FILE_READ:
        port = berth_doctor_port_of(world, file->port);
        if (port != NULL)
            judge_port(world, port, report);
        break;
    }
    if (file->unwritable)
        berth_doctor_add(report, BERTH_DOCTOR_PORT_FILE_UNWRITABLE,
                         "This user may not put a file where %s should be.", file->path);
    else if (file->state == BERTH_DOCTOR_FILE_MISSING && world->server == NULL)
        berth_doctor_add(report, BERTH_DOCTOR_PORT_FILE,
                         "There is none, as there is no server; its place can be written.");
}

/* -- Records ----------------------------------------------------------------------------------- */

static void judge_sound(const struct berth_doctor_world *world,
                        const struct berth_doctor_record *record,
                        struct berth_doctor_report *report) {
    if (!record->alive) {
        berth_doctor_add(report, BERTH_DOCTOR_RECORD_DEAD,
                         "%s is of pid %u on port %u, and its lock is free.", record->path,
                         record->pid, (unsigned)record->port);
        return;
    }
    const struct berth_doctor_port *port = berth_doctor_port_of(world, record->port);
    for (size_t i = 0; port != NULL && i < BERTH_DOCTOR_FAMILIES_MAX; i++)
        if (strcmp(port->health[i].instance, record->instance) == 0)
            return;
    berth_doctor_add(
        report, BERTH_DOCTOR_RECORD_UNREACHABLE,
        "The process %u lives and should be on port %u: 127.0.0.1, %s; ::1, %s.", record->pid,
        (unsigned)record->port,
        berth_doctor_outcome_text(port != NULL ? port->answers[0].outcome : BERTH_DOCTOR_NOT_ASKED),
        berth_doctor_outcome_text(port != NULL ? port->answers[1].outcome
                                               : BERTH_DOCTOR_NOT_ASKED));
}

static void judge_record(const struct berth_doctor_world *world,
                         const struct berth_doctor_record *record,
                         struct berth_doctor_report *report) {
    switch (record->fault) {
    case BERTH_DOCTOR_RECORD_SOUND:
        judge_sound(world, record, report);
        return;
    case BERTH_DOCTOR_RECORD_OF_OTHERS:
        berth_doctor_add(report, BERTH_DOCTOR_RECORD_FOREIGN,
                         "%s is no file of user %u, who asks: its owner is %u.", record->path,
                         world->uid, record->uid);
        return;
    case BERTH_DOCTOR_RECORD_OPEN:
        berth_doctor_add(report, BERTH_DOCTOR_RECORD_MODE, "%s has the mode %04o.", record->path,
                         record->mode);
        return;
    case BERTH_DOCTOR_RECORD_UNCLEAR:
        berth_doctor_add(report, BERTH_DOCTOR_RECORD_GARBAGE, "%s is no record.", record->path);
        return;
    }
}

static bool has_record_of(const struct berth_doctor_world *world, const char *instance) {
    for (size_t i = 0; i < world->record_count; i++)
        if (world->records[i].alive && strcmp(world->records[i].instance, instance) == 0)
            return true;
    return false;
}

void berth_doctor_check_records(const struct berth_doctor_world *world,
                                struct berth_doctor_report *report) {
    size_t before = report->count;
    size_t alive = 0;
    if (world->record_folder_fault != NULL)
        berth_doctor_add(report, BERTH_DOCTOR_RECORD_FOLDER, "%s %s.", world->record_folder,
                         world->record_folder_fault);
    for (size_t i = 0; i < world->record_count; i++) {
        judge_record(world, &world->records[i], report);
        alive += world->records[i].alive ? 1 : 0;
    }
    if (world->server != NULL && world->record_folder_fault == NULL &&
        !has_record_of(world, world->server->health[world->server_family].instance))
        berth_doctor_add(report, BERTH_DOCTOR_RECORD_MISSING,
                         "The server on port %u has no record in %s.",
                         (unsigned)world->server->port, world->record_folder);
    if (report->count > before)
        return;
    if (alive > 0)
        berth_doctor_add(report, BERTH_DOCTOR_RECORDS, "%zu of running servers in %s.", alive,
                         world->record_folder);
    else
        berth_doctor_add(report, BERTH_DOCTOR_RECORDS, "None, as there is no server.");
}
