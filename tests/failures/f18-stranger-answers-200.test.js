// F18: a stranger answers 200, and is taken for our server.
// Defence: a proof, never a status or a text: a signature over this very question, this port and
// this instance, with the app's key (proto/proof.c, find/judge.c; clients/js/src/health.js).
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {conf, folder, Run, serve, write} from '../e2e/lib/berth.js';
import {APP, find, placesOf, terminal, terminalAt, wordsOn} from './lib/clients.js';
import {rounds} from './lib/machine.js';
import {STRANGERS, stranger} from './lib/strangers.js';

const PORT = 12000;
const REAL = PORT + 20;
const OLD_CHALLENGE = 'b2xkIGNoYWxsZW5nZSwgcmVjb3JkZWQ';

async function ours(t, port = REAL) {
  const server = await serve(t, {conf: conf(port), dir: folder(t)});
  const old = await (await fetch(server.url(`/health?challenge=${OLD_CHALLENGE}`))).json();
  assert.match(old.proof, /^[\w-]{86}$/);
  return {server, facts: {real: server.url('').replace(/\/$/, ''), old}};
}

for (const name of Object.keys(STRANGERS)) {
  test(`somebody who ${name} is a stranger`, async (t) => {
    const {server, facts} = await ours(t);
    await stranger(t, name, PORT, facts);
    const options = {...placesOf(server.dir), attemptMs: 400};
    for (const url of [`http://127.0.0.1:${PORT}`, `http://[::1]:${PORT}`]) {
      const {found, events} = await find({...options, url});
      assert.equal(found, undefined, `taken for ours: ${JSON.stringify(found)}`);
      const verdict = wordsOn(events, PORT).find((word) => word !== 'candidate');
      assert.ok(['stranger', 'timeout'].includes(verdict), `it is called ${verdict}`);
    }
  });
}

test('all of them at once, and ours among them: ours is found', async (t) => {
  const {server, facts} = await ours(t);
  const names = Object.keys(STRANGERS);
  const ports = [...names.map((name, i) => PORT + i), REAL];
  for (const [i, name] of names.entries()) await stranger(t, name, PORT + i, facts);
  // The record says where ours is; without it, only the proof does.
  const {runtimeDir, ...withoutRecord} = placesOf(server.dir, ports);
  for (let round = 0; round < rounds(200, 10); round++) {
    for (const options of [{...withoutRecord, runtimeDir: folder(t)}, {...withoutRecord, runtimeDir}]) {
      const {found, error} = await find(options);
      assert.equal(found?.instance, server.record.instance, error?.message);
      assert.equal(found.port, REAL);
      assert.equal(found.verdict, 'proved');
    }
  }
});

/** The native client asks the range that the configuration names: strangers on it, ours at its end. */
async function nativeRange(t, names) {
  const {server, facts} = await ours(t, 1030);
  write(server.dir, {'conf.yaml': conf(1018)});
  for (const [i, name] of names.entries()) await stranger(t, name, 1018 + i, facts);
  return server;
}

test('the native client among all of them: ours is found, with its record and without', async (t) => {
  const names = Object.keys(STRANGERS);
  assert.equal(names.length, 12, 'one for each port before ours');
  const server = await nativeRange(t, names);
  for (const env of [{}, {XDG_RUNTIME_DIR: folder(t)}]) {
    const run = terminal(t, server.dir, [], {env});
    run.process.stdin.end('hello\n');
    await run.ended();
    assert.deepEqual(terminalAt(run), {port: 1030, verdict: 'proved'}, run.stderr);
    assert.equal(run.stdout, 'hello\n');
  }
});

test('the native client among strangers only finds nobody', async (t) => {
  const names = Object.keys(STRANGERS).filter((name) => !/asks our server|passes/.test(name));
  const server = await nativeRange(t, names);
  await server.stop();
  const run = new Run({dir: server.dir, args: ['find', '--app', APP, '--events']});
  await run.ended({code: 5});
  assert.equal(run.stdout, '');
  assert.doesNotMatch(run.stderr, / proved /);
  for (const i of names.keys()) assert.match(run.stderr, new RegExp(`(stranger|timeout) +http://\\S+:${1018 + i} `));
});
