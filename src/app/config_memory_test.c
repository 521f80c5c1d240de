/* Memory that runs out at any point of reading a configuration: a code, no crash, no leak. */
#include "app/config.h"

#include "base/alloc.h"
#include "berth/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const char yaml[] = "HOST: 0.0.0.0\n"
                           "SERVER_PORT: ${MY_PORT}\n"
                           "WEBSOCKET_PORT: 1019\n"
                           "BERTH:\n"
                           "  STATIC: /usr\n"
                           "  ROUTES: {/a: hub, /b: echo, /client-ws: demo}\n"
                           "  ALLOWED_ORIGINS: [\"https://a.org\", \"*\"]\n"
                           "  LOG: {LEVEL: debug}\n";
static const char *const environment[] = {"MY_PORT=2000", "BERTH_WS=hub",
                                          "BERTH_ALLOWED_ORIGINS=https://b.org,null", NULL};
static const char *const backends[] = {"echo", "hub", "demo", NULL};
static const struct berth_config_context context = {environment, "/", backends};

static int load(const char *path) {
    static const char *flags[BERTH_SETTINGS];
    static struct berth_config config;
    flags[BERTH_SETTING_APP] = "assistant";
    berth_config_init(&config, &context);
    int error = berth_config_load(&config, path, flags);
    if (error == 0)
        assert_int_equal(config.error_count, 0);
    berth_config_finish(&config);
    return error;
}

static void test_nth_allocation_fails(void **state) {
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "/tmp/berth-memory-%ld.yaml", (long)getpid());
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(yaml, 1, sizeof yaml - 1, file), sizeof yaml - 1);
    assert_int_equal(fclose(file), 0);

    berth_alloc_fail_at(0);
    assert_int_equal(load(path), 0);
    size_t count = berth_alloc_count();
    assert_true(count > 30);
    for (size_t nth = 1; nth <= count; nth++) {
        berth_alloc_fail_at(nth);
        assert_int_equal(load(path), BERTH_E_MEMORY);
    }
    berth_alloc_fail_at(0);
    assert_int_equal(load(path), 0);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nth_allocation_fails)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
