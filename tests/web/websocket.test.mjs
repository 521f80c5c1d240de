// The drop-in client without a browser: its pure parts, and a whole search and connection with a
// stand-in for fetch and WebSocket.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { setMaxListeners } from "node:events";
import { afterEach, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

setMaxListeners(0); // One search listens to one signal many times over; Node would warn.
globalThis.crypto ??= (await import("node:crypto")).webcrypto; // Node before 19
const at = (path) => new URL(`../../${path}`, import.meta.url);
await import(at("examples/assistant/static/desktop/websocket.js").href);
const {
    AssistantSocket,
    backoff,
    explainNothing,
    explainRefusal,
    parsePort,
    readHealth,
    scanPlaces,
} = globalThis.BerthAssistant;

test("the files that are made from clients/js/src are up to date", () => {
    const build = fileURLToPath(at("clients/js/build.mjs"));
    execFileSync(process.execPath, [build, "--check"], { stdio: "pipe" });
});

const HTTP_PAGE = {
    protocol: "http:",
    hostname: "127.0.0.1",
    host: "127.0.0.1:1019",
    origin: "http://127.0.0.1:1019",
};
const FILE_PAGE = { protocol: "file:", hostname: "", host: "", origin: "null" };
const RANGE = Array.from({ length: 13 }, (_, n) => 1018 + n);

const health = (port, more = {}) => ({
    status: "ok",
    app: "assistant",
    instance: `k3${port}`,
    state: "ready",
    port,
    version: "0.1.0",
    ws: `ws://127.0.0.1:${port}/client-ws`,
    public_key: null,
    ...more,
});
const read = (status, body, origin = "http://127.0.0.1:1018") =>
    readHealth(status, typeof body === "string" ? body : JSON.stringify(body), origin, {
        app: "assistant",
    });

describe("parsePort", () => {
    const cases = [
        ["1018", 1018],
        ["1019\n", 1019],
        [" 65535 ", 65535],
        ["", null],
        ["0", null],
        ["65536", null],
        ["1018 1019", null],
        ["10.18", null],
        ["-1", null],
        ["0x3fa", null],
        ["<!doctype html>1018", null],
        ["1018x", null],
    ];
    for (const [text, port] of cases)
        test(JSON.stringify(text), () => assert.equal(parsePort(text), port));
});

describe("backoff", () => {
    test("is anywhere below a ceiling that doubles from 100 ms to 5 s", () => {
        assert.deepEqual(
            [0, 1, 2, 5, 6, 1000].map((n) => backoff(n, 1)),
            [100, 200, 400, 3200, 5000, 5000],
        );
        assert.equal(backoff(4, 0), 0);
        assert.equal(backoff(4, 0.5), 800);
    });
});

describe("readHealth", () => {
    test("takes our own, and connects to the address that answered", () => {
        const { ours } = read(200, health(1018), "http://[::1]:1018");
        assert.equal(ours.ws, "ws://[::1]:1018/client-ws");
        assert.equal(ours.instance, "k31018");
    });
    test("keeps the path and query that the document names", () => {
        const { ours } = read(200, health(1018, { ws: "ws://127.0.0.1:1018/room?room=a" }));
        assert.equal(ours.ws, "ws://127.0.0.1:1018/room?room=a");
    });
    const strangers = {
        "200 and no JSON": [200, "<h1>It works</h1>"],
        "200 and JSON that is no object": [200, "[1]"],
        "200 and null": [200, "null"],
        "200 and an empty object": [200, {}],
        "another app": [200, health(1018, { app: "notes" })],
        "a copy of our document from another port": [200, health(1020)],
        "a port that is a string": [200, health(1018, { port: "1018" })],
        "a WebSocket on another machine": [
            200,
            health(1018, { ws: "ws://evil.example/client-ws" }),
        ],
        "a WebSocket that is none": [200, health(1018, { ws: "http://127.0.0.1:1018/" })],
        "no instance": [200, health(1018, { instance: null })],
        "500 with our document": [500, health(1018)],
        "an unknown state": [200, health(1018, { state: "odd" })],
    };
    for (const [name, [status, body]] of Object.entries(strangers))
        test(`skips ${name}`, () => {
            const verdict = read(status, body);
            assert.equal(verdict.ours, null);
            assert.equal(verdict.name, "stranger");
            assert.ok(verdict.text.length > 10);
        });
    for (const state of ["starting", "draining"])
        test(`knows one that is ${state}`, () =>
            assert.equal(read(503, health(1018, { state })).state, state));
    test("and one that has no WebSocket", () =>
        assert.equal(read(200, health(1018, { ws: null })).ours.ws, null));
});

describe("scanPlaces", () => {
    const scan = (page, remembered, told) => {
        globalThis.location = page;
        const found = scanPlaces({ ports: RANGE, remembered }, told).map(({ url }) => url);
        delete globalThis.location;
        return found;
    };
    test("asks 1018-1030 in both families, each once", () => {
        const urls = scan(FILE_PAGE, {}, null);
        assert.equal(urls.length, 26);
        assert.ok(urls.includes("http://127.0.0.1:1018") && urls.includes("http://[::1]:1030"));
    });
    test("adds the page's own address and the ports that are known, first", () => {
        const page = { ...HTTP_PAGE, host: "127.0.0.1:40000" };
        const urls = scan(page, { http: "http://127.0.0.1:50000" }, 1019);
        assert.equal(urls[0], "http://127.0.0.1:40000");
        assert.equal(urls.length, 29);
        assert.ok(urls.includes("http://[::1]:50000"));
    });
});

describe("explanations name the cause and the cure", () => {
    const endpoint = "http://127.0.0.1:1018";
    const site = {
        protocol: "https:",
        hostname: "x.example",
        host: "x.example",
        origin: "https://x.example",
    };
    test("another origin", () =>
        assert.equal(
            explainRefusal(site, endpoint),
            "The server at 127.0.0.1:1018 is there, but refused this page's origin https://x.example: " +
                "add it to ALLOWED_ORIGINS in conf.yaml.",
        ));
    test("a file", () =>
        assert.match(
            explainRefusal(FILE_PAGE, endpoint),
            /opened from a file.*"null" to ALLOWED_ORIGINS/,
        ));
    test("a loopback page", () =>
        assert.match(explainRefusal(HTTP_PAGE, endpoint), /log says why/));
    test("nothing found", () => {
        assert.match(
            explainNothing(FILE_PAGE, "assistant", "", "unknown"),
            /Start it with "berth serve"/,
        );
        assert.match(
            explainNothing(site, "assistant", "", "denied"),
            /forbids.*Local Network Access.*https:\/\/x\.example/,
        );
    });
});

/* ---- A whole client ---- */

/** What answers where: url -> { status, body, delay } or a function of the request. */
let world;
let asked;
let sockets;
let logged;
const realLog = console.log;
const realRandom = Math.random;
const realFetch = globalThis.fetch;
const realWebSocket = globalThis.WebSocket;

async function fakeFetch(target, { mode, signal } = {}) {
    const url = target.replace(/\?challenge=[\w-]{43}$/, "");
    asked.push(url);
    const answer = world[url];
    await new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, answer?.delay ?? 1);
        signal?.addEventListener("abort", () => {
            clearTimeout(timer);
            reject(new DOMException("aborted", "AbortError"));
        });
    });
    if (!answer || (answer.closed && mode !== "no-cors")) throw new TypeError("Failed to fetch");
    return new Response(answer.body ?? "", { status: answer.status ?? 200 });
}

class FakeSocket extends EventTarget {
    readyState = 0;
    sent = [];
    constructor(url) {
        super();
        this.url = url;
        sockets.push(this);
        setTimeout(() => (world.upgrade === "refused" ? this.end(1006) : this.open()), 1);
    }
    open() {
        this.readyState = 1;
        this.dispatchEvent(new Event("open"));
    }
    end(code) {
        this.readyState = 3;
        this.dispatchEvent(Object.assign(new Event("close"), { code, reason: "" }));
    }
    close() {
        if (this.readyState < 2) this.end(1000);
    }
    send(text) {
        this.sent.push(text);
    }
}

const serve = (port, more, host = "127.0.0.1") =>
    (world[`http://${host}:${port}/health`] = { body: JSON.stringify(health(port, more)) });

describe("AssistantSocket", { timeout: 20_000 }, () => {
    let client;
    beforeEach(() => {
        [world, asked, sockets, logged] = [{}, [], [], []];
        globalThis.fetch = fakeFetch;
        globalThis.WebSocket = FakeSocket;
        console.log = (line) => logged.push(line);
    });
    afterEach(() => {
        if (client) client.tell = () => {}; // What a stopped client still says is no test's business.
        client?.stop();
        delete globalThis.location;
        console.log = realLog;
        Math.random = realRandom;
        globalThis.fetch = realFetch;
        globalThis.WebSocket = realWebSocket;
        delete globalThis.handleMessage;
    });

    function start(page) {
        globalThis.location = page;
        client = new AssistantSocket("assistant");
        return client;
    }
    const next = (name) =>
        new Promise((resolve) =>
            client.addEventListener(name, (e) => resolve(e.detail), { once: true }),
        );

    test("from the port file, with the lines that people look for", async () => {
        world["/server_port.txt"] = { body: "1019" };
        serve(1019);
        start(HTTP_PAGE);
        await next("connected");
        assert.deepEqual(logged, [
            "[WEBSOCKET PORT FIX] Starting WebSocket connection process...",
            "[WEBSOCKET PORT FIX] Found server port from file: 1019",
            "[WEBSOCKET PORT FIX] Verified server on port 1019 from file",
            "[WEBSOCKET PORT FIX] Attempting WebSocket connection to ws://127.0.0.1:1019/client-ws",
            "[WEBSOCKET PORT FIX] WebSocket connected successfully to port 1019",
        ]);
        assert.deepEqual(asked.slice(0, 2), ["/server_port.txt", "http://127.0.0.1:1019/health"]);
        assert.equal(client.ws.url, sockets[0].url);
        assert.equal(client.ws.readyState, 1);
    });

    test("by scan from a file:// page, past a decoy that answers 200 to everything", async () => {
        world["http://127.0.0.1:1018/health"] = { body: "OK" };
        world["http://127.0.0.1:1019/health"] = { closed: true };
        world["http://[::1]:1022/health"] = { body: JSON.stringify(health(1022)), delay: 60 };
        start(FILE_PAGE);
        const { port } = await next("connected");
        assert.equal(port, 1022);
        assert.ok(!asked.includes("/server_port.txt"));
        assert.equal(sockets[0].url, "ws://[::1]:1022/client-ws");
        assert.match(logged.join("\n"), /Could not read port file: the browser forbids it/);
        assert.match(
            logged.join("\n"),
            /Port 1018 answers, but is not our server \(it answered 200 .*\): skipped/,
        );
        assert.match(
            logged.join("\n"),
            /Port 1019 answers, but is not our server \(it lets this page read nothing\): skipped/,
        );
    });

    test("a stale port file costs nothing", async () => {
        world["/server_port.txt"] = { body: "1025" };
        serve(1020);
        start(HTTP_PAGE);
        assert.equal((await next("verified")).port, 1020);
    });

    // The clock of these is the test's own limit: what never comes would take a minute.
    const bounded = { timeout: 20_000 };

    test("a port file that never comes is waited for, but not for ever", bounded, async () => {
        world["/server_port.txt"] = { body: "1020", delay: 60_000 };
        serve(1020);
        start(HTTP_PAGE);
        await next("verified");
    });

    test("the server that the file names comes before one that is quicker", async () => {
        world["/server_port.txt"] = { body: "1025", delay: 300 };
        serve(1018);
        serve(1025);
        start(HTTP_PAGE);
        assert.equal((await next("verified")).port, 1025);
    });

    test("a tarpit on every other port does not hold up the server", bounded, async () => {
        for (let port = 1018; port <= 1030; port++)
            world[`http://127.0.0.1:${port}/health`] = { delay: 60_000 };
        serve(1027);
        start(FILE_PAGE);
        await next("connected");
    });

    test("a document without end is given up, and its sender told so", async () => {
        let told = false;
        const more = (controller) => controller.enqueue(new Uint8Array(8192).fill(120));
        const body = new ReadableStream({ pull: more, cancel: () => (told = true) });
        world["http://127.0.0.1:1018/health"] = { body };
        start(FILE_PAGE);
        assert.equal((await next("stranger")).port, 1018);
        assert.equal(told, true);
    });

    test("where there is nothing but tarpits, the search ends all the same", bounded, async () => {
        for (const port of RANGE)
            for (const host of ["127.0.0.1", "[::1]"])
                world[`http://${host}:${port}/health`] = { delay: 60_000 };
        start(FILE_PAGE);
        await next("absent");
    });

    test("waits for a server that is starting, and soon tries again", async () => {
        serve(1018, { state: "starting" }).status = 503;
        start(FILE_PAGE);
        await next("starting");
        serve(1018);
        await next("connected");
        assert.ok(!client.history.some(({ name }) => name === "absent"));
    });

    test("finds the server on its new port after a loss, and says that it moved", async () => {
        serve(1018);
        start(FILE_PAGE);
        await next("connected");
        delete world["http://127.0.0.1:1018/health"];
        serve(1024);
        sockets[0].end(1001);
        const moved = await next("moved");
        assert.equal(moved.port, 1024);
        assert.match(moved.text, /was on port 1018, now 1024/);
    });

    test("the same instance again is no move", async () => {
        serve(1018);
        start(FILE_PAGE);
        await next("connected");
        sockets[0].end(1006);
        await next("connected");
        assert.ok(!client.history.some(({ name }) => name === "moved"));
    });

    test("a wake-up ends the waiting", async () => {
        Math.random = () => 0; // No waiting at all, until the ceiling is high.
        start(FILE_PAGE);
        for (let tries = 0; tries < 6; tries++) await next("waiting");
        Math.random = () => 0.99;
        assert.equal((await next("waiting")).wait, 4950);
        serve(1018);
        const before = performance.now();
        client.wake();
        assert.equal((await next("connected")).port, 1018);
        assert.ok(performance.now() - before < 4000); // and not after 4950 ms
    });

    test("keeps 100 messages while offline, sends them in order, and says when no more fit", async () => {
        start(FILE_PAGE);
        for (let n = 0; n < 100; n++) assert.equal(client.send({ n }), true);
        const full = next("full");
        assert.equal(client.send({ n: 100 }), false);
        assert.match((await full).text, /100 messages wait/);
        serve(1018);
        await next("connected");
        await new Promise(setImmediate);
        assert.deepEqual(
            sockets[0].sent.map((text) => JSON.parse(text).n),
            Array.from({ length: 100 }, (_, n) => n),
        );
        assert.equal(client.send({ n: "now" }), true);
        assert.equal(sockets[0].sent.length, 101);
    });

    test("passes messages on, leaves out what is no JSON, and outlives a page's own fault", async () => {
        serve(1018);
        start(FILE_PAGE);
        await next("connected");
        const [seen, realError] = [[], console.error];
        console.error = () => {};
        globalThis.handleMessage = (message) => {
            seen.push(message.type);
            throw new Error("the page's fault");
        };
        const arrive = (data) =>
            sockets[0].dispatchEvent(Object.assign(new Event("message"), { data }));
        const unreadable = next("unreadable");
        for (const data of ["{", "[]", new ArrayBuffer(4), '{"type":"full-text","text":"hi"}'])
            arrive(data);
        console.error = realError;
        await unreadable;
        assert.deepEqual(seen, ["full-text"]);
        assert.equal(client.connected, true);
    });

    test("a refused upgrade is explained", async () => {
        serve(1018);
        world.upgrade = "refused";
        start(FILE_PAGE);
        const { text } = await next("blocked");
        assert.match(text, /The server at 127\.0\.0\.1:1018 is there, but refused this page/);
    });

    test("another key than the one seen first is passed over, and how to undo that is said", async () => {
        const kept = new Map([["berth.assistant", JSON.stringify({ publicKey: "A".repeat(43) })]]);
        globalThis.localStorage = {
            getItem: (name) => kept.get(name) ?? null,
            setItem: (name, value) => kept.set(name, value),
            removeItem: (name) => kept.delete(name),
        };
        serve(1018, { public_key: `${"A".repeat(42)}E` });
        start(FILE_PAGE);
        const { text } = await next("stranger");
        assert.match(text, /another key .* call assistantSocket\.forget\(\)\): skipped/);
        serve(1018);
        client.forget();
        await next("connected");
        delete globalThis.localStorage;
    });

    test("nothing anywhere is explained", async () => {
        start(FILE_PAGE);
        assert.match((await next("absent")).text, /No server of the app "assistant" answered/);
        assert.match((await next("waiting")).text, /^Trying again (at once|in \d\.\d s)\.$/);
    });
});
