// What is reported, and what can go wrong: the words that the C side uses too.

/**
 * An error of this client, told by its `code`:
 *
 *     NOT_FOUND   nobody answered, or only strangers
 *     TIMEOUT     ours is there, but was not ready in time
 *     INVALID     an option is not valid; the message says which
 *     NO_ROUTE    ours is there, and has no WebSocket route
 *     REFUSED     ours is there, and refused the WebSocket
 *     QUEUE_FULL  no more can be kept until the server is back
 *     CLOSED      close() was called
 *     ABORTED     the caller's signal ended it
 */
export class BerthError extends Error {
    /** @param {string} code @param {string} message */
    constructor(code, message) {
        super(message);
        this.name = "BerthError";
        this.code = code;
    }
}

/** A CustomEvent, also where there is none (Node before 19). */
class DetailEvent extends Event {
    /** @param {string} type @param {{detail?: unknown}} init */
    constructor(type, { detail = null } = {}) {
        super(type);
        this.detail = detail;
    }
}

/** @param {string} type @param {unknown} detail @returns {Event} */
export const customEvent = (type, detail) =>
    new (globalThis.CustomEvent ?? DetailEvent)(type, { detail });

/** An event with these properties, for the kinds that not every platform can construct.
 *  @param {string} type @param {object} properties @returns {any} */
export function eventWith(type, properties) {
    const event = new Event(type);
    for (const [name, value] of Object.entries(properties))
        Object.defineProperty(event, name, { value, enumerable: true });
    return event;
}

/** Full jitter: anywhere from nothing to the ceiling, so that a crowd does not return as one.
 *  @param {number} failures @param {number} random @param {number} [last] */
export const backoff = (failures, random, last = 5000) =>
    random * Math.min(last, 100 * 2 ** Math.min(failures, 16));

/** Waits, or until `wake` is called with what it gives to `hold`, or the signal ends it.
 *  @param {number} ms @param {AbortSignal} [signal] @param {(wake: () => void) => void} [hold]
 *  @returns {Promise<void>} */
export function pause(ms, signal, hold) {
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
