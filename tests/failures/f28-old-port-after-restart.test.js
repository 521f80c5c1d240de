// F28: the server comes back on another port, and its clients knock at the old one for ever.
// Defence: every try begins with a search, full jitter between tries (clients/js/src/connection.js,
// find/client.c).
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {conf, folder, serve} from '../e2e/lib/berth.js';
import {yesSayer} from '../e2e/lib/ports.js';
import {connect, placesOf, terminal, terminalAt} from './lib/clients.js';
import {rounds} from './lib/machine.js';
import {until} from './lib/process.js';
import {crash} from './lib/records.js';

const PORT = 12000;
const CROWD = 50;
/** A second, where the machine has nothing else to do than this; a test run has. */
const BACK_MS = rounds(1000, 4000);

/** The server moves: it crashes, somebody takes its port, and it starts on the next one. */
async function move(t, dir, server, inTheWay) {
  await crash(server);
  await inTheWay?.release();
  const stranger = await yesSayer(t, server.port);
  const next = await serve(t, {conf: conf(PORT), dir});
  assert.notEqual(next.port, server.port);
  return [next, stranger];
}

test('fifty clients follow every move', async (t) => {
  const dir = folder(t);
  let [server, inTheWay] = [await serve(t, {conf: conf(PORT), dir})];
  const crowd = Array.from({length: CROWD}, () => connect(t, placesOf(dir, [PORT, PORT + 1])));
  const isThere = (socket) => socket.readyState === 1 && socket.endpoint.instance === server.record.instance;
  await until(() => crowd.every(isThere), 'first connections');
  const count = rounds(100, 8);
  for (let i = 0; i < count; i++) {
    [server, inTheWay] = await move(t, dir, server, inTheWay);
    await until(() => crowd.every(isThere), `crowd on ${server.port} after move ${i}`, BACK_MS);
  }
  // No herd: a client dials but once for each server that there was.
  for (const {events} of crowd) {
    const times = (type) => events.filter((event) => event.type === type).length;
    assert.equal(times('moved'), count);
    assert.equal(times('connected'), count + 1);
    assert.ok(times('connecting') <= 2 * (count + 1), `${times('connecting')} dials for ${count} moves`);
  }
});

test('the native client follows as well, and says so', async (t) => {
  const dir = folder(t);
  let [server, inTheWay] = [await serve(t, {conf: conf(PORT), dir})];
  const run = terminal(t, dir);
  const isThere = () => {
    assert.ok(!run.exit, `it ended:\n${run.stderr}`);
    return terminalAt(run)?.port === server.port;
  };
  await until(isThere, 'first connection');
  for (let i = 0; i < rounds(50, 5); i++) {
    [server, inTheWay] = await move(t, dir, server, inTheWay);
    await until(isThere, `connection to ${server.port} after move ${i}`, BACK_MS + 2000);
  }
  assert.match(run.stderr, /moved/i);
});

test('while there is no server, the tries grow rarer, and no two clients keep step', async (t) => {
  const dir = folder(t);
  const server = await serve(t, {conf: conf(PORT), dir});
  const crowd = Array.from({length: 10}, () => connect(t, placesOf(dir, [PORT])));
  await until(() => crowd.every((socket) => socket.readyState === 1), 'connections');
  await crash(server);
  const waits = (socket) => socket.events.filter((event) => event.type === 'waiting').map((event) => event.wait);
  await until(() => crowd.every((socket) => waits(socket).length >= 4), 'fourth try');
  const first = crowd.map((socket) => waits(socket)[0]);
  const fourth = crowd.map((socket) => waits(socket)[3]);
  assert.ok(Math.max(...first) <= 100, `${first}`);
  assert.ok(Math.max(...fourth) > 100 && Math.max(...fourth) <= 800, `${fourth}`);
  assert.ok(new Set(fourth).size > 5, `in step: ${fourth}`);
});
