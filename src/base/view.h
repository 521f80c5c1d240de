/* A view: somebody else's bytes, for the length of a call.
 *
 * Shape:   pointer and size in bytes; not NUL-terminated; data may be NULL when size is 0
 * Owns:    nothing
 * Threads: any
 */
#ifndef BERTH_BASE_VIEW_H
#define BERTH_BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct berth_view {
    const char *data;
    size_t size;
};

/* A view of a string literal. */
#define BERTH_VIEW(literal) ((struct berth_view){"" literal, sizeof(literal) - 1})

/* For printf's "%.*s". */
#define BERTH_VIEW_ARG(view) (int)(view).size, (view).data != NULL ? (view).data : ""

static inline struct berth_view berth_view_of(const char *text) {
    return (struct berth_view){text, text != NULL ? strlen(text) : 0};
}

static inline struct berth_view berth_view_bytes(const void *data, size_t size) {
    return (struct berth_view){data, size};
}

static inline bool berth_view_equal(struct berth_view a, struct berth_view b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool berth_view_starts(struct berth_view view, struct berth_view prefix) {
    return view.size >= prefix.size &&
           (prefix.size == 0 || memcmp(view.data, prefix.data, prefix.size) == 0);
}

/* Equal but for the case of ASCII letters; no locale has a say. */
bool berth_view_equal_nocase(struct berth_view a, struct berth_view b);

/* What stands before the first `separator`; *rest is what stands behind it, empty when there was
 * none. *rest may be the view's own variable. */
struct berth_view berth_view_cut(struct berth_view view, char separator, struct berth_view *rest);

/* Without the spaces and tabs on both sides (HTTP's OWS). */
struct berth_view berth_view_trim(struct berth_view view);

/* The decimal number that is the whole view: digits only, no sign, no space.
 * Errors: BERTH_E_INVALID when it is not one, or is over max. */
int berth_view_number(struct berth_view view, uint64_t max, uint64_t *ret_number);

#endif
