// Is this answer to GET /health our server's? What a stranger sends is judged here, word by word.

import { isPublicKey, verifyProof } from "./proof.js";

export const DOCUMENT_LIMIT = 65536;
const SHOWN_MAX = 40;

/**
 * @typedef {"named" | "pinned" | "proved"} VerdictName
 * @typedef {{app: string, instance: string, version: string, port: number, http: string,
 *            ws: string | null, publicKey: string | null}} Ours
 * @typedef {{ours: Ours, verdict: VerdictName, text: string}} Accepted
 * @typedef {{ours: null, name: "stranger" | "starting" | "refused" | "timeout", text: string}} Refused
 * @typedef {{app: string, instance?: string, trusted: string[], pinned?: string,
 *            least: VerdictName | null}} Wanted
 */

const RANKS = { named: 1, pinned: 2, proved: 3 };

/** @param {Refused["name"]} name @param {string} text @returns {Refused} */
export const refusal = (name, text) => ({ ours: null, name, text });

const stranger = (/** @type {string} */ text) => refusal("stranger", text);
const shortened = (/** @type {unknown} */ value) => String(value).slice(0, SHOWN_MAX);

/** @param {string} hostname */
export function isLoopback(hostname) {
    return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** A port and nothing else: an error page or half a file is no port. @param {string} text */
export function parsePort(text) {
    const port = /^\s*\d{1,5}\s*$/.test(text) ? Number(text) : 0;
    return port >= 1 && port <= 65535 ? port : null;
}

/** @param {unknown} text @returns {any} the object that the text is, or null */
export function parseObject(text) {
    try {
        const value = JSON.parse(String(text));
        return typeof value === "object" && !Array.isArray(value) ? value : null;
    } catch {
        return null;
    }
}

/** @param {string} origin */
export function portOf(origin) {
    const { port, protocol } = new URL(origin);
    return Number(port || (protocol === "https:" ? 443 : 80));
}

/** The WebSocket path that a document names, or null when it leads off this machine.
 *  @param {unknown} ws @param {string} askedHostname */
function socketPath(ws, askedHostname) {
    try {
        const url = new URL(String(ws));
        const here = isLoopback(url.hostname) || url.hostname === askedHostname;
        return /^wss?:$/.test(url.protocol) && here ? url.pathname + url.search : null;
    } catch {
        return null;
    }
}

/**
 * Reads the document: whose is it, and is it ready? A status alone proves nothing.
 * @param {number} status @param {string} body @param {string} origin where it was asked
 * @param {{app: string, instance?: string}} wanted
 * @returns {{ours: Ours, state: string, proof: unknown} | Refused}
 */
export function readHealth(status, body, origin, wanted) {
    const health = parseObject(body);
    if (!health) return stranger(`it answered ${status} with something that is no health document`);
    if (typeof health.app !== "string") return stranger("its health document names no app");
    if (health.app !== wanted.app)
        return stranger(`it is the app "${shortened(health.app)}", not "${wanted.app}"`);
    const port = portOf(origin);
    if (health.port !== port) return stranger(`it says that it is on port ${Number(health.port)}`);
    const { instance, state, version } = health;
    if (typeof instance !== "string" || !["starting", "ready", "draining"].includes(state))
        return stranger(`it answered ${status}, not ready`);
    if (wanted.instance && instance !== wanted.instance)
        return stranger(`it is the instance "${shortened(instance)}", another one than wanted`);
    if (state === "ready" && status !== 200) return stranger(`it answered ${status}, not ready`);
    const { host, hostname, protocol } = new URL(origin);
    const path = health.ws ? socketPath(health.ws, hostname) : "";
    if (path === null) return stranger("its WebSocket address is not on this machine");
    const ws = path ? `${protocol.replace("http", "ws")}//${host}${path}` : null;
    const publicKey = isPublicKey(health.public_key) ? health.public_key : null;
    const ours = { app: wanted.app, instance, version: String(version ?? ""), port };
    return { ours: { ...ours, http: origin, ws, publicKey }, state, proof: health.proof };
}

/**
 * How sure is it that this is ours? Nothing that an answer says lifts its verdict, but a signature
 * over this very question. A key that was given outranks one that was seen.
 * @param {Ours} ours @param {unknown} proof @param {Uint8Array} challenge @param {Wanted} wanted
 * @param {Crypto | undefined} crypto @returns {Promise<Accepted | Refused>}
 */
export async function judgeIdentity(ours, proof, challenge, wanted, crypto) {
    const { trusted, pinned } = wanted;
    const known = trusted.length > 0 ? trusted : pinned ? [pinned] : [];
    const accept = (/** @type {VerdictName} */ verdict, /** @type {string} */ text) =>
        accepted(ours, verdict, text, wanted);
    if (known.length === 0 && !ours.publicKey)
        return accept("named", "it has the app's name and no key");
    if (!ours.publicKey) return stranger("it shows no key, and the app is known to have one");
    if (known.length > 0 && !known.includes(ours.publicKey)) return stranger(otherKey(wanted));
    const claim = { app: ours.app, instance: ours.instance, port: ours.port, challenge };
    const proved = await verifyProof(crypto, ours.publicKey, claim, proof);
    if (proved === null) {
        const text = "this platform cannot check Ed25519 signatures";
        return accepted({ ...ours, publicKey: null }, "named", text, wanted);
    }
    if (!proved) return stranger("it could not prove that it holds the app's key");
    if (trusted.length > 0) return accept("proved", "it holds the app's key");
    if (pinned) return accept("pinned", "it holds the key that was seen here first");
    return accept("named", "it holds the key that it shows, seen here for the first time");
}

/** @param {Wanted} wanted */
function otherKey({ trusted, app }) {
    if (trusted.length > 0) return "it holds another key than the app's";
    return (
        `it holds another key than the server of "${app}" that was seen here first; ` +
        `if the app was installed anew, call forget("${app}")`
    );
}

/** What is asked for when the caller leaves it open. @param {Wanted} wanted @returns {VerdictName} */
function leastOf({ least, trusted, pinned }) {
    return least ?? (trusted.length > 0 ? "proved" : pinned ? "pinned" : "named");
}

/** @param {Ours} ours @param {VerdictName} verdict @param {string} text @param {Wanted} wanted
 *  @returns {Accepted | Refused} */
function accepted(ours, verdict, text, wanted) {
    const least = leastOf(wanted);
    if (RANKS[verdict] >= RANKS[least]) return { ours, verdict, text };
    return stranger(`it is only ${verdict} (${text}), and at least ${least} is asked for`);
}
