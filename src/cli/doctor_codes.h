/* What the doctor can find: one record a code, from which the findings' words, `--explain` and the
 * pages in docs/doctor come.
 *
 *     const struct berth_doctor_code *code = &berth_doctor_codes[BERTH_DOCTOR_PORT_FILE_STALE];
 *     ... code->name is "port-file-stale" ...
 *
 * Shape:   names are stable: programs and people's notes hold them. A code of severity OK belongs
 *          to each check, and says what was looked at when nothing is wrong
 * Owns:    constants
 * Limits:  BERTH_DOCTOR_PAGE_MAX bytes hold each page
 * Threads: any
 * Proof:   doctor_codes_test.c: every code has its page in docs/doctor, and every page its code
 */
#ifndef BERTH_CLI_DOCTOR_CODES_H
#define BERTH_CLI_DOCTOR_CODES_H

#include "base/writer.h"

#define BERTH_DOCTOR_PAGE_MAX 4096

enum berth_doctor_severity {
    BERTH_DOCTOR_OK,
    BERTH_DOCTOR_NOTE,    /* good to know; all is well with it */
    BERTH_DOCTOR_WARNING, /* it works for some, or not for long */
    BERTH_DOCTOR_ERROR,   /* a frontend fails because of this */
};

enum berth_doctor_code_id {
    BERTH_DOCTOR_CONFIGURATION,
    BERTH_DOCTOR_CONFIG_MISSING,
    BERTH_DOCTOR_CONFIG_INVALID,
    BERTH_DOCTOR_CONFIG_WARNING,
    BERTH_DOCTOR_CONFIG_NEAR_MISS,
    BERTH_DOCTOR_CONFIG_PORTS_DIFFER,

    BERTH_DOCTOR_SERVER,
    BERTH_DOCTOR_SERVER_ABSENT,
    BERTH_DOCTOR_SERVER_STARTING,
    BERTH_DOCTOR_SERVER_DRAINING,
    BERTH_DOCTOR_SERVER_UNPROVED,
    BERTH_DOCTOR_SERVER_WITHOUT_KEY,
    BERTH_DOCTOR_IDENTITY_UNUSABLE,
    BERTH_DOCTOR_SERVER_OLDER,
    BERTH_DOCTOR_SERVER_NEWER,
    BERTH_DOCTOR_SERVER_FORWARDED,
    BERTH_DOCTOR_SERVER_SEVERAL,

    BERTH_DOCTOR_PORT_FILE,
    BERTH_DOCTOR_PORT_FILE_MISSING,
    BERTH_DOCTOR_PORT_FILE_STALE,
    BERTH_DOCTOR_PORT_FILE_SILENT,
    BERTH_DOCTOR_PORT_FILE_STRANGER,
    BERTH_DOCTOR_PORT_FILE_OTHER_APP,
    BERTH_DOCTOR_PORT_FILE_UNREADABLE,
    BERTH_DOCTOR_PORT_FILE_GARBAGE,
    BERTH_DOCTOR_PORT_FILE_UNWRITABLE,

    BERTH_DOCTOR_RECORDS,
    BERTH_DOCTOR_RECORD_MISSING,
    BERTH_DOCTOR_RECORD_DEAD,
    BERTH_DOCTOR_RECORD_FOREIGN,
    BERTH_DOCTOR_RECORD_MODE,
    BERTH_DOCTOR_RECORD_GARBAGE,
    BERTH_DOCTOR_RECORD_UNREACHABLE,
    BERTH_DOCTOR_RECORD_FOLDER,

    BERTH_DOCTOR_PORTS,
    BERTH_DOCTOR_PORT_STRANGER,
    BERTH_DOCTOR_PORT_OTHER_APP,
    BERTH_DOCTOR_PORT_RESERVED,
    BERTH_DOCTOR_PORT_BLOCKED,
    BERTH_DOCTOR_PORT_EPHEMERAL,
    BERTH_DOCTOR_PORT_FILTERED,
    BERTH_DOCTOR_PORTS_ALL_TAKEN,
    BERTH_DOCTOR_RANGE_UNSEARCHED,

    BERTH_DOCTOR_WEBSOCKET,
    BERTH_DOCTOR_WEBSOCKET_NO_ROUTE,
    BERTH_DOCTOR_WEBSOCKET_REFUSED,
    BERTH_DOCTOR_WEBSOCKET_STRIPPED,
    BERTH_DOCTOR_WEBSOCKET_MANGLED,
    BERTH_DOCTOR_WEBSOCKET_CUT,
    BERTH_DOCTOR_WEBSOCKET_SILENT,

    BERTH_DOCTOR_PAGE,
    BERTH_DOCTOR_PAGE_NULL_ORIGIN,
    BERTH_DOCTOR_PAGE_ORIGIN_REFUSED,
    BERTH_DOCTOR_PAGE_CORS_MISSING,
    BERTH_DOCTOR_PAGE_LOCAL_NETWORK,
    BERTH_DOCTOR_PAGE_MIXED_CONTENT,

    BERTH_DOCTOR_FAMILIES,
    BERTH_DOCTOR_IPV6_MISSING,
    BERTH_DOCTOR_FAMILIES_DIFFER,
    BERTH_DOCTOR_LOCALHOST_UNKNOWN,
    BERTH_DOCTOR_LOCALHOST_ELSEWHERE,
    BERTH_DOCTOR_LOCALHOST_OTHER_FAMILY,

    BERTH_DOCTOR_PROXY,
    BERTH_DOCTOR_PROXY_CATCHES_LOOPBACK,

    BERTH_DOCTOR_LOOPBACK,
    BERTH_DOCTOR_LOOPBACK_DOWN,
    BERTH_DOCTOR_LOOPBACK_REFUSED,
    BERTH_DOCTOR_LOOPBACK_TIMEOUT,
    BERTH_DOCTOR_LOOPBACK_RESET,

    BERTH_DOCTOR_CLOCK,
    BERTH_DOCTOR_CLOCK_UNSET,
    BERTH_DOCTOR_CLOCK_RECORD_FUTURE,

    BERTH_DOCTOR_CODES,
};

struct berth_doctor_code {
    const char *name; /* "port-file-stale" */
    enum berth_doctor_severity severity;
    const char *title;  /* a few words, without full stop */
    const char *means;  /* what it means for a frontend: sentences */
    const char *cause;  /* how it comes about */
    const char *remedy; /* what to do */
};

extern const struct berth_doctor_code berth_doctor_codes[BERTH_DOCTOR_CODES];

/* NULL when there is none of that name. */
const struct berth_doctor_code *berth_doctor_code_find(struct berth_view name);

/* "ok", "note", "warning", "error". */
const char *berth_doctor_severity_name(enum berth_doctor_severity severity);

/* One paragraph: `berth doctor --explain`. */
void berth_doctor_code_explain(const struct berth_doctor_code *code, struct berth_writer *out);

/* docs/doctor/<name>.md. */
void berth_doctor_code_page(const struct berth_doctor_code *code, struct berth_writer *out);

#endif
