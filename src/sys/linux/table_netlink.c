#include "sys/linux/table.h"

#include "sys/error.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* The kernel answers within the call; the limit is for a kernel that never does. */
#define ANSWER_TIMEOUT_US 200000

/* As much as the kernel puts into one datagram of a dump. */
#define DATAGRAM_SIZE 32768

struct question {
    struct nlmsghdr head;
    struct inet_diag_req_v2 body;
};

/* A question for a list, with a filter for the kernel's small machine: own port >= from, and own
 * port <= to. Each test is two units of 4 bytes, and says how far to go on when it is true and when
 * it is not; past the end means no. */
struct list_question {
    struct question question;
    struct rtattr attribute;
    struct inet_diag_bc_op tests[4];
};

static struct question make_question(uint8_t family, uint32_t number, uint16_t flags) {
    return (struct question){
        .head =
            {
                .nlmsg_len = sizeof(struct question),
                .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
                .nlmsg_seq = number,
            },
        .body =
            {
                .sdiag_family = family == 4 ? AF_INET : AF_INET6,
                .sdiag_protocol = IPPROTO_TCP,
                .idiag_states = UINT32_MAX,
                .id.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE},
            },
    };
}

static int ask(intptr_t table, const void *question, size_t size) {
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    ssize_t sent = sendto((int)table, question, size, 0, (struct sockaddr *)&kernel, sizeof kernel);
    return sent == (ssize_t)size ? 0 : berth_sys_error(errno);
}

static struct berth_addr read_addr(uint8_t family, const void *ip, uint16_t port) {
    struct berth_addr addr = {.family = family == AF_INET ? 4 : 6, .port = ntohs(port)};
    memcpy(addr.ip, ip, family == AF_INET ? 4 : 16);
    return berth_sys_table_plain(&addr);
}

static struct berth_sys_table_row read_row(const struct inet_diag_msg *message) {
    const struct inet_diag_sockid *id = &message->id;
    return (struct berth_sys_table_row){
        .local = read_addr(message->idiag_family, id->idiag_src, id->idiag_sport),
        .remote = read_addr(message->idiag_family, id->idiag_dst, id->idiag_dport),
        .state = message->idiag_state,
        .uid = message->idiag_uid,
        .inode = message->idiag_inode,
    };
}

static const void *payload(const struct nlmsghdr *head) {
    return (const char *)head + NLMSG_HDRLEN;
}

/* The error that a closing message carries, 0 for none: the end of a list has one, too. */
static int read_end(const struct nlmsghdr *head) {
    int number = 0;
    if (head->nlmsg_len >= NLMSG_LENGTH(sizeof number))
        memcpy(&number, payload(head), sizeof number);
    return number < 0 ? berth_sys_error(-number) : 0;
}

/* What a message of the kernel's says: 1 for a row, 0 for the end, or an error. */
static int read_message(const struct nlmsghdr *head, struct berth_sys_table_row *ret_row) {
    if (head->nlmsg_type == NLMSG_DONE || head->nlmsg_type == NLMSG_ERROR)
        return read_end(head);
    if (head->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
        head->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
        return BERTH_E_SYSTEM;
    *ret_row = read_row(payload(head));
    return 1;
}

/* One datagram with answers to the question of that number; older ones are passed over. */
static int receive(intptr_t table, uint32_t number, char *datagram, size_t capacity,
                   size_t *ret_size) {
    for (;;) {
        ssize_t got = recv((int)table, datagram, capacity, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno == EAGAIN ? BERTH_E_TIMEOUT : berth_sys_error(errno);
        const struct nlmsghdr *head = (const struct nlmsghdr *)(const void *)datagram;
        if (!NLMSG_OK(head, (size_t)got))
            return BERTH_E_SYSTEM;
        if (head->nlmsg_seq == number) {
            *ret_size = (size_t)got;
            return 0;
        }
    }
}

/* A look-up that meets no connection falls to whoever listens on the port: that is not the peer. */
static bool is_connection(const struct berth_sys_table_row *row, const struct berth_addr *local,
                          const struct berth_addr *remote) {
    return row->inode != 0 && row->state != BERTH_SYS_TABLE_LISTEN &&
           row->local.port == local->port && row->remote.port == remote->port &&
           berth_addr_same_ip(&row->local, local) && berth_addr_same_ip(&row->remote, remote);
}

int berth_sys_table_find(intptr_t table, uint32_t number, const struct berth_addr *local,
                         const struct berth_addr *remote, struct berth_sys_table_row *ret_row) {
    struct question question = make_question(local->family, number, 0);
    struct inet_diag_sockid *id = &question.body.id;
    size_t ip_size = local->family == 4 ? 4 : 16;
    id->idiag_sport = htons(local->port);
    id->idiag_dport = htons(remote->port);
    memcpy(id->idiag_src, local->ip, ip_size);
    memcpy(id->idiag_dst, remote->ip, ip_size);

    _Alignas(struct nlmsghdr) char datagram[4096];
    size_t size;
    struct berth_sys_table_row row;
    int error = ask(table, &question, sizeof question);
    if (error == 0)
        error = receive(table, number, datagram, sizeof datagram, &size);
    if (error == 0)
        error = read_message((const struct nlmsghdr *)(const void *)datagram, &row);
    if (error < 0)
        return error;
    if (error == 0 || !is_connection(&row, local, remote))
        return BERTH_E_NOT_FOUND;
    *ret_row = row;
    return 0;
}

static struct list_question make_list_question(uint8_t family, uint16_t from, uint16_t to) {
    struct list_question list = {
        .question = make_question(family, family, NLM_F_DUMP),
        .attribute =
            {
                .rta_len = sizeof list.attribute + sizeof list.tests,
                .rta_type = INET_DIAG_REQ_BYTECODE,
            },
        .tests =
            {
                {.code = INET_DIAG_BC_S_GE, .yes = 8, .no = 20},
                {.no = from},
                {.code = INET_DIAG_BC_S_LE, .yes = 8, .no = 12},
                {.no = to},
            },
    };
    list.question.head.nlmsg_len = sizeof list;
    return list;
}

/* Shows the rows of one datagram. Returns 1 when more are to come, 0 at the end, or an error. */
static int show_rows(const char *datagram, size_t size, berth_sys_table_event event, void *owner) {
    const struct nlmsghdr *head = (const struct nlmsghdr *)(const void *)datagram;
    while (NLMSG_OK(head, size)) {
        struct berth_sys_table_row row;
        int kind = read_message(head, &row);
        if (kind <= 0)
            return kind;
        if (row.inode != 0)
            event(owner, &row);
        size_t step = NLMSG_ALIGN(head->nlmsg_len);
        if (step >= size)
            break;
        size -= step;
        head = (const struct nlmsghdr *)(const void *)((const char *)head + step);
    }
    return 1;
}

static int ask_for_list(intptr_t table, const struct list_question *list,
                        berth_sys_table_event event, void *owner) {
    _Alignas(struct nlmsghdr) char datagram[DATAGRAM_SIZE];
    int more = ask(table, list, sizeof *list) == 0 ? 1 : BERTH_E_SYSTEM;
    while (more > 0) {
        size_t size;
        int error = receive(table, list->question.head.nlmsg_seq, datagram, sizeof datagram, &size);
        more = error < 0 ? error : show_rows(datagram, size, event, owner);
    }
    return more;
}

int berth_sys_table_list(intptr_t table, uint16_t from, uint16_t to, berth_sys_table_event event,
                         void *owner) {
    struct list_question list = make_list_question(4, from, to);
    int error = ask_for_list(table, &list, event, owner);
    if (error < 0)
        return error;
    list = make_list_question(6, from, to);
    error = ask_for_list(table, &list, event, owner);
    return error == BERTH_E_NOT_FOUND ? 0 : error; /* a machine without IPv6 */
}

/* "No such socket" and "no such table in this kernel" are one error number in the answer to a
 * question for one socket. So the first question is for a list of nothing: no state is asked for,
 * and the kernel does not even begin to look. */
static int check(intptr_t table) {
    struct list_question list = make_list_question(4, 0, 0);
    list.question.body.idiag_states = 0;
    return ask_for_list(table, &list, NULL, NULL);
}

int berth_sys_table_open(intptr_t *ret_table) {
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0)
        return berth_sys_error(errno);
    struct timeval limit = {.tv_usec = ANSWER_TIMEOUT_US};
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 || check(fd) < 0) {
        close(fd);
        return BERTH_E_UNSUPPORTED;
    }
    *ret_table = fd;
    return 0;
}
