// A WebSocket that stays: found, proved, connected, and found again after every loss.

import { backoff, BerthError, customEvent, eventWith, pause } from "./events.js";
import { Finder, reporter } from "./finder.js";
import { within } from "./search.js";
import { Queue } from "./queue.js";

const UPGRADE_MS = 5000;
const CLOSE_MS = 5000;
const STEADY_MS = 1000;
const HEARTBEAT_ANSWER_MS = 5000;
const TICK_MS = 1000;
const SLEPT_MS = 5000;
const TOKEN_PROTOCOL = "berth.token.";
const ANSWERED_PROTOCOL = "berth.v1";

/**
 * @typedef {import("./finder.js").Found} Found
 * @typedef {import("./platform.js").Platform} Platform
 * @typedef {import("../client.d.ts").ConnectOptions} ConnectOptions
 */

/** @param {number} code @param {string} reason */
export function explainClose(code, reason) {
    if (code === 1001) return "The server said goodbye: it is stopping or starting anew.";
    if (code === 1006) return "The connection broke off without a goodbye.";
    if (code === 1009) return "A message was larger than the server takes.";
    if (code === 4408) return "This page read too slowly, so the server let it go.";
    return `The server closed the connection (${code}${reason ? `, ${reason}` : ""}).`;
}

/** The token goes where no log and no address bar shows it; and only to a server that was proved.
 *  @param {string[]} wanted @param {string | undefined} token */
function protocolsOf(wanted, token) {
    return token ? [...wanted, ANSWERED_PROTOCOL, TOKEN_PROTOCOL + token] : wanted;
}

/**
 * Has the interface of a WebSocket, with these differences: `open` comes each time that a
 * connection stands; between connections readyState is CONNECTING, and what is sent is queued;
 * `close` comes once, at the very end, and `lost` for each connection that ends before.
 */
export class BerthSocket extends EventTarget {
    static CONNECTING = 0;
    static OPEN = 1;
    static CLOSING = 2;
    static CLOSED = 3;
    CONNECTING = /** @type {const} */ (0);
    OPEN = /** @type {const} */ (1);
    CLOSING = /** @type {const} */ (2);
    CLOSED = /** @type {const} */ (3);

    /** @type {Found | null} where it is connected, or was last */ endpoint = null;
    /** @type {any} the WebSocket of the moment */ #ws = null;
    #state = 0;
    /** @type {BinaryType} */ #binaryType = "blob";
    #failures = 0;
    #slept = 0;
    #heardAt = 0;
    #closeWith = { code: 1000, reason: "" };
    /** @type {ReturnType<typeof setTimeout> | undefined} */ #closing;
    /** @type {Map<string, any>} */ #handlers = new Map();

    /** @param {Platform} platform @param {ConnectOptions} options */
    constructor(platform, options) {
        super();
        const report = reporter((detail) => this.#tell(detail), Date.now());
        this.#platform = platform;
        this.#options = options;
        this.#finder = new Finder(platform, options, report);
        this.#report = report;
        this.#queue = new Queue(options.queue);
        options.signal?.addEventListener("abort", () => this.close());
        if (options.signal?.aborted) this.close();
        this.#live();
    }

    #platform;
    #options;
    #finder;
    #report;
    #queue;

    get #heartbeatMs() {
        return this.#options.heartbeatMs ?? this.#platform.heartbeatMs;
    }

    get readyState() {
        return this.#state;
    }
    get url() {
        return this.#ws?.url ?? this.endpoint?.ws ?? "";
    }
    get protocol() {
        return this.#ws?.protocol ?? "";
    }
    get extensions() {
        return this.#ws?.extensions ?? "";
    }
    get bufferedAmount() {
        return this.#queue.bytes + (this.#ws?.bufferedAmount ?? 0);
    }
    get binaryType() {
        return this.#binaryType;
    }
    set binaryType(type) {
        this.#binaryType = type;
        if (this.#ws) this.#ws.binaryType = type;
    }

    /**
     * Sends now, or when connected again: in order, each message once at most.
     * Errors: QUEUE_FULL, CLOSED. @param {import("./queue.js").Message} data
     */
    send(data) {
        if (this.#state >= this.CLOSING) throw new BerthError("CLOSED", "This client was closed.");
        if (this.#state === this.OPEN) this.#ws.send(data);
        else this.#queue.put(data);
    }

    /** Ends it for good; `close` is the last event. What is queued is dropped. Twice is once. */
    close(code = 1000, reason = "") {
        if (this.#state >= this.CLOSING) return;
        this.#ws?.close(code, reason);
        this.#closeWith = { code, reason };
        this.#state = this.CLOSING;
        if (this.#ws) this.#closing = setTimeout(this.#drop, CLOSE_MS);
        this.#finder.call();
    }

    /** Tries at once instead of waiting: the program knows that the network is back. */
    wake() {
        this.#finder.call();
    }

    /* ---- Events ---- */

    /** The stream of reports: to the listeners of each type, and to `on`. @param {any} detail */
    #tell(detail) {
        this.#options.on?.(detail);
        this.#emit(customEvent(detail.type, detail));
    }

    /** @param {Event} event */
    #emit(event) {
        this.dispatchEvent(event);
    }

    /** @param {string} type @param {any} handler */
    #handle(type, handler) {
        const before = this.#handlers.get(type);
        if (before) this.removeEventListener(type, before);
        this.#handlers.delete(type);
        if (typeof handler !== "function") return;
        this.#handlers.set(type, handler);
        this.addEventListener(type, handler);
    }
    get onopen() {
        return this.#handlers.get("open") ?? null;
    }
    set onopen(handler) {
        this.#handle("open", handler);
    }
    get onmessage() {
        return this.#handlers.get("message") ?? null;
    }
    set onmessage(handler) {
        this.#handle("message", handler);
    }
    get onclose() {
        return this.#handlers.get("close") ?? null;
    }
    set onclose(handler) {
        this.#handle("close", handler);
    }
    get onerror() {
        return this.#handlers.get("error") ?? null;
    }
    set onerror(handler) {
        this.#handle("error", handler);
    }

    /* ---- The life ---- */

    async #live() {
        await null; // The caller adds its listeners first.
        const unhook = this.#platform.wakes(() => this.#roused(), this.#options);
        const timer = setInterval(() => this.#tick(), TICK_MS);
        this.#slept = Date.now();
        while (this.#state < this.CLOSING) {
            const ended = await this.#attempt();
            if (this.#state >= this.CLOSING || (ended && this.#options.once)) break;
            if (!this.#finder.called) await this.#rest();
        }
        clearInterval(timer);
        clearTimeout(this.#closing);
        unhook();
        this.#queue.take();
        this.#state = this.CLOSED;
        const { code, reason } = this.#closeWith;
        this.#emit(eventWith("close", { code, reason, wasClean: code !== 1006 }));
    }

    /** One search, and the connection that it leads to; true when there was one. */
    async #attempt() {
        this.#report("searching", { text: `Looking for the server of "${this.#options.app}".` });
        try {
            const found = await this.#finder.look();
            if (this.#state >= this.CLOSING || this.#finder.called) return false;
            if (!found) return await this.#failed();
            await this.#converse(found);
            return true;
        } catch (error) {
            this.#fail(/** @type {BerthError} */ (error));
            return false;
        }
    }

    async #failed() {
        if (this.#finder.starting) {
            this.#failures = Math.min(this.#failures, 2);
            return false;
        }
        const text = await this.#platform.explain(this.#finder.searchWith({}));
        throw new BerthError("NOT_FOUND", text);
    }

    /** @param {BerthError} error */
    #fail(error) {
        if (this.#state < this.CLOSING) this.#emit(eventWith("error", { error }));
    }

    /** From the upgrade to the end of the connection. @param {Found} found */
    async #converse(found) {
        const before = this.endpoint;
        this.endpoint = found;
        const address = this.#addressOf(found);
        const { source, http, port, verdict } = found;
        const facts = { source, url: http, port, verdict, endpoint: found };
        this.#report("connecting", { ...facts, text: `Connecting to ${address}` });
        let openedAt = 0;
        const { code, reason } = await this.#dial(address, found, () => {
            openedAt = Date.now();
            this.#stand(facts);
        });
        this.#ws = null;
        if (!openedAt) throw new BerthError("REFUSED", this.#platform.explainRefusal(found));
        const fresh = before?.instance !== found.instance;
        if (fresh || Date.now() - openedAt >= STEADY_MS) this.#failures = 0;
        if (this.#state >= this.CLOSING) return;
        this.#state = this.CONNECTING;
        if (this.#options.once) this.#closeWith = { code, reason };
        this.#report("lost", { ...facts, code, text: explainClose(code, reason) });
    }

    /** @param {Found} found */
    #addressOf(found) {
        const { path } = this.#options;
        if (path) return new URL(path, found.http.replace(/^http/, "ws")).href;
        if (found.ws) return found.ws;
        throw new BerthError("NO_ROUTE", `The server at ${found.http} has no WebSocket route.`);
    }

    /** Dials, and gives how it ended. @param {string} address @param {Found} found
     *  @param {() => void} onOpen @returns {Promise<{code: number, reason: string}>} */
    #dial(address, found, onOpen) {
        const { protocols = [] } = this.#options;
        const wanted = protocolsOf([protocols].flat(), found.token);
        // Where the platform's WebSocket can, it has a server whose key is known prove itself once
        // more on the very connection: the port may have changed hands since it was found. A page's
        // cannot, and ignores what it is given.
        const proving = found.publicKey ? found : undefined;
        const ws = new this.#platform.WebSocket(address, wanted, proving);
        ws.binaryType = this.#binaryType;
        this.#ws = ws;
        this.#heard();
        ws.addEventListener("pong", () => this.#heard());
        ws.addEventListener("message", (/** @type {MessageEvent} */ { data, origin }) => {
            this.#heard();
            if (this.#ws === ws) this.#emit(new MessageEvent("message", { data, origin }));
        });
        return new Promise((resolve) => {
            this.#drop = () => {
                ws.close();
                resolve({ code: 1006, reason: "" });
            };
            const timer = setTimeout(this.#drop, UPGRADE_MS);
            ws.addEventListener("open", () => {
                clearTimeout(timer);
                if (this.#ws === ws) onOpen();
            });
            ws.addEventListener("close", (/** @type {CloseEvent} */ event) => {
                clearTimeout(timer);
                resolve(event);
            });
        });
    }

    /** Gives up a connection without waiting for its closing handshake, which may never come. */
    #drop = () => {};

    #heard() {
        this.#heardAt = Date.now();
    }

    /** The connection stands: say so, and send what waited. @param {any} facts */
    #stand(facts) {
        if (this.#state >= this.CLOSING) return;
        this.#state = this.OPEN;
        this.#report("connected", { ...facts, text: `Connected to ${this.#ws.url}` });
        for (const message of this.#queue.take()) this.#ws.send(message);
        this.#emit(new Event("open"));
    }

    /* ---- Waiting and waking ---- */

    /** Waits out the back-off, or until something makes a try worth while. */
    async #rest() {
        const wait = Math.round(backoff(this.#failures++, Math.random()));
        const when = wait < 100 ? "at once" : `in ${(wait / 1000).toFixed(1)} s`;
        this.#report("waiting", { wait, text: `Trying again ${when}.` });
        await this.#finder.rest(wait);
    }

    /** The page is looked at again, the network or the machine is back. */
    #roused() {
        this.#finder.call();
        this.#check();
    }

    /** A gap between two ticks is a sleep of the machine; a long silence may be a dead socket. */
    #tick() {
        const now = Date.now();
        const gap = now - this.#slept - TICK_MS;
        this.#slept = now;
        if (gap > SLEPT_MS) this.#roused();
        else if (now - this.#heardAt >= this.#heartbeatMs) this.#check();
    }

    #checking = false;

    /** Is the server behind this socket still the same, and alive? If not, it is let go at once. */
    async #check() {
        const ws = this.#ws;
        if (this.#state !== this.OPEN || this.#checking) return;
        this.#checking = true;
        const alive = await (ws.ping ? this.#pinged(ws) : this.#asked()).catch(() => false);
        this.#checking = false;
        if (ws !== this.#ws || this.#state !== this.OPEN) return;
        if (alive) this.#heard();
        else this.#drop();
    }

    /** Anything that comes is an answer, in whatever millisecond it does.
     *  @param {any} ws @returns {Promise<boolean>} */
    async #pinged(ws) {
        const answerMs = Math.min(HEARTBEAT_ANSWER_MS, this.#heartbeatMs);
        const done = new AbortController(); // ends listeners and timer: a quiet line has many pings
        const { signal } = done;
        const answer = new Promise((resolve) => {
            for (const type of ["pong", "message"])
                ws.addEventListener(type, () => resolve(true), { signal });
            ws.ping();
        });
        const alive = await Promise.race([answer, pause(answerMs, signal).then(() => false)]);
        done.abort();
        return alive;
    }

    /** Pages cannot ping: the health document is asked instead, by the same address. */
    async #asked() {
        const { http, instance } = /** @type {Found} */ (this.endpoint);
        const { ask } = this.#platform;
        const { signal } = new AbortController();
        const answer = await within(signal, HEARTBEAT_ANSWER_MS, (inner) =>
            ask(`${http}/health`, { signal: inner, silent: new Set([http]) }),
        );
        return "text" in answer && answer.text.includes(`"${instance}"`);
    }
}
