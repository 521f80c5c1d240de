// @berth/client: finds the app's own server, proves it, connects and stays connected.
//
//     const socket = connect({ app: "assistant" });
//     socket.addEventListener("message", (event) => show(event.data));
//     socket.send("hello");

import { browserPlatform } from "./browser.js";
import { BerthSocket } from "./connection.js";
import { BerthError } from "./events.js";
import { findWith } from "./finder.js";

/**
 * The client for a platform; for runtimes other than pages and Node.
 * @param {import("./platform.js").Platform} platform
 */
function createClient(platform) {
    return {
        /** Errors: NOT_FOUND, TIMEOUT, INVALID, ABORTED.
         *  @type {typeof import("../client.d.ts").find} */
        find: async (options) => findWith(platform, options),
        /** Errors: INVALID is thrown; all others come as `error` events, and it goes on trying.
         *  @type {typeof import("../client.d.ts").connect} */
        connect: (options) => /** @type {any} */ (new BerthSocket(platform, options)),
        /** Errors: none. @type {typeof import("../client.d.ts").forget} */
        forget: (app, options = {}) => platform.save(app, null, { app, ...options }),
    };
}

const client = createClient(browserPlatform());
const { find, connect, forget } = client;
export { BerthError, BerthSocket, connect, createClient, find, forget };
