// @ts-check
"use strict";
/*
 * The server's own page: asks /berth/status.json each second while it is looked at, shows the answer,
 * finds its server as every other page does, with the client at /berth/client.js, and shows how that
 * went; and lets a person talk to a WebSocket route. All that comes from outside is put in as text.
 */

/**
 * @typedef {{from: number, to: number, reason: string, text: string}} PassedOver
 * @typedef {{app: string, instance: string, state: string, version: string, pid: number,
 *            started_at: string, uptime_ms: number, host: string, port: number,
 *            requested_port: number, urls: {http: string, files: string | null, ws: string | null,
 *            health: string},
 *            addresses: string[], port_file: string | null, passed_over: PassedOver[],
 *            routes: {path: string, backend: string}[],
 *            threads: number,
 *            connections: {open: number, websocket: number, accepted: number, limit: number},
 *            messages: {in: number, out: number}}} Status
 * @typedef {"info"|"good"|"warn"|"bad"} Level
 * @typedef {{type: string, text: string, url?: string, verdict?: string, publicKey?: string}} Report
 */

(function (/** @type {any} */ root) {
    const POLL_MS = 1000;
    const ANSWER_MS = 3000;
    const LOG_MAX = 200;
    const SHOWN_MAX = 400;
    const COPIED_MS = 1500;
    const SEARCH_MS = 60_000;
    const STEPS_MAX = 100;
    const KEY_SHOWN = 10;
    const REASONS = new Map([
        ["in_use", "Taken"],
        ["reserved", "Reserved"],
        ["blocked_by_browsers", "Browsers refuse it"],
        ["no_address", "No such address"],
        ["failed", "Failed"],
    ]);

    /* ---- Words ---- */

    /** What became of the port that was asked for. @param {Status} status */
    function portSentence({ port, requested_port: wanted, passed_over: passed }) {
        if (wanted === port) return "This is the port that was asked for.";
        if (wanted === 0) return `No port was asked for, so the system gave ${port}.`;
        const cause = passed.find(({ from, to }) => from <= wanted && wanted <= to);
        if (!cause) return `${wanted} was asked for; Berth is on ${port}.`;
        const holder = /^held by (.+)$/.exec(cause.text);
        if (holder) return `${wanted} was taken by ${holder[1]}, so Berth took ${port}.`;
        return `${wanted} could not be had: ${cause.text.replace(/\.$/, "")}. So Berth took ${port}.`;
    }

    /** @param {number} ms */
    function duration(ms) {
        const seconds = Math.floor(ms / 1000);
        const parts = [
            [Math.floor(seconds / 86400), "d"],
            [Math.floor(seconds / 3600) % 24, "h"],
            [Math.floor(seconds / 60) % 60, "min"],
            [seconds % 60, "s"],
        ];
        const first = parts.findIndex(([count]) => count !== 0);
        const shown = first < 0 ? parts.slice(-1) : parts.slice(first, first + 2);
        return shown.map(([count, unit]) => `${count} ${unit}`).join(" ");
    }

    /** @param {PassedOver} passed */
    const portRange = ({ from, to }) => (from === to ? String(from) : `${from}–${to}`);

    /** One search in a line. @param {Map<string, number>} counts by the type of report */
    function searchSentence(counts) {
        const asked = counts.get("candidate") ?? 0;
        const parts = [
            ["proved", "ours"],
            ["starting", "starting"],
            ["stranger", "a stranger"],
            ["timeout", "silent"],
            ["refused", "nobody there"],
        ].flatMap(([type, word]) => (counts.has(type) ? [`${counts.get(type)} ${word}`] : []));
        const addresses = asked === 1 ? "1 address" : `${asked} addresses`;
        return `Asked ${addresses}${parts.length > 0 ? `: ${parts.join(", ")}` : ""}.`;
    }

    /** @param {{verdict: string, publicKey: string | null}} found */
    function verdictSentence({ verdict, publicKey }) {
        const key = publicKey ? `${publicKey.slice(0, KEY_SHOWN)}…` : "";
        if (verdict === "proved") return `Proved: the server holds the app's key ${key}.`;
        if (verdict === "pinned")
            return `Proved: the server holds the key ${key} that was seen here first.`;
        if (key) return `The server holds the key ${key}, seen here for the first time.`;
        return "Named only: the server says the app's name and has no key to prove it with.";
    }

    root.BerthStatus = { duration, portRange, portSentence, searchSentence, verdictSentence };
    if (!root.document) return;

    /* ---- Elements ---- */

    const find = (/** @type {string} */ id) =>
        /** @type {HTMLElement} */ (document.getElementById(id));
    const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
    const calendar = new Intl.DateTimeFormat(undefined, {
        dateStyle: "medium",
        timeStyle: "short",
    });

    /** @param {string} tag @param {(Node|string)[]} children */
    function make(tag, ...children) {
        const element = document.createElement(tag);
        element.append(...children);
        return element;
    }

    /** Leaves the element alone when nothing changed: a selection in it survives the next poll. */
    function setText(/** @type {string} */ id, /** @type {string} */ text) {
        const element = find(id);
        if (element.textContent !== text) element.textContent = text;
    }

    /** Builds the children again only when what they show has changed.
     *  @param {string} id @param {unknown} data @param {() => Node[]} build */
    function fill(id, data, build) {
        const element = find(id);
        const key = JSON.stringify(data);
        if (element.dataset.shows === key) return;
        element.dataset.shows = key;
        element.replaceChildren(...build());
    }

    /* ---- The status ---- */

    /** @type {{status: Status, at: number} | null} */
    let last = null;
    let goneSince = "";
    let movedTo = "";

    /** A count with what was added in the last second. @param {string} id @param {number} count
     *  @param {number | undefined} before @param {number} seconds */
    function showCount(id, count, before, seconds) {
        const rate = before === undefined ? 0 : Math.round((count - before) / seconds);
        const more = rate > 0 ? [make("small", ` ${rate.toLocaleString()} /s`)] : [];
        fill(id, [count, rate], () => [document.createTextNode(count.toLocaleString()), ...more]);
    }

    /** @param {Status} status */
    function showNumbers({ connections, messages, threads }) {
        const before = last?.status.messages;
        const seconds = last ? Math.max(0.5, (performance.now() - last.at) / 1000) : 1;
        setText("websocket", connections.websocket.toLocaleString());
        setText("open", connections.open.toLocaleString());
        showCount("in", messages.in, before?.in, seconds);
        showCount("out", messages.out, before?.out, seconds);
        const [accepted, limit] = [connections.accepted, connections.limit].map((n) =>
            n.toLocaleString(),
        );
        const where = threads > 1 ? `, in ${threads} threads` : "";
        setText("accepted", `${accepted} accepted since the start; up to ${limit} at once${where}.`);
    }

    /** @param {Status} status */
    function showPassedOver({ passed_over: passed }) {
        find("passed").hidden = passed.length === 0;
        fill("passed-rows", passed, () =>
            passed.map((one) => {
                const why = REASONS.get(one.reason) ?? one.reason;
                return make(
                    "tr",
                    make("td", portRange(one)),
                    make("td", why),
                    make("td", one.text),
                );
            }),
        );
    }

    /** @param {string} label @param {string} url */
    function urlLine(label, url) {
        const button = make("button", "Copy");
        button.className = "quiet";
        button.setAttribute("aria-label", `Copy ${url}`);
        button.addEventListener("click", () => copy(url, button));
        const address = make("code", url.startsWith("http") ? link(url) : url);
        return make("li", make("span", label), address, button);
    }

    /** @param {string} url */
    function link(url) {
        const anchor = make("a", url);
        anchor.setAttribute("href", url);
        return anchor;
    }

    /** @param {string} text @param {HTMLElement} button */
    async function copy(text, button) {
        const done = await copied(text, button);
        button.textContent = done ? "Copied" : "Selected";
        setTimeout(() => (button.textContent = "Copy"), COPIED_MS);
    }

    /** Without the right to write the clipboard the address is selected instead.
     *  @param {string} text @param {HTMLElement} button */
    async function copied(text, button) {
        try {
            await navigator.clipboard.writeText(text);
            return true;
        } catch {
            const code = button.previousElementSibling;
            if (code) getSelection()?.selectAllChildren(code);
            return false;
        }
    }

    /** @param {Status} status */
    function showAddresses({ urls }) {
        fill("urls", urls, () => [
            ...(urls.files === null ? [] : [urlLine("App", urls.files)]),
            urlLine("This page", urls.http),
            ...(urls.ws === null ? [] : [urlLine("WebSocket", urls.ws)]),
            urlLine("Health", urls.health),
        ]);
    }

    /** @param {Status} status */
    function showFacts(status) {
        const facts = [
            ["Listens on", status.addresses.join(", ")],
            ["Port file", status.port_file ?? "none"],
            [
                "Routes",
                status.routes.map(({ path, backend }) => `${path} → ${backend}`).join(", ") ||
                    "none",
            ],
            ["Process", String(status.pid)],
            ["Instance", status.instance],
            ["Started", calendar.format(new Date(status.started_at))],
            ["Running for", duration(status.uptime_ms)],
        ];
        fill("facts", facts, () =>
            facts.map(([term, value]) => make("div", make("dt", term), make("dd", value))),
        );
        const routes = status.routes.map(({ path }) => path);
        fill("route", routes, () => routes.map((path) => make("option", path)));
        setText("footer", `Berth ${status.version}`);
    }

    /** @param {Status} status */
    function show(status) {
        document.title = `${status.port} · ${status.app} · Berth`;
        setText("app", status.app);
        setText("state", status.state);
        find("chip").dataset.state = status.state;
        setText("port", String(status.port));
        setText("sentence", portSentence(status));
        showNumbers(status);
        showPassedOver(status);
        showAddresses(status);
        showFacts(status);
        if (last && last.status.instance !== status.instance)
            logLine("note", "server", "The server was started anew: this is another instance.");
        if (last?.status.instance !== status.instance) {
            showStart(status);
            rendezvous(status.app, status.requested_port || status.port);
        }
        last = { status, at: performance.now() };
    }

    function showBack() {
        goneSince = movedTo = "";
        find("gone").hidden = true;
        delete find("page").dataset.stale;
    }

    /** @param {string} cause @returns {Node[]} */
    function goneSentence(cause) {
        const parts = [`The server has not answered since ${goneSince} (${cause}). `];
        if (movedTo) return [make("span", ...parts, "It is at ", link(movedTo), " now.")];
        parts.push(
            "It was stopped, or it moved to another port when it started again: ",
            "server_port.txt says which. This page goes on looking for it.",
        );
        return [make("span", ...parts)];
    }

    /** @param {string} cause */
    function showGone(cause) {
        if (!goneSince) addStep("bad", [`The server does not answer any more (${cause}).`]);
        goneSince ||= clock.format(Date.now());
        if (last && !movedTo)
            rendezvous(last.status.app, last.status.requested_port || last.status.port);
        fill("gone", [goneSince, cause, movedTo], () => goneSentence(cause));
        find("gone").hidden = false;
        find("page").dataset.stale = "";
        find("chip").dataset.state = "gone";
        setText("state", "no answer");
    }

    async function poll() {
        try {
            const signal = AbortSignal.timeout(ANSWER_MS);
            const response = await fetch("/berth/status.json", { cache: "no-store", signal });
            if (!response.ok) throw new Error(`status ${response.status}`);
            show(await response.json());
            showBack();
        } catch (error) {
            showGone(/** @type {Error} */ (error).message);
        }
    }

    async function watch() {
        for (;;) {
            if (document.hidden)
                await new Promise((resolve) =>
                    document.addEventListener("visibilitychange", resolve, { once: true }),
                );
            else await poll();
            if (!document.hidden) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        }
    }

    /* ---- The rendezvous ---- */

    let searching = false;

    /** A line of the timeline; the newest is the first.
     *  @param {Level} level @param {(Node|string)[]} text @param {number} [time] */
    function addStep(level, text, time = Date.now()) {
        const stamp = /** @type {HTMLTimeElement} */ (make("time", clock.format(time)));
        stamp.dateTime = new Date(time).toISOString();
        const said = make("span", ...text);
        const step = make("li", stamp, said);
        step.dataset.level = level;
        find("rendezvous").prepend(step);
        if (find("rendezvous").children.length > STEPS_MAX)
            find("rendezvous").lastElementChild?.remove();
        return said;
    }

    /** What the server met before it had its port. @param {Status} status */
    function showStart({ port, passed_over: passed, started_at: startedAt }) {
        const time = Date.parse(startedAt);
        for (const one of passed)
            addStep("warn", [`Port ${portRange(one)} was passed over: ${one.text}`], time);
        addStep("info", [`The server listens on port ${port}.`], time);
    }

    /** Follows one search: its many addresses share one line. */
    function searchFollower() {
        /** @type {Map<string, number>} */
        const counts = new Map();
        /** @type {HTMLElement | null} */
        let line = null;
        return (/** @type {Report} */ { type, text, url = "" }) => {
            if (type === "moved") return void addStep("warn", [`${text} `, link(url)]);
            if (type === "stranger") addStep("warn", [`${url}: ${text}.`]);
            if (type === "starting") addStep("info", [`${url}: ${text}.`]);
            if (type === "proved") addStep("good", [`${text}.`]);
            counts.set(type, (counts.get(type) ?? 0) + 1);
            line ??= addStep("info", []);
            line.textContent = searchSentence(counts);
        };
    }

    /** Finds the server as any page would. Where it went to another port, the page says so.
     *  @param {string} app @param {number} port */
    async function rendezvous(app, port) {
        if (searching) return;
        searching = true;
        try {
            const client = await import(/** @type {any} */ ("/berth/client.js"));
            const ports = Array.from({ length: 13 }, (_, n) => Math.min(port, 65523) + n);
            const on = searchFollower();
            showFound(await client.find({ app, ports, on, timeoutMs: SEARCH_MS }));
        } catch (error) {
            setText("verdict", /** @type {Error} */ (error).message);
            addStep("bad", [/** @type {Error} */ (error).message]);
        } finally {
            searching = false;
        }
    }

    /** @param {{http: string, verdict: string, publicKey: string | null}} found */
    function showFound(found) {
        setText("verdict", verdictSentence(found));
        if (found.http !== location.origin) movedTo = `${found.http}/`;
    }

    /* ---- A WebSocket to try ---- */

    /** @type {WebSocket | null} */
    let socket = null;
    const route = /** @type {HTMLSelectElement} */ (find("route"));
    const message = /** @type {HTMLTextAreaElement} */ (find("message"));

    /** @param {"sent"|"received"|"note"|"trouble"} way @param {string} title @param {string} text */
    function logLine(way, title, text) {
        const shown =
            text.length > SHOWN_MAX
                ? `${text.slice(0, SHOWN_MAX)}… (${text.length} characters)`
                : text;
        const line = make(
            "li",
            make("time", clock.format(Date.now())),
            make("b", title),
            make("pre", shown),
        );
        line.dataset.way = way;
        find("log").prepend(line);
        if (find("log").children.length > LOG_MAX) find("log").lastElementChild?.remove();
    }

    /** @param {"closed"|"connecting"|"open"} state @param {string} text */
    function showSocket(state, text) {
        find("socket-chip").dataset.state = state;
        setText("socket-state", text);
        setText("connect", state === "closed" ? "Connect" : "Disconnect");
    }

    /** @returns {WebSocket} open, or on its way there */
    function connect() {
        const ws = new WebSocket(`${location.origin.replace(/^http/, "ws")}${route.value}`);
        let opened = false;
        socket = ws;
        ws.binaryType = "arraybuffer";
        showSocket("connecting", "connecting");
        ws.addEventListener("open", () => {
            opened = true;
            showSocket("open", `connected to ${new URL(ws.url).pathname}`);
        });
        ws.addEventListener("message", ({ data }) =>
            logLine(
                "received",
                "received",
                typeof data === "string" ? data : `${data.byteLength} bytes of binary data`,
            ),
        );
        ws.addEventListener("close", ({ code, reason }) => {
            if (opened) logLine("note", "closed", `Code ${code}${reason ? `: ${reason}` : ""}.`);
            else
                logLine(
                    "trouble",
                    "refused",
                    "The server did not take the connection; its log says why.",
                );
            if (socket === ws) socket = null;
            if (!socket) showSocket("closed", "not connected");
        });
        return ws;
    }

    /** @param {WebSocket} ws @param {string} text */
    function send(ws, text) {
        ws.send(text);
        logLine("sent", "sent", text);
    }

    find("connect").addEventListener("click", () => (socket ? socket.close(1000) : connect()));
    route.addEventListener("change", () => socket?.close(1000));
    find("talk").addEventListener("submit", (event) => {
        event.preventDefault();
        const text = message.value;
        const ws = socket && socket.readyState <= WebSocket.OPEN ? socket : connect();
        if (ws.readyState === WebSocket.OPEN) send(ws, text);
        else ws.addEventListener("open", () => send(ws, text), { once: true });
    });
    message.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        /** @type {HTMLFormElement} */ (find("talk")).requestSubmit();
    });

    watch();
})(globalThis);
