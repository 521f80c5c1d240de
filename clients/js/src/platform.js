// What the client needs from where it runs; browser.js has it for pages, ../node.js for Node.

/**
 * @typedef {{status: number, text: string} | import("./health.js").Refused} Answer
 * @typedef {{publicKeys: string[], incomplete?: boolean, token?: string,
 *            candidates: import("./search.js").Candidate[]}} Told `incomplete`: a key may be known
 *            besides, but cannot be read: a name is not enough then
 * @typedef {object} Platform
 * @property {Crypto} crypto random bytes, and Ed25519 where it can
 * @property {() => AbortController} controller one whose signal many will listen to
 * @property {any} WebSocket the standard's class; a `ping()` on it is used for the heartbeat
 * @property {number} heartbeatMs how long a connection may be silent before it is asked
 * @property {(url: string, how: {signal: AbortSignal, silent: Set<string>}) => Promise<Answer>} ask
 *           GET without cookies and redirects, at most DOCUMENT_LIMIT of text; `silent` remembers
 *           where nobody was, for as long as the search goes on
 * @property {(options: PlaceOptions) => Promise<Told>} told what the surroundings know
 * @property {(options: PlaceOptions, search: import("./search.js").Search) =>
 *            import("./search.js").Place[]} places where to look besides, the nearest first
 * @property {(app: string, options: PlaceOptions) => import("./search.js").Remembered} load
 * @property {(app: string, remembered: import("./search.js").Remembered | null,
 *             options: PlaceOptions) => void} save null forgets
 * @property {(wake: () => void, options: PlaceOptions) => () => void} wakes calls `wake` when a try
 *           is worth while; what it returns ends that
 * @property {(search: import("./search.js").Search) => Promise<string>} explain why nobody was found
 * @property {(found: import("./search.js").Found) => string} explainRefusal why an upgrade failed
 * @property {string} origin the page's own, or empty
 *
 * @typedef {{app: string, portFile?: string, stateDir?: string, runtimeDir?: string}} PlaceOptions
 */

/** How long the nearer places have before the further ones are asked too, in milliseconds. */
export const AFTER = { remembered: 10, range: 30 };

export const LOOPBACK_HOSTS = ["127.0.0.1", "[::1]"];
export const DEFAULT_PORTS = Array.from({ length: 13 }, (_, n) => 1018 + n);

/** The last good address and the range, on both loopback addresses.
 *  @param {import("./search.js").Search} search @returns {import("./search.js").Place[]} */
export function commonPlaces(search) {
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

/** The origin of an address, or null when it is none. @param {unknown} url */
export function originOf(url) {
    try {
        const { protocol, host } = new URL(String(url).replace(/^ws/, "http"));
        return /^https?:$/.test(protocol) && host ? `${protocol}//${host}` : null;
    } catch {
        return null;
    }
}
