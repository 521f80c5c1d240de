/* What the files of the client share: the client, its one connection, and the world outside.
 *
 * client.c decides what comes next (wait, search, connect, end); client_stream.c hears of the
 * connection; client_proof.c has the server prove itself on it, client_handshake.c opens it;
 * client_read.c and client_send.c carry messages. One timer serves every state: what it means is
 * said by the state.
 *
 * No event of the owner's is called but from an event of the net's or the search's: whatever the
 * owner calls only changes the state, sends, or sets the timer to now.
 */
#ifndef BERTH_FIND_CLIENT_INTERNAL_H
#define BERTH_FIND_CLIENT_INTERNAL_H

#include "base/buf.h"
#include "berth/client.h"
#include "find/client_outbox.h"
#include "find/client_random.h"
#include "find/places.h"
#include "find/search.h"
#include "proto/http.h"
#include "proto/ws.h"
#include "proto/ws_handshake.h"

#define BERTH_CLIENT_BACKOFF_MIN_MS 100
#define BERTH_CLIENT_BACKOFF_MAX_MS 5000

/* A connection that ended sooner than this counts as one more failure: a server that takes and
 * drops us at once is not hammered. */
#define BERTH_CLIENT_STEADY_MS 1000

#define BERTH_CLIENT_SEARCH_MS 10000 /* one search, where the owner named no deadline */
#define BERTH_CLIENT_ATTEMPT_MS 1500 /* connecting and opening handshake together */
#define BERTH_CLIENT_CLOSE_MS 5000   /* from our close to the peer's */
#define BERTH_CLIENT_LINGER_MS 1000  /* from the last close frame to the peer's FIN */

/* How often the clocks are compared while we wait or are connected; how far apart they have to
 * move to say that we slept; how long a connection then has to show that it lives. */
#define BERTH_CLIENT_WATCH_MS 2000
#define BERTH_CLIENT_SLEPT_MS 2000
#define BERTH_CLIENT_AWAKE_MS 2000

/* Memory of a message that came in parts is kept for the next one up to this size. */
#define BERTH_CLIENT_SPARE_SIZE (4u << 20)

#define BERTH_CLIENT_HEAD_SIZE 8192

/* How servers are found; berth_search_start and _cancel, or a test's script. */
struct berth_client_finder {
    int (*start)(struct berth_net *net, const struct berth_find_options *options,
                 berth_search_done on_done, void *owner, struct berth_search **ret_search);
    void (*cancel)(struct berth_search *search);
};

/* All that a client takes from outside the net. */
struct berth_client_world {
    struct berth_client_finder finder;
    int (*random)(void *bytes, size_t size);
    uint64_t (*unix_ms)(void);
};

enum berth_client_state {
    BERTH_CLIENT_WAITING,    /* between two tries; timer: the next one */
    BERTH_CLIENT_SEARCHING,  /* a search runs; it has its own deadline */
    BERTH_CLIENT_CONNECTING, /* a server was found; timer: the attempt's limit */
    BERTH_CLIENT_ASKING,     /* it has to prove itself on this very connection; timer: as before */
    BERTH_CLIENT_SHAKING,    /* our upgrade request is out; timer: as before */
    BERTH_CLIENT_OPEN,      /* messages go both ways; timer: the next look at clock and heartbeat */
    BERTH_CLIENT_CLOSING,   /* the owner closes, the peer's close awaited; timer: the limit */
    BERTH_CLIENT_LINGERING, /* the last close frame is said, the FIN awaited; timer: the limit */
    BERTH_CLIENT_LEAVING,   /* the stream closes; its last event is to come */
    BERTH_CLIENT_ENDING,    /* on_closed is to come; timer: now */
};

/* Our close frame. */
enum berth_client_bye {
    BERTH_CLIENT_BYE_NONE,
    BERTH_CLIENT_BYE_OWED, /* behind the messages; before them when the peer has closed */
    BERTH_CLIENT_BYE_SAID, /* nothing may follow it */
};

/* A control frame's payload that is to be sent. */
struct berth_client_control {
    size_t size;
    uint8_t payload[BERTH_WS_CONTROL_MAX];
};

/* What lives as long as one connection; zeroed before each. */
struct berth_client_conn {
    struct berth_net_stream *stream;
    bool opened; /* the handshake went well: its end is a loss */
    uint64_t opened_ms;
    uint16_t close_code; /* what on_lost will be told */

    bool reading;       /* inside on_data: what is sent gathers, and leaves at its end */
    bool heard;         /* something came since we last asked */
    bool asked;         /* a ping went out */
    uint64_t ask_at_ms; /* when to ask, or to see that nothing came */
    bool pong_owed;
    bool ping_owed;
    enum berth_client_bye bye;
    struct berth_client_control pong; /* to the last ping: RFC 6455 5.5.3 lets us skip others */
    struct berth_client_control close;

    struct berth_find_question question;
    struct berth_find_keys keys; /* the one that the search has found */
    int status;                  /* of the answer under way */
    struct berth_buf body;       /* of the answer to the question */
    char key[BERTH_WS_KEY_SIZE]; /* the handshake's */
    char offer[192];             /* subprotocols */
    size_t offer_size;
    struct berth_http_reader reader;
    char head[BERTH_CLIENT_HEAD_SIZE];

    struct berth_ws_decoder decoder;
    uint8_t room[BERTH_WS_CONTROL_MAX]; /* the decoder's */
};

struct berth_client {
    struct berth_net *net;
    const struct berth_client_world *world;
    const struct berth_client_options *options;
    void *owner;
    struct berth_find_options find; /* options->find, the deadline filled in */
    struct berth_ws_limits limits;
    size_t queue_size;
    uint32_t heartbeat_ms;
    uint32_t attempt_ms;

    enum berth_client_state state;
    bool closing; /* the owner has closed: what ends now ends for good */
    struct berth_net_timer *timer;
    uint64_t timer_at_ms;
    uint64_t retry_at_ms;
    uint64_t clock_ms; /* of the wall, and of the loop, when they were last compared */
    uint64_t clock_net_ms;
    unsigned failures; /* in a row */
    uint64_t try_began_ms;
    struct berth_search *search;
    struct berth_found found;      /* by the last search */
    struct berth_find_place place; /* of it */
    struct berth_found last;       /* the one that was connected last; instance empty before */
    bool has_last;

    struct berth_client_conn conn;
    struct berth_buf message; /* the part that came so far, when a message comes in parts */
    struct berth_client_outbox outbox;
    struct berth_client_random random;
    struct berth_client_batch batch;
};

/* -- client.c ---------------------------------------------------------------------------------- */

/* As berth_client_create, in a world of the caller's. */
int berth_client_create_in(struct berth_net *net, const struct berth_client_world *world,
                           const struct berth_client_options *options, void *owner,
                           struct berth_client **ret_client);

/* Sets the timer. */
void berth_client_expect(struct berth_client *client, uint64_t delay_ms);

/* From now on `slept` is counted. */
void berth_client_compare_clocks(struct berth_client *client);

/* Tells whoever follows the search's events; the text is one to stand behind a URL. */
void berth_client_report(struct berth_client *client, enum berth_find_event_type type,
                         const char *text);

/* The handshake went well: tells the owner. */
void berth_client_opened(struct berth_client *client);

/* The connection is gone: tells the owner, and goes on. The client may be freed. */
void berth_client_gone(struct berth_client *client);

/* The longest wait after that many failures in a row. */
uint32_t berth_client_backoff_ms(unsigned failures);

/* -- client_stream.c --------------------------------------------------------------------------- */

/* Connects to client->found. Errors: those of the URL and of berth_net_connect. */
int berth_client_connect(struct berth_client *client);

/* Drops the connection; berth_client_gone follows. `code` is what on_lost will be told. */
void berth_client_leave(struct berth_client *client, uint16_t code);

/* The opening handshake cannot end well: says why, and drops the connection. */
void berth_client_refuse(struct berth_client *client, enum berth_find_event_type type,
                         const char *text);

/* Sets the timer for the next look at clock and heartbeat. */
void berth_client_rest(struct berth_client *client);

/* Time to look at clock and heartbeat; `slept` when the clocks say so. */
void berth_client_beat(struct berth_client *client, bool slept);

/* Asks the peer soon whether it lives, as after a sleep. */
void berth_client_hurry(struct berth_client *client);

/* Sends a request of the opening; what cannot be sent ends the try. */
void berth_client_request(struct berth_client *client, const struct berth_writer *request);

/* -- client_proof.c ---------------------------------------------------------------------------- */

/* Asks the server at the other end of this very connection to prove itself. That the search has
 * proved one on this port is not enough: it may have died since, and whoever has its port now would
 * be given the token. */
void berth_client_proof_ask(struct berth_client *client);

/* Takes an event of the answer. */
void berth_client_proof_take(struct berth_client *client, const struct berth_http_event *event);

/* -- client_handshake.c ------------------------------------------------------------------------ */

/* Sends the upgrade request. */
void berth_client_handshake_ask(struct berth_client *client);

/* Takes an event of the answer. */
void berth_client_handshake_take(struct berth_client *client, const struct berth_http_event *event);

/* -- client_read.c ----------------------------------------------------------------------------- */

/* Reads frames; whole messages go to the owner where they lie. */
void berth_client_read(struct berth_client *client, uint8_t *bytes, size_t size);

/* -- client_send.c ----------------------------------------------------------------------------- */

/* Sends as much of what waits as the connection takes: control frames, then messages, then our
 * close frame. */
void berth_client_pump(struct berth_client *client);

/* Has our close frame sent, unless it was. */
void berth_client_say_bye(struct berth_client *client, uint16_t code, struct berth_view reason);

#endif
