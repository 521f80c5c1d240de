// Messages that wait until the server is back: copied, in order, and never more than agreed.

import { utf8 } from "./bytes.js";
import { BerthError } from "./events.js";

/** @typedef {string | ArrayBuffer | ArrayBufferView | Blob} Message */

/** @param {Message} message */
function sizeOf(message) {
    if (typeof message === "string") return utf8(message).length;
    return message instanceof Blob ? message.size : message.byteLength;
}

/** The sender may use its buffer again at once. @param {Message} message @returns {Message} */
function copyOf(message) {
    if (typeof message === "string" || message instanceof Blob) return message;
    if (message instanceof ArrayBuffer) return message.slice(0);
    const { buffer, byteOffset, byteLength } = message;
    return new Uint8Array(buffer, byteOffset, byteLength).slice();
}

export class Queue {
    /** @type {Message[]} */ messages = [];
    bytes = 0;

    /** @param {{messages?: number, bytes?: number}} [limits] */
    constructor({ messages = 100, bytes = 1024 * 1024 } = {}) {
        this.limits = { messages, bytes };
    }

    /** Errors: QUEUE_FULL. @param {Message} message */
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

    /** All that waits, and nothing waits any more. */
    take() {
        this.bytes = 0;
        return this.messages.splice(0);
    }
}
