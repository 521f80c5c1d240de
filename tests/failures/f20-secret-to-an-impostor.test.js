// F20: the client shows its token to whoever listens on the port that it knows.
// Defence: the server proves itself first; the token goes only to one that has (find/search.c,
// find/client_proof.c; clients/js/src/search.js, connection.js).
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {atEnd} from '../e2e/lib/atend.js';
import {conf, folder, serve} from '../e2e/lib/berth.js';
import {connect, find, placesOf, terminal} from './lib/clients.js';
import {goOn, stopped, until} from './lib/process.js';
import {crash, recordsIn} from './lib/records.js';
import {recorder} from './lib/strangers.js';
import {shim} from './lib/tools.js';

const PORT = 12000;

/** A server that has run, and crashed: its record, with the token, is there still. */
async function crashed(t) {
  const dir = folder(t);
  const server = await serve(t, {conf: conf(PORT), dir});
  const [record] = recordsIn(dir);
  assert.match(record.token, /^[\w-]{22,}$/);
  const health = await (await fetch(server.url('/health'))).json();
  await crash(server);
  return {dir, server, record, health};
}

function holdsNothing(text, {dir, record}) {
  const seed = fs.readFileSync(path.join(dir, 'state/berth/e2e/identity.key'));
  assert.ok(!text.includes(record.token), `the token was shown:\n${text}`);
  for (const encoding of ['latin1', 'hex', 'base64url']) assert.ok(!text.includes(seed.toString(encoding)));
  assert.doesNotMatch(text, /^(cookie|authorization|sec-websocket-protocol):/im);
}

/** A program of its own that waits for a port to become free, takes it, and writes all bytes down. */
function lurker(t, port) {
  const file = path.join(folder(t), 'bytes');
  const child = spawn(process.execPath, ['-e', LURKER, String(port), file], {stdio: 'inherit'});
  atEnd(t, () => child.kill('SIGKILL'));
  return {
    waitUntilThere() {
      const pause = new Int32Array(new SharedArrayBuffer(4));
      for (let i = 0; !fs.existsSync(file); i++) {
        assert.ok(i < 10_000, 'the impostor never had the port');
        Atomics.wait(pause, 0, 0, 1);
      }
    },
    get text() {
      return fs.readFileSync(file, 'latin1');
    },
  };
}

const LURKER = `
const fs = require('fs'), net = require('net');
const [port, file] = process.argv.slice(1);
const server = net.createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (data) => {
    fs.appendFileSync(file, data);
    socket.write('HTTP/1.1 401 Unauthorized\\r\\nContent-Length: 0\\r\\n\\r\\n');
  });
});
const lurk = () => server.listen(Number(port), '127.0.0.1');
server.on('error', () => setTimeout(lurk, 1));
server.on('listening', () => fs.writeFileSync(file, ''));
lurk();
`;

const ANSWERS = {
  'says OK': () => () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK',
  'asks for a token': () => () => 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nContent-Length: 0\r\n\r\n',
  'says nothing': () => () => '',
  'has our old health document': ({health}) => () => {
    const body = JSON.stringify(health);
    return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  },
};

for (const [name, answer] of Object.entries(ANSWERS)) {
  test(`an impostor on the stale port who ${name} learns nothing`, async (t) => {
    const facts = await crashed(t);
    const impostor = await recorder(t, PORT, answer(facts));
    const places = {...placesOf(facts.dir, [PORT]), attemptMs: 300};
    assert.equal((await find(places)).found, undefined);
    assert.equal((await find({...places, url: `http://127.0.0.1:${PORT}`})).found, undefined);
    const socket = connect(t, places);
    await until(() => socket.events.filter((event) => event.type === 'searching').length >= 3, 'third try');
    assert.ok(impostor.text.includes('GET /health?challenge='), 'it was asked to prove itself');
    assert.notEqual(socket.readyState, 1);
    holdsNothing(impostor.text, facts);

    const server = await serve(t, {conf: conf(PORT), dir: facts.dir});
    await until(() => socket.readyState === 1, 'connection to ours');
    assert.equal(socket.endpoint.instance, server.record.instance);
    holdsNothing(impostor.text, facts);
  });
}

/** A file that may hold the app's key is there, and is no use. */
const DAMAGES = {
  'identity is empty': ({dir}) => fs.truncateSync(path.join(dir, 'state/berth/e2e/identity.key')),
  'identity is open to others': ({dir}) => fs.chmodSync(path.join(dir, 'state/berth/e2e/identity.key'), 0o666),
  'record is empty': ({dir}) => {
    fs.rmSync(path.join(dir, 'state/berth/e2e/identity.key'));
    for (const {file} of recordsIn(dir)) fs.truncateSync(file);
  },
};

for (const [name, damage] of Object.entries(DAMAGES)) {
  test(`an impostor with the app's name and no key is nobody, though the app's ${name}`, async (t) => {
    const facts = await crashed(t);
    if (name.startsWith('identity')) for (const {file} of recordsIn(facts.dir)) fs.rmSync(file);
    damage(facts);
    const keyless = {health: {...facts.health, public_key: null}};
    const impostor = await recorder(t, PORT, ANSWERS['has our old health document'](keyless));
    const places = {...placesOf(facts.dir, [PORT]), attemptMs: 300};
    assert.equal((await find(places)).found, undefined);
    assert.equal((await find({...places, least: 'named'})).found.verdict, 'named');
    const run = terminal(t, facts.dir);
    run.process.stdin.end('hello\n');
    await run.ended({code: 5});
    assert.ok(impostor.text.split('GET /health?challenge=').length > 3, 'all three have asked it');
    assert.doesNotMatch(impostor.text, /^upgrade:/im);
  });
}

/** The port changes hands between the proof and the connection; gives what the impostor heard. */
async function robbed(t, dir, server, options) {
  const impostor = lurker(t, PORT);
  // The proof is reported before the connection is made. Nothing else of this program runs until
  // the server is dead, and the impostor has its port.
  let done = false;
  const robbery = ({type}) => {
    if (type !== 'proved' || done) return;
    done = true;
    server.process.kill('SIGKILL');
    server.checked = true;
    impostor.waitUntilThere();
  };
  const socket = connect(t, {...placesOf(dir, [PORT]), ...options, on: robbery});
  await until(() => socket.events.filter((event) => event.type === 'waiting').length >= 2, 'second try');
  assert.ok(done, 'it was proved once');
  return impostor.text;
}

test('an impostor who takes the port between the proof and the connection learns nothing', async (t) => {
  const dir = folder(t);
  const server = await serve(t, {conf: conf(PORT), dir});
  const [record] = recordsIn(dir);
  holdsNothing(await robbed(t, dir, server, {}), {dir, record});
});

test('nor is it connected to, by one who knows the key and has no token', async (t) => {
  const dir = folder(t);
  const server = await serve(t, {conf: conf(PORT), dir});
  const publicKey = server.record.public_key;
  const heard = await robbed(t, dir, server, {publicKey, runtimeDir: path.join(dir, 'none')});
  assert.match(heard, /^GET \/health\?challenge=/);
  assert.doesNotMatch(heard, /^upgrade:/im);
});

test('the native client: an impostor on the stale port learns nothing', async (t) => {
  const facts = await crashed(t);
  for (const name of ['asks for a token', 'has our old health document']) {
    const impostor = await recorder(t, PORT, ANSWERS[name](facts));
    const run = terminal(t, facts.dir);
    run.process.stdin.end('hello\n');
    await run.ended({code: 5});
    assert.ok(impostor.text.includes('GET /health?challenge='), 'it was asked to prove itself');
    assert.ok(!impostor.text.includes('hello'));
    holdsNothing(impostor.text, facts);
    await impostor.release();
  }
});

test('the native client: nor does one who takes the port between the proof and the connection', async (t) => {
  const dir = folder(t);
  const server = await serve(t, {conf: conf(PORT), dir});
  const [record] = recordsIn(dir);
  // It looks twice, each time with a proof, and then connects: before that it is held.
  const run = terminal(t, dir, [], {env: shim({STOP: `connect 127.0.0.1:${PORT} 3`})});
  run.process.stdin.end('hello\n');
  await stopped(run, 'its connection');
  await crash(server);
  const impostor = await recorder(t, PORT, ANSWERS['asks for a token']());
  goOn(run);
  await until(() => /stranger +a record/.test(run.stderr), 'verdict on the impostor');
  assert.ok(!impostor.text.includes('hello'));
  holdsNothing(impostor.text, {dir, record});
});
