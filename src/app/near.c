#include "app/near.h"

static char fold(char c) {
    if (c >= 'a' && c <= 'z')
        return (char)(c - ('a' - 'A'));
    return c == '-' ? '_' : c;
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* Optimal string alignment: three rows of the table are enough, as a swap looks two rows back. */
size_t berth_near_distance(struct berth_view a, struct berth_view b) {
    if (a.size > BERTH_NEAR_MAX || b.size > BERTH_NEAR_MAX)
        return BERTH_NEAR_MAX + 1;
    size_t rows[3][BERTH_NEAR_MAX + 1];
    for (size_t k = 0; k <= b.size; k++)
        rows[0][k] = k;
    for (size_t i = 1; i <= a.size; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *before = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t k = 1; k <= b.size; k++) {
            char from = fold(a.data[i - 1]);
            char to = fold(b.data[k - 1]);
            row[k] = smaller(smaller(above[k], row[k - 1]) + 1, above[k - 1] + (from != to));
            if (i > 1 && k > 1 && from == fold(b.data[k - 2]) && to == fold(a.data[i - 2]))
                row[k] = smaller(row[k], before[k - 2] + 1);
        }
    }
    return rows[a.size % 3][b.size];
}

/* One pair of neighbours swapped: both have the same letters, each as often. */
static bool is_swap(struct berth_view a, struct berth_view b) {
    int balance[256] = {0};
    if (a.size != b.size || berth_near_distance(a, b) != 1)
        return false;
    for (size_t i = 0; i < a.size; i++) {
        balance[(unsigned char)fold(a.data[i])]++;
        balance[(unsigned char)fold(b.data[i])]--;
    }
    for (size_t i = 0; i < sizeof balance / sizeof *balance; i++)
        if (balance[i] != 0)
            return false;
    return true;
}

/* The same letters and digits, whatever stands between the words: serverPort, SERVER-PORT. */
static bool same_but_spelling(struct berth_view a, struct berth_view b) {
    size_t i = 0;
    size_t k = 0;
    for (;;) {
        while (i < a.size && fold(a.data[i]) == '_')
            i++;
        while (k < b.size && fold(b.data[k]) == '_')
            k++;
        if (i == a.size || k == b.size)
            return i == a.size && k == b.size;
        if (fold(a.data[i++]) != fold(b.data[k++]))
            return false;
    }
}

/* Word by word, one slip in each at most: a second one in the same word makes another word
 * (SERVER_HOST), and so does a first one in a name that is a single short word (POST, BIRTH). */
static bool near_by_words(struct berth_view name, struct berth_view known) {
    size_t slips = 0;
    while (name.size > 0 && known.size > 0) {
        struct berth_view word = berth_view_cut(name, '_', &name);
        size_t distance = berth_near_distance(word, berth_view_cut(known, '_', &known));
        if (distance > 1)
            return false;
        slips += distance;
    }
    return name.size == 0 && known.size == 0 && slips <= 2;
}

bool berth_near_slip(struct berth_view name, struct berth_view known) {
    if (name.size > BERTH_NEAR_MAX || berth_view_equal(name, known))
        return false;
    if (same_but_spelling(name, known))
        return true;
    bool one_word = memchr(known.data, '_', known.size) == NULL;
    return one_word ? is_swap(name, known) : near_by_words(name, known);
}

struct berth_view berth_near_better(struct berth_view name, struct berth_view best,
                                    struct berth_view candidate) {
    size_t allowed = candidate.size < 6 ? 1 : candidate.size < 10 ? 2 : 3;
    size_t distance = berth_near_distance(name, candidate);
    if (distance > allowed)
        return best;
    return best.size == 0 || distance < berth_near_distance(name, best) ? candidate : best;
}
