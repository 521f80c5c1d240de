// F22: whoever clears the way by name or by port kills somebody else's program.
// Defence: nobody is killed; a taken port is passed over (port/allocate.c knows no kill, and no
// record, file or name makes a process ours).
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {atEnd} from '../e2e/lib/atend.js';
import {begin, conf, folder, serve} from '../e2e/lib/berth.js';
import {holder, isAlive} from './lib/process.js';
import {tool} from './lib/tools.js';

const PORT = 12000;

/** A program that is called `berth`, as ours is, and sits on the port. */
async function namesake(t, port) {
  const file = path.join(folder(t), 'berth');
  fs.copyFileSync(tool('holder'), file);
  fs.chmodSync(file, 0o755);
  const child = spawn(file, ['127.0.0.1', String(port)], {stdio: ['pipe', 'pipe', 'inherit']});
  const exited = new Promise((resolve) => child.on('close', resolve));
  atEnd(t, () => (child.stdin.end(), exited));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child;
}

async function livesThrough(t, pid, options) {
  const server = await serve(t, options);
  assert.notEqual(server.port, PORT);
  assert.ok(isAlive(pid), 'it was killed by a start');
  await server.stop();
  assert.ok(isAlive(pid), 'it was killed by a stop');
}

test('a stranger on the port survives start and stop', async (t) => {
  const other = await holder(t, '127.0.0.1', PORT);
  await livesThrough(t, other.pid, {conf: conf(PORT)});
});

test('so does a program of our name', async (t) => {
  const other = await namesake(t, PORT);
  await livesThrough(t, other.pid, {conf: conf(PORT)});
});

test('so does one to which everything we keep points: port file, sticky port, record', async (t) => {
  const dir = folder(t);
  const first = await serve(t, {conf: conf(PORT, 'STICKY: true'), dir});
  const records = path.join(dir, 'run/berth/e2e');
  first.process.kill('SIGKILL');
  await first.exited;
  first.checked = true;
  const other = await namesake(t, PORT);
  for (const name of fs.existsSync(records) ? fs.readdirSync(records) : []) {
    const file = path.join(records, name);
    const text = fs.readFileSync(file, 'utf8');
    fs.writeFileSync(file, text.replaceAll(String(first.pid), String(other.pid)));
  }
  await livesThrough(t, other.pid, {conf: conf(PORT, 'STICKY: true'), dir});
});

test('so does one that is in the way of --strict-port', async (t) => {
  const other = await holder(t, '127.0.0.1', PORT);
  const run = begin(t, {conf: conf(PORT), args: ['--strict-port']});
  await run.ended({code: 3});
  assert.ok(isAlive(other.pid));
});
