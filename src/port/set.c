#include "port/set.h"

#include "berth/error.h"

static const struct berth_port_set loopbacks = {
    {{.family = 4, .ip = {127, 0, 0, 1}}, {.family = 6, .ip = {[15] = 1}}},
    2,
};

/* "::" stands for both families, as people expect of it. Each has a socket of its own, since the
 * IPv6 one is kept to IPv6: no setting of the machine then decides who is reached. */
static const struct berth_port_set everywhere = {{{.family = 4}, {.family = 6}}, 2};

int berth_port_set_make(const char *host, struct berth_port_set *ret_set) {
    struct berth_view text = berth_view_of(host);
    if (text.size == 0 || berth_view_equal_nocase(text, BERTH_VIEW("localhost"))) {
        *ret_set = loopbacks;
        return 0;
    }
    struct berth_port_set set = {.count = 1};
    int error = berth_addr_parse(text, 0, &set.addresses[0]);
    if (error < 0)
        return error;
    if (berth_addr_same_ip(&set.addresses[0], &loopbacks.addresses[0]))
        set = loopbacks;
    else if (set.addresses[0].family == 6 && berth_addr_is_any(&set.addresses[0]))
        set = everywhere;
    *ret_set = set;
    return 0;
}
