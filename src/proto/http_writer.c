#include "proto/http_writer.h"

#include "base/assert.h"
#include "berth/error.h"
#include "proto/http.h"
#include "proto/http_class.h"
#include "proto/http_target.h"

#define DATE_LAST INT64_C(253402300799) /* 9999-12-31 23:59:59, the last with four digits */

/* RFC 9110 15, RFC 6585 (428 to 431, 511), RFC 7725 (451), RFC 8470 (425), RFC 8297 (103). */
static const struct {
    int status;
    const char *phrase;
} reasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {511, "Network Authentication Required"},
};

const char *berth_http_reason(int status) {
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].phrase;
    return "Unknown";
}

static bool value_is_valid(struct berth_view value) {
    return berth_http_all(value, BERTH_HTTP_VALUE) && berth_view_trim(value).size == value.size;
}

static void line(struct berth_writer *out, const char *name, struct berth_view value) {
    BERTH_ASSERT(berth_http_is_token(berth_view_of(name)));
    berth_writer_text(out, name);
    berth_writer_text(out, ": ");
    berth_writer_view(out, value);
    berth_writer_text(out, "\r\n");
}

static int result(const struct berth_writer *out) { return out->overflow ? BERTH_E_FULL : 0; }

static int refuse(struct berth_writer *out) {
    out->overflow = true;
    return BERTH_E_INVALID;
}

void berth_http_response_begin(struct berth_writer *out, int status) {
    BERTH_ASSERT(status >= 100 && status <= 599);
    berth_writer_text(out, "HTTP/1.1 ");
    berth_writer_number(out, (uint64_t)status);
    berth_writer_char(out, ' ');
    berth_writer_text(out, berth_http_reason(status));
    berth_writer_text(out, "\r\n");
}

int berth_http_request_begin(struct berth_writer *out, const char *method, struct berth_view target,
                             struct berth_view host) {
    struct berth_http_target parts;
    BERTH_ASSERT(berth_http_is_token(berth_view_of(method)));
    if (berth_http_target_split(target, &parts) < 0 || !berth_http_authority_valid(host))
        return refuse(out);
    berth_writer_text(out, method);
    berth_writer_char(out, ' ');
    berth_writer_view(out, target);
    berth_writer_text(out, " HTTP/1.1\r\n");
    line(out, "Host", host);
    return result(out);
}

void berth_http_field_text(struct berth_writer *out, const char *name, const char *value) {
    BERTH_ASSERT(value_is_valid(berth_view_of(value)));
    line(out, name, berth_view_of(value));
}

int berth_http_field_view(struct berth_writer *out, const char *name, struct berth_view value) {
    if (!value_is_valid(value))
        return refuse(out);
    line(out, name, value);
    return result(out);
}

void berth_http_field_number(struct berth_writer *out, const char *name, uint64_t number) {
    char digits[20]; /* 2^64 - 1 has twenty */
    struct berth_writer text = berth_writer_on(digits, sizeof digits);
    berth_writer_number(&text, number);
    line(out, name, berth_writer_result(&text));
}

void berth_http_field_date(struct berth_writer *out, const char *name, int64_t unix_s) {
    char date[BERTH_HTTP_DATE_SIZE];
    struct berth_writer text = berth_writer_on(date, sizeof date);
    berth_http_date_write(&text, unix_s);
    line(out, name, berth_writer_result(&text));
}

void berth_http_head_end(struct berth_writer *out) { berth_writer_text(out, "\r\n"); }

/* A day of the Gregorian calendar, counted from 1970-01-01 (a Thursday). */
struct day {
    unsigned year;
    unsigned month; /* from 0 */
    unsigned day;   /* from 1 */
    unsigned weekday;
};

/* The year is counted from March, so that the leap day is the last of its year; then the days
 * before each month follow from one line: 153 days are five months. 400 years are 146,097 days. */
static struct day day_of(uint64_t days) {
    uint64_t since = days + 719468; /* from 0000-03-01 */
    uint64_t era = since / 146097, of_era = since % 146097;
    uint64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t from_march = (5 * of_year + 2) / 153;
    uint64_t month = (from_march + 2) % 12;
    return (struct day){.year = (unsigned)(era * 400 + year_of_era + (month < 2 ? 1 : 0)),
                        .month = (unsigned)month,
                        .day = (unsigned)(of_year - (153 * from_march + 2) / 5 + 1),
                        .weekday = (unsigned)((days + 4) % 7)};
}

static void padded(struct berth_writer *out, unsigned number, unsigned place) {
    for (; place > 0; place /= 10)
        berth_writer_char(out, (char)('0' + number / place % 10));
}

/* RFC 9110 5.6.7: names are English whatever the locale says, which is why this is not strftime. */
void berth_http_date_write(struct berth_writer *out, int64_t unix_s) {
    static const char weekdays[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    unix_s = unix_s < 0 ? 0 : unix_s > DATE_LAST ? DATE_LAST : unix_s;
    unsigned of_day = (unsigned)(unix_s % 86400);
    struct day day = day_of((uint64_t)(unix_s / 86400));
    berth_writer_bytes(out, weekdays + (size_t)day.weekday * 3, 3);
    berth_writer_text(out, ", ");
    padded(out, day.day, 10);
    berth_writer_char(out, ' ');
    berth_writer_bytes(out, months + (size_t)day.month * 3, 3);
    berth_writer_char(out, ' ');
    padded(out, day.year, 1000);
    berth_writer_char(out, ' ');
    padded(out, of_day / 3600, 10);
    berth_writer_char(out, ':');
    padded(out, of_day / 60 % 60, 10);
    berth_writer_char(out, ':');
    padded(out, of_day % 60, 10);
    berth_writer_text(out, " GMT");
}

void berth_http_chunk_begin(struct berth_writer *out, uint64_t size) {
    char digits[16];
    size_t at = sizeof digits;
    BERTH_ASSERT(size > 0); /* an empty chunk would be the last one */
    for (; size > 0; size >>= 4)
        digits[--at] = "0123456789abcdef"[size & 15];
    berth_writer_bytes(out, digits + at, sizeof digits - at);
    berth_writer_text(out, "\r\n");
}

void berth_http_chunk_end(struct berth_writer *out) { berth_writer_text(out, "\r\n"); }

void berth_http_chunk_last(struct berth_writer *out) { berth_writer_text(out, "0\r\n\r\n"); }
