#include "base/view.h"

#include "berth/error.h"

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

bool berth_view_equal_nocase(struct berth_view a, struct berth_view b) {
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    return true;
}

struct berth_view berth_view_cut(struct berth_view view, char separator, struct berth_view *rest) {
    const char *at = view.size > 0 ? memchr(view.data, separator, view.size) : NULL;
    if (at == NULL) {
        *rest = (struct berth_view){NULL, 0};
        return view;
    }
    size_t before = (size_t)(at - view.data);
    *rest = (struct berth_view){at + 1, view.size - before - 1};
    return (struct berth_view){view.data, before};
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

struct berth_view berth_view_trim(struct berth_view view) {
    while (view.size > 0 && is_blank(view.data[0])) {
        view.data++;
        view.size--;
    }
    while (view.size > 0 && is_blank(view.data[view.size - 1]))
        view.size--;
    return view;
}

int berth_view_number(struct berth_view view, uint64_t max, uint64_t *ret_number) {
    if (view.size == 0)
        return BERTH_E_INVALID;
    uint64_t number = 0;
    for (size_t i = 0; i < view.size; i++) {
        if (view.data[i] < '0' || view.data[i] > '9')
            return BERTH_E_INVALID;
        uint64_t digit = (uint64_t)(view.data[i] - '0');
        if (number > (max - digit) / 10 || digit > max)
            return BERTH_E_INVALID;
        number = number * 10 + digit;
    }
    *ret_number = number;
    return 0;
}
