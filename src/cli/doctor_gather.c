#include "cli/doctor_gather.h"

#include "base/alloc.h"
#include "berth/error.h"
#include "find/document.h"
#include "port/instance.h"
#include "port/port.h"
#include "port/publish.h"
#include "port/record.h"
#include "proto/base64.h"
#include "sys/clock.h"
#include "sys/entropy.h"
#include "sys/listen.h"
#include "sys/process.h"

#include <stdio.h>

#define CHALLENGE_SIZE 32
#define ROUND_MS 700 /* for each of two */
#define NAMES_MS 100 /* what localhost may take longer than both */

static const char *const loopbacks[BERTH_DOCTOR_FAMILIES_MAX] = {"127.0.0.1", "::1"};

static struct berth_addr loopback(enum berth_doctor_family family, uint16_t port) {
    struct berth_addr address = {0};
    (void)berth_addr_parse(berth_view_of(loopbacks[family]), port, &address); /* a literal */
    return address;
}

/* -- What is known without asking -------------------------------------------------------------- */

void berth_doctor_gather_port(struct berth_doctor_world *world, uint32_t port, bool in_range) {
    if (port == 0 || port > UINT16_MAX)
        return;
    size_t at = 0;
    while (at < world->port_count && world->ports[at].port < port)
        at++;
    if ((at < world->port_count && world->ports[at].port == port) ||
        world->port_count == BERTH_DOCTOR_PORTS_MAX)
        return;
    memmove(&world->ports[at + 1], &world->ports[at],
            (world->port_count - at) * sizeof *world->ports);
    world->ports[at] = (struct berth_doctor_port){
        .port = (uint16_t)port,
        .in_range = in_range,
        .blocked = berth_port_is_blocked((uint16_t)port),
    };
    world->port_count++;
}

static void gather_ports(struct berth_doctor_world *world, const char *state_dir) {
    unsigned range =
        world->port_tries < BERTH_DOCTOR_RANGE_MAX ? world->port_tries : BERTH_DOCTOR_RANGE_MAX;
    for (unsigned i = 0; world->server_port != 0 && i < range; i++)
        berth_doctor_gather_port(world, world->server_port + i, true);
    if (world->port_file.state == BERTH_DOCTOR_FILE_READ)
        berth_doctor_gather_port(world, world->port_file.port, false);
    for (size_t i = 0; i < world->record_count; i++)
        if (world->records[i].fault == BERTH_DOCTOR_RECORD_SOUND && world->records[i].alive)
            berth_doctor_gather_port(world, world->records[i].port, false);
    if (state_dir != NULL)
        berth_doctor_gather_port(world, berth_port_sticky_load(state_dir, world->app), false);
}

static const char *fault_of_identity(int error) {
    switch (error) {
    case 0:
    case BERTH_E_NOT_FOUND: /* none was made yet */
        return NULL;
    case BERTH_E_INVALID:
        return "holds no key: one is 32 bytes long";
    case BERTH_E_DENIED:
        return "is another user's, open to others, or a symlink; or its folder is";
    default:
        return berth_error_text(error);
    }
}

void berth_doctor_gather_key(struct berth_doctor_world *world, const char *state_dir) {
    static char path[BERTH_CONFIG_VALUE_MAX + 128];
    snprintf(path, sizeof path, "%s/%s/identity.key", state_dir, world->app);
    int error = berth_instance_public_key(state_dir, world->app, world->key);
    world->identity_path = path;
    world->identity_fault = fault_of_identity(error);
    world->has_key = world->has_key || error == 0;
}

static void gather_config(const struct berth_doctor_errand *errand,
                          struct berth_doctor_world *world) {
    const struct berth_config *config = errand->config;
    *world = (struct berth_doctor_world){
        .app = config->values[BERTH_SETTING_APP].text,
        .version = BERTH_VERSION,
        .config_path = config->path,
        .messages = config->messages,
        .message_count = config->message_count,
        .server_port = (uint16_t)config->values[BERTH_SETTING_SERVER_PORT].number,
        .port_tries = (unsigned)config->values[BERTH_SETTING_PORT_TRIES].number,
        .falls_back = config->values[BERTH_SETTING_FALLBACK].number == 0,
        .uid = berth_sys_uid(),
        .now_ms = berth_sys_clock_unix_ms(),
        .environment = config->context->environment,
        .ephemeral = berth_sys_ports_ephemeral(),
        .first_unprivileged = berth_sys_ports_first_unprivileged(),
        .origin = errand->origin,
    };
    if (world->app == NULL) /* a name that is wrong leaves none */
        world->app = "app";
    struct berth_addr six = loopback(BERTH_DOCTOR_IPV6, 0);
    world->has_ipv6 = berth_sys_has_address(&six);
}

static void gather_disk(const struct berth_config *config, struct berth_doctor_world *world) {
    static char folder[BERTH_CONFIG_VALUE_MAX];
    const char *state_dir = config->values[BERTH_SETTING_STATE_DIR].text;
    berth_doctor_gather_port_file(config->values[BERTH_SETTING_PORT_FILE].text, &world->port_file);
    if (berth_record_folder(folder, sizeof folder) == 0)
        berth_doctor_gather_records(world, folder);
    if (state_dir != NULL)
        berth_doctor_gather_key(world, state_dir);
    gather_ports(world, state_dir);
}

/* -- The first round: who is there ------------------------------------------------------------- */

static void read_proof(const struct berth_doctor_world *world,
                       const struct berth_find_document *document, const struct berth_addr *asked,
                       struct berth_view challenge, struct berth_doctor_health *health) {
    struct berth_proof_claim claim = {
        .app = berth_view_of(document->app),
        .instance = berth_view_of(document->instance),
        .port = asked->port,
        .challenge = challenge,
    };
    struct berth_view proof = berth_view_bytes(document->proof, sizeof document->proof);
    health->has_proof = document->has_public_key && document->has_proof &&
                        berth_proof_verify(document->public_key, &claim, proof) == 0;
    health->known_key = health->has_proof && world->has_key &&
                        memcmp(document->public_key, world->key, sizeof world->key) == 0;
}

void berth_doctor_health_read(const struct berth_doctor_world *world,
                              const struct berth_doctor_answer *answer,
                              const struct berth_addr *asked, struct berth_view challenge,
                              struct berth_doctor_health *ret_health) {
    struct berth_find_document document;
    const char *fault;
    *ret_health = (struct berth_doctor_health){0};
    if (answer->outcome != BERTH_DOCTOR_ANSWERED ||
        berth_find_health_read((struct berth_view){answer->body, answer->body_size}, asked,
                               &document, &fault) < 0)
        return;
    ret_health->is_berth = true;
    ret_health->starting = document.state == BERTH_ENDPOINT_STARTING;
    ret_health->draining = document.state == BERTH_ENDPOINT_DRAINING;
    ret_health->port = document.port;
    memcpy(ret_health->app, document.app, sizeof document.app);
    memcpy(ret_health->instance, document.instance, sizeof document.instance);
    memcpy(ret_health->version, document.version, sizeof document.version);
    memcpy(ret_health->ws_path, document.ws_path, sizeof document.ws_path);
    read_proof(world, &document, asked, challenge, ret_health);
}

/* All ports in both families, and a listener of our own, which never answers. */
static int ask_round(struct berth_doctor_world *world, const char *target, uint16_t own_port) {
    size_t count = world->port_count * BERTH_DOCTOR_FAMILIES_MAX + 1;
    struct berth_doctor_probe *probes = berth_alloc(count * sizeof *probes);
    if (probes == NULL)
        return BERTH_E_MEMORY;
    for (size_t i = 0; i + 1 < count; i++) {
        struct berth_doctor_port *port = &world->ports[i / BERTH_DOCTOR_FAMILIES_MAX];
        enum berth_doctor_family family = (enum berth_doctor_family)(i % BERTH_DOCTOR_FAMILIES_MAX);
        probes[i] = (struct berth_doctor_probe){
            .to = loopback(family, port->port), .target = target, .answer = &port->answers[family]};
    }
    probes[count - 1] = (struct berth_doctor_probe){.to = loopback(BERTH_DOCTOR_IPV4, own_port),
                                                    .target = "/",
                                                    .expects_silence = true,
                                                    .answer = &world->loopback};
    int error = berth_doctor_probe_all(probes, own_port > 0 ? count : count - 1, ROUND_MS);
    berth_free(probes);
    return error;
}

static int gather_answers(struct berth_doctor_world *world) {
    uint8_t challenge[CHALLENGE_SIZE];
    char target[128] = "/health?challenge=";
    uint16_t own_port = 0;
    intptr_t own = -1;
    int error = berth_sys_random(challenge, sizeof challenge);
    if (error < 0)
        return error;
    berth_base64url_encode(challenge, sizeof challenge, target + strlen(target));
    struct berth_addr any = loopback(BERTH_DOCTOR_IPV4, 0);
    if (berth_sys_listen(&any, 1, &own_port, &own) < 0)
        own_port = 0; /* out of descriptors: the other answers will say it */
    error = ask_round(world, target, own_port);
    berth_sys_socket_close(own);
    for (size_t i = 0; i < world->port_count; i++)
        for (size_t k = 0; k < BERTH_DOCTOR_FAMILIES_MAX; k++) {
            struct berth_doctor_port *port = &world->ports[i];
            struct berth_addr asked = loopback((enum berth_doctor_family)k, port->port);
            berth_doctor_health_read(world, &port->answers[k], &asked,
                                     berth_view_bytes(challenge, sizeof challenge),
                                     &port->health[k]);
        }
    return error;
}

/* -- What the system says ---------------------------------------------------------------------- */

static void gather_holders(struct berth_doctor_world *world) {
    static struct berth_sys_holder holders[4 * BERTH_DOCTOR_PORTS_MAX];
    uint16_t ports[BERTH_DOCTOR_PORTS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < world->port_count; i++)
        ports[i] = world->ports[i].port;
    if (world->port_count == 0 ||
        berth_sys_port_holders(ports, world->port_count, holders, sizeof holders / sizeof *holders,
                               &count) < 0)
        return;
    for (size_t i = 0; i < world->port_count; i++) {
        struct berth_doctor_port *port = &world->ports[i];
        for (size_t k = 0; k < count && port->holder_count < BERTH_DOCTOR_FAMILIES_MAX; k++) {
            const struct berth_addr *held = &holders[k].address;
            bool here = berth_addr_is_loopback(held) || berth_addr_is_any(held);
            if (held->port == port->port && here)
                port->holders[port->holder_count++] = holders[k];
        }
    }
}

/* A port that nobody holds is tried on a loopback address that no server asks for, so that a server
 * which starts at this moment finds its own free. Only one that listens on every interface could
 * meet it, for some microseconds. */
static void gather_denied(struct berth_doctor_world *world) {
    for (size_t i = 0; i < world->port_count; i++) {
        struct berth_doctor_port *port = &world->ports[i];
        struct berth_addr aside = loopback(BERTH_DOCTOR_IPV4, port->port);
        uint16_t unused;
        intptr_t socket = -1;
        if (!port->in_range || berth_doctor_who(world, port) != BERTH_DOCTOR_FREE)
            continue;
        aside.ip[1] = 83;
        port->denied = berth_sys_listen(&aside, 1, &unused, &socket) == BERTH_E_DENIED;
        berth_sys_socket_close(socket);
    }
}

/* -- The second round: what the server lets one do --------------------------------------------- */

static bool is_ours(const struct berth_doctor_world *world, const struct berth_doctor_port *port) {
    return port != NULL && berth_doctor_who(world, port) == BERTH_DOCTOR_OURS;
}

/* The one that the port file names, else one with a record, else the first. */
static void choose_server(struct berth_doctor_world *world) {
    const struct berth_doctor_port *chosen = NULL;
    for (size_t i = world->port_count; i > 0; i--)
        if (is_ours(world, &world->ports[i - 1]))
            chosen = &world->ports[i - 1];
    for (size_t i = world->record_count; i > 0; i--)
        if (world->records[i - 1].alive &&
            is_ours(world, berth_doctor_port_of(world, world->records[i - 1].port)))
            chosen = berth_doctor_port_of(world, world->records[i - 1].port);
    if (world->port_file.state == BERTH_DOCTOR_FILE_READ &&
        is_ours(world, berth_doctor_port_of(world, world->port_file.port)))
        chosen = berth_doctor_port_of(world, world->port_file.port);
    if (chosen == NULL)
        return;
    world->server = chosen;
    bool four = berth_doctor_who_in(world, chosen, BERTH_DOCTOR_IPV4) == BERTH_DOCTOR_OURS;
    world->server_family = four ? BERTH_DOCTOR_IPV4 : BERTH_DOCTOR_IPV6;
}

static int ask_server(struct berth_doctor_world *world) {
    struct berth_doctor_probe probes[4];
    size_t count = 0;
    struct berth_addr to = loopback(world->server_family, world->server->port);
    const char *route = world->server->health[world->server_family].ws_path;
    if (route[0] != '\0')
        probes[count++] = (struct berth_doctor_probe){
            .to = to, .target = route, .upgrade = true, .answer = &world->upgrade};
    if (world->origin != NULL) {
        probes[count++] = (struct berth_doctor_probe){
            .to = to, .target = "/health", .origin = world->origin, .answer = &world->page_health};
        probes[count++] = (struct berth_doctor_probe){.to = to,
                                                      .target = "/berth/status.json",
                                                      .origin = world->origin,
                                                      .answer = &world->page_data};
    }
    if (world->origin != NULL && route[0] != '\0')
        probes[count++] = (struct berth_doctor_probe){.to = to,
                                                      .target = route,
                                                      .origin = world->origin,
                                                      .upgrade = true,
                                                      .answer = &world->page_upgrade};
    return berth_doctor_probe_all(probes, count, ROUND_MS);
}

int berth_doctor_gather(const struct berth_doctor_errand *errand,
                        struct berth_doctor_world *ret_world) {
    struct berth_doctor_world *world = ret_world;
    gather_config(errand, world);
    gather_disk(errand->config, world);
    berth_doctor_localhost_begin();
    int error = gather_answers(world);
    if (error == 0) {
        gather_holders(world);
        gather_denied(world);
        choose_server(world);
    }
    if (error == 0 && world->server != NULL)
        error = ask_server(world);
    berth_doctor_localhost_end(NAMES_MS, &world->localhost);
    return error;
}
