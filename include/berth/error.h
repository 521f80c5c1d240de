/* Berth's error codes: every function that can fail returns 0 or one of these.
 *
 *     int error = berth_port_allocate(&options, &allocation);
 *     if (error < 0)
 *         fprintf(stderr, "%s\n", berth_error_text(error));
 *
 * Shape:   negative int, 0 is success; functions that count return the count when not negative
 * Owns:    the texts are constants
 * Errors:  an unknown code gives "unknown error", never NULL
 * Threads: any
 */
#ifndef BERTH_ERROR_H
#define BERTH_ERROR_H

#define BERTH_ERRORS(X)                                                                            \
    X(-1, BERTH_E_MEMORY, "out of memory")                                                         \
    X(-2, BERTH_E_INVALID, "an argument or a setting is not valid")                                \
    X(-3, BERTH_E_FULL, "a limit was reached")                                                     \
    X(-4, BERTH_E_IN_USE, "the address is in use")                                                 \
    X(-5, BERTH_E_DENIED, "the system denied access")                                              \
    X(-6, BERTH_E_NO_ADDRESS, "the machine has no such address")                                   \
    X(-7, BERTH_E_NOT_FOUND, "not found")                                                          \
    X(-8, BERTH_E_EXISTS, "it exists already")                                                     \
    X(-9, BERTH_E_READ_ONLY, "the file system is read-only")                                       \
    X(-10, BERTH_E_CLOSED, "the connection is closed")                                             \
    X(-11, BERTH_E_REFUSED, "the connection was refused")                                          \
    X(-12, BERTH_E_RESET, "the connection was reset by the peer")                                  \
    X(-13, BERTH_E_TIMEOUT, "the time limit was reached")                                          \
    X(-14, BERTH_E_BUSY, "another process holds the lock")                                         \
    X(-15, BERTH_E_NO_PORT, "no port could be had")                                                \
    X(-16, BERTH_E_UNSUPPORTED, "this system cannot do that")                                      \
    X(-17, BERTH_E_TOO_MANY_FILES, "too many open files")                                          \
    X(-18, BERTH_E_NO_SPACE, "no space is left")                                                   \
    X(-19, BERTH_E_SYSTEM, "the system reported an unexpected error")                              \
    X(-20, BERTH_E_RUNNING, "another instance of the app runs")

enum berth_error {
#define BERTH_ERROR_ENUM(code, name, text) name = (code),
    BERTH_ERRORS(BERTH_ERROR_ENUM)
#undef BERTH_ERROR_ENUM
};

/* The sentence for a code: lower case, no full stop, fit to stand after a colon. */
const char *berth_error_text(int error);

/* The code's own name ("BERTH_E_IN_USE"), for logs that machines read. */
const char *berth_error_name(int error);

#endif
