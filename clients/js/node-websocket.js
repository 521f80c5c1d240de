// A small WebSocket client for Node (RFC 6455, section numbers below), as far as the standard's class
// goes, and with ping(), which pages do not have. Node has had a WebSocket of its own only since 22,
// and that one cannot ping either, so a half-open connection would go unnoticed.
//
//     const ws = new NodeWebSocket("ws://127.0.0.1:1018/client-ws", ["berth.v1"]);
//     ws.addEventListener("message", (event) => show(event.data));
//
// Errors: the constructor throws SyntaxError for an address or a protocol that is none; send() throws
// InvalidStateError before `open`; close() InvalidAccessError for a code that may not be sent.
// Limits: a message of 16 MiB (1009), an upgrade's answer of 16 KiB, 5 s for the peer's close frame.

import { createHash, randomBytes } from "node:crypto";
import http from "node:http";
import { eventWith } from "./src/events.js";
import { FrameReader, writeFrame } from "./node-frames.js";
import { provenAgent } from "./node-proven.js";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const CLOSE_MS = 5000;
const MESSAGE_MAX = 16 * 1024 * 1024;
const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 };
const PROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** @param {string} key section 4.2.2 */
const acceptOf = (key) =>
    createHash("sha1")
        .update(key + GUID)
        .digest("base64");

/** @param {string} name @param {string} text */
const exception = (name, text) => new DOMException(text, name);

export class NodeWebSocket extends EventTarget {
    readyState = 0;
    protocol = "";
    extensions = "";
    /** @type {BinaryType} */ binaryType = "blob";
    /** @type {import("node:net").Socket | null} */ #socket = null;
    /** @type {http.ClientRequest | undefined} */ #request;
    /** @type {{code: number, reason: string} | null} what the peer's close frame said */ #said =
        null;
    #reader = new FrameReader(MESSAGE_MAX);
    #origin;
    /** @type {string[]} */ #offered;
    /** @type {NodeJS.Timeout | undefined} */ #timer;

    /** With a server given, nothing but a challenge is sent to anybody who does not prove to be it.
     *  @param {string} url @param {string | string[]} [protocols]
     *  @param {import("./node-proven.js").Server} [server] */
    constructor(url, protocols = [], server) {
        super();
        const address = new URL(url);
        if (address.protocol !== "ws:") throw exception("SyntaxError", `${url} is no ws: address`);
        this.#offered = [protocols].flat();
        const once = new Set(this.#offered).size === this.#offered.length;
        if (!once || !this.#offered.every((name) => PROTOCOL.test(name)))
            throw exception("SyntaxError", "A subprotocol is a token, and each is named once");
        this.url = address.href;
        this.#origin = address.origin;
        if (server) this.#askProven(address, server);
        else this.#ask(address, false);
    }

    get bufferedAmount() {
        return this.#socket?.writableLength ?? 0;
    }

    /** @param {string | ArrayBuffer | ArrayBufferView | Blob} data */
    send(data) {
        if (this.readyState === 0) throw exception("InvalidStateError", "It is not open yet");
        if (this.readyState !== 1) return;
        if (typeof data === "string") this.#write(OPCODE.text, Buffer.from(data));
        else if (data instanceof Blob) this.#sendBlob(data);
        else if (data instanceof ArrayBuffer) this.#write(OPCODE.binary, Buffer.from(data));
        else {
            const { buffer, byteOffset, byteLength } = data;
            this.#write(OPCODE.binary, Buffer.from(buffer, byteOffset, byteLength));
        }
    }

    /** The bytes of a Blob come later: what is sent meanwhile overtakes it. @param {Blob} blob */
    async #sendBlob(blob) {
        this.#write(OPCODE.binary, Buffer.from(await blob.arrayBuffer()));
    }

    /** A `pong` event answers it. */
    ping() {
        if (this.readyState === 1) this.#write(OPCODE.ping, Buffer.alloc(0));
    }

    /** @param {number} [code] @param {string} [reason] */
    close(code, reason = "") {
        if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999))
            throw exception("InvalidAccessError", "A close code is 1000 or one of 3000 to 4999");
        if (this.readyState >= 2) return;
        if (this.readyState === 0) return this.#fail();
        this.readyState = 2;
        this.#writeClose(code, reason);
    }

    /* ---- The handshake: section 4.1 ---- */

    /** @param {URL} url @param {import("./node-proven.js").Server} server */
    async #askProven(url, server) {
        try {
            const agent = await provenAgent(url, server);
            if (this.readyState === 0) this.#ask(url, agent);
            else agent.destroy();
        } catch {
            this.#fail();
        }
    }

    /** @param {URL} url @param {http.Agent | false} agent */
    #ask(url, agent) {
        const key = randomBytes(16).toString("base64");
        const request = http.get({
            host: url.hostname.replace(/^\[|\]$/g, ""),
            port: Number(url.port || 80),
            path: url.pathname + url.search,
            agent,
            maxHeaderSize: 16384,
            headers: {
                Host: url.host,
                Connection: "Upgrade",
                Upgrade: "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": key,
                ...(this.#offered.length && { "Sec-WebSocket-Protocol": this.#offered.join(", ") }),
            },
        });
        request.on("upgrade", (response, socket, head) => {
            socket.on("error", () => {});
            if (this.readyState !== 0 || !this.#agreed(response, key)) {
                socket.destroy();
                return this.#fail();
            }
            this.#opened(/** @type {import("node:net").Socket} */ (socket), head);
        });
        request.on("response", () => this.#fail());
        request.on("error", () => this.#fail());
        this.#request = request;
    }

    /** @param {http.IncomingMessage} response @param {string} key */
    #agreed({ statusCode, headers }, key) {
        const protocol = headers["sec-websocket-protocol"];
        this.protocol = protocol ?? "";
        return (
            statusCode === 101 &&
            /^websocket$/i.test(headers.upgrade ?? "") &&
            /(?:^|,)\s*upgrade\s*(?:,|$)/i.test(headers.connection ?? "") &&
            headers["sec-websocket-accept"] === acceptOf(key) &&
            headers["sec-websocket-extensions"] === undefined &&
            (protocol === undefined || this.#offered.includes(protocol))
        );
    }

    /** @param {import("node:net").Socket} socket @param {Buffer} head */
    #opened(socket, head) {
        this.#socket = socket;
        this.readyState = 1;
        socket.setNoDelay(true);
        socket.setTimeout(0);
        socket.on("close", () => this.#ended());
        socket.on("end", () => socket.end());
        socket.on("data", (data) => this.#receive(data));
        this.dispatchEvent(new Event("open"));
        if (head.length > 0) this.#receive(head);
    }

    /** The handshake failed, or was given up; why is not said, as in a page. */
    #fail() {
        if (this.readyState === 3) return;
        this.readyState = 3;
        this.#request?.destroy();
        setImmediate(() => {
            this.dispatchEvent(new Event("error"));
            this.#tellClose({ code: 1006, reason: "" }, false);
        });
    }

    /* ---- Frames ---- */

    /** @param {number} opcode @param {Buffer} payload */
    #write(opcode, payload) {
        if (!this.#socket?.writable) return;
        for (const part of writeFrame(opcode, payload)) this.#socket.write(part);
    }

    /** @param {Buffer} data */
    #receive(data) {
        const events = this.#reader.feed(data);
        for (const event of events) {
            if (this.#said || this.readyState === 3) return;
            if (event.type === "message") this.#deliver(event.text, event.data);
            else if (event.type === "ping") this.#write(OPCODE.pong, event.data);
            else if (event.type === "pong") this.dispatchEvent(new Event("pong"));
            else if (event.type === "close") this.#closedByPeer(event);
            else this.#broken(event.code, event.text);
        }
    }

    /** @param {boolean} text @param {Buffer} bytes */
    #deliver(text, bytes) {
        if (this.readyState !== 1) return;
        const copy = () => /** @type {Uint8Array<ArrayBuffer>} */ (Uint8Array.from(bytes));
        const binary = () => (this.binaryType === "blob" ? new Blob([copy()]) : copy().buffer);
        const data = text ? bytes.toString() : binary();
        this.dispatchEvent(new MessageEvent("message", { data, origin: this.#origin }));
    }

    /* ---- The end: section 7 ---- */

    /** @param {number | undefined} code @param {string} [reason] */
    #writeClose(code, reason = "") {
        const payload = code === undefined ? Buffer.alloc(0) : Buffer.alloc(2);
        if (code !== undefined) payload.writeUInt16BE(code);
        this.#write(OPCODE.close, Buffer.concat([payload, Buffer.from(reason)]).subarray(0, 125));
        this.#timer = setTimeout(() => this.#socket?.destroy(), CLOSE_MS);
    }

    /** @param {{code: number, text: string}} said */
    #closedByPeer({ code, text }) {
        this.#said = { code, reason: text };
        if (this.readyState === 1) this.#writeClose(code === 1005 ? undefined : code);
        this.readyState = 2;
        this.#socket?.end();
    }

    /** The peer breaks the protocol: told so, and let go. @param {number} code @param {string} text */
    #broken(code, text) {
        this.readyState = 2;
        this.#writeClose(code, text);
        this.#socket?.destroySoon();
        this.dispatchEvent(new Event("error"));
    }

    #ended() {
        clearTimeout(this.#timer);
        this.readyState = 3;
        this.#tellClose(this.#said ?? { code: 1006, reason: "" }, this.#said !== null);
    }

    /** @param {{code: number, reason: string}} how @param {boolean} wasClean */
    #tellClose({ code, reason }, wasClean) {
        this.dispatchEvent(eventWith("close", { code, reason, wasClean }));
    }
}
