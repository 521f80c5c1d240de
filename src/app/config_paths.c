/* Files and folders: where a relative path begins, and what it is when nobody said. */
#include "app/config_settle.h"
#include "berth/error.h"
#include "sys/files.h"
#include "sys/process.h"

static const struct berth_view usual_port_file = {"server_port.txt", 15};

/* What a file says begins at the file's folder; what a flag or variable says, where one stands. */
static const char *base_of(const struct berth_config *config,
                           const struct berth_config_value *value) {
    bool typed = value->place.source == BERTH_CONFIG_FROM_FLAG ||
                 value->place.source == BERTH_CONFIG_FROM_VARIABLE;
    return typed ? config->context->here : config->folder;
}

static int make_absolute(struct berth_config *config, enum berth_setting_id id,
                         struct berth_view path) {
    struct berth_config_value *value = &config->values[id];
    const char *key = value->place.source == BERTH_CONFIG_FROM_FILE
                          ? berth_setting_key(&berth_settings[id])
                          : NULL;
    char memory[2 * BERTH_CONFIG_VALUE_MAX];
    struct berth_writer out = berth_writer_on(memory, sizeof memory);
    if (path.data[0] == '~' && (path.size == 1 || path.data[1] == '/')) {
        berth_config_report(config, BERTH_LOG_ERROR, value->place, key,
                            "~ is a shell's word for the home folder and means nothing here: "
                            "write ${HOME} or the whole path");
        return 0;
    }
    while (path.size > 2 && berth_view_starts(path, BERTH_VIEW("./")))
        path = (struct berth_view){path.data + 2, path.size - 2};
    if (path.data[0] != '/') {
        const char *base = base_of(config, value);
        berth_writer_text(&out, base);
        if (strcmp(base, "/") != 0)
            berth_writer_char(&out, '/');
    }
    berth_writer_view(&out, path);
    if (out.overflow) {
        berth_config_report(config, BERTH_LOG_ERROR, value->place, key, "the path is too long");
        return 0;
    }
    return berth_config_set_text(value, berth_writer_result(&out));
}

static bool is_unsaid(const struct berth_config_value *value) {
    return value->place.source == BERTH_CONFIG_FROM_DEFAULT;
}

static int settle_port_file(struct berth_config *config) {
    struct berth_config_value *file = &config->values[BERTH_SETTING_PORT_FILE];
    if (is_unsaid(file))
        return make_absolute(config, BERTH_SETTING_PORT_FILE, usual_port_file);
    if (file->text != NULL && strcmp(file->text, "none") == 0)
        return berth_config_set_text(file, (struct berth_view){NULL, 0});
    if (file->text == NULL)
        return 0;
    return make_absolute(config, BERTH_SETTING_PORT_FILE, berth_view_of(file->text));
}

/* Without a home there is no place to remember the last port: then it is not remembered. */
static int settle_state_dir(struct berth_config *config) {
    struct berth_config_value *folder = &config->values[BERTH_SETTING_STATE_DIR];
    char usual[BERTH_CONFIG_VALUE_MAX];
    if (folder->text != NULL)
        return make_absolute(config, BERTH_SETTING_STATE_DIR, berth_view_of(folder->text));
    if (!is_unsaid(folder) || berth_sys_state_dir(usual, sizeof usual) < 0)
        return 0;
    return berth_config_set_text(folder, berth_view_of(usual));
}

/* What can be done about a folder that cannot be opened. */
static const char *folder_advice(int error) {
    if (error == BERTH_E_NOT_FOUND)
        return "there is no such folder: make it, or name another";
    if (error == BERTH_E_INVALID)
        return "it is not a folder: name the folder that the files are in";
    if (error == BERTH_E_DENIED)
        return "this user may not read it: change its mode, or name another";
    return berth_error_text(error);
}

static int settle_static(struct berth_config *config) {
    struct berth_config_value *folder = &config->values[BERTH_SETTING_STATIC];
    if (folder->text == NULL)
        return 0;
    size_t errors = config->error_count;
    int error = make_absolute(config, BERTH_SETTING_STATIC, berth_view_of(folder->text));
    if (error < 0 || config->error_count > errors)
        return error;
    intptr_t handle;
    int opened = berth_sys_dir_open(folder->text, &handle);
    if (opened == 0)
        berth_sys_dir_close(handle);
    else
        berth_config_report(config, BERTH_LOG_ERROR, folder->place,
                            folder->place.source == BERTH_CONFIG_FROM_FILE ? "STATIC" : NULL,
                            "%.300s: %s", folder->text, folder_advice(opened));
    return 0;
}

int berth_config_settle_paths(struct berth_config *config) {
    int error = settle_port_file(config);
    if (error == 0)
        error = settle_state_dir(config);
    return error == 0 ? settle_static(config) : error;
}
