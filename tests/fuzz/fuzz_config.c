/* Any bytes as a configuration: read, settled, every message made, no memory left behind.
 *
 * What has to hold, whatever the file says: a value that is set fits its setting's range, a place
 * lies in the file, and a file without errors has all that a server needs.
 */
#include "app/config.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "cli/log.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const environment[] = {"PORT=2000", "EMPTY=", "WEB=web", NULL};
static const char *const backends[] = {"echo", "hub", "demo", NULL};
static const struct berth_config_context context = {environment, "/nowhere", backends};

static void check_values(const struct berth_config *config) {
    for (size_t i = 0; i < BERTH_SETTINGS; i++) {
        const struct berth_config_value *value = &config->values[i];
        const struct berth_setting *setting = &berth_settings[i];
        BERTH_ASSERT(value->item_count <= BERTH_CONFIG_ITEMS_MAX);
        if (setting->type == BERTH_SETTING_PORT)
            BERTH_ASSERT(value->number <= UINT16_MAX);
        if (setting->type == BERTH_SETTING_NUMBER)
            BERTH_ASSERT(value->number >= setting->least && value->number <= setting->most);
        if (setting->initial != NULL)
            BERTH_ASSERT(value->text != NULL);
    }
    BERTH_ASSERT(config->error_count > 0 || config->values[BERTH_SETTING_APP].text != NULL);
}

static void check_messages(const struct berth_config *config) {
    BERTH_ASSERT(config->message_count <= 2 * BERTH_CONFIG_MESSAGES_MAX);
    for (size_t i = 0; i < config->message_count; i++) {
        char memory[8 * BERTH_CONFIG_MESSAGE_MAX];
        struct berth_writer line = berth_writer_on(memory, sizeof memory);
        struct berth_view text = berth_view_of(config->messages[i].text);
        BERTH_ASSERT(text.size > 0 && text.size < BERTH_CONFIG_MESSAGE_MAX);
        BERTH_ASSERT(config->messages[i].place.line > 0 && config->messages[i].place.column > 0);
        berth_cli_text_escape(text, &line);
        BERTH_ASSERT(!line.overflow);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct berth_config config;
    berth_config_init(&config, &context);
    config.path = "conf.yaml";
    config.folder = berth_strndup("/nowhere", 8);
    BERTH_ASSERT(config.folder != NULL);
    int error = berth_config_read_yaml(&config, berth_view_bytes(data, size));
    if (error == 0)
        error = berth_config_settle(&config);
    BERTH_ASSERT(error == 0);
    check_values(&config);
    check_messages(&config);
    berth_config_finish(&config);
    return 0;
}
