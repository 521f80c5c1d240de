// F19: an orphan of our own, an old version or of another state folder, answers in our place.
// Defence: what is proved holds the instance, and the key belongs to the state folder; an answer
// without proof is a stranger's where a key is known (find/judge.c; clients/js/src/health.js).
import assert from 'node:assert/strict';
import http from 'node:http';
import {test} from 'node:test';
import {atEnd} from '../e2e/lib/atend.js';
import {conf, folder, serve} from '../e2e/lib/berth.js';
import {listen} from '../e2e/lib/ports.js';
import {find, placesOf} from './lib/clients.js';
import {crash} from './lib/records.js';

const PORT = 12000;
const PORTS = [PORT, PORT + 1, PORT + 2];

test('one of the same app with another state folder is another', async (t) => {
  const orphan = await serve(t, {conf: conf(PORT)});
  const server = await serve(t, {conf: conf(PORT + 1)});
  const {found, events} = await find(placesOf(server.dir, PORTS));
  assert.equal(found.instance, server.record.instance);
  assert.notEqual(found.instance, orphan.record.instance);
  await server.stop();
  assert.equal((await find(placesOf(server.dir, PORTS))).found, undefined, 'ours is gone, and it is none');
  assert.ok(events.length > 0);
});

test('a version from before the proof, with everything else as it should be', async (t) => {
  const server = await serve(t, {conf: conf(PORT + 1)});
  const old = http.createServer((request, response) => {
    const document = {status: 'ok', app: 'e2e', instance: 'a'.repeat(32), state: 'ready', port: PORT, version: '0.1.0'};
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({...document, ws: `ws://127.0.0.1:${PORT}/client-ws`}));
  });
  await listen(old, PORT, '127.0.0.1');
  atEnd(t, () => (old.closeAllConnections(), old.close()));
  const {found} = await find(placesOf(server.dir, PORTS));
  assert.equal(found.instance, server.record.instance);
  await crash(server);
  assert.equal((await find(placesOf(server.dir, PORTS))).found, undefined);
});

test('an earlier instance that lives on is not the one that was asked for', async (t) => {
  const dir = folder(t);
  const orphan = await serve(t, {conf: conf(PORT), dir});
  const server = await serve(t, {conf: conf(PORT), dir});
  for (const one of [orphan, server]) {
    const {found} = await find({...placesOf(dir, PORTS), instance: one.record.instance});
    assert.deepEqual([found.instance, found.port, found.version], [one.record.instance, one.port, one.record.version]);
  }
  await crash(server);
  const {found} = await find({...placesOf(dir, PORTS), instance: server.record.instance});
  assert.equal(found, undefined, 'the orphan stood in for it');
});
