/* A server with a WebSocket route of its own: it says back what it is told.
 *
 *     cc main.c $(pkg-config --cflags --libs berth) -o parrot && ./parrot
 *     berth connect --app parrot             (in another terminal)
 */
#include <berth/server.h>
#include <stdio.h>

static void on_message(void *owner, struct berth_ws *ws, bool text, const void *data, size_t size) {
    (void)owner;
    berth_ws_send(ws, text, data, size);
}

static void on_ready(void *owner, struct berth_app *app) {
    (void)owner;
    fprintf(stderr, "Serving on %s\n", berth_app_url(app));
}

int main(void) {
    struct berth_ws_handler handler = {.on_message = on_message};
    struct berth_app_route route = {.path = "/client-ws", .handler = &handler};
    struct berth_app_options options = {
        .app = "parrot", .routes = &route, .route_count = 1, .catch_signals = true};
    options.on_ready = on_ready;
    struct berth_app *app = NULL;
    int error = berth_app_create(&options, &app);
    if (error == 0)
        error = berth_app_run(app);
    if (error != 0)
        fprintf(stderr, "parrot: %s\n", berth_error_text(error));
    berth_app_destroy(app);
    return error != 0;
}
