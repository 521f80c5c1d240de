/**
 * Finds the app's own server, proves that it is the right one, connects to its WebSocket and stays
 * connected: over restarts, over moves to another port, over the sleep of the machine.
 *
 *     import { connect } from "@berth/client";
 *
 *     const socket = connect({ app: "assistant" });
 *     socket.addEventListener("message", (event) => show(event.data));
 *     socket.send("hello");
 *
 * Order    told (`url`, BERTH_URL, window.__BERTH__, the bridge window.berth); the page's own
 *          origin, when it is http on loopback, or this user's records (Node); the port file; the
 *          last good address; the ports 1018-1030 on 127.0.0.1 and ::1. All within tens of
 *          milliseconds; the first that proves to be ours wins.
 * Limits   1.5 s and 64 KiB an answer, 5 s an upgrade, 100 messages and 1 MiB kept while offline.
 */

/**
 * How sure it is that this is the right server.
 *
 * - `proved`: it holds the app's key: given by the caller, by what injected it into the page, by a
 *   record or the identity of this user (Node)
 * - `pinned`: it holds the key that was seen first, and remembered
 * - `named`: it says the app's name, and its key, if any, is seen for the first time; also the most
 *   that can be had where WebCrypto has no Ed25519 (Chromium before 137, pages that are not secure)
 *
 * A server whose key is another than the known one is a stranger, whatever `least` says.
 */
export type Verdict = "named" | "pinned" | "proved";

export type Source = "told" | "origin" | "record" | "port-file" | "remembered" | "range";

export interface Endpoint {
    app: string;
    /** Unique to one run of the server. */
    instance: string;
    version: string;
    port: number;
    /** "http://127.0.0.1:1018" */
    http: string;
    /** "ws://127.0.0.1:1018/client-ws"; null when it has no WebSocket route. */
    ws: string | null;
    verdict: Verdict;
    source: Source;
    /** The key that it has proved to hold, base64url without padding. */
    publicKey: string | null;
    /** Only after a proof. Not enumerable: JSON.stringify and structured clone leave it behind. */
    readonly token?: string;
}

/**
 * What is reported on the way; the first nine are the C side's words.
 *
 * - `candidate`: asked. `refused`: nobody listens. `timeout`: no answer in time, or a reset.
 * - `stranger`: an answer, and not our server's; `text` says what is wrong.
 * - `starting`: ours, not ready yet. `proved`: ours; `verdict` says how surely.
 * - `connected`: a WebSocket to it is open. `lost`: that connection is gone.
 * - `moved`: ours, but another instance or address than before; comes before `open`.
 * - `searching`, `connecting`, `waiting`: what a lasting connection is doing.
 */
export type ReportType =
    | "candidate"
    | "refused"
    | "timeout"
    | "stranger"
    | "starting"
    | "proved"
    | "connected"
    | "lost"
    | "moved"
    | "searching"
    | "connecting"
    | "waiting";

export interface Report {
    type: ReportType;
    /** A sentence for people. */
    text: string;
    /** Unix time in milliseconds, and milliseconds since the search or the client began. */
    time: number;
    elapsedMs: number;
    source?: Source;
    /** The address that was asked: "http://127.0.0.1:1018". */
    url?: string;
    port?: number;
    verdict?: Verdict;
    /** `connecting`, `connected`, `lost` */
    endpoint?: Endpoint;
    /** `lost` */
    code?: number;
    /** `waiting`: how long */
    wait?: number;
    /** `moved` */
    from?: { http: string; instance: string };
    to?: Endpoint;
}

export interface FindOptions {
    /** The APP of conf.yaml. */
    app: string;
    /** The least verdict that is accepted. By default `proved` where the app's key is known, or is in
     *  a file of this user's that cannot be read, `pinned` where one was seen before, else `named`. */
    least?: Verdict;
    /** The app's public key, base64url without padding. */
    publicKey?: string;
    /** Only this one is asked. */
    url?: string;
    /** This instance only. */
    instance?: string;
    /** Ports to ask on both loopback addresses; 1018-1030 by default, [] for none. */
    ports?: number[];
    /** Go on looking until then; 0, the default, looks once. */
    timeoutMs?: number;
    /** How long one candidate may take; 1500. */
    attemptMs?: number;
    /** How long an answer waits for nearer places that have not answered yet; 100. */
    patienceMs?: number;
    signal?: AbortSignal;
    on?: (report: Report) => void;
    /** Shown to the server, in a WebSocket subprotocol, once it is proved; raises `least` to `proved`. */
    token?: string;
    /** Node: the path of the port file. */
    portFile?: string;
    /** Node: where records are; by default $XDG_RUNTIME_DIR/berth, else /tmp/berth-<uid>. */
    runtimeDir?: string;
    /** Node: where identities are; by default $XDG_STATE_HOME/berth, else ~/.local/state/berth. */
    stateDir?: string;
}

export interface ConnectOptions extends Omit<FindOptions, "timeoutMs"> {
    /** Another route than the one that the server publishes. */
    path?: string;
    protocols?: string | string[];
    /** What is kept while offline; 100 messages and 1 MiB by default. Beyond that, send() throws. */
    queue?: { messages?: number; bytes?: number };
    /**
     * How long a connection may be silent before it is asked; 30000 in pages, 15000 in Node. Node
     * sends a ping. Pages cannot, so /health of the same address is fetched: a server that answers
     * as the same instance is alive. No answer within 5 s, and the connection is dropped.
     */
    heartbeatMs?: number;
    /** Do not come back after a loss. */
    once?: boolean;
}

/** A stray error of this client; `code` is what to tell it by. */
export class BerthError extends Error {
    constructor(code: ErrorCode, message: string);
    code: ErrorCode;
}

/**
 * - `NOT_FOUND`: nobody answered, or only strangers
 * - `TIMEOUT`: ours is there, but was not ready in time
 * - `INVALID`: an option is not valid; the message says which
 * - `NO_ROUTE`: ours is there, and has no WebSocket route
 * - `REFUSED`: ours is there, and refused the WebSocket
 * - `QUEUE_FULL`: no more can be kept until the server is back
 * - `CLOSED`: close() was called
 * - `ABORTED`: the caller's signal ended it
 */
export type ErrorCode =
    | "NOT_FOUND"
    | "TIMEOUT"
    | "INVALID"
    | "NO_ROUTE"
    | "REFUSED"
    | "QUEUE_FULL"
    | "CLOSED"
    | "ABORTED";

/**
 * A WebSocket that stays. It has the interface of one, with these differences:
 *
 * - `open` comes each time that a connection stands
 * - between connections readyState is CONNECTING, and what is sent is queued
 * - `lost` comes for a connection that ends, `close` once, after close(), or with `once` after a loss
 * - `error` comes for each try that failed; its `error` is a BerthError. It goes on trying
 *
 * Each report comes as a CustomEvent too, under its type, with the Report as `detail`.
 */
export class BerthSocket extends EventTarget {
    private constructor();
    static readonly CONNECTING: 0;
    static readonly OPEN: 1;
    static readonly CLOSING: 2;
    static readonly CLOSED: 3;
    readonly CONNECTING: 0;
    readonly OPEN: 1;
    readonly CLOSING: 2;
    readonly CLOSED: 3;
    readonly readyState: number;
    readonly url: string;
    readonly protocol: string;
    readonly extensions: string;
    /** Bytes that wait here, and that the WebSocket of the moment has not sent yet. */
    readonly bufferedAmount: number;
    binaryType: BinaryType;
    /** Where it is connected, or was last; null before the first time. */
    readonly endpoint: Endpoint | null;
    onopen: ((event: Event) => void) | null;
    onmessage: ((event: MessageEvent) => void) | null;
    onclose: ((event: CloseEvent) => void) | null;
    onerror: ((event: Event & { error?: BerthError }) => void) | null;

    /**
     * Sends now, or when connected again: in order, each message once at most. A message that was
     * sent when the connection broke may be lost.
     *
     * Errors: BerthError QUEUE_FULL, when more would wait than agreed; CLOSED, after close().
     */
    send(data: string | ArrayBuffer | ArrayBufferView | Blob): void;

    /**
     * Ends it for good; `close` is the last event. What is queued is dropped. Twice is once.
     *
     * Errors: InvalidAccessError for a code that is neither 1000 nor 3000-4999, while connected.
     */
    close(code?: number, reason?: string): void;

    /** Tries at once instead of waiting: the program knows that the server is back. Errors: none. */
    wake(): void;

    addEventListener(
        type: ReportType,
        listener: (event: CustomEvent<Report>) => void,
        options?: boolean | AddEventListenerOptions,
    ): void;
    addEventListener(
        type: "message",
        listener: (event: MessageEvent) => void,
        options?: boolean | AddEventListenerOptions,
    ): void;
    addEventListener(
        type: string,
        listener: EventListenerOrEventListenerObject | null,
        options?: boolean | AddEventListenerOptions,
    ): void;
}

/**
 * Finds the app's server.
 *
 * Errors: BerthError NOT_FOUND, TIMEOUT, INVALID, ABORTED; as a rejection.
 */
export function find(options: FindOptions): Promise<Endpoint>;

/**
 * Connects to the app's server, and stays connected.
 *
 * Errors: BerthError INVALID. All else comes as `error` events, and it goes on trying.
 */
export function connect(options: ConnectOptions): BerthSocket;

/**
 * Forgets the last good address and the key that was seen first: for an app that was installed anew,
 * and has another key now.
 *
 * Errors: none.
 */
export function forget(app: string, options?: Pick<FindOptions, "stateDir">): void;

/** The same three functions on a platform of your own (src/platform.js says what it needs). */
export function createClient(platform: object): {
    find: typeof find;
    connect: typeof connect;
    forget: typeof forget;
};
