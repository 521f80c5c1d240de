// The WebSocket of the Node entry: frames in every split, and whole connections with a server that
// is made here, byte by byte, well-behaved or not.
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import { setImmediate } from "node:timers/promises";
import { afterEach, describe, test } from "node:test";
import { FrameReader, writeFrame } from "../../clients/js/node-frames.js";
import { NodeWebSocket } from "../../clients/js/node.js";
import { claimBytes } from "../../clients/js/src/proof.js";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** A frame as a server writes it. */
function frame(first, payload = "", second) {
    const body = Buffer.from(payload);
    if (body.length < 126)
        return Buffer.concat([Buffer.from([first, second ?? body.length]), body]);
    const head = Buffer.from([first, 126, body.length >> 8, body.length & 0xff]);
    if (body.length < 65536) return Buffer.concat([head, body]);
    const long = Buffer.alloc(10);
    long.set([first, 127]);
    long.writeBigUInt64BE(BigInt(body.length), 2);
    return Buffer.concat([long, body]);
}

const shown = (event) => {
    if (event.type === "message")
        return `${event.text ? "text" : "binary"} ${event.data.length} ${event.data.toString("latin1").slice(0, 20)}`;
    return event.data ? `${event.type} ${event.data}` : `${event.type} ${event.code}`;
};

function eventsOf(parts, limit = 100_000) {
    const reader = new FrameReader(limit);
    return parts.flatMap((part) => reader.feed(part)).map(shown);
}

describe("FrameReader", () => {
    const cases = {
        "a text": [[frame(0x81, "hello")], ["text 5 hello"]],
        "an empty text": [[frame(0x81)], ["text 0 "]],
        "binary of 126 bytes": [[frame(0x82, "a".repeat(126))], [`binary 126 ${"a".repeat(20)}`]],
        "binary of 65536 bytes": [
            [frame(0x82, "b".repeat(65536))],
            [`binary 65536 ${"b".repeat(20)}`],
        ],
        "fragments with a ping between": [
            [frame(0x01, "he"), frame(0x89, "?"), frame(0x00, "l"), frame(0x80, "lo")],
            ["ping ?", "text 5 hello"],
        ],
        "a letter split between fragments": [
            [frame(0x01, [0xc3]), frame(0x80, [0xa9])],
            ["text 2 Ã©"],
        ],
        "a pong nobody asked for": [[frame(0x8a, "x")], ["pong x"]],
        "a close without a code": [[frame(0x88)], ["close 1005"]],
        "a close": [[frame(0x88, [0x03, 0xe9])], ["close 1001"]],
        "nothing after a close": [[frame(0x88), frame(0x81, "late")], ["close 1005"]],
        "a reserved bit": [[frame(0xc1, "x")], ["fault 1002"]],
        "a masked frame": [[frame(0x81, "abcd", 0x80)], ["fault 1002"]],
        "an unknown opcode": [[frame(0x83)], ["fault 1002"]],
        "a ping in fragments": [[frame(0x09)], ["fault 1002"]],
        "a ping that is too long": [[frame(0x89, "x".repeat(126))], ["fault 1002"]],
        "a continuation of nothing": [[frame(0x80, "x")], ["fault 1002"]],
        "a text inside a text": [[frame(0x01, "x"), frame(0x81, "y")], ["fault 1002"]],
        "a size that is not short": [[Buffer.from([0x82, 126, 0, 5])], ["fault 1002"]],
        "a size without bounds": [
            [Buffer.from([0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255])],
            ["fault 1009"],
        ],
        "a message over the limit": [[frame(0x82, "x".repeat(100_001))], ["fault 1009"]],
        "fragments over the limit": [
            [frame(0x02, "x".repeat(60_000)), frame(0x80, "x".repeat(60_000))],
            ["fault 1009"],
        ],
        "a text that is no UTF-8": [[frame(0x81, [0xff])], ["fault 1007"]],
        "a close code that is none": [[frame(0x88, [0x03, 0xed])], ["fault 1002"]],
        "a close of one byte": [[frame(0x88, [3])], ["fault 1002"]],
        "a close reason that is no UTF-8": [[frame(0x88, [0x03, 0xe8, 0xff])], ["fault 1007"]],
        "nothing after a fault": [[frame(0x83), frame(0x81, "late")], ["fault 1002"]],
    };
    for (const [name, [parts, events]] of Object.entries(cases))
        test(name, () => {
            const bytes = Buffer.concat(parts);
            assert.deepEqual(eventsOf([bytes]), events);
            assert.deepEqual(eventsOf(parts), events);
            if (bytes.length > 1000) return;
            assert.deepEqual(eventsOf([...bytes].map((byte) => Buffer.from([byte]))), events);
        });
});

describe("writeFrame masks, and reads back", () => {
    for (const size of [0, 1, 125, 126, 65535, 65536])
        test(`${size} bytes`, () => {
            const payload = Buffer.alloc(size, "payload");
            const bytes = Buffer.concat(writeFrame(2, payload));
            const extra = size < 126 ? 0 : size < 65536 ? 2 : 8;
            assert.equal(bytes[1] & 0x80, 0x80);
            assert.equal(bytes.length, 2 + extra + 4 + size);
            const mask = bytes.subarray(2 + extra, 6 + extra);
            const clear = bytes.subarray(6 + extra).map((byte, i) => byte ^ mask[i & 3]);
            assert.deepEqual(clear, payload);
        });
});

/** What the server does with an upgrade: gets the socket, the headers it would answer, the request. */
let behave;
const server = http.createServer((_request, response) => response.writeHead(403).end());
server.on("upgrade", (request, socket) => {
    socket.on("error", () => {});
    socket.on("end", () => socket.end());
    const accept = createHash("sha1").update(request.headers["sec-websocket-key"] + GUID);
    const headers = {
        Upgrade: "websocket",
        Connection: "Upgrade",
        "Sec-WebSocket-Accept": accept.digest("base64"),
    };
    behave(socket, headers, request);
});
await once(server.listen(0, "127.0.0.1").unref(), "listening");
const { port } = server.address();

describe("NodeWebSocket", () => {
    let ws;

    afterEach(() => ws?.close());

    const answer = (socket, headers, ...frames) => {
        const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
        const head = `HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`;
        socket.write(Buffer.concat([Buffer.from(head), ...frames]));
    };
    const dial = (protocols) =>
        (ws = new NodeWebSocket(`ws://127.0.0.1:${port}/room?a=1`, protocols));
    const closeOf = async () => {
        const [{ code, reason, wasClean }] = await once(ws, "close");
        return [code, reason, wasClean];
    };

    /** What the client sends, unmasked: [opcode, text] each. */
    function heard(socket) {
        const frames = [];
        socket.on("data", (data) => {
            for (let at = 0; at < data.length;) {
                const size = data[at + 1] & 0x7f;
                const mask = data.subarray(at + 2, at + 6);
                const body = data
                    .subarray(at + 6, at + 6 + size)
                    .map((byte, i) => byte ^ mask[i & 3]);
                frames.push([data[at] & 0x0f, body.toString("latin1")]);
                at += 6 + size;
            }
            socket.emit("frame");
        });
        return frames;
    }

    test("asks for what it was told to ask for, and gets messages that come with the answer", async () => {
        let asked;
        behave = (socket, headers, request) => {
            asked = request;
            answer(
                socket,
                { ...headers, "Sec-WebSocket-Protocol": "berth.v1" },
                frame(0x81, "early"),
            );
        };
        dial(["berth.v1", "berth.token.abc"]);
        const order = [];
        ws.addEventListener("open", () => order.push(`open ${ws.readyState} ${ws.protocol}`));
        ws.addEventListener("message", ({ data }) => order.push(data));
        await once(ws, "message");
        assert.deepEqual(order, ["open 1 berth.v1", "early"]);
        assert.equal(asked.url, "/room?a=1");
        assert.equal(asked.headers["sec-websocket-protocol"], "berth.v1, berth.token.abc");
        assert.equal(asked.headers.origin, undefined);
    });

    test("binary comes as a Blob or as an ArrayBuffer", async () => {
        behave = (socket, headers) =>
            answer(socket, headers, frame(0x82, "abc"), frame(0x82, "def"));
        dial();
        const [first] = await once(ws, "message");
        assert.ok(first.data instanceof Blob);
        assert.equal(await first.data.text(), "abc");
        ws.close();
        behave = (socket, headers) => answer(socket, headers, frame(0x82, "abc"));
        dial();
        ws.binaryType = "arraybuffer";
        const [second] = await once(ws, "message");
        assert.deepEqual(new Uint8Array(second.data), new Uint8Array([97, 98, 99]));
    });

    const refusals = {
        "another status": (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        "a wrong accept": (socket, headers) =>
            answer(socket, { ...headers, "Sec-WebSocket-Accept": "x" }),
        "no upgrade": (socket, headers) => answer(socket, { ...headers, Upgrade: "h2c" }),
        "a protocol nobody offered": (socket, headers) =>
            answer(socket, { ...headers, "Sec-WebSocket-Protocol": "z" }),
        "an extension nobody offered": (socket, headers) =>
            answer(socket, { ...headers, "Sec-WebSocket-Extensions": "permessage-deflate" }),
        "a head without end": (socket) =>
            socket.write(`HTTP/1.1 101 x\r\nA: ${"a".repeat(20_000)}`),
        "a reset": (socket) => socket.destroy(),
    };
    for (const [name, refuse] of Object.entries(refusals))
        test(`${name} is an error and a close`, async () => {
            behave = refuse;
            dial();
            let errors = 0;
            ws.addEventListener("error", () => errors++);
            ws.addEventListener("open", () => assert.fail("it opened"));
            assert.deepEqual(await closeOf(), [1006, "", false]);
            assert.equal(errors, 1);
            assert.equal(ws.readyState, 3);
        });

    test("sends texts, bytes, blobs and pings, and answers pings", async () => {
        let frames;
        let peer;
        behave = (socket, headers) => {
            frames = heard((peer = socket));
            answer(socket, headers, frame(0x89, "are you there"));
        };
        dial();
        assert.throws(() => ws.send("early"), { name: "InvalidStateError" });
        await once(ws, "open");
        ws.send("é");
        ws.send(new Uint8Array([1, 2, 3]).subarray(1));
        ws.send(new Uint8Array([4]).buffer);
        ws.ping();
        ws.send(new Blob(["blob"]));
        while (frames?.length !== 6) await once(peer, "frame");
        frames.sort((a, b) => a[0] - b[0]);
        assert.deepEqual(frames, [
            [1, "Ã©"],
            [2, "\x02\x03"],
            [2, "\x04"],
            [2, "blob"],
            [9, ""],
            [10, "are you there"],
        ]);
        peer.write(frame(0x8a));
        await once(ws, "pong");
    });

    test("the peer's close is answered, and told with its code", async () => {
        let frames;
        behave = (socket, headers) => {
            frames = heard(socket);
            answer(
                socket,
                headers,
                frame(0x88, Buffer.concat([Buffer.from([0x03, 0xe9]), Buffer.from("bye")])),
            );
        };
        dial();
        assert.deepEqual(await closeOf(), [1001, "bye", true]);
        assert.deepEqual(frames, [[8, "\x03\xe9"]]);
        ws.send("into nothing, as in a page");
    });

    test("our close waits for the peer's", async () => {
        behave = (socket, headers) => {
            heard(socket);
            socket.on("frame", () => socket.end(frame(0x88, [0x0b, 0xb8])));
            answer(socket, headers);
        };
        dial();
        await once(ws, "open");
        for (const code of [0, 999, 1001, 1006, 5000])
            assert.throws(() => ws.close(code), { name: "InvalidAccessError" });
        ws.close(3000, "enough");
        assert.equal(ws.readyState, 2);
        assert.deepEqual(await closeOf(), [3000, "", true]);
    });

    test("a peer that breaks the protocol is told so, and let go", async () => {
        let frames;
        behave = (socket, headers) => {
            frames = heard(socket);
            answer(socket, headers, frame(0x83, "x"));
        };
        dial();
        assert.deepEqual(await closeOf(), [1006, "", false]);
        while (frames.length === 0) await setImmediate();
        assert.equal(frames[0][0], 8);
        assert.equal(frames[0][1].slice(0, 2), "\x03\xea");
    });

    test("close() before the answer", async () => {
        behave = () => {};
        dial();
        ws.close();
        assert.deepEqual(await closeOf(), [1006, "", false]);
    });

    test("an address or a protocol that is none throws", () => {
        for (const url of ["http://127.0.0.1/", "wss://127.0.0.1/"])
            assert.throws(() => new NodeWebSocket(url), { name: "SyntaxError" });
        for (const protocols of ["", "a b", ["a", "a"]])
            assert.throws(() => new NodeWebSocket("ws://127.0.0.1:1/", protocols), {
                name: "SyntaxError",
            });
    });
});

describe("a connection that carries a secret", () => {
    const SERVER = { app: "assistant", instance: "i1" };
    const { publicKey: exported, privateKey } = generateKeyPairSync("ed25519");
    const publicKey = exported.export({ format: "jwk" }).x;
    const SECRET = ["berth.v1", "berth.token.secret"];

    /** Answers /health as told, and keeps all that it is asked. */
    async function world(t, { port: signed, hangUp = false, key = privateKey } = {}) {
        const seen = [];
        const server = http.createServer((request, response) => {
            seen.push(request.url);
            const challenge = Buffer.from(new URL(request.url, "http://x").searchParams.get("challenge"), "base64url");
            const bytes = claimBytes({ ...SERVER, port: signed ?? server.address().port, challenge });
            if (hangUp) response.setHeader("Connection", "close");
            response.end(JSON.stringify({ proof: sign(null, bytes, key).toString("base64url") }));
        });
        server.on("upgrade", (request, socket) => {
            seen.push(request.headers["sec-websocket-protocol"]);
            const accept = createHash("sha1").update(request.headers["sec-websocket-key"] + GUID).digest("base64");
            socket.end(
                `HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n` +
                    "Sec-WebSocket-Protocol: berth.v1\r\n\r\n",
            );
        });
        let connections = 0;
        server.on("connection", () => connections++);
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        t.after(() => server.close());
        const { port } = server.address();
        const ws = new NodeWebSocket(`ws://127.0.0.1:${port}/x`, SECRET, { ...SERVER, port, publicKey });
        const opened = once(ws, "open").then(() => true);
        const first = await Promise.race([opened, once(ws, "close").then(() => false)]);
        return { opened: first, seen: seen.map((text) => text?.replace(/=.*/, "")), connections };
    }

    test("is the one on which the server has proved itself", async (t) => {
        const { opened, seen, connections } = await world(t);
        assert.equal(opened, true);
        assert.deepEqual(seen, ["/health?challenge", SECRET.join(", ")]);
        assert.equal(connections, 1);
    });

    test("is not made where the proof is another's", async (t) => {
        const { privateKey: other } = generateKeyPairSync("ed25519");
        assert.deepEqual(await world(t, { key: other }), { opened: false, seen: ["/health?challenge"], connections: 1 });
        assert.deepEqual(await world(t, { port: 1 }), { opened: false, seen: ["/health?challenge"], connections: 1 });
    });

    test("is not made a second time when the proved one is gone", async (t) => {
        assert.deepEqual(await world(t, { hangUp: true }), { opened: false, seen: ["/health?challenge"], connections: 1 });
    });
});
