// The lasting connection on a platform of the test's own: who answers where is a table, sockets are
// stand-ins, and keys are real.
import assert from "node:assert/strict";
import { generateKeyPairSync, sign, webcrypto } from "node:crypto";
import { getEventListeners, setMaxListeners } from "node:events";
import { afterEach, beforeEach, describe, test } from "node:test";
import { BerthSocket, createClient } from "../../clients/js/client.js";
import { fromBase64url, toBase64url } from "../../clients/js/src/bytes.js";
import { refusal } from "../../clients/js/src/health.js";
import { commonPlaces } from "../../clients/js/src/platform.js";
import { claimBytes } from "../../clients/js/src/proof.js";

setMaxListeners(0); // One search listens to one signal many times over; Node would warn.
const tick = () => new Promise((resolve) => setTimeout(resolve, 0));

function makeKey() {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    return { secret: privateKey, text: publicKey.export({ format: "jwk" }).x };
}
const KEY = makeKey();
const OTHER = makeKey();

/** A server: what it answers when it is asked for its health. */
function server(port, more = {}) {
    return {
        app: "notes",
        instance: `i${port}`,
        state: "ready",
        key: KEY,
        claims: {},
        port,
        ...more,
    };
}

function healthOf({ app, instance, state, key, signs = key, claims, port, ws }, challenge) {
    const claim = { app, instance, port, challenge, ...claims };
    const proof = signs && toBase64url(sign(null, claimBytes(claim), signs.secret));
    const document = {
        app,
        instance,
        state,
        port,
        version: "1",
        ws: ws === undefined ? `ws://127.0.0.1:${port}/client-ws` : ws,
        public_key: key?.text ?? null,
        proof,
    };
    return { status: state === "ready" ? 200 : 503, text: JSON.stringify(document) };
}

class FakeSocket extends EventTarget {
    readyState = 0;
    bufferedAmount = 0;
    sent = [];
    constructor(url, protocols) {
        super();
        Object.assign(this, { url, protocols });
        world.sockets.push(this);
        setTimeout(() => (world.refuses ? this.end(1006) : this.open()), 0);
    }
    open() {
        this.readyState = 1;
        this.dispatchEvent(new Event("open"));
    }
    end(code, reason = "") {
        if (this.readyState === 3) return;
        this.readyState = 3;
        this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
    }
    close(code) {
        if (!this.deaf) this.end(code ?? 1005);
    }
    send(data) {
        this.sent.push(data);
    }
    message(data) {
        this.dispatchEvent(Object.assign(new Event("message"), { data, origin: "" }));
    }
}

let world;
let socket;
let heard;

const platform = () => ({
    crypto: world.crypto,
    WebSocket: FakeSocket,
    heartbeatMs: 30_000,
    controller: () => new AbortController(),
    async ask(target) {
        const url = new URL(target);
        world.asked.push(url.origin);
        await tick();
        const found = world.servers.get(url.origin);
        if (!found) return refusal("refused", "nobody answers there");
        return healthOf(
            found,
            fromBase64url(url.searchParams.get("challenge") ?? toBase64url(new Uint8Array(16))),
        );
    },
    told: async () => ({ publicKeys: [], candidates: [], ...world.told }),
    places: (_options, search) => commonPlaces(search),
    load: () => world.remembered,
    save: (_app, remembered) => (world.remembered = remembered ?? {}),
    wakes: (wake) => {
        world.wake = wake;
        return () => (world.wake = null);
    },
    explain: async () => "nobody is there",
    explainRefusal: () => "it refused",
    origin: "http://127.0.0.1:1018",
});

const put = (port, more) => world.servers.set(`http://127.0.0.1:${port}`, server(port, more));
const remove = (port) => world.servers.delete(`http://127.0.0.1:${port}`);

function find(options = {}) {
    heard = [];
    return createClient(platform()).find({
        app: "notes",
        on: (report) => heard.push(report),
        ...options,
    });
}

function connect(options = {}) {
    heard = [];
    socket = createClient(platform()).connect({
        app: "notes",
        on: (report) => heard.push(report),
        ...options,
    });
    return socket;
}

const next = (type) =>
    new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }));
const types = () =>
    heard.map(({ type }) => type).filter((type) => type !== "refused" && type !== "candidate");

const realRandom = Math.random;
const realNow = Date.now;
/** Node 18 runs the suites of a file side by side, and these share a world: so there is one alone.
 *  @param {string} name @param {(test: (title: string, body: () => unknown) => void) => void} body */
const group = (name, body) => body((title, work) => test(`${name}: ${title}`, work));

describe("the client", () => {
    beforeEach(() => {
        world = {
            servers: new Map(),
            sockets: [],
            asked: [],
            told: {},
            remembered: {},
            crypto: webcrypto,
        };
    });
    afterEach(() => {
        for (const one of world.sockets) one.deaf = false;
        socket?.close();
        Math.random = realRandom;
        Date.now = realNow;
    });

    group("how sure it is", (test) => {
        const outcome = async (options) =>
            find(options).then(
                ({ verdict }) => verdict,
                ({ code }) => code,
            );
        const strangers = () =>
            heard.filter(({ type }) => type === "stranger").map(({ text }) => text);

        test("named at first sight, pinned from then on", async () => {
            put(1018);
            assert.equal(await outcome(), "named");
            assert.equal(world.remembered.publicKey, KEY.text);
            assert.equal(await outcome(), "pinned");
        });
        test("proved by a key that was given, by the caller or the surroundings", async () => {
            put(1018);
            assert.equal(await outcome({ publicKey: KEY.text }), "proved");
            world.told = { publicKeys: [OTHER.text, KEY.text] };
            assert.equal(await outcome(), "proved");
        });
        test("the caller's key is the only one then", async () => {
            put(1018);
            world.told = { publicKeys: [KEY.text] };
            assert.equal(await outcome({ publicKey: OTHER.text }), "NOT_FOUND");
            assert.match(strangers()[0], /another key than the app's/);
        });
        const liars = {
            "a key it does not hold": { signs: OTHER },
            "no proof": { signs: null },
            "a proof for another port": { claims: { port: 1019 } },
            "a proof for another challenge": { claims: { challenge: new Uint8Array(32) } },
            "a proof of another instance": { claims: { instance: "before" } },
        };
        for (const [name, lie] of Object.entries(liars))
            test(`${name} is a stranger's, whatever is known`, async () => {
                put(1018, lie);
                for (const options of [{}, { least: "named" }, { publicKey: KEY.text }])
                    assert.equal(await outcome(options), "NOT_FOUND");
                world.remembered = { publicKey: KEY.text };
                assert.equal(await outcome(), "NOT_FOUND");
                assert.match(strangers()[0], /could not prove/);
            });
        test("no key, where one was seen", async () => {
            put(1018, { key: null });
            assert.equal(await outcome(), "named");
            world.remembered = { publicKey: KEY.text };
            assert.equal(await outcome(), "NOT_FOUND");
        });
        test("least is kept to", async () => {
            put(1018);
            assert.equal(await outcome({ least: "pinned" }), "NOT_FOUND");
            assert.match(strangers()[0], /only named .* at least pinned is asked for/);
            world.remembered = { publicKey: KEY.text };
            assert.equal(await outcome({ least: "pinned" }), "pinned");
            assert.equal(await outcome({ least: "proved" }), "NOT_FOUND");
        });
        test("without Ed25519 nothing is more than named, and it says so", async () => {
            world.crypto = { getRandomValues: (bytes) => webcrypto.getRandomValues(bytes) };
            put(1018);
            assert.equal(await outcome({ publicKey: KEY.text }), "NOT_FOUND");
            assert.match(strangers()[0], /cannot check Ed25519/);
            assert.equal(await outcome({ publicKey: KEY.text, least: "named" }), "named");
            assert.equal(
                world.remembered.publicKey,
                undefined,
                "what was not proved is not remembered",
            );
        });
        test("one instance alone", async () => {
            put(1018);
            put(1020, { instance: "wanted" });
            assert.equal((await find({ instance: "wanted" })).port, 1020);
        });
    });

    group("what it asks for", (test) => {
        const wrong = [
            {},
            { app: "" },
            { app: "Notes" },
            { app: "../notes" },
            { app: "notes", least: "sure" },
            { app: "notes", publicKey: "short" },
            { app: "notes", url: "ftp://127.0.0.1" },
            { app: "notes", ports: [0] },
            { app: "notes", ports: 1018 },
        ];
        for (const options of wrong)
            test(JSON.stringify(options), async () => {
                const client = createClient(platform());
                await assert.rejects(client.find(options), { code: "INVALID" });
                assert.throws(() => client.connect(options), { code: "INVALID" });
            });
        test("a url is the only place", async () => {
            put(1018);
            world.remembered = { http: "http://127.0.0.1:1018" };
            await assert.rejects(find({ url: "http://127.0.0.1:1019" }), { code: "NOT_FOUND" });
            assert.deepEqual([...new Set(world.asked)], ["http://127.0.0.1:1019"]);
        });
        test("each address once", async () => {
            world.remembered = { http: "http://127.0.0.1:1018" };
            await assert.rejects(find(), { code: "NOT_FOUND" });
            assert.equal(world.asked.length, 26);
        });
        test("a signal ends it", async () => {
            const signal = AbortSignal.timeout(50);
            await assert.rejects(find({ signal, timeoutMs: 10_000 }), { code: "ABORTED" });
        });
        test("one that is starting is waited for, and named when it is too late", async () => {
            put(1018, { state: "starting" });
            await assert.rejects(find({ timeoutMs: 100 }), { code: "TIMEOUT" });
            setTimeout(() => put(1018), 50);
            assert.equal((await find({ timeoutMs: 5000 })).port, 1018);
        });
    });

    group("a connection that stays", (test) => {
        test("has a WebSocket's interface", async () => {
            put(1018);
            connect();
            assert.ok(socket instanceof BerthSocket);
            assert.equal(socket.readyState, socket.CONNECTING);
            const order = [];
            socket.onopen = () => order.push("open");
            socket.onmessage = ({ data }) => order.push(data);
            socket.onclose = ({ code }) => order.push(code);
            socket.binaryType = "arraybuffer";
            await next("open");
            assert.equal(socket.readyState, BerthSocket.OPEN);
            assert.equal(socket.url, "ws://127.0.0.1:1018/client-ws");
            assert.equal(world.sockets[0].binaryType, "arraybuffer");
            world.sockets[0].message("hello");
            const closed = next("close");
            socket.close(3000, "enough");
            await closed;
            assert.deepEqual(order, ["open", "hello", 3000]);
            assert.equal(socket.readyState, socket.CLOSED);
            assert.throws(() => socket.send("late"), { code: "CLOSED" });
            socket.onopen = null;
            assert.equal(socket.onopen, null);
            assert.equal(world.wake, null);
        });

        test("comes back, says that it moved before it is open, and keeps what is sent meanwhile", async () => {
            put(1018);
            connect();
            await next("open");
            remove(1018);
            const lost = next("lost");
            world.sockets[0].end(1001);
            assert.match((await lost).detail.text, /said goodbye/);
            assert.equal(socket.readyState, socket.CONNECTING);
            const buffer = new Uint8Array([1, 2, 3]);
            socket.send("one");
            socket.send(buffer);
            buffer.fill(9); // it is ours again
            assert.equal(socket.bufferedAmount, 6);
            put(1024);
            await next("open");
            assert.deepEqual(types().slice(-4), ["proved", "moved", "connecting", "connected"]);
            const moved = heard.find(({ type }) => type === "moved");
            assert.deepEqual(
                [moved.from.http, moved.to.http],
                ["http://127.0.0.1:1018", "http://127.0.0.1:1024"],
            );
            assert.match(moved.text, /localStorage/);
            assert.deepEqual(world.sockets[1].sent, ["one", new Uint8Array([1, 2, 3])]);
            assert.equal(socket.bufferedAmount, 0);
        });

        test("the queue has a stated answer when it is full", () => {
            connect({ queue: { messages: 3, bytes: 10 } });
            socket.send("é");
            socket.send(new Uint8Array(8));
            assert.throws(() => socket.send("x"), { code: "QUEUE_FULL", message: /10 bytes/ });
            socket.send("");
            assert.throws(() => socket.send(""), { code: "QUEUE_FULL", message: /^3 messages/ });
            assert.equal(socket.bufferedAmount, 10);
        });

        test("a token goes to a server that is proved, and to no other", async () => {
            put(1018);
            world.told = { token: "secret" };
            connect({ protocols: "chat" });
            await next("open");
            assert.deepEqual(world.sockets[0].protocols, ["chat"]);
            socket.close();
            world.told = { token: "secret", publicKeys: [KEY.text] };
            connect({ protocols: ["chat"] });
            await next("open");
            assert.deepEqual(world.sockets[1].protocols, [
                "chat",
                "berth.v1",
                "berth.token.secret",
            ]);
            assert.equal(socket.endpoint.token, "secret");
            assert.ok(!JSON.stringify(socket.endpoint).includes("secret"));
            assert.ok(!JSON.stringify(heard).includes("secret"));
            socket.close();
            connect({ token: "secret" });
            world.told = {};
            const { error } = await next("error");
            assert.equal(error.code, "NOT_FOUND", "a token asks for a proof");
        });

        test("another path than the published one", async () => {
            put(1018, { ws: null });
            connect({ path: "/room?a=1" });
            await next("open");
            assert.equal(world.sockets[0].url, "ws://127.0.0.1:1018/room?a=1");
        });

        const failures = {
            NOT_FOUND: () => {},
            NO_ROUTE: () => put(1018, { ws: null }),
            REFUSED: () => {
                put(1018);
                world.refuses = true;
            },
        };
        for (const [code, arrange] of Object.entries(failures))
            test(`${code} is an error event, and it goes on trying`, async () => {
                Math.random = () => 0;
                arrange();
                connect();
                assert.equal((await next("error")).error.code, code);
                assert.equal((await next("error")).error.code, code);
                assert.equal(socket.readyState, socket.CONNECTING);
            });

        test("the waits grow from 100 ms to 5 s, and start again once connected", async () => {
            const waits = [];
            Math.random = () => 0; // it waits nothing, and says what it would have waited
            connect({ on: ({ type }) => type === "waiting" && (Math.random = () => 0) });
            socket.addEventListener("error", () => (Math.random = () => 0.999999));
            socket.addEventListener("waiting", ({ detail }) => {
                waits.push(detail.wait);
                queueMicrotask(() => world.wake());
            });
            for (let n = 0; n < 8; n++) await next("waiting");
            assert.deepEqual(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
            put(1018);
            world.wake();
            await next("open");
            remove(1018);
            Math.random = () => 0.999999;
            const waited = next("waiting");
            world.sockets[0].end(1006);
            assert.equal((await waited).detail.wait, 100);
        });

        test("a server that lets everybody go at once is not stormed", async () => {
            put(1018);
            const waits = [];
            Math.random = () => 0.999999;
            connect();
            socket.addEventListener("open", () =>
                setTimeout(() => world.sockets.at(-1).end(1011), 0),
            );
            socket.addEventListener("waiting", ({ detail }) => {
                waits.push(detail.wait);
                queueMicrotask(() => world.wake());
            });
            for (let n = 0; n < 4; n++) await next("waiting");
            assert.deepEqual(waits, [100, 200, 400, 800]);
        });

        test("a call that comes during a search leads to another one at once", async () => {
            connect();
            await next("candidate");
            world.wake();
            Math.random = () => 0.999999;
            const began = performance.now();
            await next("waiting");
            await next("searching");
            assert.ok(performance.now() - began < 1000);
        });

        test("once: the first loss is the end", async () => {
            put(1018);
            connect({ once: true });
            await next("open");
            world.sockets[0].end(4000, "enough");
            const { code, reason } = await next("close");
            assert.deepEqual([code, reason], [4000, "enough"]);
        });

        test("close() ends in time, though the peer never answers", async () => {
            put(1018);
            connect();
            await next("open");
            world.sockets[0].deaf = true;
            socket.close();
            assert.equal((await next("close")).code, 1000);
        });

        test("close() during a search, twice, and by a signal", async () => {
            const stop = new AbortController();
            connect({ signal: stop.signal });
            await next("candidate");
            stop.abort();
            socket.close();
            await next("close");
            const before = world.asked.length;
            await new Promise((resolve) => setTimeout(resolve, 150));
            assert.equal(world.asked.length, before);
            connect({ signal: stop.signal });
            await next("close");
            assert.equal(world.asked.length, before);
        });
    });

    group("a dead socket is noticed", (test) => {
        /** Connected; and from now on the socket says nothing, not even goodbye. */
        async function deaf(options) {
            put(1018);
            connect(options);
            await next("open");
            world.sockets[0].deaf = true;
        }

        test("by silence, when the server is not there any more", async () => {
            await deaf({ heartbeatMs: 1 });
            remove(1018);
            assert.equal((await next("lost")).detail.code, 1006);
        });
        test("by silence, when it is another instance", async () => {
            await deaf({ heartbeatMs: 1 });
            put(1018, { instance: "next" });
            await next("lost");
            await next("open");
            assert.equal(socket.endpoint.instance, "next");
        });
        test("but not when it is well", async () => {
            await deaf({ heartbeatMs: 1 });
            const before = world.asked.length;
            while (world.asked.length < before + 2) await tick();
            assert.equal(socket.readyState, socket.OPEN);
        });
        test("after the machine has slept", async () => {
            await deaf();
            remove(1018);
            const later = realNow() + 3_600_000;
            Date.now = () => later;
            await next("lost");
        });
        test("when the page is looked at again", async () => {
            await deaf();
            remove(1018);
            const lost = next("lost");
            world.wake();
            await lost;
        });
        test("by ping, where the platform has it", async () => {
            put(1018);
            let pings = 0;
            const listeners = new Set();
            FakeSocket.prototype.ping = function () {
                listeners.add(getEventListeners(this, "message").length);
                if (++pings === 1) this.dispatchEvent(new Event("pong"));
            };
            try {
                connect({ heartbeatMs: 1 });
                await next("open");
                const asked = world.asked.length;
                while (pings < 2) await tick();
                assert.equal(socket.readyState, socket.OPEN);
                assert.equal(world.asked.length, asked);
                await next("lost"); // no pong in time
                assert.equal(listeners.size, 1, "a ping leaves nothing behind");
            } finally {
                delete FakeSocket.prototype.ping;
            }
        });
    });
});
