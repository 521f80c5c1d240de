/* The doctor's judgement: facts about a world in, findings out.
 *
 *     static struct berth_doctor_world world;
 *     static struct berth_doctor_report report;
 *     ... doctor_gather.h fills the world ...
 *     berth_doctor_judge(&world, &report);
 *     if (report.worst <= BERTH_DOCTOR_NOTE) ... all is well ...
 *
 * Shape:   a check is pure: it looks at the world and at nothing else, so that a test can make up
 *          a world. It adds what it has found, or one finding of severity OK
 * Owns:    all texts of a world are loans for its life; a report is a value
 * Limits:  those below; what is over a limit is not looked at, or not reported
 * Threads: any
 * Proof:   doctor_check_test.c
 */
#ifndef BERTH_CLI_DOCTOR_H
#define BERTH_CLI_DOCTOR_H

#include "app/config.h"
#include "cli/doctor_codes.h"
#include "cli/doctor_probe.h"
#include "proto/proof.h"
#include "sys/holder.h"
#include "sys/ports.h"

#define BERTH_DOCTOR_RANGE_MAX 64 /* ports of the range that are looked at */
#define BERTH_DOCTOR_PORTS_MAX 96
#define BERTH_DOCTOR_RECORDS_MAX 24
#define BERTH_DOCTOR_FINDINGS_MAX 96
#define BERTH_DOCTOR_SEEN_MAX 640

/* -- The world --------------------------------------------------------------------------------- */

/* What /health said, read. */
struct berth_doctor_health {
    bool is_berth; /* the fields are there; what they say is not yet believed */
    bool starting;
    bool draining;
    bool has_proof; /* a proof was given, and it fits the key that was given with it */
    bool known_key; /* that key is the one that we know */
    char app[65];
    char instance[65];
    char version[32];
    char ws_path[256]; /* empty when it publishes no route */
    uint16_t port;     /* the one that it says */
};

enum berth_doctor_family { BERTH_DOCTOR_IPV4, BERTH_DOCTOR_IPV6, BERTH_DOCTOR_FAMILIES_MAX };

struct berth_doctor_port {
    uint16_t port;
    bool in_range; /* of the configuration; else only a file or a record names it */
    bool blocked;  /* by browsers */
    bool denied;   /* by the system, to this user */
    size_t holder_count;
    struct berth_sys_holder holders[BERTH_DOCTOR_FAMILIES_MAX];
    struct berth_doctor_answer answers[BERTH_DOCTOR_FAMILIES_MAX];
    struct berth_doctor_health health[BERTH_DOCTOR_FAMILIES_MAX];
};

enum berth_doctor_file_state {
    BERTH_DOCTOR_FILE_OFF, /* PORT_FILE is none */
    BERTH_DOCTOR_FILE_MISSING,
    BERTH_DOCTOR_FILE_READ,
    BERTH_DOCTOR_FILE_GARBAGE,
    BERTH_DOCTOR_FILE_UNREADABLE,
};

struct berth_doctor_port_file {
    const char *path;
    enum berth_doctor_file_state state;
    int error;       /* UNREADABLE */
    bool unwritable; /* the folder does not let us put a file there */
    uint16_t port;
    char text[48]; /* GARBAGE: how it begins */
};

enum berth_doctor_record_fault {
    BERTH_DOCTOR_RECORD_SOUND,
    BERTH_DOCTOR_RECORD_OF_OTHERS, /* another user's, or no regular file */
    BERTH_DOCTOR_RECORD_OPEN,      /* others may read or write it */
    BERTH_DOCTOR_RECORD_UNCLEAR,   /* it is not what a record has to be */
};

struct berth_doctor_record {
    enum berth_doctor_record_fault fault;
    bool alive;
    unsigned mode;
    uint32_t uid;
    uint32_t pid;
    uint16_t port;
    uint64_t started_ms; /* 0 when not known */
    char instance[65];
    char path[512];
};

struct berth_doctor_localhost {
    int error; /* 0, BERTH_E_NOT_FOUND, BERTH_E_TIMEOUT */
    size_t count;
    struct berth_addr addresses[8]; /* in the order in which programs try them */
};

struct berth_doctor_world {
    const char *app;
    const char *version;
    const char *config_path; /* NULL for none */
    const struct berth_config_message *messages;
    size_t message_count;
    uint16_t server_port;
    unsigned port_tries;
    bool falls_back;
    uint32_t uid;
    uint64_t now_ms; /* since 1970 */
    const char *const *environment;

    struct berth_doctor_port_file port_file;
    const char *record_folder;
    const char *record_folder_fault; /* NULL when it is as it should be, or not there */
    struct berth_doctor_record records[BERTH_DOCTOR_RECORDS_MAX];
    size_t record_count;
    const char *identity_path;
    const char *identity_fault; /* NULL when it is as it should be, or not there */
    bool has_key;               /* of the app, from its identity */
    uint8_t key[BERTH_PROOF_PUBLIC_KEY_SIZE];

    struct berth_doctor_port ports[BERTH_DOCTOR_PORTS_MAX];
    size_t port_count;
    struct berth_sys_port_range ephemeral;
    uint32_t first_unprivileged;
    bool has_ipv6;
    struct berth_doctor_localhost localhost;
    struct berth_doctor_answer loopback; /* from a listener of our own */

    /* Asked of our server, where there is one. */
    const struct berth_doctor_port *server;
    enum berth_doctor_family server_family;
    struct berth_doctor_answer upgrade;
    const char *origin; /* NULL when nobody asked for a page */
    struct berth_doctor_answer page_health;
    struct berth_doctor_answer page_data;
    struct berth_doctor_answer page_upgrade;
};

/* -- The report -------------------------------------------------------------------------------- */

struct berth_doctor_finding {
    const struct berth_doctor_code *code;
    const char *check;                /* the title of the check that found it */
    char seen[BERTH_DOCTOR_SEEN_MAX]; /* a sentence: what is so, here and now */
};

struct berth_doctor_report {
    struct berth_doctor_finding findings[BERTH_DOCTOR_FINDINGS_MAX];
    size_t count;
    size_t counts[BERTH_DOCTOR_ERROR + 1]; /* of each severity */
    enum berth_doctor_severity worst;
    const char *check; /* the one that runs */
};

/* Runs every check on the world; the report is made anew. */
void berth_doctor_judge(const struct berth_doctor_world *world, struct berth_doctor_report *report);

/* Adds a finding. */
void berth_doctor_add(struct berth_doctor_report *report, enum berth_doctor_code_id code,
                      const char *seen, ...) __attribute__((format(printf, 3, 4)));

/* -- The checks -------------------------------------------------------------------------------- */

/* One check each, in the order in which they are run. */
void berth_doctor_check_configuration(const struct berth_doctor_world *world,
                                      struct berth_doctor_report *report);
void berth_doctor_check_server(const struct berth_doctor_world *world,
                               struct berth_doctor_report *report);
void berth_doctor_check_port_file(const struct berth_doctor_world *world,
                                  struct berth_doctor_report *report);
void berth_doctor_check_records(const struct berth_doctor_world *world,
                                struct berth_doctor_report *report);
void berth_doctor_check_ports(const struct berth_doctor_world *world,
                              struct berth_doctor_report *report);
void berth_doctor_check_websocket(const struct berth_doctor_world *world,
                                  struct berth_doctor_report *report);
void berth_doctor_check_page(const struct berth_doctor_world *world,
                             struct berth_doctor_report *report);
void berth_doctor_check_families(const struct berth_doctor_world *world,
                                 struct berth_doctor_report *report);
void berth_doctor_check_loopback(const struct berth_doctor_world *world,
                                 struct berth_doctor_report *report);
void berth_doctor_check_proxy(const struct berth_doctor_world *world,
                              struct berth_doctor_report *report);
void berth_doctor_check_clock(const struct berth_doctor_world *world,
                              struct berth_doctor_report *report);

/* -- What the checks share --------------------------------------------------------------------- */

/* Who is on a port, all that is known taken together. */
enum berth_doctor_who {
    BERTH_DOCTOR_FREE,
    BERTH_DOCTOR_OURS,      /* the app's name; and its key, where it is known */
    BERTH_DOCTOR_IMPOSTOR,  /* the app's name without its key, though we know it */
    BERTH_DOCTOR_OTHER_APP, /* a Berth of another app */
    BERTH_DOCTOR_STRANGER,
    BERTH_DOCTOR_DENIED,              /* nobody, and we may not listen there */
    BERTH_DOCTOR_REFUSED_BY_BROWSERS, /* nobody, and browsers do not go there */
};

/* Both families taken together. */
enum berth_doctor_who berth_doctor_who(const struct berth_doctor_world *world,
                                       const struct berth_doctor_port *port);

/* The same for one family alone: FREE, OURS, IMPOSTOR, OTHER_APP or STRANGER. */
enum berth_doctor_who berth_doctor_who_in(const struct berth_doctor_world *world,
                                          const struct berth_doctor_port *port,
                                          enum berth_doctor_family family);

/* "free", "ours", "impostor", "other_app", "stranger", "reserved", "blocked_by_browsers". */
const char *berth_doctor_who_name(enum berth_doctor_who who);

/* NULL when the world does not hold that port. */
const struct berth_doctor_port *berth_doctor_port_of(const struct berth_doctor_world *world,
                                                     uint16_t port);

/* "held by python3 server.py (pid 4242, user alice)", or what its answer says of it. */
void berth_doctor_holder_write(const struct berth_doctor_port *port, struct berth_writer *out);

/* Less than 0 when a is the older version, more when it is the newer, 0 when they are the same or
 * are not two versions. */
int berth_doctor_version_compare(const char *a, const char *b);

#endif
