// The pure parts of the pages, and what a strict Content-Security-Policy demands of their files.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";

const at = (path) => new URL(`../../${path}`, import.meta.url);
const desktop = "examples/assistant/static/desktop";
for (const script of [`${desktop}/avatar.js`, `${desktop}/speech.js`, `${desktop}/timeline.js`])
    await import(at(script).href);
await import(at("src/server/pages/status.js").href);
const { hueOf, parseTags } = globalThis.BerthAvatar;
const { mouthAt, readSentence } = globalThis.BerthSpeech;
const { askedText } = globalThis.BerthTimeline;
const { duration, portRange, portSentence, searchSentence, verdictSentence } =
    globalThis.BerthStatus;

describe("parseTags takes expressions out and leaves the rest", () => {
    const cases = [
        ["Hello", "Hello", []],
        ["[joy] Hello", "Hello", [[0, "joy"]]],
        [
            "[JOY][surprise] Hi",
            "Hi",
            [
                [0, "joy"],
                [0, "surprise"],
            ],
        ],
        ["Well. [sadness] No.", "Well. No.", [[5, "sadness"]]],
        ["Bye [joy]", "Bye", [[3, "joy"]]],
        ["see [1] and [joke]", "see [1] and [joke]", []],
        ["<b>[anger]</b>", "<b></b>", [[3, "anger"]]],
        ["🦦🦦 [joy] x", "🦦🦦 x", [[2, "joy"]]],
        ["[joy]", "", [[0, "joy"]]],
        ["", "", []],
    ];
    for (const [raw, text, marks] of cases)
        test(JSON.stringify(raw), () =>
            assert.deepEqual(parseTags(raw), {
                text,
                marks: marks.map(([position, name]) => ({ at: position, name })),
            }),
        );
});

test("a model's name always gives the same hue", () => {
    assert.equal(hueOf("shizuku"), hueOf("shizuku"));
    assert.notEqual(hueOf("shizuku"), hueOf("mao"));
    for (const name of ["", "x", "海獺"]) assert.ok(hueOf(name) >= 0 && hueOf(name) < 360);
});

describe("readSentence makes good what is missing or wrong", () => {
    test("a whole message", () =>
        assert.deepEqual(
            readSentence({ text: "Hi", audio: "UklGRg==", volumes: [0, 1], slice_length: 50 }),
            {
                text: "Hi",
                audio: "UklGRg==",
                volumes: [0, 1],
                sliceMs: 50,
            },
        ));
    for (const message of [
        {},
        { audio: null, volumes: null, slice_length: 0 },
        { audio: 7, volumes: "x", slice_length: -1 },
    ])
        test(JSON.stringify(message), () =>
            assert.deepEqual(readSentence(message), {
                text: "",
                audio: null,
                volumes: [],
                sliceMs: 20,
            }),
        );
});

test("the mouth follows the volumes and is shut after the end", () => {
    const opening = (ms) => mouthAt([0.1, 0.9], 50, ms);
    assert.deepEqual([0, 49, 50, 99, 100, 5000].map(opening), [0.1, 0.1, 0.9, 0.9, 0, 0]);
});

test("a search is one line of the timeline", () => {
    assert.equal(askedText(1, 0), "Asked 1 address");
    assert.equal(askedText(26, 24), "Asked 26 addresses, nobody at 24");
});

describe("portSentence", () => {
    const status = (wanted, port, ...passed) => ({
        requested_port: wanted,
        port,
        passed_over: passed,
    });
    const held = {
        from: 1018,
        to: 1018,
        reason: "in_use",
        text: "held by python3 (pid 4242, user alice)",
    };
    const reserved = { from: 1000, to: 1023, reason: "reserved", text: "Reserved by the system." };
    const cases = [
        [status(1018, 1018), "This is the port that was asked for."],
        [status(0, 40123), "No port was asked for, so the system gave 40123."],
        [
            status(1018, 1019, held),
            "1018 was taken by python3 (pid 4242, user alice), so Berth took 1019.",
        ],
        [
            status(1018, 1024, reserved),
            "1018 could not be had: Reserved by the system. So Berth took 1024.",
        ],
        [status(1018, 1024), "1018 was asked for; Berth is on 1024."],
    ];
    for (const [from, sentence] of cases)
        test(sentence, () => assert.equal(portSentence(from), sentence));
});

test("portRange", () => {
    assert.equal(portRange({ from: 1018, to: 1018 }), "1018");
    assert.equal(portRange({ from: 1018, to: 1023 }), "1018–1023");
});

test("duration names its two largest units", () => {
    const shown = [0, 999, 61_000, 3_600_000, 90_061_000].map(duration);
    assert.deepEqual(shown, ["0 s", "0 s", "1 min 1 s", "1 h 0 min", "1 d 1 h"]);
});

test("searchSentence counts what became of the addresses", () => {
    const say = (...types) => {
        const counts = new Map();
        for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
        return searchSentence(counts);
    };
    assert.equal(say("candidate"), "Asked 1 address.");
    assert.equal(say("candidate", "proved"), "Asked 1 address: 1 ours.");
    assert.equal(
        say("candidate", "candidate", "candidate", "candidate", "refused", "refused", "stranger"),
        "Asked 4 addresses: 1 a stranger, 2 nobody there.",
    );
});

test("verdictSentence says how sure it is", () => {
    const publicKey = "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik";
    assert.match(
        verdictSentence({ verdict: "proved", publicKey }),
        /holds the app's key O2onvM62pC…/,
    );
    assert.match(
        verdictSentence({ verdict: "pinned", publicKey }),
        /O2onvM62pC… that was seen here first/,
    );
    assert.match(verdictSentence({ verdict: "named", publicKey }), /for the first time/);
    assert.match(verdictSentence({ verdict: "named", publicKey: null }), /^Named only/);
});

describe("a strict Content-Security-Policy finds nothing to forbid", () => {
    for (const page of ["examples/assistant/static/desktop.html", "src/server/pages/status.html"])
        test(page, async () => {
            const html = await readFile(at(page), "utf8");
            assert.doesNotMatch(html, /<style|\sstyle=|\son[a-z]+=|javascript:/i);
            assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)/i);
            assert.doesNotMatch(html, /(?:src|href)="(?:https?:)?\/\//i);
        });
    const made = [`${desktop}/websocket.js`, "clients/js/client.js"]; // checked where they come from
    for (const script of ["assistant.js", "avatar.js", "speech.js", "timeline.js"]
        .map((name) => `${desktop}/${name}`)
        .concat("src/server/pages/status.js", made))
        test(script, async () => {
            const source = await readFile(at(script), "utf8");
            if (!made.includes(script)) assert.match(source, /^\/\/ @ts-check/);
            assert.doesNotMatch(
                source,
                /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function/,
            );
        });
});
