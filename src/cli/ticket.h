/* A one-use link that signs a browser in: asked of the server with its token.
 *
 *     char link[BERTH_TICKET_LINK_MAX];
 *     int error = berth_ticket_get(&found, link);
 *
 * Two requests on one connection: the server proves once more that it is the one that was found,
 * and only then sees the token. What has taken its port since the search sees none.
 *
 * Shape:   blocks, for BERTH_TICKET_MS at most; the link leads to the server that was asked, or it
 *          is not taken
 * Errors:  BERTH_E_NOT_FOUND: there is no token or key to ask with. BERTH_E_UNSUPPORTED: the server
 *          gives no tickets. BERTH_E_DENIED: it does not prove itself. BERTH_E_TIMEOUT,
 *          BERTH_E_RESET, BERTH_E_REFUSED, BERTH_E_MEMORY, BERTH_E_SYSTEM
 * Threads: any
 * Proof:   ticket_test.c, tests/e2e/connect.test.js
 */
#ifndef BERTH_CLI_TICKET_H
#define BERTH_CLI_TICKET_H

#include "berth/find.h"

#define BERTH_TICKET_MS 3000
#define BERTH_TICKET_LINK_MAX 512

int berth_ticket_get(const struct berth_found *found, char link[BERTH_TICKET_LINK_MAX]);

#endif
