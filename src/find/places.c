#include "find/places.h"

#include "base/buf.h"
#include "berth/error.h"
#include "port/instance.h"
#include "port/record.h"
#include "sys/files.h"

/* "65535", a line end or two, and room to see that a file holds more than a port. */
#define PORT_FILE_MAX 16

static const struct berth_addr loopback[] = {
    {.family = 4, .ip = {127, 0, 0, 1}},
    {.family = 6, .ip = {[15] = 1}},
};

/* -- Places ------------------------------------------------------------------------------------ */

bool berth_find_address_same(const struct berth_addr *a, const struct berth_addr *b) {
    return a->port == b->port && berth_addr_same_ip(a, b);
}

/* The index of the address's place, or the count. */
static size_t index_of(const struct berth_find_places *places, const struct berth_addr *address) {
    size_t i = 0;
    while (i < places->count && !berth_find_address_same(&places->items[i].address, address))
        i++;
    return i;
}

const struct berth_find_place *berth_find_places_at(const struct berth_find_places *places,
                                                    const struct berth_addr *address) {
    size_t index = index_of(places, address);
    return index < places->count ? &places->items[index] : NULL;
}

static void add_place(struct berth_find_places *places, enum berth_find_source source,
                      const struct berth_addr *address, bool starting) {
    size_t index = index_of(places, address);
    if (index == BERTH_FIND_PLACES_MAX)
        return;
    struct berth_find_place *place = &places->items[index];
    if (index == places->count) {
        places->count++;
        *place = (struct berth_find_place){.source = source, .address = *address};
    }
    place->starting = place->starting || starting;
}

static void add_loopback(struct berth_find_places *places, enum berth_find_source source,
                         uint16_t port) {
    for (size_t i = 0; i < sizeof loopback / sizeof *loopback; i++) {
        struct berth_addr address = loopback[i];
        address.port = port;
        add_place(places, source, &address, false);
    }
}

/* -- Records ----------------------------------------------------------------------------------- */

const struct berth_find_record *berth_find_places_record(const struct berth_find_places *places,
                                                         const char *instance) {
    for (size_t i = 0; i < places->record_count; i++) {
        if (strcmp(places->records[i].document.instance, instance) == 0)
            return &places->records[i];
    }
    return NULL;
}

struct gathering {
    const struct berth_find_plan *plan;
    struct berth_find_places *places;
};

static bool is_asked_for(const struct gathering *gathering,
                         const struct berth_find_document *document) {
    const char *instance = gathering->plan->options.instance;
    if (instance != NULL && strcmp(document->instance, instance) != 0)
        return false;
    return !gathering->plan->told_only ||
           berth_find_places_at(gathering->places, &document->address) != NULL;
}

static void add_record(struct berth_find_places *places, const struct berth_find_document *document,
                       bool alive) {
    if (places->record_count < BERTH_FIND_RECORDS_MAX)
        places->records[places->record_count++] =
            (struct berth_find_record){.alive = alive, .document = *document};
    if (!alive || document->state == BERTH_ENDPOINT_DRAINING)
        return;
    bool starting = document->state == BERTH_ENDPOINT_STARTING;
    places->alive_count++;
    places->starting_count += starting;
    add_place(places, BERTH_FIND_RECORD, &document->address, starting);
}

/* A record that cannot be read, for whatever reason, may hold the key of our server; and when its
 * owner lives, that may be our server. */
static void take_unreadable(struct berth_find_places *places, bool alive) {
    places->keys.incomplete = true;
    if (alive)
        places->records_known = false;
}

static bool take_record(void *owner, const struct berth_record_entry *entry) {
    struct gathering *gathering = owner;
    struct berth_find_document document;
    const char *fault;
    if (berth_find_record_read(entry->content, &document, &fault) < 0) {
        take_unreadable(gathering->places, entry->alive);
        return true;
    }
    if (strcmp(document.app, gathering->plan->options.app) != 0 ||
        strcmp(document.instance, entry->instance) != 0)
        return true;
    if (gathering->plan->options.public_key == NULL && document.has_public_key)
        berth_find_keys_trust(&gathering->places->keys, document.public_key);
    if (is_asked_for(gathering, &document))
        add_record(gathering->places, &document, entry->alive);
    return true;
}

static int gather_records(const struct berth_find_plan *plan, struct berth_find_places *places) {
    struct gathering gathering = {plan, places};
    places->records_known = true;
    places->keys.incomplete = false;
    if (plan->runtime_dir[0] == 0)
        return 0;
    int error = berth_record_list(plan->runtime_dir, plan->options.app, take_record, &gathering);
    if (error < 0)
        take_unreadable(places, true);
    return error == BERTH_E_MEMORY || error == BERTH_E_TOO_MANY_FILES ? error : 0;
}

/* -- Port file, memory, range ------------------------------------------------------------------ */

static struct berth_view without_line_end(struct berth_view view) {
    while (view.size > 0 && (view.data[view.size - 1] == '\n' || view.data[view.size - 1] == '\r'))
        view.size--;
    return view;
}

static int gather_port_file(const struct berth_find_plan *plan, struct berth_find_places *places) {
    if (plan->options.port_file == NULL)
        return 0;
    struct berth_buf content = berth_buf_make(PORT_FILE_MAX);
    uint64_t port;
    int error = berth_sys_file_read(plan->options.port_file, &content);
    if (error == 0 &&
        berth_view_number(without_line_end(berth_buf_view(&content)), UINT16_MAX, &port) == 0 &&
        port > 0)
        add_loopback(places, BERTH_FIND_PORT_FILE, (uint16_t)port);
    berth_buf_free(&content);
    return error == BERTH_E_MEMORY || error == BERTH_E_TOO_MANY_FILES ? error : 0;
}

/* The app's own key, as its servers of this user keep it: known even when none of them runs. */
static void gather_identity(const struct berth_find_plan *plan, struct berth_find_places *places) {
    uint8_t public_key[BERTH_PROOF_PUBLIC_KEY_SIZE];
    if (plan->state_dir[0] == 0 || plan->options.public_key != NULL)
        return;
    int error = berth_instance_public_key(plan->state_dir, plan->options.app, public_key);
    if (error == 0)
        berth_find_keys_trust(&places->keys, public_key);
    else if (error != BERTH_E_NOT_FOUND)
        places->keys.incomplete = true;
}

static void gather_memory(const struct berth_find_plan *plan, struct berth_find_places *places) {
    places->has_memory = false;
    if (plan->state_dir[0] == 0)
        return;
    int error = berth_find_remember_load(plan->state_dir, plan->options.app, &places->memory);
    if (error < 0 && error != BERTH_E_NOT_FOUND && error != BERTH_E_INVALID)
        places->keys.incomplete = true;
    if (error < 0)
        return;
    places->has_memory = true;
    if (places->memory.has_public_key && plan->options.public_key == NULL) {
        places->keys.has_pinned = true;
        memcpy(places->keys.pinned, places->memory.public_key, sizeof places->keys.pinned);
    }
    if (!plan->told_only)
        add_place(places, BERTH_FIND_REMEMBERED, &places->memory.address, false);
}

static void gather_range(const struct berth_find_options *options,
                         struct berth_find_places *places) {
    for (uint32_t i = 0; i < options->range_count; i++) {
        uint32_t port = (uint32_t)options->range_first + i;
        if (port <= UINT16_MAX)
            add_loopback(places, BERTH_FIND_RANGE, (uint16_t)port);
    }
}

int berth_find_places_gather(const struct berth_find_plan *plan, struct berth_find_places *places) {
    places->count = places->record_count = 0;
    places->alive_count = places->starting_count = 0;
    if (plan->options.public_key != NULL)
        berth_find_keys_trust(&places->keys, plan->options.public_key);
    for (size_t i = 0; i < plan->told_count; i++)
        add_place(places, BERTH_FIND_TOLD, &plan->told[i], false);
    int error = gather_records(plan, places);
    if (error == 0 && !plan->told_only)
        error = gather_port_file(plan, places);
    gather_identity(plan, places);
    gather_memory(plan, places);
    if (!plan->told_only)
        gather_range(&plan->options, places);
    return error;
}
