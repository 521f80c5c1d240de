#include "proto/ws_extension.h"

#include "berth/error.h"
#include "proto/http_class.h"

enum { VALUE_MAX = 2 }; /* the longest one that means anything: "15" */

/* What stands behind a parameter's "=", without its quotation marks. */
struct value {
    bool given;
    size_t size; /* all of it; only the first VALUE_MAX bytes are kept */
    char text[VALUE_MAX];
};

/* What one offer asks for. */
struct offer {
    bool is_deflate;
    bool declined;
    bool server_no_context_takeover;
    bool client_no_context_takeover;
    bool server_max_window_bits;
    bool client_max_window_bits;
    uint8_t server_bits;
    uint8_t client_bits; /* 0 when the parameter came without a value */
};

/* -- The grammar (RFC 6455 9.1) ---------------------------------------------------------------- */

static char peek(struct berth_view text) { return text.size > 0 ? text.data[0] : '\0'; }

static void skip(struct berth_view *text, size_t size) {
    text->data += size;
    text->size -= size;
}

static void skip_blanks(struct berth_view *text) {
    while (text->size > 0 && berth_http_is(text->data[0], BERTH_HTTP_BLANK))
        skip(text, 1);
}

/* Takes that character, and the blanks around it. */
static bool take(struct berth_view *text, char wanted) {
    skip_blanks(text);
    if (text->size == 0 || peek(*text) != wanted)
        return false;
    skip(text, 1);
    skip_blanks(text);
    return true;
}

/* Empty when none stands there. */
static struct berth_view take_token(struct berth_view *text) {
    size_t size = 0;
    while (size < text->size && berth_http_is(text->data[size], BERTH_HTTP_TOKEN))
        size++;
    struct berth_view token = {text->data, size};
    if (size > 0)
        skip(text, size);
    return token;
}

static void value_put(struct value *value, char c) {
    if (value->size < VALUE_MAX)
        value->text[value->size] = c;
    value->size++;
}

/* Behind the first quotation mark. What is quoted has to be a token all the same. */
static bool take_quoted(struct berth_view *text, struct value *value) {
    for (; text->size > 0 && peek(*text) != '"'; skip(text, 1)) {
        if (peek(*text) == '\\')
            skip(text, 1);
        if (text->size == 0 || !berth_http_is(peek(*text), BERTH_HTTP_TOKEN))
            return false;
        value_put(value, peek(*text));
    }
    if (text->size == 0)
        return false;
    skip(text, 1);
    return value->size > 0;
}

static bool take_value(struct berth_view *text, struct value *value) {
    *value = (struct value){.given = take(text, '=')};
    if (!value->given)
        return true;
    if (peek(*text) == '"') {
        skip(text, 1);
        return take_quoted(text, value);
    }
    struct berth_view token = take_token(text);
    for (size_t i = 0; i < token.size; i++)
        value_put(value, token.data[i]);
    return value->size > 0;
}

/* -- What an offer means (RFC 7692 7.1) -------------------------------------------------------- */

/* 8 to 15, without a zero in front (7.1.2); 0 for anything else. */
static uint8_t bits_of(const struct value *value) {
    if (value->size == 1 && (value->text[0] == '8' || value->text[0] == '9'))
        return (uint8_t)(value->text[0] - '0');
    if (value->size == 2 && value->text[0] == '1' && value->text[1] >= '0' && value->text[1] <= '5')
        return (uint8_t)(10 + value->text[1] - '0');
    return 0;
}

/* Marks a parameter as seen; false the second time. */
static bool see(bool *seen) {
    bool first = !*seen;
    *seen = true;
    return first;
}

static bool is_named(struct berth_view name, const char *parameter) {
    return berth_view_equal(name, berth_view_of(parameter));
}

/* False when the offer cannot be taken because of this parameter. */
static bool add_parameter(struct offer *offer, struct berth_view name, const struct value *value) {
    if (is_named(name, "server_no_context_takeover"))
        return see(&offer->server_no_context_takeover) && !value->given;
    if (is_named(name, "client_no_context_takeover"))
        return see(&offer->client_no_context_takeover) && !value->given;
    if (is_named(name, "server_max_window_bits")) {
        offer->server_bits = bits_of(value);
        return see(&offer->server_max_window_bits) &&
               offer->server_bits >= BERTH_WS_WINDOW_BITS_LEAST;
    }
    if (is_named(name, "client_max_window_bits")) {
        offer->client_bits = bits_of(value);
        return see(&offer->client_max_window_bits) && (!value->given || offer->client_bits > 0);
    }
    return false;
}

/* One extension of the list, with its parameters. */
static bool take_offer(struct berth_view *text, struct offer *offer) {
    struct berth_view name = take_token(text);
    if (name.size == 0)
        return false;
    *offer = (struct offer){.is_deflate = is_named(name, "permessage-deflate")};
    while (take(text, ';')) {
        struct value value;
        struct berth_view parameter = take_token(text);
        if (parameter.size == 0 || !take_value(text, &value))
            return false;
        if (offer->is_deflate && !add_parameter(offer, parameter, &value))
            offer->declined = true;
    }
    return true;
}

/* A window that the client limits by itself is named in the answer, so that both sides rely on it;
 * it may be named only where it was offered (7.1.2.2). */
static struct berth_ws_deflate agree(const struct offer *offer,
                                     const struct berth_ws_deflate_policy *policy) {
    bool client_limits = offer->client_bits != 0 && offer->client_bits < BERTH_WS_WINDOW_BITS_MOST;
    return (struct berth_ws_deflate){
        .server_no_context_takeover =
            offer->server_no_context_takeover || policy->server_no_context_takeover,
        .client_no_context_takeover =
            offer->client_no_context_takeover || policy->client_no_context_takeover,
        .server_bits_named = offer->server_max_window_bits,
        .client_bits_named = client_limits,
        .server_max_window_bits =
            offer->server_max_window_bits ? offer->server_bits : BERTH_WS_WINDOW_BITS_MOST,
        .client_max_window_bits = client_limits ? offer->client_bits : BERTH_WS_WINDOW_BITS_MOST,
    };
}

/* Reads on behind an offer that is taken: a fault in what follows is a fault all the same. */
int berth_ws_deflate_choose(struct berth_view value, const struct berth_ws_deflate_policy *policy,
                            struct berth_ws_deflate *ret_agreed) {
    bool found = false;
    struct berth_ws_deflate agreed = {0};
    skip_blanks(&value);
    while (value.size > 0) {
        struct offer offer;
        if (take(&value, ',')) /* an empty element (RFC 9110 5.6.1.2) */
            continue;
        if (!take_offer(&value, &offer))
            return BERTH_E_INVALID;
        skip_blanks(&value);
        if (value.size > 0 && peek(value) != ',')
            return BERTH_E_INVALID;
        if (!found && offer.is_deflate && !offer.declined) {
            agreed = agree(&offer, policy);
            found = true;
        }
    }
    if (found)
        *ret_agreed = agreed;
    return found;
}

void berth_ws_deflate_write(const struct berth_ws_deflate *agreed, struct berth_writer *out) {
    berth_writer_text(out, "permessage-deflate");
    if (agreed->server_no_context_takeover)
        berth_writer_text(out, "; server_no_context_takeover");
    if (agreed->client_no_context_takeover)
        berth_writer_text(out, "; client_no_context_takeover");
    if (agreed->server_bits_named)
        berth_writer_format(out, "; server_max_window_bits=%u",
                            (unsigned)agreed->server_max_window_bits);
    if (agreed->client_bits_named)
        berth_writer_format(out, "; client_max_window_bits=%u",
                            (unsigned)agreed->client_max_window_bits);
}
