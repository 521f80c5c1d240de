// The desktop bridge, with stand-ins for Electron's two processes: ipcMain, ipcRenderer and
// contextBridge as far as they are used, and a structured clone on the way, as in Electron.
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import Module from "node:module";
import { beforeEach, describe, test } from "node:test";
import { provide } from "../../clients/js/electron/main.js";

const require = Module.createRequire(import.meta.url);
const PRELOAD = require.resolve("../../clients/js/electron/preload.cjs");

const found = (port, instance = `i${port}`) =>
    Object.defineProperty(
        { app: "assistant", instance, port, http: `http://127.0.0.1:${port}`, verdict: "proved" },
        "token",
        { value: "a secret" },
    );

let handlers;
let searches;
let next;

const ipcMain = {
    handle(channel, handler) {
        assert.ok(!handlers.has(channel), "Electron throws at a second handler");
        handlers.set(channel, handler);
    },
    removeHandler: (channel) => handlers.delete(channel),
};

const find = async (options) => {
    searches.push(options);
    await new Promise(setImmediate);
    if (next instanceof Error) throw next;
    return next;
};

/** A page: its own ipcRenderer, and what the preload script puts into its world. */
function openPage(url = "file:///app/index.html") {
    const ipcRenderer = new EventEmitter();
    let destroyed = false;
    const sender = {
        isDestroyed: () => destroyed,
        send(channel, ...args) {
            assert.ok(!destroyed, "Electron throws for a page that is gone");
            ipcRenderer.emit(channel, { sender: ipcRenderer }, ...structuredClone(args));
        },
    };
    ipcRenderer.invoke = async (channel) =>
        structuredClone(await handlers.get(channel)({ sender, senderFrame: { url } }));
    const world = {};
    const contextBridge = { exposeInMainWorld: (name, value) => (world[name] = value) };
    const load = Module._load;
    Module._load = (name, ...rest) =>
        name === "electron" ? { contextBridge, ipcRenderer } : load(name, ...rest);
    delete require.cache[PRELOAD];
    require(PRELOAD);
    Module._load = load;
    return { world, ipcRenderer, close: () => (destroyed = true) };
}

describe("the bridge", () => {
    beforeEach(() => {
        [handlers, searches, next] = [new Map(), [], found(1018)];
    });

    test("a page gets the endpoint, and no token", async () => {
        provide(ipcMain, { app: "assistant", find });
        const { world } = openPage();
        assert.deepEqual(Object.keys(world), ["berth"]);
        assert.deepEqual(Object.keys(world.berth).sort(), ["endpoint", "onMoved"]);
        const endpoint = await world.berth.endpoint();
        assert.equal(endpoint.http, "http://127.0.0.1:1018");
        assert.equal(endpoint.token, undefined);
        assert.equal(searches[0].app, "assistant");
        assert.ok(!("token" in searches[0]));
    });

    test("unless it was asked for", async () => {
        provide(ipcMain, { app: "assistant", find, token: true });
        assert.equal((await openPage().world.berth.endpoint()).token, "a secret");
    });

    test("a page from elsewhere gets nothing", async () => {
        provide(ipcMain, { app: "assistant", find });
        for (const url of [
            "https://evil.example/",
            "http://127.0.0.1.evil.example/",
            "http://evil.example/file:///",
            "data:text/html,x",
            "",
        ])
            await assert.rejects(openPage(url).world.berth.endpoint(), /may not know/);
        assert.equal(searches.length, 0);
        await openPage("http://[::1]:5173/index.html").world.berth.endpoint();
    });

    test("many that ask at once share one search", async () => {
        provide(ipcMain, { app: "assistant", find });
        const pages = [openPage(), openPage(), openPage()];
        await Promise.all(pages.map(({ world }) => world.berth.endpoint()));
        assert.equal(searches.length, 1);
    });

    test("pages hear of a move until they no longer want to, and without the event", async () => {
        const { endpoint } = provide(ipcMain, { app: "assistant", find });
        const [one, two] = [openPage(), openPage()];
        const heard = [];
        const end = one.world.berth.onMoved((...args) => heard.push(args));
        await one.world.berth.endpoint();
        await two.world.berth.endpoint();
        assert.deepEqual(heard, []);
        two.close();
        next = found(1019);
        await endpoint();
        assert.deepEqual(
            heard.map((args) => args.map(({ port, token }) => [port, token])),
            [[[1019, undefined]]],
        );
        end();
        next = found(1020);
        await endpoint();
        assert.equal(heard.length, 1);
        assert.equal(one.ipcRenderer.listenerCount("berth:moved"), 0);
    });

    test("a search that fails fails for those who asked, and the next one is new", async () => {
        provide(ipcMain, { app: "assistant", find });
        const { world } = openPage();
        next = new Error("nobody");
        await assert.rejects(world.berth.endpoint(), /nobody/);
        next = found(1018);
        assert.equal((await world.berth.endpoint()).port, 1018);
    });

    test("end() makes room for another", () => {
        provide(ipcMain, { app: "assistant", find }).end();
        provide(ipcMain, { app: "notes", find });
    });
});

test("the renderer's entry is the browser's client", async () => {
    const renderer = await import("../../clients/js/electron/renderer.js");
    const client = await import("../../clients/js/client.js");
    assert.equal(renderer.connect, client.connect);
});
