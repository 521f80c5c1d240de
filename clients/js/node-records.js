// What this user's files say: the records of running servers, the port file, the app's identity, and
// what this client remembers. Files of others, and files that others may write, are passed over.
// A record's lock cannot be asked from Node (open file description locks have no call here), so a
// dead record is a candidate like any other, and the proof decides.

import { createPrivateKey, createPublicKey } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseObject, parsePort } from "./src/health.js";
import { originOf } from "./src/platform.js";
import { isPublicKey } from "./src/proof.js";

const FILE_MAX = 65536;
const RECORDS_MAX = 64;
const SEED_SIZE = 32;
const MEMORY_FILE = "last"; // the C side's: an address and a key, a line each
/** PKCS#8 around an Ed25519 seed: RFC 8410, section 7. */
const SEED_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");

/** @typedef {import("./src/platform.js").PlaceOptions} PlaceOptions */
/** @typedef {import("./src/search.js").Candidate} Candidate */

const uid = () => process.geteuid?.() ?? 0;

/** A folder that nobody else can look into. @param {string} folder */
function isPrivate(folder) {
    const stat = fs.lstatSync(folder, { throwIfNoEntry: false });
    return stat?.isDirectory() === true && isOurs(stat) && (stat.mode & 0o077) === 0;
}

/** $XDG_RUNTIME_DIR as far as it is what it should be: after su it is another user's.
 *  @param {PlaceOptions} options */
export function runtimeDir({ runtimeDir: given }) {
    const runtime = process.env.XDG_RUNTIME_DIR ?? "";
    const good = path.isAbsolute(runtime) && isPrivate(runtime);
    return given ?? (good ? path.join(runtime, "berth") : `/tmp/berth-${uid()}`);
}

/** @param {PlaceOptions} options */
export function stateDir({ stateDir: given }) {
    const state = process.env.XDG_STATE_HOME || path.join(os.homedir(), ".local/state");
    return given ?? path.join(state, "berth");
}

/** Is it this user's, and nobody else's to write? @param {fs.Stats} stat */
const isOurs = (stat) => stat.uid === uid() && (stat.mode & 0o022) === 0;

/** A private file's content; null where there is none, undefined for one that is not to be read. The
 *  checks are on the open file: the name may change hands.
 *  @param {string} file @returns {{data: Buffer, time: number} | null | undefined} */
function readPrivate(file) {
    let handle;
    try {
        handle = fs.openSync(
            file,
            fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK,
        );
        const stat = fs.fstatSync(handle);
        const good = stat.isFile() && isOurs(stat) && (stat.mode & 0o077) === 0;
        if (!good || stat.size > FILE_MAX) return undefined;
        return { data: fs.readFileSync(handle), time: stat.mtimeMs };
    } catch (error) {
        return /** @type {NodeJS.ErrnoException} */ (error).code === "ENOENT" ? null : undefined;
    } finally {
        if (handle !== undefined) fs.closeSync(handle);
    }
}

/** @param {string} folder */
function listPrivate(folder) {
    try {
        if (!isPrivate(folder)) return [];
        return fs.readdirSync(folder).filter((name) => name.endsWith(".json"));
    } catch {
        return [];
    }
}

/** The files of the app's records, the youngest first. @param {PlaceOptions} options */
function readRecordFiles(options) {
    const folder = path.join(runtimeDir(options), options.app);
    return listPrivate(folder)
        .map((name) => readPrivate(path.join(folder, name)))
        .filter((file) => file !== null)
        .map((file) => ({ time: file?.time ?? 0, object: parseObject(file?.data) }))
        .sort((a, b) => b.time - a.time)
        .slice(0, RECORDS_MAX);
}

/** The app's records: where each server is, its key and its token. The key of a dead one is still
 *  the app's: whoever took its port is asked for it.
 *  @param {PlaceOptions} options @returns {(Candidate & {publicKey?: string})[]} */
export function readRecords(options) {
    return readRecordFiles(options).flatMap(({ object }) => recordOf(object, options.app) ?? []);
}

/** The app's keys, as this user's files have them. `incomplete`: a file that may hold one is there
 *  and cannot be read. @param {PlaceOptions} options */
export function readKeys(options) {
    const records = readRecordFiles(options);
    const identity = readIdentity(options);
    const keys = [identity, ...records.map(({ object }) => recordOf(object, options.app)?.publicKey)];
    return {
        publicKeys: [...new Set(keys)].filter((key) => typeof key === "string"),
        incomplete: identity === undefined || records.some(({ object }) => !object),
    };
}

/** @param {any} record @param {string} app */
function recordOf(record, app) {
    const url = originOf(record?.urls?.http);
    if (record?.app !== app || !url) return null;
    const { public_key: publicKey, instance, token } = record;
    return {
        url,
        ...(typeof instance === "string" && { instance }),
        ...(isPublicKey(publicKey) && { publicKey }),
        ...(typeof token === "string" && token !== "" && { token }),
    };
}

/** @param {PlaceOptions} options @returns {Candidate[]} */
export function readPortFile({ portFile }) {
    if (!portFile) return [];
    try {
        const port = parsePort(fs.readFileSync(portFile, "utf8").slice(0, 64));
        return port === null ? [] : [{ url: `http://127.0.0.1:${port}` }];
    } catch {
        return [];
    }
}

/** The public half of this user's key for the app; null where there is none yet, undefined where it
 *  cannot be read. @param {PlaceOptions} options */
export function readIdentity(options) {
    const file = readPrivate(path.join(stateDir(options), options.app, "identity.key"));
    if (file?.data.length !== SEED_SIZE) return file === null ? null : undefined;
    const key = Buffer.concat([SEED_HEAD, file.data]);
    const secret = createPrivateKey({ key, format: "der", type: "pkcs8" });
    return createPublicKey(secret).export({ format: "jwk" }).x;
}

/** @param {string} app @param {PlaceOptions} options @returns {import("./src/search.js").Remembered} */
export function loadMemory(app, options) {
    const file = readPrivate(path.join(stateDir(options), app, MEMORY_FILE));
    const [http, publicKey] = file?.data.toString().split("\n") ?? [];
    return {
        publicKey: isPublicKey(publicKey) ? publicKey : undefined,
        http: originOf(http) ?? undefined,
    };
}

/** What cannot be stored is not remembered: a read-only home is no reason not to connect.
 *  @param {string} app @param {import("./src/search.js").Remembered | null} remembered
 *  @param {PlaceOptions} options */
export function saveMemory(app, remembered, options) {
    const folder = path.join(stateDir(options), app);
    const file = path.join(folder, MEMORY_FILE);
    try {
        if (!remembered) return fs.rmSync(file, { force: true });
        const lines = [remembered.http, remembered.publicKey].filter(Boolean);
        const text = lines.map((line) => `${line}\n`).join("");
        if (readPrivate(file)?.data.toString() === text) return;
        fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
        const temporary = `${file}.${process.pid}.tmp`;
        fs.writeFileSync(temporary, text, { mode: 0o600 });
        fs.renameSync(temporary, file);
    } catch {
        return;
    }
}
