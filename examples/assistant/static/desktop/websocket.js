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
//
// Made by clients/js/build.mjs from clients/js/src; change it there.
"use strict";

(function () {
/* ==== events.js ==== */

class BerthError extends Error {
    constructor(code, message) {
        super(message);
        this.name = "BerthError";
        this.code = code;
    }
}

class DetailEvent extends Event {
    constructor(type, { detail = null } = {}) {
        super(type);
        this.detail = detail;
    }
}

const customEvent = (type, detail) =>
    new (globalThis.CustomEvent ?? DetailEvent)(type, { detail });

function eventWith(type, properties) {
    const event = new Event(type);
    for (const [name, value] of Object.entries(properties))
        Object.defineProperty(event, name, { value, enumerable: true });
    return event;
}

const backoff = (failures, random, last = 5000) =>
    random * Math.min(last, 100 * 2 ** Math.min(failures, 16));

function pause(ms, signal, hold) {
    return new Promise((resolve) => {
        const end = () => {
            clearTimeout(timer);
            signal?.removeEventListener("abort", end);
            resolve();
        };
        const timer = setTimeout(end, ms);
        signal?.addEventListener("abort", end);
        if (signal?.aborted) end();
        hold?.(end);
    });
}

/* ==== bytes.js ==== */

const ENCODER = new TextEncoder();

const utf8 = (text) => ENCODER.encode(text);

function toBase64url(bytes) {
    const text = btoa(String.fromCharCode(...bytes));
    return text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function fromBase64url(text) {
    if (typeof text !== "string" || !/^[\w-]*$/.test(text) || text.length % 4 === 1) return null;
    const bytes = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) =>
        c.charCodeAt(0),
    );
    return toBase64url(bytes) === text ? bytes : null;
}

function joined(parts) {
    const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
    let at = 0;
    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return whole;
}

/* ==== proof.js ==== */

const PROOF_LABEL = "berth-proof-v1";
const PUBLIC_KEY_SIZE = 32;
const PROOF_SIZE = 64;
const NAME_MAX = 255;
const CHALLENGE_MIN = 16;
const CHALLENGE_MAX = 64;

const sized = (part) =>
    joined([Uint8Array.of(part.length >> 8, part.length & 0xff), part]);

function claimBytes({ app, instance, port, challenge }) {
    const names = [utf8(app), utf8(instance)];
    if (names.some((name) => name.length > NAME_MAX)) return null;
    if (challenge.length < CHALLENGE_MIN || challenge.length > CHALLENGE_MAX) return null;
    return joined([utf8(PROOF_LABEL), ...[...names, utf8(String(port)), challenge].map(sized)]);
}

const isPublicKey = (text) => fromBase64url(text)?.length === PUBLIC_KEY_SIZE;

async function verifyProof(crypto, publicKey, claim, proof) {
    const key = fromBase64url(publicKey);
    const signature = fromBase64url(proof);
    const message = claimBytes(claim);
    if (key?.length !== PUBLIC_KEY_SIZE || signature?.length !== PROOF_SIZE || !message)
        return false;
    const imported = await importKey(crypto, key);
    if (!crypto || !imported) return null;
    return crypto.subtle.verify("Ed25519", imported, buffer(signature), buffer(message));
}

const buffer = (bytes) => (bytes);

async function importKey(crypto, key) {
    try {
        return (
            (await crypto?.subtle?.importKey("raw", buffer(key), "Ed25519", false, ["verify"])) ??
            null
        );
    } catch {
        return null;
    }
}

/* ==== health.js ==== */

const DOCUMENT_LIMIT = 65536;
const SHOWN_MAX = 40;

const RANKS = { named: 1, pinned: 2, proved: 3 };

const refusal = (name, text) => ({ ours: null, name, text });

const stranger = (text) => refusal("stranger", text);
const shortened = (value) => String(value).slice(0, SHOWN_MAX);

function isLoopback(hostname) {
    return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function parsePort(text) {
    const port = /^\s*\d{1,5}\s*$/.test(text) ? Number(text) : 0;
    return port >= 1 && port <= 65535 ? port : null;
}

function parseObject(text) {
    try {
        const value = JSON.parse(String(text));
        return typeof value === "object" && !Array.isArray(value) ? value : null;
    } catch {
        return null;
    }
}

function portOf(origin) {
    const { port, protocol } = new URL(origin);
    return Number(port || (protocol === "https:" ? 443 : 80));
}

function socketPath(ws, askedHostname) {
    try {
        const url = new URL(String(ws));
        const here = isLoopback(url.hostname) || url.hostname === askedHostname;
        return /^wss?:$/.test(url.protocol) && here ? url.pathname + url.search : null;
    } catch {
        return null;
    }
}

function readHealth(status, body, origin, wanted) {
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

async function judgeIdentity(ours, proof, challenge, wanted, crypto) {
    const { trusted, pinned } = wanted;
    const known = trusted.length > 0 ? trusted : pinned ? [pinned] : [];
    const accept = (verdict, text) =>
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

function otherKey({ trusted, app }) {
    if (trusted.length > 0) return "it holds another key than the app's";
    return (
        `it holds another key than the server of "${app}" that was seen here first; ` +
        `if the app was installed anew, call forget("${app}")`
    );
}

function leastOf({ least, trusted, pinned }) {
    return least ?? (trusted.length > 0 ? "proved" : pinned ? "pinned" : "named");
}

function accepted(ours, verdict, text, wanted) {
    const least = leastOf(wanted);
    if (RANKS[verdict] >= RANKS[least]) return { ours, verdict, text };
    return stranger(`it is only ${verdict} (${text}), and at least ${least} is asked for`);
}

/* ==== platform.js ==== */

const AFTER = { remembered: 10, range: 30 };

const LOOPBACK_HOSTS = ["127.0.0.1", "[::1]"];
const DEFAULT_PORTS = Array.from({ length: 13 }, (_, n) => 1018 + n);

function commonPlaces(search) {
    const { http } = search.remembered;
    const range = search.ports.flatMap((port) =>
        LOOPBACK_HOSTS.map((host) => ({ url: `http://${host}:${port}` })),
    );
    return [
        {
            source: "remembered",
            after: AFTER.remembered,
            candidates: () => (http ? [{ url: http }] : []),
        },
        { source: "range", after: AFTER.range, candidates: () => range },
    ];
}

function originOf(url) {
    try {
        const { protocol, host } = new URL(String(url).replace(/^ws/, "http"));
        return /^https?:$/.test(protocol) && host ? `${protocol}//${host}` : null;
    } catch {
        return null;
    }
}

/* ==== browser.js ==== */

const root = globalThis;
const QUESTION = { cache: "no-store", credentials: "omit", redirect: "error" };
const PORT_FILE = "/server_port.txt";
const BRIDGE_MS = 3000;
const STORED_AS = "berth.";

const isWeb = (protocol) => /^https?:$/.test(protocol);
const pageLocation = () => root.location ?? { protocol: "", hostname: "", host: "" };

/* ---- Asking ---- */

async function readText(response) {
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

function ownOrigin() {
    const { protocol, hostname, host } = pageLocation();
    return isWeb(protocol) && isLoopback(hostname) ? [{ url: `${protocol}//${host}` }] : [];
}

async function fetchPortFile(signal) {
    const { protocol } = pageLocation();
    if (!isWeb(protocol))
        throw new Error(`the browser forbids it to a page opened from ${protocol}//`);
    const response = await root.fetch(PORT_FILE, { ...QUESTION, signal });
    if (!response.ok) throw new Error(`the page's server answered ${response.status}`);
    const port = parsePort(await readText(response));
    if (port === null) throw new Error("it holds no port number");
    return port;
}

function fileCandidate(port) {
    const { protocol, hostname } = pageLocation();
    const host = protocol === "http:" && isLoopback(hostname) ? hostname : LOOPBACK_HOSTS[0];
    return { url: `http://${host}:${port}` };
}

async function fromPortFile(signal) {
    if (!isWeb(pageLocation().protocol)) return [];
    return fetchPortFile(signal).then(
        (port) => [fileCandidate(port)],
        () => [],
    );
}

function places(_options, search) {
    return [
        { source: "origin", after: 0, candidates: ownOrigin },
        { source: "port-file", after: 0, candidates: fromPortFile },
        ...commonPlaces(search),
    ];
}

/* ---- Memory ---- */

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

function save(app, remembered) {
    try {
        if (remembered) root.localStorage.setItem(STORED_AS + app, JSON.stringify(remembered));
        else root.localStorage.removeItem(STORED_AS + app);
    } catch {
        return; // As above; or it is full.
    }
}

/* ---- Waking ---- */

function wakes(wake) {
    const onVisible = () => root.document.visibilityState === "visible" && wake();
    // A page that is shown for the first time has only begun to look.
    const onShow = ({ persisted }) => persisted && wake();
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

async function networkPermission() {
    for (const name of ["loopback-network", "local-network-access"])
        try {
            return (await root.navigator.permissions.query({ name })).state;
        } catch {
            continue;
        }
    return "unknown";
}

function explainNothing(page, app, where, permission) {
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

function explainRefusal(page, http, withToken = false) {
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

function currentPage() {
    const { protocol, hostname, host } = pageLocation();
    return { protocol, hostname, host, origin: root.origin ?? root.location?.origin ?? "" };
}

async function explainSearch({ app, ports, url }) {
    const where = url ? ` at ${url}` : `, neither by the port file nor ${rangeText(ports)}`;
    return explainNothing(currentPage(), app, where, await networkPermission());
}

function rangeText(ports) {
    if (ports.length === 0) return "at the places that are known";
    const range =
        ports.length === 1 ? `${ports[0]}` : `${Math.min(...ports)}-${Math.max(...ports)}`;
    return `on ports ${range}`;
}

const browserPlatform = () => ({
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

/* ==== search.js ==== */

const CHALLENGE_SIZE = 32;

async function race(search, places, outer) {
    const stop = search.platform.controller();
    const end = () => stop.abort();
    outer.addEventListener("abort", end);
    if (outer.aborted) end();
    const asked = new Map();
    const ask = (candidate, source) => {
        const answer = asked.get(candidate.url) ?? probe(search, candidate, source, stop.signal);
        asked.set(candidate.url, answer);
        return answer;
    };
    const answers = [];
    for (const place of places)
        answers.push(answerOf(place, [...answers], ask, stop.signal).catch(() => null));
    try {
        return await choose(answers, search.patienceMs, stop.signal);
    } finally {
        end();
        outer.removeEventListener("abort", end);
    }
}

async function answerOf(place, before, ask, signal) {
    if (place.after > 0) await soonest(place.hold ? [] : before, place.after, signal);
    if (signal.aborted) return null;
    const candidates = await place.candidates(signal);
    if (signal.aborted) return null;
    return firstOf(candidates.map((candidate) => ask(candidate, place.source)));
}

async function soonest(before, ms, signal) {
    const nothing = before.length > 0 && Promise.all(before);
    await pause(ms, signal, (wake) => nothing && void nothing.then(wake));
}

async function firstOf(promises) {
    const orReject = async (promise) =>
        (await promise) ?? Promise.reject(null);
    return Promise.any(promises.map(orReject)).catch(() => null);
}

function choose(answers, patienceMs, signal) {
    const results = answers.map(() => undefined);
    return new Promise((resolve) => {
        let waiting = false;
        let late = false;
        const decide = () => {
            const best = results.find((result) => result !== null);
            const any = results.find((result) => result);
            if (best || results.every((result) => result === null)) return resolve(best ?? null);
            if (!any) return;
            if (late) return resolve(any);
            if (!waiting) pause(patienceMs, signal).then(() => ((late = true), decide()));
            waiting = true;
        };
        answers.forEach((answer, i) =>
            answer.then((found) => {
                results[i] = found;
                decide();
            }),
        );
        if (answers.length === 0) resolve(null);
    });
}

/* ---- One candidate ---- */

async function probe(search, candidate, source, outer) {
    const { url } = candidate;
    const where = { source, url, port: portOf(url) };
    search.report("candidate", { ...where, text: `Asking ${url}` });
    const outcome = await within(outer, search.attemptMs, (signal) =>
        question(search, candidate, signal),
    );
    if (outcome.ours) {
        const { ours, verdict, text } = outcome;
        // A record may be an old one, of a server that had the same port: its token is no use here.
        const own = candidate.instance === ours.instance ? candidate.token : undefined;
        const token = verdict === "proved" ? (search.token ?? own) : undefined;
        search.report("proved", { ...where, verdict, text: `${url} is ours: ${text}` });
        return withToken({ ...ours, verdict, source }, token);
    }
    if (outer.aborted) return null;
    if (outcome.name === "starting") search.starting = true;
    search.report(outcome.name, { ...where, text: outcome.text });
    return null;
}

const withToken = (found, token) => Object.defineProperty(found, "token", { value: token });

async function question(search, { url }, signal) {
    const { platform, app, instance, least, trusted, remembered } = search;
    const challenge = new Uint8Array(CHALLENGE_SIZE);
    platform.crypto?.getRandomValues(challenge);
    const target = `${url}/health?challenge=${toBase64url(challenge)}`;
    const answer = await platform.ask(target, { signal, silent: search.silent });
    if ("name" in answer) return answer;
    const read = readHealth(answer.status, answer.text, url, search);
    if (!("state" in read)) return read;
    const wanted = { app, instance, trusted, pinned: remembered.publicKey, least };
    const outcome = await judgeIdentity(read.ours, read.proof, challenge, wanted, platform.crypto);
    if (!outcome.ours || read.state === "ready") return outcome;
    return refusal("starting", `it is ours, but ${read.state}`);
}

async function within(outer, ms, work) {
    const inner = new AbortController();
    const end = () => inner.abort();
    const timer = setTimeout(end, ms);
    outer.addEventListener("abort", end);
    if (outer.aborted) end();
    try {
        return await work(inner.signal);
    } finally {
        clearTimeout(timer);
        outer.removeEventListener("abort", end);
    }
}

/* ==== finder.js ==== */

const ATTEMPT_MS = 1500;
const PATIENCE_MS = 100;
const RETRY_LAST_MS = 1000;
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

function require(good, text) {
    if (!good) throw new BerthError("INVALID", text);
}

function checkOptions({ app, least, publicKey, url, ports }) {
    require(typeof app === "string" &&
        NAME.test(app), `app is the APP of conf.yaml, not ${JSON.stringify(app)}.`);
    require(least === undefined ||
        ["named", "pinned", "proved"].includes(
            least,
        ), `least is "named", "pinned" or "proved", not ${JSON.stringify(least)}.`);
    require(publicKey === undefined ||
        isPublicKey(publicKey), "publicKey is 32 bytes in base64url without padding.");
    require(url === undefined || originOf(url) !== null, `url is no http address: ${url}.`);
    const isPort = (port) =>
        Number.isInteger(port) && Number(port) > 0 && Number(port) < 65536;
    require(ports === undefined ||
        (Array.isArray(ports) && ports.every(isPort)), "ports is an array of port numbers.");
}

class Finder {
    last = null;
    silent = new Set();
    again = false;
    called = false;
    starting = false;

    constructor(platform, options, report) {
        checkOptions(options);
        this.platform = platform;
        this.options = options;
        this.report = report;
    }

    #looking = null;
    #rouse = () => {};

    async look() {
        const { platform, options } = this;
        const { signal } = (this.#looking = platform.controller());
        this.called = false;
        const told = await platform.told(options);
        const search = this.searchWith(told);
        const found = await race(search, this.placesOf(search, told), signal);
        this.#looking = null;
        this.again = true;
        this.starting = search.starting && !found;
        if (found) this.settle(found, search);
        return found;
    }

    async rest(ms) {
        await pause(ms, undefined, (wake) => (this.#rouse = wake));
        this.#rouse = () => {};
    }

    call() {
        this.called = this.#looking !== null;
        this.#looking?.abort();
        this.#rouse();
    }

    searchWith(told) {
        const { platform, options, silent, report } = this;
        const { app, instance, ports, url, attemptMs, patienceMs } = options;
        const token = options.token ?? told.token;
        return {
            app,
            instance,
            token,
            trusted: options.publicKey ? [options.publicKey] : (told.publicKeys ?? []),
            least: options.least ?? (options.token || told.incomplete ? "proved" : null),
            ports: ports ?? DEFAULT_PORTS,
            url: originOf(url) ?? undefined,
            attemptMs: attemptMs ?? ATTEMPT_MS,
            patienceMs: patienceMs ?? PATIENCE_MS,
            platform,
            remembered: platform.load(app, options),
            silent,
            starting: false,
            again: this.again,
            report,
        };
    }

    placesOf(search, told) {
        const { url } = search;
        const candidates = () => (url ? [{ url }] : (told.candidates ?? []));
        const first = { source: "told", after: 0, candidates };
        return url ? [first] : [first, ...this.platform.places(this.options, search)];
    }

    settle(found, { app, remembered }) {
        const before = this.last;
        this.called = false;
        this.last = found;
        this.silent.clear();
        if (before) {
            const moved = before.instance !== found.instance || before.http !== found.http;
            if (moved) this.reportMove(found, before);
        } else if (remembered.http && new URL(remembered.http).port !== new URL(found.http).port) {
            this.reportMove(found, { http: remembered.http, instance: "" });
        }
        const { http, publicKey } = found;
        const pin = publicKey ?? remembered.publicKey;
        this.platform.save(app, { http, publicKey: pin }, this.options);
    }

    reportMove(to, from) {
        const { http: url, port, verdict, source } = to;
        const own = this.platform.origin === from.http && from.http !== url;
        const text =
            from.http === url
                ? `This is a new server, on ${url} as before.`
                : `This is a new server: it was on ${from.http}, now ${url}.` +
                  (own
                      ? " What this page has stored (localStorage) stays with the old address."
                      : "");
        const facts = { source, url, port, verdict, from, to, text };
        this.report("moved", facts);
    }
}

async function findWith(platform, options) {
    const { signal, timeoutMs = 0 } = options;
    const startedAt = Date.now();
    const finder = new Finder(platform, options, reporter(options.on, startedAt));
    const call = () => finder.call();
    const unhook = platform.wakes(call, options);
    signal?.addEventListener("abort", call);
    try {
        return await seek(finder, startedAt + timeoutMs, signal);
    } finally {
        signal?.removeEventListener("abort", call);
        unhook();
    }
}

async function seek(finder, deadline, signal) {
    for (let failures = 0; !signal?.aborted; failures++) {
        const found = await finder.look();
        if (found) return found;
        if (finder.called) continue;
        const left = deadline - Date.now();
        if (left <= 0) throw await notFound(finder);
        const ceiling = finder.starting ? 100 : RETRY_LAST_MS;
        await finder.rest(Math.min(left, backoff(failures, Math.random(), ceiling)));
    }
    throw new BerthError("ABORTED", "The search was ended by its signal.");
}

async function notFound(finder) {
    const { app } = finder.options;
    if (finder.starting)
        return new BerthError("TIMEOUT", `The server of "${app}" is there, but not ready.`);
    return new BerthError("NOT_FOUND", await finder.platform.explain(finder.searchWith({})));
}

function reporter(on, startedAt) {
    return (type, facts) => {
        const time = Date.now();
        on?.({ ...facts, type, time, elapsedMs: time - startedAt });
    };
}

/* ==== queue.js ==== */

function sizeOf(message) {
    if (typeof message === "string") return utf8(message).length;
    return message instanceof Blob ? message.size : message.byteLength;
}

function copyOf(message) {
    if (typeof message === "string" || message instanceof Blob) return message;
    if (message instanceof ArrayBuffer) return message.slice(0);
    const { buffer, byteOffset, byteLength } = message;
    return new Uint8Array(buffer, byteOffset, byteLength).slice();
}

class Queue {
    messages = [];
    bytes = 0;

    constructor({ messages = 100, bytes = 1024 * 1024 } = {}) {
        this.limits = { messages, bytes };
    }

    put(message) {
        const { messages, bytes } = this.limits;
        const size = sizeOf(message);
        if (this.messages.length >= messages)
            throw new BerthError("QUEUE_FULL", `${messages} messages wait for the server already.`);
        if (this.bytes + size > bytes)
            throw new BerthError(
                "QUEUE_FULL",
                `More than ${bytes} bytes would wait for the server.`,
            );
        this.messages.push(copyOf(message));
        this.bytes += size;
    }

    take() {
        this.bytes = 0;
        return this.messages.splice(0);
    }
}

/* ==== connection.js ==== */

const UPGRADE_MS = 5000;
const CLOSE_MS = 5000;
const STEADY_MS = 1000;
const HEARTBEAT_ANSWER_MS = 5000;
const TICK_MS = 1000;
const SLEPT_MS = 5000;
const TOKEN_PROTOCOL = "berth.token.";
const ANSWERED_PROTOCOL = "berth.v1";

function explainClose(code, reason) {
    if (code === 1001) return "The server said goodbye: it is stopping or starting anew.";
    if (code === 1006) return "The connection broke off without a goodbye.";
    if (code === 1009) return "A message was larger than the server takes.";
    if (code === 4408) return "This page read too slowly, so the server let it go.";
    return `The server closed the connection (${code}${reason ? `, ${reason}` : ""}).`;
}

function protocolsOf(wanted, token) {
    return token ? [...wanted, ANSWERED_PROTOCOL, TOKEN_PROTOCOL + token] : wanted;
}

class BerthSocket extends EventTarget {
    static CONNECTING = 0;
    static OPEN = 1;
    static CLOSING = 2;
    static CLOSED = 3;
    CONNECTING = (0);
    OPEN = (1);
    CLOSING = (2);
    CLOSED = (3);

    endpoint = null;
    #ws = null;
    #state = 0;
    #binaryType = "blob";
    #failures = 0;
    #slept = 0;
    #heardAt = 0;
    #closeWith = { code: 1000, reason: "" };
    #closing;
    #handlers = new Map();

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

    send(data) {
        if (this.#state >= this.CLOSING) throw new BerthError("CLOSED", "This client was closed.");
        if (this.#state === this.OPEN) this.#ws.send(data);
        else this.#queue.put(data);
    }

    close(code = 1000, reason = "") {
        if (this.#state >= this.CLOSING) return;
        this.#ws?.close(code, reason);
        this.#closeWith = { code, reason };
        this.#state = this.CLOSING;
        if (this.#ws) this.#closing = setTimeout(this.#drop, CLOSE_MS);
        this.#finder.call();
    }

    wake() {
        this.#finder.call();
    }

    /* ---- Events ---- */

    #tell(detail) {
        this.#options.on?.(detail);
        this.#emit(customEvent(detail.type, detail));
    }

    #emit(event) {
        this.dispatchEvent(event);
    }

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

    async #attempt() {
        this.#report("searching", { text: `Looking for the server of "${this.#options.app}".` });
        try {
            const found = await this.#finder.look();
            if (this.#state >= this.CLOSING || this.#finder.called) return false;
            if (!found) return await this.#failed();
            await this.#converse(found);
            return true;
        } catch (error) {
            this.#fail((error));
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

    #fail(error) {
        if (this.#state < this.CLOSING) this.#emit(eventWith("error", { error }));
    }

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

    #addressOf(found) {
        const { path } = this.#options;
        if (path) return new URL(path, found.http.replace(/^http/, "ws")).href;
        if (found.ws) return found.ws;
        throw new BerthError("NO_ROUTE", `The server at ${found.http} has no WebSocket route.`);
    }

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
        ws.addEventListener("message", ({ data, origin }) => {
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
            ws.addEventListener("close", (event) => {
                clearTimeout(timer);
                resolve(event);
            });
        });
    }

    #drop = () => {};

    #heard() {
        this.#heardAt = Date.now();
    }

    #stand(facts) {
        if (this.#state >= this.CLOSING) return;
        this.#state = this.OPEN;
        this.#report("connected", { ...facts, text: `Connected to ${this.#ws.url}` });
        for (const message of this.#queue.take()) this.#ws.send(message);
        this.#emit(new Event("open"));
    }

    /* ---- Waiting and waking ---- */

    async #rest() {
        const wait = Math.round(backoff(this.#failures++, Math.random()));
        const when = wait < 100 ? "at once" : `in ${(wait / 1000).toFixed(1)} s`;
        this.#report("waiting", { wait, text: `Trying again ${when}.` });
        await this.#finder.rest(wait);
    }

    #roused() {
        this.#finder.call();
        this.#check();
    }

    #tick() {
        const now = Date.now();
        const gap = now - this.#slept - TICK_MS;
        this.#slept = now;
        if (gap > SLEPT_MS) this.#roused();
        else if (now - this.#heardAt >= this.#heartbeatMs) this.#check();
    }

    #checking = false;

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

    async #asked() {
        const { http, instance } = (this.endpoint);
        const { ask } = this.#platform;
        const { signal } = new AbortController();
        const answer = await within(signal, HEARTBEAT_ANSWER_MS, (inner) =>
            ask(`${http}/health`, { signal: inner, silent: new Set([http]) }),
        );
        return "text" in answer && answer.text.includes(`"${instance}"`);
    }
}

/* ==== websocket.js ==== */

const FILE_HEAD_START_MS = 150;
const FILE_PATIENCE_MS = 1000;
const HISTORY_LIMIT = 300;

const QUIET = new Set(["candidate", "refused", "timeout", "proved", "waiting"]);

function scanPlaces({ ports, remembered }, told) {
    const last = remembered.http ? portOf(remembered.http) : null;
    const all = [told, last, ...ports].filter((port) => port !== null);
    const urls = all.flatMap((port) => LOOPBACK_HOSTS.map((host) => `http://${host}:${port}`));
    const own = ownOrigin().map(({ url }) => url);
    return [...new Set([...own, ...urls])].map((url) => ({ url }));
}

const inPage = (text) => text.replace(/forget\(".*"\)/, "assistantSocket.forget()");

class AssistantSocket extends EventTarget {
    history = [];
    filePort = null;
    failedWith = "";

    constructor(app, publicKey) {
        super();
        this.app = app;
        const platform = Object.assign(browserPlatform(), { places: this.places });
        const on = (report) => this.follow(report);
        const options = { app, publicKey, patienceMs: FILE_PATIENCE_MS, on };
        this.ws = new BerthSocket(platform, options);
        this.ws.addEventListener("message", (event) => this.receive(event.data));
        this.ws.addEventListener("error", ({ error }) => {
            const name = error.code === "NOT_FOUND" ? "absent" : "blocked";
            const port = this.ws.endpoint?.port;
            this.tell(name, "bad", error.message, name === "blocked" ? { port } : {});
        });
    }

    get connected() {
        return this.ws.readyState === 1;
    }

    places = (_options, search) => {
        this.filePort = null;
        const fromFile = (signal) => this.readPortFile(search, signal);
        const fromScan = () => scanPlaces(search, this.filePort);
        return [
            { source: "port-file", after: 0, candidates: fromFile },
            { source: "range", after: FILE_HEAD_START_MS, candidates: fromScan },
        ];
    };

    async readPortFile(search, outer) {
        try {
            const port = await within(outer, search.attemptMs, fetchPortFile);
            this.filePort = port;
            this.tell("file", "info", `Found server port from file: ${port}`, { port });
            return [fileCandidate(port)];
        } catch (error) {
            if (outer.aborted) return [];
            const { message } = (error);
            this.tell("file", "info", `Could not read port file: ${message}`);
            return [];
        }
    }

    tell(name, level, text, more = {}) {
        const detail = { ...more, name, level, text, time: Date.now() };
        if (!QUIET.has(name)) console.log(`[WEBSOCKET PORT FIX] ${text}`);
        this.history.push(detail);
        if (this.history.length > HISTORY_LIMIT) this.history.shift();
        this.dispatchEvent(customEvent(name, detail));
        this.dispatchEvent(customEvent("state", detail));
    }

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

    followDial(facts, http, text) {
        const source = portOf(http) === this.filePort ? "from file" : "by scan";
        const address = text.slice(text.indexOf("ws"));
        this.tell("verified", "info", `Verified server on port ${facts.port} ${source}`, facts);
        this.tell("connecting", "info", `Attempting WebSocket connection to ${address}`, facts);
    }

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
            (globalThis).handleMessage?.(detail);
        } catch (error) {
            console.error(error);
        }
    }

    send(message) {
        const text = JSON.stringify(message);
        try {
            this.ws.send(text);
            return true;
        } catch (error) {
            this.tell("full", "bad", `Not sent: ${(error).message}`);
            return false;
        }
    }

    wake() {
        this.ws.wake();
    }

    forget() {
        browserPlatform().save(this.app, null, { app: this.app });
        this.wake();
    }

    stop() {
        this.ws.close();
    }
}

function followPolicy(socket, document) {
    document.addEventListener("securitypolicyviolation", (event) => {
        if (!/^(connect|default)-src/.test(event.violatedDirective)) return;
        const text = `This page's Content-Security-Policy (${event.violatedDirective}) forbids ${event.blockedURI}: add it to connect-src.`;
        socket.tell("blocked", "bad", text);
    });
}

function start(page) {
    const { app, key } = page.document.currentScript?.dataset ?? {};
    const socket = new AssistantSocket(app ?? page.BERTH_APP ?? "assistant", key);
    page.assistantSocket = socket;
    page.ws = socket.ws;
    page.sendToServer = (message) => socket.send(message);
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
if ((globalThis).document) start(globalThis);
})();
