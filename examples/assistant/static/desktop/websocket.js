// @ts-check
"use strict";
/*
 * Finds the app's own server, connects to its WebSocket and stays connected.
 *
 *   <script src="desktop/websocket.js" data-app="assistant"></script>
 *
 *   sendToServer({ type: "text-input", text: "Hello" });
 *   assistantSocket.addEventListener("message", (event) => show(event.detail));
 *   assistantSocket.addEventListener("state", (event) => console.log(event.detail.text));
 *
 * A classic script without dependencies: it runs over http, from file:// and in Electron.
 *
 * Sets     window.ws (the socket of the moment), assistantSocket, sendToServer.
 * Calls    window.handleMessage(message) for every message, where the page defines it.
 * Order    the port file; when that fails or takes over 150 ms also the page's own address and the
 *          ports 1018-1030 on both loopback addresses, all at once. The first that is ours wins.
 * Limits   1.5 s a question, 5 s an upgrade, 100 messages kept while offline, 64 KiB a document.
 * Errors   sendToServer throws what JSON.stringify throws; nothing else here throws at the page.
 */

/**
 * @typedef {{port: number, instance: string, origin: string, url: string}} Endpoint
 * @typedef {{endpoint: Endpoint} | {endpoint: null, name: string, text: string}} Verdict
 * @typedef {{protocol: string, hostname: string, host: string, origin: string}} Page
 * @typedef {{name: string, level: "info"|"good"|"warn"|"bad", text: string, port?: number,
 *            url?: string, instance?: string, wait?: number, time: number}} Notice
 * @typedef {(name: string, level: Notice["level"], text: string, more?: Partial<Notice>) => void} Tell
 * @typedef {{app: string, page: Page, tell: Tell, lastPort: number | null, silent: Set<string>,
 *            starting: boolean}} Search
 */

(function (/** @type {any} */ root) {
    const FIRST_PORT = 1018;
    const LAST_PORT = 1030;
    const LOOPBACK_HOSTS = ["127.0.0.1", "[::1]"];
    const PORT_FILE = "/server_port.txt";
    const QUESTION = { cache: "no-store", credentials: "omit" };
    const FILE_HEAD_START_MS = 150;
    const FILE_PATIENCE_MS = 1000;
    const QUESTION_MS = 1500;
    const UPGRADE_MS = 5000;
    const BACKOFF_FIRST_MS = 100;
    const BACKOFF_LAST_MS = 5000;
    const STEADY_MS = 1000;
    const QUEUE_LIMIT = 100;
    const HISTORY_LIMIT = 300;
    const DOCUMENT_LIMIT = 65536;

    /** One search asks up to 28 addresses: these reports go to listeners, not to the console. */
    const QUIET = new Set(["candidate", "refused", "timeout", "waiting"]);

    /** @param {number} ms @returns {Promise<null>} */
    const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms, null));

    /* ---- Pure parts ---- */

    /** @param {string} hostname */
    function isLoopback(hostname) {
        return (
            hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname)
        );
    }

    /** A port and nothing else: an error page or half a file is no port. @param {string} text */
    function parsePort(text) {
        const port = /^\s*\d{1,5}\s*$/.test(text) ? Number(text) : 0;
        return port >= 1 && port <= 65535 ? port : null;
    }

    /** Full jitter: anywhere from nothing to the ceiling, so that a crowd does not return as one. */
    function backoff(/** @type {number} */ failures, /** @type {number} */ random) {
        return random * Math.min(BACKOFF_LAST_MS, BACKOFF_FIRST_MS * 2 ** Math.min(failures, 16));
    }

    /** @param {string} text @returns {any} */
    function parseObject(text) {
        try {
            const value = JSON.parse(text);
            return value !== null && typeof value === "object" && !Array.isArray(value)
                ? value
                : null;
        } catch {
            return null;
        }
    }

    /** The WebSocket path that a health document names, or null when it leads off this machine. */
    function socketPath(/** @type {unknown} */ ws, /** @type {string} */ askedHostname) {
        try {
            const url = new URL(String(ws));
            const here = isLoopback(url.hostname) || url.hostname === askedHostname;
            return /^wss?:$/.test(url.protocol) && here ? url.pathname + url.search : null;
        } catch {
            return null;
        }
    }

    /** @param {string} name @param {string} text @returns {Verdict} */
    const refusal = (name, text) => ({ endpoint: null, name, text });

    /**
     * Is this answer to GET origin/health our server's? A status alone proves nothing.
     * @param {number} status @param {string} body @param {string} origin @param {string} app
     * @returns {Verdict}
     */
    function judgeHealth(status, body, origin, app) {
        const stranger = (/** @type {string} */ text) => refusal("stranger", text);
        const asked = new URL(origin);
        const health = parseObject(body);
        if (!health)
            return stranger(`it answered ${status} with something that is no health document`);
        if (typeof health.app !== "string") return stranger("its health document names no app");
        if (health.app !== app)
            return stranger(`it is the app "${health.app.slice(0, 40)}", not "${app}"`);
        const port = Number(asked.port || 80);
        if (health.port !== port)
            return stranger(`it says that it is on port ${Number(health.port)}`);
        if (health.state === "starting" || health.state === "draining")
            return refusal("starting", `it is ours, but ${health.state}`);
        if (status !== 200 || health.state !== "ready")
            return stranger(`it answered ${status}, not ready`);
        if (!health.ws) return stranger("it is ours, but has no WebSocket route");
        const path = socketPath(health.ws, asked.hostname);
        if (path === null) return stranger("its WebSocket address is not on this machine");
        const url = `ws://${asked.host}${path}`;
        return { endpoint: { port, instance: String(health.instance), origin, url } };
    }

    /** Where to look besides the port file. @param {Page} page @param {(number|null)[]} known */
    function scanOrigins(page, known) {
        const ports = known.filter((port) => port !== null);
        for (let port = FIRST_PORT; port <= LAST_PORT; port++) ports.push(port);
        const origins = ports.flatMap((port) =>
            LOOPBACK_HOSTS.map((host) => `http://${host}:${port}`),
        );
        if (page.protocol === "http:") origins.unshift(`http://${page.host}`);
        return [...new Set(origins)];
    }

    /** Why the upgrade probably failed: the browser shows a page no more than that it did. */
    function explainRefusal(/** @type {Page} */ page, /** @type {Endpoint} */ endpoint) {
        const there = `The server at ${new URL(endpoint.origin).host} is there, but refused`;
        if (page.origin === "null" || page.protocol === "file:")
            return (
                `${there} this page, which was opened from a file or is sandboxed (origin "${page.origin}"). ` +
                `Open it from the server (${endpoint.origin}/static/...), ` +
                `or add "${page.origin}" to ALLOWED_ORIGINS in conf.yaml.`
            );
        if (page.protocol === "http:" && isLoopback(page.hostname))
            return (
                `${there} the WebSocket. Its log says why: the path may have no route, ` +
                "the connection limit may be reached, or ALLOWED_ORIGINS may leave this page out."
            );
        return `${there} this page's origin ${page.origin}: add it to ALLOWED_ORIGINS in conf.yaml.`;
    }

    /** @param {Page} page @param {string} app @param {string} permission */
    function explainNothing(page, app, permission) {
        const nothing = `No server of the app "${app}" answered, neither by the port file nor on ports ${FIRST_PORT}-${LAST_PORT}.`;
        const local = page.protocol === "file:" || isLoopback(page.hostname);
        if (local && permission !== "denied")
            return `${nothing} Start it with "berth serve"; this page goes on looking.`;
        const may = permission === "denied" ? "forbids this page" : "may be forbidding this page";
        return (
            `${nothing} The browser ${may} to reach programs on this machine (Local Network Access). ` +
            `Allow it in the site settings of ${page.origin}, or open the page from the server.`
        );
    }

    /** @param {number} code @param {string} reason */
    function explainClose(code, reason) {
        if (code === 1001) return "The server said goodbye: it is stopping or starting anew.";
        if (code === 1006) return "The connection broke off without a goodbye.";
        if (code === 1009) return "A message was larger than the server takes.";
        if (code === 4408) return "This page read too slowly, so the server let it go.";
        return `The server closed the connection (${code}${reason ? `, ${reason}` : ""}).`;
    }

    /* ---- Finding ---- */

    /** The first result that is not null; null when there is none. */
    function firstOf(/** @type {Promise<Endpoint | null>[]} */ promises) {
        const rejectNull = async (/** @type {Promise<Endpoint | null>} */ p) =>
            (await p) ?? Promise.reject();
        return Promise.any(promises.map(rejectNull)).catch(() => null);
    }

    /** Does `work` under a signal that ends with `outer` or after QUESTION_MS. @template T
     *  @param {AbortSignal} outer @param {(signal: AbortSignal) => Promise<T>} work */
    async function within(outer, work) {
        const inner = new AbortController();
        const stop = () => inner.abort();
        const timer = setTimeout(stop, QUESTION_MS);
        outer.addEventListener("abort", stop);
        try {
            return await work(inner.signal);
        } finally {
            clearTimeout(timer);
            outer.removeEventListener("abort", stop);
        }
    }

    /** Reads no more than a health document may have: a stranger may send without end. */
    async function readText(/** @type {Response} */ response) {
        const reader = response.body?.getReader();
        const decoder = new TextDecoder();
        let text = "";
        while (reader && text.length <= DOCUMENT_LIMIT) {
            const { done, value } = await reader.read();
            if (done) return text;
            text += decoder.decode(value, { stream: true });
        }
        reader?.cancel().catch(() => {});
        return "";
    }

    /** A failed fetch looks the same for a closed port and for a stranger who lets nobody read. */
    async function answersAtAll(
        /** @type {Search} */ search,
        /** @type {string} */ url,
        /** @type {AbortSignal} */ signal,
    ) {
        if (search.silent.has(url)) return false;
        try {
            await root.fetch(url, { ...QUESTION, mode: "no-cors", signal });
            return true;
        } catch {
            search.silent.add(url); // Asked once: each failed fetch is a red line in the console.
            return false;
        }
    }

    /** @param {Search} search @param {string} origin @param {AbortSignal} signal @returns {Promise<Verdict>} */
    async function askHealth(search, origin, signal) {
        const url = `${origin}/health`;
        try {
            const response = await root.fetch(url, { ...QUESTION, redirect: "error", signal });
            return judgeHealth(response.status, await readText(response), origin, search.app);
        } catch {
            if (signal.aborted) return refusal("timeout", "no answer in time");
            if (await answersAtAll(search, url, signal))
                return refusal("stranger", "it lets this page read nothing");
            return refusal("refused", "nobody answers there");
        }
    }

    /** @param {Search} search @param {string} origin @param {AbortSignal} outer */
    async function probe(search, origin, outer) {
        const port = Number(new URL(origin).port || 80);
        search.tell("candidate", "info", `Asking ${origin}`, { port, url: origin });
        const verdict = await within(outer, (signal) => askHealth(search, origin, signal));
        if (verdict.endpoint || outer.aborted) return verdict.endpoint;
        if (verdict.name === "starting") search.starting = true;
        const stranger = `Port ${port} answers, but is not our server (${verdict.text}): skipped`;
        const where = { port, url: origin };
        if (verdict.name === "stranger") search.tell("stranger", "warn", stranger, where);
        else search.tell(verdict.name, "info", `${origin}: ${verdict.text}`, where);
        return null;
    }

    /** @param {Search} search @param {AbortSignal} outer @returns {Promise<number | null>} */
    async function readPortFile(search, outer) {
        try {
            const { protocol } = search.page;
            if (!/^https?:$/.test(protocol))
                throw new Error(`the browser forbids it to a page opened from ${protocol}//`);
            const text = await within(outer, async (signal) => {
                const response = await root.fetch(PORT_FILE, { cache: "no-store", signal });
                if (!response.ok) throw new Error(`the page's server answered ${response.status}`);
                return readText(response);
            });
            const port = parsePort(text);
            if (port === null) throw new Error("it holds no port number");
            search.tell("file", "info", `Found server port from file: ${port}`, { port });
            return port;
        } catch (error) {
            if (outer.aborted) return null;
            const { message } = /** @type {Error} */ (error);
            search.tell("file", "info", `Could not read port file: ${message}`);
            return null;
        }
    }

    /** One whole search. @param {Search} search @returns {Promise<Endpoint | null>} */
    async function discover(search) {
        const stop = new AbortController();
        /** @type {Map<string, Promise<Endpoint | null>>} */
        const asked = new Map();
        /** @type {number | null} */
        let filePort = null;
        const ask = (/** @type {string} */ origin) => {
            const answer = asked.get(origin) ?? probe(search, origin, stop.signal);
            asked.set(origin, answer);
            return answer;
        };
        const fromFile = readPortFile(search, stop.signal).then((port) => {
            filePort = port;
            const own = search.page.protocol === "http:" ? search.page.hostname : LOOPBACK_HOSTS[0];
            return port === null ? null : ask(`http://${own}:${port}`);
        });
        const fromScan = Promise.race([fromFile, delay(FILE_HEAD_START_MS)]).then(
            (found) =>
                found ?? firstOf(scanOrigins(search.page, [filePort, search.lastPort]).map(ask)),
        );
        // Several servers of one app may run: the one that the file names is ours, and a scan that
        // is quicker waits for it.
        const patient = Promise.race([fromFile, delay(FILE_PATIENCE_MS)]);
        const found = await firstOf([fromFile, patient.then((told) => told ?? fromScan)]);
        stop.abort();
        if (!found) return null;
        const { port, instance } = found;
        const source = port === filePort ? "from file" : "by scan";
        const text = `Verified server on port ${port} ${source}`;
        search.tell("verified", "info", text, { port, instance });
        return found;
    }

    /* ---- Staying connected ---- */

    class AssistantSocket extends EventTarget {
        /** @type {Notice[]} */ history = [];
        /** @type {string[]} */ queue = [];
        /** @type {WebSocket | null} */ ws = null;
        /** @type {Endpoint | null} */ endpoint = null;
        failures = 0;
        stopped = false;
        wake = () => {};

        /** @param {string} app @param {Page} page */
        constructor(app, page) {
            super();
            this.app = app;
            this.page = page;
            /** @type {Set<string>} */
            this.silent = new Set();
        }

        get connected() {
            return this.ws?.readyState === 1;
        }

        /** Every report goes out twice: under its own name and as "state". @type {Tell} */
        tell = (name, level, text, more = {}) => {
            /** @type {Notice} */
            const detail = { ...more, name, level, text, time: Date.now() };
            if (!QUIET.has(name)) console.log(`[WEBSOCKET PORT FIX] ${text}`);
            this.history.push(detail);
            if (this.history.length > HISTORY_LIMIT) this.history.shift();
            this.dispatchEvent(new CustomEvent(name, { detail }));
            this.dispatchEvent(new CustomEvent("state", { detail }));
        };

        /** Searches, connects, waits, for as long as the page lives. */
        async run() {
            while (!this.stopped) {
                const endpoint = await this.search();
                if (endpoint && !this.stopped) await this.converse(endpoint);
                await this.pause();
            }
        }

        stop() {
            this.stopped = true;
            this.ws?.close(1000);
            this.wake();
        }

        async search() {
            const { app, page, tell, silent } = this;
            const lastPort = this.endpoint?.port ?? null;
            const search = { app, page, tell, silent, lastPort, starting: false };
            tell("searching", "info", "Starting WebSocket connection process...");
            const endpoint = await discover(search);
            if (search.starting) this.failures = Math.min(this.failures, 2);
            else if (!endpoint)
                tell("absent", "bad", explainNothing(page, app, await networkPermission()));
            return endpoint;
        }

        /** One connection, from the upgrade to its end. @param {Endpoint} endpoint */
        async converse(endpoint) {
            const { port, url } = endpoint;
            this.tell("connecting", "info", `Attempting WebSocket connection to ${url}`, {
                port,
                url,
            });
            try {
                const { ws, closed } = this.dial(url);
                if (!(await opens(ws, closed)))
                    throw new Error(explainRefusal(this.page, endpoint));
                const openedAt = Date.now();
                this.settle(endpoint);
                const { code, reason } = await closed;
                if (Date.now() - openedAt >= STEADY_MS) this.failures = 0;
                this.tell("lost", "warn", explainClose(code, reason), { port });
            } catch (error) {
                const { message } = /** @type {Error} */ (error);
                this.tell("blocked", "bad", message, { port });
            }
        }

        /** @param {string} url */
        dial(url) {
            /** @type {WebSocket} */
            const ws = new root.WebSocket(url);
            /** @type {Promise<CloseEvent>} */
            const closed = new Promise((resolve) => ws.addEventListener("close", resolve));
            ws.addEventListener("message", ({ data }) => this.receive(data));
            this.ws = root.ws = ws;
            return { ws, closed };
        }

        /** The connection stands: say so, notice a new server, send what waited. */
        settle(/** @type {Endpoint} */ endpoint) {
            const { port, url, instance } = endpoint;
            const before = this.endpoint;
            const facts = { port, url, instance };
            this.endpoint = endpoint;
            this.tell(
                "connected",
                "good",
                `WebSocket connected successfully to port ${port}`,
                facts,
            );
            if (before && before.instance !== instance) {
                const text = `This is a new server: it was on port ${before.port}, now ${port}.`;
                this.tell("moved", "info", text, facts);
            }
            for (const text of this.queue.splice(0)) this.ws?.send(text);
        }

        receive(/** @type {unknown} */ data) {
            const detail = typeof data === "string" ? parseObject(data) : null;
            if (!detail)
                return this.tell(
                    "unreadable",
                    "warn",
                    "A message came that is no JSON object: left out.",
                );
            this.dispatchEvent(new CustomEvent("message", { detail }));
            try {
                root.handleMessage?.(detail);
            } catch (error) {
                console.error(error);
            }
        }

        /** Sends now, or keeps it for the next connection; false when nothing more can be kept. */
        send(/** @type {unknown} */ message) {
            const text = JSON.stringify(message);
            if (this.ws && this.connected) {
                this.ws.send(text);
                return true;
            }
            if (this.queue.length < QUEUE_LIMIT) return this.queue.push(text) > 0;
            this.tell(
                "full",
                "bad",
                `Not sent: ${QUEUE_LIMIT} messages wait for the server already.`,
            );
            return false;
        }

        /** Waits out the back-off, or until something happens that makes a try worth while. */
        async pause() {
            if (this.stopped) return;
            const wait = Math.round(backoff(this.failures++, Math.random()));
            const when = wait < 100 ? "at once" : `in ${(wait / 1000).toFixed(1)} s`;
            this.tell("waiting", "info", `Trying again ${when}.`, { wait });
            await new Promise((resolve) => {
                const timer = setTimeout(resolve, wait);
                this.wake = () => {
                    clearTimeout(timer);
                    resolve(null);
                };
            });
        }
    }

    /** @param {WebSocket} ws @param {Promise<CloseEvent>} closed @returns {Promise<boolean>} */
    async function opens(ws, closed) {
        const timer = setTimeout(() => ws.close(), UPGRADE_MS);
        const opened = new Promise((resolve) => ws.addEventListener("open", () => resolve(true)));
        const result = await Promise.race([opened, closed.then(() => false)]);
        clearTimeout(timer);
        return result;
    }

    /** What the browser says about this page and the machine's own network, where it has a say. */
    async function networkPermission() {
        for (const name of ["loopback-network", "local-network-access"])
            try {
                return (await root.navigator.permissions.query({ name })).state;
            } catch {
                continue;
            }
        return "unknown";
    }

    function start() {
        const { location, document } = root;
        const app = document.currentScript?.dataset.app ?? root.BERTH_APP ?? "assistant";
        const { protocol, hostname, host } = location;
        const page = { protocol, hostname, host, origin: root.origin ?? location.origin };
        const socket = new AssistantSocket(app, page);
        const wake = () => socket.wake();
        root.ws = null;
        root.assistantSocket = socket;
        root.sendToServer = (/** @type {unknown} */ message) => socket.send(message);
        root.addEventListener("online", wake);
        root.addEventListener("pageshow", wake);
        document.addEventListener(
            "visibilitychange",
            () => document.visibilityState === "visible" && wake(),
        );
        document.addEventListener(
            "securitypolicyviolation",
            (/** @type {SecurityPolicyViolationEvent} */ event) => {
                if (!/^(connect|default)-src/.test(event.violatedDirective)) return;
                const text = `This page's Content-Security-Policy (${event.violatedDirective}) forbids ${event.blockedURI}: add it to connect-src.`;
                socket.tell("blocked", "bad", text);
            },
        );
        socket.run();
    }

    root.BerthAssistant = {
        AssistantSocket,
        backoff,
        discover,
        explainNothing,
        explainRefusal,
        judgeHealth,
        parsePort,
        scanOrigins,
    };
    if (root.document) start();
})(globalThis);
