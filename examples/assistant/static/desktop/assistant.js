// @ts-check
"use strict";
/* The page: what the person types goes out, what the server says is shown, spoken and listed. */

(function (/** @type {any} */ root) {
    const socket = root.assistantSocket;
    const find = (/** @type {string} */ id) =>
        /** @type {HTMLElement} */ (document.getElementById(id));
    const chip = find("chip");
    const heard = find("heard");
    const input = /** @type {HTMLInputElement} */ (find("text"));
    const avatar = new root.BerthAvatar.Avatar(find("avatar"));
    const elements = { bubble: find("bubble"), text: find("speech"), readers: find("message") };
    const speech = new root.BerthSpeech.Speech(elements, avatar);
    const timeline = new root.BerthTimeline.Timeline(find("timeline"));
    const counts = { sent: 0, received: 0 };

    /** @param {string} text @param {"info"|"good"|"warn"|"bad"} level */
    function note(text, level = "info") {
        timeline.add({ name: "page", level, text, time: Date.now() });
    }

    function showCounts() {
        find("fact-sent").textContent = String(counts.sent);
        find("fact-received").textContent = String(counts.received);
    }

    /* ---- From the server ---- */

    /** @param {string} text */
    function showText(text) {
        if (/^thinking\W*$/i.test(text)) {
            avatar.express("thinking");
            speech.show(text, "quiet");
        } else {
            speech.show(text);
        }
    }

    /** @param {string} order */
    function obey(order) {
        if (order === "conversation-chain-start") speech.hush();
        else if (order === "start-mic" || order === "stop-mic")
            note(`The server says "${order}"; this example has no microphone.`);
        else if (order !== "conversation-chain-end") note(`The server says "${order}".`);
    }

    /** @param {string} name */
    function changeModel(name) {
        find("model").textContent = name === "berth" ? "at the berth" : name;
        avatar.wear(name);
    }

    /** @param {string} text */
    function showError(text) {
        avatar.express("sadness");
        speech.show(text, "trouble");
        note(`The server reports: ${text}`, "bad");
    }

    /** @param {any} message */
    function receive(message) {
        const text = String(message.text ?? "");
        counts.received++;
        showCounts();
        if (message.type === "full-text") showText(text);
        else if (message.type === "control") obey(text);
        else if (message.type === "audio") speech.speak(message);
        else if (message.type === "set-model") changeModel(text);
        else if (message.type === "error")
            showError(String(message.message ?? "an error without a text"));
        else
            note(
                `A message of the unknown type "${String(message.type).slice(0, 40)}": left out.`,
                "warn",
            );
    }

    /* ---- To the server ---- */

    /** @param {string} text */
    function say(text) {
        const wasConnected = socket.connected;
        if (!root.sendToServer({ type: "text-input", text })) return;
        counts.sent++;
        showCounts();
        heard.textContent = text;
        heard.hidden = false;
        input.value = "";
        if (!wasConnected)
            speech.show("I will pass that on as soon as I reach my server.", "quiet");
    }

    find("say").addEventListener("submit", (event) => {
        event.preventDefault();
        const text = input.value.trim();
        if (text !== "") say(text);
    });

    /* ---- The connection ---- */

    /** @param {string} state @param {string} text */
    function setChip(state, text) {
        chip.dataset.state = state;
        if (find("chip-text").textContent !== text) find("chip-text").textContent = text;
    }

    /** @param {{name: string, level: string, text: string, time: number, port?: number}} notice */
    function follow(notice) {
        timeline.add(notice);
        if (notice.name === "connected") {
            setChip("connected", `Connected · port ${notice.port}`);
            find("fact-port").textContent = String(notice.port);
        } else if (
            notice.name === "lost" ||
            notice.name === "absent" ||
            notice.name === "blocked"
        ) {
            setChip("lost", "Not connected, trying again");
            find("fact-port").textContent = "–";
        }
        if (notice.name === "absent" || notice.name === "blocked" || notice.name === "full") {
            avatar.express("sadness");
            speech.show(notice.text, "trouble");
        }
    }

    socket.history.forEach(follow);
    socket.addEventListener("state", (/** @type {CustomEvent} */ event) => follow(event.detail));
    socket.addEventListener("message", (/** @type {CustomEvent} */ event) => receive(event.detail));
})(globalThis);
