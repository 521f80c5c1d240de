/* The facts that the doctor judges by, gathered once: files, records, ports, answers, names.
 *
 *     static struct berth_doctor_world world;
 *     struct berth_doctor_errand errand = {.config = &config, .origin = NULL};
 *     int error = berth_doctor_gather(&errand, &world);
 *
 * Shape:   everything is asked at once, in two rounds: /health of every port, then what can be
 *          asked of the server that was found. No file is written, no secret is sent
 * Units:   1.5 s at most, all in all
 * Owns:    the world points into the configuration and into memory of this module's own: one world
 *          at a time
 * Errors:  BERTH_E_MEMORY, BERTH_E_SYSTEM; whatever is wrong with the world is a fact
 * Threads: one; localhost is looked up in a thread beside it, since nothing bounds that otherwise
 * Proof:   doctor_gather_test.c, tests/e2e/doctor.test.js
 */
#ifndef BERTH_CLI_DOCTOR_GATHER_H
#define BERTH_CLI_DOCTOR_GATHER_H

#include "cli/doctor.h"

struct berth_doctor_errand {
    const struct berth_config *config;
    const char *origin; /* as a browser sends it; NULL for none */
};

int berth_doctor_gather(const struct berth_doctor_errand *errand,
                        struct berth_doctor_world *ret_world);

/* -- The parts --------------------------------------------------------------------------------- */

/* What the port file says. */
void berth_doctor_gather_port_file(const char *path, struct berth_doctor_port_file *ret_file);

/* The records of the world's app in the folder, sound or not. */
void berth_doctor_gather_records(struct berth_doctor_world *world, const char *folder);

/* The app's own key, when there is one: to look does not make it. Behind the records: a record's
 * key counts where there is no identity. */
void berth_doctor_gather_key(struct berth_doctor_world *world, const char *state_dir);

/* Begins to look up localhost, and waits for it until the time is over. */
void berth_doctor_localhost_begin(void);
void berth_doctor_localhost_end(uint32_t wait_ms, struct berth_doctor_localhost *ret_localhost);

/* Adds the port, in its order; once only. */
void berth_doctor_gather_port(struct berth_doctor_world *world, uint32_t port, bool in_range);

/* Reads an answer to /health?challenge=… of that address. */
void berth_doctor_health_read(const struct berth_doctor_world *world,
                              const struct berth_doctor_answer *answer,
                              const struct berth_addr *asked, struct berth_view challenge,
                              struct berth_doctor_health *ret_health);

#endif
