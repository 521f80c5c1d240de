// One search: every place where the server may be is asked at nearly the same time, and the first
// that proves to be ours wins. A tarpit, a stranger or a dead file costs nothing.

import { toBase64url } from "./bytes.js";
import { pause } from "./events.js";
import { judgeIdentity, portOf, readHealth, refusal } from "./health.js";

const CHALLENGE_SIZE = 32;

/**
 * @typedef {import("./health.js").VerdictName} VerdictName
 * @typedef {import("./health.js").Ours} Ours
 * @typedef {"told" | "origin" | "record" | "port-file" | "remembered" | "range"} Source
 * @typedef {Ours & {verdict: VerdictName, source: Source, token?: string}} Found
 * @typedef {{url: string, instance?: string, token?: string}} Candidate
 * @typedef {{source: Source, after: number, hold?: boolean, candidates: (signal: AbortSignal) =>
 *            Candidate[] | Promise<Candidate[]>}} Place
 * @typedef {{publicKey?: string, http?: string}} Remembered
 * @typedef {{source?: Source, url?: string, verdict?: VerdictName, port?: number,
 *            text: string}} Facts
 * @typedef {{app: string, instance?: string, trusted: string[], token?: string,
 *            least: VerdictName | null, ports: number[], url?: string, attemptMs: number,
 *            patienceMs: number, platform: import("./platform.js").Platform,
 *            remembered: Remembered, silent: Set<string>, starting: boolean, again: boolean,
 *            report: (type: string, facts: Facts) => void}} Search
 */

/** Asks all places; the first that is ours, or null. @param {Search} search @param {Place[]} places
 *  @param {AbortSignal} outer @returns {Promise<Found | null>} */
export async function race(search, places, outer) {
    const stop = search.platform.controller();
    const end = () => stop.abort();
    outer.addEventListener("abort", end);
    if (outer.aborted) end();
    /** @type {Map<string, Promise<Found | null>>} */
    const asked = new Map();
    const ask = (/** @type {Candidate} */ candidate, /** @type {Source} */ source) => {
        const answer = asked.get(candidate.url) ?? probe(search, candidate, source, stop.signal);
        asked.set(candidate.url, answer);
        return answer;
    };
    /** @type {Promise<Found | null>[]} */
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

/** A place is asked after the head start of the nearer ones; or, unless it has to hold, as soon as
 *  all of them have given nothing.
 *  @param {Place} place @param {Promise<Found | null>[]} before
 *  @param {(candidate: Candidate, source: Source) => Promise<Found | null>} ask
 *  @param {AbortSignal} signal */
async function answerOf(place, before, ask, signal) {
    if (place.after > 0) await soonest(place.hold ? [] : before, place.after, signal);
    if (signal.aborted) return null;
    const candidates = await place.candidates(signal);
    if (signal.aborted) return null;
    return firstOf(candidates.map((candidate) => ask(candidate, place.source)));
}

/** @param {Promise<unknown>[]} before @param {number} ms @param {AbortSignal} signal */
async function soonest(before, ms, signal) {
    const nothing = before.length > 0 && Promise.all(before);
    await pause(ms, signal, (wake) => nothing && void nothing.then(wake));
}

/** The first result that is not null; null when there is none.
 *  @param {Promise<Found | null>[]} promises @returns {Promise<Found | null>} */
async function firstOf(promises) {
    const orReject = async (/** @type {Promise<Found | null>} */ promise) =>
        (await promise) ?? Promise.reject(null);
    return Promise.any(promises.map(orReject)).catch(() => null);
}

/**
 * The first answer, where a place that comes before it and is still asked is waited for a moment:
 * several servers of one app may run, and the one that a page was served by, or that the port file
 * names, is the page's own.
 * @param {Promise<Found | null>[]} answers @param {number} patienceMs @param {AbortSignal} signal
 * @returns {Promise<Found | null>}
 */
function choose(answers, patienceMs, signal) {
    /** @type {(Found | null | undefined)[]} */
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

/** @param {Search} search @param {Candidate} candidate @param {Source} source
 *  @param {AbortSignal} outer @returns {Promise<Found | null>} */
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

/** A token that no JSON.stringify and no structured clone takes along by accident.
 *  @param {Found} found @param {string | undefined} token */
const withToken = (found, token) => Object.defineProperty(found, "token", { value: token });

/** @param {Search} search @param {Candidate} candidate @param {AbortSignal} signal
 *  @returns {Promise<import("./health.js").Accepted | import("./health.js").Refused>} */
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

/** Does `work` under a signal that ends with `outer` or after `ms`.
 *  @template T @param {AbortSignal} outer @param {number} ms
 *  @param {(signal: AbortSignal) => Promise<T>} work */
export async function within(outer, ms, work) {
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
