// F04: the port is published, the client comes at once, and nobody listens yet.
// Defence: bind and listen come first; the file is written when a connection would be answered
// (cli/serve.c: allocate, listen, publish).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import {test} from 'node:test';
import {atEnd} from '../e2e/lib/atend.js';
import {begin, conf, folder} from '../e2e/lib/berth.js';
import {rounds} from './lib/machine.js';
import {shim} from './lib/tools.js';

const PORT = 12000;

/** Connects as soon as the system says that the file is there; what came of it, as a word. */
function connectOnPublication(t, dir) {
  return new Promise((resolve, reject) => {
    const watcher = fs.watch(dir, (event, name) => {
      const file = path.join(dir, 'server_port.txt');
      if (name !== 'server_port.txt' || !fs.existsSync(file)) return;
      watcher.close();
      const port = Number(fs.readFileSync(file, 'utf8'));
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
  const outcome = connectOnPublication(t, dir);
  const run = begin(t, {conf: conf(PORT), dir, env});
  await run.ready();
  const word = await outcome;
  await run.stop();
  return word;
}

test('whoever connects when the file appears is never refused', async (t) => {
  for (let round = 0; round < rounds(1000, 40); round++) {
    assert.equal(await start(t), 'connected', `round ${round}`);
  }
});

test('nor is anyone when it takes a machine long to listen', async (t) => {
  for (let round = 0; round < rounds(50, 5); round++) {
    assert.equal(await start(t, shim({DELAY: 'listen 200'})), 'connected', `round ${round}`);
  }
});
