/* What configurations mean: values, where they come from, and who beats whom. */
#include "app/config.h"

#include "base/alloc.h"
#include "berth/error.h"
#include "port/port.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const backends[] = {"echo", "hub", "demo", NULL};
static const char *const environment[] = {"MY_PORT=4000", "EMPTY=", "WEB=/usr", "DOLLAR=$$", NULL};
static const struct berth_config_context context = {environment, "/here", backends};

static struct berth_config config;

static void read_text(const char *yaml) {
    berth_config_init(&config, &context);
    config.path = "c.yaml";
    config.folder = berth_strndup("/srv/My App", 11);
    assert_non_null(config.folder);
    assert_int_equal(berth_config_read_yaml(&config, berth_view_of(yaml)), 0);
    assert_int_equal(berth_config_settle(&config), 0);
}

/* A value as text: "a=b c=d" for a map, "a b" for a list, "off" for none. */
static const char *show(enum berth_setting_id id) {
    static char memory[8192];
    const struct berth_config_value *value = &config.values[id];
    if (berth_settings[id].type != BERTH_SETTING_LIST &&
        berth_settings[id].type != BERTH_SETTING_MAP)
        return value->text != NULL ? value->text : "off";
    struct berth_writer out = berth_writer_on(memory, sizeof memory - 1);
    for (size_t i = 0; i < value->item_count; i++)
        berth_writer_format(&out, "%s%s%s%s", i > 0 ? " " : "",
                            value->items[i].name != NULL ? value->items[i].name : "",
                            value->items[i].name != NULL ? "=" : "", value->items[i].text);
    memory[out.size] = '\0';
    return memory;
}

struct example {
    const char *yaml;
    enum berth_setting_id id;
    const char *value;
};

static const struct example examples[] = {
    {"", BERTH_SETTING_SERVER_PORT, "1018"},
    {"# nothing yet\n", BERTH_SETTING_HOST, "127.0.0.1"},
    {"---\n", BERTH_SETTING_PORT_TRIES, "13"},
    {"~\n", BERTH_SETTING_FALLBACK, "ephemeral"},
    {"\xef\xbb\xbfHOST: ::1\n", BERTH_SETTING_HOST, "::1"},
    {"HOST: ::1\r\nSERVER_PORT: 7\r\n", BERTH_SETTING_SERVER_PORT, "7"},
    {"{HOST: localhost}\n", BERTH_SETTING_HOST, "localhost"},
    {"SERVER_PORT: 0\n", BERTH_SETTING_SERVER_PORT, "0"},
    {"SERVER_PORT: 65535\n", BERTH_SETTING_SERVER_PORT, "65535"},
    {"SERVER_PORT: \"1020\"\n", BERTH_SETTING_SERVER_PORT, "1020"},
    {"SERVER_PORT: '1020'\n", BERTH_SETTING_SERVER_PORT, "1020"},
    {"SERVER_PORT: !!int 1020\n", BERTH_SETTING_SERVER_PORT, "1020"},
    {"SERVER_PORT: !!str 1020\n", BERTH_SETTING_SERVER_PORT, "1020"},
    {"SERVER_PORT: |-\n  1020\n", BERTH_SETTING_SERVER_PORT, "1020"},
    {"SERVER_PORT: &p 1020\nWEBSOCKET_PORT: *p\n", BERTH_SETTING_WEBSOCKET_PORT, "1020"},
    {"mine: &p 1020\nSERVER_PORT: *p\n", BERTH_SETTING_SERVER_PORT, "1020"},
    {"? SERVER_PORT\n: 1020\n", BERTH_SETTING_SERVER_PORT, "1020"},
    {"\"SERVER_PORT\": 1020\n", BERTH_SETTING_SERVER_PORT, "1020"},
    {"WEBSOCKET_PORT: 1500\n", BERTH_SETTING_SERVER_PORT, "1500"},
    {"WEBSOCKET_PORT: 1500\nSERVER_PORT: 1600\n", BERTH_SETTING_SERVER_PORT, "1600"},
    {"SERVER_PORT: ${MY_PORT}\n", BERTH_SETTING_SERVER_PORT, "4000"},
    {"SERVER_PORT: \"${MY_PORT}\"\n", BERTH_SETTING_SERVER_PORT, "4000"},
    {"SERVER_PORT: ${NONE:-4001}\n", BERTH_SETTING_SERVER_PORT, "4001"},
    {"SERVER_PORT: 4${NONE:-}00\n", BERTH_SETTING_SERVER_PORT, "400"},
    {"mine: ${NOT_SET}\nSERVER_PORT: 9\n", BERTH_SETTING_SERVER_PORT, "9"},
    {"BERTH:\n", BERTH_SETTING_APP, "my-app"},
    {"BERTH: {}\n", BERTH_SETTING_APP, "my-app"},
    {"BERTH: {APP: a.b-c_9}\n", BERTH_SETTING_APP, "a.b-c_9"},
    {"BERTH: {STATIC: /usr}\n", BERTH_SETTING_STATIC, "/usr"},
    {"BERTH: {STATIC: '${WEB}/bin'}\n", BERTH_SETTING_STATIC, "/usr/bin"},
    {"BERTH: {STATIC: '${NONE:-}'}\n", BERTH_SETTING_STATIC, "off"},
    {"BERTH: {STATIC: }\n", BERTH_SETTING_STATIC, "off"},
    {"", BERTH_SETTING_STATIC, "off"},
    {"", BERTH_SETTING_PORT_FILE, "/srv/My App/server_port.txt"},
    {"BERTH: {PORT_FILE: p.txt}\n", BERTH_SETTING_PORT_FILE, "/srv/My App/p.txt"},
    {"BERTH: {PORT_FILE: ./p.txt}\n", BERTH_SETTING_PORT_FILE, "/srv/My App/p.txt"},
    {"BERTH: {PORT_FILE: ../p.txt}\n", BERTH_SETTING_PORT_FILE, "/srv/My App/../p.txt"},
    {"BERTH: {PORT_FILE: /run/p.txt}\n", BERTH_SETTING_PORT_FILE, "/run/p.txt"},
    {"BERTH: {PORT_FILE: none}\n", BERTH_SETTING_PORT_FILE, "off"},
    {"BERTH: {PORT_FILE: ''}\n", BERTH_SETTING_PORT_FILE, "off"},
    {"BERTH: {PORT_FILE: }\n", BERTH_SETTING_PORT_FILE, "off"},
    {"BERTH: {PORT_FILE: 'a$$b'}\n", BERTH_SETTING_PORT_FILE, "/srv/My App/a$b"},
    {"BERTH: {PORT_FILE: 'a${DOLLAR}'}\n", BERTH_SETTING_PORT_FILE, "/srv/My App/a$$"},
    {"BERTH: {STATE_DIR: state}\n", BERTH_SETTING_STATE_DIR, "/srv/My App/state"},
    {"BERTH: {STATE_DIR: }\n", BERTH_SETTING_STATE_DIR, "off"},
    {"BERTH: {FALLBACK: Fail}\n", BERTH_SETTING_FALLBACK, "fail"},
    {"BERTH: {STICKY: no}\n", BERTH_SETTING_STICKY, "false"},
    {"BERTH: {STICKY: On}\n", BERTH_SETTING_STICKY, "true"},
    {"BERTH: {PORT_TRIES: 1}\n", BERTH_SETTING_PORT_TRIES, "1"},
    {"BERTH: {AUTH: none}\n", BERTH_SETTING_AUTH, "none"},
    {"", BERTH_SETTING_ROUTES, "/client-ws=echo"},
    {"BERTH: {ROUTES: }\n", BERTH_SETTING_ROUTES, "/client-ws=echo"},
    {"BERTH: {ROUTES: {}}\n", BERTH_SETTING_ROUTES, ""},
    {"BERTH: {ROUTES: {/a: hub, /b/c: demo}}\n", BERTH_SETTING_ROUTES, "/a=hub /b/c=demo"},
    {"BERTH: {ROUTES: {/statics: hub, /berths: hub}}\n", BERTH_SETTING_ROUTES,
     "/statics=hub /berths=hub"},
    {"BERTH: {ROUTES: {/a: '${NONE:-hub}'}}\n", BERTH_SETTING_ROUTES, "/a=hub"},
    {"", BERTH_SETTING_ALLOWED_ORIGINS, ""},
    {"BERTH: {ALLOWED_ORIGINS: }\n", BERTH_SETTING_ALLOWED_ORIGINS, ""},
    {"BERTH: {ALLOWED_ORIGINS: []}\n", BERTH_SETTING_ALLOWED_ORIGINS, ""},
    {"BERTH: {ALLOWED_ORIGINS: 'https://a.org'}\n", BERTH_SETTING_ALLOWED_ORIGINS, "https://a.org"},
    {"BERTH: {ALLOWED_ORIGINS: ['https://a.org:8443', 'http://[::1]:9', app://x]}\n",
     BERTH_SETTING_ALLOWED_ORIGINS, "https://a.org:8443 http://[::1]:9 app://x"},
    {"BERTH: {ALLOWED_ORIGINS: ['null', file://, http://a.org:443]}\n",
     BERTH_SETTING_ALLOWED_ORIGINS, "null file:// http://a.org:443"},
    {"BERTH: {LIMITS: {DRAIN_TIMEOUT: 0}}\n", BERTH_SETTING_LIMIT_drain_timeout_ms, "0"},
    {"", BERTH_SETTING_LIMIT_message_size, "16777216"},
    {"BERTH: {LOG: {LEVEL: DEBUG}}\n", BERTH_SETTING_LOG_LEVEL, "debug"},
    {"BERTH:\n  LOG:\n    FORMAT: json\n", BERTH_SETTING_LOG_FORMAT, "json"},
    {"BERTH:\n  LOG:\n", BERTH_SETTING_LOG_FORMAT, "human"},
};

static void test_values(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        read_text(examples[i].yaml);
        if (config.error_count > 0)
            fail_msg("%s", config.messages[0].text);
        assert_string_equal(show(examples[i].id), examples[i].value);
        berth_config_finish(&config);
    }
}

static void test_numbers(void **state) {
    (void)state;
    read_text("BERTH: {FALLBACK: fail, STICKY: off, LOG: {LEVEL: error}}\nSERVER_PORT: 2000\n");
    assert_int_equal(config.values[BERTH_SETTING_SERVER_PORT].number, 2000);
    assert_int_equal(config.values[BERTH_SETTING_FALLBACK].number, BERTH_PORT_FALLBACK_FAIL);
    assert_int_equal(config.values[BERTH_SETTING_STICKY].number, 0);
    assert_int_equal(config.values[BERTH_SETTING_LOG_LEVEL].number, BERTH_LOG_ERROR);
    berth_config_finish(&config);
}

static void test_limits_have_their_defaults(void **state) {
    (void)state;
    struct berth_limits limits = BERTH_LIMITS_DEFAULT;
    read_text("");
#define CHECK(name, key, value, least, most, unit, answer)                                         \
    assert_int_equal(config.values[BERTH_SETTING_LIMIT_##name].number, limits.name);
    BERTH_LIMITS(CHECK)
#undef CHECK
    berth_config_finish(&config);
}

static void test_places(void **state) {
    (void)state;
    read_text("über: 1\nBERTH:\n  ROUTES:\n    /é: hub\n    /b:   hub\n");
    assert_int_equal(config.error_count, 1); /* é is no letter of a route */
    assert_int_equal(config.messages[0].place.line, 4);
    const struct berth_config_item *item = &config.values[BERTH_SETTING_ROUTES].items[0];
    assert_int_equal(item->place.line, 5);
    assert_int_equal(item->place.column, 11);
    assert_int_equal(config.values[BERTH_SETTING_HOST].place.source, BERTH_CONFIG_FROM_DEFAULT);
    berth_config_finish(&config);
}

static void test_ephemeral_range(void **state) {
    (void)state;
    read_text("SERVER_PORT: 45000\n");
    assert_int_equal(config.warning_count, berth_port_in_ephemeral_range(45000) ? 1 : 0);
    berth_config_finish(&config);
    read_text("SERVER_PORT: 0\n");
    assert_int_equal(config.warning_count, 0);
    berth_config_finish(&config);
}

/* -- From a file, the environment and flags ---------------------------------------------------- */

static char folder[64];

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/berth-config-%ld", (long)getpid());
    return mkdir(folder, 0700) != 0 || chdir(folder) != 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink("conf.yaml");
    unlink("big.yaml");
    return chdir("/") != 0 || rmdir(folder) != 0;
}

static void write_file(const char *name, const char *text, size_t size) {
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void load(const char *path, const char *const *variables, const char *port_flag) {
    static struct berth_config_context here;
    static const char *flags[BERTH_SETTINGS];
    here = (struct berth_config_context){variables, folder, backends};
    flags[BERTH_SETTING_SERVER_PORT] = port_flag;
    berth_config_init(&config, &here);
    assert_int_equal(berth_config_load(&config, path, flags), 0);
}

static void test_flag_beats_variable_beats_file(void **state) {
    (void)state;
    static const char *const none[] = {NULL};
    static const char *const variable[] = {"BERTH_PORT=2002", "BERTH_PORTS=x", "BERTH_HOST=", NULL};
    const struct berth_config_value *port = &config.values[BERTH_SETTING_SERVER_PORT];

    load(NULL, none, NULL);
    assert_int_equal(port->number, 1018);
    assert_null(config.path);
    berth_config_finish(&config);

    write_file("conf.yaml", "SERVER_PORT: 2001\n", 18);
    load(NULL, none, NULL);
    assert_int_equal(port->number, 2001);
    assert_string_equal(config.path, "conf.yaml");
    berth_config_finish(&config);

    load("./conf.yaml", variable, NULL);
    assert_int_equal(port->number, 2002);
    assert_string_equal(port->place.name, "BERTH_PORT");
    assert_string_equal(config.messages[0].text,
                        "BERTH_PORTS in the environment: did you mean BERTH_PORT?");
    assert_string_equal(config.folder, folder);
    berth_config_finish(&config);

    load(NULL, variable, "2003");
    assert_int_equal(port->number, 2003);
    assert_string_equal(port->place.name, "--port");
    berth_config_finish(&config);
}

static void test_wrong_flag_and_variable(void **state) {
    (void)state;
    static const char *const variables[] = {"BERTH_LOG_LEVEL=loud", "BERTH_WS=node",
                                            "BERTH_ALLOWED_ORIGINS=https://a.org, b.org", NULL};
    load(NULL, variables, "70000");
    assert_int_equal(config.error_count, 4);
    static const char origins[] = "BERTH_ALLOWED_ORIGINS: b.org: this is no origin: write "
                                  "scheme://host or scheme://host:port, such as "
                                  "https://example.org";
    const char *const said[] = {
        "BERTH_LOG_LEVEL: loud is not known here: write debug, info, warning or error",
        origins,
        "BERTH_WS: node is no backend: write echo, hub or demo",
        "--port: 70000 is too large: a port is 0 (the system chooses) to 65535",
    };
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(config.messages[i].text, said[i]);
    berth_config_finish(&config);
}

static void test_ws_flag_keeps_other_routes(void **state) {
    (void)state;
    static const char *const variables[] = {"BERTH_WS=demo", "BERTH_STATE_DIR=state", NULL};
    static const char yaml[] = "BERTH: {ROUTES: {/a: hub, /client-ws: echo}}\n";
    char expected[128];
    write_file("conf.yaml", yaml, sizeof yaml - 1);
    load(NULL, variables, NULL);
    assert_string_equal(show(BERTH_SETTING_ROUTES), "/a=hub /client-ws=demo");
    snprintf(expected, sizeof expected, "%s/state", folder);
    assert_string_equal(show(BERTH_SETTING_STATE_DIR), expected);
    berth_config_finish(&config);
}

static void test_file_that_cannot_be_read(void **state) {
    (void)state;
    static const char *const none[] = {NULL};
    load("nowhere.yaml", none, NULL);
    assert_string_equal(config.messages[0].text, "nowhere.yaml: there is no such file");
    berth_config_finish(&config);

    load(folder, none, NULL);
    assert_non_null(strstr(config.messages[0].text, "it is a folder"));
    berth_config_finish(&config);

    static char big[BERTH_CONFIG_FILE_MAX + 1];
    memset(big, '#', sizeof big);
    write_file("big.yaml", big, sizeof big);
    load("big.yaml", none, NULL);
    assert_non_null(strstr(config.messages[0].text, "over 1 MiB"));
    berth_config_finish(&config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_limits_have_their_defaults),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_ephemeral_range),
        cmocka_unit_test_setup_teardown(test_flag_beats_variable_beats_file, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_wrong_flag_and_variable, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_ws_flag_keeps_other_routes, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_file_that_cannot_be_read, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
