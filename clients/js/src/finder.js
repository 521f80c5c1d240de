// Finding, once or again and again: what find() and a lasting connection have in common.

import { backoff, BerthError, pause } from "./events.js";
import { isPublicKey } from "./proof.js";
import { race } from "./search.js";
import { DEFAULT_PORTS, originOf } from "./platform.js";

const ATTEMPT_MS = 1500;
const PATIENCE_MS = 100;
const RETRY_LAST_MS = 1000;
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/**
 * @typedef {import("./search.js").Found} Found
 * @typedef {import("./search.js").Search} Search
 * @typedef {import("./search.js").Facts} Facts
 * @typedef {import("./platform.js").Platform} Platform
 * @typedef {import("../client.d.ts").FindOptions} FindOptions
 */

/** @param {boolean} good @param {string} text */
function require(good, text) {
    if (!good) throw new BerthError("INVALID", text);
}

/** @param {any} options */
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
    const isPort = (/** @type {unknown} */ port) =>
        Number.isInteger(port) && Number(port) > 0 && Number(port) < 65536;
    require(ports === undefined ||
        (Array.isArray(ports) && ports.every(isPort)), "ports is an array of port numbers.");
}

/** Looks for one app, remembers what it found, and says when that is somewhere else than before. */
export class Finder {
    /** @type {Found | null} what was found before by this one */ last = null;
    /** @type {Set<string>} */ silent = new Set();
    /** @type {boolean} it has looked before */ again = false;
    /** @type {boolean} the last look was ended by a call for another one */ called = false;
    /** @type {boolean} ours was seen by the last look, but not ready */ starting = false;

    /** @param {Platform} platform @param {FindOptions} options
     *  @param {(type: string, facts: Facts & object) => void} report */
    constructor(platform, options, report) {
        checkOptions(options);
        this.platform = platform;
        this.options = options;
        this.report = report;
    }

    /** @type {AbortController | null} the look that is under way */ #looking = null;
    #rouse = () => {};

    /** One look at all places. Null when nobody was there, and when something called for another look
     *  meanwhile (`called`): this one may have been too late for it. @returns {Promise<Found | null>} */
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

    /** Waits, unless something calls. @param {number} ms */
    async rest(ms) {
        await pause(ms, undefined, (wake) => (this.#rouse = wake));
        this.#rouse = () => {};
    }

    /** A try is worth while now: ends the waiting, and a look that is under way. */
    call() {
        this.called = this.#looking !== null;
        this.#looking?.abort();
        this.#rouse();
    }

    /** @param {Partial<import("./platform.js").Told>} told @returns {Search} */
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

    /** An address that was asked for by name is the only one; else all.
     *  @param {Search} search @param {Partial<import("./platform.js").Told>} told
     *  @returns {import("./search.js").Place[]} */
    placesOf(search, told) {
        const { url } = search;
        const candidates = () => (url ? [{ url }] : (told.candidates ?? []));
        /** @type {import("./search.js").Place} */
        const first = { source: "told", after: 0, candidates };
        return url ? [first] : [first, ...this.platform.places(this.options, search)];
    }

    /** @param {Found} found @param {Search} search */
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

    /** @param {Found} to @param {{http: string, instance: string}} from */
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

/**
 * Looks until it is found, or the time is up.
 * @param {Platform} platform @param {FindOptions} options @returns {Promise<Found>}
 */
export async function findWith(platform, options) {
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

/** @param {Finder} finder @param {number} deadline @param {AbortSignal} [signal] */
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

/** @param {Finder} finder */
async function notFound(finder) {
    const { app } = finder.options;
    if (finder.starting)
        return new BerthError("TIMEOUT", `The server of "${app}" is there, but not ready.`);
    return new BerthError("NOT_FOUND", await finder.platform.explain(finder.searchWith({})));
}

/** Adds type and times to what is reported. @param {FindOptions["on"]} on @param {number} startedAt
 *  @returns {(type: string, facts: any) => void} */
export function reporter(on, startedAt) {
    return (type, facts) => {
        const time = Date.now();
        on?.({ ...facts, type, time, elapsedMs: time - startedAt });
    };
}
