// Makes the two files that have to be whole in themselves, and are committed:
//
//     clients/js/client.js                              an ES module; `berth` serves it at /berth/client.js
//     examples/assistant/static/desktop/websocket.js    a classic script, for pages opened from file:// too
//
// node clients/js/build.mjs            writes them
// node clients/js/build.mjs --check    says whether they are up to date
//
// The modules of src/ are put one after the other, each after those that it imports. Their names
// share one scope then; a name that is used twice is a SyntaxError, and the tests load both files.
// Comments for the type checker and the reader of the source, /** … */, are left out.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const IMPORT = /^import\s+(?:\{[^}]*\}\s+from\s+)?"(\.[^"]+)";\n/gm;
const EXPORT_LIST = /^export \{[^}]*\};\n/gm;
const HEAD = /^(?:\/\/.*\n)+\n?/;

const read = (/** @type {URL} */ url) => readFileSync(url, "utf8");
const at = (/** @type {string} */ path) => new URL(path, import.meta.url);

/** The modules in order of need, address and source.
 *  @param {URL} url @param {Map<string, string>} [gathered] @param {Set<string>} [seen] */
function gather(url, gathered = new Map(), seen = new Set()) {
    if (seen.has(url.href)) return gathered;
    seen.add(url.href);
    const source = read(url);
    for (const [, path] of source.matchAll(IMPORT)) gather(new URL(path, url), gathered, seen);
    return gathered.set(url.href, source);
}

/** A module's code alone. @param {string} source */
function codeOf(source) {
    return source
        .replace(HEAD, "")
        .replace(IMPORT, "")
        .replace(EXPORT_LIST, "")
        .replace(/^[ \t]*\/\*\*(?:(?!\*\/)[^])*\*\/[ \t]*\n/gm, "")
        .replace(/\/\*\*(?:(?!\*\/)[^])*\*\/ ?/g, "")
        .replace(/^export /gm, "")
        .replace(/\n{3,}/g, "\n\n")
        .trim();
}

/** @param {string} entry */
function bundle(entry) {
    const parts = [...gather(at(entry))].map(([href, source]) => {
        const name = href.slice(href.lastIndexOf("/") + 1);
        const code = codeOf(source);
        return code === "" ? "" : `/* ==== ${name} ==== */\n\n${code}\n`;
    });
    return parts.filter(Boolean).join("\n");
}

const headOf = (/** @type {string} */ entry) => HEAD.exec(read(at(entry)))?.[0].trimEnd() ?? "";
const MADE = "// Made by clients/js/build.mjs from clients/js/src; change it there.";

function clientModule() {
    const exported = read(at("src/client.js")).match(EXPORT_LIST)?.join("") ?? "";
    return `${headOf("src/client.js")}\n//\n${MADE}\n\n${bundle("src/client.js")}\n${exported}`;
}

function dropIn() {
    const code = bundle("dropin/websocket.js");
    return `${headOf("dropin/websocket.js")}\n//\n${MADE}\n"use strict";\n\n(function () {\n${code}})();\n`;
}

/** @type {[URL, () => string][]} */
const OUTPUTS = [
    [at("client.js"), clientModule],
    [at("../../examples/assistant/static/desktop/websocket.js"), dropIn],
];

for (const [url, make] of OUTPUTS) {
    const text = make();
    if (!process.argv.includes("--check")) writeFileSync(url, text);
    else if (read(url) !== text) {
        console.error(`${fileURLToPath(url)} is out of date: run node clients/js/build.mjs`);
        process.exitCode = 1;
    }
}
