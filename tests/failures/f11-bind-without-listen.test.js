// F11: bind succeeds, listen fails: two sockets with SO_REUSEADDR can both be bound.
// Defence: bind and listen are one step, and a port whose listen fails is passed over like one
// whose bind fails (sys/linux/listen.c, port/allocate.c).
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {begin, conf, serve} from '../e2e/lib/berth.js';
import {request} from '../e2e/lib/wire.js';
import {goOn, holder, stopped} from './lib/process.js';
import {shim} from './lib/tools.js';

const PORT = 12000;

async function isItself(server) {
  for (const host of ['127.0.0.1', '::1']) {
    const health = JSON.parse((await request(server, '/health', {host})).text);
    assert.equal(health.instance, server.record.instance);
  }
}

for (const [ip, nth] of [['127.0.0.1', 1], ['::1', 2]]) {
  test(`somebody listens on ${ip} between our bind and our listen: the next port is had`, async (t) => {
    const other = await holder(t, ip, PORT, ['addr', 'later']);
    assert.equal(other.said[0], 'bound');
    const run = begin(t, {conf: conf(PORT), env: shim({STOP: `listen - ${nth}`})});
    await stopped(run, 'its listen');
    assert.equal(await other.listenNow(), 'listening');
    goOn(run);
    await run.ready();
    assert.equal(run.port, PORT + 1);
    await isItself(run);
    assert.match(run.stderr, new RegExp(`Port ${PORT} passed over: held by holder \\(pid ${other.pid},`));
    await run.stop();
  });
}

test('somebody is bound, and listens only after us: the port is ours, and they are told', async (t) => {
  const other = await holder(t, '127.0.0.1', PORT, ['addr', 'later']);
  const server = await serve(t, {conf: conf(PORT)});
  assert.equal(server.port, PORT);
  assert.equal(await other.listenNow(), 'EADDRINUSE');
  await isItself(server);
});

test('--strict-port, and the listen fails: exit 3, nothing published', async (t) => {
  const other = await holder(t, '127.0.0.1', PORT, ['addr', 'later']);
  const run = begin(t, {conf: conf(PORT), args: ['--strict-port'], env: shim({STOP: 'listen - 1'})});
  await stopped(run, 'its listen');
  await other.listenNow();
  goOn(run);
  await run.ended({code: 3});
  assert.equal(run.portFile, undefined);
  assert.match(run.stderr, new RegExp(`pid ${other.pid}`));
});
