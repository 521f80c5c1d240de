/* What the files of the server share: the server, its connections, their two phases.
 *
 * A connection is HTTP first (conn.c feeds http.c) and may become a WebSocket (socket.c). What is
 * needed only while something is under way is allocated for that time, so that an idle WebSocket
 * stays small.
 */
#ifndef BERTH_SERVER_INTERNAL_H
#define BERTH_SERVER_INTERNAL_H

#include "base/buf.h"
#include "base/count.h"
#include "net/inbox.h"
#include "proto/endpoint.h"
#include "proto/http.h"
#include "proto/http_conditional.h"
#include "proto/http_writer.h"
#include "proto/ws.h"
#include "proto/ws_handshake.h"
#include "server/access.h"
#include "server/deadline.h"
#include "server/deflate.h"
#include "server/entrance.h"
#include "server/file_cache.h"
#include "server/server.h"
#include "sys/files.h"
#include "sys/peer.h"

#include <assert.h>
#include <stddef.h>

/* Frames that are sent while one piece of input is read leave in one write. */
#define BERTH_BATCH_SIZE 65536
#define BERTH_BATCH_PARTS 64
#define BERTH_BATCH_LOAN_MIN 4096 /* under this, copying a payload costs less than a part does */

/* Places for answers that are made in memory; the status document is the largest. */
#define BERTH_SCRATCH_SIZE 65536

/* Memory of messages that came in parts, kept for the next one: how many, and how large each. */
#define BERTH_SPARE_PARTS 8
#define BERTH_SPARE_MESSAGE_SIZE (4u << 20)

/* The same for HTTP phases. */
#define BERTH_SPARE_PHASES 32

/* How long we wait for the peer's FIN after ours, so that what we said last is not lost to a reset
 * (RFC 9112 9.6), and for its close frame after ours. */
#define BERTH_LINGER_MS 2000
#define BERTH_CLOSE_MS 5000

/* A connection's window for compressed messages, 9 to 15 bits, is kept in three bits. */
#define BERTH_COMPRESS_WINDOW_BASE 8

enum berth_deadline_kind {
    BERTH_DEADLINE_REQUEST, /* a request has begun and must end */
    BERTH_DEADLINE_IDLE,    /* nothing is asked, or nothing of an answer is taken */
    BERTH_DEADLINE_PING,    /* nothing was heard: ask */
    BERTH_DEADLINE_PONG,    /* asked: an answer must come */
    BERTH_DEADLINE_MESSAGE, /* a message has begun and must end */
    BERTH_DEADLINE_CLOSE,   /* our close frame is out: the peer's must come */
    BERTH_DEADLINE_LINGER,  /* all is said: the peer's FIN must come */
    BERTH_DEADLINE_KINDS,
};

enum berth_conn_state {
    BERTH_CONN_HTTP,    /* reading requests */
    BERTH_CONN_SENDING, /* an answer's file is on its way; further requests wait */
    BERTH_CONN_SOCKET,  /* a WebSocket, open */
    BERTH_CONN_CLOSING, /* a WebSocket, our close frame sent and the peer's awaited */
    BERTH_CONN_LINGER,  /* all is said; what still comes is thrown away */
    BERTH_CONN_DEAD,    /* closed; only the last event is to come */
};

/* What the kernel says about a connection: asked once, at its first request. */
struct berth_ends {
    struct berth_addr local;
    struct berth_addr remote;
    enum berth_access_peer peer; /* UNKNOWN before it was asked, and where nobody knows */
};

/* What came so far of a message, or of a control frame, that comes in parts. */
struct berth_parts {
    struct berth_parts *next_spare;
    struct berth_buf message;
    uint8_t control[BERTH_WS_CONTROL_MAX];
};

/* A connection while it speaks WebSocket. */
struct berth_socket {
    const struct berth_server_route *route;
    void *data;
    struct berth_backlog *backlog; /* frames that may still be dropped; NULL for none */
    struct berth_parts *parts;     /* NULL when nothing comes in parts */
    struct berth_ws_decoder decoder;
};

struct berth_conn {
    struct berth_server *server;
    struct berth_net_stream *stream;
    struct berth_conn *next, *previous; /* all connections of the server */
    struct berth_deadline deadline;
    struct berth_http_phase *http;
    struct berth_ends *ends; /* NULL before the first request, and when it is a socket */
    struct berth_buf *held;  /* input that came while waiting; NULL for none */
    uint32_t pending_seen;   /* while waiting: what was queued when we last looked */
    uint8_t deadline_kind;
    uint8_t state;        /* enum berth_conn_state */
    bool is_socket : 1;   /* `socket` is in use */
    bool waiting : 1;     /* input is held until the queue is drained */
    bool ended : 1;       /* the peer has sent its FIN */
    bool held_back : 1;   /* waiting for others of its route, who read too slowly what it sends */
    bool behind : 1;      /* others are held back until it has read what waits for it */
    bool sends_large : 1; /* its last message was received in a place of its own */
    uint8_t window : 3; /* bits over BERTH_COMPRESS_WINDOW_BASE; 0: no compression was agreed on */
    struct berth_socket socket;
};

static_assert(sizeof(struct berth_conn) <= 184, "10,000 idle ones are to cost 3 MB in all");

/* A connection while it speaks HTTP: there from a request's first byte to the answer's last. */
struct berth_http_phase {
    struct berth_http_phase *next_spare;
    const struct berth_http_head *head; /* of the request under way; NULL before it */
    bool keep_alive;
    struct berth_sys_file file;             /* what an answer is sent from; handle -1 for none */
    const struct berth_cached_file *mapped; /* likewise, held; NULL for none */
    uint64_t file_offset;
    uint64_t file_end;
    struct berth_http_reader reader;
    char *storage; /* limits.head_size bytes behind this struct */
};

/* What waits to leave in one write: parts that lie in `memory`, or in the input being read. */
struct berth_batch {
    struct berth_view input;
    const char
        *whole;  /* the message being handled, when it came whole and has its head before it */
    size_t size; /* of all parts */
    size_t part_count;
    struct berth_view parts[BERTH_BATCH_PARTS];
    size_t memory_size;
    char memory[BERTH_BATCH_SIZE];
};

/* The answer of /health as it was last sent, head and all: within a second it is the same to all
 * who ask in the usual way, until the state or the address is another. */
struct berth_kept_health {
    enum berth_endpoint_state state;
    struct berth_addr address;
    int64_t unix_s;
    size_t size; /* 0 for none */
    char text[4096];
};

/* The field Date of this second. */
struct berth_kept_date {
    int64_t unix_s;
    char text[BERTH_HTTP_DATE_SIZE];
};

/* What the servers of one app, each on a loop of its own, have in common. */
struct berth_team {
    struct berth_server *servers[BERTH_SERVER_LOOPS_MAX];
    size_t size;
    size_t last_given; /* who had the last connection; the first one's */
    atomic_int state;  /* enum berth_state */
    uint64_t started_unix_ms;
    uint64_t started_ms;
    struct berth_entrance entrance;
    _Atomic uint64_t readings; /* of files that were very new: see files.c */
    size_t draining;           /* those that have not ended yet; the first one's, as what follows */
    void (*on_drained)(void *owner);
    void *on_drained_owner;
};

struct berth_server {
    /* What every message needs, side by side. */
    struct berth_net *net;
    const struct berth_server_options *options;
    struct berth_conn *batch_conn; /* whose input is being read now */
    size_t slow_mark;              /* with more in its queue, a socket is on the slow side */
    struct berth_ws_limits ws_limits;
    struct berth_count messages_in;
    struct berth_count messages_out;
    struct berth_deadline_queue deadlines[BERTH_DEADLINE_KINDS];

    struct berth_team *team;
    size_t loop; /* its place in the team */
    struct berth_access_policy policy;
    struct berth_http_limits http_limits;
    bool drain_begun;
    bool drained;

    struct berth_net_listener *listeners[8];
    size_t listener_count;
    size_t open_listeners;

    struct berth_conn *conns;
    atomic_size_t conn_count; /* with those that were handed to it and have not arrived */
    size_t behind_count;      /* of connections that are behind */
    struct berth_count socket_count;
    struct berth_count accepted;
    struct berth_count messages_dropped; /* because their receiver was too slow (slow.c) */

    struct berth_net_timer *timer;
    uint64_t timer_at_ms; /* 0 when it is not set */
    struct berth_net_timer *drain_timer;

    /* Of one in a team: what the others have to say to it, and it to the first. */
    struct berth_net_inbox *inbox;
    struct berth_net_letter drain, ended, look_again;
    atomic_bool look_again_put;
    atomic_bool holding; /* writers of its own may be waiting for room in other loops */
    bool relaying;       /* a message from another loop is being told */
    struct berth_relay_queue *relays; /* one for each route */

    struct berth_http_phase *spare_phases;
    size_t spare_phase_count;
    struct berth_parts *spare_parts;
    size_t spare_parts_count;
    struct berth_deflate *deflate; /* NULL when nothing is ever compressed */
    struct berth_view packed;      /* what was packed last; size 0: it did not become smaller */
    uint64_t packed_serial;        /* of that */
    struct berth_sys_peers peers;
    uint32_t uid;
    intptr_t static_dir; /* -1 for none */
    struct berth_file_cache *files;
    struct berth_kept_health health;
    struct berth_kept_date date;
    unsigned refusals; /* logged in the present window of time */
    uint64_t refusals_since_ms;

    struct berth_batch batch;
    char scratch[BERTH_SCRATCH_SIZE];
};

/* -- server.c ---------------------------------------------------------------------------------- */

/* Makes one that belongs to the team. */
int berth_server_create_in(struct berth_team *team, struct berth_net *net,
                           const struct berth_server_options *options,
                           struct berth_server **ret_server);

/* Counts a connection for it; in the thread that accepts. False when it is to be closed without a
 * word; `too_many` says that it is to be refused. */
bool berth_server_conn_more(struct berth_server *server, bool *ret_too_many);

/* One that was counted came to nothing. */
void berth_server_conn_less(struct berth_server *server);

/* Logs that an accepted connection had to be closed. */
void berth_server_log_lost(struct berth_server *server, int error);

/* The last event of a connection came: forgets and frees it. */
void berth_server_conn_gone(struct berth_server *server, struct berth_conn *conn);

/* Its own part of berth_server_drain; ends in berth_team_server_ended. */
void berth_server_drain_own(struct berth_server *server);

/* Sets the one deadline of a connection. */
void berth_conn_expect(struct berth_conn *conn, enum berth_deadline_kind kind);

/* Logs that something was refused; a flood of them is summed up. */
void berth_server_log_refusal(struct berth_server *server, const char *event, const char *what,
                              struct berth_view subject, const char *reason);

/* -- team.c ------------------------------------------------------------------------------------ */

int berth_team_create(struct berth_net *net, const struct berth_server_options *options,
                      struct berth_team **ret_team);
void berth_team_destroy(struct berth_team *team);

/* What they say of themselves. */
static inline enum berth_state berth_server_state(const struct berth_server *server) {
    return (enum berth_state)atomic_load_explicit(&server->team->state, memory_order_relaxed);
}

/* Of all of them. */
size_t berth_team_conn_count(const struct berth_team *team);

/* Nothing runs any more: drops what they still had to say to each other. */
void berth_team_end_letters(struct berth_team *team);

/* Gives a new connection to one of them. */
void berth_team_give(struct berth_team *team, berth_net_socket socket);

/* One of them is drained: the last one ends the drain. */
void berth_team_server_ended(struct berth_server *server);

/* -- relay.c ----------------------------------------------------------------------------------- */

/* Of one that has come into a team, and of its end. */
int berth_relay_begin(struct berth_server *server);
void berth_relay_end(struct berth_server *server);

/* Tells what came from other loops, as far as the route's own sockets let it. */
void berth_relay_run(struct berth_server *server, const struct berth_server_route *route);

/* Is there a loop that has not taken what was sent to it? Then it calls berth_slow_release when it
 * has. */
bool berth_relay_is_crowded(struct berth_server *server, const struct berth_server_route *route);

/* -- conn.c ------------------------------------------------------------------------------------ */

/* Takes a new connection on, which is counted already; one too many gets a 503. */
void berth_conn_accept(struct berth_server *server, struct berth_net_stream *stream, bool too_many);

/* The deadline of the connection is over. */
void berth_conn_expired(struct berth_conn *conn);

/* The server is stopping: end as soon as decency allows. */
void berth_conn_drain(struct berth_conn *conn);

/* Both ends of it; NULL when there is no memory. */
struct berth_ends *berth_conn_ends(struct berth_conn *conn);

/* Forgets what only requests need to know. */
void berth_conn_forget_ends(struct berth_conn *conn);

/* Sends; closes the connection when that cannot be. */
void berth_conn_send(struct berth_conn *conn, const struct berth_view *parts, size_t count);

/* Sends what goes at once, and says how much that was. */
void berth_conn_offer(struct berth_conn *conn, struct berth_view bytes, size_t *ret_taken);

/* As berth_conn_send, in the loop's next turn. */
void berth_conn_send_later(struct berth_conn *conn, const struct berth_view *parts, size_t count);

/* Reads no further until what is queued is sent; conn.c goes on by itself. */
void berth_conn_wait(struct berth_conn *conn);

/* Goes on with a connection that was held back. */
void berth_conn_release(struct berth_conn *conn);

/* From now on the peer has to take what is queued for it, or it is closed. */
void berth_conn_expect_progress(struct berth_conn *conn);

/* All is said: sends FIN, waits for the peer's, throws away what it still sends. */
void berth_conn_finish(struct berth_conn *conn);

/* Closes at once. */
void berth_conn_abort(struct berth_conn *conn);

/* -- http.c ------------------------------------------------------------------------------------ */

/* Reads requests and answers them; returns the bytes used, less than size only when the connection
 * left the state HTTP, or has to wait. */
size_t berth_conn_http_feed(struct berth_conn *conn, uint8_t *bytes, size_t size);

/* Sends the head, then the phase's file from its offset on, until the peer takes no more: then the
 * connection is in the state SENDING, else in HTTP again. */
void berth_conn_http_send_file(struct berth_conn *conn, struct berth_view head);

/* The queue is empty: goes on with the file of the answer under way. */
void berth_conn_http_drained(struct berth_conn *conn);

/* Answers a request that did not come in time, or cannot be taken at all. */
void berth_conn_http_fail(struct berth_conn *conn, int status, const char *reason);

/* The request is over: gives back what it needed. */
void berth_conn_http_release(struct berth_conn *conn);

/* -- answer.c ---------------------------------------------------------------------------------- */

/* An answer to the request under way; begin with BERTH_ANSWER. Zero means absent. */
struct berth_answer {
    int status;
    const char *type;       /* Content-Type */
    struct berth_view body; /* a loan */
    const char *cache;      /* Cache-Control; NULL for "no-cache" */
    const char *csp;        /* Content-Security-Policy */
    const char *allow;
    struct berth_view location;
    struct berth_view cookie;   /* Set-Cookie */
    struct berth_sys_file file; /* the body, in place of `body`; taken. Handle -1 for none */
    const struct berth_cached_file *mapped; /* likewise; a loan. NULL for none */
    uint64_t first, end; /* of a file or what is mapped: the bytes to send, the last not included */
    const struct berth_file_version *version; /* of a file: what is said of it */
    const struct berth_http_validators *validators;
    struct berth_view content_range;
    struct berth_access_answer access; /* decides the CORS fields */
    struct berth_view origin;
    bool preflight; /* the CORS fields of a preflight's answer too */
};

#define BERTH_ANSWER(code) ((struct berth_answer){.status = (code), .file = {.handle = -1}})

/* Writes head and body, which is no file's. */
void berth_answer_write(struct berth_conn *conn, const struct berth_answer *answer,
                        struct berth_writer *out);

/* Sends head and body; a file goes out at the pace of the peer. */
void berth_answer_send(struct berth_conn *conn, const struct berth_answer *answer);

/* Of the body, only the bytes from first to last, or none at all. */
void berth_answer_cut_body(struct berth_answer *answer, uint64_t first, uint64_t last);
void berth_answer_drop_body(struct berth_answer *answer);

/* A plain sentence as an answer. */
void berth_answer_text(struct berth_conn *conn, int status, const char *text);

/* -- routes.c ---------------------------------------------------------------------------------- */

/* A request as the routes see it. */
struct berth_request {
    struct berth_conn *conn;
    const struct berth_http_head *head;
    struct berth_view path; /* as it was sent, escapes and all */
    struct berth_view query;
    struct berth_ends *ends;
    const struct berth_server_route *socket_route; /* NULL when the path is not one */
    enum berth_access_token token;                 /* as ask.c has judged it */
};

/* Answers the request whose head and body are complete. */
void berth_routes_answer(struct berth_conn *conn);

/* -- ask.c ------------------------------------------------------------------------------------- */

/* May this be answered? What is refused is logged. */
struct berth_access_answer berth_request_ask(struct berth_request *request,
                                             enum berth_access_kind kind);

/* -- documents.c, entry.c ---------------------------------------------------------------------- */

/* What the routes' table names; each sends its answer. */
void berth_documents_status_html(struct berth_request *request, struct berth_answer *answer);
void berth_documents_status_css(struct berth_request *request, struct berth_answer *answer);
void berth_documents_status_js(struct berth_request *request, struct berth_answer *answer);
void berth_documents_client_js(struct berth_request *request, struct berth_answer *answer);
void berth_documents_status_json(struct berth_request *request, struct berth_answer *answer);
void berth_documents_health(struct berth_request *request, struct berth_answer *answer);
void berth_documents_port_file(struct berth_request *request, struct berth_answer *answer);
void berth_entry_ticket(struct berth_request *request, struct berth_answer *answer);
void berth_entry_enter(struct berth_request *request, struct berth_answer *answer);

/* -- files.c ----------------------------------------------------------------------------------- */

/* Answers with the file that `path` (decoded, below /static/, maybe empty) names. */
void berth_files_answer(struct berth_conn *conn, struct berth_view path,
                        struct berth_answer *answer);

/* The media type that a name's ending stands for. */
const char *berth_files_type(struct berth_view name);

/* -- status.c ---------------------------------------------------------------------------------- */

/* The server's state in the words of the endpoint. */
enum berth_endpoint_state berth_server_endpoint_state(const struct berth_server *server);

/* The WebSocket route that is published: /client-ws, or the first one; NULL without any. */
const char *berth_server_main_route(const struct berth_server *server);

/* The status document, /berth/status.json. */
void berth_status_write(struct berth_server *server, const struct berth_addr *local,
                        struct berth_writer *out);

/* -- socket.c ---------------------------------------------------------------------------------- */

/* The connection that a socket is part of. */
static inline struct berth_conn *berth_socket_conn(const struct berth_socket *socket) {
    return (struct berth_conn *)(void *)((char *)(uintptr_t)socket -
                                         offsetof(struct berth_conn, socket));
}

/* Answers a WebSocket request to that route: 101 and a socket, or a refusal. */
void berth_socket_upgrade(struct berth_conn *conn, const struct berth_server_route *route,
                          struct berth_view query);

/* Reads frames; returns the bytes used, less than size only when the connection has to wait. */
size_t berth_socket_feed(struct berth_conn *conn, uint8_t *bytes, size_t size);

/* Where the rest of a large message is to be received; NULL when there is none. */
uint8_t *berth_socket_place(struct berth_conn *conn, size_t *ret_size);

/* Bytes that wait to be sent. */
static inline size_t berth_socket_queued(const struct berth_conn *conn) {
    const struct berth_server *server = conn->server;
    return berth_net_stream_pending(conn->stream) +
           (server->batch_conn == conn ? server->batch.size : 0);
}

/* Sends what was answered while the input was read. */
void berth_socket_flush(struct berth_conn *conn);

/* Forgets what waits to be sent. */
void berth_socket_batch_clear(struct berth_server *server);

/* A message took too long: says so, and ends. */
void berth_socket_late(struct berth_conn *conn);

/* Asks whether the peer is still there. */
void berth_socket_ping(struct berth_socket *socket);

/* Frees what is kept for messages to come. */
void berth_socket_free_spares(struct berth_server *server);

/* The connection is gone: tells the handler, and frees. */
void berth_socket_gone(struct berth_conn *conn);

/* -- compress.c -------------------------------------------------------------------------------- */

/* What one connection takes, with what lies behind it. */
size_t berth_compress_conn_size(const struct berth_server *server);

/* Agrees with the peer; false when its messages will not be compressed. */
bool berth_compress_begin(struct berth_conn *conn, const struct berth_ws_request *request,
                          struct berth_ws_deflate *ret_agreed);

/* Frees what the connection kept. Without an agreement it does nothing. */
void berth_compress_end(struct berth_conn *conn);

/* What is sent in the frame's place: the frame itself, or *memory, smaller. Valid until the next
 * call. */
const struct berth_socket_frame *berth_compress_frame(struct berth_socket *socket,
                                                      struct berth_socket_frame *frame,
                                                      struct berth_socket_frame *memory);

/* Inflates a message; berth_deflate_unpacked gives it back. False with what the peer is told. */
bool berth_compress_open(struct berth_socket *socket, enum berth_ws_opcode opcode,
                         struct berth_view payload, struct berth_view *ret_message,
                         struct berth_ws_event *ret_fault);

/* -- slow.c ------------------------------------------------------------------------------------ */

/* What becomes of a frame: 0 when it is to be sent, 1 when it was kept for later, an error when the
 * connection is closing because of it. */
int berth_slow_admit(struct berth_socket *socket, const struct berth_socket_frame *frame);

/* The connection's queue is empty. */
void berth_slow_drained(struct berth_conn *conn);

/* The connection has read what waited for it, or is gone: whoever waited for it goes on. */
void berth_slow_caught_up(struct berth_conn *conn);

/* A route that pauses writers: is one of its sockets not keeping up? */
bool berth_slow_is_somebody_behind(const struct berth_server *server,
                                   const struct berth_server_route *route);

/* Lets the writers that wait go on, if nothing is in their way any more. */
void berth_slow_release(struct berth_server *server, const struct berth_server_route *route);

/* Drops what was kept. */
void berth_slow_forget(struct berth_socket *socket);

#endif
