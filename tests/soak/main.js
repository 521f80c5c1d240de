#!/usr/bin/env node
// Connections come and go for a long time: requests, files, WebSockets with messages of any size, rooms, noise,
// polite ends and resets. In rounds: each begins and ends with nobody connected, and then the server's private
// memory and open files are looked at.
//
//     BERTH=build/berth tests/soak/main.js [--seconds 1800] [--seed 1] [--threads 1]
//
// The rule: the first third of the time is warm-up; the memory in the middle of the last third's samples is at most that
// of the second third's and SLACK_KIB (what leaks moves them all, one peak does not); and no more files are open at the
// end than behind the first round.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {parseArgs} from 'node:util';
import {setTimeout as sleep} from 'node:timers/promises';
import {frame, handshake, Raw} from '../e2e/lib/wire.js';

const SLACK_KIB = 512;
const ACTORS = 24;
const ROUND_ACTS = 120; // of all actors together
const LARGEST = 256 * 1024; // a message
const FILES = {small: 300, middle: 100_000, large: 3_000_000};

const USAGE = 'usage: ./dev soak [--seconds N] [--seed S] [--threads N]\nN seconds are at least 6: three parts with some rounds in each.';

function readOptions() {
  const option = (value) => ({type: 'string', default: value});
  const options = {seconds: option('1800'), seed: option('1'), threads: option('1'), help: {type: 'boolean'}};
  try {
    const {values} = parseArgs({options});
    if (values.help || Number(values.seconds) >= 6) return values;
    throw new Error(`--seconds ${values.seconds} is too few, or no number`);
  } catch (error) {
    console.error(`soak: ${error.message}\n${USAGE}`);
    process.exit(2);
  }
}
const values = readOptions();
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const seconds = Number(values.seconds);

let seed = Number(values.seed) >>> 0;
function random(below) {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
}

/** Small ones mostly, large ones too. */
const randomSize = () => Math.floor(LARGEST ** (random(1001) / 1000));

// -- The server -------------------------------------------------------------------------------------------------

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'berth-soak-'));
fs.mkdirSync(path.join(dir, 'static'));
for (const [name, size] of Object.entries(FILES)) fs.writeFileSync(path.join(dir, 'static', name), Buffer.alloc(size, 'f'));
for (const name of ['run', 'state']) fs.mkdirSync(path.join(dir, name), {mode: 0o700});
const routes = '{/client-ws: echo, /hub: hub}';
fs.writeFileSync(
  path.join(dir, 'conf.yaml'),
  `SERVER_PORT: 0\nBERTH:\n  APP: soak\n  STATIC: static\n  THREADS: ${values.threads}\n  ROUTES: ${routes}\n`,
);

const server = spawn(process.env.BERTH, ['serve', path.join(dir, 'conf.yaml'), '--json', '--log-level', 'error'], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: {PATH: process.env.PATH, HOME: dir, XDG_RUNTIME_DIR: path.join(dir, 'run'), XDG_STATE_HOME: path.join(dir, 'state')},
});
let ended = false;
server.on('exit', () => (ended = true));
process.on('exit', () => {
  if (!ended) server.kill('SIGKILL');
  fs.rmSync(dir, {recursive: true, force: true});
});
const ready = await new Promise((resolve, reject) => {
  server.stdout.on('data', (data) => resolve(JSON.parse(data.toString().split('\n')[0])));
  server.on('error', reject).on('exit', () => reject(new Error('the server did not start')));
});
const here = {port: ready.port};

const openFiles = () => fs.readdirSync(`/proc/${server.pid}/fd`).length;
function privateKiB() {
  const text = fs.readFileSync(`/proc/${server.pid}/smaps_rollup`, 'utf8');
  return [...text.matchAll(/^Private_(?:Clean|Dirty): *(\d+) kB/gm)].reduce((sum, [, kib]) => sum + Number(kib), 0);
}

// -- What is done to it -----------------------------------------------------------------------------------------

/** Politely, rudely, or by a reset. */
async function leave(raw) {
  if (random(3) === 0) raw.socket.resetAndDestroy();
  else if (random(2) === 0) raw.destroy();
  else {
    raw.socket.end();
    await raw.ended();
    raw.destroy();
  }
}

const get = (target) => `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${here.port}\r\n\r\n`;

async function askHealth(raw) {
  const times = 1 + random(5);
  raw.send(get('/health').repeat(times));
  await raw.until(({statuses}) => statuses.length === times);
  assert.ok(raw.statuses.every((status) => status === 200), raw.text);
}

async function askFile(raw) {
  const [name, size] = Object.entries(FILES)[random(3)];
  raw.send(get(`/static/${name}`));
  if (random(3) === 0) return; // and not wait for it
  await raw.until(({received}) => received.length > size);
}

async function open(raw, route) {
  await raw.send(handshake(here, route)).until(({text}) => text.includes('\r\n\r\n'));
  assert.equal(raw.statuses[0], 101, raw.text);
  raw.received = raw.received.subarray(raw.received.indexOf('\r\n\r\n') + 4);
}

async function echo(raw) {
  await open(raw, '/client-ws');
  for (let messages = random(6); messages > 0; messages--) {
    const payload = Buffer.alloc(randomSize(), messages);
    if (random(2) === 0) {
      raw.send(frame(0x82, payload));
    } else {
      const cut = random(payload.length + 1);
      raw.send(Buffer.concat([frame(0x02, payload.subarray(0, cut)), frame(0x89, 'p'), frame(0x80, payload.subarray(cut))]));
    }
    if (random(4) === 0) return;
    await raw.until(({received}) => received.length >= payload.length + 2 && received.subarray(-payload.length).equals(payload));
    raw.received = Buffer.alloc(0);
  }
  if (random(2) === 0) raw.send(frame(0x88, Buffer.from([3, 0xe8])));
}

async function gather(raw) {
  await open(raw, `/hub?room=${random(5)}`);
  for (let messages = random(6); messages > 0; messages--) raw.send(frame(0x82, Buffer.alloc(randomSize() >> 2)));
  await sleep(random(20));
}

async function disturb(raw) {
  const what = [Buffer.from(Array.from({length: 300}, () => random(256))), 'GET / HTTP/1.1\r\nHo', handshake(here).slice(0, -5),
    handshake(here) + '\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff', `POST /health HTTP/1.1\r\nHost: 127.0.0.1:${here.port}\r\nContent-Length: 9\r\n\r\nx`];
  raw.send(what[random(what.length)]);
  await sleep(random(10));
}

const ACTS = [askHealth, askFile, echo, echo, gather, disturb];

async function act() {
  const raw = await Raw.open(here.port);
  await ACTS[random(ACTS.length)](raw);
  await leave(raw);
}

/** Nobody is connected any more when the server has no more files open than before. */
async function settle(files) {
  for (let waited = 0; waited < 10_000 && openFiles() > files; waited += 5) await sleep(5);
}

async function round(files) {
  let left = ROUND_ACTS;
  await Promise.all(Array.from({length: ACTORS}, async () => {
    while (left-- > 0) await act();
  }));
  await settle(files);
}

// -- The rule ---------------------------------------------------------------------------------------------------

await round(Infinity);
await sleep(3000); // resets and lingering ends
const files = openFiles();
const samples = [];
const [begin, length] = [performance.now(), seconds * 1000];
for (let now = 0; now < length && !ended; now = performance.now() - begin) {
  await round(files);
  samples.push({part: Math.min(2, Math.floor((3 * now) / length)), kib: privateKiB()});
}
await settle(files);

const thirds = [0, 1, 2].map((part) =>
  samples.filter((sample) => sample.part === part).map(({kib}) => kib).sort((a, b) => a - b),
);
const middle = thirds.map((sorted) => sorted[sorted.length >> 1]);
const most = thirds.map((sorted) => sorted.at(-1));
console.log(`${samples.length} rounds of ${ROUND_ACTS} connections in ${seconds} s (seed ${values.seed})`);
console.log(`private memory in each third, median: ${middle.join(', ')} KiB; most: ${most.join(', ')} KiB`);
console.log(`open files: ${files}, at the end ${openFiles()}`);
assert.ok(!ended, 'the server ended');
assert.ok(samples.length >= 9 && middle.every(Number.isFinite), 'too few rounds to say anything');
assert.ok(openFiles() <= files, 'files stay open');
assert.ok(middle[2] <= middle[1] + SLACK_KIB, 'the memory keeps growing');
server.kill('SIGTERM');
const code = await new Promise((resolve) => server.on('exit', resolve));
assert.equal(code, 0);
console.log('ok');
process.exit();
