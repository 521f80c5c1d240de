#include "find/search.h"

#include "base/alloc.h"
#include "find/found.h"
#include "find/race.h"
#include "find/tell.h"

/* The range is asked this much later than the better places: when one of them is good, the many
 * connections are never made. */
#define RANGE_DELAY_MS 20

/* Between two looks at the files, for what a watch does not tell: a process that is killed. */
#define POLL_MS 250

/* Between two rounds through the range. Strangers live there, who owe us nothing. */
#define RANGE_MS 1000

/* From a change in the folder to the look at it: a record comes in several steps. */
#define HASTE_MS 2

enum phase {
    PHASE_BEGIN, /* nothing was looked at */
    PHASE_RANGE, /* the better places are asked, the range is next */
    PHASE_WATCH, /* all were asked once; new ones and old ones, from time to time */
};

struct berth_search {
    struct berth_net *net;
    struct berth_find_plan plan;
    berth_search_done on_done;
    void *owner;
    struct berth_net_timer *tick;
    struct berth_net_timer *deadline;
    struct berth_net_timer *settle; /* the end, when the turn is over: a better answer may come */
    struct berth_net_watch *watch;
    struct berth_find_places places;
    struct berth_find_race race;
    enum phase phase;
    uint64_t started_ms;
    uint64_t range_ms; /* when the range was last asked */
    bool hastened;     /* a change was heard of, and not yet looked at */

    /* As the records were when they were last seen. */
    char alive[BERTH_FIND_RECORDS_MAX][sizeof((struct berth_find_document *)0)->instance];
    size_t alive_count;
    bool were_starting;

    struct berth_addr starting; /* who says last that it is ours and starting; family 0: nobody */
    int failure;                /* of this machine: what kept us from asking */
    bool concluded;             /* `settle` is set */
    int result;
    struct berth_found found;
    struct berth_addr found_address;
    bool inside;    /* an event runs, which may call the caller */
    bool cancelled; /* meanwhile */
};

static void tell(struct berth_search *search, enum berth_find_event_type type,
                 const struct berth_find_place *place, enum berth_verdict verdict,
                 const char *text) {
    uint64_t elapsed_ms = berth_net_now_ms(search->net) - search->started_ms;
    if (!search->cancelled)
        berth_find_tell(&search->plan.options, elapsed_ms,
                        &(struct berth_find_news){type, place, verdict, text});
}

/* -- The end ----------------------------------------------------------------------------------- */

static void free_search(struct berth_search *search) {
    berth_find_race_cancel(&search->race);
    berth_net_timer_destroy(search->tick);
    berth_net_timer_destroy(search->deadline);
    berth_net_timer_destroy(search->settle);
    berth_net_watch_destroy(search->watch);
    berth_free(search);
}

/* The caller may cancel in any event of ours: the memory stays until we are back. */
static void enter(struct berth_search *search) { search->inside = true; }

static void leave(struct berth_search *search) {
    search->inside = false;
    if (search->cancelled)
        free_search(search);
}

void berth_search_cancel(struct berth_search *search) {
    if (search == NULL)
        return;
    search->cancelled = true;
    if (!search->inside)
        free_search(search);
}

static void conclude(struct berth_search *search, int result) {
    if (search->concluded)
        return;
    search->concluded = true;
    search->result = result;
    berth_net_timer_start(search->settle, 0);
}

/* Every loser is closed before the caller hears of the winner. */
static void on_settle(void *owner) {
    struct berth_search *search = owner;
    struct berth_found found = search->found;
    berth_search_done on_done = search->on_done;
    void *done_owner = search->owner;
    int result = search->result;
    if (result == 0)
        berth_find_found_remember(&search->plan, &search->places, &search->found_address, &found);
    free_search(search);
    on_done(done_owner, result, result == 0 ? &found : NULL);
}

/* Why there is nothing. */
static int shortfall(const struct berth_search *search) {
    if (search->starting.family != 0 || search->places.starting_count > 0)
        return BERTH_E_TIMEOUT;
    return search->failure < 0 ? search->failure : BERTH_E_NOT_FOUND;
}

static void on_deadline(void *owner) {
    struct berth_search *search = owner;
    conclude(search, shortfall(search));
}

/* -- Asking and answers ------------------------------------------------------------------------ */

/* What has no room now has it next time. */
static void ask(struct berth_search *search, const struct berth_find_place *place) {
    if (search->cancelled || search->concluded || !berth_find_race_has_room(&search->race, place))
        return;
    int error = berth_find_race_ask(&search->race, place);
    if (error < 0)
        search->failure = error;
    else
        tell(search, BERTH_FIND_CANDIDATE, place, BERTH_VERDICT_ANY, "is asked");
}

static void take_ready(struct berth_search *search, const struct berth_find_place *place,
                       const struct berth_find_answer *answer) {
    struct berth_found found;
    berth_find_found_make(&search->places, place, answer, &found);
    bool first = !search->concluded || search->result < 0;
    if (first || berth_find_found_beats(&found, &search->found)) {
        search->found = found;
        search->found_address = place->address;
    }
    conclude(search, 0);
    search->result = 0; /* also when the deadline has come in this very turn */
}

static void note_starting(struct berth_search *search, const struct berth_addr *address,
                          enum berth_find_outcome outcome) {
    if (outcome == BERTH_OUTCOME_STARTING)
        search->starting = *address;
    else if (outcome != BERTH_OUTCOME_SILENT && berth_find_address_same(address, &search->starting))
        search->starting = (struct berth_addr){0};
}

/* Its record has come to say "ready" while it was being asked: what it answered is old. */
static void ask_again_when_ready(struct berth_search *search,
                                 const struct berth_find_place *asked) {
    const struct berth_find_place *place = berth_find_places_at(&search->places, &asked->address);
    if (asked->starting && place != NULL && !place->starting)
        ask(search, place);
}

/* When all that was asked has answered, there is nothing to wait for: the range is next, or, for
 * those who look once, the end. */
static void move_on(struct berth_search *search) {
    if (search->race.count > 0)
        return;
    if (search->phase == PHASE_RANGE)
        berth_net_timer_start(search->tick, 0);
    else if (search->phase == PHASE_WATCH && search->plan.options.deadline_ms == 0)
        conclude(search, shortfall(search));
}

static void on_answer(void *owner, const struct berth_find_place *place,
                      const struct berth_find_answer *answer) {
    struct berth_search *search = owner;
    enter(search);
    if (answer->outcome == BERTH_OUTCOME_FAILED)
        search->failure = answer->error;
    note_starting(search, &place->address, answer->outcome);
    tell(search, berth_find_tell_type(answer->outcome), place, answer->verdict, answer->text);
    if (answer->outcome == BERTH_OUTCOME_READY)
        take_ready(search, place, answer);
    else
        ask_again_when_ready(search, place);
    move_on(search);
    leave(search);
}

/* -- Records ----------------------------------------------------------------------------------- */

static bool was_alive(const struct berth_search *search, const char *instance) {
    for (size_t i = 0; i < search->alive_count; i++) {
        if (strcmp(search->alive[i], instance) == 0)
            return true;
    }
    return false;
}

/* Each death once: those of long ago when we begin, the others when they come. */
static void tell_deaths(struct berth_search *search) {
    for (size_t i = 0; i < search->places.record_count; i++) {
        const struct berth_find_record *record = &search->places.records[i];
        const struct berth_find_place place = {.source = BERTH_FIND_RECORD,
                                               .address = record->document.address};
        if (!record->alive &&
            (search->phase == PHASE_BEGIN || was_alive(search, record->document.instance)))
            tell(search, BERTH_FIND_REFUSED, &place, BERTH_VERDICT_ANY,
                 "stands in a record, and its process is gone");
    }
}

static void note_alive(struct berth_search *search) {
    search->alive_count = 0;
    search->were_starting = search->places.starting_count > 0;
    for (size_t i = 0; i < search->places.record_count; i++) {
        const struct berth_find_record *record = &search->places.records[i];
        if (record->alive)
            memcpy(search->alive[search->alive_count++], record->document.instance,
                   sizeof record->document.instance);
    }
}

/* Looks at all files anew. Whoever was starting and left nobody behind has died: waiting longer
 * would be waiting for nothing. */
static void look(struct berth_search *search) {
    search->hastened = false;
    search->failure = berth_find_places_gather(&search->plan, &search->places);
    if (!search->places.records_known)
        return;
    tell_deaths(search);
    if (search->were_starting && search->places.alive_count == 0)
        conclude(search, BERTH_E_CLOSED);
    note_alive(search);
}

/* -- Looking ----------------------------------------------------------------------------------- */

static void on_change(void *owner) {
    struct berth_search *search = owner;
    if (!search->hastened && search->phase == PHASE_WATCH)
        berth_net_timer_start(search->tick, HASTE_MS);
    search->hastened = true;
}

/* From time to time anew: the folder may have come, or may be another one, since. Where it cannot
 * be watched there still is the look every POLL_MS. */
static void watch_records(struct berth_search *search) {
    char path[PATH_MAX];
    struct berth_writer out = berth_writer_on(path, sizeof path);
    berth_writer_format(&out, "%s/%s", search->plan.runtime_dir, search->plan.options.app);
    berth_writer_char(&out, 0);
    berth_net_watch_destroy(search->watch);
    search->watch = NULL;
    if (!out.overflow && search->plan.options.deadline_ms > 0)
        (void)berth_net_watch_create(search->net, path, on_change, search, &search->watch);
}

static void ask_places(struct berth_search *search, bool of_range) {
    for (size_t i = 0; i < search->places.count; i++) {
        const struct berth_find_place *place = &search->places.items[i];
        if ((place->source == BERTH_FIND_RANGE) == of_range)
            ask(search, place);
    }
    if (of_range)
        search->range_ms = berth_net_now_ms(search->net);
}

/* A server that is starting and that no record tells of is asked as often as one that has one. */
static void ask_starting(struct berth_search *search) {
    const struct berth_find_place *place = berth_find_places_at(&search->places, &search->starting);
    if (place != NULL)
        ask(search, place);
}

static bool range_is_due(const struct berth_search *search) {
    return berth_net_now_ms(search->net) - search->range_ms >= RANGE_MS;
}

static void tick_in(struct berth_search *search, uint64_t delay_ms) {
    berth_net_timer_start(search->tick, search->hastened ? HASTE_MS : delay_ms);
}

static void begin(struct berth_search *search) {
    watch_records(search);
    look(search);
    search->phase = PHASE_RANGE;
    ask_places(search, false);
    berth_net_timer_start(search->tick, search->race.count > 0 ? RANGE_DELAY_MS : 0);
}

static void ask_range(struct berth_search *search) {
    search->phase = PHASE_WATCH;
    ask_places(search, true);
    if (search->plan.options.deadline_ms > 0)
        tick_in(search, POLL_MS);
}

static void look_again(struct berth_search *search) {
    bool range = range_is_due(search);
    if (range)
        watch_records(search);
    look(search);
    ask_places(search, false);
    ask_starting(search);
    if (range)
        ask_places(search, true);
    tick_in(search, POLL_MS);
}

static void on_tick(void *owner) {
    struct berth_search *search = owner;
    enter(search);
    switch (search->phase) {
    case PHASE_BEGIN:
        begin(search);
        break;
    case PHASE_RANGE:
        ask_range(search);
        break;
    case PHASE_WATCH:
        look_again(search);
        break;
    }
    move_on(search);
    leave(search);
}

/* -- The beginning ----------------------------------------------------------------------------- */

static int create_timers(struct berth_search *search) {
    int error = berth_net_timer_create(search->net, on_tick, search, &search->tick);
    if (error == 0)
        error = berth_net_timer_create(search->net, on_deadline, search, &search->deadline);
    if (error == 0)
        error = berth_net_timer_create(search->net, on_settle, search, &search->settle);
    return error;
}

int berth_search_start(struct berth_net *net, const struct berth_find_options *options,
                       berth_search_done on_done, void *owner, struct berth_search **ret_search) {
    struct berth_search *search = berth_alloc(sizeof *search);
    if (search == NULL)
        return BERTH_E_MEMORY;
    search->net = net;
    search->on_done = on_done;
    search->owner = owner;
    search->started_ms = berth_net_now_ms(net);
    berth_find_race_init(&search->race, net, &search->plan, &search->places.keys, on_answer,
                         search);
    int error = berth_find_plan_make(options, &search->plan);
    if (error == 0)
        error = create_timers(search);
    if (error < 0) {
        free_search(search);
        return error;
    }
    berth_net_timer_start(search->tick, 0);
    if (options->deadline_ms > 0)
        berth_net_timer_start(search->deadline, options->deadline_ms);
    *ret_search = search;
    return 0;
}
