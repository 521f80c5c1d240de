#include "app/config_settle.h"

#include "berth/error.h"
#include "port/port.h"

#define APP_SIZE_MAX 64

static bool is_unsaid(const struct berth_config_value *value) {
    return value->place.source == BERTH_CONFIG_FROM_DEFAULT;
}

/* -- The one port ------------------------------------------------------------------------------ */

static int settle_port(struct berth_config *config) {
    const struct berth_config_value *server = &config->values[BERTH_SETTING_SERVER_PORT];
    const struct berth_config_value *socket = &config->values[BERTH_SETTING_WEBSOCKET_PORT];
    if (socket->text == NULL)
        return 0;
    if (is_unsaid(server))
        return berth_config_put(config, BERTH_SETTING_SERVER_PORT, socket->place,
                                berth_view_of(socket->text));
    if (server->place.source == BERTH_CONFIG_FROM_FILE && server->number != socket->number)
        berth_config_report(config, BERTH_LOG_WARNING, socket->place, "WEBSOCKET_PORT",
                            "there is one port for pages and WebSockets: SERVER_PORT, %llu, is "
                            "used, and %llu is not: make the two the same",
                            (unsigned long long)server->number, (unsigned long long)socket->number);
    return 0;
}

static void warn_of_ephemeral(struct berth_config *config) {
    const struct berth_config_value *port = &config->values[BERTH_SETTING_SERVER_PORT];
    if (is_unsaid(port) || port->number == 0 ||
        !berth_port_in_ephemeral_range((uint16_t)port->number))
        return;
    berth_config_report(config, BERTH_LOG_WARNING, port->place,
                        port->place.source == BERTH_CONFIG_FROM_FILE ? "SERVER_PORT" : NULL,
                        "%llu lies where the system takes ports for outgoing connections, so any "
                        "program may hold it by chance: choose a lower one",
                        (unsigned long long)port->number);
}

/* -- The app's name ---------------------------------------------------------------------------- */

static bool is_app_char(char c, bool first) {
    bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    return word || (!first && (c == '-' || c == '_' || c == '.'));
}

/* The folder's name, made into one that is allowed. */
static int name_after_folder(struct berth_config *config) {
    const char *slash = strrchr(config->folder, '/');
    const char *name = slash != NULL ? slash + 1 : config->folder;
    char memory[APP_SIZE_MAX];
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    for (; *name != '\0' && out.size < sizeof memory; name++) {
        char c = *name >= 'A' && *name <= 'Z' ? (char)(*name + ('a' - 'A')) : *name;
        if (is_app_char(c, out.size == 0))
            berth_writer_char(&out, c);
        else if (out.size > 0 && memory[out.size - 1] != '-')
            berth_writer_char(&out, '-');
    }
    while (out.size > 0 && memory[out.size - 1] == '-')
        out.size--;
    if (out.size == 0)
        berth_writer_text(&out, "app");
    return berth_config_set_text(&config->values[BERTH_SETTING_APP], berth_writer_result(&out));
}

static int settle_app(struct berth_config *config) {
    const struct berth_config_value *app = &config->values[BERTH_SETTING_APP];
    if (is_unsaid(app))
        return name_after_folder(config);
    size_t size = 0;
    while (app->text != NULL && is_app_char(app->text[size], size == 0))
        size++;
    if (app->text == NULL || (app->text[size] == '\0' && size <= APP_SIZE_MAX))
        return 0;
    berth_config_report(config, BERTH_LOG_ERROR, app->place,
                        app->place.source == BERTH_CONFIG_FROM_FILE ? "APP" : NULL,
                        "%.60s is no name for an app: write 1 to %d small letters, digits, '-', "
                        "'_' or '.', with a letter or digit first",
                        app->text, APP_SIZE_MAX);
    return 0;
}

/* -- All of it --------------------------------------------------------------------------------- */

static int fill_defaults(struct berth_config *config) {
    struct berth_config_place place = {.source = BERTH_CONFIG_FROM_DEFAULT};
    int error = 0;
    for (size_t i = 0; error == 0 && i < BERTH_SETTINGS; i++) {
        const char *initial = berth_settings[i].initial;
        if (initial != NULL && is_unsaid(&config->values[i]))
            error =
                berth_config_put(config, (enum berth_setting_id)i, place, berth_view_of(initial));
    }
    if (error == 0 && is_unsaid(&config->values[BERTH_SETTING_ROUTES]))
        error = berth_config_put(config, BERTH_SETTING_ROUTES, place, BERTH_VIEW("echo"));
    return error;
}

static bool comes_before(const struct berth_config_place *a, const struct berth_config_place *b) {
    if (a->source != b->source)
        return a->source < b->source;
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

/* In the order of the file, whichever check came first: that is the order of mending. */
static void sort_messages(struct berth_config *config) {
    struct berth_config_message *all = config->messages;
    for (size_t i = 1; i < config->message_count; i++) {
        struct berth_config_message moving = all[i];
        size_t at = i;
        while (at > 0 && comes_before(&moving.place, &all[at - 1].place)) {
            all[at] = all[at - 1];
            at--;
        }
        all[at] = moving;
    }
}

int berth_config_settle(struct berth_config *config) {
    int error = settle_port(config);
    if (error == 0)
        error = fill_defaults(config);
    if (error == 0)
        error = settle_app(config);
    if (error == 0)
        error = berth_config_settle_paths(config);
    if (error < 0)
        return error;
    warn_of_ephemeral(config);
    berth_config_check_host(config);
    berth_config_check_origins(config);
    berth_config_check_routes(config);
    sort_messages(config);
    return 0;
}
