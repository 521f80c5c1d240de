// F06: the old process cleans up, and takes the new one's file away.
// Defence: withdraw only what is our own: the port file when it still says our port, looked at and
// removed under the folder's lock, and put back where that was too late (port/publish.c); the record
// when it is the file that we hold (port/record.c).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {begin, conf, folder, serve} from '../e2e/lib/berth.js';
import {rounds} from './lib/machine.js';
import {goOn, stopped, until} from './lib/process.js';
import {listed, recordsIn} from './lib/records.js';
import {shim} from './lib/tools.js';

const PORT = 12000;
const TEXT = conf(PORT);

/** A server that has been told to end, and is held on its way out. */
async function leaving(t, dir, where) {
  const old = begin(t, {conf: TEXT, dir, env: shim({STOP: where})});
  await old.ready();
  old.stdout = ''; // what it says from here on is all that counts
  old.process.kill('SIGTERM');
  await stopped(old, where);
  return old;
}

async function onlyNewIsThere(t, dir, server) {
  assert.equal(server.portFile, String(server.port));
  assert.deepEqual(recordsIn(dir).map((one) => one.instance), [server.record.instance]);
  assert.deepEqual((await listed(t, dir)).map((one) => one.instance), [server.record.instance]);
}

test('the old one is held before it looks: the new one’s file stays', async (t) => {
  const dir = folder(t);
  const old = await leaving(t, dir, 'renameat .json 2'); // the record that says draining
  const server = await serve(t, {conf: TEXT, dir});
  assert.equal(server.port, PORT + 1, 'the old one has its port still');
  goOn(old);
  await old.ended();
  await onlyNewIsThere(t, dir, server);
});

test('the old one is held between looking and removing: the new one waits with its file', async (t) => {
  const dir = folder(t);
  const old = await leaving(t, dir, 'unlink server_port.txt 1');
  const next = begin(t, {conf: TEXT, dir});
  await next.until(() => recordsIn(dir).some((one) => one.pid === next.pid), 'its record');
  await sleep(200);
  assert.equal(old.portFile, String(PORT), 'the new one has not written yet');
  goOn(old);
  await old.ended();
  await next.ready();
  await onlyNewIsThere(t, dir, next);
  await next.stop();
});

test('the old one is held for longer than anybody waits: the new one’s file comes back', async (t) => {
  const dir = folder(t);
  const old = await leaving(t, dir, 'unlink server_port.txt 1');
  const server = await serve(t, {conf: TEXT, dir}); // it has written without the lock
  assert.equal(server.portFile, String(server.port));
  goOn(old);
  await old.ended();
  await until(() => server.portFile === String(server.port), 'port file again');
  await onlyNewIsThere(t, dir, server);
});

test('the old one is held before it removes its record: only that goes', async (t) => {
  const dir = folder(t);
  const old = await leaving(t, dir, 'unlinkat .json 1');
  const server = await serve(t, {conf: TEXT, dir});
  goOn(old);
  await old.ended();
  await onlyNewIsThere(t, dir, server);
});

test('a living record that stands in our record’s place is not ours to remove', async (t) => {
  const dir = folder(t);
  const [old, other] = [await serve(t, {conf: TEXT, dir}), await serve(t, {conf: TEXT, dir})];
  const fileOf = (server) => recordsIn(dir).find((one) => one.pid === server.pid).file;
  const [place, theirs] = [fileOf(old), fileOf(other)];
  fs.linkSync(theirs, `${place}.new`);
  fs.renameSync(`${place}.new`, place);
  old.process.kill('SIGTERM');
  await old.exited;
  old.checked = true;
  assert.equal(JSON.parse(fs.readFileSync(place, 'utf8')).instance, other.record.instance);
  assert.deepEqual((await listed(t, dir)).map((one) => one.instance), Array(2).fill(other.record.instance));
});

test('many hand-overs in a row: the living one is always the one that is named', async (t) => {
  const dir = folder(t);
  let old = await serve(t, {conf: TEXT, dir});
  for (let round = 0; round < rounds(1000, 20); round++) {
    const server = await serve(t, {conf: TEXT, dir});
    await old.stop();
    assert.equal(server.portFile, String(server.port), `round ${round}`);
    old = server;
  }
  await old.stop();
  assert.equal(old.portFile, undefined);
});
