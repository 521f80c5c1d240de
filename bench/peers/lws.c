/* An echo on libwebsockets, as its own examples do it: what was received waits in a list until the
 * socket is writable; a reader that is too far ahead is held back. */
#include <libwebsockets.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The best of 4 to 256 KiB, measured: against the default it takes two thirds off the time for a
 * large message, and an idle connection's memory is the same, as it touches none of the buffer. */
#define RX_SIZE ((size_t)128 * 1024)
#define QUEUE_MAX ((size_t)256 * 1024)

struct chunk {
    struct chunk *next;
    size_t size;
    bool first, final, binary;
    unsigned char bytes[]; /* LWS_PRE bytes of room, then the data */
};

struct session {
    struct chunk *head;
    struct chunk **tail;
    size_t queued;
    bool held;
};

/* libwebsockets takes the signals for itself when it runs on libuv, and hands them on here. */
static void on_signal(void *handle, int number) {
    (void)handle, (void)number;
    exit(0);
}

static int take(struct lws *wsi, struct session *session, const void *data, size_t size) {
    struct chunk *chunk = malloc(sizeof *chunk + LWS_PRE + size);
    if (chunk == NULL)
        return -1;
    chunk->next = NULL;
    chunk->size = size;
    chunk->first = lws_is_first_fragment(wsi) != 0;
    chunk->final = lws_is_final_fragment(wsi) != 0;
    chunk->binary = lws_frame_is_binary(wsi) != 0;
    if (size > 0)
        memcpy(chunk->bytes + LWS_PRE, data, size);
    *session->tail = chunk;
    session->tail = &chunk->next;
    session->queued += size;
    if (!session->held && session->queued > QUEUE_MAX) {
        session->held = true;
        (void)lws_rx_flow_control(wsi, 0);
    }
    (void)lws_callback_on_writable(wsi);
    return 0;
}

static struct chunk *pop(struct session *session) {
    struct chunk *chunk = session->head;
    session->head = chunk->next;
    session->queued -= chunk->size;
    if (session->head == NULL)
        session->tail = &session->head;
    return chunk;
}

static int give(struct lws *wsi, struct session *session) {
    while (session->head != NULL && lws_send_pipe_choked(wsi) == 0) {
        struct chunk *chunk = pop(session);
        int opcode = chunk->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
        int flags = lws_write_ws_flags(opcode, chunk->first, chunk->final);
        int sent =
            lws_write(wsi, chunk->bytes + LWS_PRE, chunk->size, (enum lws_write_protocol)flags);
        bool failed = sent < (int)chunk->size;
        free(chunk);
        if (failed)
            return -1;
    }
    if (session->head != NULL)
        (void)lws_callback_on_writable(wsi);
    if (session->held && session->queued <= QUEUE_MAX) {
        session->held = false;
        (void)lws_rx_flow_control(wsi, 1);
    }
    return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *data,
                    size_t size) {
    struct session *session = user;
    if (reason == LWS_CALLBACK_ESTABLISHED) {
        *session = (struct session){.tail = &session->head};
    } else if (reason == LWS_CALLBACK_RECEIVE) {
        return take(wsi, session, data, size);
    } else if (reason == LWS_CALLBACK_SERVER_WRITEABLE) {
        return give(wsi, session);
    } else if (reason == LWS_CALLBACK_CLOSED) {
        while (session->head != NULL)
            free(pop(session));
    }
    return 0;
}

static const struct lws_protocols protocols[] = {
    {.name = "echo",
     .callback = on_event,
     .per_session_data_size = sizeof(struct session),
     .rx_buffer_size = RX_SIZE},
    {.name = NULL},
};

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        (void)printf("%s\n", LWS_LIBRARY_VERSION);
        return 0;
    }
    bool on_uv = argc == 3 && strcmp(argv[2], "uv") == 0;
    int port = argc == 2 || on_uv ? (int)strtol(argv[1], NULL, 10) : 0;
    if (port < 1 || port > 65535) {
        (void)fprintf(stderr, "usage: berth_lws_echo PORT [uv]\n");
        return 2;
    }
    lws_set_log_level(LLL_ERR, NULL);
    struct lws_context_creation_info info = {
        .port = port,
        .iface = "127.0.0.1",
        .protocols = protocols,
        .pt_serv_buf_size = RX_SIZE,
        /* Its own loop is a little cheaper at few connections, but polls all of them each time:
         * 10,000 take minutes to open. */
        .options = on_uv ? LWS_SERVER_OPTION_LIBUV : 0,
        .signal_cb = on_signal,
    };
    struct lws_context *context = lws_create_context(&info);
    if (context == NULL)
        return 1;
    while (lws_service(context, 0) >= 0)
        continue;
    lws_context_destroy(context);
    return 0;
}
