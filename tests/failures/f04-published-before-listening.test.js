// F04: the port is published, the client comes at once, and nobody listens yet.
// Defence: bind and listen come first; the file is written when a connection would be answered
// (app/serve.c: allocate, listen, publish; the record first, as `starting`).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import {test} from 'node:test';
import {atEnd} from '../e2e/lib/atend.js';
import {begin, conf, folder} from '../e2e/lib/berth.js';
import {rounds} from './lib/machine.js';
import {goOn, stopped} from './lib/process.js';
import {recordsIn} from './lib/records.js';
import {shim} from './lib/tools.js';

const PORT = 12000;

const portFile = {folder: '.', is: (name) => name === 'server_port.txt', port: Number};
const record = {
  folder: 'run/berth/e2e',
  is: (name) => name.endsWith('.json'),
  port: (text) => JSON.parse(text).port,
};

/** Connects as soon as the system says that the file is there; what came of it, as a word. */
function connectOn(t, dir, what) {
  return new Promise((resolve, reject) => {
    const folder = path.join(dir, what.folder);
    fs.mkdirSync(folder, {recursive: true, mode: 0o700});
    const watcher = fs.watch(folder, (event, name) => {
      if (!what.is(name) || !fs.existsSync(path.join(folder, name))) return;
      watcher.close();
      const port = what.port(fs.readFileSync(path.join(folder, name), 'utf8'));
      const socket = net.connect({port, host: '127.0.0.1'});
      socket.on('connect', () => {
        socket.destroy();
        resolve('connected');
      });
      socket.on('error', (error) => resolve(error.code));
    });
    watcher.on('error', reject);
    atEnd(t, () => watcher.close());
  });
}

async function start(t, env) {
  const dir = folder(t);
  const outcomes = [connectOn(t, dir, portFile), connectOn(t, dir, record)];
  const run = begin(t, {conf: conf(PORT), dir, env});
  await run.ready();
  const words = await Promise.all(outcomes);
  await run.stop();
  return words;
}

test('whoever connects when the port file or the record appears is never refused', async (t) => {
  for (let round = 0; round < rounds(1000, 40); round++) {
    assert.deepEqual(await start(t), ['connected', 'connected'], `round ${round}`);
  }
});

test('nor is anyone when it takes a machine long to listen', async (t) => {
  const late = shim({DELAY: 'listen 200'});
  for (let round = 0; round < rounds(50, 5); round++) {
    assert.deepEqual(await start(t, late), ['connected', 'connected'], `round ${round}`);
  }
});

test('the record says starting first, and ready after that', async (t) => {
  const dir = folder(t);
  const states = [];
  const run = begin(t, {conf: conf(PORT), dir, env: shim({STOP: 'renameat .json 1'})});
  await stopped(run, 'its second record');
  states.push(...recordsIn(dir).map((one) => one.state));
  goOn(run);
  await run.ready();
  states.push(...recordsIn(dir).map((one) => one.state));
  assert.deepEqual(states, ['starting', 'ready']);
  await run.stop();
  assert.deepEqual(recordsIn(dir), []);
});
