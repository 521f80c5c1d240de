// F03: a reader finds the port file empty, or half of it.
// Defence: a temporary file, fsync, rename (sys/linux/files.c); nobody opens the file itself.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {once} from 'node:events';
import {test} from 'node:test';
import {Worker} from 'node:worker_threads';
import {atEnd} from '../e2e/lib/atend.js';
import {begin, conf, folder, serve} from '../e2e/lib/berth.js';
import {rounds} from './lib/machine.js';
import {goOn, stopped} from './lib/process.js';
import {shim} from './lib/tools.js';

const PORT = 12000;

const BEFORE_RENAME = {STOP: 'renameat server_port.txt 1'};

function oldFile(t) {
  const dir = folder(t);
  const file = path.join(dir, 'server_port.txt');
  fs.writeFileSync(file, '12345');
  return {dir, file};
}

test('a writer that is held between writing and renaming shows the old content', async (t) => {
  const {dir, file} = oldFile(t);
  const run = begin(t, {conf: conf(PORT), dir, env: shim(BEFORE_RENAME)});
  await stopped(run, 'the rename');
  assert.equal(fs.readFileSync(file, 'utf8'), '12345');
  goOn(run);
  await run.ready();
  assert.equal(run.portFile, String(PORT));
  await run.stop();
});

test('the content is on the disk before its name is', async (t) => {
  const dir = folder(t);
  const log = path.join(dir, 'calls');
  await serve(t, {conf: conf(PORT), dir, env: shim({LOG: log})});
  const calls = fs.readFileSync(log, 'utf8').split('\n');
  const renamed = calls.indexOf('renameat server_port.txt');
  assert.ok(renamed > 0, calls.join('\n'));
  assert.equal(calls[renamed - 1], 'fsync ');
});

test('a writer that is killed before the rename leaves the old content', async (t) => {
  const {dir, file} = oldFile(t);
  const run = begin(t, {conf: conf(PORT), dir, env: shim(BEFORE_RENAME)});
  await stopped(run, 'the rename');
  run.process.kill('SIGKILL');
  await run.exited;
  assert.equal(fs.readFileSync(file, 'utf8'), '12345');
  const next = await serve(t, {conf: conf(PORT), dir});
  assert.equal(next.portFile, String(next.port));
});

test('a reader who never rests sees whole ports and nothing else', async (t) => {
  const {dir, file} = oldFile(t);
  const reader = new Worker(new URL('../e2e/lib/reader.js', import.meta.url), {workerData: file});
  atEnd(t, () => reader.terminate());
  const count = rounds(200, 10);
  for (let round = 0; round < count; round++) {
    fs.writeFileSync(path.join(dir, 'old'), '12345');
    fs.renameSync(path.join(dir, 'old'), file);
    const server = await serve(t, {conf: conf(PORT + round, 'STICKY: false'), dir});
    await server.stop();
  }
  reader.postMessage('enough');
  const [{contents, reads}] = await once(reader, 'message');
  assert.ok(reads > count, `only ${reads} reads`);
  const whole = new Set(['12345', ...Array.from({length: count}, (_, i) => String(PORT + i))]);
  for (const content of contents) assert.ok(whole.has(content), `a reader saw ${JSON.stringify(content)}`);
});
