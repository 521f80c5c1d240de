#include "app/claim.h"

#include "berth/error.h"
#include "port/instance.h"
#include "port/record.h"
#include "sys/clock.h"

#include <limits.h>
#include <time.h>

/* Short enough that nobody notices, long enough to cost nothing. */
static const unsigned look_again_ms = 20;
static const uint64_t record_wait_ms = 2000;
static const uint64_t attach_wait_ms = 10000;
static const uint64_t say_after_ms = 1000;

/* A start that found the lock taken, and looks for whoever has it. */
struct rival {
    const struct berth_log *log;
    struct berth_claim *claim;
    enum berth_instance_mode mode;
    char folder[PATH_MAX]; /* of the records; "" when there is none */
    struct berth_running running;
    bool known; /* `running` says who it is */
    uint64_t since_ms;
    bool said;
};

static uint64_t now_ms(void) { return berth_sys_clock_monotonic_ns() / 1000000; }

static void pause_a_little(void) {
    struct timespec time = {.tv_nsec = (long)look_again_ms * 1000000};
    nanosleep(&time, NULL);
}

/* -- What there is to say ---------------------------------------------------------------------- */

static int say_running(const struct rival *rival) {
    char memory[256];
    struct berth_writer place = berth_writer_on(memory, sizeof memory);
    berth_running_write_place(&rival->running, &place);
    const char *what = rival->running.state == BERTH_ENDPOINT_STARTING   ? "is starting already"
                       : rival->running.state == BERTH_ENDPOINT_DRAINING ? "is still ending"
                                                                         : "is running already";
    berth_log_write(rival->log, BERTH_LOG_ERROR, "serve.running",
                    "%s %s: %.*s. Use that one, stop it first, or let several run with "
                    "INSTANCE: many",
                    rival->claim->app, what, BERTH_VIEW_ARG(berth_writer_result(&place)));
    return BERTH_E_RUNNING;
}

static int say_unknown(const struct rival *rival) {
    berth_log_write(rival->log, BERTH_LOG_ERROR, "serve.running",
                    "%s is running already: it holds the lock %s/%s/lock. Where it is cannot be "
                    "said, as it has no record in %s: it may be another container's, or without "
                    "the right to write there. Stop it first, or let several run with "
                    "INSTANCE: many",
                    rival->claim->app, rival->claim->state_dir, rival->claim->app,
                    rival->folder[0] != '\0' ? rival->folder : "the runtime folder");
    return BERTH_E_RUNNING;
}

static int say_unlockable(const struct rival *rival, int error) {
    berth_log_write(rival->log, BERTH_LOG_ERROR, "serve.unlockable",
                    "The state folder %s could not be locked (%s), so it cannot be known whether "
                    "%s is running already: make the folder this user's own, name another with "
                    "STATE_DIR, or set INSTANCE to many",
                    rival->claim->state_dir, berth_error_text(error), rival->claim->app);
    return BERTH_E_SYSTEM;
}

static void say_waiting(struct rival *rival) {
    if (rival->said || now_ms() - rival->since_ms < say_after_ms)
        return;
    rival->said = true;
    berth_log_write(rival->log, BERTH_LOG_INFO, "serve.waiting",
                    rival->known && rival->running.state == BERTH_ENDPOINT_DRAINING
                        ? "Waiting for the instance that is ending (pid %u)"
                        : "Waiting for the instance that is starting (pid %u)",
                    (unsigned)rival->running.pid);
}

/* -- The second of two ------------------------------------------------------------------------- */

static void look(struct rival *rival) {
    rival->known = rival->folder[0] != '\0' &&
                   berth_running_find(rival->folder, rival->claim->app, rival->claim->state_dir,
                                      &rival->running) == 0;
}

static bool is_settled(const struct rival *rival) {
    if (!rival->known)
        return false;
    return rival->mode == BERTH_INSTANCE_SINGLE || rival->running.state == BERTH_ENDPOINT_READY;
}

/* Looks until the other one is found in a state to tell of, or the lock is free after all. */
static int meet(struct rival *rival) {
    struct berth_claim *claim = rival->claim;
    int error = BERTH_E_BUSY;
    for (rival->since_ms = now_ms(); error == BERTH_E_BUSY; pause_a_little()) {
        look(rival);
        if (is_settled(rival))
            break;
        uint64_t waited_ms = now_ms() - rival->since_ms;
        if (waited_ms >= (rival->known ? attach_wait_ms : record_wait_ms))
            return rival->known ? say_running(rival) : say_unknown(rival);
        say_waiting(rival);
        error = berth_instance_lock(claim->state_dir, claim->app, &claim->lock);
    }
    if (error == 0)
        return 0;
    if (error != BERTH_E_BUSY)
        return say_unlockable(rival, error);
    if (rival->mode == BERTH_INSTANCE_SINGLE)
        return say_running(rival);
    claim->running = &rival->running;
    return 0;
}

static int lock(struct rival *rival) {
    struct berth_claim *claim = rival->claim;
    if (claim->state_dir == NULL) {
        berth_log_write(rival->log, BERTH_LOG_ERROR, "serve.unlockable",
                        "There is no state folder to lock, since this user has no home: name one "
                        "with STATE_DIR, or set INSTANCE to many");
        return BERTH_E_SYSTEM;
    }
    int error = berth_instance_lock(claim->state_dir, claim->app, &claim->lock);
    if (error == 0)
        return 0;
    return error == BERTH_E_BUSY ? meet(rival) : say_unlockable(rival, error);
}

/* -- The claim --------------------------------------------------------------------------------- */

int berth_claim_make(const struct berth_config *config, const struct berth_log *log,
                     struct berth_claim *ret_claim) {
    static struct rival rival;
    const struct berth_config_value *values = config->values;
    *ret_claim = (struct berth_claim){.lock = -1, .app = values[BERTH_SETTING_APP].text};
    rival = (struct rival){
        .log = log,
        .claim = ret_claim,
        .mode = (enum berth_instance_mode)values[BERTH_SETTING_INSTANCE].number,
    };
    if (rival.mode == BERTH_INSTANCE_MANY)
        return 0;
    ret_claim->state_dir = values[BERTH_SETTING_STATE_DIR].text;
    if (berth_record_folder(rival.folder, sizeof rival.folder) < 0)
        rival.folder[0] = '\0';
    return lock(&rival);
}

bool berth_claim_is_lost(const struct berth_claim *claim) {
    return claim->lock >= 0 &&
           !berth_instance_lock_is_ours(claim->state_dir, claim->app, claim->lock);
}

void berth_claim_release(struct berth_claim *claim) {
    berth_instance_unlock(claim->lock);
    claim->lock = -1;
}
