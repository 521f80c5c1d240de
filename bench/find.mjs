// bench/run find: how long it takes to find the server when every other port of the range is in the
// way: six tarpits that never answer, six strangers that answer 200 to everything. Beside it, in the
// same run: the program's own start with the server's address given, a plain connection with one
// request, and a search that tries one port after the other for a second each.
//
// It takes the ports 1018 to 1030 on both loopbacks; as root it makes a network of its own for them.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const BERTH = process.env.BERTH ?? path.join(ROOT, "build/bench/berth");
const HOSTS = ["127.0.0.1", "::1"];
const FIRST = 1018;
const LAST = 1030;
const RUNS = 31;

if (process.env.BERTH_FIND_ALONE === undefined && process.getuid() === 0) {
    const inside = 'ip link set lo up && exec "$0" "$@"';
    const again = [process.execPath, ...process.argv.slice(1)];
    const env = { ...process.env, BERTH_FIND_ALONE: "1" };
    const run = spawnSync("unshare", ["--net", "sh", "-c", inside, ...again], { stdio: "inherit", env });
    process.exit(run.status ?? 1);
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const listening = (server, port, host) =>
    new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen({ port, host, ipv6Only: true }, resolve);
    });

/** What stands in the way on one port: a tarpit where the number is even. */
async function stand(port) {
    for (const host of HOSTS) {
        const tarpit = net.createServer((socket) => socket.on("error", () => {}));
        const stranger = http.createServer((_, response) => response.end("OK"));
        await listening(port % 2 === 0 ? tarpit : stranger, port, host);
    }
}

async function serve(folder, env) {
    const config = path.join(folder, "conf.yaml");
    fs.writeFileSync(config, `SERVER_PORT: ${LAST}\nBERTH: {APP: bench, PORT_TRIES: 1, FALLBACK: fail}\n`);
    const child = spawn(BERTH, ["serve", config, "--json"], { env, stdio: ["ignore", "pipe", "ignore"] });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    return child;
}

/** Wall time of the program from start to end, in ms. */
function timed(args, env, cwd) {
    const times = [];
    for (let run = 0; run < RUNS; run++) {
        const before = performance.now();
        execFileSync(BERTH, args, { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
        times.push(performance.now() - before);
    }
    return median(times);
}

function ask(host, port, limitMs) {
    return new Promise((resolve) => {
        const request = http.get({ host, port, path: "/health", agent: false, timeout: limitMs });
        request.on("timeout", () => request.destroy());
        request.on("error", () => resolve(null));
        request.on("response", (response) => {
            let text = "";
            response.on("data", (data) => (text += data));
            response.on("end", () => resolve(text));
            response.on("error", () => resolve(null));
        });
    });
}

async function plainConnection() {
    const times = [];
    for (let run = 0; run < RUNS; run++) {
        const before = performance.now();
        await ask("127.0.0.1", LAST, 1000);
        times.push(performance.now() - before);
    }
    return median(times);
}

async function oneAfterTheOther() {
    const before = performance.now();
    for (let port = FIRST; port <= LAST; port++) {
        const text = await ask("127.0.0.1", port, 1000);
        if (text?.includes('"app":"bench"')) break;
    }
    return performance.now() - before;
}

/** find() in a page of another port on this machine, without anything remembered. */
async function inChromium() {
    const { chromium } = await import(
        path.join(ROOT, "tests/e2e/node_modules/playwright-core/index.mjs")
    );
    const script = fs.readFileSync(path.join(ROOT, "clients/js/client.js"));
    const pages = http.createServer((request, response) => {
        const isScript = request.url === "/client.js";
        response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
        if (request.url === "/server_port.txt") response.statusCode = 404;
        response.end(isScript ? script : "<!doctype html><title>page</title>");
    });
    await listening(pages, 8123, "127.0.0.1");
    const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
    args.push("--disable-background-networking", "--disable-component-update", "--disable-sync");
    const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
    const browser = await chromium.launch({ executablePath, args });
    const times = [];
    for (let run = 0; run < 11; run++) {
        const context = await browser.newContext();
        const page = await context.newPage();
        await page.goto("http://127.0.0.1:8123/");
        await page.waitForLoadState("networkidle");
        times.push(
            await page.evaluate(async () => {
                const { find } = await import("/client.js");
                const before = performance.now();
                await find({ app: "bench" });
                return performance.now() - before;
            }),
        );
        await context.close();
    }
    await browser.close();
    pages.close();
    return median(times);
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-find-"));
const run = path.join(folder, "run");
fs.mkdirSync(run, { mode: 0o700 });
const env = { ...process.env, HOME: folder, XDG_RUNTIME_DIR: run, XDG_STATE_HOME: path.join(folder, "state") };
const stranger = { ...env, XDG_RUNTIME_DIR: path.join(folder, "none") };
let server;
try {
    for (let port = FIRST; port < LAST; port++) await stand(port);
    server = await serve(folder, env);
    const told = timed(["find", "--app", "bench", "--url", `http://127.0.0.1:${LAST}`], env, "/");
    const rows = [
        ["a plain connection and one request (Node)", await plainConnection()],
        ["berth find, the address given", told],
        ["berth find, by the record", timed(["find", "--app", "bench"], env, "/")],
        ["berth find, by the range alone", timed(["find", "--app", "bench"], stranger, "/")],
        ["find() in Chromium, by the range alone", await inChromium()],
        ["one port after the other, 1 s each", await oneAfterTheOther()],
    ];
    for (const [name, ms] of rows) console.log(`${name.padEnd(44)} ${ms.toFixed(1).padStart(9)} ms`);
} finally {
    if (server) {
        const gone = new Promise((resolve) => server.once("exit", resolve));
        server.kill("SIGTERM");
        await gone; // it takes its own files away
    }
    fs.rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
