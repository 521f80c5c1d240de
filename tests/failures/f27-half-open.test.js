// F27: the machine sleeps or the network drops, and a socket stays open to nobody.
// Defence: a heartbeat from the client, and a deadline for its answer (clients/js/src/connection.js;
// for the native client find/client_life.c, held by client_life_test.c in virtual time); a ping from
// the server, and a deadline for the pong (server/socket.c).
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {test} from 'node:test';
import {atEnd} from '../e2e/lib/atend.js';
import {conf, folder, serve} from '../e2e/lib/berth.js';
import {openRaw} from '../e2e/lib/wire.js';
import {connect, placesOf} from './lib/clients.js';
import {goOn, until} from './lib/process.js';

const PORT = 12000;
const PING = 0x89;
const HEARTBEAT_MS = 500;
/** The heartbeat, as much again for the answer, and the second of a tick. */
const NOTICED_MS = 2 * HEARTBEAT_MS + 1000;
const SLACK_MS = 2000;

async function connected(t) {
  const server = await serve(t, {conf: conf(PORT), dir: folder(t)});
  const socket = connect(t, {...placesOf(server.dir, [PORT, PORT + 1]), heartbeatMs: HEARTBEAT_MS});
  await until(() => socket.readyState === 1, 'connection');
  return {server, socket};
}

const wasLost = (socket) => socket.events.some((event) => event.type === 'lost');

test('a server that is stopped is noticed, and had again when it goes on', async (t) => {
  const {server, socket} = await connected(t);
  process.kill(server.pid, 'SIGSTOP');
  atEnd(t, () => goOn(server));
  const since = Date.now();
  await until(() => wasLost(socket), 'loss', NOTICED_MS + SLACK_MS);
  assert.ok(Date.now() - since >= HEARTBEAT_MS, 'not before there was a reason');
  goOn(server);
  await until(() => socket.readyState === 1, 'connection again');
  assert.equal(socket.endpoint.instance, server.record.instance);
});

test('packets that vanish are noticed, and it connects when the network is back', async (t) => {
  const {server, socket} = await connected(t);
  execFileSync('ip', ['link', 'set', 'lo', 'down']);
  atEnd(t, () => execFileSync('ip', ['link', 'set', 'lo', 'up']));
  await until(() => wasLost(socket), 'loss', NOTICED_MS + SLACK_MS);
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  await until(() => socket.readyState === 1, 'connection again');
  assert.equal(socket.endpoint.instance, server.record.instance);
});

test('a connection that is well is left alone', async (t) => {
  const {socket} = await connected(t);
  await new Promise((resolve) => setTimeout(resolve, 4 * HEARTBEAT_MS));
  assert.ok(!wasLost(socket));
});

test('the server asks, and notices a client that is gone without a word', async (t) => {
  const server = await serve(t, {conf: conf(PORT, 'LIMITS: {PING_INTERVAL: 1000, PONG_TIMEOUT: 1000}')});
  const raw = await openRaw(server); // it answers no ping
  await raw.until(({received}) => received[0] === PING);
  await raw.ended(5000);
  raw.destroy();
});
