// What Node's client believes of this user's files, and what it passes over.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import {
    loadMemory,
    readIdentity,
    readPortFile,
    readRecords,
    runtimeDir,
    saveMemory,
} from "../../clients/js/node-records.js";
import { find } from "../../clients/js/node.js";

const KEY = "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik"; // of the seed of 32 zeros
const TOKEN = "a-token-that-is-long-enough";

const record = (port, more = {}) =>
    JSON.stringify({
        schema: 1,
        app: "notes",
        instance: `i${port}`,
        port,
        urls: { http: `http://127.0.0.1:${port}` },
        public_key: KEY,
        token: TOKEN,
        ...more,
    });

describe("this user's files", () => {
    let home;
    let folder;
    let options;
    beforeEach(() => {
        home = fs.mkdtempSync(path.join(os.tmpdir(), "berth-records-"));
        options = {
            app: "notes",
            runtimeDir: path.join(home, "run"),
            stateDir: path.join(home, "state"),
        };
        folder = path.join(home, "run/notes");
        for (const dir of [folder, path.join(home, "state/notes")])
            fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
    });
    afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

    const put = (name, content, mode = 0o600) => {
        fs.writeFileSync(path.join(folder, name), content);
        fs.chmodSync(path.join(folder, name), mode);
    };
    const urls = () => readRecords(options).map(({ url }) => url);

    test("a record is a place, a key and a token; the youngest comes first", () => {
        put("a.json", record(1018));
        put("b.json", record(1019, { token: null, public_key: null }));
        fs.utimesSync(path.join(folder, "a.json"), 1, 1);
        assert.deepEqual(readRecords(options), [
            { url: "http://127.0.0.1:1019", instance: "i1019" },
            { url: "http://127.0.0.1:1018", instance: "i1018", publicKey: KEY, token: TOKEN },
        ]);
    });

    const passedOver = {
        "that others may read": () => put("a.json", record(1018), 0o644),
        "that others may write": () => put("a.json", record(1018), 0o620),
        "that is a link": () => {
            fs.writeFileSync(path.join(home, "elsewhere"), record(1018), { mode: 0o600 });
            fs.symlinkSync(path.join(home, "elsewhere"), path.join(folder, "a.json"));
        },
        "that is a folder": () => fs.mkdirSync(path.join(folder, "a.json")),
        "that is too large": () => put("a.json", record(1018) + " ".repeat(65536)),
        "that is torn": () => put("a.json", record(1018).slice(0, 60)),
        "that is no object": () => put("a.json", "[1]"),
        "of another app": () => put("a.json", record(1018, { app: "other" })),
        "without an address": () => put("a.json", record(1018, { urls: {} })),
        "that leads elsewhere than http": () =>
            put("a.json", record(1018, { urls: { http: "file:///etc" } })),
        "by another name": () => put("a.txt", record(1018)),
        "in a folder that others may enter": () => {
            put("a.json", record(1018));
            fs.chmodSync(folder, 0o755);
        },
    };
    for (const [name, arrange] of Object.entries(passedOver))
        test(`a record ${name} is passed over`, () => {
            arrange();
            assert.deepEqual(urls(), []);
        });

    test("the identity's public half, from a seed that nobody else may read", () => {
        const file = path.join(home, "state/notes/identity.key");
        assert.equal(readIdentity(options), null);
        fs.writeFileSync(file, Buffer.alloc(32), { mode: 0o600 });
        assert.equal(readIdentity(options), KEY);
        fs.writeFileSync(file, Buffer.alloc(31));
        assert.equal(readIdentity(options), undefined);
        const { privateKey, publicKey } = generateKeyPairSync("ed25519");
        fs.writeFileSync(file, privateKey.export({ type: "pkcs8", format: "der" }).subarray(-32));
        assert.equal(readIdentity(options), publicKey.export({ format: "jwk" }).x);
        fs.chmodSync(file, 0o640);
        assert.equal(readIdentity(options), undefined);
    });

    test("the port file holds a port or nothing", () => {
        const portFile = path.join(home, "server_port.txt");
        const read = (content) => {
            fs.writeFileSync(portFile, content);
            return readPortFile({ app: "notes", portFile });
        };
        assert.deepEqual(readPortFile({ app: "notes", portFile }), []);
        assert.deepEqual(readPortFile({ app: "notes" }), []);
        assert.deepEqual(read("1019\n"), [{ url: "http://127.0.0.1:1019" }]);
        for (const content of ["", "x", "0", "99999", "1018 1019"])
            assert.deepEqual(read(content), [], content);
    });

    test("memory is the C side's file: an address and a key, a line each", () => {
        const file = path.join(home, "state/notes/last");
        const memory = { http: "http://[::1]:1018", publicKey: KEY };
        saveMemory("notes", memory, options);
        assert.equal(fs.readFileSync(file, "utf8"), `http://[::1]:1018\n${KEY}\n`);
        assert.equal(fs.statSync(file).mode & 0o777, 0o600);
        assert.deepEqual(loadMemory("notes", options), memory);
        fs.writeFileSync(file, "nonsense\nand more\n");
        assert.deepEqual(loadMemory("notes", options), { http: undefined, publicKey: undefined });
        saveMemory("notes", memory, options);
        fs.chmodSync(file, 0o644);
        assert.deepEqual(loadMemory("notes", options), { http: undefined, publicKey: undefined });
        saveMemory("notes", null, options);
        assert.equal(fs.existsSync(file), false);
        saveMemory("notes", memory, { ...options, stateDir: "/dev/null/state" }); // no reason to fail
    });

    test("the runtime folder is believed when it is this user's alone", () => {
        const before = process.env.XDG_RUNTIME_DIR;
        const given = (dir) => {
            process.env.XDG_RUNTIME_DIR = dir;
            return runtimeDir({ app: "notes" });
        };
        const usual = `/tmp/berth-${process.geteuid()}`;
        fs.chmodSync(home, 0o700);
        assert.equal(given(home), path.join(home, "berth"));
        fs.chmodSync(home, 0o755);
        for (const dir of [home, "", "relative", "/nowhere/at/all", "/etc/passwd"])
            assert.equal(given(dir), usual, dir);
        if (before === undefined) delete process.env.XDG_RUNTIME_DIR;
        else process.env.XDG_RUNTIME_DIR = before;
    });

    test("a search that waits does not spin, with a folder to watch or without", async () => {
        for (const there of [true, false]) {
            if (!there) fs.rmSync(folder, { recursive: true });
            let asked = 0;
            const on = ({ type }) => type === "candidate" && asked++;
            const url = "http://127.0.0.1:1";
            await assert.rejects(find({ ...options, url, timeoutMs: 500, on }), {
                code: "NOT_FOUND",
            });
            assert.ok(asked >= 2 && asked < 60, `${asked} questions`);
        }
    });

    test("a record that comes ends the waiting", async () => {
        const random = Math.random;
        Math.random = () => 0.999;
        const seen = [];
        const on = ({ type, source }) => type === "candidate" && seen.push(source);
        const stop = new AbortController();
        const found = find({ ...options, ports: [], timeoutMs: 20_000, signal: stop.signal, on });
        setTimeout(() => put("a.json", record(1)), 1200); // then the pauses are a second long
        const began = performance.now();
        while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
        assert.ok(performance.now() - began < 1600);
        stop.abort();
        await assert.rejects(found, { code: "ABORTED" });
        Math.random = random;
        assert.equal(seen[0], "record");
    });
});
