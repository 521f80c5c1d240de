#include "proto/http_accept.h"

/* Thousandths; 12.4.2 has three digits at most. */
#define QUALITY_MAX 1000
#define NOT_SAID (-1)

const char *berth_http_coding_name(enum berth_http_coding coding) {
    static const char *const names[BERTH_HTTP_CODINGS] = {
        [BERTH_HTTP_CODING_GZIP] = "gzip",
        [BERTH_HTTP_CODING_ZSTD] = "zstd",
        [BERTH_HTTP_CODING_BR] = "br",
    };
    return names[coding];
}

/* "1", "0.5", "0.125"; NOT_SAID for anything else. */
static int read_quality(struct berth_view text) {
    if (text.size == 0 || text.size > 5 || (text.data[0] != '0' && text.data[0] != '1'))
        return NOT_SAID;
    if (text.size > 1 && text.data[1] != '.')
        return NOT_SAID;
    int quality = (text.data[0] - '0') * QUALITY_MAX;
    int digit_value = QUALITY_MAX / 10;
    for (size_t i = 2; i < text.size; i++, digit_value /= 10) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return NOT_SAID;
        quality += (text.data[i] - '0') * digit_value;
    }
    return quality <= QUALITY_MAX ? quality : NOT_SAID;
}

/* "gzip;q=0.5" */
static int read_item(struct berth_view item, struct berth_view *ret_name) {
    struct berth_view parameter;
    *ret_name = berth_view_trim(berth_view_cut(item, ';', &parameter));
    if (parameter.data == NULL)
        return QUALITY_MAX;
    parameter = berth_view_trim(parameter);
    if (parameter.size < 2 || (parameter.data[0] != 'q' && parameter.data[0] != 'Q') ||
        parameter.data[1] != '=')
        return NOT_SAID;
    return read_quality((struct berth_view){parameter.data + 2, parameter.size - 2});
}

static bool find_coding(struct berth_view name, enum berth_http_coding *ret_coding) {
    static const struct {
        const char *name;
        enum berth_http_coding coding;
    } known[] = {
        {"identity", BERTH_HTTP_CODING_IDENTITY},
        {"gzip", BERTH_HTTP_CODING_GZIP},
        {"x-gzip", BERTH_HTTP_CODING_GZIP},
        {"zstd", BERTH_HTTP_CODING_ZSTD},
        {"br", BERTH_HTTP_CODING_BR},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (berth_view_equal_nocase(name, berth_view_of(known[i].name))) {
            *ret_coding = known[i].coding;
            return true;
        }
    }
    return false;
}

/* What the fields say of each coding; *ret_others is what "*" says. */
static void read_all(const struct berth_http_head *head, int qualities[BERTH_HTTP_CODINGS],
                     int *ret_others) {
    size_t index = 0;
    struct berth_view list;
    while (berth_http_head_next(head, "Accept-Encoding", &index, &list)) {
        while (list.data != NULL) {
            struct berth_view name;
            int quality = read_item(berth_view_cut(list, ',', &list), &name);
            enum berth_http_coding coding;
            if (quality == NOT_SAID)
                continue;
            if (berth_view_equal(name, BERTH_VIEW("*")))
                *ret_others = quality;
            else if (find_coding(name, &coding))
                qualities[coding] = quality;
        }
    }
}

/* The best one that is not taken yet; what makes things smaller wins between equals. */
static int best_of(const int qualities[BERTH_HTTP_CODINGS]) {
    int best = BERTH_HTTP_CODINGS - 1;
    for (int coding = best - 1; coding >= 0; coding--)
        if (qualities[coding] > qualities[best])
            best = coding;
    return best;
}

size_t berth_http_accept_codings(const struct berth_http_head *head,
                                 enum berth_http_coding ret_order[BERTH_HTTP_CODINGS]) {
    int qualities[BERTH_HTTP_CODINGS] = {NOT_SAID, NOT_SAID, NOT_SAID, NOT_SAID};
    int others = 0;
    read_all(head, qualities, &others);
    for (int coding = 1; coding < BERTH_HTTP_CODINGS; coding++)
        if (qualities[coding] == NOT_SAID)
            qualities[coding] = others;
    bool plain = false;
    size_t count = 0;
    for (int best; qualities[best = best_of(qualities)] > 0; qualities[best] = NOT_SAID) {
        ret_order[count++] = (enum berth_http_coding)best;
        plain = plain || best == BERTH_HTTP_CODING_IDENTITY;
    }
    if (!plain)
        ret_order[count++] = BERTH_HTTP_CODING_IDENTITY;
    return count;
}
