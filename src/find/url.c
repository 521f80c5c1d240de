#include "find/url.h"

#include "berth/error.h"

static bool is_plain(struct berth_view text) {
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c <= ' ' || c > '~' || c == '#' || c == '\\')
            return false;
    }
    return true;
}

static struct berth_view skip(struct berth_view view, size_t size) {
    return (struct berth_view){view.data + size, view.size - size};
}

/* Takes what stands before the path. */
static struct berth_view cut_authority(struct berth_view *rest) {
    size_t size = 0;
    while (size < rest->size && rest->data[size] != '/' && rest->data[size] != '?')
        size++;
    struct berth_view authority = {rest->data, size};
    *rest = skip(*rest, size);
    return authority;
}

/* Takes the host, with the brackets of an IPv6 literal; what is left is ":port", or nothing. */
static int cut_host(struct berth_view *rest, struct berth_view *ret_host) {
    if (rest->size > 0 && rest->data[0] == '[') {
        const char *end = memchr(rest->data, ']', rest->size);
        if (end == NULL)
            return BERTH_E_INVALID;
        size_t size = (size_t)(end - rest->data);
        *ret_host = (struct berth_view){rest->data + 1, size - 1};
        *rest = skip(*rest, size + 1);
        return memchr(ret_host->data, ':', ret_host->size) != NULL ? 0 : BERTH_E_INVALID;
    }
    size_t size = 0;
    while (size < rest->size && rest->data[size] != ':')
        size++;
    *ret_host = (struct berth_view){rest->data, size};
    *rest = skip(*rest, size);
    return size > 0 ? 0 : BERTH_E_INVALID;
}

static int read_port(struct berth_view text, uint16_t *ret_port) {
    if (text.size == 0) {
        *ret_port = 80;
        return 0;
    }
    uint64_t number;
    if (text.data[0] != ':' || berth_view_number(skip(text, 1), UINT16_MAX, &number) < 0 ||
        number == 0)
        return BERTH_E_INVALID;
    *ret_port = (uint16_t)number;
    return 0;
}

int berth_find_url_read(struct berth_view text, const char *scheme,
                        struct berth_find_url *ret_url) {
    struct berth_view rest = text;
    struct berth_view name = berth_view_of(scheme);
    if (!is_plain(text) || !berth_view_starts(text, name))
        return BERTH_E_INVALID;
    rest = skip(rest, name.size);
    if (!berth_view_starts(rest, BERTH_VIEW("://")))
        return BERTH_E_INVALID;
    rest = skip(rest, 3);
    struct berth_view authority = cut_authority(&rest);
    if (authority.size == 0 || memchr(authority.data, '@', authority.size) != NULL)
        return BERTH_E_INVALID;
    struct berth_find_url url = {.path = rest};
    if (cut_host(&authority, &url.host) < 0 || read_port(authority, &url.port) < 0)
        return BERTH_E_INVALID;
    *ret_url = url;
    return 0;
}
