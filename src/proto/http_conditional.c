#include "proto/http_conditional.h"

#include "berth/error.h"

#include <string.h>

/* -- Dates ------------------------------------------------------------------------------------- */

/* Whether the text goes on with exactly that; it is taken. */
static bool take_text(struct berth_view *text, const char *wanted) {
    struct berth_view view = berth_view_of(wanted);
    if (!berth_view_starts(*text, view))
        return false;
    *text = (struct berth_view){text->data + view.size, text->size - view.size};
    return true;
}

/* A number of exactly that many digits. With `blank`, the first of them may be a blank. */
static bool take_number(struct berth_view *text, size_t digits, bool blank, int *ret_number) {
    int number = 0;
    if (text->size < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        char c = text->data[i];
        if (blank && i == 0 && c == ' ')
            continue;
        if (c < '0' || c > '9')
            return false;
        number = number * 10 + (c - '0');
    }
    *text = (struct berth_view){text->data + digits, text->size - digits};
    *ret_number = number;
    return true;
}

/* The index of the name that the text goes on with; `size` letters of it. */
static bool take_name(struct berth_view *text, const char *names, size_t size, int count,
                      int *ret_index) {
    for (int i = 0; i < count && text->size >= size; i++) {
        if (memcmp(text->data, names + (size_t)i * size, size) == 0) {
            *text = (struct berth_view){text->data + size, text->size - size};
            *ret_index = i;
            return true;
        }
    }
    return false;
}

static bool take_month(struct berth_view *text, int *ret_month) {
    return take_name(text, "JanFebMarAprMayJunJulAugSepOctNovDec", 3, 12, ret_month);
}

static bool take_day_name(struct berth_view *text) {
    int day;
    return take_name(text, "SunMonTueWedThuFriSat", 3, 7, &day);
}

struct date {
    int year, month, day, hour, minute, second; /* month and day from 0 and 1 */
};

static bool take_clock(struct berth_view *text, struct date *date) {
    return take_number(text, 2, false, &date->hour) && take_text(text, ":") &&
           take_number(text, 2, false, &date->minute) && take_text(text, ":") &&
           take_number(text, 2, false, &date->second);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool read_fixdate(struct berth_view text, struct date *date) {
    return take_day_name(&text) && take_text(&text, ", ") &&
           take_number(&text, 2, false, &date->day) && take_text(&text, " ") &&
           take_month(&text, &date->month) && take_text(&text, " ") &&
           take_number(&text, 4, false, &date->year) && take_text(&text, " ") &&
           take_clock(&text, date) && take_text(&text, " GMT") && text.size == 0;
}

/* "Sunday, 06-Nov-94 08:49:37 GMT" */
static bool read_rfc850(struct berth_view text, struct date *date) {
    (void)berth_view_cut(text, ',', &text);
    if (text.data == NULL)
        return false;
    bool good = take_text(&text, " ") && take_number(&text, 2, false, &date->day) &&
                take_text(&text, "-") && take_month(&text, &date->month) && take_text(&text, "-") &&
                take_number(&text, 2, false, &date->year) && take_text(&text, " ") &&
                take_clock(&text, date) && take_text(&text, " GMT") && text.size == 0;
    date->year += date->year < 70 ? 2000 : 1900;
    return good;
}

/* "Sun Nov  6 08:49:37 1994" */
static bool read_asctime(struct berth_view text, struct date *date) {
    return take_day_name(&text) && take_text(&text, " ") && take_month(&text, &date->month) &&
           take_text(&text, " ") && take_number(&text, 2, true, &date->day) &&
           take_text(&text, " ") && take_clock(&text, date) && take_text(&text, " ") &&
           take_number(&text, 4, false, &date->year) && text.size == 0;
}

static bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

static int month_days(const struct date *date) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[date->month] + (date->month == 1 && is_leap(date->year) ? 1 : 0);
}

static int64_t days_before_year(int64_t year) {
    return (year - 1) * 365 + (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
}

static int64_t unix_of(const struct date *date) {
    int64_t days = days_before_year(date->year) - days_before_year(1970) + date->day - 1;
    struct date month = *date;
    for (month.month = 0; month.month < date->month; month.month++)
        days += month_days(&month);
    return ((days * 24 + date->hour) * 60 + date->minute) * 60 + date->second;
}

int berth_http_date_parse(struct berth_view text, int64_t *ret_unix_s) {
    struct date date = {0};
    if (!read_fixdate(text, &date) && !read_rfc850(text, &date) && !read_asctime(text, &date))
        return BERTH_E_INVALID;
    if (date.year < 1 || date.day < 1 || date.day > month_days(&date) || date.hour > 23 ||
        date.minute > 59 || date.second > 60) /* 60: a leap second */
        return BERTH_E_INVALID;
    *ret_unix_s = unix_of(&date);
    return 0;
}

/* -- Entity tags ------------------------------------------------------------------------------- */

struct tag {
    struct berth_view text; /* in its quotes */
    bool weak;
};

/* The list's next tag (8.8.3); false at its end, or where it is no list of tags. */
static bool take_tag(struct berth_view *list, struct tag *ret_tag) {
    while (list->size > 0 &&
           (list->data[0] == ' ' || list->data[0] == '\t' || list->data[0] == ','))
        *list = (struct berth_view){list->data + 1, list->size - 1};
    ret_tag->weak = take_text(list, "W/");
    if (list->size < 2 || list->data[0] != '"')
        return false;
    const char *end = memchr(list->data + 1, '"', list->size - 1);
    if (end == NULL)
        return false;
    size_t size = (size_t)(end + 1 - list->data);
    ret_tag->text = (struct berth_view){list->data, size};
    *list = (struct berth_view){list->data + size, list->size - size};
    return true;
}

/* 8.8.3.2: the weak comparison looks at the tags alone. */
static bool is_same(const struct tag *tag, const struct berth_http_validators *validators,
                    bool strongly) {
    return berth_view_equal(tag->text, validators->etag) &&
           !(strongly && (tag->weak || validators->weak));
}

/* Whether one of the tags in all fields of that name is ours; "*" is any. */
static bool has_ours(const struct berth_http_head *head, const char *name,
                     const struct berth_http_validators *validators, bool strongly) {
    size_t index = 0;
    struct berth_view list;
    while (berth_http_head_next(head, name, &index, &list)) {
        if (berth_view_equal(list, BERTH_VIEW("*")))
            return true;
        struct tag tag;
        while (take_tag(&list, &tag))
            if (is_same(&tag, validators, strongly))
                return true;
    }
    return false;
}

/* -- Conditions -------------------------------------------------------------------------------- */

static bool has(const struct berth_http_head *head, const char *name) {
    return berth_http_head_count(head, name) > 0;
}

/* The one date of that field; a list of them is none. */
static bool find_date(const struct berth_http_head *head, const char *name, int64_t *ret_unix_s) {
    struct berth_view text;
    return berth_http_head_count(head, name) == 1 && berth_http_head_find(head, name, &text) == 0 &&
           berth_http_date_parse(text, ret_unix_s) == 0;
}

enum berth_http_condition berth_http_condition(const struct berth_http_head *head,
                                               const struct berth_http_validators *validators) {
    int64_t date_s;
    if (has(head, "If-Match")) {
        if (!has_ours(head, "If-Match", validators, true))
            return BERTH_HTTP_CONDITION_FAILED;
    } else if (find_date(head, "If-Unmodified-Since", &date_s) && validators->modified_s > date_s) {
        return BERTH_HTTP_CONDITION_FAILED;
    }
    bool has_it;
    if (has(head, "If-None-Match"))
        has_it = has_ours(head, "If-None-Match", validators, false);
    else
        has_it = find_date(head, "If-Modified-Since", &date_s) && validators->modified_s <= date_s;
    return has_it ? BERTH_HTTP_CONDITION_NOT_MODIFIED : BERTH_HTTP_CONDITION_MET;
}

bool berth_http_condition_range(const struct berth_http_head *head,
                                const struct berth_http_validators *validators) {
    struct berth_view value;
    if (berth_http_head_find(head, "If-Range", &value) < 0)
        return true;
    if (berth_http_head_count(head, "If-Range") > 1)
        return false;
    struct tag tag;
    struct berth_view rest = value;
    if (take_tag(&rest, &tag))
        return rest.size == 0 && is_same(&tag, validators, true);
    int64_t date_s; /* 13.1.5: exactly the same, and no date can be stronger than the tag */
    return !validators->weak && berth_http_date_parse(value, &date_s) == 0 &&
           date_s == validators->modified_s;
}
