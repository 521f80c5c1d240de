// F12: a port is denied (EACCES) although nobody listens there: the system has reserved it.
// Defence: EACCES is a reservation, not a fault: the ports are stepped over, and what is said is
// "reserved by the system", not "in use" (port/allocate.c).
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {begin, conf, serve} from '../e2e/lib/berth.js';
import {setting} from './lib/machine.js';
import {shim, tool} from './lib/tools.js';

const PORT = 12000;
const NOBODY = 65534;

const passedOver = (run) => run.log.filter((line) => line.includes('passed over'));

test('a reserved range is stepped over, and said once', async (t) => {
  const server = await serve(t, {conf: conf(PORT), env: shim({DENY: `${PORT} ${PORT + 4}`})});
  assert.equal(server.port, PORT + 5);
  assert.equal(passedOver(server).length, 1, server.stderr);
  assert.match(server.stderr, new RegExp(`Ports ${PORT} to ${PORT + 4} passed over: reserved by the system`));
  assert.doesNotMatch(server.stderr, /in use|held by/);
});

test('a range that is reserved to its end: the system chooses', async (t) => {
  const server = await serve(t, {conf: conf(PORT), env: shim({DENY: `${PORT} ${PORT + 12}`})});
  assert.ok(server.port < PORT || server.port > PORT + 12, String(server.port));
  assert.match(server.stderr, /reserved by the system/);
});

test('the kernel denies every port: exit 3, and "reserved" as the reason', async (t) => {
  const run = begin(t, {
    conf: conf(PORT),
    command: ['/bin/sh', '-c', `exec ${tool('deny')} "$BERTH_PROGRAM" "$@"`, 'sh'],
  });
  await run.ended({code: 3});
  assert.equal(run.portFile, undefined);
  assert.match(run.stderr, new RegExp(`${PORT}.*reserved by the system: it denies this program the port`));
  assert.doesNotMatch(run.stderr, /in use|held by/);
});

test('the first port that users may have is the system’s to say', async (t) => {
  setting(t, 'ipv4/ip_unprivileged_port_start', PORT + 3);
  const server = await serve(t, {conf: conf(PORT), user: NOBODY});
  assert.equal(server.port, PORT + 3);
  assert.equal(passedOver(server).length, 1, server.stderr);
  assert.match(server.stderr, new RegExp(`Ports ${PORT} to ${PORT + 2} passed over: reserved by the system`));
});
