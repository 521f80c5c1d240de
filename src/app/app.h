/* What the files behind berth/server.h share.
 *
 * Owns:    an app owns its parts; a struct berth_ws is shared by its connection and by who keeps it
 * Threads: berth/server.h says which
 */
#ifndef BERTH_APP_APP_H
#define BERTH_APP_APP_H

#include "app/serve.h"
#include "berth/server.h"

#include <stdatomic.h>

struct berth_app_ws_route {
    struct berth_app *app;
    const struct berth_app_route *route;
};

struct berth_app {
    const struct berth_app_options *options;
    struct berth_log log;
    struct berth_config_context context;
    struct berth_config config;
    struct berth_claim claim;
    bool has_claim;
    struct berth_publication publication;
    struct berth_port port;
    bool has_port;
    struct berth_serve serve;
    bool has_serve;
    struct berth_sys_mutex *log_mutex; /* on_log is called by one thread at a time */
    struct berth_net_letter stop;
    atomic_bool stop_put;
    char url[80];
    char here[BERTH_CONFIG_VALUE_MAX];
    struct berth_app_ws_route ws_routes[BERTH_CONFIG_ITEMS_MAX];
    struct berth_server_route routes[BERTH_CONFIG_ITEMS_MAX];
};

/* -- ws.c -------------------------------------------------------------------------------------- */

/* What the server calls; the owner is a struct berth_app_ws_route. */
extern const struct berth_socket_handler berth_app_ws_handler;

#endif
