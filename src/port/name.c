#include "port/name.h"

static bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool berth_port_name_is_good(struct berth_view name) {
    if (name.size == 0 || name.size > BERTH_PORT_NAME_MAX || !is_letter_or_digit(name.data[0]))
        return false;
    for (size_t i = 1; i < name.size; i++) {
        char c = name.data[i];
        if (!is_letter_or_digit(c) && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}
