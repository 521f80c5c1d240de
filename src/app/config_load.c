#include "app/config.h"

#include "app/near.h"
#include "base/alloc.h"
#include "berth/error.h"
#include "sys/files.h"

#include <stdio.h>
#include <stdlib.h>

/* -- The file ---------------------------------------------------------------------------------- */

/* The folder of the file, absolute and without links, as the app's name comes from it. */
static int find_folder(struct berth_config *config) {
    const char *path = config->path != NULL ? config->path : "";
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    char *folder = size > 0 ? berth_strndup(path, size) : NULL;
    if (size > 0 && folder == NULL)
        return BERTH_E_MEMORY;
    char *real = folder != NULL ? realpath(folder, NULL) : NULL;
    const char *found = real != NULL ? real : folder != NULL ? folder : config->context->here;
    config->folder = berth_strndup(found, strlen(found));
    free(real); /* realpath's own memory, not berth_alloc's */
    berth_free(folder);
    return config->folder != NULL ? 0 : BERTH_E_MEMORY;
}

static const char *file_advice(int error) {
    if (error == BERTH_E_NOT_FOUND)
        return "there is no such file";
    if (error == BERTH_E_DENIED)
        return "this user may not read it: change its mode";
    if (error == BERTH_E_FULL)
        return "it is over 1 MiB, which no configuration should be: is it the right file?";
    if (error == BERTH_E_INVALID)
        return "it is a folder: name the file, such as " BERTH_CONFIG_FILE_USUAL " in it";
    return berth_error_text(error);
}

static int read_file(struct berth_config *config, const char *path) {
    if (path != NULL && *path == '\0')
        return find_folder(config);
    struct berth_buf text = berth_buf_make(BERTH_CONFIG_FILE_MAX);
    const char *name = path != NULL ? path : BERTH_CONFIG_FILE_USUAL;
    int got = berth_sys_file_read(name, &text);
    bool absent = got == BERTH_E_NOT_FOUND && path == NULL;
    config->path = absent ? NULL : name;
    int error = got == BERTH_E_MEMORY ? got : find_folder(config);
    if (error == 0 && got < 0 && !absent)
        berth_config_report(config, BERTH_LOG_ERROR,
                            (struct berth_config_place){BERTH_CONFIG_FROM_FILE, name, 0, 0}, NULL,
                            "%s", file_advice(got));
    else if (error == 0 && got == 0)
        error = berth_config_read_yaml(config, berth_buf_view(&text));
    berth_buf_free(&text);
    return error;
}

/* -- The environment --------------------------------------------------------------------------- */

/* A variable of ours that no setting reads, but one nearly does. */
static void warn_near(struct berth_config *config, const char *entry) {
    struct berth_view rest;
    struct berth_view name = berth_view_cut(berth_view_of(entry), '=', &rest);
    struct berth_view best = {NULL, 0};
    for (size_t i = 0; i < BERTH_SETTINGS; i++) {
        struct berth_view known = berth_view_of(berth_settings[i].variable);
        if (berth_view_equal(name, known))
            return;
        if (known.size > 0 && berth_near_slip(name, known))
            best = known;
    }
    if (best.size > 0)
        berth_config_report(config, BERTH_LOG_WARNING,
                            (struct berth_config_place){.source = BERTH_CONFIG_FROM_VARIABLE}, NULL,
                            "%.*s in the environment: did you mean %.*s?", BERTH_VIEW_ARG(name),
                            BERTH_VIEW_ARG(best));
}

int berth_config_read_environment(struct berth_config *config) {
    int error = 0;
    for (size_t i = 0; error == 0 && i < BERTH_SETTINGS; i++) {
        const char *name = berth_settings[i].variable;
        if (name == NULL)
            continue;
        const char *value = berth_config_variable(config->context, berth_view_of(name));
        if (value != NULL && *value != '\0')
            error = berth_config_put(
                config, (enum berth_setting_id)i,
                (struct berth_config_place){BERTH_CONFIG_FROM_VARIABLE, name, 0, 0},
                berth_view_of(value));
    }
    for (const char *const *entry = config->context->environment; *entry != NULL; entry++)
        if (strncmp(*entry, "BERTH_", 6) == 0)
            warn_near(config, *entry);
    return error;
}

/* -- All of it --------------------------------------------------------------------------------- */

static int read_flags(struct berth_config *config, const char *const *flags) {
    int error = 0;
    for (size_t i = 0; error == 0 && i < BERTH_SETTINGS; i++)
        if (flags[i] != NULL)
            error = berth_config_put(
                config, (enum berth_setting_id)i,
                (struct berth_config_place){BERTH_CONFIG_FROM_FLAG, berth_settings[i].flag, 0, 0},
                berth_view_of(flags[i]));
    return error;
}

int berth_config_load(struct berth_config *config, const char *path, const char *const *flags) {
    int error = read_file(config, path);
    if (error == 0)
        error = berth_config_read_environment(config);
    if (error == 0)
        error = read_flags(config, flags);
    return error == 0 ? berth_config_settle(config) : error;
}
