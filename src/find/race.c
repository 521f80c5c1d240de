#include "find/race.h"

#include "base/assert.h"

void berth_find_race_init(struct berth_find_race *race, struct berth_net *net,
                          const struct berth_find_plan *plan, const struct berth_find_keys *keys,
                          berth_find_race_answer on_answer, void *owner) {
    *race = (struct berth_find_race){
        .net = net, .plan = plan, .keys = keys, .on_answer = on_answer, .owner = owner};
}

bool berth_find_race_has_room(const struct berth_find_race *race,
                              const struct berth_find_place *place) {
    for (size_t i = 0; i < BERTH_FIND_PLACES_MAX; i++) {
        const struct berth_find_runner *runner = &race->runners[i];
        if (runner->attempt != NULL &&
            berth_find_address_same(&runner->place.address, &place->address))
            return false;
    }
    return race->count < BERTH_FIND_PLACES_MAX;
}

static void on_answer(void *owner, const struct berth_find_answer *answer) {
    struct berth_find_runner *runner = owner;
    struct berth_find_race *race = runner->race;
    struct berth_find_place place = runner->place;
    runner->attempt = NULL;
    race->count--;
    race->on_answer(race->owner, &place, answer);
}

int berth_find_race_ask(struct berth_find_race *race, const struct berth_find_place *place) {
    const struct berth_find_options *options = &race->plan->options;
    const struct berth_find_question question = {
        .address = place->address,
        .app = options->app,
        .instance = options->instance,
        .keys = race->keys,
        .least = options->least,
    };
    size_t i = 0;
    while (i < BERTH_FIND_PLACES_MAX && race->runners[i].attempt != NULL)
        i++;
    BERTH_ASSERT(i < BERTH_FIND_PLACES_MAX);
    struct berth_find_runner *runner = &race->runners[i];
    int error = berth_find_attempt_start(race->net, &question, options->attempt_ms, on_answer,
                                         runner, &runner->attempt);
    if (error < 0)
        return error;
    runner->race = race;
    runner->place = *place;
    race->count++;
    return 0;
}

void berth_find_race_cancel(struct berth_find_race *race) {
    for (size_t i = 0; i < BERTH_FIND_PLACES_MAX; i++) {
        berth_find_attempt_cancel(race->runners[i].attempt);
        race->runners[i].attempt = NULL;
    }
    race->count = 0;
}
