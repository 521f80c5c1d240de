// Finds the app's own server, connects to its WebSocket and stays connected. The one file that a page
// needs:
//
//   <script src="desktop/websocket.js" data-app="assistant"></script>
//
//   sendToServer({ type: "text-input", text: "Hello" });
//   assistantSocket.addEventListener("message", (event) => show(event.detail));
//   assistantSocket.addEventListener("state", (event) => console.log(event.detail.text));
//
// A classic script without dependencies: it runs over http, from file:// and in Electron.
//
// Sets     window.ws (a WebSocket that outlives its connections), assistantSocket, sendToServer.
// Calls    window.handleMessage(message) for every message, where the page defines it.
// Order    what the page was told (window.__BERTH__, window.berth); the port file; when that fails or
//          takes over 150 ms also the page's own address, the last good one and the ports 1018-1030
//          on both loopback addresses, all at once. The first that is ours wins.
// Proof    data-key="…" names the app's public key; without it the key seen first is remembered, and
//          a server with another one is passed over.
// Limits   1.5 s a question, 5 s an upgrade, 100 messages kept while offline, 64 KiB a document.
// Errors   sendToServer throws what JSON.stringify throws; nothing else here throws at the page.

import { browserPlatform, currentPage, explainNothing, explainRefusal } from "../src/browser.js";
import { fetchPortFile, fileCandidate, ownOrigin } from "../src/browser.js";
import { BerthSocket } from "../src/connection.js";
import { backoff, customEvent } from "../src/events.js";
import { parseObject, parsePort, portOf, readHealth } from "../src/health.js";
import { LOOPBACK_HOSTS } from "../src/platform.js";
import { within } from "../src/search.js";

const FILE_HEAD_START_MS = 150;
const FILE_PATIENCE_MS = 1000;
const HISTORY_LIMIT = 300;

/** One search asks up to 28 addresses: these reports go to listeners, not to the console. */
const QUIET = new Set(["candidate", "refused", "timeout", "proved", "waiting"]);

/**
 * @typedef {import("../src/search.js").Search} Search
 * @typedef {import("../src/search.js").Candidate} Candidate
 * @typedef {import("../client.d.ts").Report} Report
 * @typedef {{name: string, level: "info"|"good"|"warn"|"bad", text: string, port?: number,
 *            url?: string, instance?: string, wait?: number, time: number}} Notice
 */

/** Where to look besides the port file, each once. @param {Search} search @param {number | null} told
 *  @returns {Candidate[]} */
export function scanPlaces({ ports, remembered }, told) {
    const last = remembered.http ? portOf(remembered.http) : null;
    const all = [told, last, ...ports].filter((port) => port !== null);
    const urls = all.flatMap((port) => LOOPBACK_HOSTS.map((host) => `http://${host}:${port}`));
    const own = ownOrigin().map(({ url }) => url);
    return [...new Set([...own, ...urls])].map((url) => ({ url }));
}

/** What to call is named as it is named here. @param {string} text */
const inPage = (text) => text.replace(/forget\(".*"\)/, "assistantSocket.forget()");

class AssistantSocket extends EventTarget {
    /** @type {Notice[]} */ history = [];
    /** @type {number | null} */ filePort = null;
    failedWith = "";

    /** @param {string} app @param {string} [publicKey] */
    constructor(app, publicKey) {
        super();
        this.app = app;
        const platform = Object.assign(browserPlatform(), { places: this.places });
        const on = (/** @type {Report} */ report) => this.follow(report);
        const options = { app, publicKey, patienceMs: FILE_PATIENCE_MS, on };
        this.ws = new BerthSocket(platform, options);
        this.ws.addEventListener("message", (/** @type {any} */ event) => this.receive(event.data));
        this.ws.addEventListener("error", (/** @type {any} */ { error }) => {
            const name = error.code === "NOT_FOUND" ? "absent" : "blocked";
            const port = this.ws.endpoint?.port;
            this.tell(name, "bad", error.message, name === "blocked" ? { port } : {});
        });
    }

    get connected() {
        return this.ws.readyState === 1;
    }

    /** The server that the port file names comes before one that is quicker: several of one app may
     *  run. @param {unknown} _options @param {Search} search
     *  @returns {import("../src/search.js").Place[]} */
    places = (_options, search) => {
        this.filePort = null;
        const fromFile = (/** @type {AbortSignal} */ signal) => this.readPortFile(search, signal);
        const fromScan = () => scanPlaces(search, this.filePort);
        return [
            { source: "port-file", after: 0, candidates: fromFile },
            { source: "range", after: FILE_HEAD_START_MS, candidates: fromScan },
        ];
    };

    /** @param {Search} search @param {AbortSignal} outer @returns {Promise<Candidate[]>} */
    async readPortFile(search, outer) {
        try {
            const port = await within(outer, search.attemptMs, fetchPortFile);
            this.filePort = port;
            this.tell("file", "info", `Found server port from file: ${port}`, { port });
            return [fileCandidate(port)];
        } catch (error) {
            if (outer.aborted) return [];
            const { message } = /** @type {Error} */ (error);
            this.tell("file", "info", `Could not read port file: ${message}`);
            return [];
        }
    }

    /** Every notice goes out twice: under its own name and as "state".
     *  @param {string} name @param {Notice["level"]} level @param {string} text
     *  @param {Partial<Notice>} [more] */
    tell(name, level, text, more = {}) {
        /** @type {Notice} */
        const detail = { ...more, name, level, text, time: Date.now() };
        if (!QUIET.has(name)) console.log(`[WEBSOCKET PORT FIX] ${text}`);
        this.history.push(detail);
        if (this.history.length > HISTORY_LIMIT) this.history.shift();
        this.dispatchEvent(customEvent(name, detail));
        this.dispatchEvent(customEvent("state", detail));
    }

    /** The client's reports, in the words of this page. @param {Report} report */
    follow({ type, text, url, port, wait, endpoint, from }) {
        const facts = { port, url, wait, instance: endpoint?.instance };
        if (type === "searching")
            this.tell(type, "info", "Starting WebSocket connection process...");
        else if (type === "connecting") this.followDial(facts, endpoint?.http ?? "", text);
        else if (type === "connected")
            this.tell(type, "good", `WebSocket connected successfully to port ${port}`, facts);
        else if (type === "stranger")
            this.tell(
                type,
                "warn",
                `Port ${port} answers, but is not our server (${inPage(text)}): skipped`,
                facts,
            );
        else if (type === "moved") {
            const before = portOf(from?.http ?? "");
            const moved = `This is a new server: it was on port ${before}, now ${port}.`;
            this.tell(type, "info", moved, facts);
        } else if (type === "lost") this.tell(type, "warn", text, facts);
        else if (type === "waiting" || type === "proved" || type === "candidate")
            this.tell(type, "info", text, facts);
        else this.tell(type, "info", `${url}: ${text}`, facts);
    }

    /** @param {Partial<Notice>} facts @param {string} http @param {string} text */
    followDial(facts, http, text) {
        const source = portOf(http) === this.filePort ? "from file" : "by scan";
        const address = text.slice(text.indexOf("ws"));
        this.tell("verified", "info", `Verified server on port ${facts.port} ${source}`, facts);
        this.tell("connecting", "info", `Attempting WebSocket connection to ${address}`, facts);
    }

    /** @param {unknown} data */
    receive(data) {
        const detail = typeof data === "string" ? parseObject(data) : null;
        if (!detail)
            return this.tell(
                "unreadable",
                "warn",
                "A message came that is no JSON object: left out.",
            );
        this.dispatchEvent(customEvent("message", detail));
        try {
            /** @type {any} */ (globalThis).handleMessage?.(detail);
        } catch (error) {
            console.error(error);
        }
    }

    /** Sends now, or keeps it for the next connection; false when nothing more can be kept.
     *  @param {unknown} message */
    send(message) {
        const text = JSON.stringify(message);
        try {
            this.ws.send(text);
            return true;
        } catch (error) {
            this.tell("full", "bad", `Not sent: ${/** @type {Error} */ (error).message}`);
            return false;
        }
    }

    wake() {
        this.ws.wake();
    }

    /** Believes the next server, whatever key it holds: for an app that was installed anew. */
    forget() {
        browserPlatform().save(this.app, null, { app: this.app });
        this.wake();
    }

    stop() {
        this.ws.close();
    }
}

/** The page's own policy may forbid what the search asks: the browser tells only the page.
 *  @param {AssistantSocket} socket @param {Document} document */
function followPolicy(socket, document) {
    document.addEventListener("securitypolicyviolation", (event) => {
        if (!/^(connect|default)-src/.test(event.violatedDirective)) return;
        const text = `This page's Content-Security-Policy (${event.violatedDirective}) forbids ${event.blockedURI}: add it to connect-src.`;
        socket.tell("blocked", "bad", text);
    });
}

function start(/** @type {any} */ page) {
    const { app, key } = page.document.currentScript?.dataset ?? {};
    const socket = new AssistantSocket(app ?? page.BERTH_APP ?? "assistant", key);
    page.assistantSocket = socket;
    page.ws = socket.ws;
    page.sendToServer = (/** @type {unknown} */ message) => socket.send(message);
    followPolicy(socket, page.document);
}

Object.assign(globalThis, {
    BerthAssistant: {
        AssistantSocket,
        backoff,
        currentPage,
        explainNothing,
        explainRefusal,
        parsePort,
        readHealth,
        scanPlaces,
    },
});
if (/** @type {any} */ (globalThis).document) start(globalThis);
