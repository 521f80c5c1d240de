// The desktop's main process: it can read this user's records and keys, so it finds the server, and
// pages ask it over one channel.
//
//     import { ipcMain } from "electron";
//     import { provide } from "@berth/client/electron/main";
//     const berth = provide(ipcMain, { app: "assistant" });
//     await window.loadURL((await berth.endpoint()).http + "/static/");
//
// Pages get the public fields. The token is theirs only where `token: true` says so.

import { find } from "../node.js";

const CHANNEL = { endpoint: "berth:endpoint", moved: "berth:moved" };
const WAIT_MS = 10_000;

/** @typedef {import("../client.d.ts").Endpoint} Endpoint */

/** May the page that asks know it? A page of the app's files, or one from this machine's loopback.
 *  @param {import("./main.d.ts").Asking} event */
function isLocal({ senderFrame }) {
    const url = senderFrame?.url ?? "";
    return /^(file:\/\/|https?:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?\/)/.test(url);
}

/** @type {typeof import("./main.d.ts").provide} */
export function provide(ipcMain, options) {
    const { token = false, allow = isLocal, find: search = find, ...wanted } = options;
    /** @type {Set<import("./main.d.ts").Asking["sender"]>} */ const pages = new Set();
    /** @type {Promise<Endpoint> | null} */ let searching = null;
    /** @type {Endpoint | null} */ let last = null;

    const shown = (/** @type {Endpoint} */ found) =>
        token && found.token ? { ...found, token: found.token } : { ...found };

    const settle = (/** @type {Endpoint} */ found) => {
        const moved = last && (last.instance !== found.instance || last.http !== found.http);
        last = found;
        for (const page of pages)
            if (page.isDestroyed()) pages.delete(page);
            else if (moved) page.send(CHANNEL.moved, shown(found));
        return found;
    };

    /** Many pages that ask at once share one search. */
    const endpoint = () => {
        searching ??= search({ timeoutMs: WAIT_MS, ...wanted })
            .then(settle)
            .finally(() => (searching = null));
        return searching;
    };

    ipcMain.handle(CHANNEL.endpoint, async (event) => {
        if (!allow(event)) throw new Error("This page may not know where the server is.");
        pages.add(event.sender);
        return shown(await endpoint());
    });
    return { endpoint, end: () => ipcMain.removeHandler(CHANNEL.endpoint) };
}
