/* The doctor's report, for people and for machines.
 *
 * Shape:   for people one line for what is well, a paragraph for what is not, in colour where asked
 *          for, and a judgement as the last line; for machines one JSON object
 * Owns:    nothing
 * Limits:  BERTH_DOCTOR_TEXT_MAX bytes hold each of them
 * Threads: any
 * Proof:   doctor_print_test.c
 */
#ifndef BERTH_CLI_DOCTOR_PRINT_H
#define BERTH_CLI_DOCTOR_PRINT_H

#include "cli/doctor.h"

#define BERTH_DOCTOR_TEXT_MAX (512 * 1024)

/* Lines, each with its line end. */
void berth_doctor_print_text(const struct berth_doctor_world *world,
                             const struct berth_doctor_report *report, bool colour,
                             struct berth_writer *out);

/* {app, version, origin, well, judgement, counts, server, ports, findings}, in one line. */
void berth_doctor_print_json(const struct berth_doctor_world *world,
                             const struct berth_doctor_report *report, struct berth_writer *out);

#endif
