// Frames of RFC 6455 as a client writes and reads them: bytes in, events out. Any split of the input
// gives the same events. After the first fault nothing comes any more.

import { randomBytes } from "node:crypto";

const CONTINUATION = 0;
const TEXT = 1;
const CLOSE = 8;
const CONTROL = new Map([
    [CLOSE, "close"],
    [9, "ping"],
    [10, "pong"],
]);
const FRAGMENTS_MAX = 131072;
const MASK_SIZE = 4;

/**
 * @typedef {{type: "message", text: boolean, data: Buffer}
 *          | {type: "ping", data: Buffer}
 *          | {type: "pong", data: Buffer}
 *          | {type: "close", code: number, text: string}
 *          | {type: "fault", code: number, text: string}} FrameEvent
 */

/** A whole frame, masked: head and payload. @param {number} opcode @param {Buffer} payload */
export function writeFrame(opcode, payload) {
    const size = payload.length;
    const extra = size < 126 ? 0 : size < 65536 ? 2 : 8;
    const head = Buffer.alloc(2 + extra + MASK_SIZE);
    head[0] = 0x80 | opcode;
    head[1] = 0x80 | (extra === 0 ? size : extra === 2 ? 126 : 127);
    if (extra === 2) head.writeUInt16BE(size, 2);
    if (extra === 8) head.writeBigUInt64BE(BigInt(size), 2);
    const mask = randomBytes(MASK_SIZE);
    mask.copy(head, 2 + extra);
    const masked = Buffer.allocUnsafe(size);
    for (let i = 0; i < size; i++) masked[i] = payload[i] ^ mask[i & 3];
    return [head, masked];
}

/** May this code stand in a close frame? Section 7.4. @param {number} code */
const isCloseCode = (code) =>
    (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) ||
    (code >= 3000 && code <= 4999);

/** Null when the bytes are no UTF-8. @param {Buffer} bytes */
function textOf(bytes) {
    try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
        return null;
    }
}

class Fault extends Error {
    /** @param {number} code @param {string} message */
    constructor(code, message) {
        super(message);
        this.code = code;
    }
}

export class FrameReader {
    /** @type {Buffer[]} what has come and is not used up */ #parts = [];
    #held = 0;
    /** @type {Buffer[]} the fragments of a message that is not whole yet */ #fragments = [];
    #gathered = 0;
    #isText = false;
    #open = false;
    #dead = false;

    /** @param {number} messageMax */
    constructor(messageMax) {
        this.messageMax = messageMax;
    }

    /** @param {Buffer} data @returns {FrameEvent[]} */
    feed(data) {
        /** @type {FrameEvent[]} */
        const events = [];
        if (this.#dead) return events;
        this.#parts.push(data);
        this.#held += data.length;
        try {
            for (let frame = this.#frame(); frame; frame = this.#frame()) {
                const event = this.#eventOf(frame);
                if (event) events.push(event);
            }
        } catch (error) {
            if (!(error instanceof Fault)) throw error;
            this.#dead = true;
            events.push({ type: "fault", code: error.code, text: error.message });
        }
        return events;
    }

    /** The next `size` bytes in one piece; they stay. @param {number} size */
    #peek(size) {
        if (this.#held < size) return null;
        if (this.#parts[0].length < size) this.#parts = [Buffer.concat(this.#parts)];
        return this.#parts[0].subarray(0, size);
    }

    /** @param {number} size */
    #drop(size) {
        this.#held -= size;
        this.#parts[0] = this.#parts[0].subarray(size);
        if (this.#parts[0].length === 0) this.#parts.shift();
    }

    /** A whole frame, when there is one. */
    #frame() {
        const start = this.#peek(2);
        if (this.#dead || !start) return null;
        const [first, second] = start;
        const short = second & 0x7f;
        const headSize = short < 126 ? 2 : short === 126 ? 4 : 10;
        this.#checkHead(first, second);
        const head = this.#peek(headSize);
        if (!head) return null;
        const size = sizeIn(head, short);
        const gathered = CONTROL.has(first & 0x0f) ? 0 : this.#gathered;
        if (size + gathered > this.messageMax) throw new Fault(1009, "the message is too large");
        const whole = this.#peek(headSize + size);
        if (!whole) return null;
        this.#drop(headSize + size);
        return { fin: first >= 0x80, opcode: first & 0x0f, payload: whole.subarray(headSize) };
    }

    /** Section 5.2. @param {number} first @param {number} second */
    #checkHead(first, second) {
        const opcode = first & 0x0f;
        if (first & 0x70) throw new Fault(1002, "a reserved bit is set");
        if (second & 0x80) throw new Fault(1002, "a server does not mask");
        if (CONTROL.has(opcode)) {
            if (first < 0x80 || (second & 0x7f) > 125)
                throw new Fault(1002, "a control frame is whole and short");
        } else if (opcode > 2) throw new Fault(1002, "the opcode is unknown");
        else if ((opcode === CONTINUATION) !== this.#open)
            throw new Fault(1002, "fragments are mixed up");
    }

    /** @param {{fin: boolean, opcode: number, payload: Buffer}} frame
     *  @returns {FrameEvent | null} */
    #eventOf({ fin, opcode, payload }) {
        if (opcode === CLOSE) return this.#close(payload);
        const control = CONTROL.get(opcode);
        if (control) return { type: /** @type {"ping"} */ (control), data: payload };
        if (opcode !== CONTINUATION) this.#isText = opcode === TEXT;
        this.#open = !fin;
        this.#fragments.push(payload);
        this.#gathered += payload.length;
        if (this.#fragments.length > FRAGMENTS_MAX) throw new Fault(1008, "too many fragments");
        if (!fin) return null;
        const data = Buffer.concat(this.#fragments);
        this.#fragments = [];
        this.#gathered = 0;
        if (this.#isText && textOf(data) === null) throw new Fault(1007, "the text is no UTF-8");
        return { type: "message", text: this.#isText, data };
    }

    /** @param {Buffer} payload @returns {FrameEvent} */
    #close(payload) {
        this.#dead = true;
        if (payload.length === 0) return { type: "close", code: 1005, text: "" };
        const code = payload.length === 1 ? 0 : payload.readUInt16BE(0);
        const text = textOf(payload.subarray(2));
        if (!isCloseCode(code)) throw new Fault(1002, "the close code is none");
        if (text === null) throw new Fault(1007, "the close reason is no UTF-8");
        return { type: "close", code, text };
    }
}

/** @param {Buffer} head @param {number} short */
function sizeIn(head, short) {
    if (short < 126) return short;
    const size = short === 126 ? head.readUInt16BE(2) : Number(head.readBigUInt64BE(2));
    if (size < (short === 126 ? 126 : 65536)) throw new Fault(1002, "a size has its shortest form");
    return size;
}
