#include "app/near.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *const ours[] = {"HOST", "SERVER_PORT", "WEBSOCKET_PORT", "BERTH"};

static const char *meant(const char *name) {
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (berth_near_slip(berth_view_of(name), berth_view_of(ours[i])))
            return ours[i];
    return NULL;
}

static void test_slips(void **state) {
    (void)state;
    static const char *const examples[][2] = {
        {"SEVER_PORT", "SERVER_PORT"},
        {"SERVER_PROT", "SERVER_PORT"},
        {"SERVR_POTR", "SERVER_PORT"},
        {"SERVER_PORTS", "SERVER_PORT"},
        {"SERVERPORT", "SERVER_PORT"},
        {"SERVER-PORT", "SERVER_PORT"},
        {"serverPort", "SERVER_PORT"},
        {"server_port", "SERVER_PORT"},
        {"Server_Port", "SERVER_PORT"},
        {"SERVER__PORT", "SERVER_PORT"},
        {"WEBSOCKETPORT", "WEBSOCKET_PORT"},
        {"WEB_SOCKET_PORT", "WEBSOCKET_PORT"},
        {"WEBSOCKTE_PORT", "WEBSOCKET_PORT"},
        {"WEBSOCKETS_PORT", "WEBSOCKET_PORT"},
        {"host", "HOST"},
        {"Host", "HOST"},
        {"HSOT", "HOST"},
        {"HOTS", "HOST"},
        {"berth", "BERTH"},
        {"BETRH", "BERTH"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        assert_non_null(meant(examples[i][0]));
        assert_string_equal(meant(examples[i][0]), examples[i][1]);
    }
}

/* Keys of real assistants, servers and web applications, and words that look like ours. */
static const char *const theirs[] = {
    "PROTOCOL",
    "PORT",
    "POST",
    "HOSTS",
    "HOSTNAME",
    "HOST_NAME",
    "MOST",
    "LOST",
    "COST",
    "GHOST",
    "BIRTH",
    "BERT",
    "BERTA",
    "EARTH",
    "BIRTHDAY",
    "DEPTH",
    "SERVER",
    "SERVERS",
    "SERVER_HOST",
    "SERVER_NAME",
    "SERVER_URL",
    "SERVER_ROOT",
    "SERVER_POOL",
    "SERVER_SIDE",
    "SERVER_MODE",
    "SERVER_KEY",
    "SERVER_CERT",
    "SERVER_IP",
    "SENDER_PORT",
    "PROXY_PORT",
    "BROWSER_PORT",
    "SERVICE_PORT",
    "DB_PORT",
    "API_PORT",
    "HTTP_PORT",
    "UDP_PORT",
    "DEBUG_PORT",
    "METRICS_PORT",
    "WEBSOCKET",
    "WEBSOCKET_HOST",
    "WEBSOCKET_URL",
    "WEBSOCKET_PATH",
    "WEBSOCKET_PING",
    "WS_PORT",
    "WEB_PORT",
    "SOCKET_PORT",
    "LIVE2D",
    "LIVE2D_MODEL",
    "LIVE2D_Expression_Prompt",
    "VERBOSE",
    "VOICE_INPUT_ON",
    "MIC_IN_BROWSER",
    "ASR_MODEL",
    "TTS_ON",
    "TTS_MODEL",
    "VAD_MODEL",
    "SAY_SENTENCE_SEPARATELY",
    "TRANSLATE_AUDIO",
    "TRANSLATE_PROVIDER",
    "DeepLX",
    "LLM_PROVIDER",
    "LLM_API_KEY",
    "LLM_FORMAT",
    "ORGANIZATION_ID",
    "BASE_URL",
    "MODEL",
    "MODEL_PATH",
    "SYSTEM_PROMPT",
    "PERSONA_CHOICE",
    "DEFAULT_PERSONA_PROMPT_IN_YAML",
    "USE_MEMORY",
    "USER_NAME",
    "AI_NAME",
    "MEMORY_SNAPSHOT",
    "CHAT_HISTORY_DIR",
    "RAG_ON",
    "LLMASSIST_RAG_ON",
    "EMBEDDING",
    "FRAMEWORK",
    "ollama",
    "claude",
    "openai",
    "memgpt",
    "mem0",
    "Faster-Whisper",
    "WhisperCPP",
    "Whisper",
    "FunASR",
    "AzureASR",
    "AzureTTS",
    "bark",
    "cosyvoiceTTS",
    "edgeTTS",
    "piperTTS",
    "coquiTTS",
    "GPT_SoVITS",
    "device",
    "language",
    "voice",
    "volume",
    "wake_word",
    "hotkey",
    "TEMPERATURE",
    "MAX_TOKENS",
    "TOP_P",
    "STREAM",
    "TIMEOUT",
    "RETRY",
    "LOG",
    "LOGGING",
    "DEBUG",
    "STATIC",
    "ROUTES",
    "APP",
    "AUTH",
    "SECRET",
    "TOKEN",
    "CORS",
    "PATH",
    "ROOT",
    "HOME",
    "NAME",
};

static void test_no_false_alarm(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
        if (meant(theirs[i]) != NULL)
            fail_msg("%s was taken for %s", theirs[i], meant(theirs[i]));
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        assert_null(meant(ours[i]));
}

static size_t distance(const char *a, const char *b) {
    size_t there = berth_near_distance(berth_view_of(a), berth_view_of(b));
    assert_int_equal(there, berth_near_distance(berth_view_of(b), berth_view_of(a)));
    return there;
}

static void test_distance(void **state) {
    (void)state;
    assert_int_equal(distance("", ""), 0);
    assert_int_equal(distance("", "abc"), 3);
    assert_int_equal(distance("abc", "ABC"), 0);
    assert_int_equal(distance("abc", "acb"), 1);
    assert_int_equal(distance("abc", "ac"), 1);
    assert_int_equal(distance("abc", "axc"), 1);
    assert_int_equal(distance("kitten", "sitting"), 3);
    assert_int_equal(distance("--prot", "--port"), 1);
    char longest[BERTH_NEAR_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[BERTH_NEAR_MAX] = '\0';
    assert_int_equal(distance(longest, ""), BERTH_NEAR_MAX);
    longest[BERTH_NEAR_MAX] = 'a';
    longest[BERTH_NEAR_MAX + 1] = '\0';
    assert_true(distance(longest, "a") > BERTH_NEAR_MAX);
}

static void test_better(void **state) {
    (void)state;
    struct berth_view best = {NULL, 0};
    struct berth_view name = BERTH_VIEW("STATTIC");
    best = berth_near_better(name, best, BERTH_VIEW("ROUTES"));
    assert_int_equal(best.size, 0);
    best = berth_near_better(name, best, BERTH_VIEW("STATIONS"));
    best = berth_near_better(name, best, BERTH_VIEW("STATIC"));
    best = berth_near_better(name, best, BERTH_VIEW("STATICS"));
    assert_true(berth_view_equal(best, BERTH_VIEW("STATIC")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slips),
        cmocka_unit_test(test_no_false_alarm),
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_better),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
