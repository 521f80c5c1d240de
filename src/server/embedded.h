/* Files that travel inside the program; made by cmake/embed.cmake. */
#ifndef BERTH_SERVER_EMBEDDED_H
#define BERTH_SERVER_EMBEDDED_H

#include <stddef.h>

struct berth_embedded {
    const unsigned char *data;
    size_t size;
};

extern const struct berth_embedded berth_embedded_client_js;
extern const struct berth_embedded berth_embedded_status_html;
extern const struct berth_embedded berth_embedded_status_css;
extern const struct berth_embedded berth_embedded_status_js;

#endif
