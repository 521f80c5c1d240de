// The platform of a page: over http, from file://, in a frame, in an Electron renderer.

import { pause } from "./events.js";
import { DOCUMENT_LIMIT, isLoopback, parseObject, parsePort, refusal } from "./health.js";
import { commonPlaces, LOOPBACK_HOSTS, originOf } from "./platform.js";
import { isPublicKey } from "./proof.js";

/** @typedef {import("./search.js").Search} Search */

/** @type {any} */
const root = globalThis;
const QUESTION = { cache: "no-store", credentials: "omit", redirect: "error" };
const PORT_FILE = "/server_port.txt";
const BRIDGE_MS = 3000;
const STORED_AS = "berth.";

const isWeb = (/** @type {string} */ protocol) => /^https?:$/.test(protocol);
const pageLocation = () => root.location ?? { protocol: "", hostname: "", host: "" };

/* ---- Asking ---- */

/** Reads no more than a document may have: a stranger may send without end.
 *  @param {Response} response */
export async function readText(response) {
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    let text = "";
    while (reader && text.length <= DOCUMENT_LIMIT) {
        const { done, value } = await reader.read();
        if (done) return text;
        text += decoder.decode(value, { stream: true });
    }
    reader?.cancel().catch(() => {});
    return "";
}

/** @type {import("./platform.js").Platform["ask"]} */
async function ask(url, { signal, silent }) {
    try {
        const response = await root.fetch(url, { ...QUESTION, signal });
        return { status: response.status, text: await readText(response) };
    } catch {
        if (signal.aborted) return refusal("timeout", "no answer in time");
        if (await answersAtAll(url, signal, silent))
            return refusal("stranger", "it lets this page read nothing");
        if (signal.aborted) return refusal("timeout", "no answer in time");
        return refusal("refused", "nobody answers there");
    }
}

/** A failed fetch looks the same for a closed port and for a stranger who lets nobody read.
 *  @param {string} url @param {AbortSignal} signal @param {Set<string>} silent */
async function answersAtAll(url, signal, silent) {
    const { origin } = new URL(url);
    if (silent.has(origin)) return false;
    try {
        const { redirect, ...question } = QUESTION;
        await root.fetch(`${origin}/health`, { ...question, mode: "no-cors", signal });
        return true;
    } catch {
        silent.add(origin); // Asked once: each failed fetch is a red line in the console.
        return false;
    }
}

/* ---- Places ---- */

/** An injected window.__BERTH__, and the desktop bridge window.berth.
 *  @returns {Promise<import("./platform.js").Told>} */
async function told() {
    const sources = [root.__BERTH__, await bridged()].filter((source) => source);
    const urls = sources.map(({ url, http }) => originOf(url ?? http));
    return {
        publicKeys: sources.map(({ publicKey }) => publicKey).filter(isPublicKey),
        token: sources.map(({ token }) => token).find(Boolean),
        candidates: urls.flatMap((url) => (url ? [{ url }] : [])),
    };
}

async function bridged() {
    if (typeof root.berth?.endpoint !== "function") return null;
    const answer = Promise.resolve(root.berth.endpoint()).catch(() => null);
    return Promise.race([answer, pause(BRIDGE_MS).then(() => null)]);
}

/** The page's own address, when it is http on this machine.
 *  @returns {import("./search.js").Candidate[]} */
export function ownOrigin() {
    const { protocol, hostname, host } = pageLocation();
    return isWeb(protocol) && isLoopback(hostname) ? [{ url: `${protocol}//${host}` }] : [];
}

/** The port that the page's own server names, or the reason why there is none.
 *  @param {AbortSignal} signal @returns {Promise<number>} */
export async function fetchPortFile(signal) {
    const { protocol } = pageLocation();
    if (!isWeb(protocol))
        throw new Error(`the browser forbids it to a page opened from ${protocol}//`);
    const response = await root.fetch(PORT_FILE, { ...QUESTION, signal });
    if (!response.ok) throw new Error(`the page's server answered ${response.status}`);
    const port = parsePort(await readText(response));
    if (port === null) throw new Error("it holds no port number");
    return port;
}

/** @param {number} port */
export function fileCandidate(port) {
    const { protocol, hostname } = pageLocation();
    const host = protocol === "http:" && isLoopback(hostname) ? hostname : LOOPBACK_HOSTS[0];
    return { url: `http://${host}:${port}` };
}

/** @param {AbortSignal} signal @returns {Promise<import("./search.js").Candidate[]>} */
async function fromPortFile(signal) {
    if (!isWeb(pageLocation().protocol)) return [];
    return fetchPortFile(signal).then(
        (port) => [fileCandidate(port)],
        () => [],
    );
}

/** @param {unknown} _options @param {Search} search @returns {import("./search.js").Place[]} */
function places(_options, search) {
    return [
        { source: "origin", after: 0, candidates: ownOrigin },
        { source: "port-file", after: 0, candidates: fromPortFile },
        ...commonPlaces(search),
    ];
}

/* ---- Memory ---- */

/** @param {string} app */
function load(app) {
    try {
        const { publicKey, http } = parseObject(root.localStorage.getItem(STORED_AS + app)) ?? {};
        return {
            publicKey: isPublicKey(publicKey) ? publicKey : undefined,
            http: originOf(http) ?? undefined,
        };
    } catch {
        return {}; // A page without storage: nothing is remembered.
    }
}

/** @param {string} app @param {object | null} remembered */
function save(app, remembered) {
    try {
        if (remembered) root.localStorage.setItem(STORED_AS + app, JSON.stringify(remembered));
        else root.localStorage.removeItem(STORED_AS + app);
    } catch {
        return; // As above; or it is full.
    }
}

/* ---- Waking ---- */

/** @param {() => void} wake */
function wakes(wake) {
    const onVisible = () => root.document.visibilityState === "visible" && wake();
    // A page that is shown for the first time has only begun to look.
    const onShow = (/** @type {PageTransitionEvent} */ { persisted }) => persisted && wake();
    root.addEventListener?.("online", wake);
    root.addEventListener?.("pageshow", onShow);
    root.document?.addEventListener("visibilitychange", onVisible);
    const unhook = root.berth?.onMoved?.(wake);
    return () => {
        unhook?.();
        root.removeEventListener?.("online", wake);
        root.removeEventListener?.("pageshow", onShow);
        root.document?.removeEventListener("visibilitychange", onVisible);
    };
}

/* ---- Reasons ---- */

/** What the browser says about this page and the machine's own network, where it has a say. */
async function networkPermission() {
    for (const name of ["loopback-network", "local-network-access"])
        try {
            return (await root.navigator.permissions.query({ name })).state;
        } catch {
            continue;
        }
    return "unknown";
}

/** @typedef {{protocol: string, hostname: string, origin: string}} Page */

/** @param {Page} page @param {string} app @param {string} where @param {string} permission */
export function explainNothing(page, app, where, permission) {
    const nothing = `No server of the app "${app}" answered${where}.`;
    const local = page.protocol === "file:" || isLoopback(page.hostname);
    if (local && permission !== "denied")
        return `${nothing} Start it with "berth serve"; this page goes on looking.`;
    const may = permission === "denied" ? "forbids this page" : "may be forbidding this page";
    return (
        `${nothing} The browser ${may} to reach programs on this machine (Local Network Access). ` +
        `Allow it in the site settings of ${page.origin}, or open the page from the server.`
    );
}

/** Why the upgrade probably failed: the browser shows a page no more than that it did.
 *  @param {Page} page @param {string} http @param {boolean} [withToken] */
export function explainRefusal(page, http, withToken = false) {
    const there = `The server at ${new URL(http).host} is there, but refused`;
    if (withToken)
        return (
            `${there} the WebSocket. The token that it was shown may be that of an earlier run: ` +
            "each run of the server has its own."
        );
    if (page.origin === "null" || page.protocol === "file:")
        return (
            `${there} this page, which was opened from a file or is sandboxed (origin "${page.origin}"). ` +
            `Open it from the server (${http}/static/...), ` +
            `or add "${page.origin}" to ALLOWED_ORIGINS in conf.yaml.`
        );
    if (page.protocol === "http:" && isLoopback(page.hostname))
        return (
            `${there} the WebSocket. Its log says why: the path may have no route, ` +
            "the connection limit may be reached, or ALLOWED_ORIGINS may leave this page out."
        );
    return `${there} this page's origin ${page.origin}: add it to ALLOWED_ORIGINS in conf.yaml.`;
}

export function currentPage() {
    const { protocol, hostname, host } = pageLocation();
    return { protocol, hostname, host, origin: root.origin ?? root.location?.origin ?? "" };
}

/** @param {Search} search */
export async function explainSearch({ app, ports, url }) {
    const where = url ? ` at ${url}` : `, neither by the port file nor ${rangeText(ports)}`;
    return explainNothing(currentPage(), app, where, await networkPermission());
}

/** @param {number[]} ports */
function rangeText(ports) {
    if (ports.length === 0) return "at the places that are known";
    const range =
        ports.length === 1 ? `${ports[0]}` : `${Math.min(...ports)}-${Math.max(...ports)}`;
    return `on ports ${range}`;
}

/** @returns {import("./platform.js").Platform} */
export const browserPlatform = () => ({
    crypto: root.crypto,
    controller: () => new AbortController(),
    get WebSocket() {
        return root.WebSocket;
    },
    heartbeatMs: 30_000,
    ask,
    told,
    places,
    load,
    save,
    wakes,
    explain: explainSearch,
    explainRefusal: ({ http, token }) => explainRefusal(currentPage(), http, Boolean(token)),
    origin: currentPage().origin,
});
