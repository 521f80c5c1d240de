// @berth/client for Node 18.15 and later: the same functions, and this user's files as places to look.
//
//     import { connect } from "@berth/client";
//     const socket = connect({ app: "assistant" });

import { webcrypto } from "node:crypto";
import { setMaxListeners } from "node:events";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { NodeWebSocket } from "./node-websocket.js";
import {
    loadMemory,
    readKeys,
    readPortFile,
    readRecords,
    runtimeDir,
    saveMemory,
} from "./node-records.js";
import { BerthError, BerthSocket, createClient } from "./src/client.js";
import { DOCUMENT_LIMIT, refusal } from "./src/health.js";
import { commonPlaces, originOf } from "./src/platform.js";

const HEARTBEAT_MS = 15_000;
const WATCH_MS = 1000;
const RANGE_LATER_MS = 300;

/** What a failed request means. @param {NodeJS.ErrnoException} error @param {AbortSignal} signal */
function failure({ code = "" }, signal) {
    if (signal.aborted || code === "ETIMEDOUT") return refusal("timeout", "no answer in time");
    if (code === "ECONNREFUSED") return refusal("refused", "nobody answers there");
    if (code.startsWith("HPE_")) return refusal("stranger", "it does not speak HTTP");
    if (code === "ECONNRESET") return refusal("timeout", "it broke the connection off");
    return refusal("refused", `the system says ${code || "no"}`);
}

/** All candidates of a search listen to one signal; Node would take that for a leak. */
function manyListeners() {
    const controller = new AbortController();
    setMaxListeners(0, controller.signal);
    return controller;
}

/** Plain HTTP, which no proxy variable catches. Most addresses of a search have nobody: connecting
 *  comes first and alone, which costs a third of a request.
 *  @type {import("./src/platform.js").Platform["ask"]} */
function ask(url, { signal }) {
    const { hostname, port } = new URL(url);
    const host = hostname.replace(/^\[|\]$/g, "");
    return new Promise((resolve) => {
        const socket = net.connect({ host, port: Number(port || 80) });
        const end = () => socket.destroy();
        signal.addEventListener("abort", end);
        const fail = (/** @type {NodeJS.ErrnoException} */ error) =>
            resolve(failure(error, signal));
        socket.on("error", fail);
        socket.on("close", () => {
            signal.removeEventListener("abort", end);
            fail({ name: "", message: "", code: "ECONNRESET" });
        });
        socket.on("connect", () => {
            if (!isOwnEnd(socket)) return request(url, socket, resolve, fail);
            fail({ name: "", message: "", code: "ECONNREFUSED" });
            socket.resetAndDestroy(); // An ordinary end would keep the port from its server for a minute.
        });
    });
}

/** A connection to a free port of the system's own range can meet itself.
 *  @param {net.Socket} socket */
const isOwnEnd = ({ localPort, remotePort, localAddress, remoteAddress }) =>
    localPort === remotePort && localAddress === remoteAddress;

/** @param {string} url @param {net.Socket} socket
 *  @param {(answer: {status: number, text: string}) => void} resolve
 *  @param {(error: Error) => void} fail */
function request(url, socket, resolve, fail) {
    const asked = http.get(url, { createConnection: () => socket }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part) => {
            text += part;
            if (text.length > DOCUMENT_LIMIT) finish("");
        });
        response.on("error", fail);
        response.on("end", () => finish(text));
        const finish = (/** @type {string} */ document) => {
            resolve({ status: response.statusCode ?? 0, text: document });
            socket.destroy();
        };
    });
    asked.on("error", fail);
}

/** @type {import("./src/platform.js").Platform["told"]} */
async function told(options) {
    const url = originOf(process.env.BERTH_URL);
    return { candidates: url ? [{ url }] : [], ...readKeys(options) };
}

/** @type {import("./src/platform.js").Platform["places"]} */
const places = (options, search) => [
    { source: "record", after: 0, candidates: () => readRecords(options) },
    { source: "port-file", after: 0, candidates: () => readPortFile(options) },
    ...commonPlaces(search).map((place) => (search.again ? later(place) : place)),
];

/** A server that comes back says so in its record, which wakes all who wait for it: a crowd of them
 *  has no need to ask all ports meanwhile, and all at once. The first look takes no such detour.
 *  @param {import("./src/search.js").Place} place */
const later = (place) =>
    place.source === "range"
        ? { ...place, hold: true, after: place.after + Math.random() * RANGE_LATER_MS }
        : place;

/** A record that comes or changes is the best moment for a try. The folder itself may come later
 *  than this client, or be made anew: each second it is seen to that the watch is on the right one.
 *  @type {import("./src/platform.js").Platform["wakes"]} */
function wakes(wake, options) {
    const folder = path.join(runtimeDir(options), options.app);
    const watch = watchFolder(folder, wake);
    const timer = setInterval(watch.renew, WATCH_MS).unref();
    watch.renew();
    return () => {
        clearInterval(timer);
        watch.end();
    };
}

/** @param {string} folder @param {() => void} wake */
function watchFolder(folder, wake) {
    /** @type {fs.FSWatcher | undefined} */ let watcher;
    /** @type {number | undefined} */ let watched;
    const end = () => watcher?.close();
    const begin = () => {
        watcher = fs.watch(folder, { persistent: false }, (_type, name) => {
            if (name?.endsWith(".json")) wake();
        });
        watcher.on("error", end);
    };
    const renew = () => {
        const inode = fs.statSync(folder, { throwIfNoEntry: false })?.ino ?? 0;
        if (inode === watched) return;
        const isFirst = watched === undefined;
        end();
        watched = inode;
        if (inode === 0) return;
        try {
            begin();
            if (!isFirst) wake();
        } catch {
            watched = 0; // It went again, or the system has no watch left: tried again in a second.
        }
    };
    return { renew, end };
}

/** @type {import("./src/platform.js").Platform} */
const platform = {
    crypto: /** @type {Crypto} */ (webcrypto),
    controller: manyListeners,
    WebSocket: NodeWebSocket,
    heartbeatMs: HEARTBEAT_MS,
    ask,
    told,
    places,
    load: loadMemory,
    save: saveMemory,
    wakes,
    explain: async ({ app, url }) =>
        `No server of the app "${app}" answered${url ? ` at ${url}` : ""}. Start it with "berth serve".`,
    explainRefusal: ({ http: origin }) =>
        `The server at ${new URL(origin).host} is there, but refused the WebSocket. Its log says why.`,
    origin: "",
};

const { find, connect, forget } = createClient(platform);
export { BerthError, BerthSocket, connect, createClient, find, forget, NodeWebSocket };
