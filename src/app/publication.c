#include "app/publication.h"

#include "berth/error.h"
#include "port/instance.h"
#include "port/publish.h"
#include "port/record.h"
#include "sys/clock.h"
#include "sys/entropy.h"
#include "sys/process.h"

#include <stdio.h>

static const struct berth_config_value *value_of(const struct berth_publication *publication,
                                                 enum berth_setting_id id) {
    return &publication->config->values[id];
}

/* -- Who we are -------------------------------------------------------------------------------- */

static int make_names(struct berth_publication *publication) {
    uint8_t bytes[BERTH_INSTANCE_BYTES + BERTH_TOKEN_BYTES];
    int error = berth_sys_random(bytes, sizeof bytes);
    if (error < 0)
        return error;
    for (size_t i = 0; i < BERTH_INSTANCE_BYTES; i++)
        snprintf(publication->instance + 2 * i, 3, "%02x", bytes[i]);
    berth_base64url_encode(bytes + BERTH_INSTANCE_BYTES, BERTH_TOKEN_BYTES, publication->token);
    return 0;
}

static void log_without_identity(const struct berth_publication *publication, int error) {
    const char *state_dir = value_of(publication, BERTH_SETTING_STATE_DIR)->text;
    bool damaged = error == BERTH_E_INVALID;
    berth_log_write(
        publication->log, BERTH_LOG_WARNING, "identity.missing",
        "There is no identity in the state folder %s/%s (%s). Serving goes on, but clients cannot "
        "tell this server from an impostor, and some stay away: %s",
        state_dir != NULL ? state_dir : "(none)", publication->endpoint.app,
        damaged ? "the file identity.key holds no key" : berth_error_text(error),
        damaged ? "put the file back, or remove it, and start again"
                : "make the folder and its files this user's own, or name another with STATE_DIR");
}

static void load_identity(struct berth_publication *publication) {
    const char *state_dir = value_of(publication, BERTH_SETTING_STATE_DIR)->text;
    const char *app = publication->endpoint.app;
    int error = state_dir == NULL ? BERTH_E_NOT_FOUND
                                  : berth_instance_identity(state_dir, app, &publication->identity);
    publication->has_identity = error == 0;
    if (error == 0)
        publication->endpoint.public_key = publication->identity.public_key;
    else
        log_without_identity(publication, error);
}

static void log_unrecorded(const struct berth_publication *publication, int error) {
    berth_log_write(publication->log, BERTH_LOG_WARNING, "record.unwritten",
                    "The endpoint record could not be written in %s: %s. Serving goes on: "
                    "programs of this user find the server by its port only, and without its token",
                    publication->folder[0] != '\0' ? publication->folder : "the runtime folder",
                    berth_error_text(error));
}

static void open_record(struct berth_publication *publication) {
    int error = berth_record_folder(publication->folder, sizeof publication->folder);
    if (error == 0)
        error = berth_record_open(publication->folder, publication->endpoint.app,
                                  publication->instance, &publication->record);
    if (error == 0)
        berth_record_sweep(publication->folder, publication->endpoint.app);
    else
        log_unrecorded(publication, error);
}

int berth_publication_begin(struct berth_publication *publication,
                            const struct berth_config *config, const struct berth_log *log) {
    *publication = (struct berth_publication){.config = config, .log = log};
    int error = make_names(publication);
    if (error < 0)
        return error;
    if (berth_sys_boot_id(publication->boot_id, sizeof publication->boot_id) < 0)
        publication->boot_id[0] = '\0';
    publication->endpoint = (struct berth_endpoint){
        .app = value_of(publication, BERTH_SETTING_APP)->text,
        .instance = publication->instance,
        .version = BERTH_VERSION,
        .pid = berth_sys_pid(),
        .started_unix_ms = berth_sys_clock_unix_ms(),
        .boot_id = publication->boot_id,
        .state_dir = value_of(publication, BERTH_SETTING_STATE_DIR)->text,
        .token = publication->token,
    };
    load_identity(publication);
    return 0;
}

/* An address to connect to: "every network" is none. */
static struct berth_addr reachable(const struct berth_addr *address, uint16_t port) {
    struct berth_addr addr = *address;
    if (berth_addr_is_any(address))
        (void)berth_addr_parse(address->family == 4 ? BERTH_VIEW("127.0.0.1") : BERTH_VIEW("::1"),
                               port, &addr);
    addr.port = port;
    return addr;
}

void berth_publication_place(struct berth_publication *publication,
                             const struct berth_publication_place *place) {
    struct berth_endpoint *endpoint = &publication->endpoint;
    endpoint->host = place->host;
    endpoint->address = reachable(place->address, place->port);
    endpoint->port = place->port;
    endpoint->requested_port = place->requested_port;
    endpoint->ws_path = place->ws_path;
    open_record(publication);
}

/* -- The record -------------------------------------------------------------------------------- */

static int write_record(struct berth_publication *publication) {
    static char memory[BERTH_ENDPOINT_MAX];
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    berth_endpoint_write(&publication->endpoint, BERTH_ENDPOINT_RECORD, &out);
    if (out.overflow)
        return BERTH_E_FULL;
    return berth_record_publish(publication->record, berth_writer_result(&out));
}

/* A record of a state that is over would be worse than none. */
static void update_record(struct berth_publication *publication) {
    if (publication->record == NULL)
        return;
    int error = write_record(publication);
    if (error == 0)
        return;
    log_unrecorded(publication, error);
    berth_record_withdraw(publication->record);
    publication->record = NULL;
}

static int put_back(struct berth_publication *publication) {
    int error = write_record(publication);
    if (!publication->was_put_back)
        berth_log_write(
            publication->log, BERTH_LOG_WARNING, "record.gone",
            "Somebody removed or damaged the endpoint record in %s: it %s", publication->folder,
            error == 0 ? "was put back" : "cannot be put back now; that is tried again");
    publication->was_put_back = true;
    return error;
}

static const char *find_record_fault(struct berth_publication *publication) {
    if (publication->record == NULL)
        return NULL;
    switch (berth_record_check(publication->record)) {
    case BERTH_RECORD_OURS:
        return NULL;
    case BERTH_RECORD_GONE:
    case BERTH_RECORD_REPLACED: /* an old copy gives way; a living successor's does not */
        if (put_back(publication) != BERTH_E_BUSY)
            return NULL;
        break;
    }
    /* From here on the place is another's: nothing is written there, and nothing removed. */
    berth_record_withdraw(publication->record);
    publication->record = NULL;
    return "its endpoint record was replaced";
}

/* -- The port ---------------------------------------------------------------------------------- */

static void publish_port_file(struct berth_publication *publication) {
    const char *path = value_of(publication, BERTH_SETTING_PORT_FILE)->text;
    if (path == NULL)
        return;
    int error = berth_port_file_publish(path, publication->endpoint.port);
    publication->file_published = error == 0;
    if (error < 0)
        berth_log_write(publication->log, BERTH_LOG_WARNING, "port_file.unwritten",
                        "The port file %s could not be written: %s. Serving goes on: frontends "
                        "that read the file will not find it, those that ask over HTTP will",
                        path, berth_error_text(error));
}

static void keep_port_file(struct berth_publication *publication) {
    const char *path = value_of(publication, BERTH_SETTING_PORT_FILE)->text;
    if (publication->file_published && berth_port_file_keep(path, publication->endpoint.port) == 1)
        berth_log_write(publication->log, BERTH_LOG_INFO, "port_file.gone",
                        "Somebody removed the port file %s: it was put back", path);
}

static void withdraw_port_file(struct berth_publication *publication) {
    const char *path = value_of(publication, BERTH_SETTING_PORT_FILE)->text;
    if (!publication->file_published)
        return;
    publication->file_published = false;
    int error = berth_port_file_withdraw(path, publication->endpoint.port);
    if (error < 0)
        berth_log_write(publication->log, BERTH_LOG_WARNING, "port_file.left",
                        "The port file %s could not be taken away (%s): remove it, or frontends "
                        "will look for a server that is gone",
                        path, berth_error_text(error));
}

static void save_sticky_port(struct berth_publication *publication) {
    const char *state_dir = value_of(publication, BERTH_SETTING_STATE_DIR)->text;
    if (state_dir == NULL || value_of(publication, BERTH_SETTING_STICKY)->number == 0)
        return;
    int error =
        berth_port_sticky_save(state_dir, publication->endpoint.app, publication->endpoint.port);
    if (error < 0)
        berth_log_write(publication->log, BERTH_LOG_INFO, "sticky.unwritten",
                        "The port could not be remembered for the next run in %s: %s", state_dir,
                        berth_error_text(error));
}

/* -- Both, every few seconds --------------------------------------------------------------------
 */

const char *berth_publication_fault(struct berth_publication *publication) {
    keep_port_file(publication);
    return find_record_fault(publication);
}

/* -- From state to state ----------------------------------------------------------------------- */

void berth_publication_set_state(struct berth_publication *publication,
                                 enum berth_endpoint_state state) {
    publication->endpoint.state = state;
    update_record(publication);
    switch (state) {
    case BERTH_ENDPOINT_STARTING:
        break;
    case BERTH_ENDPOINT_READY:
        publish_port_file(publication);
        save_sticky_port(publication);
        break;
    case BERTH_ENDPOINT_DRAINING:
        withdraw_port_file(publication);
        break;
    }
}

void berth_publication_end(struct berth_publication *publication) {
    withdraw_port_file(publication);
    berth_record_withdraw(publication->record);
    publication->record = NULL;
}
