#include "app/config_expand.h"

#include "app/config_value.h"
#include "berth/error.h"

static bool is_name(struct berth_view name) {
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return name.size > 0;
}

/* What stands between "${" and "}". */
static int expand_one(const struct berth_config_context *context, struct berth_view inside,
                      struct berth_writer *why, struct berth_writer *out) {
    struct berth_view name = inside;
    struct berth_view otherwise = {NULL, 0};
    const char *colon = memchr(inside.data, ':', inside.size);
    size_t before = colon != NULL ? (size_t)(colon - inside.data) : 0;
    bool has_default = colon != NULL && before + 1 < inside.size && colon[1] == '-';
    if (has_default) {
        name.size = before;
        otherwise = (struct berth_view){colon + 2, inside.size - before - 2};
    }
    if (!is_name(name)) {
        berth_writer_text(why, "${");
        berth_config_value_quote(inside, why);
        berth_writer_text(why, "} names no environment variable: write ${NAME} or "
                               "${NAME:-default}, or $$ for a dollar sign");
        return BERTH_E_INVALID;
    }
    const char *value = berth_config_variable(context, name);
    if (value != NULL && *value != '\0') {
        berth_writer_text(out, value);
        return 0;
    }
    if (has_default) {
        berth_writer_view(out, otherwise);
        return 0;
    }
    berth_writer_text(why, "the environment variable ");
    berth_config_value_quote(name, why);
    berth_writer_text(why, value != NULL ? " is empty" : " is not set");
    berth_writer_text(why, ": set it, or write ${");
    berth_config_value_quote(name, why);
    berth_writer_text(why, ":-default}");
    return BERTH_E_INVALID;
}

int berth_config_expand(const struct berth_config_context *context, struct berth_view text,
                        struct berth_writer *why, struct berth_writer *out) {
    for (size_t i = 0; i < text.size; i++) {
        char next = i + 1 < text.size ? text.data[i + 1] : '\0';
        if (text.data[i] != '$' || (next != '{' && next != '$')) {
            berth_writer_char(out, text.data[i]);
            continue;
        }
        i++;
        if (next == '$') {
            berth_writer_char(out, '$');
            continue;
        }
        const char *inside = text.data + i + 1;
        const char *end = memchr(inside, '}', text.size - i - 1);
        if (end == NULL) {
            berth_writer_text(why, "${ has no closing }: write ${NAME}, or $$ for a dollar sign");
            return BERTH_E_INVALID;
        }
        size_t size = (size_t)(end - inside);
        int error = expand_one(context, (struct berth_view){inside, size}, why, out);
        if (error < 0)
            return error;
        i += size + 1;
    }
    if (out->overflow) {
        berth_writer_format(why, "the value is over %d bytes: shorten it", BERTH_CONFIG_VALUE_MAX);
        return BERTH_E_INVALID;
    }
    return 0;
}
