#include "base/alloc.h"
#include "base/assert.h"
#include "net/uv_transport.h"
#include "sys/listen.h"

/* Parts handed to one system call; a message with its head is two. */
#define WRITE_PARTS_MAX 64

/* Chunks in one request of libuv's: as many as it can note without an allocation of its own. */
#define FLUSH_PARTS_MAX 4

static struct berth_net_uv_stream *stream_of(struct berth_net_stream *stream) {
    return BERTH_NET_CONTAINER(stream, struct berth_net_uv_stream, base);
}

static uv_stream_t *handle_of(struct berth_net_stream *stream) {
    return (uv_stream_t *)&stream_of(stream)->tcp;
}

/* libuv's buffers are not const, but nothing is written to them here. */
static size_t buffers_of(const struct berth_view *views, size_t count, uv_buf_t *buffers) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        buffers[i] = (uv_buf_t){.base = (char *)(uintptr_t)views[i].data, .len = views[i].size};
        size += views[i].size;
    }
    return size;
}

/* -- Opening and closing ----------------------------------------------------------------------- */

static void stream_init(struct berth_net_uv *net, struct berth_net_uv_stream *stream,
                        enum berth_net_stream_state state) {
    berth_net_stream_init(&stream->base, &net->base, state);
    int status = uv_tcp_init(&net->loop, &stream->tcp);
    BERTH_ASSERT(status == 0);
    stream->tcp.data = stream;
    /* Without a socket this is only noted, and set when there is one. */
    uv_tcp_nodelay(&stream->tcp, 1);
}

static void on_closed(uv_handle_t *handle) {
    struct berth_net_uv_stream *stream = handle->data;
    berth_net_stream_closed(&stream->base);
    berth_free(stream->write);
    berth_free(stream);
}

void berth_net_uv_stream_close(struct berth_net_stream *stream) {
    uv_tcp_t *tcp = &stream_of(stream)->tcp;
    if (!stream->itself || uv_tcp_close_reset(tcp, on_closed) < 0)
        uv_close((uv_handle_t *)tcp, on_closed);
}

int berth_net_uv_stream_adopt(struct berth_net_uv *net, struct berth_net_uv_stream *memory,
                              intptr_t socket) {
    stream_init(net, memory, BERTH_NET_STREAM_ACCEPTED);
    int status = uv_tcp_open(&memory->tcp, (uv_os_sock_t)socket);
    if (status == 0)
        return 0;
    berth_sys_socket_close(socket);
    berth_net_stream_close(&memory->base);
    return berth_net_uv_error(status);
}

int berth_net_uv_adopt(struct berth_net *net, berth_net_socket socket,
                       struct berth_net_stream **ret_stream) {
    struct berth_net_uv_stream *stream = berth_alloc(sizeof *stream);
    if (stream == NULL) {
        berth_sys_socket_close(socket);
        return BERTH_E_MEMORY;
    }
    int error = berth_net_uv_stream_adopt(berth_net_uv_of(net), stream, socket);
    if (error == 0)
        *ret_stream = &stream->base;
    return error;
}

static void on_connect(uv_connect_t *request, int status) {
    struct berth_net_uv_stream *stream = request->handle->data;
    berth_free(request);
    if (stream->base.state == BERTH_NET_STREAM_CONNECTING)
        berth_net_stream_connected(&stream->base, status < 0 ? berth_net_uv_error(status) : 0);
}

int berth_net_uv_connect(struct berth_net *net, const struct berth_addr *to,
                         struct berth_net_stream **ret_stream) {
    struct berth_net_uv_stream *stream = berth_alloc(sizeof *stream);
    uv_connect_t *request = berth_alloc(sizeof *request);
    if (stream == NULL || request == NULL) {
        berth_free(stream);
        berth_free(request);
        return BERTH_E_MEMORY;
    }
    stream_init(berth_net_uv_of(net), stream, BERTH_NET_STREAM_CONNECTING);
    struct sockaddr_storage address = berth_net_uv_sockaddr(to);
    int status = uv_tcp_connect(request, &stream->tcp, (struct sockaddr *)&address, on_connect);
    if (status < 0) {
        berth_free(request);
        berth_net_stream_fail_later(&stream->base, berth_net_uv_error(status));
    }
    *ret_stream = &stream->base;
    return 0;
}

/* -- Reading ----------------------------------------------------------------------------------- */

static void on_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer) {
    (void)suggested;
    struct berth_net_uv_stream *stream = handle->data;
    uint8_t *memory = (uint8_t *)berth_net_uv_of(stream->base.net)->read_buffer;
    struct berth_net_place place = berth_net_stream_place(
        &stream->base, (struct berth_net_place){memory, BERTH_NET_UV_READ_SIZE});
    *ret_buffer = uv_buf_init((char *)place.bytes, (unsigned)place.size);
}

static void on_read(uv_stream_t *handle, ssize_t size, const uv_buf_t *buffer) {
    struct berth_net_uv_stream *stream = handle->data;
    if (size > 0)
        berth_net_stream_received(&stream->base, (uint8_t *)buffer->base, (size_t)size);
    else if (size == UV_EOF)
        berth_net_stream_ended(&stream->base);
    else if (size < 0)
        berth_net_stream_failed(&stream->base, berth_net_uv_error((int)size));
}

void berth_net_uv_read_start(struct berth_net_stream *stream) {
    int status = uv_read_start(handle_of(stream), on_buffer, on_read);
    if (status < 0)
        berth_net_stream_fail_later(stream, berth_net_uv_error(status));
}

void berth_net_uv_read_stop(struct berth_net_stream *stream) { uv_read_stop(handle_of(stream)); }

/* -- Writing ----------------------------------------------------------------------------------- */

/* One system call for all messages of up to WRITE_PARTS_MAX parts. */
ptrdiff_t berth_net_uv_write(struct berth_net_stream *stream, const struct berth_view *parts,
                             size_t count) {
    ptrdiff_t written = 0;
    for (size_t done = 0; done < count;) {
        size_t now = count - done < WRITE_PARTS_MAX ? count - done : WRITE_PARTS_MAX;
        uv_buf_t buffers[WRITE_PARTS_MAX];
        size_t size = buffers_of(parts + done, now, buffers);
        int result = uv_try_write(handle_of(stream), buffers, (unsigned)now);
        if (result < 0 && result != UV_EAGAIN)
            return berth_net_uv_error(result);
        written += result > 0 ? result : 0;
        if (result < 0 || (size_t)result < size)
            break;
        done += now;
    }
    return written;
}

static void on_written(uv_write_t *request, int status) {
    struct berth_net_uv_stream *stream = request->handle->data;
    if (status < 0) {
        berth_net_stream_fail_later(&stream->base, berth_net_uv_error(status));
        return;
    }
    size_t size = (size_t)(uintptr_t)request->data;
    if (size == stream->base.queue.size) {
        berth_free(stream->write);
        stream->write = NULL;
    }
    berth_net_stream_written(&stream->base, size);
}

int berth_net_uv_flush(struct berth_net_stream *base) {
    struct berth_net_uv_stream *stream = stream_of(base);
    if (stream->write == NULL)
        stream->write = berth_alloc(sizeof *stream->write);
    if (stream->write == NULL)
        return BERTH_E_MEMORY;
    struct berth_view views[FLUSH_PARTS_MAX];
    uv_buf_t buffers[FLUSH_PARTS_MAX];
    size_t count = berth_net_queue_peek(&base->queue, views, FLUSH_PARTS_MAX);
    size_t size = buffers_of(views, count, buffers);
    stream->write->data = (void *)(uintptr_t)size;
    int status = uv_write(stream->write, handle_of(base), buffers, (unsigned)count, on_written);
    return status < 0 ? berth_net_uv_error(status) : 0;
}

static void on_shutdown(uv_shutdown_t *request, int status) {
    /* When it fails the connection is broken, and reading says so. */
    (void)status;
    berth_free(request);
}

int berth_net_uv_shutdown(struct berth_net_stream *stream) {
    uv_shutdown_t *request = berth_alloc(sizeof *request);
    if (request == NULL)
        return BERTH_E_MEMORY;
    int status = uv_shutdown(request, handle_of(stream), on_shutdown);
    if (status == 0)
        return 0;
    berth_free(request);
    return berth_net_uv_error(status);
}

/* -- Addresses --------------------------------------------------------------------------------- */

typedef int (*name_getter)(const uv_tcp_t *handle, struct sockaddr *name, int *size);

static struct berth_addr name_of(const struct berth_net_stream *base, name_getter get) {
    const struct berth_net_uv_stream *stream = (const struct berth_net_uv_stream *)base;
    struct sockaddr_storage storage = {0};
    int size = sizeof storage;
    if (get(&stream->tcp, (struct sockaddr *)&storage, &size) < 0)
        return (struct berth_addr){0};
    return berth_net_uv_addr(&storage);
}

struct berth_addr berth_net_uv_local(const struct berth_net_stream *stream) {
    return name_of(stream, uv_tcp_getsockname);
}

struct berth_addr berth_net_uv_remote(const struct berth_net_stream *stream) {
    return name_of(stream, uv_tcp_getpeername);
}
